// SPDX-License-Identifier: Apache-2.0
// What the API needs to start, show and end runs. Everything outlives it.
#pragma once

#include "evaluation/runs/engine.h"
#include "evaluation/runs/plan.h"
#include "evaluation/runs/run_store.h"

namespace slipway::evaluation {

struct RunServices {
  RunStore& store;
  PlanPorts ports;
  PlanLimits limits;
  AnswerScorerFactory make_scorer;
  RunEngine* engine = nullptr;  // there from before the server listens until it stops
};

// A run that could be queued: planned, and its metrics can be computed. Blocks.
Result<Run> plan_run(RunServices& services, const PlanRequest& request);
// Queues it. Blocks.
Result<Run> queue_run(RunServices& services, Run run, const catalog::Author& author);
// Both.
Result<Run> start_run(RunServices& services, const PlanRequest& request, const catalog::Author& author);

}  // namespace slipway::evaluation
