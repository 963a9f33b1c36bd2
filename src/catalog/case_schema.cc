// SPDX-License-Identifier: Apache-2.0
// The tables of cases and of uploads: a component of its own, so that it moves on independently of assets.
#include "catalog/case_schema.h"

#include <vector>

#include "store/migrations.h"

namespace slipway::catalog {

Result<> migrate_cases(store::Database& database) {
  static const std::vector<store::Migration> kMigrations = {
      {1,
       "cases",
       {
           // Lines of cases by the digest of their text; `body` and `ids` are base64 (of zstd, of 8 bytes a
           // case).
           R"(CREATE TABLE catalog_case_chunks (
                digest TEXT PRIMARY KEY,
                cases BIGINT NOT NULL,
                bytes BIGINT NOT NULL,
                body TEXT NOT NULL,
                ids TEXT NOT NULL,
                splits TEXT NOT NULL,
                tags TEXT NOT NULL))",
           // `digest` is empty while the set is written; `used` is 1 once a version of a dataset has it.
           R"(CREATE TABLE catalog_case_sets (
                id BIGINT PRIMARY KEY,
                digest TEXT NOT NULL,
                cases BIGINT NOT NULL,
                bytes BIGINT NOT NULL,
                splits TEXT NOT NULL,
                tags TEXT NOT NULL,
                used BIGINT NOT NULL,
                touched_us BIGINT NOT NULL))",
           "CREATE INDEX catalog_case_sets_by_digest ON catalog_case_sets (digest)",
           "CREATE INDEX catalog_case_sets_unused ON catalog_case_sets (used, touched_us)",
           R"(CREATE TABLE catalog_case_parts (
                case_set BIGINT NOT NULL REFERENCES catalog_case_sets (id),
                number BIGINT NOT NULL,
                chunk TEXT NOT NULL REFERENCES catalog_case_chunks (digest),
                first_case BIGINT NOT NULL,
                cases BIGINT NOT NULL,
                PRIMARY KEY (case_set, number)))",
           "CREATE INDEX catalog_case_parts_by_chunk ON catalog_case_parts (chunk)",
           // Files on their way in: pieces as they were sent, until the import has read them.
           R"(CREATE TABLE catalog_uploads (
                id TEXT PRIMARY KEY,
                owner TEXT NOT NULL,
                author_id TEXT NOT NULL,
                file_name TEXT NOT NULL,
                bytes BIGINT NOT NULL,
                state TEXT NOT NULL,
                cases BIGINT NOT NULL,
                outcome TEXT NOT NULL,
                touched_us BIGINT NOT NULL))",
           R"(CREATE TABLE catalog_upload_pieces (
                upload TEXT NOT NULL REFERENCES catalog_uploads (id),
                first_byte BIGINT NOT NULL,
                bytes BIGINT NOT NULL,
                body TEXT NOT NULL,
                PRIMARY KEY (upload, first_byte)))",
       }},
  };
  return store::migrate(database, "catalog.cases", kMigrations);
}

}  // namespace slipway::catalog
