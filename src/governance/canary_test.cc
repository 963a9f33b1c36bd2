// SPDX-License-Identifier: Apache-2.0
#include "governance/canary.h"

#include <gtest/gtest.h>

#include <cmath>

#include "governance/test_canary_world.h"

namespace slipway::governance {
namespace {

// Every margin at nothing: what is left is the test itself, which is what alpha is about.
CanaryGuards strict_guards() {
  CanaryGuards guards;
  guards.error_rate = 0;
  guards.latency = 1;
  guards.cost = 1;
  guards.feedback = 0;
  return guards;
}

double share_ended(const CanaryWorld& world, const CanaryGuards& guards, int canaries, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  int ended = 0;
  for (int i = 0; i < canaries; ++i) ended += simulate(world, guards, random).ended ? 1 : 0;
  return static_cast<double>(ended) / canaries;
}

const MetricJudgement& find(const Judgement& judgement, std::string_view metric) {
  return *std::ranges::find(judgement.metrics, metric, &MetricJudgement::metric);
}

ReleaseFigures calls(std::int64_t count, std::int64_t errors, double seconds = 1) {
  ReleaseFigures figures;
  figures.calls = count;
  figures.errors = errors;
  figures.duration_sum = seconds * static_cast<double>(count);
  figures.duration_squares = seconds * seconds * 1.2 * static_cast<double>(count);
  return figures;
}

TEST(Canary, AnEqualCandidateIsEndedLessOftenThanAlphaHoweverOftenOneLooks) {
  CanaryWorld world;
  world.slices_per_step = 60;
  const double ended = share_ended(world, strict_guards(), 2'000, 20'261);
  EXPECT_LE(ended, 0.05);
  EXPECT_GT(ended, 0.0005) << "a test that never speaks has no power either";
}

TEST(Canary, EachGuardAloneKeepsAlpha) {
  CanaryWorld world;
  world.slices_per_step = 40;
  for (int only = 0; only < 4; ++only) {
    CanaryGuards guards = strict_guards();
    if (only != 0) guards.error_rate.reset();
    if (only != 1) guards.latency.reset();
    if (only != 2) guards.cost.reset();
    if (only != 3) guards.feedback.reset();
    EXPECT_LE(share_ended(world, guards, 1'000, 7 + static_cast<std::uint64_t>(only)), 0.05) << only;
  }
}

TEST(Canary, ADoubledErrorRateIsFound) {
  CanaryWorld world;
  world.error_rate = 0.05;
  world.candidate_error_rate = 0.1;
  world.calls_per_slice = 20;  // 7,200 calls in all, 1,920 of them the candidate's
  EXPECT_GE(share_ended(world, CanaryGuards{}, 200, 11), 0.9);
}

TEST(Canary, ASlowerADearerAndADislikedCandidateAreFound) {
  CanaryWorld slow;
  slow.slower = 1.8;
  EXPECT_GE(share_ended(slow, CanaryGuards{}, 100, 12), 0.9);
  CanaryWorld dear;
  dear.dearer = 1.8;
  EXPECT_GE(share_ended(dear, CanaryGuards{}, 100, 13), 0.9);
  CanaryWorld disliked;
  disliked.score_rate = 0.3;
  disliked.candidate_good_scores = 0.5;
  EXPECT_GE(share_ended(disliked, CanaryGuards{}, 100, 14), 0.9);
}

TEST(Canary, ABrokenCandidateIsEndedWithinAFewCalls) {
  std::mt19937_64 random(15);
  CanaryWorld world;
  world.candidate_error_rate = 1;
  for (int i = 0; i < 50; ++i) {
    const CanaryOutcome outcome = simulate(world, CanaryGuards{}, random);
    ASSERT_TRUE(outcome.ended);
    EXPECT_LE(outcome.candidate_calls, 15);
    EXPECT_TRUE(outcome.verdict.starts_with("Worse: the error rate is")) << outcome.verdict;
  }
}

TEST(Canary, AWorseCandidateWithinTheGuardsGoesOn) {
  CanaryWorld world;
  world.slower = 1.2;
  world.dearer = 1.2;
  EXPECT_LE(share_ended(world, CanaryGuards{}, 200, 16), 0.05);
}

TEST(Canary, AnOutageOfBothProvesNothing) {
  Comparison comparison;
  for (int i = 0; i < 100; ++i) observe(comparison, calls(95, 95), calls(5, 5));
  const Judgement judgement = judge(comparison, {});
  EXPECT_FALSE(judgement.worse);
  EXPECT_NEAR(find(judgement, "error_rate").p_value.value(), 1, 1e-9);
  // While the outage lasts the candidate has half of the calls, before that next to none: all its calls fail,
  // a tenth of the others do. Adding everything up would call that worse.
  Comparison growing;
  observe(growing, calls(9'900, 0), calls(100, 0));
  begin_stage(growing);
  for (int i = 0; i < 100; ++i) observe(growing, calls(10, 10), calls(10, 10));
  const Judgement grown = judge(growing, {});
  EXPECT_FALSE(grown.worse) << grown.verdict;
}

TEST(Canary, TheEvidenceIsTheLikelihoodRatio) {
  // One failure among 1 + 1 calls, the candidate's: with odds ratio f its chance is f / (1 + f) against 1/2.
  Comparison comparison;
  observe(comparison, calls(1, 0), calls(1, 1));
  EXPECT_NEAR(comparison.log_ratios[1], std::log(2 * 2.0 / 3), 1e-12);
  EXPECT_NEAR(comparison.log_ratios[5], std::log(2 * 50.0 / 51), 1e-12);
  // Two failures among 2 + 3: weights C(3,k) C(2,2-k) = 1, 6, 3.
  Comparison second;
  observe(second, calls(2, 1), calls(3, 1));
  EXPECT_NEAR(second.log_ratios[2], std::log(3 * 10.0 / (1 + 6 * 3 + 3 * 9)), 1e-12);
  // No failure, and nothing but failures, say nothing.
  Comparison third;
  observe(third, calls(50, 0), calls(50, 0));
  observe(third, calls(50, 50), calls(50, 50));
  for (const double ratio : third.log_ratios) EXPECT_EQ(ratio, 0);
}

TEST(Canary, MuchTrafficWithoutADifferenceIsFine) {
  Comparison comparison;
  for (int i = 0; i < 400; ++i) observe(comparison, calls(95, 1), calls(5, i % 20 == 0 ? 1 : 0));
  CanaryGuards guards;
  guards.cost.reset();
  guards.feedback.reset();
  const Judgement judgement = judge(comparison, guards);
  EXPECT_EQ(find(judgement, "error_rate").state, MetricState::kFine);
  EXPECT_EQ(find(judgement, "latency").state, MetricState::kFine);
  EXPECT_EQ(judgement.verdict, "The candidate is as good as what runs, by 2000 and 38000 calls.");
}

TEST(Canary, FewCallsAreTooFew) {
  Comparison comparison;
  observe(comparison, calls(100, 1), calls(3, 0));
  const Judgement judgement = judge(comparison, {});
  EXPECT_EQ(judgement.verdict, "Too early to say: 3 of at least 50 calls of the candidate.");
  for (const MetricJudgement& metric : judgement.metrics)
    EXPECT_EQ(metric.state, MetricState::kUndecided) << metric.metric;
  EXPECT_FALSE(find(judgement, "feedback").candidate.has_value());
}

TEST(Canary, EvidenceOnceSeenIsKept) {
  CanaryGuards guards;
  guards.error_rate = 0.5;  // never reached below
  Comparison comparison;
  for (int i = 0; i < 10; ++i) observe(comparison, calls(50, 0), calls(50, 6));
  const double first = find(judge(comparison, guards), "error_rate").p_value.value();
  for (int i = 0; i < 200; ++i) observe(comparison, calls(50, 2), calls(50, 1));
  const double later = find(judge(comparison, guards), "error_rate").p_value.value();
  EXPECT_LT(first, 1e-6);
  EXPECT_LE(later, first);
}

TEST(Canary, ItSurvivesBeingWrittenDown) {
  std::mt19937_64 random(17);
  Comparison comparison;
  observe(comparison, calls(95, 4, 1.5), calls(5, 2, 2));
  begin_stage(comparison);
  observe(comparison, calls(70, 1, 1.7), calls(30, 3, 3));
  judge(comparison, {});
  const std::string text = json::serialize(to_json(comparison));
  Comparison read = comparison_from_json(json::parse(text).as_object());
  EXPECT_EQ(json::serialize(to_json(read)), text);
  EXPECT_EQ(read.stages.size(), 2u);
  EXPECT_EQ(read.candidate().errors, 5);
  // What is damaged is an empty comparison, not a crash.
  EXPECT_EQ(comparison_from_json({{"stages", 3}, {"peaks", "x"}}).stages.size(), 1u);
}

TEST(CanaryPlan, DefaultsAndRefusals) {
  const auto plan = read_canary_plan({}, "canary");
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->steps.size(), 3u);
  EXPECT_TRUE(plan->automatic);
  const auto off = read_canary_plan(
      json::parse(R"({"steps":[{"percent":50,"minutes":0}],"guards":{"cost":null,"latency":2}})").as_object(),
      "canary");
  ASSERT_TRUE(off) << off.error().describe();
  EXPECT_FALSE(off->guards.cost.has_value());
  EXPECT_EQ(off->guards.latency, 2);
  EXPECT_EQ(off->guards.error_rate, 0.01);
  const auto again = read_canary_plan(to_json(*off), "canary");
  ASSERT_TRUE(again);
  EXPECT_EQ(json::serialize(to_json(*again)), json::serialize(to_json(*off)));
  const auto refused = [](std::string_view text) {
    const auto read = read_canary_plan(json::parse(text).as_object(), "canary");
    return read ? std::string("accepted") : read.error().where;
  };
  EXPECT_EQ(refused(R"({"steps":[]})"), "canary.steps");
  EXPECT_EQ(refused(R"({"steps":[{"percent":50,"minutes":1},{"percent":20,"minutes":1}]})"),
            "canary.steps[1].percent");
  EXPECT_EQ(refused(R"({"steps":[{"percent":5}]})"), "canary.steps[0].minutes");
  EXPECT_EQ(refused(R"({"guards":{"latency":0.2}})"), "canary.guards.latency");
  EXPECT_EQ(refused(R"({"guards":{"alpha":0}})"), "canary.guards.alpha");
}

}  // namespace
}  // namespace slipway::governance
