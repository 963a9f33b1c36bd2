// SPDX-License-Identifier: Apache-2.0
// Stopping a run as soon as its answer is clear, however often one looks: e-values and confidence sequences
// for means of bounded values by betting (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random
// variables by betting", JRSS B 86:1; arXiv 2010.09686). Nothing is assumed but the bounds and that each
// value's mean, given those before, is the same: run cases in random order, and where cases share clusters
// give the mean of each cluster as one value. Not thread-safe.
//
// The canary's test (governance/canary.h) is another one on purpose: durations and costs have no bounds, so
// it has to trust a normal approximation; scores have, so this needn't.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "evaluation/statistics/intervals.h"

namespace slipway::evaluation {

// A bet of at most half of the capital, at fair odds if the mean is `null_mean`, on values lying above (or
// below) it. By Ville's inequality the capital, which starts at 1, ever reaches 1/alpha with a chance of at
// most alpha if the mean is not above (below) `null_mean`.
class BettingTest {
 public:
  enum class Side : std::uint8_t { kAbove, kBelow };
  // Values and `null_mean` lie between 0 and 1.
  BettingTest(double null_mean, Side side) : null_mean_(null_mean), side_(side) {}

  void add(double value);
  [[nodiscard]] double log_evidence() const { return log_capital_; }  // logarithm of the e-value
  [[nodiscard]] double p_value() const;  // always valid: 1 over the most capital there ever was

 private:
  double null_mean_;
  Side side_;
  double log_capital_ = 0;
  double log_most_ = 0;
  // What has been seen: the bet on a value depends on those before it only.
  std::size_t count_ = 0;
  double sum_ = 0;
  double squares_ = 0;
};

// Limits for the mean that hold at all times at once: at level 1 - confidence, the mean ever lies outside
// with a chance of at most that. Hedged capital over a grid of kSteps means; about 2 µs a value.
class ConfidenceSequence {
 public:
  static constexpr std::size_t kSteps = 400;
  static Result<ConfidenceSequence> make(const Bounds& bounds, double confidence);

  // kInvalidArgument for a value that isn't finite or outside of the bounds.
  Result<> add(double value);
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] Interval interval() const;  // never wider than before

 private:
  ConfidenceSequence(const Bounds& bounds, double confidence);
  Bounds bounds_;
  double alpha_;
  std::size_t count_ = 0;
  double sum_ = 0;
  double squares_ = 0;
  // Capital of the bets above and below each mean of the grid; those left of low_ and right of high_ are
  // ruled out and no longer kept up.
  std::vector<double> above_;
  std::vector<double> below_;
  std::size_t low_ = 0;
  std::size_t high_ = kSteps;
};

enum class SequentialState : std::uint8_t { kUndecided, kNotWorse, kWorse };
std::string_view to_string(SequentialState state);

// A candidate against a baseline while the run goes on. kWorse: the mean difference is below -margin;
// kNotWorse: it is above -margin. Each is said wrongly with a chance of at most alpha, over all looks
// together. Once decided it stays so.
class SequentialComparison {
 public:
  // `bounds` of a score; 0 <= margin < their distance; 0 < alpha < 0.5.
  static Result<SequentialComparison> make(const Bounds& bounds, double margin, double alpha);

  // `difference`: candidate minus baseline on one case (or the mean of it over a cluster).
  Result<> add(double difference);
  [[nodiscard]] SequentialState state() const { return state_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] double p_worse() const { return worse_.p_value(); }
  [[nodiscard]] double p_not_worse() const { return not_worse_.p_value(); }

 private:
  SequentialComparison(double width, double margin, double alpha);
  double width_;
  double alpha_;
  std::size_t count_ = 0;
  BettingTest worse_;
  BettingTest not_worse_;
  SequentialState state_ = SequentialState::kUndecided;
};

}  // namespace slipway::evaluation
