// SPDX-License-Identifier: Apache-2.0
#include "telemetry/maintenance.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

namespace slipway::telemetry {

namespace {

constexpr std::int64_t kRowsPerStep = 2000;
constexpr std::int64_t kBlocksPerStep = 16;
constexpr std::int64_t kErasedPerStep = 500;

struct Environment {
  std::int64_t number;
  RetentionPolicy policy;
};

Result<std::vector<Environment>> environments(Connection& connection, const RetentionRules& rules) {
  SLIPWAY_ASSIGN(Statement select,
                 connection.prepare("SELECT DISTINCT environment, COALESCE(text, '') FROM slim_day "
                                    "LEFT JOIN names ON names.id = environment"));
  std::vector<Environment> found;
  while (true) {
    SLIPWAY_ASSIGN(const bool row, select.step());
    if (!row) return found;
    const auto named = rules.by_environment.find(std::string(select.text(1)));
    found.push_back(
        {select.integer(0), named == rules.by_environment.end() ? rules.fallback : named->second});
  }
}

// Runs a DELETE with up to three integers in a transaction of its own; gives the rows it removed.
Result<std::uint64_t> remove(Indexer& indexer, const std::string& sql, std::vector<std::int64_t> values) {
  std::uint64_t removed = 0;
  const Result<> done = indexer.transact([&]() -> Result<> {
    SLIPWAY_ASSIGN(Statement statement, indexer.connection().prepare(sql));
    for (std::size_t i = 0; i < values.size(); ++i) statement.bind(static_cast<int>(i) + 1, values[i]);
    SLIPWAY_TRY(statement.run());
    removed = static_cast<std::uint64_t>(::sqlite3_changes64(indexer.connection().handle()));
    return {};
  });
  if (!done) return fail(done.error());
  return removed;
}

Result<std::vector<std::int64_t>> column(Connection& connection, const std::string& sql,
                                         std::vector<std::int64_t> values) {
  SLIPWAY_ASSIGN(Statement select, connection.prepare(sql));
  for (std::size_t i = 0; i < values.size(); ++i) select.bind(static_cast<int>(i) + 1, values[i]);
  std::vector<std::int64_t> found;
  while (true) {
    SLIPWAY_ASSIGN(const bool row, select.step());
    if (!row) return found;
    found.push_back(select.integer(0));
  }
}

Result<> drop_blocks(Indexer& indexer, const std::vector<std::int64_t>& blocks) {
  return indexer.transact([&]() -> Result<> {
    for (const char* const table : {"blocks", "block_words", "block_data"}) {
      SLIPWAY_ASSIGN(Statement statement,
                     indexer.connection().prepare(std::string("DELETE FROM ") + table + " WHERE block = ?1"));
      for (const std::int64_t block : blocks) SLIPWAY_TRY(statement.bind(1, block).run());
    }
    return {};
  });
}

Result<bool> expire_environment(Indexer& indexer, const Environment& environment, std::int64_t now_us,
                                ExpiryCounts& counts) {
  const auto before = [&](std::uint32_t days) { return now_us - std::int64_t{days} * kDayUs; };
  // A day's block goes when its last record is old enough.
  SLIPWAY_ASSIGN(
      const std::vector<std::int64_t> blocks,
      column(indexer.connection(), "SELECT block FROM blocks WHERE environment = ?1 AND day < ?2 LIMIT ?3",
             {environment.number, before(environment.policy.body_days) / kDayUs, kBlocksPerStep}));
  if (!blocks.empty()) {
    SLIPWAY_TRY(drop_blocks(indexer, blocks));
    counts.blocks += blocks.size();
    return true;
  }
  SLIPWAY_ASSIGN(const std::uint64_t rows,
                 remove(indexer,
                        "DELETE FROM invocations WHERE sequence IN (SELECT sequence FROM invocations "
                        "WHERE environment = ?1 AND started < ?2 LIMIT ?3)",
                        {environment.number, before(environment.policy.row_days), kRowsPerStep}));
  counts.rows += rows;
  if (rows > 0) return true;
  for (const auto& width : kRollupTables) {
    for (std::size_t grain = 0; grain < 3; ++grain) {
      SLIPWAY_ASSIGN(
          const std::uint64_t gone,
          remove(indexer,
                 std::string("DELETE FROM ") + width[grain] + " WHERE bucket < ?1 AND environment = ?2",
                 {before(environment.policy.rollup_days), environment.number}));
      counts.rollups += gone;
    }
  }
  return false;
}

Result<bool> enforce_size(Indexer& indexer, std::uint64_t limit_bytes, ExpiryCounts& counts) {
  if (limit_bytes == 0) return false;
  SLIPWAY_ASSIGN(const std::uint64_t used, used_bytes(indexer.connection()));
  if (used <= limit_bytes) return false;
  std::vector<std::int64_t> blocks;
  {
    SLIPWAY_ASSIGN(
        Statement oldest,
        indexer.connection().prepare("SELECT block, stored_bytes FROM blocks ORDER BY day, block LIMIT ?1"));
    oldest.bind(1, kBlocksPerStep);
    for (std::uint64_t freed = 0; freed < used - limit_bytes;) {
      SLIPWAY_ASSIGN(const bool row, oldest.step());
      if (!row) break;
      blocks.push_back(oldest.integer(0));
      freed += static_cast<std::uint64_t>(oldest.integer(1));
    }
  }
  if (!blocks.empty()) {
    SLIPWAY_TRY(drop_blocks(indexer, blocks));
    counts.blocks += blocks.size();
    return true;
  }
  SLIPWAY_ASSIGN(const std::uint64_t rows,
                 remove(indexer,
                        "DELETE FROM invocations WHERE sequence IN (SELECT sequence FROM invocations "
                        "ORDER BY started LIMIT ?1)",
                        {kRowsPerStep}));
  counts.rows += rows;
  return rows > 0;  // only roll-ups are left: nothing that may go
}

// Gives free pages back to the file system once they are a tenth of the file.
Result<> shrink(Connection& connection) {
  SLIPWAY_ASSIGN(const std::int64_t pages, connection.integer("PRAGMA page_count"));
  SLIPWAY_ASSIGN(const std::int64_t free_pages, connection.integer("PRAGMA freelist_count"));
  if (free_pages < 256 || free_pages * 10 < pages) return {};
  return connection.execute("PRAGMA incremental_vacuum(20000)");
}

}  // namespace

Result<std::uint64_t> used_bytes(Connection& connection) {
  SLIPWAY_ASSIGN(const std::int64_t pages, connection.integer("PRAGMA page_count"));
  SLIPWAY_ASSIGN(const std::int64_t free_pages, connection.integer("PRAGMA freelist_count"));
  SLIPWAY_ASSIGN(const std::int64_t page_bytes, connection.integer("PRAGMA page_size"));
  return static_cast<std::uint64_t>((pages - free_pages) * page_bytes);
}

Result<bool> expire_step(Indexer& indexer, const RetentionRules& rules, std::int64_t now_us,
                         ExpiryCounts& counts) {
  SLIPWAY_ASSIGN(const bool merged, indexer.merge_small_blocks());
  if (merged) return true;
  SLIPWAY_ASSIGN(const std::vector<Environment> all, environments(indexer.connection(), rules));
  for (const Environment& environment : all) {
    SLIPWAY_ASSIGN(const bool more, expire_environment(indexer, environment, now_us, counts));
    if (more) return true;
  }
  for (const auto& width : kRollupTables) {
    SLIPWAY_ASSIGN(const std::uint64_t gone,
                   remove(indexer, std::string("DELETE FROM ") + width[0] + " WHERE bucket < ?1",
                          {now_us - std::int64_t{rules.minute_rollup_days} * kDayUs}));
    counts.rollups += gone;
  }
  SLIPWAY_TRY(
      remove(indexer, "DELETE FROM trace_groups WHERE last < (SELECT MIN(sequence) FROM invocations)", {}));
  SLIPWAY_ASSIGN(const bool more, enforce_size(indexer, rules.size_limit_bytes, counts));
  if (more) return true;
  SLIPWAY_TRY(shrink(indexer.connection()));
  return false;
}

Result<bool> erase_step(Indexer& indexer, const ErasureTarget& target, ErasureResult& result) {
  Connection& connection = indexer.connection();
  SLIPWAY_ASSIGN(Statement find_name, connection.prepare("SELECT id FROM names WHERE text = ?1"));
  std::int64_t use_case = 0;
  if (!target.use_case.empty()) {
    SLIPWAY_ASSIGN(const bool known, find_name.bind(1, target.use_case).step());
    if (!known) return false;
    use_case = find_name.integer(0);
    find_name.reset();
  }
  std::string where = target.end_user.empty() ? "use_case = ?1" : "end_user = ?2 AND end_user <> ''";
  if (!target.end_user.empty() && use_case != 0) where += " AND use_case = ?1";
  std::set<std::uint64_t> rows;
  std::set<std::int64_t> blocks;
  {
    SLIPWAY_ASSIGN(Statement select,
                   connection.prepare("SELECT sequence, COALESCE(block, 0) FROM invocations WHERE " + where +
                                      " LIMIT ?3"));
    if (use_case != 0) select.bind(1, use_case);
    if (!target.end_user.empty()) select.bind(2, target.end_user);
    select.bind(3, kErasedPerStep);
    while (true) {
      SLIPWAY_ASSIGN(const bool row, select.step());
      if (!row) break;
      rows.insert(static_cast<std::uint64_t>(select.integer(0)));
      if (select.integer(1) != 0) blocks.insert(select.integer(1));
    }
  }
  if (rows.empty()) {
    if (!target.end_user.empty()) return false;
    for (const auto& width : kRollupTables) {
      for (const char* const table : width) {
        SLIPWAY_ASSIGN(
            const std::uint64_t gone,
            remove(indexer, std::string("DELETE FROM ") + table + " WHERE use_case = ?1", {use_case}));
        result.rollups += gone;
      }
    }
    return false;
  }
  std::uint64_t bodies = 0;
  SLIPWAY_TRY(indexer.transact([&]() -> Result<> {
    std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::int64_t>> by_day;
    SLIPWAY_ASSIGN(Statement place,
                   connection.prepare("SELECT environment, day FROM blocks WHERE block = ?1"));
    for (const std::int64_t block : blocks) {
      SLIPWAY_ASSIGN(const bool row, place.bind(1, block).step());
      if (row) by_day[{place.integer(0), place.integer(1)}].push_back(block);
      place.reset();
    }
    for (const auto& [day, of_day] : by_day) {
      const Result<> rewritten = rewrite_blocks(connection, indexer.bodies(), day.first, day.second, of_day,
                                                [&](std::uint64_t sequence) {
                                                  const bool erased = rows.contains(sequence);
                                                  bodies += erased ? 1 : 0;
                                                  return !erased;
                                                });
      if (!rewritten) return rewritten;
    }
    SLIPWAY_ASSIGN(Statement remove_row, connection.prepare("DELETE FROM invocations WHERE sequence = ?1"));
    for (const std::uint64_t sequence : rows) {
      const Result<> removed = remove_row.bind(1, static_cast<std::int64_t>(sequence)).run();
      if (!removed) return removed;
    }
    return {};
  }));
  result.rows += rows.size();
  result.bodies += bodies;
  return true;
}

Result<bool> truncate_log(Connection& connection) {
  SLIPWAY_ASSIGN(const std::int64_t busy, connection.integer("PRAGMA wal_checkpoint(TRUNCATE)"));
  return busy == 0;
}

}  // namespace slipway::telemetry
