// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/descriptive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace slipway::evaluation {

Result<> require_finite(std::span<const double> values, std::string_view what) {
  const auto bad = std::ranges::find_if(values, [](double value) { return !std::isfinite(value); });
  if (bad == values.end()) return {};
  return fail(
      ErrorCode::kInvalidArgument, fmt::format("{} is not a finite number", *bad),
      fmt::format("{}[{}]", what, bad - values.begin()),
      "A case that has no score is an error of that case; leave it out and count it among the errors");
}

void Moments::add(double value) {
  if (count_ == 0) min_ = max_ = value;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  const auto before = static_cast<double>(count_);
  ++count_;
  const auto n = static_cast<double>(count_);
  const double delta = value - mean_;
  const double step = delta / n;
  const double term = delta * step * before;
  mean_ += step;
  cubes_ += term * step * (n - 2) - 3 * step * squares_;
  squares_ += term;
}

void Moments::merge(const Moments& other) {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = other;
    return;
  }
  const auto a = static_cast<double>(count_);
  const auto b = static_cast<double>(other.count_);
  const double n = a + b;
  const double delta = other.mean_ - mean_;
  cubes_ += other.cubes_ + delta * delta * delta * a * b * (a - b) / (n * n) +
            3 * delta * (a * other.squares_ - b * squares_) / n;
  squares_ += other.squares_ + delta * delta * a * b / n;
  mean_ += delta * b / n;
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double Moments::variance() const {
  // Equal values have none, whatever rounding says.
  return count_ < 2 || min_ == max_ ? 0 : squares_ / static_cast<double>(count_ - 1);
}

double Moments::deviation() const { return std::sqrt(variance()); }

double Moments::skewness() const {
  if (variance() == 0) return 0;
  const double n = static_cast<double>(count_);
  return cubes_ / n / std::pow(squares_ / n, 1.5);
}

Result<Moments> moments_of(std::span<const double> values, std::string_view what) {
  SLIPWAY_TRY(require_finite(values, what));
  Moments moments;
  for (const double value : values) moments.add(value);
  return moments;
}

Result<std::vector<double>> quantiles(std::span<const double> values, std::span<const double> shares) {
  SLIPWAY_TRY(require_finite(values));
  if (values.empty()) return fail(ErrorCode::kInvalidArgument, "no values have no quantiles", "values");
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  std::vector<double> out;
  out.reserve(shares.size());
  for (const double share : shares) {
    if (!(share >= 0 && share <= 1))
      return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no share between 0 and 1", share),
                  "shares");
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, sorted.size() - 1);
    out.push_back(std::lerp(sorted[low], sorted[high], place - std::floor(place)));
  }
  return out;
}

Result<Histogram> histogram(std::span<const double> values, std::size_t bins) {
  SLIPWAY_TRY(require_finite(values));
  if (bins == 0 || bins > kBinsLimit)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} bins", bins), "bins",
                fmt::format("Between 1 and {} are possible", kBinsLimit));
  if (values.empty()) return fail(ErrorCode::kInvalidArgument, "no values have no histogram", "values");
  const auto [least, most] = std::ranges::minmax(values);
  Histogram out{least, most, std::vector<std::size_t>(bins)};
  if (least == most) {
    out.low -= 0.5;
    out.high += 0.5;
  }
  // Halves first: the distance of two doubles may be more than a double holds.
  const double half_width = out.high / 2 - out.low / 2;
  for (const double value : values) {
    const double share = (value / 2 - out.low / 2) / half_width;
    const auto bin = static_cast<std::size_t>(share * static_cast<double>(bins));
    ++out.counts[std::min(bin, bins - 1)];
  }
  return out;
}

}  // namespace slipway::evaluation
