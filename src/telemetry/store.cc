// SPDX-License-Identifier: Apache-2.0
#include "telemetry/store.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "telemetry/indexer.h"
#include "telemetry/maintenance.h"
#include "telemetry/spool_reader.h"

namespace slipway::telemetry {

namespace {
constexpr auto kRetryAfterFailure = std::chrono::seconds(1);
constexpr auto kHelperInterval = std::chrono::milliseconds(500);
constexpr int kTruncateAttempts = 50;
// Merging happens when blocks were added, at most this often.
constexpr std::int64_t kMergeIntervalNs = 5'000'000'000;

// The calling thread runs only on a core nobody else wants, and leaves it the moment somebody does. A
// niceness of 19 is not enough: such a thread keeps the core until its slice of milliseconds is over, and
// calls wait for it.
void give_way_to_calls() {
  const sched_param none{};
  if (::sched_setscheduler(0, SCHED_IDLE, &none) != 0)
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 19);
}
}  // namespace

struct TelemetryStore::State {
  State(StoreOptions settings, Spool& from, Logger log)
      : options(std::move(settings)), spool(from), logger(std::move(log)), reader(from.directory()) {
    rules.fallback = options.retention;
    rules.by_environment = options.retention_by_environment;
    rules.minute_rollup_days = options.minute_rollup_days;
    rules.size_limit_bytes = options.size_limit_bytes;
  }

  void run();
  void help();
  void release(SpoolPosition position);
  bool index_batch();
  void pause(std::chrono::milliseconds time);
  bool run_job();
  Result<> maintain();
  Result<ErasureResult> erase(const ErasureTarget& target);
  Result<> index_up_to(SpoolPosition end);
  template <class T>
  Result<T> on_thread(std::function<Result<T>()> job);
  void set_error(const std::string& text);

  const StoreOptions options;
  Spool& spool;
  const Logger logger;
  SpoolReader reader;
  std::unique_ptr<Indexer> indexer;

  mutable std::mutex mutex;
  std::condition_variable wake;  // for the thread
  std::condition_variable helper_wake;
  std::condition_variable progress;  // for those who wait for it
  std::deque<std::function<void()>> jobs;
  SpoolPosition indexed;
  RetentionRules rules;
  StoreStats stats;
  std::int64_t behind_since_us = 0;  // when a backlog was first seen after having caught up; 0 if caught up
  std::int64_t last_end_us = 0;
  bool closing = false;
  std::int64_t next_maintenance_ns = 0;
  std::int64_t next_merge_ns = 0;
  // Whoever holds it does the work: the low-priority thread, or its helper when that one is starved.
  std::mutex baton;
  std::thread thread;
  std::thread helper;
};

Result<std::unique_ptr<TelemetryStore>> TelemetryStore::open(StoreOptions options, Spool& spool,
                                                             Logger logger) {
  std::error_code failure;
  if (options.file.has_parent_path())
    std::filesystem::create_directories(options.file.parent_path(), failure);
  if (failure) return fail(ErrorCode::kIo, failure.message(), options.file.parent_path().string());
  auto state = std::make_unique<State>(std::move(options), spool, std::move(logger));
  SLIPWAY_ASSIGN(state->indexer, Indexer::open(state->options.file, state->options.compression_level));
  state->indexed = state->indexer->position();
  state->reader.seek(state->indexed);
  state->stats.last_sequence = state->indexer->next_sequence() - 1;
  auto store = std::unique_ptr<TelemetryStore>(new TelemetryStore(std::move(state)));
  store->state_->thread = std::thread([state = store->state_.get()] {
    ::pthread_setname_np(::pthread_self(), "telemetry");
    give_way_to_calls();
    state->run();
  });
  store->state_->helper = std::thread([state = store->state_.get()] {
    ::pthread_setname_np(::pthread_self(), "telemetry+");
    state->help();
  });
  return store;
}

TelemetryStore::TelemetryStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
TelemetryStore::~TelemetryStore() { close(); }

void TelemetryStore::close() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
  }
  state_->wake.notify_all();
  state_->helper_wake.notify_all();
  state_->progress.notify_all();
  state_->spool.wake();
  if (state_->helper.joinable()) state_->helper.join();
  if (state_->thread.joinable()) state_->thread.join();
}

const StoreOptions& TelemetryStore::options() const { return state_->options; }

StoreStats TelemetryStore::stats() const {
  StoreStats stats;
  SpoolPosition indexed;
  {
    const std::lock_guard lock(state_->mutex);
    stats = state_->stats;
    indexed = state_->indexed;
    if (state_->behind_since_us != 0)
      stats.lag_us =
          std::max<std::int64_t>(0, unix_now_us() - std::max(state_->behind_since_us, state_->last_end_us));
  }
  stats.backlog_bytes = state_->spool.backlog_bytes(indexed);
  if (stats.backlog_bytes == 0) stats.lag_us = 0;
  const SpoolStats spool = state_->spool.stats();
  const std::uint64_t record_bytes =
      spool.records_written > 0 ? spool.bytes_written / spool.records_written : 1024;
  stats.records_behind =
      stats.backlog_bytes == 0
          ? 0
          : std::max<std::uint64_t>(1, stats.backlog_bytes / std::max<std::uint64_t>(record_bytes, 1));
  return stats;
}

