// SPDX-License-Identifier: Apache-2.0
// What a set of scores looks like. NaN and infinity never enter: each function refuses them with
// kInvalidArgument that says where. Pure functions and values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::evaluation {

// kInvalidArgument that names the first value that is no finite number; `what` is how people call the values.
Result<> require_finite(std::span<const double> values, std::string_view what = "scores");

// Count, mean, variance and third moment of a stream of values, in one pass (Welford 1962; merging and the
// third moment after Pébay 2008). Not thread-safe; merge() joins the parts of several threads.
class Moments {
 public:
  // `value` must be finite: whoever reads it from outside checks.
  void add(double value);
  void merge(const Moments& other);

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] double mean() const { return mean_; }
  [[nodiscard]] double variance() const;  // of the population the values come from (n - 1); 0 for n < 2
  [[nodiscard]] double deviation() const;
  [[nodiscard]] double skewness() const;  // biased, m3 / m2^1.5; 0 where all values are equal
  [[nodiscard]] double min() const { return min_; }
  [[nodiscard]] double max() const { return max_; }

 private:
  std::size_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
  double cubes_ = 0;
  double min_ = 0;
  double max_ = 0;
};

Result<Moments> moments_of(std::span<const double> values, std::string_view what = "scores");

// The values below which the shares `shares` (each 0…1) of `values` lie, interpolated linearly as NumPy does
// (Hyndman and Fan's type 7). kInvalidArgument for no values.
Result<std::vector<double>> quantiles(std::span<const double> values, std::span<const double> shares);

struct Histogram {
  double low = 0;
  double high = 0;
  std::vector<std::size_t> counts;  // of bins of equal width; the last one holds `high` as well
};
inline constexpr std::size_t kBinsLimit = 10'000;
// From the least to the greatest value; where these are equal, half a unit to each side.
Result<Histogram> histogram(std::span<const double> values, std::size_t bins);

}  // namespace slipway::evaluation
