// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/paired.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "evaluation/statistics/distributions.h"
#include "evaluation/statistics/random.h"

namespace slipway::evaluation {

namespace {

double student_p(double t, double degrees, Tail tail) {
  switch (tail) {
    case Tail::kGreater: return student_sf(t, degrees);
    case Tail::kLess: return student_sf(-t, degrees);
    case Tail::kTwoSided: break;
  }
  return std::min(1.0, 2 * student_sf(std::abs(t), degrees));
}

double tail_p(double less, double greater, Tail tail) {
  switch (tail) {
    case Tail::kGreater: return std::min(1.0, greater);
    case Tail::kLess: return std::min(1.0, less);
    case Tail::kTwoSided: break;
  }
  return std::min(1.0, 2 * std::min(less, greater));
}

Result<> check_pairs(std::span<const double> values) {
  SLIPWAY_TRY(require_finite(values, "differences"));
  if (!values.empty()) return {};
  return fail(ErrorCode::kInvalidArgument, "there are no pairs", "differences",
              "Candidate and baseline need cases that both were scored on");
}

struct Ranks {
  double positive = 0;  // sum of the ranks of positive differences
  double ties = 0;      // sum of t^3 - t over the groups of t equal ones
  std::size_t count = 0;
};

Ranks signed_ranks(std::span<const double> values) {
  std::vector<double> nonzero;
  nonzero.reserve(values.size());
  std::ranges::copy_if(values, std::back_inserter(nonzero), [](double value) { return value != 0; });
  std::ranges::sort(nonzero, {}, [](double value) { return std::abs(value); });
  Ranks out;
  out.count = nonzero.size();
  for (std::size_t begin = 0; begin < nonzero.size();) {
    std::size_t end = begin + 1;
    while (end < nonzero.size() && std::abs(nonzero[end]) == std::abs(nonzero[begin])) ++end;
    const auto size = static_cast<double>(end - begin);
    const double rank = static_cast<double>(begin + end + 1) / 2;
    out.ties += size * size * size - size;
    for (std::size_t i = begin; i < end; ++i)
      if (nonzero[i] > 0) out.positive += rank;
    begin = end;
  }
  return out;
}

// P(W <= sum) and P(W >= sum) for the ranks 1…n, each with a random sign.
std::array<double, 2> wilcoxon_tails(std::size_t n, std::size_t sum) {
  std::vector<double> ways(n * (n + 1) / 2 + 1);
  ways[0] = 1;
  for (std::size_t rank = 1; rank <= n; ++rank)
    for (std::size_t i = ways.size(); i-- > rank;) ways[i] += ways[i - rank];
  double less = 0;
  double greater = 0;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    if (i <= sum) less += ways[i];
    if (i >= sum) greater += ways[i];
  }
  const double all = std::ldexp(1.0, static_cast<int>(n));
  return {less / all, greater / all};
}

// The sum of the values with random signs.
double flipped_sum(std::span<const double> values, SeededRandom& random) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size();) {
    std::uint64_t bits = random.next();
    for (const std::size_t end = std::min(i + 64, values.size()); i < end; ++i, bits >>= 1)
      sum += std::bit_cast<double>(std::bit_cast<std::uint64_t>(values[i]) ^ (bits << 63));
  }
  return sum;
}

// A multiple of one step: differences of scores that pass or fail.
bool are_binary(std::span<const double> values, const std::optional<Bounds>& bounds) {
  if (!bounds) return false;
  const double width = bounds->high - bounds->low;
  return std::ranges::all_of(values, [&](double v) { return v == 0 || v == width || v == -width; });
}

std::optional<Bounds> difference_bounds(const std::optional<Bounds>& bounds) {
  if (!bounds) return std::nullopt;
  return Bounds{bounds->low - bounds->high, bounds->high - bounds->low};
}

Result<Estimate> estimate_difference(std::span<const double> values, const ComparisonOptions& options) {
  MeanOptions mean;
  mean.confidence = options.confidence;
  mean.bounds = difference_bounds(options.bounds);
  mean.seed = options.seed;
  if (!options.clusters.empty()) return estimate_clustered_mean(values, options.clusters, mean);
  return estimate_mean(values, mean);
}

}  // namespace

std::string_view to_string(PairedTest test) {
  constexpr std::array<std::string_view, 6> kNames = {"paired_t", "clustered_t", "wilcoxon",
                                                      "mcnemar",  "permutation", "none"};
  return kNames[static_cast<std::size_t>(test)];
}

