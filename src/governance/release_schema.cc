// SPDX-License-Identifier: Apache-2.0
#include "governance/release_schema.h"

#include <vector>

#include "store/migrations.h"

namespace slipway::governance {

// Times are unix microseconds; a release number of 0 stands for "none".
Result<> migrate_releases(store::Database& database) {
  static const std::vector<store::Migration> kMigrations = {
      {1,
       "releases, evidence, approvals and deployments",
       {
           R"(CREATE TABLE releases (
                use_case TEXT NOT NULL REFERENCES use_cases (slug),
                number BIGINT NOT NULL,
                digest TEXT NOT NULL,
                entry TEXT NOT NULL,
                message TEXT NOT NULL,
                known_limits TEXT NOT NULL,
                notes TEXT NOT NULL,
                author_id TEXT NOT NULL,
                author TEXT NOT NULL,
                created_us BIGINT NOT NULL,
                PRIMARY KEY (use_case, number)))",
           R"(CREATE TABLE release_assets (
                use_case TEXT NOT NULL,
                number BIGINT NOT NULL,
                asset TEXT NOT NULL,
                version BIGINT NOT NULL,
                digest TEXT NOT NULL,
                author TEXT NOT NULL,
                PRIMARY KEY (use_case, number, asset),
                FOREIGN KEY (use_case, number) REFERENCES releases (use_case, number)))",
           "CREATE INDEX release_assets_by_asset ON release_assets (asset, use_case, number)",
           R"(CREATE TABLE release_evidence (
                id TEXT PRIMARY KEY,
                use_case TEXT NOT NULL,
                subject TEXT NOT NULL,
                name TEXT NOT NULL,
                digest TEXT NOT NULL,
                result TEXT NOT NULL,
                summary TEXT NOT NULL,
                metrics TEXT NOT NULL,
                produced_us BIGINT NOT NULL,
                attached_us BIGINT NOT NULL,
                attached_by TEXT NOT NULL,
                environment TEXT NOT NULL,
                url TEXT NOT NULL))",
           "CREATE UNIQUE INDEX release_evidence_by_run ON release_evidence (use_case, subject, name, "
           "digest)",
           R"(CREATE TABLE release_approvals (
                use_case TEXT NOT NULL,
                number BIGINT NOT NULL,
                environment TEXT NOT NULL,
                principal_id TEXT NOT NULL,
                principal TEXT NOT NULL,
                email TEXT NOT NULL,
                roles TEXT NOT NULL,
                decision TEXT NOT NULL,
                comment TEXT NOT NULL,
                at_us BIGINT NOT NULL,
                PRIMARY KEY (use_case, number, environment, principal_id),
                FOREIGN KEY (use_case, number) REFERENCES releases (use_case, number)))",
           R"(CREATE TABLE deployments (
                use_case TEXT NOT NULL REFERENCES use_cases (slug),
                environment TEXT NOT NULL,
                active BIGINT NOT NULL,
                active_since_us BIGINT NOT NULL,
                active_by TEXT NOT NULL,
                standby BIGINT NOT NULL,
                candidate BIGINT NOT NULL,
                candidate_basis_points BIGINT NOT NULL,
                previous BIGINT NOT NULL,
                salt TEXT NOT NULL,
                rollout TEXT NOT NULL,
                version BIGINT NOT NULL,
                changed BIGINT NOT NULL,
                PRIMARY KEY (use_case, environment)))",
           // Of many deployments a snapshot reads those that have changed since the last one.
           "CREATE INDEX deployments_by_change ON deployments (changed)",
           R"(CREATE TABLE deployment_events (
                use_case TEXT NOT NULL,
                environment TEXT NOT NULL,
                seq BIGINT NOT NULL,
                at_us BIGINT NOT NULL,
                actor TEXT NOT NULL,
                action TEXT NOT NULL,
                release_number BIGINT NOT NULL,
                from_release BIGINT NOT NULL,
                detail TEXT NOT NULL,
                emergency BIGINT NOT NULL,
                PRIMARY KEY (use_case, environment, seq)))",
           R"(CREATE TABLE rollouts (
                id TEXT PRIMARY KEY,
                use_case TEXT NOT NULL,
                environment TEXT NOT NULL,
                mode TEXT NOT NULL,
                state TEXT NOT NULL,
                from_release BIGINT NOT NULL,
                to_release BIGINT NOT NULL,
                plan TEXT NOT NULL,
                step BIGINT NOT NULL,
                step_elapsed_us BIGINT NOT NULL,
                split_age_us BIGINT NOT NULL,
                started_us BIGINT NOT NULL,
                started_by TEXT NOT NULL,
                comparison TEXT NOT NULL,
                seen TEXT NOT NULL,
                verdict TEXT NOT NULL,
                looked_us BIGINT NOT NULL,
                ended_us BIGINT NOT NULL))",
           "CREATE INDEX rollouts_by_state ON rollouts (state, use_case, environment)",
           // What each running server has counted since it first saw the rollout.
           R"(CREATE TABLE rollout_figures (
                rollout TEXT NOT NULL REFERENCES rollouts (id),
                instance TEXT NOT NULL,
                arm TEXT NOT NULL,
                figures TEXT NOT NULL,
                PRIMARY KEY (rollout, instance, arm)))",
       }},
      {2,
       "gates",
       {
           // A verdict is empty until it is given.
           R"(CREATE TABLE gates (
                id TEXT PRIMARY KEY,
                use_case TEXT NOT NULL,
                environment TEXT NOT NULL,
                release_number BIGINT NOT NULL,
                release_digest TEXT NOT NULL,
                baseline BIGINT NOT NULL,
                verdict TEXT NOT NULL,
                reason TEXT NOT NULL,
                checks TEXT NOT NULL,
                created_us BIGINT NOT NULL,
                ended_us BIGINT NOT NULL,
                author_id TEXT NOT NULL,
                author TEXT NOT NULL,
                author_kind TEXT NOT NULL,
                FOREIGN KEY (use_case, release_number) REFERENCES releases (use_case, number)))",
           "CREATE INDEX gates_by_use_case ON gates (use_case, id)",
           "CREATE INDEX gates_by_verdict ON gates (verdict, id)",
           R"(CREATE TABLE gate_reports (
                gate TEXT NOT NULL REFERENCES gates (id),
                evaluation TEXT NOT NULL,
                format TEXT NOT NULL,
                body TEXT NOT NULL,
                PRIMARY KEY (gate, evaluation, format)))",
       }},
  };
  return store::migrate(database, "governance.releases", kMigrations);
}

}  // namespace slipway::governance
