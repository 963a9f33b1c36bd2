// SPDX-License-Identifier: Apache-2.0
#include <soci/postgresql/soci-postgresql.h>

#include <array>
#include <string_view>

#include "store/engine.h"

namespace slipway::store {

namespace {

// Any number will do that nobody else on the server uses for something else.
constexpr std::string_view kWriterLock = "SELECT pg_advisory_xact_lock(7236137412009181)";

// Settings of libpq that a person did not choose in the URL. A server that has gone without a word must be
// noticed within seconds, or every thread of the pool ends up waiting for it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kDefaults = {{
    {"connect_timeout", "5"},
    {"keepalives_idle", "10"},
    {"keepalives_interval", "5"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "15000"},
}};

// SOCI takes a URL apart at its equal signs and puts it together again; these see to it that there is one.
std::string with_defaults(std::string url) {
  for (const auto& [name, value] : kDefaults) {
    if (url.find(std::string(name) + "=") != std::string::npos) continue;
    url += url.find('?') == std::string::npos ? '?' : '&';
    url.append(name).append("=").append(value);
  }
  return url;
}

class PostgresqlEngine final : public Engine {
 public:
  explicit PostgresqlEngine(const DatabaseOptions& options)
      : url_(with_defaults(options.url)), lock_timeout_ms_(options.busy_timeout_ms) {}

  void open(soci::session& session) const override {
    session.open(soci::postgresql, url_);
    // libpq would write notices to standard error, between the lines of the log. What matters comes as an
    // error, too.
    PQsetNoticeProcessor(
        static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_,
        [](void*, const char*) {}, nullptr);
    session << "SET client_min_messages = warning";
    session << "SET statement_timeout = 60000";
    session << "SET idle_in_transaction_session_timeout = 60000";
    session << "SET lock_timeout = " + std::to_string(lock_timeout_ms_);
  }
  void begin_read(soci::session& session) const override {
    session << "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
  }
  // READ COMMITTED behind a lock that all nodes share: what a transaction reads is what the one before it
  // left.
  void begin_write(soci::session& session) const override {
    session << "BEGIN";
    session << std::string(kWriterLock);
  }
  [[nodiscard]] bool lost_connection(const std::exception& failure) const override {
    const auto* error = dynamic_cast<const soci::postgresql_soci_error*>(&failure);
    if (error == nullptr) return false;
    const std::string state = error->sqlstate();
    // 08: connection; 57P: the server shuts down; an empty or blank state: libpq had no answer to read one
    // from.
    return state.starts_with("08") || state.starts_with("57P") ||
           state.find_first_not_of(std::string_view(" \0", 2)) == std::string::npos ||
           error->get_error_category() == soci::soci_error::connection_error;
  }
  [[nodiscard]] Backend backend() const override { return Backend::kPostgresql; }

 private:
  std::string url_;
  std::uint32_t lock_timeout_ms_;
};

}  // namespace

std::unique_ptr<Engine> postgresql_engine(const DatabaseOptions& options) {
  return std::make_unique<PostgresqlEngine>(options);
}

bool describe_postgresql_error(const std::exception& exception, Error& error) {
  constexpr std::string_view kReach =
      "check that the PostgreSQL server of store.url runs and can be reached; calls go on meanwhile";
  const auto* postgresql = dynamic_cast<const soci::postgresql_soci_error*>(&exception);
  if (postgresql == nullptr) {
    // A connection that could not be made has an error without a state.
    const auto* any = dynamic_cast<const soci::soci_error*>(&exception);
    if (any == nullptr || error.message.find("connection") == std::string::npos) return false;
    error.code = ErrorCode::kUnavailable;
    error.hint = kReach;
    return true;
  }
  const std::string state = postgresql->sqlstate();
  const std::string_view kind = std::string_view(state).substr(0, 2);
  if (kind == "23") {
    error.code = ErrorCode::kConflict;
  } else if (state == "55P03" || kind == "40") {
    error.code = ErrorCode::kUnavailable;
    error.hint = "another writer holds the database; try again";
  } else if (state == "53100") {
    error.code = ErrorCode::kResourceExhausted;
    error.hint = "the database server's disk is full: free some space";
  } else if (kind == "28" || state == "3D000") {
    error.code = ErrorCode::kUnavailable;
    error.hint = "check user, password and database in store.url";
  } else if (kind == "42" || kind == "22") {
    error.code = ErrorCode::kInternal;
  } else {
    error.code = ErrorCode::kUnavailable;
    error.hint = kReach;
  }
  return true;
}

}  // namespace slipway::store
