// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/evidence.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "evaluation/statistics/distributions.h"
#include "evaluation/statistics/power.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kUnitsMost = 10'000'000;  // more than any dataset has

// How far each unit moves the mean; the deviations of the scores where they are independent.
std::vector<double> influences(std::span<const double> values, std::span<const std::uint32_t> clusters,
                               double mean) {
  std::vector<double> out;
  if (clusters.empty()) {
    out.reserve(values.size());
    for (const double value : values) out.push_back(value - mean);
    return out;
  }
  std::vector<double> sums(values.size());
  std::vector<std::size_t> sizes(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums[clusters[i]] += values[i] - mean;
    ++sizes[clusters[i]];
  }
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (sizes[i] > 0 && sizes[i] < values.size())
      out.push_back(sums[i] / static_cast<double>(values.size() - sizes[i]));
  return out;
}

}  // namespace

std::string_view to_string(EvidenceMethod method) {
  constexpr std::array<std::string_view, 4> kNames = {"none", "exact", "few_differ", "skew_t"};
  return kNames[static_cast<std::size_t>(method)];
}

Result<MeanEvidence> MeanEvidence::make(std::span<const double> values,
                                        std::span<const std::uint32_t> clusters,
                                        const std::optional<Bounds>& bounds) {
  MeanOptions options;
  options.bounds = bounds;
  options.bootstrap = false;
  auto estimated =
      clusters.empty() ? estimate_mean(values, options) : estimate_clustered_mean(values, clusters, options);
  if (!estimated) return fail(std::move(estimated).error());
  const Estimate& estimate = *estimated;
  MeanEvidence out;
  out.count_ = estimate.count;
  out.clustered_ = !clusters.empty();
  out.units_ = out.clustered_ ? estimate.clusters : estimate.count;
  out.mean_ = estimate.mean;
  out.bounds_ = bounds;
  out.degrees_ = estimate.degrees;
  out.deviation_ = estimate.standard_error.value_or(0) * std::sqrt(static_cast<double>(out.units_));
  Moments moments;
  for (const double influence : influences(values, clusters, out.mean_)) moments.add(influence);
  out.skewness_ = moments.skewness();
  switch (estimate.method) {
    case IntervalMethod::kNone: break;
    case IntervalMethod::kWilson:
      out.method_ = EvidenceMethod::kExact;
      out.highs_ = static_cast<std::size_t>(std::ranges::count(values, bounds->high));
      break;
    case IntervalMethod::kFewDiffer:
      out.method_ = EvidenceMethod::kNearlyEqual;
      out.few_ = *estimate.few_differ;
      break;
    case IntervalMethod::kStudent:
    case IntervalMethod::kBca:
    case IntervalMethod::kClustered: out.method_ = EvidenceMethod::kSkewT; break;
  }
  return out;
}

double MeanEvidence::share_of(double limit) const {
  return (limit - bounds_->low) / (bounds_->high - bounds_->low);
}

// A mean on the other side of the limit needs a share of scores that differ from the usual one of at least
// `needed`, all at the bound on that side.
double MeanEvidence::few_p(double limit, bool above) const {
  const double room = above ? few_.usual - bounds_->low : bounds_->high - few_.usual;
  const double distance = above ? few_.usual - limit : limit - few_.usual;
  if (!(distance > 0)) return 1;
  if (!(room > 0) || distance > room) return 0;
  return binomial_cdf(static_cast<double>(few_.differing), static_cast<double>(few_.units), distance / room);
}

double MeanEvidence::skew_t_p(double limit, bool above) const {
  const auto n = static_cast<double>(units_);
  const double t = (mean_ - limit) * std::sqrt(n) / deviation_;
  const double a = skewness_ / std::sqrt(n);
  const double g = t + a * t * t / 3 + a * a * t * t * t / 27 + a / 6;
  return above ? student_sf(g, degrees_) : student_sf(-g, degrees_);
}

// The mean for which the transformed t is `quantile`.
double MeanEvidence::skew_t_limit(double quantile) const {
  const auto n = static_cast<double>(units_);
  const double a = skewness_ / std::sqrt(n);
  const double t = std::abs(a) < 1e-9 ? quantile : 3 / a * (std::cbrt(1 + a * (quantile - a / 6)) - 1);
  return mean_ - t * deviation_ / std::sqrt(n);
}

