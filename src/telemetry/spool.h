// SPDX-License-Identifier: Apache-2.0
// The durable log between the hot path and the telemetry store: append-only segment files written by one
// thread.
//
// A call's loop serialises its record into a loop-local buffer (SpoolWriter::append, about a microsecond plus
// a memcpy) and hands whole buffers over; the spool thread writes them and calls fdatasync for all of them
// together. A record handed to append() is on disk within 100 ms; append_durable() resumes once it is.
// Segments are deleted when the store says that it has them (release()).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "rt/loop.h"
#include "rt/task.h"
#include "telemetry/record.h"

namespace slipway::telemetry {

// A place in the log: everything before it has been written. Segment numbers only grow, also across restarts.
struct SpoolPosition {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
  auto operator<=>(const SpoolPosition&) const = default;
};

struct SpoolOptions {
  std::filesystem::path directory;
  std::uint64_t segment_bytes = 64ull << 20;       // a segment is closed once it is larger than this
  std::uint64_t disk_limit_bytes = 8ull << 30;     // all segments together; beyond it the spool is blocked
  std::uint64_t queue_limit_bytes = 64ull << 20;   // handed over or buffered, not yet written
  std::uint64_t record_limit_bytes = 64ull << 20;  // a larger record is kept without its bodies
  std::uint32_t sync_interval_ms = 50;             // longest time a written record waits for fdatasync
  std::uint32_t hand_over_ms = 10;                 // longest time a record stays in a loop's buffer
};

// Why the spool takes nothing at the moment, or why records were lost.
enum class SpoolBlock : std::uint8_t { kNone = 0, kDiskFull = 1, kSpoolLimit = 2, kIoError = 3, kClosed = 4 };
std::string_view to_string(SpoolBlock reason);  // "none", "disk_full", "spool_limit", "io_error", "closed"

// A snapshot of counters since the spool was opened.
struct SpoolStats {
  std::uint64_t records_appended = 0;  // taken into a buffer
  std::uint64_t records_written = 0;
  std::uint64_t records_durable = 0;
  std::uint64_t bytes_written = 0;
  std::array<std::uint64_t, 5>
      records_lost{};                 // by SpoolBlock; [0] = queue full while the disk was merely slow
  std::uint64_t records_refused = 0;  // strict: the caller was told
  std::uint64_t bodies_dropped = 0;   // records kept without bodies because they were too large
  std::uint64_t queued_bytes = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t segments = 0;
  std::uint64_t syncs = 0;
  std::int64_t last_sync_us = 0;
  std::int64_t longest_sync_us = 0;
  std::uint64_t corrupt_tail_bytes = 0;  // cut from the last segment when the spool was opened
  SpoolBlock blocked = SpoolBlock::kNone;
  [[nodiscard]] std::uint64_t lost() const;
};

class SpoolWriter;

class Spool {
 public:
  // Creates the directory if needed, cuts a damaged tail and starts the spool thread. kIo if that is
  // impossible.
  static Result<std::unique_ptr<Spool>> open(SpoolOptions options, Logger logger = {});
  ~Spool();  // close()
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Writes and syncs what is queued and ends the thread. Destroy the writers first.
  void close();

  // False while the disk is full, the spool's limit is reached or the disk fails: in a strict environment a
  // gateway should answer 503 before it spends tokens. Any thread; one relaxed load.
  [[nodiscard]] bool accepting() const;
  [[nodiscard]] SpoolStats stats() const;  // any thread

  // Everything before it is on disk. Any thread.
  [[nodiscard]] SpoolPosition durable_end() const;
  // Waits until durable_end() is beyond `seen`, wake() is called, or the time is over. Not on a loop.
  void wait_beyond(SpoolPosition seen, std::uint32_t timeout_ms);
  void wake();
  // Makes everything handed over so far durable and starts a new segment; returns its beginning. Not on a
  // loop.
  SpoolPosition rotate();
  // The same without a new segment; returns the end. Not on a loop.
  SpoolPosition sync();
  // Deletes segments that lie entirely before `position`. Any thread but a loop.
  void release(SpoolPosition position);
  [[nodiscard]] bool releases(SpoolPosition position) const;  // whether release() would delete anything
  // Bytes between `position` and the durable end. Any thread.
  [[nodiscard]] std::uint64_t backlog_bytes(SpoolPosition position) const;
  [[nodiscard]] const std::filesystem::path& directory() const;

 private:
  friend class SpoolWriter;
  struct State;
  explicit Spool(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// One per loop, made and destroyed on its loop's thread, before the spool is closed.
class SpoolWriter {
 public:
  SpoolWriter(Spool& spool, rt::Loop& loop);
  ~SpoolWriter();  // hands over what is buffered
  SpoolWriter(const SpoolWriter&) = delete;
  SpoolWriter& operator=(const SpoolWriter&) = delete;

  // Copies the record; it is on disk within 100 ms. If the spool can't take it, it is counted as lost, with
  // the reason, and the first loss of a series is logged. Never blocks.
  void append(const InvocationRecord& record);

  // Copies the record at once (the views may die as soon as this returns) and resumes on the loop when a
  // fdatasync that includes it has returned. kResourceExhausted if the disk or the spool is full, kIo if the
  // disk failed, kUnavailable when shutting down; the record is then not kept.
  rt::Task<Result<>> append_durable(const InvocationRecord& record);

  // Hands the buffer over now.
  void flush();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::telemetry
