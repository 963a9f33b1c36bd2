// SPDX-License-Identifier: Apache-2.0
#include "catalog/schema.h"

#include <vector>

#include "catalog/case_schema.h"
#include "store/migrations.h"

namespace slipway::catalog {

// Times are unix microseconds; 0 stands for "never", an empty text for "none". SQL stays within what SQLite
// and PostgreSQL both take. Texts are compared by bytes: SQLite's default, in PostgreSQL the collation "C".
Result<> migrate_catalog(store::Database& database) {
  static const std::vector<store::Migration> kMigrations = {
      {1,
       "assets",
       {
           // What lists show stands in one row, so that a page touches one table.
           R"(CREATE TABLE catalog_assets (
                id BIGINT PRIMARY KEY,
                owner TEXT NOT NULL,
                kind TEXT NOT NULL,
                name TEXT NOT NULL,
                description TEXT NOT NULL,
                latest BIGINT NOT NULL,
                deprecated_us BIGINT NOT NULL,
                deprecated_by TEXT NOT NULL,
                deprecated_reason TEXT NOT NULL,
                replaced_by TEXT NOT NULL))",
           "CREATE UNIQUE INDEX catalog_assets_by_name ON catalog_assets (owner, kind, name)",
           "CREATE INDEX catalog_assets_by_kind ON catalog_assets (kind, owner, name)",
           // Contents are kept once, by digest: a version that goes back to an older one costs a row.
           R"(CREATE TABLE catalog_contents (
                digest TEXT PRIMARY KEY,
                content TEXT NOT NULL))",
           R"(CREATE TABLE catalog_versions (
                asset BIGINT NOT NULL REFERENCES catalog_assets (id),
                number BIGINT NOT NULL,
                digest TEXT NOT NULL REFERENCES catalog_contents (digest),
                parent TEXT NOT NULL,
                message TEXT NOT NULL,
                author TEXT NOT NULL,
                author_id TEXT NOT NULL,
                created_us BIGINT NOT NULL,
                PRIMARY KEY (asset, number)))",
           R"(CREATE TABLE catalog_labels (
                asset BIGINT NOT NULL REFERENCES catalog_assets (id),
                label TEXT NOT NULL,
                number BIGINT NOT NULL,
                PRIMARY KEY (asset, label)))",
           "CREATE INDEX catalog_labels_by_label ON catalog_labels (label, asset)",
           // Of the latest versions only: what releases refer to, they keep themselves.
           R"(CREATE TABLE catalog_references (
                asset BIGINT NOT NULL REFERENCES catalog_assets (id),
                path TEXT NOT NULL,
                target_owner TEXT NOT NULL,
                target_kind TEXT NOT NULL,
                target_name TEXT NOT NULL,
                PRIMARY KEY (asset, path)))",
           "CREATE INDEX catalog_references_by_target ON catalog_references "
           "(target_owner, target_kind, target_name, asset)",
           // Words of the latest versions: search looks up beginnings of words, it never reads contents.
           R"(CREATE TABLE catalog_words (
                word TEXT NOT NULL,
                asset BIGINT NOT NULL,
                PRIMARY KEY (word, asset)))",
       }},
  };
  SLIPWAY_TRY(store::migrate(database, "catalog", kMigrations));
  return migrate_cases(database);
}

}  // namespace slipway::catalog
