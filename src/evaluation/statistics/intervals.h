// SPDX-License-Identifier: Apache-2.0
// How sure a mean is. docs/statistics.md says which interval is used when, and why. No interval has a width
// of zero: scores that are all equal get one from how few of them there are. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "evaluation/statistics/descriptive.h"

namespace slipway::evaluation {

struct Interval {
  double low = 0;
  double high = 0;
  bool operator==(const Interval&) const = default;
};

// Between what values a score lies by its definition, for instance 0 and 1.
struct Bounds {
  double low = 0;
  double high = 1;
};

enum class IntervalMethod : std::uint8_t {
  kNone,       // no interval: `note` says why
  kWilson,     // shares of two possible scores
  kStudent,    // mean of values, t
  kBca,        // mean of values, bootstrap
  kClustered,  // mean of values that share clusters, t on the number of clusters
  kFewDiffer,  // nearly all scores are equal: from the share that may differ
};
std::string_view to_string(IntervalMethod method);  // "none", "wilson", "t", "bca", "clustered", "few_differ"

// What an interval of the method kFewDiffer rests on.
struct FewDiffer {
  double usual = 0;           // the score of all the others
  std::size_t differing = 0;  // of `units`
  std::size_t units = 0;      // scores, or clusters
};

struct Estimate {
  std::size_t count = 0;     // scores
  std::size_t clusters = 0;  // 0 where the scores are independent
  double mean = 0;
  std::optional<double> standard_error;  // nullopt for one score, or one cluster
  std::optional<Interval> interval;
  IntervalMethod method = IntervalMethod::kNone;
  std::optional<FewDiffer> few_differ;  // with kFewDiffer only
  std::string note;                     // why there is no interval, or another one than usual
};

// Fewer scores than this say nothing about the shape of their distribution: t instead of BCa.
inline constexpr std::size_t kBcaLeast = 10;
// From here on t: what BCa corrects falls with the square root of the number of cases (a hundredth of the
// interval's width for a skewness of 2), what it costs rises with it.
inline constexpr std::size_t kBcaMost = 5'000;
// Fewer scores than this that differ from all the others: their spread is not known.
inline constexpr std::size_t kFewDiffer = 5;
// Resamples of a bootstrap.
inline constexpr std::size_t kResamples = 2'000;

struct MeanOptions {
  double confidence = 0.95;      // more than 0.5, less than 1
  std::optional<Bounds> bounds;  // of a score; without them equal scores have no interval
  std::uint64_t seed = 1;        // of the bootstrap
  bool bootstrap = true;         // false: t
};

// Wilson (1927), without continuity correction. kInvalidArgument for total = 0 or successes > total.
Result<Interval> wilson(std::size_t successes, std::size_t total, double confidence = 0.95);
// Clopper and Pearson (1934): an upper limit for a share, one-sided.
double share_at_most(std::size_t found, std::size_t total, double confidence);

// Estimate and interval of a share; method kWilson.
Result<Estimate> estimate_share(std::size_t successes, std::size_t total, double confidence = 0.95);

// Estimate and interval of a mean, by the first that fits: fewer than kFewDiffer scores differ from the most
// frequent one: kFewDiffer; all scores are one of the two bounds: kWilson; kBcaLeast to kBcaMost scores:
// kBca; else kStudent. With bounds, no interval reaches over them. kInvalidArgument for no scores, scores
// that aren't finite or outside of the bounds.
Result<Estimate> estimate_mean(std::span<const double> scores, const MeanOptions& options = {});

// The same where scores share clusters (several questions on one document): cluster-robust standard error
// (Miller 2024, arXiv 2411.00640, equation 4, times G/(G-1) for G clusters), Student's t on G-1 degrees of
// freedom. `clusters` gives each score's cluster as a number below `scores.size()`; numbers may be left out.
Result<Estimate> estimate_clustered_mean(std::span<const double> scores,
                                         std::span<const std::uint32_t> clusters,
                                         const MeanOptions& options = {});

// An interval for the mean of scores of which all but `differing` are `usual`: with the given confidence at
// most a share u of all scores differs (Clopper and Pearson; for none that differs u = 1 - (1-c)^(1/n), the
// "rule of three" of Hanley and Lippman-Hand 1983), and each of those lies within the bounds.
Interval few_differ_interval(double usual, std::size_t differing, std::size_t total, const Bounds& bounds,
                             double confidence);

// kInvalidArgument unless 0.5 < confidence < 1.
Result<> check_confidence(double confidence);

}  // namespace slipway::evaluation
