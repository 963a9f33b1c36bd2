// SPDX-License-Identifier: Apache-2.0
// Inside of the spool, shared by spool.cc (the thread and its files) and spool_writer.cc (the loops' side).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "rt/event.h"
#include "telemetry/spool.h"

namespace slipway::telemetry {

// What a strict append waits for. Made and destroyed on the loop; `result` is written before the event is
// posted.
struct SpoolWaiter {
  explicit SpoolWaiter(rt::Executor loop) : executor(loop) {}
  rt::Executor executor;
  rt::Event done;
  Result<> result;
};

// Whole frames, handed over together. A strict record travels alone, so that it can be refused alone.
struct SpoolChunk {
  std::string bytes;
  std::uint32_t records = 0;
  std::shared_ptr<SpoolWaiter> waiter;
};

// The durable end, for readers that must not hold a lock: the indexer gives way to everything else, so what
// it holds could keep a call waiting for as long as the machine is busy. One thread sets it.
class PublishedPosition {
 public:
  void set(SpoolPosition position) {
    const std::uint32_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    segment_.store(position.segment, std::memory_order_relaxed);
    offset_.store(position.offset, std::memory_order_relaxed);
    version_.store(version + 2, std::memory_order_release);
  }
  [[nodiscard]] SpoolPosition get() const {
    while (true) {
      const std::uint32_t version = version_.load(std::memory_order_acquire);
      const SpoolPosition position{segment_.load(std::memory_order_relaxed),
                                   offset_.load(std::memory_order_relaxed)};
      std::atomic_thread_fence(std::memory_order_acquire);
      if (version % 2 == 0 && version_.load(std::memory_order_relaxed) == version) return position;
    }
  }

 private:
  std::atomic<std::uint32_t> version_{0};  // odd while it is being set
  std::atomic<std::uint64_t> segment_{0};
  std::atomic<std::uint64_t> offset_{0};
};

struct Spool::State {
  State(SpoolOptions settings, Logger log) : options(std::move(settings)), logger(std::move(log)) {}
  ~State();

  // Any thread.
  bool hand_over(SpoolChunk chunk);  // false once closed
  std::string take_buffer();         // an empty one with capacity, if there is one
  void count_lost(std::uint32_t records, SpoolBlock reason);

  // Spool thread.
  void run();
  void write_pending();
  bool write_chunks(std::size_t count);
  bool open_segment();
  void block(SpoolBlock reason, const std::string& detail);
  void unblock();
  void probe();
  void refuse_strict();
  SpoolPosition request_sync(bool rotate);
  void sync();
  void finish(std::shared_ptr<SpoolWaiter> waiter, Result<> result);
  void abandon_pending();
  void advance(SpoolPosition end);  // the durable end
  void tell_follower();             // any thread

  const SpoolOptions options;
  const Logger logger;
  int lock_file = -1;

  std::mutex mutex;
  std::condition_variable work;      // for the spool thread
  std::condition_variable progress;  // for those who wait for a sync
  std::vector<SpoolChunk> queue;
  std::vector<std::string> spare_buffers;
  std::map<std::uint64_t, std::uint64_t> segments;  // number → bytes
  std::uint64_t syncs_wanted = 0;                   // requests of sync() and rotate()
  std::uint64_t syncs_done = 0;
  bool rotation_wanted = false;
  bool released = false;  // space may have become free: try again

  PublishedPosition durable;
  std::atomic<std::uint64_t> oldest_segment{0};  // of those on disk
  std::atomic<bool> woken{false};
  std::atomic<bool> closing{false};  // set under the mutex
  int follower = -1;                 // eventfd of who waits for the durable end

  // Spool thread only.
  std::deque<SpoolChunk> pending;
  std::vector<std::shared_ptr<SpoolWaiter>> unsynced_waiters;
  std::uint64_t unsynced_records = 0;
  std::int64_t unsynced_since_ns = 0;
  int file = -1;
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
  std::uint32_t salt = 0;

  std::atomic<std::uint64_t> queued_bytes{0};
  std::atomic<SpoolBlock> blocked{SpoolBlock::kNone};
  std::atomic<std::uint64_t> appended{0}, written{0}, durable_records{0}, bytes_written{0}, refused{0},
      bodies_dropped{0}, syncs{0}, tail_bytes{0}, disk_bytes{0};
  std::array<std::atomic<std::uint64_t>, 5> lost{};
  std::atomic<std::int64_t> last_sync_us{0}, longest_sync_us{0};
  std::atomic<bool> losing{false};  // so that only the first loss of a series is logged
  std::thread thread;
};

}  // namespace slipway::telemetry
