// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/run_schema.h"

#include <vector>

#include "store/migrations.h"

namespace slipway::evaluation {

// Times are unix microseconds; 0 stands for "never", an empty text for "none".
Result<> migrate_evaluation(store::Database& database) {
  static const std::vector<store::Migration> kMigrations = {
      {1,
       "runs",
       {
           R"(CREATE TABLE evaluation_runs (
                id TEXT PRIMARY KEY,
                use_case TEXT NOT NULL,
                evaluation TEXT NOT NULL,
                evaluation_version BIGINT NOT NULL,
                environment TEXT NOT NULL,
                target TEXT NOT NULL,
                state TEXT NOT NULL,
                outcome TEXT NOT NULL,
                reason TEXT NOT NULL,
                definition TEXT NOT NULL,
                planned BIGINT NOT NULL,
                tally TEXT NOT NULL,
                created_us BIGINT NOT NULL,
                started_us BIGINT NOT NULL,
                ended_us BIGINT NOT NULL,
                author_id TEXT NOT NULL,
                author TEXT NOT NULL,
                digest TEXT NOT NULL,
                cancel_requested BIGINT NOT NULL,
                retry_before BIGINT NOT NULL,
                lease_owner TEXT NOT NULL,
                lease_until_us BIGINT NOT NULL))",
           "CREATE INDEX evaluation_runs_by_use_case ON evaluation_runs (use_case, id)",
           "CREATE INDEX evaluation_runs_by_state ON evaluation_runs (state, lease_until_us)",
           // Results as they finished, many in a row: see docs/decisions/0014-results-in-chunks.md.
           R"(CREATE TABLE evaluation_results (
                run TEXT NOT NULL REFERENCES evaluation_runs (id),
                seq BIGINT NOT NULL,
                first_item BIGINT NOT NULL,
                last_item BIGINT NOT NULL,
                items BIGINT NOT NULL,
                errors BIGINT NOT NULL,
                failed BIGINT NOT NULL,
                body TEXT NOT NULL,
                PRIMARY KEY (run, seq)))",
       }},
  };
  return store::migrate(database, "evaluation", kMigrations);
}

}  // namespace slipway::evaluation
