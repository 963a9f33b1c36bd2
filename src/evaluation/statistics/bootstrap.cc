// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "evaluation/statistics/distributions.h"
#include "evaluation/statistics/random.h"

namespace slipway::evaluation {

std::vector<double> resampled_means(std::span<const double> values, std::size_t resamples,
                                    std::uint64_t seed) {
  SeededRandom random(seed);
  const std::size_t n = values.size();
  std::vector<double> means(resamples);
  for (double& mean : means) {
    // Four sums: additions needn't wait for each other.
    double sums[4] = {};
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4)
      for (double& sum : sums) sum += values[random.below(n)];
    for (; i < n; ++i) sums[0] += values[random.below(n)];
    mean = (sums[0] + sums[1] + sums[2] + sums[3]) / static_cast<double>(n);
  }
  std::ranges::sort(means);
  return means;
}

std::optional<Interval> bca_interval(std::span<const double> values, std::span<const double> distribution,
                                     double reach) {
  const auto n = static_cast<double>(values.size());
  const auto count = static_cast<double>(distribution.size());
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  const auto below = static_cast<double>(std::ranges::lower_bound(distribution, mean) - distribution.begin());
  const auto at_most =
      static_cast<double>(std::ranges::upper_bound(distribution, mean) - distribution.begin());
  const double share = (below + at_most) / (2 * count);
  if (!(share > 0 && share < 1)) return std::nullopt;
  const double bias = normal_quantile(share);
  // Acceleration from the jackknife: leaving value i out moves the mean by (mean - value) / (n - 1).
  double squares = 0;
  double cubes = 0;
  for (const double value : values) {
    const double moved = value - mean;
    squares += moved * moved;
    cubes += moved * moved * moved;
  }
  if (!(squares > 0)) return std::nullopt;
  const double acceleration = cubes / (6 * std::pow(squares, 1.5));
  const auto end_at = [&](double z) {
    const double level = normal_cdf(bias + (bias + z) / (1 - acceleration * (bias + z)));
    const double place = level * (count - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, distribution.size() - 1);
    return std::lerp(distribution[low], distribution[high], place - std::floor(place));
  };
  return Interval{end_at(-reach), end_at(reach)};
}

double small_sample_reach(std::size_t n, double confidence) {
  const auto count = static_cast<double>(n);
  return student_quantile((1 + confidence) / 2, count - 1) * std::sqrt(count / (count - 1));
}

}  // namespace slipway::evaluation
