// SPDX-License-Identifier: Apache-2.0
// How plans and comparisons are written and read: the contract's CanaryPlan, and the state of a rollout.
#include <fmt/format.h>

#include <cmath>

#include "governance/canary.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kStepsLimit = 20;
constexpr double kMinutesLimit = 60 * 24 * 30;

double number_of(const json::value& value) {
  json::error_code error;
  const double number = value.to_number<double>(error);
  return error ? 0 : number;
}

double number_in(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found == nullptr ? 0 : number_of(*found);
}

std::int64_t count_in(const json::object& object, std::string_view name) {
  return static_cast<std::int64_t>(number_in(object, name));
}

json::value or_null(const std::optional<double>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

Result<CanaryStep> read_step(const json::value& value, const std::string& path, double before) {
  if (!value.is_object())
    return fail(ErrorCode::kInvalidArgument, "a step is an object with percent and minutes", path);
  SLIPWAY_ASSIGN(const auto percent, optional_number(value.as_object(), "percent", path));
  SLIPWAY_ASSIGN(const auto minutes, optional_number(value.as_object(), "minutes", path));
  if (!percent || !(*percent > before) || *percent > 100)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the percentage must lie above {} and be at most 100", before), path + ".percent",
                "Each step takes more than the one before.");
  if (!minutes || !(*minutes >= 0) || *minutes > kMinutesLimit)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the minutes of a step lie between 0 and {}", kMinutesLimit), path + ".minutes");
  return CanaryStep{*percent, *minutes};
}

// A guard that is left out keeps its default; null turns it off.
Result<> read_guard(const json::object& guards, std::string_view name, double least, double most,
                    std::string_view meaning, const std::string& path, std::optional<double>& into) {
  const json::value* found = guards.if_contains(name);
  if (found == nullptr) return {};
  if (found->is_null()) {
    into.reset();
    return {};
  }
  SLIPWAY_ASSIGN(const auto given, optional_number(guards, name, path));
  if (!given || !(*given >= least) || *given > most)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} lies between {} and {}", name, least, most),
                fmt::format("{}.{}", path, name), std::string(meaning));
  into = given;
  return {};
}

Result<CanaryGuards> read_guards(const json::object& object, const std::string& path) {
  CanaryGuards guards;
  SLIPWAY_TRY(read_guard(object, "error_rate", 0, 1, "0.01 stands for one failed call in a hundred more.",
                         path, guards.error_rate));
  SLIPWAY_TRY(
      read_guard(object, "latency", 1, 100, "1.25 stands for a quarter slower.", path, guards.latency));
  SLIPWAY_TRY(read_guard(object, "cost", 1, 100, "1.25 stands for a quarter dearer.", path, guards.cost));
  SLIPWAY_TRY(read_guard(object, "feedback", 0, 1, "0.05 stands for a mean score that falls by 0.05.", path,
                         guards.feedback));
  SLIPWAY_ASSIGN(const auto alpha, optional_number(object, "alpha", path));
  if (alpha) {
    if (!(*alpha >= 1e-6) || *alpha > 0.5)
      return fail(ErrorCode::kInvalidArgument, "alpha lies between 0.000001 and 0.5", path + ".alpha",
                  "It is the chance that an equal candidate is ended.");
    guards.alpha = *alpha;
  }
  SLIPWAY_ASSIGN(const auto calls, optional_integer(object, "min_calls", path));
  if (calls) {
    if (*calls < 0 || *calls > 1'000'000'000)
      return fail(ErrorCode::kInvalidArgument, "min_calls lies between 0 and 1000000000",
                  path + ".min_calls");
    guards.min_calls = *calls;
  }
  return guards;
}

}  // namespace

Result<CanaryPlan> read_canary_plan(const json::object& object, std::string_view path) {
  CanaryPlan plan;
  SLIPWAY_ASSIGN(const json::array* steps, optional_array(object, "steps", path));
  if (steps != nullptr) {
    if (steps->empty() || steps->size() > kStepsLimit)
      return fail(ErrorCode::kInvalidArgument, fmt::format("a canary has 1 to {} steps", kStepsLimit),
                  fmt::format("{}.steps", path));
    plan.steps.clear();
    for (std::size_t i = 0; i < steps->size(); ++i) {
      const double before = plan.steps.empty() ? 0 : plan.steps.back().percent;
      SLIPWAY_ASSIGN(const CanaryStep step,
                     read_step((*steps)[i], fmt::format("{}.steps[{}]", path, i), before));
      plan.steps.push_back(step);
    }
  }
  SLIPWAY_ASSIGN(const auto automatic, optional_bool(object, "automatic", path));
  plan.automatic = automatic.value_or(true);
  SLIPWAY_ASSIGN(const json::object* guards, optional_object(object, "guards", path));
  if (guards != nullptr) {
    SLIPWAY_ASSIGN(plan.guards, read_guards(*guards, fmt::format("{}.guards", path)));
  }
  return plan;
}

