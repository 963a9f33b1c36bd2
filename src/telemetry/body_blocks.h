// SPDX-License-Identifier: Apache-2.0
// Bodies on disk: many records share a zstd block of about 256 KiB, of one environment and one day (so that
// retention drops whole blocks), with a bloom filter of its words beside it.
//   block, decompressed: entries of  varint sequence · varint size, request body · varint size, response body
#pragma once

#include <zstd.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "telemetry/sqlite.h"
#include "telemetry/text_index.h"

namespace slipway::telemetry {

inline constexpr std::size_t kBlockBytes = 256u << 10;
// A block below this is merged with others of its environment and day once there are kSmallBlocks of them.
inline constexpr std::size_t kSmallBlockBytes = 64u << 10;
inline constexpr std::size_t kSmallBlocks = 32;

struct BodyLocation {
  std::int64_t block = 0;
  std::int64_t offset = 0;
  std::int64_t length = 0;
};

struct BodyEntry {
  std::uint64_t sequence = 0;
  std::string_view request;
  std::string_view response;
};
// nullopt if malformed. `size` gets the bytes the entry takes.
std::optional<BodyEntry> read_entry(std::string_view bytes, std::size_t& size);

// Writes blocks inside the caller's transaction.
class BodyWriter {
 public:
  // `level` of zstd.
  static Result<BodyWriter> prepare(Connection& connection, int level);

  // The location is final at once; the block itself is written when it is full or at flush().
  Result<BodyLocation> add(std::int64_t environment, std::int64_t day, const BodyEntry& entry);
  Result<> flush();
  // Forgets what hasn't been written, after a rolled-back transaction; `next` is the first free block number.
  void reset(std::int64_t next);
  [[nodiscard]] std::int64_t next_block() const { return next_block_; }

 private:
  struct Open {
    std::int64_t block = 0;
    std::int64_t records = 0;
    std::string raw;
    WordSet words;
  };
  struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
  };
  Result<> write(std::int64_t environment, std::int64_t day, Open& open);

  std::map<std::pair<std::int64_t, std::int64_t>, Open> open_;
  std::int64_t next_block_ = 1;
  int level_ = 1;
  std::string folded_;
  std::string compressed_;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
  Statement insert_block_, insert_words_, insert_data_;
};

// Reads and decompresses blocks; keeps the last few.
class BodyReader {
 public:
  static Result<BodyReader> prepare(Connection& connection);
  // nullptr if there is no such block (expired). Valid until the next call.
  Result<const std::string*> block(std::int64_t block);
  // The bloom filter, nullopt if there is no such block. Valid until the next call.
  Result<std::optional<std::string_view>> words(std::int64_t block);
  // Blocks may be rewritten under other numbers between transactions, never under the same one, so the cache
  // stays right; it is dropped to save memory. Ends the read that words() left open: with it the connection
  // would go on seeing the database as it was then.
  void drop_cache() {
    cache_.clear();
    select_words_.reset();
  }
  [[nodiscard]] std::size_t decompressed_bytes() const { return decompressed_bytes_; }

 private:
  Statement select_data_, select_words_;
  std::vector<std::pair<std::int64_t, std::string>> cache_;
  std::size_t decompressed_bytes_ = 0;
};

// Writes the entries of `blocks` that `keep` wants into new blocks, points the rows there and deletes the old
// ones. Used to merge small blocks and to erase. Inside the caller's transaction.
Result<> rewrite_blocks(Connection& connection, BodyWriter& writer, std::int64_t environment,
                        std::int64_t day, const std::vector<std::int64_t>& blocks,
                        const std::function<bool(std::uint64_t)>& keep);

}  // namespace slipway::telemetry