bool TelemetryStore::wait_indexed(std::uint32_t timeout_ms) {
  const SpoolPosition target = state_->spool.sync();
  std::unique_lock lock(state_->mutex);
  return state_->progress.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] {
    return state_->indexed >= target || state_->closing;
  }) && state_->indexed >= target;
}

void TelemetryStore::set_retention(RetentionPolicy fallback,
                                   std::map<std::string, RetentionPolicy> by_environment) {
  const std::lock_guard lock(state_->mutex);
  state_->rules.fallback = fallback;
  state_->rules.by_environment = std::move(by_environment);
}

template <class T>
Result<T> TelemetryStore::State::on_thread(std::function<Result<T>()> job) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  std::future<Result<T>> future = promise->get_future();
  {
    const std::lock_guard lock(mutex);
    if (closing) return fail(ErrorCode::kUnavailable, "the telemetry store is closed");
    jobs.push_back([promise, job = std::move(job)] { promise->set_value(job()); });
  }
  wake.notify_all();
  spool.wake();
  return future.get();
}

Result<> TelemetryStore::run_maintenance() {
  return state_->on_thread<void>([state = state_.get()] { return state->maintain(); });
}

Result<ErasureResult> TelemetryStore::erase_use_case(std::string use_case) {
  if (use_case.empty()) return fail(ErrorCode::kInvalidArgument, "a use case must be named");
  const ErasureTarget target{std::move(use_case), {}};
  return state_->on_thread<ErasureResult>([state = state_.get(), target] { return state->erase(target); });
}

Result<ErasureResult> TelemetryStore::erase_end_user(std::string end_user, std::string use_case) {
  if (end_user.empty()) return fail(ErrorCode::kInvalidArgument, "an end user must be named");
  const ErasureTarget target{std::move(use_case), std::move(end_user)};
  return state_->on_thread<ErasureResult>([state = state_.get(), target] { return state->erase(target); });
}

// ---- the thread ----

void TelemetryStore::State::run() {
  next_maintenance_ns = mono_now_ns() + std::int64_t{options.maintenance_interval_s} * 1'000'000'000;
  while (true) {
    {
      const std::lock_guard lock(mutex);
      if (closing) break;
    }
    bool busy = true;
    {
      const std::lock_guard work(baton);
      if (run_job()) continue;
      busy = index_batch();
      if (mono_now_ns() >= next_maintenance_ns) {
        const Result<> kept = maintain();
        if (!kept) logger.error("telemetry_maintenance_failed", {{"error", kept.error().describe()}});
        next_maintenance_ns = mono_now_ns() + std::int64_t{options.maintenance_interval_s} * 1'000'000'000;
      }
    }
    if (!busy) {
      SpoolPosition seen;
      {
        const std::lock_guard lock(mutex);
        seen = indexed;
      }
      spool.wait_beyond(seen, 1000);
      // Whoever was first to arrive waits a little for company: fewer, larger transactions.
      pause(std::chrono::milliseconds(options.batch_interval_ms));
    }
  }
  // Whoever still waits for a job gets its answer.
  const std::lock_guard work(baton);
  while (run_job()) {
  }
}

// On a machine whose calls take every core the low-priority thread does not run, and the spool would grow
// until it is full. From help_from_bytes on, this thread of ordinary priority helps until half of that is
// left.
void TelemetryStore::State::help() {
  bool helping = false;
  while (true) {
    SpoolPosition seen;
    {
      std::unique_lock lock(mutex);
      if (!helping) helper_wake.wait_for(lock, kHelperInterval, [this] { return closing; });
      if (closing) return;
      seen = indexed;
    }
    const std::uint64_t backlog = spool.backlog_bytes(seen);
    const std::uint64_t high = options.help_from_bytes;
    helping = backlog > (helping ? high / 2 : high);
    if (!helping) continue;
    const std::lock_guard work(baton);
    index_batch();
  }
}

void TelemetryStore::State::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex);
  wake.wait_for(lock, time, [&] { return closing || !jobs.empty(); });
}

bool TelemetryStore::State::run_job() {
  std::function<void()> job;
  {
    const std::lock_guard lock(mutex);
    if (jobs.empty()) return false;
    job = std::move(jobs.front());
    jobs.pop_front();
  }
  job();
  return true;
}

void TelemetryStore::State::set_error(const std::string& text) {
  bool fresh = false;
  {
    const std::lock_guard lock(mutex);
    fresh = stats.last_error != text;
    stats.last_error = text;
  }
  if (fresh && !text.empty()) logger.error("telemetry_index_failed", {{"error", text}});
}

