// SPDX-License-Identifier: Apache-2.0
// Inside of TelemetryQuery, shared by query.cc (lists), query_overview.cc and query_export.cc.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "telemetry/body_blocks.h"
#include "telemetry/query.h"
#include "telemetry/sqlite.h"

namespace slipway::telemetry {

// One read connection with what is worth keeping between queries.
class ReadSession {
 public:
  static Result<std::unique_ptr<ReadSession>> open(const std::filesystem::path& file);

  Connection& connection() { return connection_; }
  BodyReader& bodies() { return bodies_; }
  // SQLite stops what runs after this moment (monotonic clock).
  void set_deadline(std::int64_t deadline_ns) { deadline_ns_ = deadline_ns; }
  // The text of a number in `names`; "" for 0 and for numbers that aren't there.
  Result<std::string_view> name(std::int64_t number);
  // Numbers of the texts that exist; "" is 0.
  Result<std::vector<std::int64_t>> numbers(const std::vector<std::string>& texts);

 private:
  Connection connection_;
  BodyReader bodies_;
  Statement select_name_, select_number_;
  std::unordered_map<std::int64_t, std::string> names_;
  std::int64_t deadline_ns_ = 0;
};

struct TelemetryQuery::State {
  QueryOptions options;
  std::mutex mutex;
  std::condition_variable returned;
  std::vector<std::unique_ptr<ReadSession>> idle;
  std::uint32_t opened = 0;

  // Runs `work` with a session, inside one read transaction: it sees one state of the store.
  template <class T>
  Result<T> with_session(const std::function<Result<T>(ReadSession&)>& work) {
    SLIPWAY_ASSIGN(std::unique_ptr<ReadSession> session, borrow());
    session->set_deadline(mono_now_ns() + std::int64_t{options.timeout_ms} * 1'000'000);
    Result<T> result = in_transaction<T>(*session, work);
    give_back(std::move(session));
    return result;
  }

 private:
  Result<std::unique_ptr<ReadSession>> borrow();
  void give_back(std::unique_ptr<ReadSession> session);
  template <class T>
  static Result<T> in_transaction(ReadSession& session, const std::function<Result<T>(ReadSession&)>& work) {
    SLIPWAY_ASSIGN(const Transaction transaction, Transaction::begin(session.connection(), false));
    return work(session);
  }
};

// All columns of `invocations`, in the order read_invocation() expects.
extern const char* const kInvocationColumns;
Result<Invocation> read_invocation(ReadSession& session, const Statement& row);
// Adds the bodies to an invocation just read from `row`.
Result<> load_bodies(ReadSession& session, const Statement& row, Invocation& item);

}  // namespace slipway::telemetry