Result<std::vector<double>> differences(std::span<const double> baseline, std::span<const double> candidate) {
  if (baseline.size() != candidate.size())
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{} scores of the candidate for {} of the baseline", candidate.size(), baseline.size()),
        "candidate", "Compare the cases that both have");
  SLIPWAY_TRY(require_finite(baseline, "baseline"));
  SLIPWAY_TRY(require_finite(candidate, "candidate"));
  std::vector<double> out(baseline.size());
  std::ranges::transform(candidate, baseline, out.begin(), std::minus<>());
  return out;
}

Result<TestResult> paired_t_test(std::span<const double> differences, Tail tail) {
  SLIPWAY_TRY(check_pairs(differences));
  if (differences.size() < 2)
    return fail(ErrorCode::kInvalidArgument, "one pair has no spread", "differences");
  Moments moments;
  for (const double value : differences) moments.add(value);
  TestResult out{PairedTest::kStudent, 0, 1, differences.size(), differences.size(), false};
  if (moments.variance() == 0) {
    if (moments.mean() == 0) return out;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("all differences are {}: their spread is not known", moments.mean()),
                "differences", "Use the permutation test");
  }
  const auto n = static_cast<double>(moments.count());
  out.statistic = moments.mean() / std::sqrt(moments.variance() / n);
  out.p_value = student_p(out.statistic, n - 1, tail);
  return out;
}

Result<TestResult> wilcoxon_test(std::span<const double> differences, Tail tail) {
  SLIPWAY_TRY(check_pairs(differences));
  const Ranks ranks = signed_ranks(differences);
  TestResult out{PairedTest::kWilcoxon, ranks.positive, 1, differences.size(), ranks.count, false};
  if (ranks.count == 0) return out;
  if (ranks.ties == 0 && ranks.count == differences.size() && ranks.count <= kWilcoxonExact) {
    const auto [less, greater] = wilcoxon_tails(ranks.count, static_cast<std::size_t>(ranks.positive));
    out.p_value = tail_p(less, greater, tail);
    out.exact = true;
    return out;
  }
  const auto n = static_cast<double>(ranks.count);
  const double mean = n * (n + 1) / 4;
  const double deviation = std::sqrt((n * (n + 1) * (2 * n + 1) - ranks.ties / 2) / 24);
  const double above = ranks.positive - mean;
  switch (tail) {
    case Tail::kGreater: out.p_value = normal_sf((above - 0.5) / deviation); break;
    case Tail::kLess: out.p_value = normal_cdf((above + 0.5) / deviation); break;
    case Tail::kTwoSided: {
      const double corrected = above == 0 ? 0 : std::abs(above) - 0.5;
      out.p_value = std::min(1.0, 2 * normal_sf(corrected / deviation));
      break;
    }
  }
  return out;
}

TestResult mcnemar_exact(std::size_t gained, std::size_t lost, std::size_t pairs, Tail tail) {
  const auto n = static_cast<double>(gained + lost);
  TestResult out{
      PairedTest::kMcnemar, static_cast<double>(std::min(gained, lost)), 1, pairs, gained + lost, true};
  if (gained + lost == 0) return out;
  // "Few gains" speaks for worse, "few losses" for better.
  const double less = binomial_cdf(static_cast<double>(gained), n, 0.5);
  const double greater = binomial_cdf(static_cast<double>(lost), n, 0.5);
  out.p_value = tail_p(less, greater, tail);
  return out;
}

TestResult mcnemar_chi_squared(std::size_t gained, std::size_t lost, std::size_t pairs) {
  TestResult out{PairedTest::kMcnemar, 0, 1, pairs, gained + lost, false};
  if (gained + lost == 0) return out;
  const double distance = std::abs(static_cast<double>(gained) - static_cast<double>(lost)) - 1;
  out.statistic = distance * distance / static_cast<double>(gained + lost);
  out.p_value = chi_squared_sf(out.statistic, 1);
  return out;
}

Result<TestResult> permutation_test(std::span<const double> differences, Tail tail, std::uint64_t seed) {
  SLIPWAY_TRY(check_pairs(differences));
  std::vector<double> nonzero;
  std::ranges::copy_if(differences, std::back_inserter(nonzero), [](double value) { return value != 0; });
  double observed = 0;
  double size = 0;
  for (const double value : nonzero) {
    observed += value;
    size += std::abs(value);
  }
  const auto n = static_cast<double>(differences.size());
  TestResult out{PairedTest::kPermutation, observed / n, 1, differences.size(), nonzero.size(), false};
  out.exact = nonzero.size() <= kPermutationExact;
  const double slack = size * 1e-13;  // sums in another order differ by rounding
  std::size_t at_most = 0;
  std::size_t at_least = 0;
  const auto count = [&](double sum) {
    at_most += sum <= observed + slack ? 1 : 0;
    at_least += sum >= observed - slack ? 1 : 0;
  };
  if (out.exact) {
    const std::uint32_t ways = 1U << nonzero.size();
    for (std::uint32_t way = 0; way < ways; ++way) {
      double sum = 0;
      for (std::size_t i = 0; i < nonzero.size(); ++i)
        sum += ((way >> i) & 1U) != 0 ? -nonzero[i] : nonzero[i];
      count(sum);
    }
    out.p_value = tail_p(static_cast<double>(at_most) / ways, static_cast<double>(at_least) / ways, tail);
    return out;
  }
  SeededRandom random(seed);
  for (std::size_t i = 0; i < kFlips; ++i) count(flipped_sum(nonzero, random));
  out.p_value = tail_p(static_cast<double>(at_most + 1) / (kFlips + 1),
                       static_cast<double>(at_least + 1) / (kFlips + 1), tail);
  return out;
}

