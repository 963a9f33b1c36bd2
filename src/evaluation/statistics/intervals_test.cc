// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/intervals.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "evaluation/statistics/bootstrap.h"
#include "evaluation/statistics/distributions.h"
#include "evaluation/statistics/random.h"
#include "evaluation/test_expected.h"

namespace slipway::evaluation {
namespace {

constexpr Bounds kUnit{0, 1};

MeanOptions within(Bounds bounds) {
  MeanOptions options;
  options.bounds = bounds;
  return options;
}

TEST(Intervals, WilsonAgreesWithStatsmodels) {
  for (const json::value& one : expected("statistics", "wilson")) {
    const auto found = wilson(count(one, "k"), count(one, "n"), number(one, "confidence"));
    ASSERT_TRUE(found);
    EXPECT_TRUE(is_near(found->low, number(list(one, "interval")[0])));
    EXPECT_TRUE(is_near(found->high, number(list(one, "interval")[1])));
    EXPECT_LT(found->low, found->high);
  }
  EXPECT_FALSE(wilson(0, 0));
  EXPECT_FALSE(wilson(2, 1));
  EXPECT_FALSE(wilson(1, 1, 1));
}

TEST(Intervals, StudentAgreesWithScipy) {
  MeanOptions options;
  options.bootstrap = false;
  for (const json::value& one : expected("statistics", "describe")) {
    const auto found = estimate_mean(numbers(one, "values"), options);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->method, IntervalMethod::kStudent);
    EXPECT_TRUE(is_near(found->interval->low, number(list(one, "t")[0]), 1e-9));
    EXPECT_TRUE(is_near(found->interval->high, number(list(one, "t")[1]), 1e-9));
  }
}

TEST(Intervals, BcaAgreesWithScipyOnItsResamples) {
  for (const json::value& one : expected("statistics", "bca")) {
    const auto found =
        bca_interval(numbers(one, "values"), numbers(one, "distribution"), normal_quantile(0.95));
    ASSERT_TRUE(found);
    EXPECT_TRUE(is_near(found->low, number(list(one, "interval")[0])));
    EXPECT_TRUE(is_near(found->high, number(list(one, "interval")[1])));
  }
}

TEST(Intervals, ClusteredAgreesWithStatsmodels) {
  for (const json::value& one : expected("statistics", "clustered")) {
    const auto clusters = numbers<std::uint32_t>(one, "clusters");
    const auto found = estimate_clustered_mean(numbers(one, "values"), clusters);
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found->method, IntervalMethod::kClustered);
    EXPECT_TRUE(is_near(*found->standard_error, number(one, "error")));
    EXPECT_TRUE(is_near(found->interval->low, number(list(one, "interval")[0])));
    EXPECT_TRUE(is_near(found->interval->high, number(list(one, "interval")[1])));
  }
}

TEST(Intervals, LimitsOfRareScoresAgreeWithScipy) {
  for (const json::value& one : expected("statistics", "few"))
    EXPECT_TRUE(is_near(share_at_most(count(one, "k"), count(one, "n"), 0.95), number(one, "limit")));
  EXPECT_EQ(share_at_most(3, 3, 0.95), 1);
}

