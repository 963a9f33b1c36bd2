// SPDX-License-Identifier: Apache-2.0
// How far judges agree beyond chance. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "evaluation/statistics/intervals.h"

namespace slipway::evaluation {

// How bad a disagreement is: any is as bad as any other; by the distance of the labels; by its square.
enum class KappaWeights : std::uint8_t { kNone, kLinear, kQuadratic };

struct Kappa {
  double kappa = 0;
  double standard_error = 0;  // Fleiss, Cohen and Everitt (1969)
  Interval interval;          // normal, clipped to -1…1; widened where the error is zero (see .cc)
  std::size_t count = 0;
  double agreement = 0;  // share of equal labels
};
inline constexpr std::size_t kLabelsLimit = 1'000;

// Cohen (1960), weighted (1968). Labels are 0…n-1 in their order, one of each judge for every case.
// kInvalidArgument for no cases, different numbers of labels, and where both judges always give one and the
// same label: then chance agrees perfectly, and nothing lies beyond it.
Result<Kappa> cohen_kappa(std::span<const std::uint32_t> first, std::span<const std::uint32_t> second,
                          KappaWeights weights = KappaWeights::kNone, double confidence = 0.95);

// The same from counts: `table[a * labels + b]` cases that the one gave a and the other b.
Result<Kappa> cohen_kappa(std::span<const std::size_t> table, std::size_t labels,
                          KappaWeights weights = KappaWeights::kNone, double confidence = 0.95);

enum class Scale : std::uint8_t { kNominal, kOrdinal, kInterval };
// Different ratings at most; of a finer scale, round.
inline constexpr std::size_t kRatingsLimit = 2'000;

// Krippendorff's alpha (2011, "Computing Krippendorff's alpha-reliability"). One row a judge, one column a
// case, nullopt where a judge gave no rating; cases with fewer than two ratings say nothing and are left out.
// kInvalidArgument for rows of different length, no case with two ratings, and ratings that are all equal.
Result<double> krippendorff_alpha(std::span<const std::vector<std::optional<double>>> judges, Scale scale);
// The same from counts: so many cases with these ratings, one a judge.
struct RatedAlike {
  std::vector<std::optional<double>> ratings;
  std::size_t cases = 0;
};
Result<double> krippendorff_alpha(std::span<const RatedAlike> cases, Scale scale);

}  // namespace slipway::evaluation
