// SPDX-License-Identifier: Apache-2.0
// Retention, size limit and erasure, in steps of bounded work so that indexing goes on in between. Store
// thread only.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "telemetry/indexer.h"
#include "telemetry/store.h"

namespace slipway::telemetry {

struct RetentionRules {
  RetentionPolicy fallback;
  std::map<std::string, RetentionPolicy> by_environment;
  std::uint32_t minute_rollup_days = 60;
  std::uint64_t size_limit_bytes = 0;
};

struct ExpiryCounts {
  std::uint64_t rows = 0;
  std::uint64_t blocks = 0;
  std::uint64_t rollups = 0;
};

// One step; true if there may be more to do. `now_us` decides what is old.
Result<bool> expire_step(Indexer& indexer, const RetentionRules& rules, std::int64_t now_us,
                         ExpiryCounts& counts);

// What is to be erased; an empty text means "any". At least one is given.
struct ErasureTarget {
  std::string use_case;
  std::string end_user;
};
// One step; true if there may be more. Rows first; with the last step a use case's roll-ups go.
Result<bool> erase_step(Indexer& indexer, const ErasureTarget& target, ErasureResult& result);
// Leaves nothing of what was deleted in the write-ahead log. False if a reader prevented it: try again.
Result<bool> truncate_log(Connection& connection);

Result<std::uint64_t> used_bytes(Connection& connection);

}  // namespace slipway::telemetry
