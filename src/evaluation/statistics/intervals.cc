// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/intervals.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "evaluation/statistics/bootstrap.h"
#include "evaluation/statistics/distributions.h"

namespace slipway::evaluation {

namespace {

Result<> check_mean_options(std::span<const double> scores, const MeanOptions& options) {
  SLIPWAY_TRY(check_confidence(options.confidence));
  SLIPWAY_TRY(require_finite(scores));
  if (scores.empty())
    return fail(ErrorCode::kInvalidArgument, "there are no scores", "scores",
                "An evaluation without a scored case has no result");
  if (!options.bounds) return {};
  const Bounds& bounds = *options.bounds;
  if (!(std::isfinite(bounds.low) && std::isfinite(bounds.high) && bounds.low < bounds.high))
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} to {} are no bounds", bounds.low, bounds.high),
                "bounds");
  const auto outside =
      std::ranges::find_if(scores, [&](double score) { return score < bounds.low || score > bounds.high; });
  if (outside != scores.end())
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} lies outside of {} to {}", *outside, bounds.low, bounds.high),
                fmt::format("scores[{}]", outside - scores.begin()));
  return {};
}

// The score that more than half have (Boyer and Moore's vote finds it), if there is one.
std::optional<double> majority(std::span<const double> scores) {
  double candidate = 0;
  std::size_t votes = 0;
  for (const double score : scores) {
    if (votes == 0) candidate = score;
    if (score == candidate)
      ++votes;
    else
      --votes;
  }
  const auto same = static_cast<std::size_t>(std::ranges::count(scores, candidate));
  return 2 * same > scores.size() ? std::optional(candidate) : std::nullopt;
}

// The score that nearly all have.
struct Usual {
  double score = 0;
  std::size_t differing = 0;
};
std::optional<Usual> usual_score(std::span<const double> scores) {
  const std::optional<double> score = majority(scores);
  if (!score) return std::nullopt;
  const auto same = static_cast<std::size_t>(std::ranges::count(scores, *score));
  if (scores.size() - same >= kFewDiffer) return std::nullopt;
  return Usual{*score, scores.size() - same};
}

Interval clipped(Interval interval, const std::optional<Bounds>& bounds) {
  if (!bounds) return interval;
  return {std::clamp(interval.low, bounds->low, bounds->high),
          std::clamp(interval.high, bounds->low, bounds->high)};
}

Interval around(double mean, double reach) { return {mean - reach, mean + reach}; }

void set_few_differ(Estimate& estimate, const Usual& usual, std::size_t units, std::string_view unit,
                    const MeanOptions& options) {
  if (!options.bounds) {
    estimate.note =
        fmt::format("All {} {} are equal, and nothing is known of how far others may lie.", units, unit);
    return;
  }
  estimate.interval =
      few_differ_interval(usual.score, usual.differing, units, *options.bounds, options.confidence);
  estimate.method = IntervalMethod::kFewDiffer;
  estimate.few_differ = FewDiffer{usual.score, usual.differing, units};
  estimate.note =
      usual.differing == 0
          ? fmt::format("All {} {} are equal; the interval says how many others there may be.", units, unit)
          : fmt::format("Only {} of {} {} differ from the others.", usual.differing, units, unit);
}

// Cluster by cluster: how many scores, and the sum of what they lie above the mean.
struct ClusterSum {
  std::size_t count = 0;
  double deviation = 0;
  bool differs = false;  // has a score that is not the usual one
};

}  // namespace

std::string_view to_string(IntervalMethod method) {
  constexpr std::array<std::string_view, 6> kNames = {"none", "wilson",    "t",
                                                      "bca",  "clustered", "few_differ"};
  return kNames[static_cast<std::size_t>(method)];
}

Result<> check_confidence(double confidence) {
  if (confidence > 0.5 && confidence < 1) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no confidence", confidence), "confidence",
              "Choose one between 0.5 and 1, such as 0.95");
}

Result<Interval> wilson(std::size_t successes, std::size_t total, double confidence) {
  SLIPWAY_TRY(check_confidence(confidence));
  if (total == 0 || successes > total)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} of {} is no share", successes, total), "total");
  const double z = normal_quantile((1 + confidence) / 2);
  const auto n = static_cast<double>(total);
  const double share = static_cast<double>(successes) / n;
  const double centre = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double reach = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  Interval out = around(centre, reach);
  // Exact at the ends, where rounding would leave a few 1e-17.
  if (successes == 0) out.low = 0;
  if (successes == total) out.high = 1;
  return out;
}

double share_at_most(std::size_t found, std::size_t total, double confidence) {
  if (found >= total) return 1;
  if (found == 0) return 1 - std::pow(1 - confidence, 1 / static_cast<double>(total));
  return beta_quantile(confidence, static_cast<double>(found + 1), static_cast<double>(total - found));
}

