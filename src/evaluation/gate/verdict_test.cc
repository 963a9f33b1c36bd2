// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "evaluation/gate/evidence.h"
#include "evaluation/gate/gate_report.h"
#include "evaluation/gate/test_gate.h"
#include "evaluation/statistics/paired.h"

namespace slipway::evaluation {
namespace {

constexpr std::string_view kMin90 = R"({"thresholds": [{"metric": "correct", "min": 0.9}]})";

const ThresholdResult& only(const GateReport& report) {
  EXPECT_EQ(report.thresholds.size(), 1U);
  return report.thresholds.front();
}

TEST(MeanEvidence, TestsSharesExactly) {
  std::vector<double> scores(100, 1.0);
  std::fill(scores.begin(), scores.begin() + 15, 0.0);
  const auto evidence = MeanEvidence::make(scores, {}, Bounds{0, 1});
  ASSERT_TRUE(evidence);
  EXPECT_EQ(evidence->method(), EvidenceMethod::kExact);
  // Sums of the binomial distribution in exact fractions; the limits solve them for 5 %.
  EXPECT_NEAR(evidence->p_below(0.9), 0.07257295, 1e-7);
  EXPECT_NEAR(evidence->p_above(0.8), 0.12850551, 1e-7);
  const Interval interval = *evidence->interval(0.05);
  EXPECT_NEAR(interval.low, 0.77846309, 1e-6);
  EXPECT_NEAR(interval.high, 0.90520599, 1e-6);
  // The limits are those for which the test is just at alpha.
  EXPECT_NEAR(evidence->p_above(interval.low), 0.05, 1e-9);
  EXPECT_NEAR(evidence->p_below(interval.high), 0.05, 1e-9);
}

TEST(MeanEvidence, SkewedLimitsBelongToTheirTests) {
  const std::vector<double> scores = {0.1, 0.2, 0.2, 0.3, 0.4, 0.5, 0.9, 1.4, 2.5, 6.0};
  const auto evidence = MeanEvidence::make(scores, {}, std::nullopt);
  ASSERT_TRUE(evidence);
  EXPECT_EQ(evidence->method(), EvidenceMethod::kSkewT);
  const Interval interval = *evidence->interval(0.05);
  EXPECT_NEAR(evidence->p_above(interval.low), 0.05, 1e-9);
  EXPECT_NEAR(evidence->p_below(interval.high), 0.05, 1e-9);
  // Skewed to the right: the mean may lie further above than below.
  EXPECT_GT(interval.high - evidence->mean(), 1.5 * (evidence->mean() - interval.low));
}

TEST(MeanEvidence, SymmetricScoresAreStudents) {
  const std::vector<double> scores = {1, 2, 3, 4, 5, 6, 7};
  const auto evidence = MeanEvidence::make(scores, {}, std::nullopt);
  // t = 1.2247 on 6 degrees of freedom, the density integrated.
  EXPECT_NEAR(evidence->p_above(3), 0.1332848, 1e-6);
}

TEST(MeanEvidence, SkewedMeansAreCoveredOnBothSides) {
  // Log-normal as latencies are, 100 at a time: Student's t says "below" wrongly in nearly 8 %.
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(0, 0.5);
  const double truth = std::exp(0.125);
  int above = 0;
  int below = 0;
  int plain = 0;
  constexpr int kRuns = 2'000;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> values(100);
    for (double& value : values) value = latency(random);
    const auto evidence = MeanEvidence::make(values, {}, std::nullopt);
    above += evidence->p_above(truth) <= 0.05 ? 1 : 0;
    below += evidence->p_below(truth) <= 0.05 ? 1 : 0;
    std::vector<double> differences;
    for (const double value : values) differences.push_back(value - truth);
    plain += paired_t_test(differences, Tail::kLess)->p_value <= 0.05 ? 1 : 0;
  }
  EXPECT_LT(above, kRuns * 0.065);
  EXPECT_LT(below, kRuns * 0.065);
  EXPECT_GT(plain, below + kRuns / 100);
}

TEST(MeanEvidence, EqualFiguresShowNothing) {
  const std::vector<double> scores(50, 0.3);
  const auto evidence = MeanEvidence::make(scores, {}, std::nullopt);
  EXPECT_EQ(evidence->method(), EvidenceMethod::kNone);
  EXPECT_EQ(evidence->p_below(100), 1);
  EXPECT_FALSE(evidence->interval(0.05));
}

TEST(MeanEvidence, SaysHowManyWouldDecide) {
  const std::vector<double> scores(20, 1.0);
  const auto evidence = MeanEvidence::make(scores, {}, Bounds{0, 1});
  // 0.9^28 > 0.05 >= 0.9^29: the rule of three.
  EXPECT_EQ(evidence->units_to_decide(0.9, 0.05, 0.8), 29U);
}

TEST(Gate, FailsWhatIsCertainlyMissed) {
  const GateReport report = judged(share_run("a", 70, 100), nullptr, kMin90);
  EXPECT_EQ(report.verdict, GateVerdict::kFail);
  EXPECT_EQ(exit_code(report.verdict), 1);
  EXPECT_EQ(only(report).verdict, GateVerdict::kFail);
  EXPECT_NEAR(*only(report).estimate, 0.7, 1e-12);
  EXPECT_LT(only(report).interval->high, 0.9);
  EXPECT_EQ(only(report).reason, "0.7 is certainly below 0.9.");
}

TEST(Gate, PassesWhatIsCertainlyKept) {
  const GateReport report = judged(share_run("a", 195, 200), nullptr, kMin90);
  EXPECT_EQ(report.verdict, GateVerdict::kPass) << report.reason;
  EXPECT_EQ(exit_code(report.verdict), 0);
}

TEST(Gate, AMeanBeyondTheLimitIsNotEnough) {
  const GateReport report = judged(share_run("a", 93, 100), nullptr, kMin90);
  EXPECT_EQ(report.verdict, GateVerdict::kInconclusive);
  EXPECT_EQ(exit_code(report.verdict), 3);
  ASSERT_TRUE(report.more_cases);
  // About 600 cases show 0.93 to be above 0.9 with a power of 80 %.
  EXPECT_GT(*report.more_cases, 350U);
  EXPECT_LT(*report.more_cases, 700U);
}

TEST(Gate, EqualScoresAreNoCertainty) {
  const GateReport few = judged(share_run("a", 20, 20), nullptr, kMin90);
  EXPECT_EQ(few.verdict, GateVerdict::kInconclusive);
  EXPECT_EQ(few.more_cases, 9U);
  EXPECT_EQ(judged(share_run("a", 29, 29), nullptr, kMin90).verdict, GateVerdict::kPass);
}

TEST(Gate, OneCaseDecidesNothing) {
  const GateReport report = judged(share_run("a", 0, 1), nullptr, kMin90);
  EXPECT_EQ(report.verdict, GateVerdict::kInconclusive);
  EXPECT_EQ(report.more_cases, 9U);
}

TEST(Gate, RepeatsOfACaseAreOneObservation) {
  // 12 cases, each asked 20 times with the same result: 240 answers, but 12 observations.
  GateRun run = run_of("a", {{"correct", ScoreKind::kVerdict}});
  for (int i = 0; i < 12; ++i)
    for (std::uint32_t repeat = 0; repeat < 20; ++repeat)
      add_answer(run, "case-" + std::to_string(i), {i < 8 ? 1.0 : 0.0}, repeat);
  const std::string_view rules = R"({"thresholds": [{"metric": "correct", "min": 0.5}]})";
  const GateReport report = judged(run, nullptr, rules);
  EXPECT_EQ(only(report).cases, 12U);
  EXPECT_EQ(report.verdict, GateVerdict::kInconclusive);
  EXPECT_EQ(judged(share_run("b", 160, 240), nullptr, rules).verdict, GateVerdict::kPass);
}

TEST(Gate, CasesOfAClusterAreNotIndependent) {
  GateRun run = run_of("a", {{"correct", ScoreKind::kVerdict}});
  for (int i = 0; i < 200; ++i)
    add_answer(run, "case-" + std::to_string(i), {i / 20 < 8 ? 1.0 : 0.0}).cluster = std::to_string(i / 20);
  const GateReport report = judged(run, nullptr, R"({"thresholds": [{"metric": "correct", "min": 0.7}]})");
  EXPECT_EQ(only(report).clusters, 10U);
  EXPECT_EQ(report.verdict, GateVerdict::kInconclusive);
}

TEST(Gate, ComparesCaseByCase) {
  // The candidate loses 15 of 100 and gains none: small beside what cases differ, plain case by case.
  GateRun baseline = share_run("base", 60, 100);
  GateRun candidate = share_run("new", 45, 100);
  const std::string_view none_lower = R"({"thresholds": [{"metric": "correct", "max_drop": 0}]})";
  const GateReport worse = judged(candidate, &baseline, none_lower);
  EXPECT_EQ(worse.verdict, GateVerdict::kFail);
  EXPECT_EQ(only(worse).test, "mcnemar");
  EXPECT_NEAR(*only(worse).p_missed, std::pow(0.5, 15), 1e-9);
  EXPECT_NEAR(*only(worse).difference, -0.15, 1e-12);
  EXPECT_EQ(judged(baseline, &baseline, none_lower).verdict, GateVerdict::kPass);
}

TEST(Gate, NothingFoundInFewCasesIsNoPass) {
  const GateRun run = share_run("a", 10, 20);
  const GateReport report = judged(run, &run, R"({"thresholds": [{"metric": "correct", "max_drop": 0}]})");
  EXPECT_EQ(report.verdict, GateVerdict::kInconclusive);
  EXPECT_EQ(report.more_cases, 10U);
}

TEST(Gate, NonInferiorityHasToBeShown) {
  const std::string_view rules = R"({"thresholds": [{"metric": "correct", "max_drop": 0.05}]})";
  const GateRun small = share_run("a", 30, 50);
  EXPECT_EQ(judged(small, &small, rules).verdict, GateVerdict::kInconclusive);
  const GateRun large = share_run("b", 40, 60);
  EXPECT_EQ(judged(large, &large, rules).verdict, GateVerdict::kPass);  // 59 equal pairs show it
  const GateRun base = share_run("c", 180, 200);
  EXPECT_EQ(judged(share_run("d", 140, 200), &base, rules).verdict, GateVerdict::kFail);
}

GateRun timed(std::string name, double factor, std::size_t cases = 200) {
  GateRun run = run_of(std::move(name), {});
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> latency(0, 0.5);
  for (std::size_t i = 0; i < cases; ++i) {
    GateAnswer& answer = add_answer(run, std::to_string(i), {});
    answer.latency_s = factor * latency(random) * (1 + 0.1 * static_cast<double>(i % 3));
    answer.cost_usd = 0.001 * factor;
  }
  return run;
}

TEST(Gate, JudgesLatencyInSharesAndPercentiles) {
  const GateRun base = timed("base", 1);
  const GateRun slower = timed("slower", 1.5);
  const std::string_view tenth = R"({"thresholds": [{"metric": "latency", "max_rise_share": 0.1}]})";
  EXPECT_EQ(judged(base, &base, tenth).verdict, GateVerdict::kPass);
  const GateReport report = judged(slower, &base, tenth);
  EXPECT_EQ(report.verdict, GateVerdict::kFail);
  EXPECT_NEAR(*only(report).difference, 0.5, 1e-9);
  const GateReport kept =
      judged(base, nullptr, R"({"thresholds": [{"metric": "latency", "of": "p95", "max": 5}]})");
  EXPECT_EQ(kept.verdict, GateVerdict::kPass) << only(kept).reason;
  EXPECT_LT(only(kept).interval->low, *only(kept).estimate);
  EXPECT_GT(only(kept).interval->high, *only(kept).estimate);
  EXPECT_EQ(
      judged(base, nullptr, R"({"thresholds": [{"metric": "latency", "of": "p95", "max": 1.2}]})").verdict,
      GateVerdict::kFail);
  EXPECT_EQ(
      judged(base, nullptr, R"({"thresholds": [{"metric": "latency", "of": "p50", "min": 3}]})").verdict,
      GateVerdict::kFail);
  // Costs that are all equal say nothing of others; their percentile does.
  EXPECT_EQ(judged(base, nullptr, R"({"thresholds": [{"metric": "cost", "max": 0.01}]})").verdict,
            GateVerdict::kInconclusive);
  EXPECT_EQ(
      judged(base, nullptr, R"({"thresholds": [{"metric": "cost", "of": "p95", "max": 0.01}]})").verdict,
      GateVerdict::kPass);
}

TEST(Gate, ErrorsAreNoFailsAndTooManyAreAnError) {
  GateRun run = share_run("a", 200, 200);
  for (std::size_t i = 0; i < 8; ++i) {
    run.answers[i].error_code = "unavailable";
    run.answers[i].scores.clear();
  }
  EXPECT_EQ(judged(run, nullptr, kMin90).verdict, GateVerdict::kPass);
  EXPECT_EQ(judged(run, nullptr, kMin90).candidate.errors, 8U);
  for (std::size_t i = 8; i < 11; ++i) {
    run.answers[i].error_code = "unavailable";
    run.answers[i].scores.clear();
  }
  const GateReport report = judged(run, nullptr, kMin90);
  EXPECT_EQ(report.verdict, GateVerdict::kError);
  EXPECT_EQ(exit_code(report.verdict), 3);
  const GateReport strict = judged(
      share_run("b", 200, 200), nullptr,
      R"({"thresholds": [{"metric": "error_share", "max": 0.01}, {"metric": "correct", "min": 0.9}]})");
  EXPECT_EQ(strict.verdict, GateVerdict::kPass) << strict.reason;
}

TEST(Gate, MissingAnswersCountAsErrors) {
  GateRun run = share_run("a", 150, 150);
  run.planned = 200;
  EXPECT_EQ(judged(run, nullptr, kMin90).verdict, GateVerdict::kError);
}

TEST(Gate, AMetricThatCouldNotBeComputedIsAnError) {
  GateRun run = share_run("a", 200, 200);
  for (std::size_t i = 0; i < 20; ++i) run.answers[i].scores[0].outcome = MetricOutcome::kError;
  const GateReport report = judged(run, nullptr, kMin90);
  EXPECT_EQ(report.verdict, GateVerdict::kError);
  EXPECT_EQ(only(report).reason, "correct could not be computed for 20 of 200 answers.");
  EXPECT_EQ(
      judged(share_run("a", 9, 10), nullptr, R"({"thresholds": [{"metric": "other", "min": 1}]})").verdict,
      GateVerdict::kError);
}

TEST(Gate, WithoutBaselineComparisonsAreSkipped) {
  const GateRun run = share_run("a", 200, 200);
  const GateReport report =
      judged(run, nullptr, R"({"thresholds": [{"metric": "correct", "min": 0.9, "max_drop": 0.02}]})");
  EXPECT_EQ(report.verdict, GateVerdict::kPass);
  EXPECT_EQ(report.thresholds[1].verdict, GateVerdict::kSkipped);
  EXPECT_EQ(judged(run, nullptr, R"({"thresholds": [{"metric": "correct", "max_drop": 0.02}]})").verdict,
            GateVerdict::kInconclusive);
  EXPECT_EQ(judged(run, nullptr, "{}").verdict, GateVerdict::kError);
}

TEST(Gate, RunsOfOtherCasesAreNotCompared) {
  const GateRun run = share_run("a", 20, 20);
  GateRun other = run;
  other.dataset = "support/dataset/golden@3";
  GateQuestion question;
  question.candidate = &run;
  question.baseline = &other;
  question.rules = rules_of(kMin90);
  const auto report = judge_gate(question);
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("golden@3"), std::string::npos);
}

