// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/sequential.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace slipway::evaluation {
namespace {

constexpr Bounds kUnit{0, 1};

// The difference of two passes or fails, with these chances.
double difference(double baseline, double candidate, std::mt19937_64& random) {
  return (std::bernoulli_distribution(candidate)(random) ? 1.0 : 0.0) -
         (std::bernoulli_distribution(baseline)(random) ? 1.0 : 0.0);
}

TEST(Sequential, KeepsAlphaOverAllLooks) {
  std::mt19937_64 random(3);
  int worse = 0;
  int not_worse = 0;
  constexpr int kRuns = 1'000;
  for (int run = 0; run < kRuns; ++run) {
    // Exactly as much worse as allowed: either decision is wrong, or just not.
    auto test = *SequentialComparison::make(kUnit, 0.1, 0.05);
    for (int i = 0; i < 600 && test.state() == SequentialState::kUndecided; ++i)
      ASSERT_TRUE(test.add(difference(0.8, 0.7, random)));
    worse += test.state() == SequentialState::kWorse ? 1 : 0;
    not_worse += test.state() == SequentialState::kNotWorse ? 1 : 0;
  }
  EXPECT_LT(worse, kRuns * 0.05 + 15);
  EXPECT_LT(not_worse, kRuns * 0.05 + 15);
}

TEST(Sequential, DecidesWhatIsClearEarly) {
  std::mt19937_64 random(4);
  auto bad = *SequentialComparison::make(kUnit, 0.05, 0.05);
  while (bad.state() == SequentialState::kUndecided && bad.count() < 1'000)
    ASSERT_TRUE(bad.add(difference(0.9, 0.4, random)));
  EXPECT_EQ(bad.state(), SequentialState::kWorse);
  EXPECT_LT(bad.count(), 200U);
  EXPECT_LE(bad.p_worse(), 0.05);
  auto good = *SequentialComparison::make(kUnit, 0.05, 0.05);
  while (good.state() == SequentialState::kUndecided && good.count() < 5'000) ASSERT_TRUE(good.add(0));
  EXPECT_EQ(good.state(), SequentialState::kNotWorse);
  EXPECT_LT(good.count(), 500U);
}

TEST(Sequential, ConfidenceSequencesHoldTheMeanAtAllTimes) {
  std::mt19937_64 random(5);
  for (const double mean : {0.0, 0.5, 0.97, 1.0}) {
    int missed = 0;
    constexpr int kRuns = 200;
    double width = 0;
    for (int run = 0; run < kRuns; ++run) {
      auto sequence = *ConfidenceSequence::make({-2, 2}, 0.95);
      bool held = true;
      for (int i = 0; i < 300; ++i) {
        const Interval before = sequence.interval();
        ASSERT_TRUE(sequence.add(std::bernoulli_distribution(mean)(random) ? 2 : -2));
        const Interval now = sequence.interval();
        ASSERT_GE(now.high - now.low, 0);
        ASSERT_LE(now.high - now.low, before.high - before.low + 0.03);
        const double truth = -2 + 4 * mean;
        held = held && now.low <= truth && truth <= now.high;
      }
      missed += held ? 0 : 1;
      width += (sequence.interval().high - sequence.interval().low) / 4 / kRuns;
    }
    EXPECT_LE(missed, kRuns * 0.05 + 10) << mean;
    EXPECT_LT(width, 0.25) << mean;
  }
}

TEST(Sequential, RefusesWhatHasNoBounds) {
  EXPECT_FALSE(ConfidenceSequence::make({1, 1}, 0.95));
  EXPECT_FALSE(ConfidenceSequence::make(kUnit, 0.4));
  EXPECT_FALSE(SequentialComparison::make(kUnit, 1, 0.05));
  EXPECT_FALSE(SequentialComparison::make(kUnit, -0.1, 0.05));
  EXPECT_FALSE(SequentialComparison::make(kUnit, 0.1, 0.5));
  auto sequence = *ConfidenceSequence::make(kUnit, 0.95);
  auto test = *SequentialComparison::make(kUnit, 0, 0.05);
  for (const double bad : {1.5, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_FALSE(sequence.add(bad));
    EXPECT_FALSE(test.add(bad));
  }
  EXPECT_EQ(sequence.count(), 0U);
  EXPECT_EQ(test.count(), 0U);
}

}  // namespace
}  // namespace slipway::evaluation
