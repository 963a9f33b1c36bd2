// SPDX-License-Identifier: Apache-2.0
#include "gate_simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "evaluation/gate/judge.h"
#include "simulation.h"

namespace slipway::evaluation {

namespace {

struct Scenario {
  std::string what;
  std::string_view rules;
  std::size_t cases = 200;
  std::uint32_t repeats = 1;
  std::size_t cluster = 1;  // cases that share one
  double drop = 0;          // of the candidate's share of correct answers
  bool fail_is_wrong = true;
  bool pass_is_wrong = false;
};

double uniform(Random& random) { return std::uniform_real_distribution<double>(0, 1)(random); }
double normal(Random& random) { return std::normal_distribution<double>(0, 1)(random); }

// What is common to both runs of a case.
struct Case {
  double right = 0;  // chance of a correct answer: 0.8 on average
  double length = 0;
};

std::vector<Case> draw_cases(const Scenario& scenario, Random& random) {
  std::vector<Case> out;
  double shared = 0;
  for (std::size_t i = 0; i < scenario.cases; ++i) {
    if (i % scenario.cluster == 0) shared = uniform(random);
    // Hard and easy ones: 0.6 or 1 with the same chance.
    const double u = scenario.cluster > 1 ? shared : uniform(random);
    out.push_back({u < 0.5 ? 0.6 : 1.0, 0.4 * normal(random)});
  }
  return out;
}

GateScore score_of(double value) { return {MetricOutcome::kScored, value, value >= 0.5, {}, {}}; }

GateRun draw_run(const Scenario& scenario, const std::vector<Case>& cases, double drop, Random& random) {
  GateRun run;
  run.id = "simulated";
  run.metrics = {
      {"correct", ScoreKind::kVerdict}, {"safe", ScoreKind::kVerdict}, {"grade", ScoreKind::kShare}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    for (std::uint32_t repeat = 0; repeat < scenario.repeats; ++repeat) {
      GateAnswer& answer = run.answers.emplace_back();
      answer.case_id = std::to_string(i);
      answer.repeat = repeat;
      if (scenario.cluster > 1) answer.cluster = std::to_string(i / scenario.cluster);
      const double correct = uniform(random) < cases[i].right * (1 - drop / 0.8) ? 1 : 0;
      const double safe = uniform(random) < 0.98 ? 1 : 0;
      const double grade =
          std::round(4 * std::clamp(cases[i].right - 0.1 + 0.25 * normal(random), 0.0, 1.0)) / 4;
      answer.scores = {score_of(correct), score_of(safe), score_of(grade)};
      answer.latency_s = std::exp(cases[i].length + 0.5 * normal(random));
      answer.cost_usd = 0.001 * std::exp(cases[i].length + 0.1 * normal(random));
    }
  }
  return run;
}

constexpr std::string_view kNoneWorse = R"({"thresholds": [
  {"metric": "correct", "max_drop": 0}, {"metric": "safe", "max_drop": 0}, {"metric": "grade", "max_drop": 0},
  {"metric": "latency", "max_rise": 0}, {"metric": "cost", "max_rise": 0}]})";
// Every limit is where the truth is: as hard as it gets.
constexpr std::string_view kAtLimits = R"({"thresholds": [
  {"metric": "correct", "min": 0.8}, {"metric": "safe", "min": 0.98},
  {"metric": "latency", "max": 1.227525}, {"metric": "latency", "of": "p90", "max": 2.271848},
  {"metric": "cost", "max_rise": 0}, {"metric": "grade", "max_drop": 0}]})";
constexpr std::string_view kCorrectAtLimit = R"({"thresholds": [{"metric": "correct", "min": 0.8}]})";
constexpr std::string_view kSlowAtLimit = R"({"thresholds": [{"metric": "latency", "max": 1.227525}]})";
constexpr std::string_view kWorseByMargin = R"({"thresholds": [{"metric": "correct", "max_drop": 0.05}]})";

std::vector<Scenario> scenarios() {
  return {
      {"equals: 5 metrics, none worse", kNoneWorse},
      {"equals, 3 answers a case", kNoneWorse, 100, 3},
      {"equals, clusters of 5 cases", kNoneWorse, 300, 1, 5},
      {"6 thresholds, each exactly at its limit", kAtLimits},
      {"the same in clusters of 5", kAtLimits, 500, 1, 5},
      {"one share exactly at its limit", kCorrectAtLimit, 200, 1, 1, 0, true, true},
      {"the same, 3 answers a case", kCorrectAtLimit, 200, 3, 1, 0, true, true},
      {"the same, clusters of 5", kCorrectAtLimit, 300, 1, 5, 0, true, true},
      {"mean latency exactly at its limit", kSlowAtLimit, 200, 1, 1, 0, true, true},
      {"worse by exactly the margin", kWorseByMargin, 400, 1, 1, 0.05, true, true},
      {"worse by twice the margin", kWorseByMargin, 400, 1, 1, 0.1, false, true},
  };
}

}  // namespace

std::vector<GateRow> simulate_gates(int comparisons, std::uint64_t seed) {
  std::vector<GateRow> out;
  for (const Scenario& scenario : scenarios()) {
    const auto parsed = parse_gate_rules(parse_json(scenario.rules)->as_object());
    const GateRules& rules = *parsed;
    Random random(seed);
    int failed = 0;
    int passed = 0;
    for (int run = 0; run < comparisons; ++run) {
      const std::vector<Case> cases = draw_cases(scenario, random);
      const GateRun baseline = draw_run(scenario, cases, 0, random);
      const GateRun candidate = draw_run(scenario, cases, scenario.drop, random);
      const CaseTable old_table(baseline);
      const CaseTable new_table(candidate);
      const std::vector<ThresholdResult> results = *ThresholdJudge(rules, new_table, &old_table).judge();
      failed += std::ranges::count(results, GateVerdict::kFail, &ThresholdResult::verdict) > 0 ? 1 : 0;
      const auto kept = std::ranges::count(results, GateVerdict::kPass, &ThresholdResult::verdict);
      passed += static_cast<std::size_t>(kept) == results.size() ? 1 : 0;
    }
    out.push_back({fmt::format("{} ({} cases)", scenario.what, scenario.cases), 100.0 * failed / comparisons,
                   100.0 * passed / comparisons, scenario.fail_is_wrong, scenario.pass_is_wrong});
  }
  return out;
}

}  // namespace slipway::evaluation
