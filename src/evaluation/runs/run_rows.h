// SPDX-License-Identifier: Apache-2.0
// The tables of runs, row by row. Used by the run store only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluation/runs/run_store.h"

namespace slipway::evaluation {

void insert_run(soci::session& sql, const Run& run);
std::optional<Run> load_run(soci::session& sql, const std::string& id);
std::vector<Run> list_runs(soci::session& sql, const RunFilter& filter, std::uint32_t limit);
void save_state(soci::session& sql, const Run& run);  // state, outcome, reason, times, tally, flags, digest
void insert_results(soci::session& sql, const std::string& run, std::int64_t seq, const ResultBatch& batch,
                    const std::string& body);
std::int64_t next_seq(soci::session& sql, const std::string& run);
// Whether `owner` holds the run; renews the lease.
bool renew_lease(soci::session& sql, const std::string& run, const std::string& owner, std::int64_t until_us);

}  // namespace slipway::evaluation
