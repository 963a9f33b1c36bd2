// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/services.h"

namespace slipway::evaluation {

Result<Run> plan_run(RunServices& services, const PlanRequest& request) {
  SLIPWAY_ASSIGN(Run run, make_run(services.ports, services.limits, request));
  SLIPWAY_ASSIGN(const std::unique_ptr<AnswerScorer> scorer, services.make_scorer(run.definition, {}, {}));
  json::array names;
  for (const std::string& name : scorer->names()) names.emplace_back(name);
  run.definition["metric_names"] = std::move(names);
  json::array kinds;
  for (const ScoreKind kind : scorer->kinds()) kinds.emplace_back(to_string(kind));
  run.definition["metric_kinds"] = std::move(kinds);
  if (!request.stream && scorer->wants_stream()) run.definition["stream"] = true;
  return run;
}

Result<Run> queue_run(RunServices& services, Run run, const catalog::Author& author) {
  SLIPWAY_ASSIGN(run, services.store.create(std::move(run), author));
  if (services.engine != nullptr) services.engine->look();
  return run;
}

Result<Run> start_run(RunServices& services, const PlanRequest& request, const catalog::Author& author) {
  SLIPWAY_ASSIGN(Run run, plan_run(services, request));
  return queue_run(services, std::move(run), author);
}

}  // namespace slipway::evaluation
