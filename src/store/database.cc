// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <soci/sqlite3/soci-sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace slipway::store {

Error describe_database_error(const std::exception& exception) {
  Error error{ErrorCode::kInternal, exception.what(), "database", {}};
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&exception);
  if (sqlite == nullptr) return error;
  switch (sqlite->result() & 0xff) {
    case SQLITE_CONSTRAINT: error.code = ErrorCode::kConflict; break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      error.code = ErrorCode::kUnavailable;
      error.hint = "another process holds the database; try again";
      break;
    case SQLITE_FULL:
      error.code = ErrorCode::kResourceExhausted;
      error.hint = "the disk is full: free some space";
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      error.code = ErrorCode::kDataLoss;
      error.hint = "the database file is damaged: restore it from a backup";
      break;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      error.code = ErrorCode::kIo;
      error.hint = "check that the data directory exists and can be written";
      break;
    default: break;
  }
  return error;
}

struct Database::State {
  std::mutex mutex;
  std::condition_variable freed;
  std::vector<std::unique_ptr<soci::session>> sessions;
  std::vector<soci::session*> idle;
  std::mutex write_mutex;  // one writer at a time in this process: nobody spins on SQLite's lock
  std::atomic<std::uint64_t> generation{0};

  soci::session* borrow() {
    std::unique_lock lock(mutex);
    freed.wait(lock, [this] { return !idle.empty(); });
    soci::session* session = idle.back();
    idle.pop_back();
    return session;
  }
  void give_back(soci::session* session) {
    {
      const std::lock_guard lock(mutex);
      idle.push_back(session);
    }
    freed.notify_one();
  }
};

Database::Lease::Lease(State& state, bool write) : state_(state), write_(write) {
  if (write_) state_.write_mutex.lock();
  session_ = state_.borrow();
  try {
    // IMMEDIATE: a write that would have to upgrade a read lock could fail half-way with SQLITE_BUSY.
    *session_ << (write_ ? "BEGIN IMMEDIATE" : "BEGIN");
    open_ = true;
  } catch (...) {
    state_.give_back(session_);
    if (write_) state_.write_mutex.unlock();
    throw;
  }
}

Database::Lease::~Lease() {
  if (open_) {
    try {
      *session_ << "ROLLBACK";
    } catch (const soci::soci_error&) {
      // SQLite rolls back by itself on a full disk or an I/O error; then there is nothing left to roll back.
    }
  }
  state_.give_back(session_);
  if (write_) state_.write_mutex.unlock();
}

void Database::Lease::commit() {
  *session_ << "COMMIT";
  open_ = false;
  if (write_) state_.generation.fetch_add(1, std::memory_order_release);
}

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  if (options.sessions == 0)
    return fail(ErrorCode::kInvalidArgument, "a database needs at least one session");
  std::error_code failure;
  if (options.file.has_parent_path())
    std::filesystem::create_directories(options.file.parent_path(), failure);
  if (failure) {
    return fail(ErrorCode::kIo, "cannot create the data directory: " + failure.message(),
                options.file.parent_path().string());
  }
  auto state = std::make_unique<State>();
  try {
    for (std::uint32_t i = 0; i < options.sessions; ++i) {
      auto session = std::make_unique<soci::session>();
      session->open(soci::sqlite3, "dbname=\"" + options.file.string() + "\"");
      *session << "PRAGMA busy_timeout = " + std::to_string(options.busy_timeout_ms);
      *session << "PRAGMA journal_mode = WAL";
      *session << "PRAGMA synchronous = FULL";
      *session << "PRAGMA foreign_keys = ON";
      *session << "PRAGMA cache_size = -1024";
      state->idle.push_back(session.get());
      state->sessions.push_back(std::move(session));
    }
  } catch (const std::exception& exception) {
    Error error = describe_database_error(exception);
    error.where = options.file.string();
    return fail(std::move(error));
  }
  return std::unique_ptr<Database>(new Database(std::move(state)));
}

std::uint64_t Database::generation() const { return state_->generation.load(std::memory_order_acquire); }

}  // namespace slipway::store
