// SPDX-License-Identifier: Apache-2.0
// Runs made up for tests of the gate.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "evaluation/gate/gate_report.h"

namespace slipway::evaluation {

inline GateScore scored(double value) {
  return {MetricOutcome::kScored, value, value >= 0.5, value >= 0.5 ? "" : "It isn't what was expected.", {}};
}

inline GateRun run_of(std::string name, std::vector<GateMetric> metrics) {
  GateRun run;
  run.id = "run-" + name;
  run.name = std::move(name);
  run.dataset = "support/dataset/golden@2";
  run.metrics = std::move(metrics);
  return run;
}

inline GateAnswer& add_answer(GateRun& run, std::string case_id, const std::vector<double>& values,
                              std::uint32_t repeat = 0) {
  GateAnswer& answer = run.answers.emplace_back();
  answer.case_id = std::move(case_id);
  answer.repeat = repeat;
  for (const double value : values) answer.scores.push_back(scored(value));
  return answer;
}

// `passed` of `cases` pass the one metric "correct".
inline GateRun share_run(std::string name, std::size_t passed, std::size_t cases) {
  GateRun run = run_of(std::move(name), {{"correct", ScoreKind::kVerdict}});
  for (std::size_t i = 0; i < cases; ++i)
    add_answer(run, "case-" + std::to_string(i), {i < passed ? 1.0 : 0.0});
  return run;
}

inline GateRules rules_of(std::string_view text) {
  const auto parsed = parse_json(text);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().describe());
  const auto rules = parse_gate_rules(parsed->as_object());
  EXPECT_TRUE(rules) << (rules ? "" : rules.error().describe());
  return rules ? *rules : GateRules{};
}

inline GateReport judged(const GateRun& candidate, const GateRun* baseline, std::string_view rules) {
  GateQuestion question;
  question.candidate = &candidate;
  question.baseline = baseline;
  question.rules = rules_of(rules);
  question.evaluation = "support/evaluation/golden@3";
  question.environment = "preprod";
  auto report = judge_gate(question);
  EXPECT_TRUE(report) << (report ? "" : report.error().describe());
  return report ? *report : GateReport{};
}

}  // namespace slipway::evaluation
