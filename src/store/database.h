// SPDX-License-Identifier: Apache-2.0
// The database of catalogue and governance, through SOCI: SQLite embedded, or PostgreSQL shared by several
// nodes. SQL in the rooms above stays within what both take. Everything here blocks: call it from
// rt::BlockingPool. Thread-safe.
#pragma once

#include <soci/soci.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace slipway::store {

struct DatabaseOptions {
  std::filesystem::path file;            // SQLite; parent directories are created
  std::string url = {};                  // postgresql://user:password@host/database; empty: SQLite
  std::uint32_t sessions = 4;            // at most so many at once; more callers wait
  std::uint32_t busy_timeout_ms = 5000;  // how long a lock is waited for
};

enum class Backend : std::uint8_t { kSqlite, kPostgresql };

// Turns an exception of SOCI into an Error: constraint violations are kConflict, a full disk
// kResourceExhausted, a locked or unreachable database kUnavailable, a damaged file kDataLoss. Never holds
// the URL, which has a password in it.
Error describe_database_error(const std::exception& exception);

class Database {
 public:
  // SQLite: WAL, synchronous=FULL (what is acknowledged is on disk), foreign keys on. PostgreSQL:
  // kUnavailable with what to check if it can't be reached; a connection that broke later is made anew for
  // the next transaction.
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs `work(soci::session&)` (returning Result<T>) inside a read transaction: one consistent view.
  // SOCI's exceptions become errors.
  template <class Work>
  std::invoke_result_t<Work, soci::session&> read(Work&& work) {
    return run<std::invoke_result_t<Work, soci::session&>>(Mode::kRead, std::forward<Work>(work));
  }

  // The same in a write transaction (one writer at a time, on PostgreSQL among all nodes): committed if
  // `work` succeeds, rolled back otherwise. When this returns success, the change is on disk. If the
  // connection breaks during the commit the error is kUnavailable and the change was made as a whole or not
  // at all.
  template <class Work>
  std::invoke_result_t<Work, soci::session&> write(Work&& work) {
    return run<std::invoke_result_t<Work, soci::session&>>(Mode::kWrite, std::forward<Work>(work));
  }
  // A write that no snapshot depends on (sessions, when a key was last used): changes() does not count it.
  template <class Work>
  std::invoke_result_t<Work, soci::session&> write_quietly(Work&& work) {
    return run<std::invoke_result_t<Work, soci::session&>>(Mode::kQuietWrite, std::forward<Work>(work));
  }

  // A number that is another one after each write() of any node: a cheap "has anything changed?". Asks the
  // database. Not a count: a database that falls back to an earlier state (a restored backup, a replica that
  // lagged) would come to the same count again with other contents.
  Result<std::int64_t> changes();
  [[nodiscard]] Backend backend() const;

 private:
  struct State;
  enum class Mode : std::uint8_t { kRead, kWrite, kQuietWrite };
  explicit Database(std::unique_ptr<State> state);
  Result<> prepare();

  // A session borrowed from the pool with a transaction open; rolls back unless committed.
  class Lease {
   public:
    Lease(State& state, Mode mode);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    soci::session& session() { return *session_; }
    void commit();

   private:
    State& state_;
    soci::session* session_ = nullptr;
    Mode mode_;
    bool open_ = false;
  };

  template <class R, class Work>
  R run(Mode mode, Work&& work) {
    try {
      Lease lease(*state_, mode);
      R result = std::forward<Work>(work)(lease.session());
      if (result) lease.commit();
      return result;
    } catch (const std::exception& exception) {
      return fail(describe_database_error(exception));
    }
  }

  std::unique_ptr<State> state_;
};

}  // namespace slipway::store
