// SPDX-License-Identifier: Apache-2.0
// Schema changes as numbered steps. A step that has been released is never edited: the database remembers its
// checksum and refuses to start if it differs.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/database.h"

namespace slipway::store {

struct Migration {
  int version;            // 1, 2, 3, … without gaps
  std::string_view name;  // "create keys"
  std::vector<std::string_view> statements;
};

// Brings `component` (a room: "catalog", "governance", …) up to its last migration; each step in one
// transaction with its entry in schema_migrations. kConflict, with what to do, if the database was written by
// a newer version or a released step was changed. Safe when several processes start at once.
Result<> migrate(Database& database, std::string_view component, std::span<const Migration> migrations);

}  // namespace slipway::store
