// SPDX-License-Identifier: Apache-2.0
// Joins runs with the programmatic metrics of metrics/.
#pragma once

#include <memory>
#include <vector>

#include "evaluation/runs/ports.h"

namespace slipway::evaluation {

// For a definition's `metrics`. kInvalidArgument names the field.
Result<std::unique_ptr<AnswerScorer>> make_metric_scorer(const json::object& definition,
                                                         const std::vector<CellTraits>& cells);

}  // namespace slipway::evaluation
