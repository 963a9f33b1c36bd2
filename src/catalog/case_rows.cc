// SPDX-License-Identifier: Apache-2.0
#include "catalog/case_rows.h"

#include <fmt/format.h>
#include <zstd.h>

#include <cstring>

#include "base/crypto.h"

namespace slipway::catalog {

namespace {

constexpr int kCompressionLevel = 3;
constexpr std::size_t kLargestChunk = 96u
                                      << 20;  // one case of the largest size that settings allow, and more

Error damaged(std::string_view digest) {
  return {ErrorCode::kDataLoss, fmt::format("the stored cases {} are not those that were stored", digest),
          "catalog", "Restore the database from a backup, or import the dataset again."};
}

Counts read_counts(const std::string& text) {
  Counts counts;
  if (const auto parsed = parse_json(text); parsed && parsed->is_object())
    for (const json::key_value_pair& member : parsed->get_object())
      if (member.value().is_int64()) counts.emplace(member.key(), member.value().get_int64());
  return counts;
}

std::string ids_text(const std::vector<std::uint64_t>& ids) {
  return base64({reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(std::uint64_t)});
}

Result<std::vector<std::uint64_t>> read_ids(const std::string& text, const std::string& digest) {
  const auto bytes = unbase64(text);
  if (!bytes || bytes->size() % sizeof(std::uint64_t) != 0) return fail(damaged(digest));
  std::vector<std::uint64_t> ids(bytes->size() / sizeof(std::uint64_t));
  std::memcpy(ids.data(), bytes->data(), bytes->size());
  return ids;
}

}  // namespace

json::object counts_json(const Counts& counts) {
  json::object out;
  for (const auto& [name, count] : counts) out.emplace(name, count);
  return out;
}

Result<std::string> pack(std::string_view text) {
  std::string compressed(::ZSTD_compressBound(text.size()), '\0');
  const std::size_t size =
      ::ZSTD_compress(compressed.data(), compressed.size(), text.data(), text.size(), kCompressionLevel);
  if (::ZSTD_isError(size) != 0) return fail(ErrorCode::kInternal, ::ZSTD_getErrorName(size), "compression");
  return base64(std::string_view(compressed).substr(0, size));
}

Result<std::string> unpack(std::string_view packed, std::size_t limit_bytes) {
  const auto compressed = unbase64(packed);
  const auto broken = [] { return fail(ErrorCode::kDataLoss, "stored bytes can't be unpacked", "catalog"); };
  if (!compressed) return broken();
  const unsigned long long size = ::ZSTD_getFrameContentSize(compressed->data(), compressed->size());
  if (size > limit_bytes) return broken();  // the error values are larger
  std::string text(size, '\0');
  if (::ZSTD_decompress(text.data(), text.size(), compressed->data(), compressed->size()) != size)
    return broken();
  return text;
}

std::int64_t insert_set(soci::session& sql, std::int64_t now_us) {
  // One writer at a time (store::Database): nobody takes the number in between.
  long long id = 0;
  const long long now = now_us;
  sql << "SELECT COALESCE(MAX(id), 0) + 1 FROM catalog_case_sets", soci::into(id);
  sql << "INSERT INTO catalog_case_sets (id, digest, cases, bytes, splits, tags, used, touched_us) "
         "VALUES (:id, '', 0, 0, '{}', '{}', 0, :now)",
      soci::use(id), soci::use(now);
  return id;
}

void touch_set(soci::session& sql, std::int64_t set, std::int64_t now_us) {
  const long long id = set;
  const long long now = now_us;
  sql << "UPDATE catalog_case_sets SET touched_us = :now WHERE id = :id", soci::use(now), soci::use(id);
}

Result<> insert_chunk(soci::session& sql, std::int64_t set, std::int64_t number, std::int64_t first,
                      const CaseChunk& chunk) {
  const long long cases = static_cast<long long>(chunk.ids.size());
  int there = 0;
  sql << "SELECT COUNT(*) FROM catalog_case_chunks WHERE digest = :digest", soci::use(chunk.digest),
      soci::into(there);
  if (there == 0) {
    const long long bytes = static_cast<long long>(chunk.text.size());
    SLIPWAY_ASSIGN(const std::string body, pack(chunk.text));
    const std::string ids = ids_text(chunk.ids);
    const std::string splits = json::serialize(counts_json(chunk.splits));
    const std::string tags = json::serialize(counts_json(chunk.tags));
    sql << "INSERT INTO catalog_case_chunks (digest, cases, bytes, body, ids, splits, tags) "
           "VALUES (:digest, :cases, :bytes, :body, :ids, :splits, :tags)",
        soci::use(chunk.digest), soci::use(cases), soci::use(bytes), soci::use(body), soci::use(ids),
        soci::use(splits), soci::use(tags);
  }
  const long long id = set;
  const long long at = number;
  const long long begin = first;
  sql << "INSERT INTO catalog_case_parts (case_set, number, chunk, first_case, cases) "
         "VALUES (:set, :number, :chunk, :first, :cases)",
      soci::use(id), soci::use(at), soci::use(chunk.digest), soci::use(begin), soci::use(cases);
  return {};
}

void finish_set(soci::session& sql, std::int64_t set, const CaseSummary& summary, std::int64_t now_us) {
  const long long id = set;
  const long long now = now_us;
  if (const auto same = find_set(sql, summary.digest)) {
    const long long kept = same->id;
    sql << "UPDATE catalog_case_sets SET touched_us = :now WHERE id = :id", soci::use(now), soci::use(kept);
    sql << "DELETE FROM catalog_case_parts WHERE case_set = :id", soci::use(id);
    sql << "DELETE FROM catalog_case_sets WHERE id = :id", soci::use(id);
    return;
  }
  const long long cases = summary.count;
  const long long bytes = summary.bytes;
  const std::string splits = json::serialize(counts_json(summary.splits));
  const std::string tags = json::serialize(counts_json(summary.tags));
  sql << "UPDATE catalog_case_sets SET digest = :digest, cases = :cases, bytes = :bytes, splits = :splits, "
         "tags = :tags, touched_us = :now WHERE id = :id",
      soci::use(summary.digest), soci::use(cases), soci::use(bytes), soci::use(splits), soci::use(tags),
      soci::use(now), soci::use(id);
}

std::optional<SetRow> find_set(soci::session& sql, const std::string& digest) {
  if (digest.empty()) return std::nullopt;  // stands for "not finished"
  long long id = 0;
  long long cases = 0;
  long long bytes = 0;
  std::string splits;
  std::string tags;
  sql << "SELECT id, cases, bytes, splits, tags FROM catalog_case_sets WHERE digest = :digest",
      soci::use(digest), soci::into(id), soci::into(cases), soci::into(bytes), soci::into(splits),
      soci::into(tags);
  if (!sql.got_data()) return std::nullopt;
  return SetRow{id, {digest, cases, bytes, read_counts(splits), read_counts(tags)}};
}

std::vector<ChunkPlace> load_places(soci::session& sql, std::int64_t set) {
  const long long id = set;
  std::string chunk;
  long long first = 0;
  long long cases = 0;
  soci::statement statement =
      (sql.prepare << "SELECT chunk, first_case, cases FROM catalog_case_parts WHERE case_set = :set "
                      "ORDER BY number",
       soci::use(id), soci::into(chunk), soci::into(first), soci::into(cases));
  statement.execute();
  std::vector<ChunkPlace> places;
  while (statement.fetch()) places.push_back({chunk, first, cases});
  return places;
}

Result<CaseChunk> load_chunk(soci::session& sql, const std::string& digest) {
  CaseChunk chunk;
  std::string body;
  std::string ids;
  std::string splits;
  std::string tags;
  sql << "SELECT body, ids, splits, tags FROM catalog_case_chunks WHERE digest = :digest", soci::use(digest),
      soci::into(body), soci::into(ids), soci::into(splits), soci::into(tags);
  if (!sql.got_data()) return fail(damaged(digest));
  auto text = unpack(body, kLargestChunk);
  if (!text || chunk_digest(*text) != digest) return fail(damaged(digest));
  chunk.digest = digest;
  chunk.text = std::move(*text);
  SLIPWAY_ASSIGN(chunk.ids, read_ids(ids, digest));
  chunk.splits = read_counts(splits);
  chunk.tags = read_counts(tags);
  return chunk;
}

std::pair<Counts, Counts> load_chunk_counts(soci::session& sql, const std::string& digest) {
  std::string splits;
  std::string tags;
  sql << "SELECT splits, tags FROM catalog_case_chunks WHERE digest = :digest", soci::use(digest),
      soci::into(splits), soci::into(tags);
  return {read_counts(splits), read_counts(tags)};
}

Result<std::vector<std::uint64_t>> load_chunk_ids(soci::session& sql, const std::string& digest) {
  std::string ids;
  sql << "SELECT ids FROM catalog_case_chunks WHERE digest = :digest", soci::use(digest), soci::into(ids);
  if (!sql.got_data()) return fail(damaged(digest));
  return read_ids(ids, digest);
}

Result<CollectedCases> collect_sets(soci::session& sql, std::int64_t older_than_us) {
  const long long before = older_than_us;
  CollectedCases out;
  long long count = 0;
  sql << "SELECT COUNT(*) FROM catalog_case_sets WHERE used = 0 AND touched_us < :before", soci::use(before),
      soci::into(count);
  out.sets = count;
  if (out.sets != 0) {
    sql << "DELETE FROM catalog_case_parts WHERE case_set IN "
           "(SELECT id FROM catalog_case_sets WHERE used = 0 AND touched_us < :before)",
        soci::use(before);
    sql << "DELETE FROM catalog_case_sets WHERE used = 0 AND touched_us < :before", soci::use(before);
  }
  sql << "SELECT COUNT(*) FROM catalog_case_chunks c WHERE NOT EXISTS "
         "(SELECT 1 FROM catalog_case_parts p WHERE p.chunk = c.digest)",
      soci::into(count);
  out.chunks = count;
  if (out.chunks != 0)
    sql << "DELETE FROM catalog_case_chunks WHERE NOT EXISTS "
           "(SELECT 1 FROM catalog_case_parts p WHERE p.chunk = catalog_case_chunks.digest)";
  return out;
}

}  // namespace slipway::catalog
