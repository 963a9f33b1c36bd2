// SPDX-License-Identifier: Apache-2.0
// The tables of cases, row by row, for the case store; and how texts are packed, for all who keep many.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/case_store.h"

namespace slipway::catalog {

json::object counts_json(const Counts& counts);

// A new, unfinished set.
std::int64_t insert_set(soci::session& sql, std::int64_t now_us);
void touch_set(soci::session& sql, std::int64_t set, std::int64_t now_us);
// Stores the chunk unless it is there, and makes it the set's next.
Result<> insert_chunk(soci::session& sql, std::int64_t set, std::int64_t number, std::int64_t first,
                      const CaseChunk& chunk);
// Finished; a set with the same cases that is there already takes its place.
void finish_set(soci::session& sql, std::int64_t set, const CaseSummary& summary, std::int64_t now_us);
struct SetRow {
  std::int64_t id = 0;
  CaseSummary summary;
};
std::optional<SetRow> find_set(soci::session& sql, const std::string& digest);
std::vector<ChunkPlace> load_places(soci::session& sql, std::int64_t set);
Result<CaseChunk> load_chunk(soci::session& sql, const std::string& digest);
std::pair<Counts, Counts> load_chunk_counts(soci::session& sql, const std::string& digest);
Result<std::vector<std::uint64_t>> load_chunk_ids(soci::session& sql, const std::string& digest);
Result<CollectedCases> collect_sets(soci::session& sql, std::int64_t older_than_us);

// zstd and base64: binary columns differ between SQLite and PostgreSQL, texts don't.
Result<std::string> pack(std::string_view text);
// kDataLoss. `limit_bytes` of what comes out.
Result<std::string> unpack(std::string_view packed, std::size_t limit_bytes);

}  // namespace slipway::catalog
