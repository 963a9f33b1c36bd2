// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/thresholds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/text.h"

namespace slipway::evaluation {

namespace {

constexpr std::array<std::string_view, 6> kKindNames = {
    "min", "max", "max_drop", "max_rise", "max_drop_share", "max_rise_share"};
constexpr std::array<std::string_view, 5> kAreaNames = {"quality", "safety", "latency", "cost", "errors"};
constexpr std::array<std::string_view, 5> kMeasures = {"latency", "first_token", "tokens_per_second", "cost",
                                                       "error_share"};
constexpr std::size_t kThresholdsLimit = 100;
constexpr std::int64_t kCasesMost = 1'000'000'000;

std::unexpected<Error> bad(std::string message, const std::string& where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), where, std::move(hint));
}

ThresholdArea usual_area(std::string_view metric) {
  if (metric == "cost") return ThresholdArea::kCost;
  if (metric == "error_share") return ThresholdArea::kErrors;
  return is_gate_measure(metric) ? ThresholdArea::kLatency : ThresholdArea::kQuality;
}

Result<double> read_number(const json::object& object, std::string_view key, const std::string& path,
                           double usual, double low, double high) {
  SLIPWAY_ASSIGN(const auto number, optional_number(object, key, path));
  if (!number) return usual;
  if (*number > low && *number < high) return *number;
  return bad(fmt::format("{} lies between {} and {}", key, low, high), fmt::format("{}.{}", path, key));
}

Result<std::optional<std::size_t>> read_cases(const json::object& object, const std::string& path) {
  SLIPWAY_ASSIGN(const auto cases, optional_integer(object, "min_cases", path));
  if (!cases) return std::nullopt;
  if (*cases < 1 || *cases > kCasesMost)
    return bad(fmt::format("min_cases lies between 1 and {}", kCasesMost), path + ".min_cases");
  return static_cast<std::size_t>(*cases);
}

Result<> read_of(const json::object& entry, const std::string& path, Threshold& threshold) {
  SLIPWAY_ASSIGN(const auto of, optional_string(entry, "of", path));
  if (!of || *of == "mean") return {};
  if (*of == "passed") {
    threshold.of = ThresholdOf::kPassed;
    return {};
  }
  constexpr std::array<std::pair<std::string_view, double>, 4> kPercentiles = {
      {{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}}};
  const auto* found = std::ranges::find(kPercentiles, *of, &std::pair<std::string_view, double>::first);
  if (found == kPercentiles.end())
    return bad(fmt::format("'{}' is nothing that a threshold is about", ellipsize(*of, 60)), path + ".of",
               "Choose mean, passed, p50, p90, p95 or p99");
  threshold.of = ThresholdOf::kPercentile;
  threshold.percentile = found->second;
  return {};
}

Result<> read_area(const json::object& entry, const std::string& path, Threshold& threshold) {
  threshold.area = usual_area(threshold.metric);
  SLIPWAY_ASSIGN(const auto area, optional_string(entry, "area", path));
  if (!area) return {};
  const auto* found = std::ranges::find(kAreaNames, *area);
  if (found == kAreaNames.end())
    return bad(fmt::format("there is no area '{}'", ellipsize(*area, 60)), path + ".area",
               fmt::format("Choose {}", fmt::join(kAreaNames, ", ")));
  threshold.area = static_cast<ThresholdArea>(found - kAreaNames.begin());
  return {};
}

std::string of_text(const Threshold& threshold) {
  if (threshold.of == ThresholdOf::kPassed) return "passed";
  return fmt::format("p{:.0f}", threshold.percentile * 100);
}

Result<> check_sense(const Threshold& threshold, const std::string& path) {
  if (threshold.relative() && threshold.of == ThresholdOf::kPercentile)
    return bad("a percentile can't be compared with the baseline", path + ".of",
               "Percentiles take min and max; max_drop and max_rise are about means");
  if (threshold.metric == "error_share" && threshold.of != ThresholdOf::kMean)
    return bad("error_share is a share already", path + ".of", "Leave 'of' out");
  if (is_gate_measure(threshold.metric) && threshold.of == ThresholdOf::kPassed)
    return bad(fmt::format("{} has no verdicts", threshold.metric), path + ".of",
               "Choose mean or a percentile");
  if (threshold.metric == "error_share" && threshold.kind == ThresholdKind::kMax &&
      !(threshold.limit >= 0 && threshold.limit <= 1))
    return bad("a share lies between 0 and 1", path + ".max");
  return {};
}

