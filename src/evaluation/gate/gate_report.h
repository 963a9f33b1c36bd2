// SPDX-License-Identifier: Apache-2.0
// What the gate says, as one value from which every output is written. Plain values; any thread. Texts come
// from cases and models: whoever writes them anywhere escapes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "evaluation/gate/gate_run.h"
#include "evaluation/gate/thresholds.h"
#include "evaluation/statistics/intervals.h"

namespace slipway::evaluation {

enum class GateVerdict : std::uint8_t { kPass, kFail, kInconclusive, kError, kSkipped };
std::string_view to_string(GateVerdict verdict);  // "pass", "fail", "inconclusive", "error", "skipped"
// 0 for pass, 1 for fail, 3 for anything else.
int exit_code(GateVerdict verdict);

struct ThresholdResult {
  Threshold threshold;
  GateVerdict verdict = GateVerdict::kError;
  std::string reason;                // one sentence
  std::size_t cases = 0;             // that were judged; pairs where it is relative
  std::size_t clusters = 0;          // 0: cases are independent
  std::size_t errors = 0;            // answers without a value because something failed
  std::optional<double> estimate;    // of the candidate
  std::optional<Interval> interval;  // alpha on each side
  std::optional<double> baseline;    // on the same cases, where it is relative
  // Candidate minus baseline; in shares of the baseline for max_drop_share and max_rise_share.
  std::optional<double> difference;
  std::optional<Interval> difference_interval;
  std::string test;                       // that decided: "exact", "skew_t", "mcnemar", …
  std::optional<double> p_missed;         // small: surely missed
  std::optional<double> p_missed_holm;    // over all thresholds: this decides on fail
  std::optional<double> p_kept;           // small: surely kept; this decides on pass
  std::optional<double> noticeable;       // the least change that this many cases would have shown
  std::optional<std::size_t> more_cases;  // that would decide, if things are as they look
};

struct Quantiles {
  double p50 = 0;
  double p90 = 0;
  double p95 = 0;
  double p99 = 0;
};

// Counts in bins of equal width over the values of both runs.
struct Distribution {
  double low = 0;
  double high = 0;
  std::vector<std::size_t> candidate;
  std::vector<std::size_t> baseline;  // empty: none
};

// One metric or measure over all cases: 95 % intervals, for looking at; verdicts are the thresholds'.
struct MetricSummary {
  std::string name;
  ScoreKind kind = ScoreKind::kFigure;
  bool measure = false;    // latency, cost and the like: known without a metric
  std::size_t scored = 0;  // answers
  std::size_t errors = 0;
  std::size_t skipped = 0;
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::optional<Estimate> candidate;  // nullopt: no case was scored
  std::optional<Estimate> baseline;
  std::optional<Estimate> difference;  // on the cases that both have
  std::optional<double> p_value;       // of "no difference", two-sided, not adjusted
  std::optional<Quantiles> quantiles;
  std::optional<Quantiles> baseline_quantiles;
  std::optional<Distribution> distribution;
};

struct SliceResult {
  std::string tag;
  std::string metric;
  std::size_t cases = 0;
  double mean = 0;
  std::optional<Interval> interval;  // 95 %
  // Against the baseline; nullopt without one.
  std::optional<double> difference;
  std::optional<Interval> difference_interval;
  std::optional<double> p_value;
  std::optional<double> p_holm;                // over all slices
  std::optional<double> p_benjamini_hochberg;  // the same, for looking around
};

enum class FailureState : std::uint8_t { kNew, kPersisting, kFixed, kUnknown };
std::string_view to_string(FailureState state);  // "new", "persisting", "fixed", "unknown": not compared

struct FailureGroup {
  std::string metric;      // empty: the call itself failed
  std::string error_code;  // empty: an answer that isn't good enough
  std::string reason;      // of its first case, as it was given
  std::string pattern;     // what the reasons have in common: numbers and quoted texts are left out
  FailureState state = FailureState::kUnknown;
  std::size_t cases = 0;
  std::vector<std::pair<std::string, std::size_t>> tags;  // most frequent first
  std::vector<std::string> examples;                      // ids of cases, worst first
};

struct FailureCounts {
  std::size_t fresh = 0;  // new
  std::size_t persisting = 0;
  std::size_t fixed = 0;
  std::size_t unknown = 0;
};

struct WorstCase {
  std::size_t row = 0;  // among the run's cases, by first appearance
  std::string case_id;
  std::vector<std::string> tags;
  FailureState state = FailureState::kUnknown;
  std::vector<std::string> failed;  // metrics, or the error of the call
  std::string reason;               // of the first of them
  std::string input;
  std::string expected;
  std::string answer;
  std::string link;
};

// A point of price against quality.
struct VariantPoint {
  std::string name;
  double cost_usd = 0;  // mean of an answer
  double quality = 0;
  std::optional<Interval> quality_interval;  // 95 %
  std::size_t cases = 0;
  bool best = false;  // on the Pareto front: no other is both cheaper and better
};

struct RunFacts {
  std::string id;
  std::string name;
  std::string link;
  std::size_t cases = 0;
  std::size_t answers = 0;
  std::size_t errors = 0;          // answers that failed
  std::size_t missing = 0;         // never asked for
  std::optional<double> cost_usd;  // of all whose price is known
  std::size_t unpriced = 0;
};

struct GateReport {
  std::string evaluation;  // "support-assistant/evaluation/golden@3"
  std::string dataset;
  std::string environment;
  GateVerdict verdict = GateVerdict::kError;
  std::string reason;  // one sentence
  double alpha = 0.05;
  double power = 0.8;
  double error_share = 0;  // of the candidate's answers, missing ones included
  double error_share_limit = 0;
  // When inconclusive: that would decide all that is open.
  std::optional<std::size_t> more_cases;
  bool more_cases_known = true;  // false: something stays open with any number
  RunFacts candidate;
  std::optional<RunFacts> baseline;
  std::vector<ThresholdResult> thresholds;  // as in the evaluation
  std::vector<MetricSummary> metrics;       // of the evaluation, then measures
  std::vector<SliceResult> slices;          // largest differences for the worse first
  std::size_t slices_left_out = 0;          // tags
  FailureCounts failures;                   // of cases and metrics
  std::vector<FailureGroup> groups;         // new ones first, then by size
  std::size_t groups_left_out = 0;
  std::vector<WorstCase> worst;
  std::size_t worst_left_out = 0;
  std::string quality_metric;  // of `variants`
  std::vector<VariantPoint> variants;
};

struct GateLimits {
  std::size_t groups = 100;
  std::size_t examples = 10;  // of a group
  std::size_t tags = 8;       // of a group
  std::size_t slices = 50;    // tags, the most frequent ones
  std::size_t worst = 200;    // cases with their texts
  std::size_t text_bytes = 4u << 10;
  std::size_t reason_bytes = 500;
};

struct GateQuestion {
  const GateRun* candidate = nullptr;
  const GateRun* baseline = nullptr;     // nullptr: nothing to compare with
  std::vector<const GateRun*> variants;  // more points of price against quality
  GateRules rules;
  std::string evaluation;
  std::string environment;
  GateLimits limits;
};

// Judges. kInvalidArgument for runs that check_gate_run refuses or that belong to other datasets. Takes about
// a second for 100,000 cases with five metrics and a baseline: call it from a pool.
Result<GateReport> judge_gate(const GateQuestion& question);

// One verdict over several evaluations: error, fail, inconclusive, pass, in this order; error for none.
GateVerdict worst_verdict(const std::vector<GateVerdict>& verdicts);

}  // namespace slipway::evaluation