Result<Estimate> estimate_share(std::size_t successes, std::size_t total, double confidence) {
  SLIPWAY_ASSIGN(const Interval interval, wilson(successes, total, confidence));
  const auto n = static_cast<double>(total);
  Estimate out;
  out.count = total;
  out.mean = static_cast<double>(successes) / n;
  if (total > 1) out.standard_error = std::sqrt(out.mean * (1 - out.mean) / (n - 1));
  out.interval = interval;
  out.method = IntervalMethod::kWilson;
  return out;
}

Interval few_differ_interval(double usual, std::size_t differing, std::size_t total, const Bounds& bounds,
                             double confidence) {
  const double share = share_at_most(differing, total, confidence);
  return {usual - share * (usual - bounds.low), usual + share * (bounds.high - usual)};
}

Result<Estimate> estimate_mean(std::span<const double> scores, const MeanOptions& options) {
  SLIPWAY_TRY(check_mean_options(scores, options));
  Moments moments;
  for (const double score : scores) moments.add(score);
  Estimate out;
  out.count = scores.size();
  out.mean = moments.mean();
  const auto n = static_cast<double>(out.count);
  if (out.count > 1) out.standard_error = std::sqrt(moments.variance() / n);
  // Two possible scores first: Wilson's interval is never of width zero.
  if (options.bounds) {
    const Bounds& bounds = *options.bounds;
    const auto highs = static_cast<std::size_t>(std::ranges::count(scores, bounds.high));
    const auto lows = static_cast<std::size_t>(std::ranges::count(scores, bounds.low));
    if (highs + lows == out.count) {
      SLIPWAY_ASSIGN(const Interval share, wilson(highs, out.count, options.confidence));
      const double width = bounds.high - bounds.low;
      out.interval = Interval{bounds.low + share.low * width, bounds.low + share.high * width};
      out.method = IntervalMethod::kWilson;
      return out;
    }
  }
  if (const std::optional<Usual> usual = usual_score(scores);
      usual && (options.bounds || usual->differing == 0)) {
    set_few_differ(out, *usual, out.count, "scores", options);
    return out;
  }
  if (out.count == 1) {
    out.note = "One score has no interval.";
    return out;
  }
  if (options.bootstrap && out.count >= kBcaLeast && out.count <= kBcaMost) {
    const std::vector<double> means = resampled_means(scores, kResamples, options.seed);
    if (const auto interval =
            bca_interval(scores, means, small_sample_reach(out.count, options.confidence))) {
      out.interval = clipped(*interval, options.bounds);
      out.method = IntervalMethod::kBca;
      return out;
    }
  }
  const double reach = student_quantile((1 + options.confidence) / 2, n - 1) * *out.standard_error;
  out.interval = clipped(around(out.mean, reach), options.bounds);
  out.method = IntervalMethod::kStudent;
  return out;
}

Result<Estimate> estimate_clustered_mean(std::span<const double> scores,
                                         std::span<const std::uint32_t> clusters,
                                         const MeanOptions& options) {
  SLIPWAY_TRY(check_mean_options(scores, options));
  if (clusters.size() != scores.size())
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} clusters for {} scores", clusters.size(), scores.size()), "clusters");
  Moments moments;
  for (const double score : scores) moments.add(score);
  const std::optional<double> most = majority(scores);
  std::vector<ClusterSum> sums(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (clusters[i] >= sums.size())
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} is not below the number of scores, {}", clusters[i], scores.size()),
                  fmt::format("clusters[{}]", i));
    ClusterSum& sum = sums[clusters[i]];
    ++sum.count;
    sum.deviation += scores[i] - moments.mean();
    sum.differs = sum.differs || scores[i] != most;
  }
  std::erase_if(sums, [](const ClusterSum& sum) { return sum.count == 0; });
  Estimate out;
  out.count = scores.size();
  out.clusters = sums.size();
  out.mean = moments.mean();
  if (out.clusters == 1) {
    out.note = "All scores are of one cluster: nothing says how much others differ from it.";
    return out;
  }
  double squares = 0;
  for (const ClusterSum& sum : sums) squares += sum.deviation * sum.deviation;
  const auto n = static_cast<double>(out.count);
  const auto g = static_cast<double>(out.clusters);
  out.standard_error = std::sqrt(squares * g / (g - 1)) / n;
  const auto differing = static_cast<std::size_t>(std::ranges::count(sums, true, &ClusterSum::differs));
  if (most && (differing == 0 || (options.bounds && differing < kFewDiffer && 2 * differing < sums.size()))) {
    set_few_differ(out, Usual{*most, differing}, out.clusters, "clusters", options);
    return out;
  }
  // Clusters whose means are all the same, up to rounding.
  if (!(*out.standard_error > 1e-12 * moments.deviation())) {
    set_few_differ(out, Usual{moments.mean(), 0}, out.clusters, "clusters' means", options);
    return out;
  }
  const double reach = student_quantile((1 + options.confidence) / 2, g - 1) * *out.standard_error;
  out.interval = clipped(around(out.mean, reach), options.bounds);
  out.method = IntervalMethod::kClustered;
  return out;
}

}  // namespace slipway::evaluation
