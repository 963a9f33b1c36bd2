// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"
#include "evaluation/judges/judge_plan.h"
#include "evaluation/runs/plan_target.h"

namespace slipway::evaluation {

namespace {

constexpr double kNano = 1e9;
constexpr double kDefaultErrorShare = 0.05;
constexpr std::int64_t kDefaultAttempts = 3;
constexpr std::int64_t kMostAttempts = 20;
constexpr std::int64_t kMostRepeats = 1'000;

Error bad(std::string message, std::string where, std::string hint = {}) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint)};
}

Result<std::int64_t> choose(const json::object& content, std::string_view name,
                            const std::optional<std::int64_t>& asked, std::int64_t fallback,
                            std::int64_t most) {
  SLIPWAY_ASSIGN(const auto own, optional_integer(content, name));
  const std::int64_t value = asked.value_or(own.value_or(fallback));
  if (value < 1 || value > most)
    return fail(bad(fmt::format("must be from 1 to {}, but is {}", most, value), std::string(name)));
  return value;
}

Result<std::int64_t> count_cases(catalog::CaseStore& cases, const json::object& content,
                                 const std::string& split) {
  SLIPWAY_ASSIGN(catalog::CaseWalk walk, cases.walk(content));
  if (split.empty()) return walk.count();
  std::int64_t count = 0;
  while (walk.at() < walk.places().size()) {
    SLIPWAY_ASSIGN(const auto counts, walk.peek());
    if (const auto found = counts.first.find(split); found != counts.first.end()) count += found->second;
    walk.skip();
  }
  if (!walk.places().empty()) return count;
  // Cases that stand in the content itself.
  for (;;) {
    SLIPWAY_ASSIGN(const auto chunk, walk.next());
    if (!chunk) return count;
    if (const auto found = chunk->splits.find(split); found != chunk->splits.end()) count += found->second;
  }
}

struct Cases {
  json::object pin;
  std::int64_t count = 0;
};

Result<Cases> find_cases(const PlanPorts& ports, const PlanRequest& request, const json::object& content) {
  SLIPWAY_ASSIGN(const std::string reference, require_string(content, "dataset"));
  SLIPWAY_ASSIGN(const AssetWish wish, read_wish(request.evaluation, "dataset", reference));
  SLIPWAY_ASSIGN(const catalog::AssetVersion dataset,
                 ports.datasets.version(
                     wish.name, request.dataset_version.empty() ? "latest" : request.dataset_version));
  SLIPWAY_ASSIGN(const auto own_split, optional_string(content, "split"));
  const std::string split = request.split.value_or(own_split.value_or(""));
  Cases out;
  SLIPWAY_ASSIGN(out.count, count_cases(ports.datasets.cases(), dataset.content, split));
  if (out.count == 0)
    return fail(bad(split.empty() ? fmt::format("the dataset {} has no cases", dataset.name.to_string())
                                  : fmt::format("the dataset {} has no case of the split '{}'",
                                                dataset.name.to_string(), split),
                    "dataset", "Add some with 'slipway dataset import'."));
  out.pin = {{"asset", dataset.name.to_string()},
             {"version", dataset.number},
             {"digest", dataset.digest},
             {"split", split}};
  if (const json::value* digest = dataset.content.if_contains("cases_digest"))
    out.pin["cases_digest"] = *digest;
  return out;
}

Result<json::object> choose_budget(const json::object& content, const PlanRequest& request) {
  json::object budget;
  SLIPWAY_ASSIGN(const json::object* own, optional_object(content, "budget"));
  if (own != nullptr) budget = *own;
  if (request.budget) {
    SLIPWAY_ASSIGN(const auto usd, optional_number(*request.budget, "usd", "budget"));
    SLIPWAY_ASSIGN(const auto calls, optional_integer(*request.budget, "calls", "budget"));
    if (usd && (!std::isfinite(*usd) || *usd <= 0 || *usd > 1e6))
      return fail(bad("must be more than 0 and at most 1,000,000", "budget.usd"));
    if (calls && *calls < 1) return fail(bad("must be at least 1", "budget.calls"));
    if (usd) budget["usd"] = *usd;
    if (calls) budget["calls"] = *calls;
  }
  return budget;
}

Result<double> choose_share(const json::object& content, const PlanRequest& request) {
  SLIPWAY_ASSIGN(const auto own, optional_number(content, "error_share"));
  const double share = request.error_share.value_or(own.value_or(kDefaultErrorShare));
  if (!std::isfinite(share) || share < 0 || share > 1) return fail(bad("must be from 0 to 1", "error_share"));
  return share;
}

}  // namespace