// Segments go only once what was made of them is on the disk as well.
void TelemetryStore::State::release(SpoolPosition position) {
  if (!spool.releases(position)) return;
  const Result<> durable = indexer->make_durable();
  if (durable)
    spool.release(position);
  else
    logger.error("telemetry_sync_failed", {{"error", durable.error().describe()},
                                           {"hint", "segments of the spool are kept until it succeeds"}});
}

// Indexes what fits into a batch; true if there is more at once.
bool TelemetryStore::State::index_batch() {
  const SpoolPosition end = spool.durable_end();
  const SpoolPosition before = indexer->position();
  if (before < end) {
    const std::lock_guard lock(mutex);
    if (behind_since_us == 0) behind_since_us = unix_now_us();
  }
  auto frames = reader.read(end, options.batch_bytes);
  if (!frames) {
    set_error(frames.error().describe());
    reader.seek(before);
    pause(kRetryAfterFailure);
    return false;
  }
  const SpoolPosition after = frames->empty() ? std::max(before, reader.position()) : reader.position();
  if (frames->empty() && after == before) {
    const std::lock_guard lock(mutex);
    // Nothing readable up to the end: caught up, also where positions lie in segments that are gone.
    if (indexed < end) indexed = end;
    behind_since_us = 0;
    progress.notify_all();
    return false;
  }
  const auto batch = indexer->index(*frames, after);
  if (!batch) {
    set_error(batch.error().describe());
    reader.seek(before);
    pause(kRetryAfterFailure);
    return false;
  }
  set_error({});
  release(after);
  if (mono_now_ns() >= next_merge_ns) {
    next_merge_ns = mono_now_ns() + kMergeIntervalNs;
    const auto merged = indexer->merge_small_blocks();
    if (!merged) logger.error("telemetry_merge_failed", {{"error", merged.error().describe()}});
  }
  const auto used = used_bytes(indexer->connection());
  {
    const std::lock_guard lock(mutex);
    indexed = std::max(indexed, after);
    stats.records_indexed += batch->records;
    stats.duplicates += batch->duplicates;
    stats.undecodable += batch->undecodable;
    stats.corrupt_regions = reader.stats().corrupt_regions;
    stats.corrupt_bytes = reader.stats().corrupt_bytes;
    ++stats.batches;
    stats.last_sequence = indexer->next_sequence() - 1;
    stats.database_bytes = used.value_or(0);
    if (batch->last_end_us != 0) last_end_us = batch->last_end_us;
    if (after >= end) behind_since_us = 0;
  }
  progress.notify_all();
  // A small rest is worth waiting for; a large one isn't.
  const SpoolPosition now = spool.durable_end();
  return now.segment != after.segment || now.offset > after.offset + options.batch_bytes / 4;
}

Result<> TelemetryStore::State::maintain() {
  RetentionRules now_rules;
  {
    const std::lock_guard lock(mutex);
    now_rules = rules;
  }
  const std::int64_t now_us = unix_now_us();
  ExpiryCounts counts;
  while (true) {
    SLIPWAY_ASSIGN(const bool more, expire_step(*indexer, now_rules, now_us, counts));
    if (!more) break;
    index_batch();
    const std::lock_guard lock(mutex);
    if (closing) break;
  }
  const auto used = used_bytes(indexer->connection());
  const std::lock_guard lock(mutex);
  stats.rows_expired += counts.rows;
  stats.blocks_expired += counts.blocks;
  stats.database_bytes = used.value_or(stats.database_bytes);
  return {};
}

Result<> TelemetryStore::State::index_up_to(SpoolPosition end) {
  while (true) {
    index_batch();
    const std::lock_guard lock(mutex);
    if (indexed >= end) return {};
    if (!stats.last_error.empty())
      return fail(ErrorCode::kUnavailable, "indexing fails: " + stats.last_error);
    if (closing) return fail(ErrorCode::kUnavailable, "the telemetry store is closing");
  }
}

Result<ErasureResult> TelemetryStore::State::erase(const ErasureTarget& target) {
  // Bring in what the spool holds, so that no copy of it is left outside the database, and drop those
  // segments.
  const SpoolPosition end = spool.rotate();
  SLIPWAY_TRY(index_up_to(end));
  release(end);
  ErasureResult result;
  while (true) {
    SLIPWAY_ASSIGN(const bool more, erase_step(*indexer, target, result));
    if (!more) break;
    index_batch();
  }
  for (int attempt = 0; attempt < kTruncateAttempts; ++attempt) {
    SLIPWAY_ASSIGN(const bool truncated, truncate_log(indexer->connection()));
    if (truncated) return result;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  logger.warning("telemetry_log_not_truncated",
                 {{"hint", "a long query kept the write-ahead log; it is overwritten as it is reused"}});
  return result;
}

}  // namespace slipway::telemetry