json::object to_json(const CanaryPlan& plan) {
  json::array steps;
  for (const CanaryStep& step : plan.steps)
    steps.emplace_back(json::object{{"percent", step.percent}, {"minutes", step.minutes}});
  return {{"steps", std::move(steps)},
          {"automatic", plan.automatic},
          {"guards", json::object{{"error_rate", or_null(plan.guards.error_rate)},
                                  {"latency", or_null(plan.guards.latency)},
                                  {"cost", or_null(plan.guards.cost)},
                                  {"feedback", or_null(plan.guards.feedback)},
                                  {"alpha", plan.guards.alpha},
                                  {"min_calls", plan.guards.min_calls}}}};
}

json::object to_json(const ReleaseFigures& figures) {
  return {{"calls", figures.calls},
          {"errors", figures.errors},
          {"duration_sum", figures.duration_sum},
          {"duration_squares", figures.duration_squares},
          {"costed", figures.costed},
          {"cost_sum", figures.cost_sum},
          {"cost_squares", figures.cost_squares},
          {"scores", figures.scores},
          {"score_sum", figures.score_sum},
          {"score_squares", figures.score_squares}};
}

ReleaseFigures figures_from_json(const json::object& object) {
  ReleaseFigures figures;
  figures.calls = count_in(object, "calls");
  figures.errors = count_in(object, "errors");
  figures.duration_sum = number_in(object, "duration_sum");
  figures.duration_squares = number_in(object, "duration_squares");
  figures.costed = count_in(object, "costed");
  figures.cost_sum = number_in(object, "cost_sum");
  figures.cost_squares = number_in(object, "cost_squares");
  figures.scores = count_in(object, "scores");
  figures.score_sum = number_in(object, "score_sum");
  figures.score_squares = number_in(object, "score_squares");
  return figures;
}

json::object to_json(const Comparison& comparison) {
  json::array stages;
  for (const Comparison::Stage& stage : comparison.stages)
    stages.emplace_back(
        json::object{{"active", to_json(stage.active)}, {"candidate", to_json(stage.candidate)}});
  json::array ratios;
  for (const double ratio : comparison.log_ratios) ratios.emplace_back(ratio);
  json::array peaks;
  for (const double peak : comparison.peaks) peaks.emplace_back(peak);
  return {{"stages", std::move(stages)},
          {"log_ratios", std::move(ratios)},
          {"difference_sum", comparison.difference_sum},
          {"difference_weight", comparison.difference_weight},
          {"peaks", std::move(peaks)}};
}

Comparison comparison_from_json(const json::object& object) {
  Comparison comparison;
  const auto array = [&object](std::string_view name) {
    const json::value* found = object.if_contains(name);
    return found != nullptr && found->is_array() ? &found->as_array() : nullptr;
  };
  const auto figures = [](const json::object& stage, std::string_view name) {
    const json::value* found = stage.if_contains(name);
    return found != nullptr && found->is_object() ? figures_from_json(found->as_object()) : ReleaseFigures{};
  };
  const auto numbers = [&array](std::string_view name, auto& into) {
    const json::array* found = array(name);
    for (std::size_t i = 0; found != nullptr && i < into.size() && i < found->size(); ++i)
      into[i] = number_of((*found)[i]);
  };
  if (const json::array* stages = array("stages"); stages != nullptr && !stages->empty()) {
    comparison.stages.clear();
    for (const json::value& stage : *stages)
      if (stage.is_object())
        comparison.stages.push_back(
            {figures(stage.as_object(), "active"), figures(stage.as_object(), "candidate")});
  }
  if (comparison.stages.empty()) comparison.stages.emplace_back();
  numbers("log_ratios", comparison.log_ratios);
  numbers("peaks", comparison.peaks);
  comparison.difference_sum = number_in(object, "difference_sum");
  comparison.difference_weight = number_in(object, "difference_weight");
  return comparison;
}

}  // namespace slipway::governance
