// SPDX-License-Identifier: Apache-2.0
// Joins runs with the metrics of metrics/ and judges/.
#pragma once

#include <memory>
#include <vector>

#include "evaluation/judges/judge_scorer.h"
#include "evaluation/runs/ports.h"

namespace slipway::evaluation {

// Who judges a run's answers; without a desk its judges are checked and can't be asked.
struct RunJudges {
  JudgePanels panels = {};
  std::shared_ptr<JudgeDesk> desk = nullptr;
};

// For a definition's `metrics`. kInvalidArgument names the field.
Result<std::unique_ptr<AnswerScorer>> make_metric_scorer(const json::object& definition,
                                                         const std::vector<CellTraits>& cells,
                                                         RunJudges judges = {});

}  // namespace slipway::evaluation
