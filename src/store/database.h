// SPDX-License-Identifier: Apache-2.0
// The database of catalogue and governance, through SOCI: SQLite embedded. SQL in the rooms above stays
// within what SQLite and PostgreSQL both take. Everything here blocks: call it from rt::BlockingPool.
// Thread-safe.
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
  std::filesystem::path file;  // parent directories are created
  std::uint32_t sessions = 4;  // at most so many at once; more callers wait
  std::uint32_t busy_timeout_ms = 5000;
};

// Turns an exception of SOCI into an Error: constraint violations are kConflict, a full disk
// kResourceExhausted, a locked database kUnavailable, a damaged file kDataLoss.
Error describe_database_error(const std::exception& exception);

class Database {
 public:
  // WAL, synchronous=FULL (what is acknowledged is on disk), foreign keys on.
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs `work(soci::session&)` (returning Result<T>) inside a read transaction: one consistent view.
  // SOCI's exceptions become errors.
  template <class Work>
  std::invoke_result_t<Work, soci::session&> read(Work&& work) {
    return run<std::invoke_result_t<Work, soci::session&>>(false, std::forward<Work>(work));
  }

  // The same in a write transaction (one writer at a time): committed if `work` succeeds, rolled back
  // otherwise. When this returns success, the change is on disk.
  template <class Work>
  std::invoke_result_t<Work, soci::session&> write(Work&& work) {
    return run<std::invoke_result_t<Work, soci::session&>>(true, std::forward<Work>(work));
  }

  // Bumped by every successful write of this process: a cheap "has anything changed?".
  [[nodiscard]] std::uint64_t generation() const;

 private:
  struct State;
  explicit Database(std::unique_ptr<State> state);

  // A session borrowed from the pool with a transaction open; rolls back unless committed.
  class Lease {
   public:
    Lease(State& state, bool write);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    soci::session& session() { return *session_; }
    void commit();

   private:
    State& state_;
    soci::session* session_ = nullptr;
    bool write_;
    bool open_ = false;
  };

  template <class R, class Work>
  R run(bool write, Work&& work) {
    try {
      Lease lease(*state_, write);
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
