// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/services.h"

namespace slipway::evaluation {

Result<Run> start_run(RunServices& services, const PlanRequest& request, const catalog::Author& author) {
  SLIPWAY_ASSIGN(Run run, make_run(services.ports, services.limits, request));
  SLIPWAY_ASSIGN(const std::unique_ptr<AnswerScorer> scorer, services.make_scorer(run.definition, {}));
  json::array names;
  for (const std::string& name : scorer->names()) names.emplace_back(name);
  run.definition["metric_names"] = std::move(names);
  if (!request.stream && scorer->wants_stream()) run.definition["stream"] = true;
  SLIPWAY_ASSIGN(run, services.store.create(std::move(run), author));
  if (services.engine != nullptr) services.engine->look();
  return run;
}

}  // namespace slipway::evaluation
