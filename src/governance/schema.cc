// SPDX-License-Identifier: Apache-2.0
#include "governance/schema.h"

#include <vector>

#include "governance/audit.h"
#include "governance/policies.h"
#include "governance/principals.h"
#include "governance/release_schema.h"
#include "governance/use_case_rows.h"
#include "store/migrations.h"

namespace slipway::governance {

// Times are unix microseconds; 0 stands for "never". SQL stays within what SQLite and PostgreSQL both take.
Result<> migrate_governance(store::Database& database) {
  static const std::vector<store::Migration> kMigrations = {
      {1,
       "principals, use cases and keys",
       {
           R"(CREATE TABLE principals (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                email TEXT NOT NULL,
                kind TEXT NOT NULL,
                roles TEXT NOT NULL,
                password_hash TEXT NOT NULL,
                created_us BIGINT NOT NULL,
                disabled_us BIGINT NOT NULL))",
           "CREATE UNIQUE INDEX principals_by_email ON principals (email)",
           R"(CREATE TABLE sign_in_tokens (
                hash TEXT PRIMARY KEY,
                principal TEXT NOT NULL REFERENCES principals (id),
                expires_us BIGINT NOT NULL))",
           R"(CREATE TABLE sessions (
                hash TEXT PRIMARY KEY,
                principal TEXT NOT NULL REFERENCES principals (id),
                csrf TEXT NOT NULL,
                by_token INTEGER NOT NULL,
                expires_us BIGINT NOT NULL))",
           "CREATE INDEX sessions_by_principal ON sessions (principal)",
           R"(CREATE TABLE service_tokens (
                hash TEXT PRIMARY KEY,
                principal TEXT NOT NULL REFERENCES principals (id),
                created_us BIGINT NOT NULL))",
           R"(CREATE TABLE use_cases (
                slug TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                owner TEXT NOT NULL,
                created_us BIGINT NOT NULL))",
           R"(CREATE TABLE api_keys (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                prefix TEXT NOT NULL,
                hash TEXT NOT NULL,
                previous_hash TEXT NOT NULL,
                previous_until_us BIGINT NOT NULL,
                use_case TEXT NOT NULL REFERENCES use_cases (slug),
                environment TEXT NOT NULL,
                allowed_models TEXT NOT NULL,
                max_concurrent BIGINT NOT NULL,
                created_us BIGINT NOT NULL,
                created_by TEXT NOT NULL,
                expires_us BIGINT NOT NULL,
                revoked_us BIGINT NOT NULL,
                last_used_us BIGINT NOT NULL))",
           "CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (hash)",
       }},
      {2,
       "which keys have changed, and pages of them",
       {
           "ALTER TABLE api_keys ADD COLUMN changed BIGINT NOT NULL DEFAULT 1",
           // Of many keys a snapshot reads those that have changed since the last one.
           "CREATE INDEX api_keys_by_change ON api_keys (changed)",
           "CREATE INDEX api_keys_by_age ON api_keys (created_us, id)",
       }},
  };
  SLIPWAY_TRY(store::migrate(database, "governance", kMigrations));
  SLIPWAY_TRY(migrate_people(database));
  SLIPWAY_TRY(migrate_audit(database));
  SLIPWAY_TRY(migrate_use_cases(database));
  SLIPWAY_TRY(migrate_policies(database));
  return migrate_releases(database);
}

}  // namespace slipway::governance
