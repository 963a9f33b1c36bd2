// SPDX-License-Identifier: Apache-2.0
// Turns a batch of spool records into rows, blocks and roll-ups, in one transaction with the spool position.
// Used by the store's thread only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "telemetry/body_blocks.h"
#include "telemetry/preview.h"
#include "telemetry/rollup.h"
#include "telemetry/spool_reader.h"
#include "telemetry/sqlite.h"

namespace slipway::telemetry {

// Texts of which there are few, as numbers.
class NameTable {
 public:
  static Result<NameTable> prepare(Connection& connection);
  Result<std::int64_t> number(std::string_view text);
  void forget() { numbers_.clear(); }  // after a rolled-back transaction

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> numbers_;
  Statement select_, insert_, count_;
};

struct BatchResult {
  std::uint64_t records = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t undecodable = 0;
  std::int64_t last_end_us = 0;  // when the last call of the batch ended
};

class Indexer {
 public:
  // Creates or opens the database. The address of the indexer must not change afterwards.
  static Result<std::unique_ptr<Indexer>> open(const std::filesystem::path& file, int compression_level);

  // All or nothing. `after` is stored as the new position.
  Result<BatchResult> index(const std::vector<SpoolFrame>& frames, SpoolPosition after);
  [[nodiscard]] SpoolPosition position() const { return position_; }
  [[nodiscard]] std::uint64_t next_sequence() const { return next_sequence_; }
  [[nodiscard]] Connection& connection() { return connection_; }
  [[nodiscard]] BodyWriter& bodies() { return bodies_; }
  // Everything committed survives a power cut from here on. Before that it survives the end of the process
  // only.
  Result<> make_durable();
  // Runs `work` in a write transaction that also keeps the block counter; forgets caches if it fails.
  Result<> transact(const std::function<Result<>()>& work);
  // Merges small blocks where there are many. Returns whether it did anything.
  Result<bool> merge_small_blocks();

 private:
  Result<> add(const InvocationRecord& record, BatchResult& result);
  Result<> add_row(const InvocationRecord& record, const RollupKey& key, std::int64_t key_name);
  Result<> save_traces();
  Result<> note_key_name(std::int64_t key, std::int64_t name);
  Result<> save_progress();
  void restore();

  Connection connection_;
  NameTable names_;
  BodyWriter bodies_;
  RollupWriter rollups_;
  RollupBatch batch_;
  PreviewMaker previews_;
  std::unordered_map<std::int64_t, std::int64_t> key_names_;
  WordSet traces_;                  // of the group of rows that is being filled
  std::uint64_t traces_first_ = 0;  // its first sequence number, 0 before the first row
  Statement insert_, select_id_, save_traces_, insert_key_name_, update_progress_;
  std::filesystem::path file_;
  SpoolPosition position_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t saved_next_sequence_ = 1;
  std::int64_t saved_next_block_ = 1;
};

// The model that roll-ups and filters use: never a name that only a client made up, so that their number is
// bounded.
std::string_view effective_model(const InvocationRecord& record);

}  // namespace slipway::telemetry
