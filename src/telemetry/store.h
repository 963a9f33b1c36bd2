// SPDX-License-Identifier: Apache-2.0
// The embedded telemetry store: a SQLite database fed from the spool by one low-priority thread, which also
// does all other writing (retention, erasure). Reading is done through TelemetryQuery (query.h) on its own
// connections.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "telemetry/spool.h"

namespace slipway::telemetry {

struct RetentionPolicy {
  std::uint32_t body_days = 30;     // request and response bodies
  std::uint32_t row_days = 90;      // invocation rows
  std::uint32_t rollup_days = 800;  // hour and day roll-ups
};

struct StoreOptions {
  std::filesystem::path file;  // the database
  RetentionPolicy retention;   // for environments not named below
  std::map<std::string, RetentionPolicy> retention_by_environment;
  std::uint32_t minute_rollup_days = 60;          // all environments
  std::uint64_t size_limit_bytes = 200ull << 30;  // beyond it the oldest bodies, then the oldest rows go
  std::uint32_t batch_interval_ms = 100;          // records become queryable in batches this far apart
  std::uint32_t maintenance_interval_s = 600;
  int compression_level = 1;  // of zstd; the indexer shares the cores with calls
  std::size_t batch_bytes = 2u << 20;
  std::uint64_t help_from_bytes = 1u << 30;  // backlog from which indexing runs at ordinary priority
};

struct StoreStats {
  std::uint64_t records_indexed = 0;  // since the store was opened
  std::uint64_t duplicates = 0;       // same id seen again: ignored
  std::uint64_t undecodable = 0;      // records of an unknown format
  std::uint64_t corrupt_regions = 0;  // damaged places of the spool that were skipped
  std::uint64_t corrupt_bytes = 0;
  std::uint64_t batches = 0;
  std::uint64_t backlog_bytes = 0;   // durable in the spool, not yet queryable
  std::uint64_t records_behind = 0;  // the backlog in records, estimated from their mean size; exact when 0
  std::int64_t lag_us = 0;           // age of the oldest record waiting; 0 if none waits
  std::uint64_t database_bytes = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t rows_expired = 0;
  std::uint64_t blocks_expired = 0;
  std::string last_error;  // of the indexer; empty if the last batch went well
};

struct ErasureResult {
  std::uint64_t rows = 0;
  std::uint64_t bodies = 0;
  std::uint64_t rollups = 0;
};

class TelemetryStore {
 public:
  // Opens or creates the database and starts the indexer thread, which tails `spool`. The spool must outlive
  // it. A database written by a newer Slipway is refused (kConflict).
  static Result<std::unique_ptr<TelemetryStore>> open(StoreOptions options, Spool& spool, Logger logger = {});
  ~TelemetryStore();  // close()
  TelemetryStore(const TelemetryStore&) = delete;
  TelemetryStore& operator=(const TelemetryStore&) = delete;

  // Ends the thread after the batch at hand. What is still in the spool is indexed after the next start.
  void close();

  [[nodiscard]] StoreStats stats() const;  // any thread
  [[nodiscard]] const StoreOptions& options() const;

  // Blocks until everything the spool holds at the time of the call is queryable, or the time is over
  // (false). Records still in a loop's buffer are not in the spool yet. Not on a loop.
  bool wait_indexed(std::uint32_t timeout_ms);

  // New retention settings, used from the next maintenance on. Any thread.
  void set_retention(RetentionPolicy fallback, std::map<std::string, RetentionPolicy> by_environment);
  // Runs retention and size limit now and waits for it. Not on a loop.
  Result<> run_maintenance();

  // Really removes: rows and bodies, what the spool still holds of them included, and for a use case its
  // roll-ups. Freed pages are overwritten. Waits until it is done: not on a loop.
  Result<ErasureResult> erase_use_case(std::string use_case);
  // Rows and bodies of one end user (within one use case unless it is empty). Roll-ups hold nothing personal.
  Result<ErasureResult> erase_end_user(std::string end_user, std::string use_case = {});

 private:
  struct State;
  explicit TelemetryStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway::telemetry
