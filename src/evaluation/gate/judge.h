// SPDX-License-Identifier: Apache-2.0
// One threshold after the other, then all together. For gate_report.cc.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/gate/case_table.h"
#include "evaluation/gate/evidence.h"
#include "evaluation/gate/gate_report.h"

namespace slipway::evaluation {

class ThresholdJudge {
 public:
  // `baseline`: nullptr if there is none. All outlive the judge.
  ThresholdJudge(const GateRules& rules, const CaseTable& candidate, const CaseTable* baseline);

  // Every threshold with its verdict, in order. Not thread-safe.
  Result<std::vector<ThresholdResult>> judge();

  // Errors and missing answers among those planned.
  static double error_share(const GateRun& run);

 private:
  Result<> judge_one(ThresholdResult& result);
  void judge_errors(ThresholdResult& result) const;
  Result<> judge_absolute(ThresholdResult& result, const Source& source);
  Result<> judge_percentile(ThresholdResult& result, const Source& source);
  Result<> judge_relative(ThresholdResult& result, const Source& source);
  Result<> compare(ThresholdResult& result, const PairedSeries& pairs, const std::optional<Bounds>& bounds);
  Result<> settle_all(std::vector<ThresholdResult>& results);
  void settle(ThresholdResult& result, double p_holm, std::size_t tests) const;
  void say_open(ThresholdResult& result, std::size_t tests) const;
  bool enough_values(ThresholdResult& result, const CaseSeries& series) const;
  [[nodiscard]] std::size_t least_cases(const Threshold& threshold) const;

  const GateRules& rules_;
  const CaseTable& candidate_;
  const CaseTable* baseline_;
  // What decides, by the threshold's id: kept until all p-values are known.
  struct Deciding {
    MeanEvidence evidence;
    double limit = 0;
  };
  std::map<std::string, Deciding> deciding_;
};

}  // namespace slipway::evaluation
