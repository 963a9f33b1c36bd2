// SPDX-License-Identifier: Apache-2.0
// How good a judge is: what it said of a run's answers, held against what people said of the same cases.
// Blocks on the database; memory does not grow with the run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "catalog/dataset_store.h"
#include "evaluation/judges/scale.h"
#include "evaluation/metrics/metric.h"
#include "evaluation/runs/run_store.h"
#include "evaluation/statistics/calibration.h"

namespace slipway::evaluation {

struct CalibrationRequest {
  std::string metric;
  // Where people's labels stand in the cases: "human" (in metadata, else in expected), "expected.label",
  // "metadata.review.verdict", "/metadata/human". Empty: what the metric's params.calibrate says.
  std::string labels;
  std::uint32_t cell = 0;
};

struct Calibration {
  std::string metric;
  std::string labels;
  std::uint32_t cell = 0;
  Confusion confusion;           // of the labelled ones
  std::int64_t judged = 0;       // results that the metric has a verdict on, first repeats only
  std::int64_t passed = 0;       // among them
  std::int64_t unjudged = 0;     // it could not tell, or there was no answer
  std::int64_t unreadable = 0;   // cases with a label that means nothing here
  std::string unreadable_label;  // one of them
  JudgeQuality quality;
  Estimate measured;                       // the judge's rate over all that it judged
  Estimate people;                         // people's rate over the labelled ones
  std::optional<CorrectedRate> corrected;  // of the cases without a label
  std::int64_t corrected_cases = 0;
  std::optional<bool> useful;  // nullopt: labels of one kind only don't tell
  std::string note;            // what it comes to, in a sentence or two

  [[nodiscard]] std::int64_t labelled() const {
    return static_cast<std::int64_t>(confusion.positives() + confusion.negatives());
  }
};

// kInvalidArgument for a metric that only measures, and for no label at all; kNotFound for no such metric.
Result<Calibration> calibrate_run(RunStore& store, catalog::DatasetStore& datasets, const Run& run,
                                  const CalibrationRequest& request);

// ---- its parts, pure

// What a person's label says of whether a case passes: true and false, yes and no, pass and fail, good and
// bad; one of the scale's labels or a value of it, on which the metric's threshold decides. nullopt for what
// means nothing here.
std::optional<bool> person_says(const json::value& label, const MetricSpec& spec, const JudgeScale* scale);
// A case's label; nullptr where it has none.
const json::value* label_of_case(const json::object& fields, const std::string& where);
// From the counts in `out` to what they come to.
Result<> conclude_calibration(Calibration& out);

}  // namespace slipway::evaluation
