// SPDX-License-Identifier: Apache-2.0
#include "telemetry/spool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "base/crypto.h"
#include "telemetry/spool_format.h"
#include "telemetry/spool_reader.h"
#include "telemetry/spool_state.h"

namespace slipway::telemetry {

namespace {

constexpr std::size_t kChunksPerWrite = 64;
constexpr std::size_t kSpareBuffers = 8;
constexpr std::size_t kLargestSpareBuffer = 512u << 10;
constexpr auto kRetry = std::chrono::milliseconds(100);  // of a write the disk refused

SpoolBlock reason_of(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG ? SpoolBlock::kDiskFull : SpoolBlock::kIoError;
}

Error refusal(SpoolBlock reason) {
  switch (reason) {
    case SpoolBlock::kDiskFull:
      return {ErrorCode::kResourceExhausted, "the disk of the invocation records is full", "spool",
              "free some space; calls in strict environments are refused until then"};
    case SpoolBlock::kSpoolLimit:
      return {ErrorCode::kResourceExhausted, "the spool of invocation records has reached its limit", "spool",
              "the telemetry store does not keep up: see its lag, or raise telemetry.spool_limit_bytes"};
    case SpoolBlock::kClosed: return {ErrorCode::kUnavailable, "the spool is closed", "spool", {}};
    default: return {ErrorCode::kIo, "the disk of the invocation records fails", "spool", "see the log"};
  }
}

void sync_directory(const std::filesystem::path& directory) {
  const int handle = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return;
  ::fsync(handle);
  ::close(handle);
}

// Fills in the checksums of a chunk for the segment it is going to.
void seal(std::string& bytes, std::uint32_t salt) {
  for (std::size_t at = 0; at < bytes.size();) {
    char* frame = bytes.data() + at;
    const std::uint32_t length = spool_format::frame_length(frame);
    const std::uint32_t crc = spool_format::frame_crc(frame, length, salt);
    std::memcpy(frame + 4, &crc, sizeof(crc));
    at += spool_format::kPrefixBytes + length;
  }
}

// Bytes of the segment up to the end of its last good record; 0 if it holds none.
Result<std::uint64_t> good_bytes(const std::filesystem::path& directory, std::uint64_t segment,
                                 std::uint64_t size) {
  SpoolReader reader(directory);
  reader.seek({segment, 0});
  std::uint64_t good = 0;
  while (true) {
    SLIPWAY_ASSIGN(const std::vector<SpoolFrame> frames, reader.read({segment, size}, 1u << 20));
    if (frames.empty()) return good;
    good = reader.position().offset;
  }
}

}  // namespace

std::string_view to_string(SpoolBlock reason) {
  switch (reason) {
    case SpoolBlock::kNone: return "none";
    case SpoolBlock::kDiskFull: return "disk_full";
    case SpoolBlock::kSpoolLimit: return "spool_limit";
    case SpoolBlock::kIoError: return "io_error";
    case SpoolBlock::kClosed: return "closed";
  }
  return "none";
}

std::uint64_t SpoolStats::lost() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : records_lost) sum += count;
  return sum;
}

Spool::State::~State() {
  if (file >= 0) ::close(file);
  if (lock_file >= 0) ::close(lock_file);
  if (follower >= 0) ::close(follower);
}

