// SPDX-License-Identifier: Apache-2.0
// What the gate looks at: the answers of a run with their scores. Plain values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evaluation/metrics/metric.h"

namespace slipway::evaluation {

// What one metric says of one answer.
struct GateScore {
  MetricOutcome outcome = MetricOutcome::kSkipped;
  double value = 0;            // finite; only with kScored
  std::optional<bool> passed;  // nullopt where the metric only measures
  std::string reason;          // why; of a score that passed it may be left out. With kError: what went wrong
  std::string error_code;      // "unavailable", …; only with kError
};

// One answer to one case: a case has as many as the evaluation has repeats.
struct GateAnswer {
  std::string case_id;
  std::uint32_t repeat = 0;
  std::vector<std::string> tags;
  std::string cluster;              // cases that are no independent samples share one; empty: none
  std::string error_code;           // the call failed: there is no answer. Empty: it didn't
  std::string error_message;        // a sentence
  std::vector<GateScore> scores;    // one for each metric of the run; empty where the call failed
  std::optional<double> latency_s;  // to the last token
  std::optional<double> first_token_s;
  std::optional<double> tokens_per_second;
  std::optional<double> cost_usd;
  // For people only, and may be left out.
  std::string input;
  std::string expected;
  std::string answer;
  std::string link;  // to the call
};

struct GateMetric {
  std::string name;
  ScoreKind kind = ScoreKind::kVerdict;
};

struct GateRun {
  std::string id;
  std::string name;     // what was tried, for people: "support-assistant@7"
  std::string dataset;  // with its version: runs are compared on the same one only
  std::string link;     // to the run; may be empty
  std::vector<GateMetric> metrics;
  std::vector<GateAnswer> answers;  // in any order
  std::size_t planned = 0;          // answers that there should be; 0: as many as there are

  // Answers that there are not, because the run was stopped.
  [[nodiscard]] std::size_t missing() const {
    return planned > answers.size() ? planned - answers.size() : 0;
  }
};

inline constexpr std::size_t kGateAnswersLimit = 10'000'000;

// kInvalidArgument for a run without answers, with scores that don't match its metrics, values that aren't
// finite or (but for figures) not between 0 and 1, an answer given twice, or more than kGateAnswersLimit.
Result<> check_gate_run(const GateRun& run);

}  // namespace slipway::evaluation
