// SPDX-License-Identifier: Apache-2.0
// From a run on disk to what the gate looks at. Blocks on the database; not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "catalog/dataset_store.h"
#include "evaluation/gate/gate_report.h"
#include "evaluation/runs/run_store.h"

namespace slipway::evaluation {

struct LoadedGateRun {
  GateRun run;                        // without texts: a run has many, the report shows few
  std::vector<std::int64_t> numbers;  // of the cases in the dataset, by first appearance
};

// The answers of the run's first cell. Some 300 bytes an answer and metric stay in memory. kDataLoss;
// kResourceExhausted beyond kGateAnswersLimit.
Result<LoadedGateRun> load_gate_run(RunStore& store, const Run& run);

// Fills in the texts of the worst cases: input and expected out of the dataset, the answer out of the run.
Result<> add_texts(GateReport& report, const LoadedGateRun& candidate, const Run& run, RunStore& store,
                   catalog::DatasetStore& datasets, const GateLimits& limits);

}  // namespace slipway::evaluation
