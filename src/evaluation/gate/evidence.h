// SPDX-License-Identifier: Apache-2.0
// What scores say about whether their mean lies above or below a limit. One-sided tests and the limits that
// belong to them; never from a bare mean. Immutable once made; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evaluation/statistics/intervals.h"

namespace slipway::evaluation {

// The first that fits:
// - independent scores that are all one of the two bounds: exact, binomial (Clopper and Pearson 1934);
// - nearly all are equal: from how many may differ (few_differ_interval), if there are bounds;
// - else Student's t after Hall's removal of skewness (1992, "On the removal of skewness by transformation",
//   JRSS B 54:1, 221-228), by clusters where there are some. What is skewed (latencies, costs, shares near 1)
//   would else be called good or bad too easily on one side;
// - nothing, where no spread can be told: a single score, a single cluster, figures that are all equal.
enum class EvidenceMethod : std::uint8_t { kNone, kExact, kNearlyEqual, kSkewT };
std::string_view to_string(EvidenceMethod method);  // "none", "exact", "few_differ", "skew_t"

class MeanEvidence {
 public:
  // `clusters` as of estimate_clustered_mean; empty: independent. kInvalidArgument as there.
  static Result<MeanEvidence> make(std::span<const double> values, std::span<const std::uint32_t> clusters,
                                   const std::optional<Bounds>& bounds);

  [[nodiscard]] double mean() const { return mean_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t units() const { return units_; }  // clusters, or scores
  [[nodiscard]] bool clustered() const { return clustered_; }
  [[nodiscard]] EvidenceMethod method() const { return method_; }
  [[nodiscard]] double deviation() const { return deviation_; }  // of units

  // p-values: small means that the mean surely lies above (below) the limit.
  [[nodiscard]] double p_above(double limit) const;
  [[nodiscard]] double p_below(double limit) const;
  // The same by plain t where p_above and p_below are kSkewT. For differences of runs that are equal if the
  // limit holds: these are symmetric, and removing a skewness that is not there costs alpha in the tails.
  [[nodiscard]] double symmetric_p(double limit, bool above) const;
  // The limits for which the first two are alpha: the mean lies outside on either side with a chance of at
  // most alpha.
  [[nodiscard]] std::optional<Interval> interval(double alpha) const;

  // How many units in all would show, with this power, on which side of `limit` the mean lies if it is what
  // it is here; nullopt where none of a sensible number would.
  [[nodiscard]] std::optional<std::size_t> units_to_decide(double limit, double alpha, double power) const;

 private:
  MeanEvidence() = default;
  [[nodiscard]] double share_of(double limit) const;
  [[nodiscard]] double few_p(double limit, bool above) const;
  [[nodiscard]] double skew_t_p(double limit, bool above) const;
  [[nodiscard]] double skew_t_limit(double quantile) const;
  [[nodiscard]] Interval few_interval(double alpha) const;

  std::size_t count_ = 0;
  std::size_t units_ = 0;
  bool clustered_ = false;
  EvidenceMethod method_ = EvidenceMethod::kNone;
  double mean_ = 0;
  double deviation_ = 0;  // of units: the standard error of the mean times the root of their number
  double degrees_ = 0;    // of freedom
  double skewness_ = 0;
  std::optional<Bounds> bounds_;
  std::size_t highs_ = 0;  // with kExact: scores at the upper bound
  FewDiffer few_;          // with kNearlyEqual
};

}  // namespace slipway::evaluation
