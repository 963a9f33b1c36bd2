// SPDX-License-Identifier: Apache-2.0
// Metrics that models judge. Immutable; any thread, and each score waits for its calls.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "evaluation/judges/judge_port.h"
#include "evaluation/metrics/metric.h"

namespace slipway::evaluation {

// By the place of the entry: "metrics[0]", "metrics[2].all[1]".
using JudgePanels = std::map<std::string, JudgePanel, std::less<>>;

// Factories of all judges. A judge whose place is not among `panels` can be checked and described, but a
// score of it is kInternal. `desk` may be null where nothing is scored.
ScorerFactories judge_scorers(JudgePanels panels, std::shared_ptr<JudgeDesk> desk);

// Everything that is needed to read the `metrics` of a definition, programmatic ones included, and to know
// what their values are. Nothing can be scored with its judges.
ScorerFactories known_scorers(const json::object& definition);

}  // namespace slipway::evaluation
