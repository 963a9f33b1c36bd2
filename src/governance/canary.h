// SPDX-License-Identifier: Apache-2.0
// Compares a candidate release with the one that runs while both answer calls. The figures may be looked at
// after every slice of time, for as long as one likes, and the chance of ever calling an equal candidate
// worse stays below alpha. Pure functions over plain values; any thread.
//
// Errors: within a slice, given how many calls each arm had and how many calls failed in all, the candidate's
// failures of an equal candidate are hypergeometric, whatever the error rate is at that moment. So an outage
// that hits both arms proves nothing, and a changing split is no problem. The evidence is the likelihood
// ratio of odds that are 1.5, 2, 3, … times as high against equal odds, averaged over those factors: a
// martingale that exceeds 1/alpha with a probability of at most alpha.
// Latency, cost and feedback: means with a mixture of normals over the size of the difference (mSPRT), added
// up over stages of constant split, so that what changes between the stages cancels out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::governance {

// What one release did in some span of time. Adds up.
struct ReleaseFigures {
  std::int64_t calls = 0;
  std::int64_t errors = 0;
  // Sums and sums of squares: seconds of all calls, US dollars of those whose cost is known.
  double duration_sum = 0;
  double duration_squares = 0;
  std::int64_t costed = 0;  // calls whose cost is known
  double cost_sum = 0;
  double cost_squares = 0;
  // Scores between 0 and 1.
  std::int64_t scores = 0;
  double score_sum = 0;
  double score_squares = 0;

  ReleaseFigures& operator+=(const ReleaseFigures& other);
  ReleaseFigures& operator-=(const ReleaseFigures& other);
  bool operator==(const ReleaseFigures&) const = default;
};

json::object to_json(const ReleaseFigures& figures);
ReleaseFigures figures_from_json(const json::object& object);

// How much worse is too much. A guard without a value is off.
struct CanaryGuards {
  std::optional<double> error_rate = 0.01;  // share of calls: 0.01 is one call in a hundred more
  std::optional<double> latency = 1.25;     // factor of the mean duration
  std::optional<double> cost = 1.25;        // factor of the mean cost
  std::optional<double> feedback = 0.05;    // fall of the mean score
  double alpha = 0.05;          // chance that an equal candidate is ever ended, all guards together
  std::int64_t min_calls = 50;  // of the candidate in a step before it may step up
};

struct CanaryStep {
  double percent = 0;
  double minutes = 0;
};

struct CanaryPlan {
  std::vector<CanaryStep> steps = {{5, 10}, {25, 10}, {50, 10}};
  bool automatic = true;  // steps up and finishes by itself
  CanaryGuards guards;
};

// A CanaryPlan of the contract; what is left out is as above. kInvalidArgument names the field.
Result<CanaryPlan> read_canary_plan(const json::object& object, std::string_view path);
json::object to_json(const CanaryPlan& plan);

// Everything the comparison remembers; grows with the number of stages only.
struct Comparison {
  static constexpr std::size_t kFactors = 6;
  struct Stage {
    ReleaseFigures active;
    ReleaseFigures candidate;
  };
  std::vector<Stage> stages = {Stage{}};
  // Errors: log likelihood ratio for each factor, and the parts of the Mantel-Haenszel difference of rates.
  std::array<double, kFactors> log_ratios{};
  double difference_sum = 0;
  double difference_weight = 0;
  // The strongest evidence there ever was, as logarithm: error rate, latency, cost, feedback.
  std::array<double, 4> peaks{};

  [[nodiscard]] ReleaseFigures active() const;
  [[nodiscard]] ReleaseFigures candidate() const;
};

json::object to_json(const Comparison& comparison);
Comparison comparison_from_json(const json::object& object);

// Adds what happened since the last look.
void observe(Comparison& comparison, const ReleaseFigures& active, const ReleaseFigures& candidate);
// The split changes from here on.
void begin_stage(Comparison& comparison);

enum class MetricState : std::uint8_t { kUndecided, kFine, kWorse };
std::string_view to_string(MetricState state);

struct MetricJudgement {
  std::string_view metric;  // "error_rate", "latency", "cost", "feedback"
  std::optional<double> active;
  std::optional<double> candidate;
  std::optional<double> p_value;  // always valid and adjusted for the number of guards: compare with alpha
  std::int64_t calls_active = 0;  // for feedback scores, for cost calls with a known one
  std::int64_t calls_candidate = 0;
  MetricState state = MetricState::kUndecided;
};

struct Judgement {
  std::vector<MetricJudgement> metrics;  // of the guards that are on
  bool worse = false;
  std::string verdict;  // a sentence
};

// kWorse: for means, worse by more than the guard beyond chance; for errors, worse beyond chance, and by more
// than the guard as measured. kFine: being worse by the guard is ruled out. Remembers the peaks of the
// evidence.
Judgement judge(Comparison& comparison, const CanaryGuards& guards);

}  // namespace slipway::governance