Result<std::unique_ptr<Spool>> Spool::open(SpoolOptions options, Logger logger) {
  const std::string where = options.directory.string();
  std::error_code failure;
  std::filesystem::create_directories(options.directory, failure);
  if (failure)
    return fail(ErrorCode::kIo, "cannot create the spool's directory: " + failure.message(), where);
  auto state = std::make_unique<State>(std::move(options), std::move(logger));
  const std::filesystem::path& directory = state->options.directory;
  state->lock_file = ::open((directory / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (state->lock_file < 0)
    return fail(ErrorCode::kIo, std::strerror(errno), where, "the spool must be writable");
  if (::flock(state->lock_file, LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::kConflict, "another process writes this spool", where,
                "stop the other Slipway, or give this one a data directory of its own");
  }
  state->follower = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (state->follower < 0) return fail(ErrorCode::kIo, std::strerror(errno), where, "see ulimit -n");
  std::uint64_t newest = 0;
  for (const std::uint64_t number : spool_format::list_segments(directory)) {
    const std::uint64_t size =
        std::filesystem::file_size(spool_format::segment_path(directory, number), failure);
    if (failure) return fail(ErrorCode::kIo, failure.message(), where);
    state->segments[number] = size;
    newest = number;
  }
  if (newest != 0) {
    // Only the segment that was being written can have a torn end. It is cut here, once, so that it is
    // counted once.
    const std::filesystem::path path = spool_format::segment_path(directory, newest);
    const std::uint64_t size = state->segments[newest];
    SLIPWAY_ASSIGN(const std::uint64_t good, good_bytes(directory, newest, size));
    const std::uint64_t kept =
        std::max<std::uint64_t>(good, std::min<std::uint64_t>(size, spool_format::kHeaderBytes));
    if (kept < size) {
      state->tail_bytes = size - kept;
      state->logger.warning("spool_tail_cut",
                            {{"segment", path.filename().string()}, {"bytes", size - kept}});
    }
    if (good == 0) {
      std::filesystem::remove(path, failure);
      state->segments.erase(newest);
    } else if (kept < size) {
      std::filesystem::resize_file(path, kept, failure);
      if (failure)
        return fail(ErrorCode::kIo, "cannot cut a damaged tail: " + failure.message(), path.string());
      state->segments[newest] = kept;
    }
  }
  for (const auto& [number, size] : state->segments) state->disk_bytes += size;
  // Numbered by time, so that a position remembered by the store stays behind even if somebody empties the
  // directory.
  state->segment = std::max<std::uint64_t>(newest, static_cast<std::uint64_t>(unix_now_us() / 1000) - 1);
  if (!state->open_segment()) {
    return fail(ErrorCode::kIo, std::string("cannot create a spool segment: ") + std::strerror(errno), where,
                "free some space and check that the data directory can be written");
  }
  state->durable.set({state->segment, state->offset});
  state->oldest_segment = state->segments.begin()->first;
  auto spool = std::unique_ptr<Spool>(new Spool(std::move(state)));
  spool->state_->thread = std::thread([state = spool->state_.get()] {
    ::pthread_setname_np(::pthread_self(), "spool");
    state->run();
  });
  return spool;
}

Spool::Spool(std::unique_ptr<State> state) : state_(std::move(state)) {}
Spool::~Spool() { close(); }

void Spool::close() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
  }
  state_->work.notify_all();
  state_->progress.notify_all();
  state_->tell_follower();
  if (state_->thread.joinable()) state_->thread.join();
}

// ---- any thread ----

bool Spool::State::hand_over(SpoolChunk chunk) {
  {
    const std::lock_guard lock(mutex);
    if (closing) return false;
    queued_bytes.fetch_add(chunk.bytes.size(), std::memory_order_relaxed);
    queue.push_back(std::move(chunk));
  }
  work.notify_one();
  return true;
}

std::string Spool::State::take_buffer() {
  const std::lock_guard lock(mutex);
  if (spare_buffers.empty()) return {};
  std::string buffer = std::move(spare_buffers.back());
  spare_buffers.pop_back();
  return buffer;
}

void Spool::State::count_lost(std::uint32_t records, SpoolBlock reason) {
  lost[static_cast<std::size_t>(reason)].fetch_add(records, std::memory_order_relaxed);
  if (!losing.exchange(true, std::memory_order_relaxed)) {
    logger.error(
        "invocation_records_lost",
        {{"reason", reason == SpoolBlock::kNone ? std::string_view("queue_full") : to_string(reason)},
         {"hint", "slipway_spool_records_lost_total counts on"}});
  }
}

bool Spool::accepting() const { return state_->blocked.load(std::memory_order_relaxed) == SpoolBlock::kNone; }

SpoolStats Spool::stats() const {
  SpoolStats stats;
  stats.records_appended = state_->appended;
  stats.records_written = state_->written;
  stats.records_durable = state_->durable_records;
  stats.bytes_written = state_->bytes_written;
  for (std::size_t i = 0; i < stats.records_lost.size(); ++i) stats.records_lost[i] = state_->lost[i];
  stats.records_refused = state_->refused;
  stats.bodies_dropped = state_->bodies_dropped;
  stats.queued_bytes = state_->queued_bytes;
  stats.disk_bytes = state_->disk_bytes;
  stats.syncs = state_->syncs;
  stats.last_sync_us = state_->last_sync_us;
  stats.longest_sync_us = state_->longest_sync_us;
  stats.corrupt_tail_bytes = state_->tail_bytes;
  stats.blocked = state_->blocked;
  const std::lock_guard lock(state_->mutex);
  stats.segments = state_->segments.size();
  return stats;
}

SpoolPosition Spool::durable_end() const { return state_->durable.get(); }