TEST(Gate, ManyThresholdsShareAlpha) {
  // One threshold alone at p = 0.03 fails; one of five does not.
  const GateRun run = share_run("a", 84, 100);  // P(X <= 84 | 0.9) = 0.04
  EXPECT_EQ(judged(run, nullptr, kMin90).verdict, GateVerdict::kFail);
  const GateReport report = judged(run, nullptr, R"({"thresholds": [
      {"metric": "correct", "min": 0.9}, {"metric": "correct", "of": "passed", "min": 0.7, "max": 1}]})");
  EXPECT_EQ(report.thresholds[0].verdict, GateVerdict::kInconclusive);
  EXPECT_GT(*report.thresholds[0].p_missed_holm, 0.05);
  EXPECT_NE(report.thresholds[0].reason.find("Alone it would be missed"), std::string::npos);
}

TEST(Gate, RulesSayWhatIsWrong) {
  const auto error = [](std::string_view text) {
    const auto rules = parse_gate_rules(parse_json(text)->as_object());
    return rules ? std::string("none") : rules.error().describe();
  };
  EXPECT_NE(error(R"({"thresholds": [{"metric": "a"}]})").find("thresholds[0] states no limit"),
            std::string::npos);
  EXPECT_NE(error(R"({"thresholds": [{"metric": "a", "max_drop": -1}]})").find("max_drop"),
            std::string::npos);
  EXPECT_NE(
      error(R"({"thresholds": [{"metric": "latency", "of": "p95", "max_rise": 1}]})").find("percentile"),
      std::string::npos);
  EXPECT_NE(error(R"({"thresholds": [{"metric": "a", "min": 1}, {"metric": "a", "min": 2}]})").find("twice"),
            std::string::npos);
  EXPECT_NE(error(R"({"gate": {"alpha": 0.6}})").find("gate.alpha"), std::string::npos);
  const GateRules rules = rules_of(R"({"gate": {"alpha": 0.01, "min_cases": 50}, "thresholds": [
      {"metric": "latency", "of": "p95", "max": 3}, {"metric": "error_share", "max": 0.02}]})");
  EXPECT_EQ(rules.thresholds[0].id, "latency.p95.max");
  EXPECT_EQ(rules.thresholds[0].area, ThresholdArea::kLatency);
  EXPECT_EQ(rules.thresholds[0].describe(), "95th percentile at most 3");
  EXPECT_EQ(rules.error_share, 0.02);
  EXPECT_EQ(rules.alpha, 0.01);
}

TEST(Gate, RefusesRunsThatAreNone) {
  GateRun run = run_of("a", {{"correct", ScoreKind::kVerdict}});
  EXPECT_FALSE(check_gate_run(run));
  add_answer(run, "x", {1});
  EXPECT_TRUE(check_gate_run(run));
  run.answers[0].scores[0].value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(check_gate_run(run));
  run.answers[0].scores[0].value = 1;
  add_answer(run, "x", {1});
  EXPECT_FALSE(check_gate_run(run));
}

}  // namespace
}  // namespace slipway::evaluation