TEST(Intervals, TheMethodFollowsFromTheScores) {
  std::vector<double> graded;
  SeededRandom random(7);
  for (int i = 0; i < 6'000; ++i) graded.push_back(random.uniform());
  const auto method = [&](std::size_t n) {
    return estimate_mean(std::span(graded).first(n), within(kUnit))->method;
  };
  EXPECT_EQ(method(kBcaLeast), IntervalMethod::kBca);
  EXPECT_EQ(method(kBcaMost), IntervalMethod::kBca);
  EXPECT_EQ(method(kBcaMost + 1), IntervalMethod::kStudent);
  EXPECT_EQ(method(kBcaLeast - 1), IntervalMethod::kStudent);
  const double passes[] = {0, 1, 1, 1};
  EXPECT_EQ(estimate_mean(passes, within(kUnit))->method, IntervalMethod::kWilson);
  EXPECT_EQ(estimate_mean(passes, within(kUnit))->interval, *wilson(3, 4));
  const double stars[] = {1, 5, 5, 5};
  EXPECT_TRUE(is_near(estimate_mean(stars, within({1, 5}))->interval->low, 1 + 4 * wilson(3, 4)->low));
}

TEST(Intervals, TheSeedDecidesTheBootstrap) {
  std::vector<double> scores;
  SeededRandom random(3);
  for (int i = 0; i < 40; ++i) scores.push_back(random.uniform());
  MeanOptions options;
  const auto first = estimate_mean(scores, options)->interval;
  EXPECT_EQ(estimate_mean(scores, options)->interval, first);
  options.seed = 2;
  EXPECT_NE(estimate_mean(scores, options)->interval, first);
}

TEST(Intervals, EqualScoresAreNoCertainty) {
  const std::vector<double> right(20, 1);
  EXPECT_EQ(estimate_mean(right, within(kUnit))->interval, *wilson(20, 20));
  const std::vector<double> same(20, 0.7);
  const Estimate some = *estimate_mean(same, within(kUnit));
  EXPECT_EQ(some.method, IntervalMethod::kFewDiffer);
  const double share = 1 - std::pow(0.05, 1 / 20.0);
  EXPECT_TRUE(is_near(some.interval->low, 0.7 - 0.7 * share));
  EXPECT_TRUE(is_near(some.interval->high, 0.7 + 0.3 * share));
  EXPECT_FALSE(some.note.empty());
  // Without bounds nothing can be said, and nothing is.
  const Estimate unknown = *estimate_mean(same);
  EXPECT_FALSE(unknown.interval);
  EXPECT_EQ(unknown.mean, 0.7);
  EXPECT_FALSE(unknown.note.empty());
  // One that differs narrows nothing.
  std::vector<double> nearly = same;
  nearly[3] = 0.5;
  EXPECT_EQ(estimate_mean(nearly, within(kUnit))->few_differ->differing, 1U);
  EXPECT_LT(estimate_mean(nearly, within(kUnit))->interval->low, some.interval->low);
}

TEST(Intervals, OneScoreAndNone) {
  const double one[] = {0.4};
  EXPECT_TRUE(estimate_mean(one, within(kUnit))->interval);
  EXPECT_FALSE(estimate_mean(one)->interval);
  EXPECT_FALSE(estimate_mean(one)->standard_error);
  const auto none = estimate_mean({}, within(kUnit));
  EXPECT_EQ(none.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(estimate_clustered_mean({}, {}));
  const double outside[] = {0, 2};
  EXPECT_NE(estimate_mean(outside, within(kUnit)).error().describe().find("scores[1]"), std::string::npos);
  const double bad[] = {0, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_FALSE(estimate_mean(bad, within(kUnit)));
}

TEST(Intervals, ClustersThatTellNothing) {
  const double scores[] = {0.1, 0.4, 0.2, 0.3};
  const std::uint32_t one[] = {2, 2, 2, 2};
  const Estimate alone = *estimate_clustered_mean(scores, one, within(kUnit));
  EXPECT_FALSE(alone.interval);
  EXPECT_FALSE(alone.note.empty());
  // Two clusters with the same mean.
  const std::uint32_t twins[] = {0, 0, 1, 1};
  const Estimate equal = *estimate_clustered_mean(scores, twins, within(kUnit));
  EXPECT_EQ(equal.method, IntervalMethod::kFewDiffer);
  EXPECT_GT(equal.interval->high - equal.interval->low, 0.5);
  const std::uint32_t wrong[] = {0, 0, 1, 9};
  EXPECT_NE(estimate_clustered_mean(scores, wrong).error().describe().find("clusters[3]"), std::string::npos);
  EXPECT_FALSE(estimate_clustered_mean(scores, std::span(twins).first(3)));
  // All passed: as many clusters as there are say so, not as many scores.
  const std::vector<double> passed(40, 1);
  std::vector<std::uint32_t> ten(40);
  for (std::uint32_t i = 0; i < 40; ++i) ten[i] = i / 4;
  const Estimate perfect = *estimate_clustered_mean(passed, ten, within(kUnit));
  EXPECT_TRUE(is_near(perfect.interval->low, std::pow(0.05, 0.1)));
}

// Scores between 0 and 1 with few, some or many different values.
std::vector<double> generated(std::uint64_t seed, std::size_t n, std::uint64_t steps) {
  SeededRandom random(seed);
  std::vector<double> out(n);
  for (double& score : out) score = static_cast<double>(random.below(steps + 1)) / static_cast<double>(steps);
  return out;
}

RC_GTEST_PROP(Intervals, AlwaysHoldTheMeanAndAreNeverPoints, (std::uint64_t seed)) {
  const std::size_t n = *rc::gen::inRange<std::size_t>(1, 200);
  const auto scores = generated(seed, n, *rc::gen::element<std::uint64_t>(1, 2, 5, 1'000));
  const auto found = estimate_mean(scores, within(kUnit));
  RC_ASSERT(found.has_value());
  RC_ASSERT(found->interval.has_value());
  RC_ASSERT(found->interval->low <= found->mean && found->mean <= found->interval->high);
  RC_ASSERT(found->interval->low < found->interval->high);
  RC_ASSERT(found->interval->low >= 0 && found->interval->high <= 1);
}

RC_GTEST_PROP(Intervals, ClustersOfOneAreIndependentScores, (std::uint64_t seed)) {
  const auto scores = generated(seed, *rc::gen::inRange<std::size_t>(10, 100), 1'000);
  std::vector<std::uint32_t> own(scores.size());
  for (std::uint32_t i = 0; i < own.size(); ++i) own[i] = i;
  MeanOptions options;
  options.bootstrap = false;
  const auto clustered = estimate_clustered_mean(scores, own, options);
  const auto plain = estimate_mean(scores, options);
  RC_ASSERT(bool(is_near(clustered->interval->low, plain->interval->low)));
  RC_ASSERT(bool(is_near(clustered->interval->high, plain->interval->high)));
}

}  // namespace
}  // namespace slipway::evaluation