void Spool::wait_beyond(SpoolPosition seen, std::uint32_t timeout_ms) {
  const std::int64_t end_ns = mono_now_ns() + std::int64_t{timeout_ms} * 1'000'000;
  while (state_->durable.get() <= seen && !state_->woken && !state_->closing) {
    const std::int64_t left_ns = end_ns - mono_now_ns();
    if (left_ns <= 0) break;
    pollfd wait{state_->follower, POLLIN, 0};
    ::poll(&wait, 1, static_cast<int>((left_ns + 999'999) / 1'000'000));
    eventfd_t told = 0;
    static_cast<void>(::eventfd_read(state_->follower, &told));  // what was told is looked up above
  }
  state_->woken = false;
}

void Spool::wake() {
  state_->woken = true;
  state_->tell_follower();
}

// Fails only when it was told 2^64 times without listening.
void Spool::State::tell_follower() { static_cast<void>(::eventfd_write(follower, 1)); }

void Spool::State::advance(SpoolPosition end) {
  durable.set(end);
  tell_follower();
}

SpoolPosition Spool::State::request_sync(bool rotate) {
  std::unique_lock lock(mutex);
  const std::uint64_t wanted = ++syncs_wanted;
  rotation_wanted |= rotate;
  work.notify_one();
  progress.wait(lock, [&] { return syncs_done >= wanted || closing; });
  return durable.get();
}

SpoolPosition Spool::sync() { return state_->request_sync(false); }
SpoolPosition Spool::rotate() { return state_->request_sync(true); }

bool Spool::releases(SpoolPosition position) const {
  // Never the segment being written, whatever the position says.
  return std::min(position.segment, state_->durable.get().segment) > state_->oldest_segment;
}

void Spool::release(SpoolPosition position) {
  if (!releases(position)) return;  // mostly: without the lock
  const std::uint64_t before = std::min(position.segment, state_->durable.get().segment);
  std::vector<std::uint64_t> gone;
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [number, size] : state_->segments) {
      if (number < before) gone.push_back(number);
    }
  }
  if (gone.empty()) return;
  for (const std::uint64_t number : gone) {
    std::error_code failure;
    std::filesystem::remove(spool_format::segment_path(state_->options.directory, number), failure);
    if (failure) continue;
    const std::lock_guard lock(state_->mutex);
    state_->disk_bytes.fetch_sub(state_->segments[number], std::memory_order_relaxed);
    state_->segments.erase(number);
    state_->oldest_segment = state_->segments.begin()->first;
    state_->released = true;
  }
  state_->work.notify_one();
}

std::uint64_t Spool::backlog_bytes(SpoolPosition position) const {
  const SpoolPosition durable = state_->durable.get();
  if (position.segment == durable.segment)
    return durable.offset > position.offset ? durable.offset - position.offset : 0;
  const std::lock_guard lock(state_->mutex);
  std::uint64_t bytes = 0;
  for (const auto& [number, size] : state_->segments) {
    if (number < position.segment || number > durable.segment) continue;
    const std::uint64_t end = number == durable.segment ? durable.offset : size;
    const std::uint64_t begin = number == position.segment ? position.offset : spool_format::kHeaderBytes;
    bytes += end > begin ? end - begin : 0;
  }
  return bytes;
}

const std::filesystem::path& Spool::directory() const { return state_->options.directory; }

// ---- spool thread ----

void Spool::State::run() {
  const std::int64_t sync_interval_ns = std::int64_t{options.sync_interval_ms} * 1'000'000;
  while (true) {
    bool sync_now = false;
    bool rotate_now = false;
    bool stop = false;
    std::uint64_t wanted = 0;
    {
      std::unique_lock lock(mutex);
      const auto ready = [&] { return !queue.empty() || closing || syncs_wanted > syncs_done || released; };
      if (blocked.load(std::memory_order_relaxed) != SpoolBlock::kNone) {
        work.wait_for(lock, kRetry, ready);
      } else if (unsynced_since_ns != 0) {
        const std::int64_t left = unsynced_since_ns + sync_interval_ns - mono_now_ns();
        work.wait_for(lock, std::chrono::nanoseconds(std::max<std::int64_t>(left, 0)), ready);
      } else {
        work.wait(lock, ready);
      }
      for (SpoolChunk& chunk : queue) pending.push_back(std::move(chunk));
      queue.clear();
      released = false;
      wanted = syncs_wanted;
      sync_now = wanted > syncs_done;
      rotate_now = std::exchange(rotation_wanted, false);
      stop = closing;
    }
    if (pending.empty() && blocked.load(std::memory_order_relaxed) != SpoolBlock::kNone) probe();
    write_pending();
    const bool due = unsynced_since_ns != 0 && mono_now_ns() - unsynced_since_ns >= sync_interval_ns;
    if (due || !unsynced_waiters.empty() || sync_now || stop) sync();
    if (rotate_now && offset > spool_format::kHeaderBytes && !open_segment())
      block(reason_of(errno), std::strerror(errno));
    if (sync_now) {
      if (file >= 0) advance({segment, offset});
      {
        const std::lock_guard lock(mutex);
        syncs_done = wanted;
      }
      progress.notify_all();
    }
    if (stop) break;
  }
  abandon_pending();
}

void Spool::State::write_pending() {
  while (!pending.empty()) {
    if (file < 0 || offset >= options.segment_bytes) {
      sync();
      if (!open_segment()) return block(reason_of(errno), std::strerror(errno));
    }
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    while (count < pending.size() && count < kChunksPerWrite && offset + bytes < options.segment_bytes)
      bytes += pending[count++].bytes.size();
    if (disk_bytes.load(std::memory_order_relaxed) + bytes > options.disk_limit_bytes)
      return block(SpoolBlock::kSpoolLimit,
                   "limit of " + std::to_string(options.disk_limit_bytes) + " bytes");
    if (!write_chunks(count)) return;
    unblock();
  }
}

bool Spool::State::write_chunks(std::size_t count) {
  std::array<iovec, kChunksPerWrite> parts;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    seal(pending[i].bytes, salt);
    parts[i] = {pending[i].bytes.data(), pending[i].bytes.size()};
    bytes += pending[i].bytes.size();
  }
  std::size_t first = 0;
  std::uint64_t done = 0;
  while (done < bytes) {
    const ssize_t wrote = ::pwritev(file, parts.data() + first, static_cast<int>(count - first),
                                    static_cast<off_t>(offset + done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      const int error = wrote < 0 ? errno : ENOSPC;
      // What got onto the disk is no whole record: take it back, so that a reader never meets it.
      if (::ftruncate(file, static_cast<off_t>(offset)) != 0) logger.error("spool_truncate_failed");
      block(reason_of(error), std::strerror(error));
      return false;
    }
    done += static_cast<std::uint64_t>(wrote);
    for (auto left = static_cast<std::size_t>(wrote); left > 0;) {
      const std::size_t step = std::min(left, parts[first].iov_len);
      parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + step;
      parts[first].iov_len -= step;
      left -= step;
      if (parts[first].iov_len == 0) ++first;
    }
  }
  offset += bytes;
  if (unsynced_since_ns == 0) unsynced_since_ns = mono_now_ns();
  disk_bytes.fetch_add(bytes, std::memory_order_relaxed);
  bytes_written.fetch_add(bytes, std::memory_order_relaxed);
  queued_bytes.fetch_sub(bytes, std::memory_order_relaxed);
  std::vector<std::string> spare;
  for (std::size_t i = 0; i < count; ++i) {
    SpoolChunk& chunk = pending.front();
    unsynced_records += chunk.records;
    written.fetch_add(chunk.records, std::memory_order_relaxed);
    if (chunk.waiter) unsynced_waiters.push_back(std::move(chunk.waiter));
    if (chunk.bytes.capacity() >= 4096 && chunk.bytes.capacity() <= kLargestSpareBuffer) {
      chunk.bytes.clear();
      spare.push_back(std::move(chunk.bytes));
    }
    pending.pop_front();
  }
  const std::lock_guard lock(mutex);
  segments[segment] = offset;
  for (std::string& buffer : spare) {
    if (spare_buffers.size() >= kSpareBuffers) break;
    spare_buffers.push_back(std::move(buffer));
  }
  return true;
}

// Closes the current segment, which must be synced, and begins the next. On failure errno tells why.
bool Spool::State::open_segment() {
  const std::uint64_t number =
      std::max<std::uint64_t>(segment + 1, static_cast<std::uint64_t>(unix_now_us() / 1000));
  const std::filesystem::path path = spool_format::segment_path(options.directory, number);
  const int opened = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (opened < 0) return false;
  random_bytes(&salt, sizeof(salt));
  const std::string header = spool_format::make_header(number, salt);
  if (::pwrite(opened, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size()) ||
      ::fdatasync(opened) != 0) {
    const int error = errno == 0 ? ENOSPC : errno;
    ::close(opened);
    ::unlink(path.c_str());
    errno = error;
    return false;
  }
  sync_directory(options.directory);
  if (file >= 0) ::close(file);
  file = opened;
  segment = number;
  offset = header.size();
  disk_bytes.fetch_add(header.size(), std::memory_order_relaxed);
  const std::lock_guard lock(mutex);
  segments[number] = header.size();
  return true;
}

void Spool::State::block(SpoolBlock reason, const std::string& detail) {
  if (blocked.exchange(reason, std::memory_order_relaxed) != reason) {
    logger.error("spool_blocked", {{"reason", to_string(reason)},
                                   {"detail", detail},
                                   {"hint",
                                    "calls in strict environments are refused; others go on and their "
                                    "records wait in memory until its limit"}});
  }
  refuse_strict();
}

void Spool::State::unblock() {
  losing.store(false, std::memory_order_relaxed);
  if (blocked.exchange(SpoolBlock::kNone, std::memory_order_relaxed) != SpoolBlock::kNone)
    logger.info("spool_unblocked");
}

// While callers stay away because the spool doesn't accept, somebody has to find out when it could again.
void Spool::State::probe() {
  constexpr std::uint64_t kProbeBytes = 64u << 10;
  if (disk_bytes.load(std::memory_order_relaxed) + kProbeBytes > options.disk_limit_bytes) return;
  if (file < 0 && !open_segment()) return;
  const std::string zeros(kProbeBytes, '\0');
  const bool good =
      ::pwrite(file, zeros.data(), zeros.size(), static_cast<off_t>(offset)) == ssize_t{kProbeBytes} &&
      ::fdatasync(file) == 0;
  if (::ftruncate(file, static_cast<off_t>(offset)) != 0) return;
  if (good) unblock();
}

void Spool::State::refuse_strict() {
  std::deque<SpoolChunk> kept;
  for (SpoolChunk& chunk : pending) {
    if (!chunk.waiter) {
      kept.push_back(std::move(chunk));
      continue;
    }
    queued_bytes.fetch_sub(chunk.bytes.size(), std::memory_order_relaxed);
    refused.fetch_add(chunk.records, std::memory_order_relaxed);
    finish(std::move(chunk.waiter), fail(refusal(blocked.load(std::memory_order_relaxed))));
  }
  pending = std::move(kept);
}

void Spool::State::sync() {
  if (unsynced_since_ns == 0) return;
  const std::int64_t begun = mono_now_ns();
  const bool good = ::fdatasync(file) == 0;
  const int error = errno;
  const std::int64_t took_us = (mono_now_ns() - begun) / 1000;
  syncs.fetch_add(1, std::memory_order_relaxed);
  last_sync_us.store(took_us, std::memory_order_relaxed);
  if (took_us > longest_sync_us.load(std::memory_order_relaxed)) longest_sync_us.store(took_us);
  std::vector<std::shared_ptr<SpoolWaiter>> waiters = std::move(unsynced_waiters);
  unsynced_waiters.clear();
  unsynced_since_ns = 0;
  if (good) {
    durable_records.fetch_add(unsynced_records, std::memory_order_relaxed);
    advance({segment, offset});
  } else {
    // After a failed fsync the kernel may have dropped the pages: these records can't be vouched for any
    // more.
    count_lost(static_cast<std::uint32_t>(unsynced_records - waiters.size()), SpoolBlock::kIoError);
    refused.fetch_add(waiters.size(), std::memory_order_relaxed);
    ::close(file);
    file = -1;  // the next write begins a new segment
    block(SpoolBlock::kIoError, std::strerror(error));
  }
  unsynced_records = 0;
  for (std::shared_ptr<SpoolWaiter>& waiter : waiters) {
    if (good)
      finish(std::move(waiter), {});
    else
      finish(std::move(waiter), fail(refusal(SpoolBlock::kIoError)));
  }
}

// The last reference travels with the post, so that the waiter dies on its loop.
void Spool::State::finish(std::shared_ptr<SpoolWaiter> waiter, Result<> result) {
  waiter->result = std::move(result);
  const rt::Executor executor = waiter->executor;
  rt::asio::post(executor, [back = std::move(waiter)] { back->done.set(); });
}

void Spool::State::abandon_pending() {
  if (pending.empty()) return;
  const SpoolBlock reason = blocked.load(std::memory_order_relaxed);
  refuse_strict();
  std::uint32_t records = 0;
  for (const SpoolChunk& chunk : pending) {
    records += chunk.records;
    queued_bytes.fetch_sub(chunk.bytes.size(), std::memory_order_relaxed);
  }
  pending.clear();
  if (records > 0) {
    losing.store(false, std::memory_order_relaxed);
    count_lost(records, reason);
  }
}

}  // namespace slipway::telemetry
