// SPDX-License-Identifier: Apache-2.0
// How good a judge is, held against people's labels, and what a rate that it measured is worth. Pure
// functions; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/result.h"
#include "evaluation/statistics/intervals.h"

namespace slipway::evaluation {

// Cases that people labelled, by what the judge said.
struct Confusion {
  std::size_t true_positives = 0;
  std::size_t false_positives = 0;
  std::size_t true_negatives = 0;
  std::size_t false_negatives = 0;

  [[nodiscard]] std::size_t positives() const { return true_positives + false_negatives; }
  [[nodiscard]] std::size_t negatives() const { return true_negatives + false_positives; }
};

struct JudgeQuality {
  Estimate accuracy;                    // share of right verdicts
  std::optional<Estimate> sensitivity;  // of the good cases, called good; nullopt without good cases
  std::optional<Estimate> specificity;  // of the bad cases, called bad
  double youden = 0;                    // sensitivity + specificity - 1; at most 0: no better than chance
};
// Wilson intervals. kInvalidArgument for no cases.
Result<JudgeQuality> judge_quality(const Confusion& confusion, double confidence = 0.95);

struct CorrectedRate {
  double measured = 0;
  double corrected = 0;  // within 0…1
  Interval interval;
};
// The true rate from a rate that a judge measured (`called_good` of `judged` other cases), corrected for its
// sensitivity and specificity: Rogan and Gladen (1978), with the interval of Lang and Reiczigel (2014), which
// counts the uncertainty of all three and stays honest where one of them is 0 or 1. kInvalidArgument without
// labelled cases of both kinds, and for a judge no better than chance (one that always says yes, for
// instance): nothing can be learned from it.
Result<CorrectedRate> rogan_gladen(std::size_t called_good, std::size_t judged, const Confusion& confusion,
                                   double confidence = 0.95);

// Mean of people's scores over all cases, of which a few have one and all have a judge's: prediction-powered
// inference (Angelopoulos et al. 2023, arXiv 2301.09633), with the weight of the judge's scores tuned to the
// narrowest interval (PPI++, arXiv 2311.01453) or 1. `lambda` in the result says how much the judge helps: 0
// for not at all.
struct PoweredMean {
  double mean = 0;
  double standard_error = 0;
  Interval interval;  // t on the number of labelled cases less one
  double lambda = 0;
  double labelled_mean = 0;  // without the judge
};
struct PoweredOptions {
  double confidence = 0.95;
  bool tune = true;
  std::optional<Bounds> bounds;  // of a score: clips, and widens an interval of width zero
};
inline constexpr std::size_t kLabelledLeast = 5;
// `labels` and `judged` belong to the same cases (at least kLabelledLeast); `unlabelled` are the judge's
// scores of the others (at least 2). Without bounds kInvalidArgument where the interval would have a width of
// zero.
Result<PoweredMean> prediction_powered_mean(std::span<const double> labels, std::span<const double> judged,
                                            std::span<const double> unlabelled,
                                            const PoweredOptions& options = {});

}  // namespace slipway::evaluation
