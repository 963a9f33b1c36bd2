// SPDX-License-Identifier: Apache-2.0
// Moves everything from one database to another, and proves that it arrived. Blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"

namespace slipway::store {

struct CopiedTable {
  std::string name;
  std::int64_t rows = 0;
  std::string digest;  // over the rows in any order; the same in both databases
};

// Copies all rows of all tables of `from` (SQLite) into the tables of the same names in `to`, which has its
// schema already and holds no rows, in one transaction; then counts and digests both sides and commits only
// if they agree. `progress` is told of each table as it begins. kConflict if `to` holds rows (nothing is
// changed), kDataLoss if the sides differ.
Result<std::vector<CopiedTable>> copy_database(Database& from, Database& to,
                                               const std::function<void(const std::string& table)>& progress);

}  // namespace slipway::store
