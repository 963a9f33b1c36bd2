// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "evaluation/statistics/distributions.h"

namespace slipway::evaluation {

Result<JudgeQuality> judge_quality(const Confusion& confusion, double confidence) {
  const std::size_t positives = confusion.positives();
  const std::size_t negatives = confusion.negatives();
  if (positives + negatives == 0)
    return fail(ErrorCode::kInvalidArgument, "there are no labelled cases", "labels",
                "Let people label some cases that the judge has judged");
  JudgeQuality out;
  SLIPWAY_ASSIGN(out.accuracy, estimate_share(confusion.true_positives + confusion.true_negatives,
                                              positives + negatives, confidence));
  if (positives > 0) {
    SLIPWAY_ASSIGN(out.sensitivity, estimate_share(confusion.true_positives, positives, confidence));
  }
  if (negatives > 0) {
    SLIPWAY_ASSIGN(out.specificity, estimate_share(confusion.true_negatives, negatives, confidence));
  }
  if (out.sensitivity && out.specificity) out.youden = out.sensitivity->mean + out.specificity->mean - 1;
  return out;
}

Result<CorrectedRate> rogan_gladen(std::size_t called_good, std::size_t judged, const Confusion& confusion,
                                   double confidence) {
  SLIPWAY_TRY(check_confidence(confidence));
  if (judged == 0 || called_good > judged)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} of {} is no share", called_good, judged),
                "judged");
  if (confusion.positives() == 0 || confusion.negatives() == 0)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("there are no labelled {} cases", confusion.positives() == 0 ? "good" : "bad"),
                "labels", "A judge is calibrated by cases of both kinds");
  const auto n = static_cast<double>(judged);
  const auto good = static_cast<double>(confusion.positives());
  const auto bad = static_cast<double>(confusion.negatives());
  const double sensitivity = static_cast<double>(confusion.true_positives) / good;
  const double specificity = static_cast<double>(confusion.true_negatives) / bad;
  if (!(sensitivity + specificity - 1 > 1e-12))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the judge is no better than chance: it calls {:.0f} % of the good and {:.0f} % "
                            "of the bad cases good",
                            sensitivity * 100, (1 - specificity) * 100),
                "labels", "Change the judge's prompt or model");
  CorrectedRate out;
  out.measured = static_cast<double>(called_good) / n;
  out.corrected = std::clamp((out.measured + specificity - 1) / (sensitivity + specificity - 1), 0.0, 1.0);
  // Lang and Reiczigel: each share moved towards the middle by added cases, the rate's by z squared, the
  // judge's by one right and one wrong verdict.
  const double z = normal_quantile((1 + confidence) / 2);
  const double n2 = n + z * z;
  const double rate = (static_cast<double>(called_good) + z * z / 2) / n2;
  const double se = (static_cast<double>(confusion.true_positives) + 1) / (good + 2);
  const double sp = (static_cast<double>(confusion.true_negatives) + 1) / (bad + 2);
  const double youden = se + sp - 1;
  if (!(youden > 1e-12)) {
    out.interval = {0, 1};
    return out;
  }
  const double centre = (rate + sp - 1) / youden;
  const double of_se = se * (1 - se) / good;
  const double of_sp = sp * (1 - sp) / bad;
  const double moved = 2 * z * z * (centre * of_se - (1 - centre) * of_sp);
  const double deviation =
      std::sqrt(rate * (1 - rate) / n2 + centre * centre * of_se + (1 - centre) * (1 - centre) * of_sp) /
      youden;
  out.interval = {std::clamp(centre + moved - z * deviation, 0.0, 1.0),
                  std::clamp(centre + moved + z * deviation, 0.0, 1.0)};
  // The estimate was clipped, or lies beyond the moved centre: the interval holds it.
  out.interval.low = std::min(out.interval.low, out.corrected);
  out.interval.high = std::max(out.interval.high, out.corrected);
  return out;
}

Result<PoweredMean> prediction_powered_mean(std::span<const double> labels, std::span<const double> judged,
                                            std::span<const double> unlabelled,
                                            const PoweredOptions& options) {
  SLIPWAY_TRY(check_confidence(options.confidence));
  if (labels.size() != judged.size())
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} labels for {} of the judge's scores", labels.size(), judged.size()),
                "labels");
  if (labels.size() < kLabelledLeast || unlabelled.size() < 2)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} labelled and {} other cases are too few", labels.size(), unlabelled.size()),
                "labels", fmt::format("At least {} and 2 are needed", kLabelledLeast));
  SLIPWAY_TRY(require_finite(labels, "labels"));
  SLIPWAY_ASSIGN(const Moments judge, moments_of(judged, "judged"));
  SLIPWAY_ASSIGN(const Moments others, moments_of(unlabelled, "unlabelled"));
  SLIPWAY_ASSIGN(const Moments people, moments_of(labels, "labels"));
  const auto n = static_cast<double>(labels.size());
  const auto m = static_cast<double>(unlabelled.size());
  PoweredMean out;
  out.labelled_mean = people.mean();
  out.lambda = 1;
  if (options.tune) {
    double together = 0;
    for (std::size_t i = 0; i < labels.size(); ++i)
      together += (labels[i] - people.mean()) * (judged[i] - judge.mean());
    Moments all = judge;
    all.merge(others);
    out.lambda = all.variance() > 0 ? together / (n - 1) / ((1 + n / m) * all.variance()) : 0;
    out.lambda = std::clamp(out.lambda, 0.0, 1.0);
  }
  // People's scores less what the judge's say about them, and what the judge's say of all.
  Moments rest;
  for (std::size_t i = 0; i < labels.size(); ++i) rest.add(labels[i] - out.lambda * judged[i]);
  out.mean = out.lambda * others.mean() + rest.mean();
  const double of_others = out.lambda * out.lambda * others.variance() / m;
  out.standard_error = std::sqrt(of_others + rest.variance() / n);
  const double t = student_quantile((1 + options.confidence) / 2, n - 1);
  out.interval = {out.mean - t * out.standard_error, out.mean + t * out.standard_error};
  if (!(rest.variance() > 0)) {
    // The judge was right each time. It may be wrong as often as so few cases don't show.
    if (!options.bounds)
      return fail(ErrorCode::kInvalidArgument, "the judge and people agree on every labelled case", "labels",
                  "Give the scores' bounds, or label more cases");
    const double width = options.bounds->high - options.bounds->low;
    const double share = share_at_most(0, labels.size(), options.confidence);
    out.interval.low -= share * width;
    out.interval.high += share * width;
  }
  if (options.bounds) {
    out.interval.low = std::max(out.interval.low, options.bounds->low);
    out.interval.high = std::min(out.interval.high, options.bounds->high);
  }
  return out;
}

}  // namespace slipway::evaluation
