// SPDX-License-Identifier: Apache-2.0
#include "telemetry/body_blocks.h"

#include <algorithm>

#include "base/bytes.h"

namespace slipway::telemetry {

namespace {
constexpr std::size_t kCachedBlocks = 4;
constexpr std::size_t kKeptBuilders = 4;
constexpr unsigned long long kLargestBlock = 1ull << 30;
}  // namespace

std::optional<BodyEntry> read_entry(std::string_view bytes, std::size_t& size) {
  ByteReader reader(bytes);
  BodyEntry entry;
  entry.sequence = reader.varint();
  entry.request = reader.bytes();
  entry.response = reader.bytes();
  if (!reader.ok()) return std::nullopt;
  size = bytes.size() - reader.remaining();
  return entry;
}

Result<BodyWriter> BodyWriter::prepare(Connection& connection, int level) {
  BodyWriter writer;
  writer.level_ = level;
  writer.context_.reset(::ZSTD_createCCtx());
  SLIPWAY_ASSIGN(writer.insert_block_, connection.prepare("INSERT INTO blocks VALUES (?1,?2,?3,?4,?5,?6)"));
  SLIPWAY_ASSIGN(writer.insert_words_, connection.prepare("INSERT INTO block_words VALUES (?1,?2)"));
  SLIPWAY_ASSIGN(writer.insert_data_, connection.prepare("INSERT INTO block_data VALUES (?1,?2)"));
  return writer;
}

Result<BodyLocation> BodyWriter::add(std::int64_t environment, std::int64_t day, const BodyEntry& entry) {
  Open& open = open_[{environment, day}];
  const std::size_t size = entry.request.size() + entry.response.size();
  if (open.records > 0 && open.raw.size() + size > kBlockBytes) SLIPWAY_TRY(write(environment, day, open));
  if (open.records == 0) open.block = next_block_++;
  const std::size_t begin = open.raw.size();
  ByteWriter bytes(open.raw);
  bytes.varint(entry.sequence);
  bytes.bytes(entry.request);
  bytes.bytes(entry.response);
  ++open.records;
  folded_.clear();
  append_searchable(folded_, entry.request);
  folded_.push_back(' ');
  append_searchable(folded_, entry.response);
  open.words.add_words(folded_);
  return BodyLocation{open.block, static_cast<std::int64_t>(begin),
                      static_cast<std::int64_t>(open.raw.size() - begin)};
}

Result<> BodyWriter::write(std::int64_t environment, std::int64_t day, Open& open) {
  compressed_.resize(::ZSTD_compressBound(open.raw.size()));
  const std::size_t size = ::ZSTD_compressCCtx(context_.get(), compressed_.data(), compressed_.size(),
                                               open.raw.data(), open.raw.size(), level_);
  if (::ZSTD_isError(size) != 0) return fail(ErrorCode::kInternal, ::ZSTD_getErrorName(size), "compression");
  const std::string bloom = open.words.bloom();
  insert_block_.bind(1, open.block).bind(2, environment).bind(3, day).bind(4, open.records);
  insert_block_.bind(5, static_cast<std::int64_t>(open.raw.size())).bind(6, static_cast<std::int64_t>(size));
  SLIPWAY_TRY(insert_block_.run());
  SLIPWAY_TRY(insert_words_.bind(1, open.block).bind_blob(2, bloom).run());
  SLIPWAY_TRY(
      insert_data_.bind(1, open.block).bind_blob(2, std::string_view(compressed_).substr(0, size)).run());
  open.records = 0;
  open.words.clear();
  if (open.raw.capacity() > 4 * kBlockBytes) std::string().swap(open.raw);
  open.raw.clear();
  if (compressed_.capacity() > 4 * kBlockBytes) std::string().swap(compressed_);
  if (folded_.capacity() > 4 * kBlockBytes) std::string().swap(folded_);
  return {};
}

Result<> BodyWriter::flush() {
  for (auto& [key, open] : open_) {
    if (open.records > 0) SLIPWAY_TRY(write(key.first, key.second, open));
  }
  if (open_.size() > kKeptBuilders) open_.clear();
  return {};
}

void BodyWriter::reset(std::int64_t next) {
  open_.clear();
  next_block_ = next;
}

Result<BodyReader> BodyReader::prepare(Connection& connection) {
  BodyReader reader;
  SLIPWAY_ASSIGN(reader.select_data_, connection.prepare("SELECT data FROM block_data WHERE block = ?1"));
  SLIPWAY_ASSIGN(reader.select_words_, connection.prepare("SELECT bloom FROM block_words WHERE block = ?1"));
  return reader;
}

Result<const std::string*> BodyReader::block(std::int64_t block) {
  for (std::size_t i = 0; i < cache_.size(); ++i) {
    if (cache_[i].first == block) {
      std::rotate(cache_.begin(), cache_.begin() + static_cast<std::ptrdiff_t>(i),
                  cache_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      return &cache_.front().second;
    }
  }
  select_data_.bind(1, block);
  SLIPWAY_ASSIGN(const bool row, select_data_.step());
  if (!row) return nullptr;
  const std::string_view data = select_data_.blob(0);
  const unsigned long long size = ::ZSTD_getFrameContentSize(data.data(), data.size());
  std::string raw;
  bool good = size <= kLargestBlock;  // the error values are larger
  if (good) {
    raw.resize(size);
    good = ::ZSTD_decompress(raw.data(), raw.size(), data.data(), data.size()) == size;
  }
  select_data_.reset();
  if (!good)
    return fail(ErrorCode::kDataLoss, "body block " + std::to_string(block) + " is damaged",
                "telemetry store");
  decompressed_bytes_ += raw.size();
  if (cache_.size() >= kCachedBlocks) cache_.pop_back();
  cache_.emplace(cache_.begin(), block, std::move(raw));
  return &cache_.front().second;
}

Result<std::optional<std::string_view>> BodyReader::words(std::int64_t block) {
  select_words_.reset();
  select_words_.bind(1, block);
  SLIPWAY_ASSIGN(const bool row, select_words_.step());
  if (!row) return std::nullopt;
  return select_words_.blob(0);
}

Result<> rewrite_blocks(Connection& connection, BodyWriter& writer, std::int64_t environment,
                        std::int64_t day, const std::vector<std::int64_t>& blocks,
                        const std::function<bool(std::uint64_t)>& keep) {
  SLIPWAY_ASSIGN(BodyReader reader, BodyReader::prepare(connection));
  SLIPWAY_ASSIGN(Statement move,
                 connection.prepare("UPDATE invocations SET block = ?1, body_offset = ?2, body_length = ?3 "
                                    "WHERE sequence = ?4"));
  for (const std::int64_t block : blocks) {
    SLIPWAY_ASSIGN(const std::string* const raw, reader.block(block));
    if (raw == nullptr) continue;
    std::string_view rest = *raw;
    while (!rest.empty()) {
      std::size_t size = 0;
      const std::optional<BodyEntry> entry = read_entry(rest, size);
      if (!entry) return fail(ErrorCode::kDataLoss, "body block " + std::to_string(block) + " is damaged");
      rest.remove_prefix(size);
      if (!keep(entry->sequence)) continue;
      SLIPWAY_ASSIGN(const BodyLocation to, writer.add(environment, day, *entry));
      move.bind(1, to.block).bind(2, to.offset).bind(3, to.length);
      SLIPWAY_TRY(move.bind(4, static_cast<std::int64_t>(entry->sequence)).run());
    }
  }
  SLIPWAY_TRY(writer.flush());
  for (const char* const table : {"blocks", "block_words", "block_data"}) {
    SLIPWAY_ASSIGN(Statement remove,
                   connection.prepare(std::string("DELETE FROM ") + table + " WHERE block = ?1"));
    for (const std::int64_t block : blocks) SLIPWAY_TRY(remove.bind(1, block).run());
  }
  return {};
}

}  // namespace slipway::telemetry
