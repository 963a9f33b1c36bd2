// SPDX-License-Identifier: Apache-2.0
#include <soci/sqlite3/soci-sqlite3.h>

#include "store/engine.h"

namespace slipway::store {

namespace {

class SqliteEngine final : public Engine {
 public:
  explicit SqliteEngine(const DatabaseOptions& options) : options_(options) {}

  void open(soci::session& session) const override {
    session.open(soci::sqlite3, "dbname=\"" + options_.file.string() + "\"");
    session << "PRAGMA busy_timeout = " + std::to_string(options_.busy_timeout_ms);
    session << "PRAGMA journal_mode = WAL";
    session << "PRAGMA synchronous = FULL";
    session << "PRAGMA foreign_keys = ON";
    session << "PRAGMA cache_size = -4096";
  }
  void begin_read(soci::session& session) const override { session << "BEGIN"; }
  // IMMEDIATE: a write that would have to upgrade a read lock could fail half-way with SQLITE_BUSY.
  void begin_write(soci::session& session) const override { session << "BEGIN IMMEDIATE"; }
  [[nodiscard]] bool lost_connection(const std::exception&) const override { return false; }
  [[nodiscard]] Backend backend() const override { return Backend::kSqlite; }

 private:
  DatabaseOptions options_;
};

}  // namespace

std::unique_ptr<Engine> sqlite_engine(const DatabaseOptions& options) {
  return std::make_unique<SqliteEngine>(options);
}

bool describe_sqlite_error(const std::exception& exception, Error& error) {
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&exception);
  if (sqlite == nullptr) return false;
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
  return true;
}

}  // namespace slipway::store
