// SPDX-License-Identifier: Apache-2.0
// What a dataset can show before anything is run. Means and paired differences: Student's t with its
// noncentral distribution; shares against a threshold: normal with the variances of both. kInvalidArgument
// names the argument that is out of range. Pure functions; any thread.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "evaluation/statistics/paired.h"

namespace slipway::evaluation {

struct PowerOptions {
  double alpha = 0.05;
  double power = 0.8;
  Tail tail = Tail::kTwoSided;
};
// More cases than this are answered with kResourceExhausted: no dataset is that large.
inline constexpr std::size_t kCasesLimit = 1'000'000'000;

// The chance that a t test of n differences with the deviation `deviation` shows the true difference `effect`
// (in the tail's direction, for kLess a negative one).
Result<double> power_of_mean(double effect, double deviation, std::size_t cases,
                             const PowerOptions& options = {});
// The least difference (> 0) shown with the wanted power.
Result<double> detectable_effect(std::size_t cases, double deviation, const PowerOptions& options = {});
// The fewest cases that show `effect` with the wanted power.
Result<std::size_t> cases_for_mean(double effect, double deviation, const PowerOptions& options = {});

// The chance that n cases show a share to be above (kGreater), below or different from `threshold` if it is
// `share`; and the fewest cases that do. Both strictly between 0 and 1.
Result<double> power_of_share(double share, double threshold, std::size_t cases,
                              const PowerOptions& options = {});
Result<std::size_t> cases_for_share(double share, double threshold, const PowerOptions& options = {});
// The least distance of a share from `threshold`, in the tail's direction, that n cases show with the wanted
// power. kResourceExhausted if no share between 0 and 1 is far enough.
Result<double> detectable_share(std::size_t cases, double threshold, const PowerOptions& options = {});

// The deviation of paired differences of scores with these deviations and this correlation.
double paired_deviation(double baseline, double candidate, double correlation);

}  // namespace slipway::evaluation
