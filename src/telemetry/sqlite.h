// SPDX-License-Identifier: Apache-2.0
// The sqlite3 C API with owners and Results: bulk telemetry needs what SOCI hides. One thread at a time per
// connection.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace slipway::telemetry {

class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  // Positions count from 1. Texts and blobs are not copied: they must live until the next step.
  Statement& bind(int position, std::int64_t value) {
    ::sqlite3_bind_int64(statement_.get(), position, value);
    return *this;
  }
  Statement& bind(int position, std::string_view text) {
    ::sqlite3_bind_text64(statement_.get(), position, text.data() == nullptr ? "" : text.data(), text.size(),
                          SQLITE_STATIC, SQLITE_UTF8);
    return *this;
  }
  Statement& bind_blob(int position, std::string_view bytes) {
    ::sqlite3_bind_blob64(statement_.get(), position, bytes.data() == nullptr ? "" : bytes.data(),
                          bytes.size(), SQLITE_STATIC);
    return *this;
  }
  Statement& bind_null(int position) {
    ::sqlite3_bind_null(statement_.get(), position);
    return *this;
  }
  // True while there is a row; resets by itself at the end and on failure.
  Result<bool> step();
  // For statements that give no rows.
  Result<> run();
  void reset() { ::sqlite3_reset(statement_.get()); }

  // Columns count from 0; views live until the next step.
  [[nodiscard]] std::int64_t integer(int column) const {
    return ::sqlite3_column_int64(statement_.get(), column);
  }
  [[nodiscard]] bool is_null(int column) const {
    return ::sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
  }
  [[nodiscard]] std::string_view blob(int column) const {
    const void* data = ::sqlite3_column_blob(statement_.get(), column);
    const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(statement_.get(), column));
    return data == nullptr ? std::string_view{} : std::string_view(static_cast<const char*>(data), size);
  }
  [[nodiscard]] std::string_view text(int column) const { return blob(column); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { ::sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Connection {
 public:
  Connection() = default;
  // `read_only` opens for queries only. Waits up to five seconds for locks.
  static Result<Connection> open(const std::filesystem::path& file, bool read_only);

  Result<> execute(const char* sql);  // several statements are allowed
  Result<Statement> prepare(std::string_view sql);
  Result<std::int64_t> integer(std::string_view sql);  // the first column of the first row, 0 without rows
  [[nodiscard]] sqlite3* handle() const { return database_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* database) const { ::sqlite3_close_v2(database); }
  };
  explicit Connection(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, Close> database_;
};

Error sqlite_error(sqlite3* database, int code);

// Rolls back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection, bool write) {
    SLIPWAY_TRY(connection.execute(write ? "BEGIN IMMEDIATE" : "BEGIN"));
    return Transaction(connection);
  }
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction() {
    // SQLite has rolled back by itself after some failures; then this one fails, which is what we want.
    if (connection_ != nullptr) (void)connection_->execute("ROLLBACK");
  }
  Result<> commit() {
    SLIPWAY_TRY(connection_->execute("COMMIT"));
    connection_ = nullptr;
    return {};
  }

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace slipway::telemetry
