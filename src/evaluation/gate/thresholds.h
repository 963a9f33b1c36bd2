// SPDX-License-Identifier: Apache-2.0
// What is good enough: the thresholds of an evaluation, read from its content. docs/gate.md explains them by
// example. Plain values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::evaluation {

enum class ThresholdKind : std::uint8_t {
  kMin,           // at least `limit`
  kMax,           // at most
  kMaxDrop,       // lower than the baseline by at most `limit`; with 0: not shown to be lower
  kMaxRise,       //
  kMaxDropShare,  // the same, in shares of the baseline's mean: 0.1 for 10 %
  kMaxRiseShare,  //
};
std::string_view to_string(ThresholdKind kind);  // "min", "max", "max_drop", …: as an evaluation spells it

enum class ThresholdArea : std::uint8_t { kQuality, kSafety, kLatency, kCost, kErrors };
std::string_view to_string(ThresholdArea area);  // "quality", …

enum class ThresholdOf : std::uint8_t { kMean, kPassed, kPercentile };

struct Threshold {
  std::string id;      // stable and unique: "correctness.min", "latency.p95.max"
  std::string metric;  // of the evaluation, or one of kGateMeasures
  ThresholdArea area = ThresholdArea::kQuality;
  ThresholdKind kind = ThresholdKind::kMin;
  double limit = 0;
  ThresholdOf of = ThresholdOf::kMean;
  double percentile = 0;                 // 0.95 with kPercentile
  std::optional<std::size_t> min_cases;  // a verdict needs at least so many

  [[nodiscard]] bool relative() const { return kind != ThresholdKind::kMin && kind != ThresholdKind::kMax; }
  // Whether more is better.
  [[nodiscard]] bool good_above() const {
    return kind == ThresholdKind::kMin || kind == ThresholdKind::kMaxDrop ||
           kind == ThresholdKind::kMaxDropShare;
  }
  // In words: "mean at least 0.9", "95th percentile at most 3", "at most 0.02 lower than the baseline".
  [[nodiscard]] std::string describe() const;
};

// What is known of each answer without a metric: "latency", "first_token", "tokens_per_second", "cost",
// "error_share".
bool is_gate_measure(std::string_view name);

struct GateRules {
  std::vector<Threshold> thresholds;
  double alpha = 0.05;         // the chance of a wrong "fail" over all thresholds, of a wrong "pass" for each
  double power = 0.8;          // with which more cases would decide
  std::size_t min_cases = 10;  // a verdict needs at least so many
  // Of all answers: beyond it nothing can be concluded.
  double error_share = 0.05;
};
// A comparison that is passed because nothing was found (max_drop 0, max_rise 0) needs at least so many
// cases.
inline constexpr std::size_t kLeastToFindNothing = 30;

// From the content of an `evaluation` asset: `thresholds`, `gate` and `error_share`. An entry with several
// limits becomes several thresholds. kInvalidArgument that names the field.
Result<GateRules> parse_gate_rules(const json::object& evaluation);

}  // namespace slipway::evaluation
