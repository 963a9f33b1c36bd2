// SPDX-License-Identifier: Apache-2.0
// The answers of a run, case by case: several answers to one case are one observation, their mean. Views of a
// GateRun that outlives them. Immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "evaluation/gate/gate_run.h"
#include "evaluation/gate/thresholds.h"

namespace slipway::evaluation {

struct CaseRow {
  std::string_view id;
  std::string_view cluster;
  std::vector<std::uint32_t> answers;  // indices in the run
};

class CaseTable {
 public:
  explicit CaseTable(const GateRun& run);
  [[nodiscard]] const GateRun& run() const { return *run_; }
  [[nodiscard]] const std::vector<CaseRow>& rows() const { return rows_; }
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view case_id) const;
  // Of the run's metrics; nullopt if it has none of that name.
  [[nodiscard]] std::optional<std::size_t> metric(std::string_view name) const;

 private:
  const GateRun* run_;
  std::vector<CaseRow> rows_;
  std::unordered_map<std::string_view, std::uint32_t> index_;
};

// One value a case, for those that have one.
struct CaseSeries {
  std::vector<std::uint32_t> rows;  // of the table, rising
  std::vector<double> values;
  std::size_t scored = 0;   // answers
  std::size_t errors = 0;   // answers of which the metric couldn't be computed
  std::size_t skipped = 0;  // answers that the metric isn't for, and calls that failed
  std::optional<Bounds> bounds;
};

// Of one answer.
struct AnswerValue {
  enum class State : std::uint8_t { kValue, kError, kSkipped } state = State::kSkipped;
  double value = 0;
};
using ValueOf = std::function<AnswerValue(const GateAnswer& answer)>;

// What a metric or measure gives; `of` kPassed gives 1 and 0. nullopt for a name that the run doesn't have,
// and for the verdicts of a metric without. A failed call has a value for "error_share" only: it is the run's
// error, not each metric's (nobody knows which metrics would have been for it).
struct Source {
  ValueOf value;
  std::optional<Bounds> bounds;
};
std::optional<Source> source_of(const CaseTable& table, std::string_view name,
                                ThresholdOf of = ThresholdOf::kMean);

CaseSeries series_of(const CaseTable& table, const Source& source);

// The cluster of each value, numbered from 0; empty where every case stands for itself.
std::vector<std::uint32_t> clusters_of(const CaseTable& table, const std::vector<std::uint32_t>& rows);

// The cases that both have a value for.
struct PairedSeries {
  std::vector<std::uint32_t> rows;  // of the candidate's table
  std::vector<double> candidate;
  std::vector<double> baseline;
};
PairedSeries pair_series(const CaseTable& candidate, const CaseSeries& candidate_series,
                         const CaseTable& baseline, const CaseSeries& baseline_series);

}  // namespace slipway::evaluation
