// SPDX-License-Identifier: Apache-2.0
// The bias-corrected and accelerated bootstrap (Efron 1987) of a mean. Deterministic for a seed. Pure
// functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evaluation/statistics/intervals.h"

namespace slipway::evaluation {

// Means of `resamples` samples drawn with replacement, sorted. `values` must not be empty.
std::vector<double> resampled_means(std::span<const double> values, std::size_t resamples,
                                    std::uint64_t seed);

// The BCa interval from a sorted bootstrap distribution of the mean, the same as SciPy's, but with the normal
// quantile z replaced by `reach` (z itself, or wider for small samples). nullopt where all resamples lie on
// one side of the mean.
std::optional<Interval> bca_interval(std::span<const double> values, std::span<const double> distribution,
                                     double reach);

// What to use as `reach` for n values: t on n-1 degrees of freedom times sqrt(n/(n-1)), because a bootstrap
// sample varies less than the population by (n-1)/n and its quantiles know nothing of the deviation being
// estimated ("expanded" intervals, Hesterberg 2015, The American Statistician 69:4, section 4.3).
double small_sample_reach(std::size_t n, double confidence);

}  // namespace slipway::evaluation
