// SPDX-License-Identifier: Apache-2.0
// Questions to the telemetry store. Everything here blocks on the disk: call it from the blocking pool.
// Thread-safe; readers have connections of their own and never wait for the indexer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "telemetry/record.h"

namespace slipway::telemetry {

// An invocation as it was kept. Fields as in InvocationRecord.
struct Invocation {
  std::uint64_t sequence = 0;  // order of arrival in the store; grows
  Uuid id;
  std::int64_t started_us = 0;
  std::int64_t duration_us = 0;
  std::int64_t first_token_us = -1;
  std::int64_t upstream_us = -1;
  std::int64_t connect_us = -1;
  std::int64_t queue_us = -1;
  Status status = Status::kOk;
  std::uint16_t http_status = 0;
  std::uint16_t upstream_status = 0;
  std::uint8_t attempts = 0;
  bool stream = false;
  std::string operation, surface, use_case, environment, key_id, key_name, release, provider, connection;
  std::string
      model;  // what roll-ups and the `model` filter use: the response's model, else the one dispatched
  std::string requested_model, response_model, finish_reason, error_code, error_message;
  std::string request_id, trace_id, span_id, parent_span_id, end_user, peer, user_agent;
  Usage usage;
  NanoUsd cost_nano = kUnknownCost;
  std::string input_preview,
      output_preview;  // beginning of the last user message and of the answer, if captured
  enum class Bodies : std::uint8_t { kNotCaptured, kKept, kExpired };
  Bodies bodies = Bodies::kNotCaptured;     // kExpired is known only to get()
  std::string request_body, response_body;  // only from get() and export with bodies
};

struct TimeRange {
  std::int64_t from_us = 0;  // inclusive, unix microseconds
  std::int64_t to_us = 0;    // exclusive
};

// ---- Overview: answered from roll-ups ----

// Dimensions of the roll-ups. Empty list: any; several values: any of them. "" matches records without a
// value.
struct RollupFilters {
  std::vector<std::string> use_case = {}, environment = {}, key_id = {}, provider = {}, model = {},
                           release = {};
  std::vector<Status> status = {};
};
enum class Dimension : std::uint8_t {
  kNone,
  kUseCase,
  kEnvironment,
  kKey,
  kProvider,
  kModel,
  kStatus,
  kRelease
};
std::optional<Dimension> parse_dimension(std::string_view text);  // "use_case", "key_id", …
std::string_view to_string(Dimension dimension);

struct Percentiles {  // microseconds, at most 2 % off; -1 if there is nothing to tell
  std::int64_t p50_us = -1, p95_us = -1, p99_us = -1;
};

struct OverviewFigures {
  std::uint64_t requests = 0;
  std::uint64_t by_status[kStatusCount] = {};
  std::uint64_t input_tokens = 0, cache_read_tokens = 0, cache_write_tokens = 0, output_tokens = 0,
                reasoning_tokens = 0, audio_input_tokens = 0, audio_output_tokens = 0;
  NanoUsd cost_nano = 0;
  std::uint64_t unknown_cost = 0;  // requests whose cost isn't known and not in cost_nano
  std::uint64_t duration_sum_us = 0;
  Percentiles duration, first_token;
  [[nodiscard]] std::uint64_t errors() const;  // all but ok
  // Errors over requests, 0 without requests.
  [[nodiscard]] double error_rate() const;
};

struct OverviewPoint {
  std::int64_t start_us = 0;
  OverviewFigures figures;
};

struct OverviewGroup {
  std::string value;  // of the dimension; "" for records without one
  std::string label;  // for keys the key's name, else the value
  OverviewFigures figures;
  std::vector<OverviewPoint> series;  // without percentiles; same starts as Overview::series
};

struct OverviewRequest {
  TimeRange range;  // widened to whole minutes; to hours where minutes are no longer kept
  RollupFilters filters = {};
  Dimension group_by = Dimension::kNone;
  std::int64_t step_us = 0;        // multiple of a minute; 0: chosen for about 60 to 120 points
  std::uint32_t group_limit = 10;  // largest groups by requests; the rest is added up as "(other)"
  bool group_series = true;
};

struct Overview {
  TimeRange range;  // as answered
  std::int64_t step_us = 0;
  OverviewFigures totals;
  std::vector<OverviewPoint> series;  // every step of the range, also empty ones
  std::vector<OverviewGroup> groups;  // largest first
  std::uint32_t groups_omitted = 0;   // added up in the group "(other)"
};

// ---- Lists ----

struct InvocationFilters {
  std::optional<std::int64_t> from_us, to_us;  // [from, to)
  std::vector<std::string> use_case, environment, key_id, provider, connection, model, error_code, operation;
  std::vector<Status> status;
  std::optional<std::uint16_t> http_status;
  std::optional<bool> stream;
  std::optional<std::int64_t> min_duration_us, max_duration_us;
  std::optional<NanoUsd> min_cost_nano, max_cost_nano;  // records of unknown cost match neither
  std::optional<std::string> request_id, end_user, trace_id, release;
  // Words that must all occur in the bodies, case-insensitive; "in quotes" as a phrase. Empty: no text
  // search.
  std::string text;
};

struct InvocationPage {
  std::vector<Invocation> items;  // newest first by started_us, without bodies
  std::string next_cursor;  // empty: nothing more. A page may be short or empty and still have one, because
                            // the work per page is bounded
  std::int64_t searched_until_us = 0;  // everything that started at or after this has been looked at
};

struct ChangesPage {
  std::vector<Invocation> items;    // oldest first
  std::uint64_t last_sequence = 0;  // pass as `after` next time
};

enum class ExportFormat : std::uint8_t { kJsonl, kCsv };

struct QueryOptions {
  std::filesystem::path file;
  std::uint32_t connections = 3;
  std::uint32_t minute_rollup_days = 60;  // as in StoreOptions
  std::size_t scan_rows = 100'000;        // per page
  std::size_t scan_bytes = 48u << 20;     // of decompressed bodies per page
  std::uint32_t timeout_ms = 30'000;      // of one query, or one page of an export: kDeadlineExceeded
};

class TelemetryQuery {
 public:
  // The store must have been opened once before, so that the database exists.
  static Result<std::unique_ptr<TelemetryQuery>> open(QueryOptions options);
  ~TelemetryQuery();
  TelemetryQuery(const TelemetryQuery&) = delete;
  TelemetryQuery& operator=(const TelemetryQuery&) = delete;

  Result<Overview> overview(const OverviewRequest& request) const;
  // `limit` at most 1,000. kInvalidArgument for a malformed cursor.
  Result<InvocationPage> list(const InvocationFilters& filters, std::string_view cursor,
                              std::uint32_t limit) const;
  // With bodies. kNotFound.
  Result<Invocation> get(const Uuid& id) const;
  // Rows that arrived after `after`, oldest first: the live tail. `text` is honoured as well.
  Result<ChangesPage> changes_since(std::uint64_t after, const InvocationFilters& filters,
                                    std::uint32_t limit) const;
  Result<std::uint64_t> last_sequence() const;
  // Calls `sink` with pieces of text, newest row first, in constant memory and without holding a snapshot;
  // stops when the sink returns false (which is no error). Returns the number of rows.
  Result<std::uint64_t> export_rows(const InvocationFilters& filters, ExportFormat format, bool bodies,
                                    const std::function<bool(std::string_view)>& sink) const;
  // Distinct values seen, for filter menus (at most `limit`, alphabetical).
  Result<std::vector<std::string>> values(Dimension dimension, std::uint32_t limit) const;

 private:
  struct State;
  explicit TelemetryQuery(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway::telemetry
