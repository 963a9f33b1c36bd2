// SPDX-License-Identifier: Apache-2.0
// What is looked at besides the thresholds: metrics over all cases, slices, price against quality. For
// gate_report.cc.
#pragma once

#include <string>
#include <vector>

#include "evaluation/gate/case_table.h"
#include "evaluation/gate/gate_report.h"

namespace slipway::evaluation {

// Metrics of the evaluation, then the measures that any answer has. `baseline`: nullptr if there is none.
Result<std::vector<MetricSummary>> summarise_metrics(const CaseTable& candidate, const CaseTable* baseline);

struct Slices {
  std::vector<SliceResult> results;
  std::size_t left_out = 0;  // tags
};
// Tags with at least this many cases; fewer say nothing.
inline constexpr std::size_t kSliceLeast = 5;
Result<Slices> slice_metrics(const CaseTable& candidate, const CaseTable* baseline, std::size_t tags_limit);

// Cost against the metric's mean; nothing where cost is not known. Marks the Pareto front.
std::vector<VariantPoint> price_quality(const std::vector<const GateRun*>& runs, const std::string& metric);

}  // namespace slipway::evaluation