double MeanEvidence::p_above(double limit) const {
  switch (method_) {
    case EvidenceMethod::kNone: return 1;
    case EvidenceMethod::kExact: {
      const double share = share_of(limit);
      if (share < 0) return 0;
      if (share >= 1 || highs_ == 0) return 1;
      return 1 - binomial_cdf(static_cast<double>(highs_) - 1, static_cast<double>(count_), share);
    }
    case EvidenceMethod::kNearlyEqual: return few_p(limit, true);
    case EvidenceMethod::kSkewT: break;
  }
  return skew_t_p(limit, true);
}

double MeanEvidence::p_below(double limit) const {
  switch (method_) {
    case EvidenceMethod::kNone: return 1;
    case EvidenceMethod::kExact: {
      const double share = share_of(limit);
      if (share > 1) return 0;
      if (share <= 0 || highs_ == count_) return 1;
      return binomial_cdf(static_cast<double>(highs_), static_cast<double>(count_), share);
    }
    case EvidenceMethod::kNearlyEqual: return few_p(limit, false);
    case EvidenceMethod::kSkewT: break;
  }
  return skew_t_p(limit, false);
}

double MeanEvidence::symmetric_p(double limit, bool above) const {
  if (method_ != EvidenceMethod::kSkewT) return above ? p_above(limit) : p_below(limit);
  const double t = (mean_ - limit) * std::sqrt(static_cast<double>(units_)) / deviation_;
  return student_sf(above ? t : -t, degrees_);
}

Interval MeanEvidence::few_interval(double alpha) const {
  return few_differ_interval(few_.usual, few_.differing, few_.units, *bounds_, 1 - alpha);
}

std::optional<Interval> MeanEvidence::interval(double alpha) const {
  switch (method_) {
    case EvidenceMethod::kNone: return std::nullopt;
    case EvidenceMethod::kNearlyEqual: return few_interval(alpha);
    case EvidenceMethod::kExact: {
      const double width = bounds_->high - bounds_->low;
      return Interval{bounds_->high - share_at_most(count_ - highs_, count_, 1 - alpha) * width,
                      bounds_->low + share_at_most(highs_, count_, 1 - alpha) * width};
    }
    case EvidenceMethod::kSkewT: break;
  }
  const double reach = student_quantile(1 - alpha, degrees_);
  Interval out{skew_t_limit(reach), skew_t_limit(-reach)};
  if (bounds_) {
    out.low = std::clamp(out.low, bounds_->low, bounds_->high);
    out.high = std::clamp(out.high, bounds_->low, bounds_->high);
  }
  return out;
}

std::optional<std::size_t> MeanEvidence::units_to_decide(double limit, double alpha, double power) const {
  if (method_ == EvidenceMethod::kNone || mean_ == limit) return std::nullopt;
  PowerOptions options;
  options.alpha = alpha;
  options.power = power;
  options.tail = mean_ > limit ? Tail::kGreater : Tail::kLess;
  if (method_ == EvidenceMethod::kNearlyEqual ||
      (method_ == EvidenceMethod::kExact && (highs_ == 0 || highs_ == count_))) {
    // As many differ of many as of few: what would the test say?
    const bool above = mean_ > limit;
    const double share =
        method_ == EvidenceMethod::kNearlyEqual
            ? static_cast<double>(few_.differing) / static_cast<double>(std::max<std::size_t>(few_.units, 1))
            : 0;
    MeanEvidence more = *this;
    if (method_ == EvidenceMethod::kExact) {
      more.method_ = EvidenceMethod::kNearlyEqual;
      more.few_ = {highs_ == 0 ? bounds_->low : bounds_->high, 0, count_};
    }
    const auto shown = [&](std::size_t units) {
      more.few_.units = units;
      more.few_.differing = static_cast<std::size_t>(std::ceil(share * static_cast<double>(units)));
      return more.few_p(limit, above) <= alpha;
    };
    std::size_t high = std::max<std::size_t>(units_, 2);
    while (!shown(high)) {
      if (high > kUnitsMost) return std::nullopt;
      high *= 2;
    }
    std::size_t low = high / 2;
    while (low + 1 < high) {
      const std::size_t middle = low + (high - low) / 2;
      (shown(middle) ? high : low) = middle;
    }
    return high;
  }
  if (method_ == EvidenceMethod::kExact) {
    const double share = share_of(limit);
    if (!(share > 0 && share < 1)) return std::nullopt;
    const auto cases = cases_for_share(share_of(mean_), share, options);
    return cases && *cases <= kUnitsMost ? std::optional(*cases) : std::nullopt;
  }
  const auto cases = cases_for_mean(mean_ - limit, deviation_, options);
  return cases && *cases <= kUnitsMost ? std::optional(*cases) : std::nullopt;
}

}  // namespace slipway::evaluation
