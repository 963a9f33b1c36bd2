// SPDX-License-Identifier: Apache-2.0
#include "telemetry/query_scan.h"

#include <algorithm>

namespace slipway::telemetry {

namespace {

// Columns of kInvocationColumns that filters look at.
enum Column : int {
  kSequence = 0,
  kId = 1,
  kStarted = 2,
  kDuration = 3,
  kStatus = 8,
  kHttpStatus = 9,
  kFlags = 12,
  kOperation = 13,
  kUseCase = 15,
  kEnvironment = 16,
  kKey = 17,
  kRelease = 19,
  kProvider = 20,
  kConnection = 21,
  kModel = 22,
  kErrorCode = 25,
  kRequestedModel = 26,
  kErrorMessage = 27,
  kRequestId = 28,
  kTraceId = 29,
  kEndUser = 32,
  kCost = 42,
  kBlock = 43,
  kBodyOffset = 44,
  kBodyLength = 45,
};

std::string id_text(const Statement& row) {
  Uuid id;
  const std::string_view bytes = row.blob(kId);
  if (bytes.size() == id.bytes.size()) std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id.to_string();
}

// An empty request id stands for the id.
bool has_request_id(const Statement& row, std::string_view wanted) {
  const std::string_view stored = row.text(kRequestId);
  return stored.empty() ? id_text(row) == wanted : stored == wanted;
}

}  // namespace

void Scan::propose(int rank, Condition condition) {
  if (rank <= rank_) return;
  rank_ = rank;
  indexed_ = std::move(condition);
}

Result<> Scan::add_name_filter(const char* column_name, int column, const std::vector<std::string>& texts,
                               int rank) {
  if (texts.empty()) return {};
  SLIPWAY_ASSIGN(std::vector<std::int64_t> numbers, session_->numbers(texts));
  if (numbers.empty()) {
    impossible_ = true;
    return {};
  }
  // One value and the start time make a range of an index in the right order; several values would need
  // sorting.
  if (numbers.size() == 1 && rank > 0)
    propose(rank,
            {.sql = std::string(column_name) + " = ?5", .text = {}, .number = numbers.front(), .id = {}});
  name_filters_.push_back({column, std::move(numbers)});
  return {};
}

Result<Scan> Scan::prepare(ReadSession& session, const InvocationFilters& filters) {
  Scan scan(session, filters);
  SLIPWAY_TRY(scan.add_name_filter("environment", kEnvironment, filters.environment, 1));
  SLIPWAY_TRY(scan.add_name_filter("use_case", kUseCase, filters.use_case, 2));
  SLIPWAY_TRY(scan.add_name_filter("model", kModel, filters.model, 3));
  SLIPWAY_TRY(scan.add_name_filter("key", kKey, filters.key_id, 4));
  SLIPWAY_TRY(scan.add_name_filter("provider", kProvider, filters.provider, 0));
  SLIPWAY_TRY(scan.add_name_filter("connection", kConnection, filters.connection, 0));
  SLIPWAY_TRY(scan.add_name_filter("error_code", kErrorCode, filters.error_code, 0));
  SLIPWAY_TRY(scan.add_name_filter("operation", kOperation, filters.operation, 0));
  if (filters.release) {
    SLIPWAY_TRY(scan.add_name_filter("release", kRelease, {*filters.release}, 0));
    // There is an index on use cases, and a release's name begins with its use case.
    const std::size_t at = filters.release->rfind('@');
    if (filters.use_case.empty() && at != std::string::npos && at != 0)
      SLIPWAY_TRY(scan.add_name_filter("use_case", kUseCase, {filters.release->substr(0, at)}, 2));
  }
  if (filters.status.size() == 1 && filters.status.front() != Status::kOk) {
    scan.propose(5, {.sql = "status = ?5 AND status <> 0",
                     .text = {},
                     .number = static_cast<std::int64_t>(filters.status.front()),
                     .id = {}});
  }
  using Value = Condition::Value;
  if (filters.end_user && !filters.end_user->empty()) {
    scan.propose(6, {.sql = "end_user = ?5 AND end_user <> ''",
                     .value = Value::kText,
                     .text = *filters.end_user,
                     .id = {}});
  }
  if (filters.trace_id && !filters.trace_id->empty()) SLIPWAY_TRY(scan.find_trace(*filters.trace_id));
  if (filters.request_id && !filters.request_id->empty()) {
    const std::optional<Uuid> id = Uuid::parse(*filters.request_id);
    scan.propose(8, {.sql = id ? "(id = ?6 OR (request_id = ?5 AND request_id <> ''))"
                               : "request_id = ?5 AND request_id <> ''",
                     .value = Value::kText,
                     .text = *filters.request_id,
                     .id = id});
  }
  return scan;
}

// Which rows have a trace id: asks the filters of all groups, then looks into those that may hold it.
Result<> Scan::find_trace(const std::string& trace_id) {
  constexpr std::size_t kMostRows = 10'000;
  const std::uint64_t hash = word_hash(trace_id);
  SLIPWAY_ASSIGN(Statement groups,
                 session_->connection().prepare("SELECT first, last, bloom FROM trace_groups"));
  SLIPWAY_ASSIGN(Statement rows,
                 session_->connection().prepare("SELECT sequence FROM invocations WHERE sequence "
                                                "BETWEEN ?1 AND ?2 AND trace_id = ?3"));
  std::string found;
  std::size_t count = 0;
  while (count < kMostRows) {
    SLIPWAY_ASSIGN(const bool more, groups.step());
    if (!more) break;
    if (!bloom_may_contain(groups.blob(2), hash)) continue;
    rows.bind(1, groups.integer(0)).bind(2, groups.integer(1)).bind(3, std::string_view(trace_id));
    while (true) {
      SLIPWAY_ASSIGN(const bool row, rows.step());
      if (!row) break;
      found += (count++ == 0 ? "" : ",") + std::to_string(rows.integer(0));
    }
  }
  if (count == 0) impossible_ = true;
  propose(7, {.sql = "sequence IN (" + found + ")", .value = Condition::Value::kNone, .text = {}, .id = {}});
  return {};
}

Result<ScanResult> Scan::newest_first(std::optional<ScanPosition> after, const ScanLimits& limits) {
  if (impossible_) return ScanResult{};
  std::string sql =
      std::string("SELECT ") + kInvocationColumns + " FROM invocations WHERE started >= ?1 AND started < ?2";
  if (after) sql += " AND started <= ?3 AND (started < ?3 OR sequence < ?4)";
  if (indexed_) sql += " AND " + indexed_->sql;
  sql += " ORDER BY started DESC, sequence DESC";
  SLIPWAY_ASSIGN(Statement statement, session_->connection().prepare(sql));
  statement.bind(1, filters_->from_us.value_or(std::numeric_limits<std::int64_t>::min()));
  statement.bind(2, filters_->to_us.value_or(std::numeric_limits<std::int64_t>::max()));
  if (after) statement.bind(3, after->started_us).bind(4, static_cast<std::int64_t>(after->sequence));
  if (indexed_) {
    if (indexed_->value == Condition::Value::kText) statement.bind(5, std::string_view(indexed_->text));
    if (indexed_->value == Condition::Value::kNumber) statement.bind(5, indexed_->number);
    if (indexed_->id)
      statement.bind_blob(
          6, {reinterpret_cast<const char*>(indexed_->id->bytes.data()), indexed_->id->bytes.size()});
  }
  return run(statement, limits);
}

Result<ScanResult> Scan::in_order(std::uint64_t after, const ScanLimits& limits) {
  if (impossible_) return ScanResult{};
  SLIPWAY_ASSIGN(Statement statement,
                 session_->connection().prepare(std::string("SELECT ") + kInvocationColumns +
                                                " FROM invocations WHERE sequence > ?1 ORDER BY sequence"));
  statement.bind(1, static_cast<std::int64_t>(after));
  return run(statement, limits);
}

Result<ScanResult> Scan::run(Statement& statement, const ScanLimits& limits) {
  ScanResult result;
  std::size_t rows = 0;
  const std::size_t bytes_before = session_->bodies().decompressed_bytes();
  while (true) {
    SLIPWAY_ASSIGN(const bool row, statement.step());
    if (!row) return result;
    if (result.items.size() >= limits.matches || rows >= limits.rows ||
        session_->bodies().decompressed_bytes() - bytes_before >= limits.bytes) {
      result.more = true;
      return result;
    }
    ++rows;
    result.looked = true;
    result.last = {statement.integer(kStarted), static_cast<std::uint64_t>(statement.integer(kSequence))};
    if (!passes(statement)) continue;
    if (!text_.empty()) {
      SLIPWAY_ASSIGN(const bool found, text_matches(statement));
      if (!found) continue;
    }
    SLIPWAY_ASSIGN(Invocation invocation, read_invocation(*session_, statement));
    result.items.push_back(std::move(invocation));
  }
}

bool Scan::passes(const Statement& row) const {
  for (const NameFilter& filter : name_filters_) {
    if (std::find(filter.numbers.begin(), filter.numbers.end(), row.integer(filter.column)) ==
        filter.numbers.end())
      return false;
  }
  const InvocationFilters& f = *filters_;
  const std::int64_t started = row.integer(kStarted);
  if (f.from_us && started < *f.from_us) return false;
  if (f.to_us && started >= *f.to_us) return false;
  if (!f.status.empty() && std::find(f.status.begin(), f.status.end(),
                                     static_cast<Status>(row.integer(kStatus))) == f.status.end()) {
    return false;
  }
  if (f.http_status && row.integer(kHttpStatus) != *f.http_status) return false;
  if (f.stream && ((row.integer(kFlags) & 1) != 0) != *f.stream) return false;
  const std::int64_t duration = row.integer(kDuration);
  if (f.min_duration_us && duration < *f.min_duration_us) return false;
  if (f.max_duration_us && duration > *f.max_duration_us) return false;
  const std::int64_t cost = row.integer(kCost);
  if ((f.min_cost_nano || f.max_cost_nano) && cost < 0) return false;
  if (f.min_cost_nano && cost < *f.min_cost_nano) return false;
  if (f.max_cost_nano && cost > *f.max_cost_nano) return false;
  if (f.request_id && !has_request_id(row, *f.request_id)) return false;
  if (f.end_user && row.text(kEndUser) != *f.end_user) return false;
  return !f.trace_id || row.text(kTraceId) == *f.trace_id;
}

// Ids, models and the error are looked at first, then the bodies for what is still missing.
Result<bool> Scan::text_matches(const Statement& row) {
  folded_.clear();
  folded_ += id_text(row);
  for (const int column : {kRequestId, kTraceId, kEndUser, kRequestedModel, kErrorMessage}) {
    folded_ += '\n';  // no phrase reaches over a field's end
    append_searchable(folded_, row.text(column));
  }
  for (const int column : {kModel, kErrorCode, kKey, kUseCase}) {
    SLIPWAY_ASSIGN(const std::string_view name, session_->name(row.integer(column)));
    folded_ += '\n';
    append_searchable(folded_, name);
  }
  const std::uint64_t found = text_.match(folded_);
  if (found == text_.all()) return true;
  if (row.is_null(kBlock)) return false;
  const std::int64_t block = row.integer(kBlock);
  if (block != bloom_block_ || found != bloom_found_) {
    SLIPWAY_ASSIGN(const std::optional<std::string_view> bloom, session_->bodies().words(block));
    bloom_block_ = block;
    bloom_found_ = found;
    bloom_answer_ = bloom && text_.bloom_may_match(*bloom, found);
  }
  if (!bloom_answer_) return false;
  SLIPWAY_ASSIGN(const std::string* const raw, session_->bodies().block(block));
  if (raw == nullptr) return false;
  const auto offset = static_cast<std::size_t>(row.integer(kBodyOffset));
  if (offset >= raw->size()) return false;
  std::size_t size = 0;
  const std::optional<BodyEntry> entry = read_entry(
      std::string_view(*raw).substr(offset, static_cast<std::size_t>(row.integer(kBodyLength))), size);
  if (!entry) return false;
  folded_.clear();
  append_searchable(folded_, entry->request);
  folded_ += '\n';
  append_searchable(folded_, entry->response);
  return (found | text_.match(folded_)) == text_.all();
}

}  // namespace slipway::telemetry