Result<> read_entry(const json::value& value, const std::string& path, std::vector<Threshold>& out,
                    std::set<std::string>& ids) {
  if (!value.is_object()) return bad(path + " must be a map", path);
  const json::object& entry = value.get_object();
  Threshold common;
  SLIPWAY_ASSIGN(common.metric, require_string(entry, "metric", path));
  SLIPWAY_TRY(read_of(entry, path, common));
  SLIPWAY_TRY(read_area(entry, path, common));
  SLIPWAY_ASSIGN(common.min_cases, read_cases(entry, path));
  const std::size_t before = out.size();
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    SLIPWAY_ASSIGN(const auto limit, optional_number(entry, kKindNames[i], path));
    if (!limit) continue;
    const std::string where = fmt::format("{}.{}", path, kKindNames[i]);
    Threshold one = common;
    one.kind = static_cast<ThresholdKind>(i);
    one.limit = *limit;
    if (!std::isfinite(one.limit) || (one.relative() && one.limit < 0))
      return bad(fmt::format("{} is a number{}", kKindNames[i], one.relative() ? " from 0 on" : ""), where);
    if (one.kind == ThresholdKind::kMaxDropShare && one.limit > 1)
      return bad("nothing drops by more than all of it", where, "Write 0.1 for 10 %");
    SLIPWAY_TRY(check_sense(one, path));
    one.id = one.of == ThresholdOf::kMean ? fmt::format("{}.{}", one.metric, kKindNames[i])
                                          : fmt::format("{}.{}.{}", one.metric, of_text(one), kKindNames[i]);
    if (!ids.insert(one.id).second) return bad(fmt::format("the threshold {} is there twice", one.id), where);
    out.push_back(std::move(one));
  }
  if (out.size() == before)
    return bad(path + " states no limit", path, fmt::format("Add one of {}", fmt::join(kKindNames, ", ")));
  return {};
}

}  // namespace

std::string_view to_string(ThresholdKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }
std::string_view to_string(ThresholdArea area) { return kAreaNames[static_cast<std::size_t>(area)]; }

bool is_gate_measure(std::string_view name) { return std::ranges::find(kMeasures, name) != kMeasures.end(); }

std::string Threshold::describe() const {
  const std::string amount = number_text(limit);
  const std::string percent = fmt::format("{} %", number_text(std::round(limit * 1e8) / 1e6));
  std::string what = "mean";
  if (of == ThresholdOf::kPassed) what = "share that passes";
  if (of == ThresholdOf::kPercentile)
    what = percentile == 0.5 ? "median" : fmt::format("{:.0f}th percentile", percentile * 100);
  if (metric == "error_share") what = "share";
  switch (kind) {
    case ThresholdKind::kMin: return fmt::format("{} at least {}", what, amount);
    case ThresholdKind::kMax: return fmt::format("{} at most {}", what, amount);
    case ThresholdKind::kMaxDrop:
    case ThresholdKind::kMaxDropShare:
      if (limit == 0) return fmt::format("{} not lower than the baseline's", what);
      return fmt::format("{} at most {} lower than the baseline's", what,
                         kind == ThresholdKind::kMaxDrop ? amount : percent);
    case ThresholdKind::kMaxRise:
    case ThresholdKind::kMaxRiseShare: break;
  }
  if (limit == 0) return fmt::format("{} not higher than the baseline's", what);
  return fmt::format("{} at most {} higher than the baseline's", what,
                     kind == ThresholdKind::kMaxRise ? amount : percent);
}

Result<GateRules> parse_gate_rules(const json::object& evaluation) {
  GateRules rules;
  SLIPWAY_ASSIGN(const auto share, optional_number(evaluation, "error_share"));
  if (share) rules.error_share = *share;
  if (!(rules.error_share >= 0 && rules.error_share <= 1))
    return bad("error_share lies between 0 and 1", "error_share");
  SLIPWAY_ASSIGN(const json::object* gate, optional_object(evaluation, "gate"));
  if (gate != nullptr) {
    SLIPWAY_ASSIGN(rules.alpha, read_number(*gate, "alpha", "gate", rules.alpha, 0, 0.5));
    SLIPWAY_ASSIGN(rules.power, read_number(*gate, "power", "gate", rules.power, 0.5, 1));
    SLIPWAY_ASSIGN(const auto cases, read_cases(*gate, "gate"));
    rules.min_cases = cases.value_or(rules.min_cases);
  }
  SLIPWAY_ASSIGN(const json::array* entries, optional_array(evaluation, "thresholds"));
  if (entries == nullptr) return rules;
  if (entries->size() > kThresholdsLimit)
    return bad(fmt::format("there are more than {} thresholds", kThresholdsLimit), "thresholds");
  std::set<std::string> ids;
  for (std::size_t i = 0; i < entries->size(); ++i)
    SLIPWAY_TRY(read_entry((*entries)[i], fmt::format("thresholds[{}]", i), rules.thresholds, ids));
  // A limit on errors stated as a threshold is the limit.
  for (const Threshold& threshold : rules.thresholds)
    if (threshold.metric == "error_share" && threshold.kind == ThresholdKind::kMax)
      rules.error_share = threshold.limit;
  return rules;
}

}  // namespace slipway::evaluation
