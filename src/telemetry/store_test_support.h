// SPDX-License-Identifier: Apache-2.0
// A spool, a store and a query over a temporary directory, and records whose texts they own.
#pragma once

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "rt/loop.h"
#include "telemetry/query.h"
#include "telemetry/spool.h"
#include "telemetry/store.h"
#include "telemetry/test_support.h"

namespace slipway::telemetry::testing_support {

// A record that owns its texts.
struct OwnedRecord {
  std::uint64_t number = 0;
  std::int64_t started_us = 0, duration_us = 1000, first_token_us = -1;
  Status status = Status::kOk;
  bool stream = false, rollup_only = false;
  std::string use_case = "support", environment = "prod", key_id = "key-1", provider = "simulated",
              model = "model-a", release, end_user, error_code, trace_id, request_body, response_body;
  Usage usage;
  NanoUsd cost_nano = 1000;

  [[nodiscard]] InvocationRecord view() const {
    InvocationRecord record = plain_record(number);
    record.started_us = started_us;
    record.duration_us = duration_us;
    record.first_token_us = first_token_us;
    record.status = status;
    record.stream = stream;
    record.rollup_only = rollup_only;
    record.use_case = use_case;
    record.environment = environment;
    record.key_id = key_id;
    record.key_name = key_id == "key-1" ? std::string_view("First key") : std::string_view(key_id);
    record.provider = provider;
    record.requested_model = model;
    record.response_model = model;
    record.release = release;
    record.end_user = end_user;
    record.error_code = error_code;
    record.trace_id = trace_id;
    record.usage = usage;
    record.cost_nano = cost_nano;
    record.request_body = request_body;
    record.response_body = response_body;
    return record;
  }
};

class World {
 public:
  World() { open(); }
  ~World() { close(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void open() {
    spool_options_.directory = directory_.path() / "spool";
    store_options_.file = directory_.path() / "telemetry.db";
    store_options_.batch_interval_ms = 1;
    store_options_.maintenance_interval_s = 3600;
    auto opened_spool = Spool::open(spool_options_);
    ASSERT_TRUE(opened_spool) << opened_spool.error().describe();
    spool_ = std::move(*opened_spool);
    auto opened_store = TelemetryStore::open(store_options_, *spool_);
    ASSERT_TRUE(opened_store) << opened_store.error().describe();
    store_ = std::move(*opened_store);
    QueryOptions query_options{.file = store_options_.file};
    query_options.scan_rows = scan_rows_;
    auto opened_query = TelemetryQuery::open(query_options);
    ASSERT_TRUE(opened_query) << opened_query.error().describe();
    query_ = std::move(*opened_query);
  }
  void close() {
    query_.reset();
    store_.reset();
    spool_.reset();
  }
  void reopen() {
    close();
    open();
  }

  void append(const std::vector<OwnedRecord>& records) {
    loop_.run_and_wait([&] {
      SpoolWriter writer(*spool_, loop_);
      for (const OwnedRecord& record : records) writer.append(record.view());
    });
  }
  // Appends and waits until it can be queried.
  void ingest(const std::vector<OwnedRecord>& records) {
    append(records);
    ASSERT_TRUE(store_->wait_indexed(20'000)) << store_->stats().last_error;
  }
  std::vector<Invocation> list_all(const InvocationFilters& filters, std::uint32_t limit) {
    std::vector<Invocation> all;
    std::string cursor;
    do {
      auto page = query_->list(filters, cursor, limit);
      EXPECT_TRUE(page) << page.error().describe();
      if (!page) break;
      EXPECT_LE(page->items.size(), limit);
      for (Invocation& item : page->items) all.push_back(std::move(item));
      cursor = page->next_cursor;
    } while (!cursor.empty());
    return all;
  }
  std::vector<std::uint64_t> list_numbers(const InvocationFilters& filters, std::uint32_t limit = 100) {
    std::vector<std::uint64_t> numbers;
    for (const Invocation& item : list_all(filters, limit)) numbers.push_back(number_of(item.id));
    return numbers;
  }

  Spool& spool() { return *spool_; }
  TelemetryStore& store() { return *store_; }
  TelemetryQuery& query() { return *query_; }
  rt::Loop& loop() { return loop_; }
  const std::filesystem::path& directory() const { return directory_.path(); }
  StoreOptions store_options_;
  SpoolOptions spool_options_;
  std::size_t scan_rows_ = 200'000;

 private:
  TemporaryDirectory directory_;
  rt::Loop loop_{"test"};
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<TelemetryStore> store_;
  std::unique_ptr<TelemetryQuery> query_;
};

inline constexpr std::int64_t kTestMinute = 60'000'000;
inline constexpr std::int64_t kTestHour = 60 * kTestMinute;
inline constexpr std::int64_t kTestDay = 24 * kTestHour;

// Yesterday at midnight, UTC: recent enough for every retention.
inline std::int64_t recent_midnight_us() { return unix_now_us() / kTestDay * kTestDay - kTestDay; }

}  // namespace slipway::telemetry::testing_support