Result<Run> make_run(const PlanPorts& ports, const PlanLimits& limits, const PlanRequest& request) {
  SLIPWAY_ASSIGN(const catalog::AssetVersion evaluation,
                 ports.assets.version(request.evaluation, request.which));
  const json::object& content = evaluation.content;
  Run run;
  run.use_case = request.for_whom();
  run.environment = request.environment;
  run.evaluation = request.evaluation.to_string();
  run.evaluation_version = evaluation.number;
  SLIPWAY_ASSIGN(const PlannedTarget target, plan_target(ports, limits, request, content));
  SLIPWAY_ASSIGN(Cases cases, find_cases(ports, request, content));
  SLIPWAY_ASSIGN(const std::int64_t repeats, choose(content, "repeats", request.repeats, 1, kMostRepeats));
  SLIPWAY_ASSIGN(const std::int64_t concurrency,
                 choose(content, "concurrency", request.concurrency, limits.default_concurrency, 1'000));
  SLIPWAY_ASSIGN(const std::int64_t attempts,
                 choose(content, "attempts", request.attempts, kDefaultAttempts, kMostAttempts));
  SLIPWAY_ASSIGN(const double share, choose_share(content, request));
  SLIPWAY_ASSIGN(json::object budget, choose_budget(content, request));
  run.target = target.label;
  run.planned = cases.count * static_cast<std::int64_t>(target.cells.size()) * repeats;
  if (run.planned > limits.items)
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("{} cases, {} variants and {} repeats make {} results; a run has at most {}",
                            cases.count, target.cells.size(), repeats, run.planned, limits.items),
                "dataset", "Evaluate a split, fewer variants or fewer repeats, or raise evaluation.results.");
  json::object& out = run.definition;
  out["evaluation"] =
      json::object{{"asset", run.evaluation}, {"version", evaluation.number}, {"digest", evaluation.digest}};
  out["use_case"] = run.use_case;
  out["environment"] = run.environment;
  out["dataset"] = std::move(cases.pin);
  out["target"] = target.description;
  out["cells"] = target.cells;
  for (const std::string_view name : {"metrics", "thresholds", "gate"})
    if (const json::value* value = content.if_contains(name)) out[name] = *value;
  if (const json::value* metrics = content.if_contains("metrics")) {
    SLIPWAY_ASSIGN(json::object judges, plan_judges(ports.assets, request.evaluation, *metrics));
    if (!judges.empty()) out["judges"] = std::move(judges);
  }
  out["repeats"] = repeats;
  out["concurrency"] = std::min<std::int64_t>(concurrency, limits.concurrency);
  out["attempts"] = attempts;
  out["error_share"] = share;
  out["budget"] = std::move(budget);
  out["stream"] = request.stream.value_or(false);
  out["seed"] = request.seed.value_or(1);
  return run;
}

RunShape shape_of(const Run& run) {
  RunShape shape;
  shape.planned = run.planned;
  if (const json::value* cells = run.definition.if_contains("cells"); cells != nullptr && cells->is_array())
    shape.cells = static_cast<std::uint32_t>(std::max<std::size_t>(cells->get_array().size(), 1));
  if (const auto repeats = optional_integer(run.definition, "repeats"); repeats && *repeats)
    shape.repeats = static_cast<std::uint32_t>(**repeats);
  return shape;
}

BudgetLimits budget_of(const json::object& definition) {
  BudgetLimits out;
  const auto budget = optional_object(definition, "budget");
  if (!budget || *budget == nullptr) return out;
  if (const auto usd = optional_number(**budget, "usd"); usd && *usd)
    out.usd_nano = static_cast<NanoUsd>(std::llround(**usd * kNano));
  if (const auto calls = optional_integer(**budget, "calls"); calls && *calls) out.calls = **calls;
  return out;
}

ExecutorLimits limits_of(const json::object& definition, ExecutorLimits base) {
  if (const auto value = optional_integer(definition, "concurrency"); value && *value)
    base.concurrency = static_cast<std::uint32_t>(**value);
  if (const auto value = optional_integer(definition, "attempts"); value && *value)
    base.attempts = static_cast<std::uint32_t>(**value);
  if (const auto value = optional_number(definition, "error_share"); value && *value)
    base.error_share = **value;
  return base;
}

}  // namespace slipway::evaluation
