// SPDX-License-Identifier: Apache-2.0
// Filters of lists, tails and exports, applied row by row so that the work per page can be bounded and told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/query_state.h"
#include "telemetry/text_index.h"

namespace slipway::telemetry {

struct ScanPosition {  // of the last row looked at
  std::int64_t started_us = 0;
  std::uint64_t sequence = 0;
};

struct ScanLimits {
  std::uint32_t matches = 100;
  std::size_t rows = 200'000;
  std::size_t bytes = 48u << 20;
};

struct ScanResult {
  std::vector<Invocation> items;
  ScanPosition last;    // meaningful if `more`
  bool looked = false;  // at any row
  bool more = false;    // stopped by a limit, not by the end
};

class Scan {
 public:
  // Resolves names; impossible() is true if a filter names something that was never seen.
  static Result<Scan> prepare(ReadSession& session, const InvocationFilters& filters);
  // Newest first, from behind `after`.
  Result<ScanResult> newest_first(std::optional<ScanPosition> after, const ScanLimits& limits);
  // In order of arrival, from behind sequence `after`.
  Result<ScanResult> in_order(std::uint64_t after, const ScanLimits& limits);

 private:
  explicit Scan(ReadSession& session, const InvocationFilters& filters)
      : session_(&session), filters_(&filters), text_(filters.text) {}
  struct NameFilter {
    int column;
    std::vector<std::int64_t> numbers;
  };
  struct Condition {
    std::string sql;  // ?5 is the value, ?6 the id
    enum class Value : std::uint8_t { kNumber, kText, kNone } value = Value::kNumber;
    std::string text;
    std::int64_t number = 0;
    std::optional<Uuid> id;
  };
  Result<ScanResult> run(Statement& statement, const ScanLimits& limits);
  Result<> add_name_filter(const char* column_name, int column, const std::vector<std::string>& texts,
                           int rank);
  [[nodiscard]] bool passes(const Statement& row) const;
  Result<bool> text_matches(const Statement& row);
  void propose(int rank, Condition condition);
  Result<> find_trace(const std::string& trace_id);

  ReadSession* session_;
  const InvocationFilters* filters_;
  TextQuery text_;
  std::vector<NameFilter> name_filters_;
  std::optional<Condition> indexed_;  // the one condition that SQLite answers from an index
  int rank_ = 0;
  bool impossible_ = false;
  std::int64_t bloom_block_ = -1;  // the answer for the block looked at last
  std::uint64_t bloom_found_ = 0;
  bool bloom_answer_ = false;
  std::string folded_;
};

}  // namespace slipway::telemetry