Result<PairedComparison> compare_paired(std::span<const double> differences,
                                        const ComparisonOptions& options) {
  SLIPWAY_TRY(check_pairs(differences));
  PairedComparison out;
  SLIPWAY_ASSIGN(out.difference, estimate_difference(differences, options));
  if (!options.clusters.empty()) {
    const Estimate& estimate = out.difference;
    out.test.pairs = out.test.used = differences.size();
    out.test.test = PairedTest::kClustered;
    if (!estimate.standard_error || !(*estimate.standard_error > 0)) {
      out.test.test = PairedTest::kNone;
      return out;
    }
    out.test.statistic = estimate.mean / *estimate.standard_error;
    out.test.p_value =
        student_p(out.test.statistic, static_cast<double>(estimate.clusters - 1), options.tail);
    return out;
  }
  if (are_binary(differences, options.bounds)) {
    const auto gained = std::ranges::count_if(differences, [](double value) { return value > 0; });
    const auto lost = std::ranges::count_if(differences, [](double value) { return value < 0; });
    out.test = mcnemar_exact(static_cast<std::size_t>(gained), static_cast<std::size_t>(lost),
                             differences.size(), options.tail);
    return out;
  }
  if (differences.size() > kPermutationMost) {
    const auto test = paired_t_test(differences, options.tail);
    if (test) {
      out.test = *test;
      return out;
    }
  }
  SLIPWAY_ASSIGN(out.test, permutation_test(differences, options.tail, options.seed));
  return out;
}

Result<NonInferiority> non_inferiority(std::span<const double> differences, double margin,
                                       const ComparisonOptions& options) {
  SLIPWAY_TRY(check_pairs(differences));
  if (!(margin > 0) || !std::isfinite(margin))
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no margin", margin), "margin",
                "Say by how much worse is still good enough: a number above 0");
  NonInferiority out;
  SLIPWAY_ASSIGN(out.difference, estimate_difference(differences, options));
  const Estimate& estimate = out.difference;
  if (!estimate.interval || (!estimate.standard_error && estimate.method != IntervalMethod::kWilson))
    return out;
  if (estimate.method == IntervalMethod::kWilson) {
    // Each pair lies at one of the two ends: a share, exactly.
    const Bounds bounds = *difference_bounds(options.bounds);
    const double width = bounds.high - bounds.low;
    const auto lows = static_cast<std::size_t>(std::ranges::count(differences, bounds.low));
    out.lowest = bounds.high - share_at_most(lows, differences.size(), options.confidence) * width;
    const double needed = (bounds.high + margin) / width;
    if (needed < 1)
      out.p_value = binomial_cdf(static_cast<double>(lows), static_cast<double>(differences.size()), needed);
    else
      out.p_value = 0;  // no mean is that low
  } else if (estimate.few_differ) {
    const FewDiffer& few = *estimate.few_differ;
    const Bounds bounds = *difference_bounds(options.bounds);
    const double share = share_at_most(few.differing, few.units, options.confidence);
    out.lowest = few.usual - share * (few.usual - bounds.low);
    // A mean of -margin needs at least this share of differences at the lower end.
    const double needed = (few.usual + margin) / (few.usual - bounds.low);
    if (needed > 0)
      out.p_value = needed >= 1 ? 0
                                : binomial_cdf(static_cast<double>(few.differing),
                                               static_cast<double>(few.units), needed);
  } else {
    const double degrees =
        static_cast<double>(estimate.clusters > 0 ? estimate.clusters : estimate.count) - 1;
    out.lowest = estimate.mean - student_quantile(options.confidence, degrees) * *estimate.standard_error;
    out.p_value = student_sf((estimate.mean + margin) / *estimate.standard_error, degrees);
  }
  out.shown = *out.lowest > -margin;
  return out;
}

}  // namespace slipway::evaluation
