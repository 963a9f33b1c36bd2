// SPDX-License-Identifier: Apache-2.0
// A candidate against a baseline on the same cases. Everything is about differences, candidate minus
// baseline, of which more is better. NaN and infinity are refused (kInvalidArgument), as are no pairs at all.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evaluation/statistics/intervals.h"

namespace slipway::evaluation {

// What is to be shown: that the candidate differs, is better, or is worse.
enum class Tail : std::uint8_t { kTwoSided, kGreater, kLess };

enum class PairedTest : std::uint8_t { kStudent, kClustered, kWilcoxon, kMcnemar, kPermutation, kNone };
std::string_view to_string(PairedTest test);  // "paired_t", "clustered_t", "wilcoxon", …

struct TestResult {
  PairedTest test = PairedTest::kNone;
  double statistic = 0;  // t; the sum of positive ranks; the smaller count; the mean difference
  double p_value = 1;
  std::size_t pairs = 0;
  std::size_t used = 0;  // pairs that say something: for some tests those that differ
  bool exact = false;    // the p-value is no approximation and needed no random numbers
};

Result<std::vector<double>> differences(std::span<const double> baseline, std::span<const double> candidate);

// Student (1908). kInvalidArgument for fewer than two pairs, and for differences that are all equal but not
// zero: their spread is not known; the permutation test still tells.
Result<TestResult> paired_t_test(std::span<const double> differences, Tail tail);

// Pairs without a difference are left out (Wilcoxon 1945). Exact up to 50 pairs without ties, else normal
// with corrections for ties and continuity, as SciPy does.
inline constexpr std::size_t kWilcoxonExact = 50;
Result<TestResult> wilcoxon_test(std::span<const double> differences, Tail tail);

// `gained`: cases that only the candidate passed; `lost`: only the baseline. Exact: binomial.
TestResult mcnemar_exact(std::size_t gained, std::size_t lost, std::size_t pairs, Tail tail);
// Chi squared with Edwards' continuity correction, two-sided.
TestResult mcnemar_chi_squared(std::size_t gained, std::size_t lost, std::size_t pairs);

// Signs of differences flipped: all ways for up to 16 pairs that differ, else kFlips random ones, the
// observed one counted among them (Phipson and Smyth 2010), so that no p-value is zero. Cost: pairs times
// flips.
inline constexpr std::size_t kPermutationExact = 16;
inline constexpr std::size_t kFlips = 9'999;
Result<TestResult> permutation_test(std::span<const double> differences, Tail tail, std::uint64_t seed = 1);

struct ComparisonOptions {
  double confidence = 0.95;
  Tail tail = Tail::kTwoSided;
  std::optional<Bounds> bounds;             // of a score, not of a difference
  std::span<const std::uint32_t> clusters;  // empty: cases are independent
  std::uint64_t seed = 1;
};

struct PairedComparison {
  Estimate difference;
  TestResult test;
};

// The estimate of the difference and the test that fits: shared clusters: t with the cluster-robust error;
// scores that pass or fail: McNemar's exact; up to kPermutationMost pairs: permutation; more: paired t, which
// by then gives the same p-value for less work.
inline constexpr std::size_t kPermutationMost = 1'000;
Result<PairedComparison> compare_paired(std::span<const double> differences,
                                        const ComparisonOptions& options = {});

struct NonInferiority {
  Estimate difference;           // with its two-sided interval
  std::optional<double> lowest;  // one-sided limit: the difference is more than this with the confidence
  double p_value = 1;            // of "the candidate is worse by the margin or more"
  bool shown = false;            // lowest > -margin
};

// Whether the candidate is worse by less than `margin` (> 0). t, cluster-robust where there are clusters;
// where nearly no pair differs, from how many may (few_differ_interval).
Result<NonInferiority> non_inferiority(std::span<const double> differences, double margin,
                                       const ComparisonOptions& options = {});

}  // namespace slipway::evaluation
