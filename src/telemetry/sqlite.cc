// SPDX-License-Identifier: Apache-2.0
#include "telemetry/sqlite.h"

namespace slipway::telemetry {

Error sqlite_error(sqlite3* database, int code) {
  Error error{ErrorCode::kInternal,
              database != nullptr ? ::sqlite3_errmsg(database) : ::sqlite3_errstr(code),
              "telemetry store",
              {}};
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: error.code = ErrorCode::kUnavailable; break;
    case SQLITE_FULL:
      error.code = ErrorCode::kResourceExhausted;
      error.hint = "the disk is full: free some space; nothing is lost while the spool has room";
      break;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: error.code = ErrorCode::kIo; break;
    case SQLITE_INTERRUPT:
      error.code = ErrorCode::kDeadlineExceeded;
      error.message = "the query took too long";
      error.hint = "ask for a shorter range or fewer filters";
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      error.code = ErrorCode::kDataLoss;
      error.hint =
          "the telemetry database is damaged: restore it, or move it away and start with an empty one";
      break;
    default: break;
  }
  return error;
}

Result<bool> Statement::step() {
  const int code = ::sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  sqlite3* const database = ::sqlite3_db_handle(statement_.get());
  if (code == SQLITE_DONE) {
    ::sqlite3_reset(statement_.get());
    return false;
  }
  Error error = sqlite_error(database, code);
  ::sqlite3_reset(statement_.get());
  return fail(std::move(error));
}

Result<> Statement::run() {
  SLIPWAY_ASSIGN(const bool row, step());
  if (row) reset();
  return {};
}

Result<Connection> Connection::open(const std::filesystem::path& file, bool read_only) {
  sqlite3* handle = nullptr;
  const int flags = (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  const int code = ::sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  Connection connection(handle);
  if (code != SQLITE_OK) {
    Error error = sqlite_error(handle, code);
    error.where = file.string();
    return fail(std::move(error));
  }
  ::sqlite3_busy_timeout(handle, 5000);
  return connection;
}

Result<> Connection::execute(const char* sql) {
  const int code = ::sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(sqlite_error(database_.get(), code));
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = ::sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return fail(sqlite_error(database_.get(), code));
  return Statement(statement);
}

Result<std::int64_t> Connection::integer(std::string_view sql) {
  SLIPWAY_ASSIGN(Statement statement, prepare(sql));
  SLIPWAY_ASSIGN(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

}  // namespace slipway::telemetry
