// SPDX-License-Identifier: Apache-2.0
#include "store/migrations.h"

#include <string>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"

namespace slipway::store {

namespace {

std::string checksum(const Migration& migration) {
  std::string all(migration.name);
  for (const std::string_view statement : migration.statements) {
    all += '\0';
    all += statement;
  }
  return hex(sha256(all));
}

// Applies one step if it is missing; false once nothing is left to do.
Result<bool> step(soci::session& sql, const std::string& component, std::span<const Migration> migrations) {
  int current = 0;
  sql << "SELECT COALESCE(MAX(version), 0) FROM schema_migrations WHERE component = :c", soci::use(component),
      soci::into(current);
  const int newest = migrations.empty() ? 0 : migrations.back().version;
  if (current > newest) {
    return fail(ErrorCode::kConflict,
                "the database's " + component + " schema has version " + std::to_string(current) +
                    ", this program knows versions up to " + std::to_string(newest),
                "database",
                "start the newer Slipway that wrote it, or restore a backup from before the upgrade");
  }
  for (const Migration& migration : migrations) {
    const std::string expected = checksum(migration);
    if (migration.version <= current) {
      std::string stored;
      sql << "SELECT checksum FROM schema_migrations WHERE component = :c AND version = :v",
          soci::use(component), soci::use(migration.version), soci::into(stored);
      if (stored == expected) continue;
      return fail(ErrorCode::kConflict,
                  "step " + std::to_string(migration.version) + " (" + std::string(migration.name) +
                      ") of the " + component +
                      " schema differs from the one that was applied to this database",
                  "database", "run the Slipway version that belongs to this database, then upgrade");
    }
    for (const std::string_view statement : migration.statements) sql << std::string(statement);
    const std::string name(migration.name);
    const std::string applied_at = format_time_us(unix_now_us());
    sql << "INSERT INTO schema_migrations (component, version, name, checksum, applied_at) "
           "VALUES (:c, :v, :n, :s, :t)",
        soci::use(component), soci::use(migration.version), soci::use(name), soci::use(expected),
        soci::use(applied_at);
    return true;
  }
  return false;
}

}  // namespace

Result<> migrate(Database& database, std::string_view component, std::span<const Migration> migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].version != static_cast<int>(i) + 1)
      return fail(ErrorCode::kInternal,
                  "migrations of " + std::string(component) + " are not numbered 1, 2, 3, …");
  }
  SLIPWAY_TRY(database.write([](soci::session& sql) -> Result<> {
    sql << "CREATE TABLE IF NOT EXISTS schema_migrations (component TEXT NOT NULL, version INTEGER NOT NULL, "
           "name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL, "
           "PRIMARY KEY (component, version))";
    return {};
  }));
  const std::string owner(component);
  while (true) {
    SLIPWAY_ASSIGN(const bool more,
                   database.write([&](soci::session& sql) { return step(sql, owner, migrations); }));
    if (!more) return {};
  }
}

}  // namespace slipway::store
