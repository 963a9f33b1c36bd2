// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/sequential.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace slipway::evaluation {

namespace {

// No bet risks more than this share of the capital.
constexpr double kMostRisk = 0.5;
// Capital below this counts as lost: giving capital away keeps the bet fair, and slow denormals out.
constexpr double kLost = 1e-250;

// Mean and variance of the values so far, as if one value of 1/2 with the largest possible variance had been
// there before them.
struct Guess {
  double mean;
  double variance;
};
Guess guess(std::size_t count, double sum, double squares) {
  const double n = static_cast<double>(count) + 1;
  return {(0.5 + sum) / n, (0.25 + squares) / n};
}

Result<> check_value(double value, double low, double high) {
  if (value >= low && value <= high) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} does not lie between {} and {}", value, low, high),
              "value");
}

}  // namespace

void BettingTest::add(double value) {
  const bool above = side_ == Side::kAbove;
  const double x = above ? value : 1 - value;
  const double null = above ? null_mean_ : 1 - null_mean_;
  const Guess before = guess(count_, sum_, squares_);
  const double edge = (above ? before.mean : 1 - before.mean) - null;
  if (null > 0 && edge > 0) {
    // The bet that makes the capital grow fastest, approximately (section B.2 there, "aGRAPA").
    const double bet = std::min(edge / (before.variance + edge * edge), kMostRisk / null);
    log_capital_ += std::log1p(bet * (x - null));
    log_most_ = std::max(log_most_, log_capital_);
  }
  ++count_;
  sum_ += value;
  const double centre = guess(count_, sum_, squares_).mean;
  squares_ += (value - centre) * (value - centre);
}

double BettingTest::p_value() const { return std::exp(-log_most_); }

ConfidenceSequence::ConfidenceSequence(const Bounds& bounds, double confidence)
    : bounds_(bounds), alpha_(1 - confidence), above_(kSteps + 1, 1), below_(kSteps + 1, 1) {}

Result<ConfidenceSequence> ConfidenceSequence::make(const Bounds& bounds, double confidence) {
  SLIPWAY_TRY(check_confidence(confidence));
  if (!(std::isfinite(bounds.low) && std::isfinite(bounds.high) && bounds.low < bounds.high))
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} to {} are no bounds", bounds.low, bounds.high),
                "bounds");
  return ConfidenceSequence(bounds, confidence);
}

Result<> ConfidenceSequence::add(double value) {
  SLIPWAY_TRY(check_value(value, bounds_.low, bounds_.high));
  const double x = (value - bounds_.low) / (bounds_.high - bounds_.low);
  const Guess before = guess(count_, sum_, squares_);
  const auto t = static_cast<double>(count_ + 1);
  // The predictable plug-in bet (equation 26 there). It doesn't depend on the mean in question, so that what
  // is ruled out from below, and from above, are intervals (theorem 3).
  const double bet = std::sqrt(2 * std::log(2 / alpha_) / (before.variance * t * std::log(t + 1)));
  const double enough = 2 / alpha_;
  // A mean is ruled out from below by much capital of the bet above it, and all lower ones are with it.
  std::size_t low = low_;
  for (std::size_t i = low_; i <= high_; ++i) {
    const double mean = static_cast<double>(i) / kSteps;
    if (i > 0) {
      double& capital = above_[i];
      capital *= 1 + std::min(bet, kMostRisk / mean) * (x - mean);
      if (capital < kLost) capital = 0;
      if (capital >= enough) low = i;
    }
  }
  std::size_t high = high_;
  for (std::size_t i = high_ + 1; i-- > low_;) {
    if (i == kSteps) continue;
    const double mean = static_cast<double>(i) / kSteps;
    double& capital = below_[i];
    capital *= 1 - std::min(bet, kMostRisk / (1 - mean)) * (x - mean);
    if (capital < kLost) capital = 0;
    if (capital >= enough) high = i;
  }
  // Both limits past each other is an event of the alpha kind: an interval is left all the same.
  if (low <= high) {
    low_ = low;
    high_ = high;
  }
  ++count_;
  sum_ += x;
  const double centre = guess(count_, sum_, squares_).mean;
  squares_ += (x - centre) * (x - centre);
  return {};
}

Interval ConfidenceSequence::interval() const {
  const auto at = [&](std::size_t step) {
    return std::lerp(bounds_.low, bounds_.high, static_cast<double>(step) / kSteps);
  };
  // Where one point of the grid is left the mean lies between its neighbours.
  if (low_ == high_) return {at(low_ > 0 ? low_ - 1 : 0), at(std::min(high_ + 1, kSteps))};
  return {at(low_), at(high_)};
}

std::string_view to_string(SequentialState state) {
  constexpr std::array<std::string_view, 3> kNames = {"undecided", "not_worse", "worse"};
  return kNames[static_cast<std::size_t>(state)];
}

SequentialComparison::SequentialComparison(double width, double margin, double alpha)
    : width_(width),
      alpha_(alpha),
      worse_((width - margin) / (2 * width), BettingTest::Side::kBelow),
      not_worse_((width - margin) / (2 * width), BettingTest::Side::kAbove) {}

Result<SequentialComparison> SequentialComparison::make(const Bounds& bounds, double margin, double alpha) {
  const double width = bounds.high - bounds.low;
  if (!(std::isfinite(width) && width > 0))
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} to {} are no bounds", bounds.low, bounds.high),
                "bounds");
  if (!(margin >= 0 && margin < width))
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no margin", margin), "margin",
                fmt::format("It lies between 0 and {}", width));
  if (!(alpha > 0 && alpha < 0.5))
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no alpha", alpha), "alpha");
  return SequentialComparison(width, margin, alpha);
}

Result<> SequentialComparison::add(double difference) {
  SLIPWAY_TRY(check_value(difference, -width_, width_));
  const double x = (difference + width_) / (2 * width_);
  worse_.add(x);
  not_worse_.add(x);
  ++count_;
  if (state_ != SequentialState::kUndecided) return {};
  const double enough = -std::log(alpha_);
  if (worse_.log_evidence() >= enough) state_ = SequentialState::kWorse;
  if (not_worse_.log_evidence() >= enough) state_ = SequentialState::kNotWorse;
  return {};
}

}  // namespace slipway::evaluation
