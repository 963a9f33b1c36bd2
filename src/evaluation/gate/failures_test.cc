// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/failures.h"

#include <gtest/gtest.h>

#include "evaluation/gate/summaries.h"
#include "evaluation/gate/test_gate.h"

namespace slipway::evaluation {
namespace {

TEST(ReasonPattern, LeavesOutWhatDiffers) {
  EXPECT_EQ(reason_pattern("Expected \"42 EUR\", but got 'nothing'."), "expected \"…\", but got \"…\".");
  EXPECT_EQ(reason_pattern("F1 is 0.25,  below 1,000.5"), reason_pattern("F1 is 0.5, below\n3"));
  EXPECT_EQ(reason_pattern("It isn't there"), "it isn't there");
  EXPECT_EQ(reason_pattern("Call 0197f3c2-11aa-7000 timed out after 30 s"), "call # timed out after # s");
  EXPECT_EQ(reason_pattern("Er sagte „ja“ nicht"), "er sagte \"…\" nicht");
  EXPECT_LE(reason_pattern(std::string(5'000, 'x')).size(), kPatternBytes);
}

struct Two {
  GateRun baseline = run_of("base", {{"correct", ScoreKind::kVerdict}, {"short", ScoreKind::kVerdict}});
  GateRun candidate = run_of("new", {{"correct", ScoreKind::kVerdict}, {"short", ScoreKind::kVerdict}});
  void add(const std::string& id, double before, double now, const std::string& reason,
           const std::string& tag) {
    add_answer(baseline, id, {before, 1}).tags = {tag};
    GateAnswer& answer = add_answer(candidate, id, {now, 1});
    answer.tags = {tag};
    answer.scores[0].reason = reason;
  }
};

TEST(Failures, AreGroupedAgainstTheBaseline) {
  Two runs;
  for (int i = 0; i < 6; ++i)
    runs.add("new-" + std::to_string(i), 1, 0, "Expected 'x" + std::to_string(i) + "', got 7.", "refund");
  runs.add("old", 0, 0, "Expected 'y', got 8.", "refund");
  runs.add("mended", 0, 1, "", "order");
  runs.add("good", 1, 1, "", "order");
  add_answer(runs.baseline, "down", {1, 1});
  GateAnswer& down = add_answer(runs.candidate, "down", {});
  down.error_code = "deadline_exceeded";
  down.error_message = "No answer within 30 s";
  const CaseTable candidate(runs.candidate);
  const CaseTable baseline(runs.baseline);
  const Failures failures = group_failures(candidate, &baseline, {});
  EXPECT_EQ(failures.counts.fresh, 7U);
  EXPECT_EQ(failures.counts.persisting, 1U);
  EXPECT_EQ(failures.counts.fixed, 1U);
  ASSERT_EQ(failures.groups.size(), 4U);
  EXPECT_EQ(failures.groups[0].metric, "correct");
  EXPECT_EQ(failures.groups[0].state, FailureState::kNew);
  EXPECT_EQ(failures.groups[0].cases, 6U);
  EXPECT_EQ(failures.groups[0].tags, (std::vector<std::pair<std::string, std::size_t>>{{"refund", 6}}));
  EXPECT_EQ(failures.groups[1].error_code, "deadline_exceeded");
  EXPECT_EQ(failures.groups[2].state, FailureState::kPersisting);
  EXPECT_EQ(failures.groups[3].state, FailureState::kFixed);
  ASSERT_EQ(failures.worst.size(), 8U);
  EXPECT_EQ(failures.worst.back().case_id, "old");
}

TEST(Failures, NearlyTheSameReasonsAreOneGroupAndSizesAreLimited) {
  Two runs;
  const std::vector<std::string> words = {"alpha", "beta", "gamma", "delta"};
  for (std::size_t i = 0; i < 40; ++i)
    runs.add("case-" + std::to_string(i), 1, 0,
             "the answer names the wrong product " + words[i % 4] + " here", "t");
  const CaseTable candidate(runs.candidate);
  GateLimits limits;
  limits.examples = 3;
  limits.worst = 5;
  const Failures failures = group_failures(candidate, nullptr, limits);
  ASSERT_EQ(failures.groups.size(), 1U);
  EXPECT_EQ(failures.groups[0].cases, 40U);
  EXPECT_EQ(failures.groups[0].state, FailureState::kUnknown);
  EXPECT_EQ(failures.groups[0].examples.size(), 3U);
  EXPECT_EQ(failures.worst.size(), 5U);
  EXPECT_EQ(failures.worst_left_out, 35U);
  limits.groups = 0;
  EXPECT_EQ(group_failures(candidate, nullptr, limits).groups_left_out, 1U);
}

TEST(Slices, HaveTheirOwnEstimatesAndAreAdjusted) {
  Two runs;
  for (int i = 0; i < 60; ++i) {
    const bool refund = i % 3 == 0;
    runs.add("case-" + std::to_string(i), 1, refund && i < 45 ? 0 : 1, "", refund ? "refund" : "order");
  }
  runs.add("lonely", 1, 1, "", "rare");
  const CaseTable candidate(runs.candidate);
  const CaseTable baseline(runs.baseline);
  const auto slices = slice_metrics(candidate, &baseline, 10);
  ASSERT_TRUE(slices);
  ASSERT_EQ(slices->results.size(), 4U);  // two tags, two metrics; "rare" has too few cases
  const SliceResult& worst = slices->results.front();
  EXPECT_EQ(worst.tag, "refund");
  EXPECT_EQ(worst.cases, 20U);
  EXPECT_NEAR(worst.mean, 0.25, 1e-12);
  EXPECT_NEAR(*worst.difference, -0.75, 1e-12);
  EXPECT_NEAR(*worst.p_value, 2 * std::pow(0.5, 15), 1e-9);
  EXPECT_NEAR(*worst.p_holm, 4 * *worst.p_value, 1e-9);
  EXPECT_LT(*worst.p_benjamini_hochberg, 0.05);
  EXPECT_EQ(slice_metrics(candidate, &baseline, 1)->left_out, 1U);
}

TEST(PriceQuality, MarksTheParetoFront) {
  std::vector<GateRun> runs = {share_run("cheap", 60, 100), share_run("good", 90, 100),
                               share_run("bad", 50, 100)};
  const double costs[] = {0.001, 0.01, 0.02};
  for (std::size_t i = 0; i < runs.size(); ++i)
    for (GateAnswer& answer : runs[i].answers) answer.cost_usd = costs[i];
  const auto points = price_quality({&runs[0], &runs[1], &runs[2]}, "correct");
  ASSERT_EQ(points.size(), 3U);
  EXPECT_TRUE(points[0].best);
  EXPECT_TRUE(points[1].best);
  EXPECT_FALSE(points[2].best);
}

}  // namespace
}  // namespace slipway::evaluation
