// SPDX-License-Identifier: Apache-2.0
#include "telemetry/query.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>

#include "base/text.h"
#include "telemetry/query_scan.h"
#include "telemetry/query_state.h"
#include "telemetry/schema.h"

namespace slipway::telemetry {

namespace {

constexpr std::uint32_t kLargestPage = 1000;

constexpr std::pair<Dimension, std::string_view> kDimensions[] = {
    {Dimension::kUseCase, "use_case"}, {Dimension::kEnvironment, "environment"},
    {Dimension::kKey, "key"},          {Dimension::kProvider, "provider"},
    {Dimension::kModel, "model"},      {Dimension::kStatus, "status"},
    {Dimension::kRelease, "release"},
};

std::string write_cursor(const ScanPosition& position) {
  char text[48];
  const int size =
      std::snprintf(text, sizeof(text), "%llx.%llx", static_cast<unsigned long long>(position.started_us),
                    static_cast<unsigned long long>(position.sequence));
  return {text, static_cast<std::size_t>(size)};
}

Result<std::optional<ScanPosition>> read_cursor(std::string_view cursor) {
  if (cursor.empty()) return std::nullopt;
  std::uint64_t parts[2] = {};
  const char* at = cursor.data();
  const char* const end = at + cursor.size();
  for (int i = 0; i < 2; ++i) {
    const auto [stop, error] = std::from_chars(at, end, parts[i], 16);
    const bool good = error == std::errc{} && (i == 0 ? stop != end && *stop == '.' : stop == end);
    if (!good)
      return fail(ErrorCode::kInvalidArgument, "this is no cursor of a list of invocations", "cursor",
                  "pass next_cursor as it was given, or nothing for the first page");
    at = stop + 1;
  }
  return ScanPosition{static_cast<std::int64_t>(parts[0]), parts[1]};
}

}  // namespace

std::optional<Dimension> parse_dimension(std::string_view text) {
  if (text == "key_id") return Dimension::kKey;
  for (const auto& [dimension, name] : kDimensions) {
    if (name == text) return dimension;
  }
  return std::nullopt;
}

std::string_view to_string(Dimension dimension) {
  for (const auto& [known, name] : kDimensions) {
    if (known == dimension) return name;
  }
  return "none";
}

// ---- sessions ----

Result<std::unique_ptr<ReadSession>> ReadSession::open(const std::filesystem::path& file) {
  auto session = std::make_unique<ReadSession>();
  SLIPWAY_ASSIGN(session->connection_, Connection::open(file, true));
  SLIPWAY_TRY(session->connection_.execute("PRAGMA query_only = ON; PRAGMA cache_size = -2048"));
  SLIPWAY_ASSIGN(const std::int64_t version, session->connection_.integer("PRAGMA user_version"));
  if (version != kSchemaVersion)
    return fail(ErrorCode::kConflict, "the telemetry database has another version", file.string(),
                "open the store first");
  ::sqlite3_progress_handler(
      session->connection_.handle(), 10'000,
      [](void* deadline_ns) { return mono_now_ns() > *static_cast<std::int64_t*>(deadline_ns) ? 1 : 0; },
      &session->deadline_ns_);
  session->deadline_ns_ = std::numeric_limits<std::int64_t>::max();
  SLIPWAY_ASSIGN(session->bodies_, BodyReader::prepare(session->connection_));
  SLIPWAY_ASSIGN(session->select_name_, session->connection_.prepare("SELECT text FROM names WHERE id = ?1"));
  SLIPWAY_ASSIGN(session->select_number_,
                 session->connection_.prepare("SELECT id FROM names WHERE text = ?1"));
  return session;
}

Result<std::string_view> ReadSession::name(std::int64_t number) {
  if (number == 0) return std::string_view{};
  if (const auto known = names_.find(number); known != names_.end()) return known->second;
  SLIPWAY_ASSIGN(const bool row, select_name_.bind(1, number).step());
  const std::string text(row ? select_name_.text(0) : std::string_view{});
  select_name_.reset();
  if (!row) return std::string_view{};
  return names_.emplace(number, text).first->second;
}

Result<std::vector<std::int64_t>> ReadSession::numbers(const std::vector<std::string>& texts) {
  std::vector<std::int64_t> found;
  for (const std::string& text : texts) {
    if (text.empty()) {
      found.push_back(0);
      continue;
    }
    SLIPWAY_ASSIGN(const bool row, select_number_.bind(1, text).step());
    if (row) found.push_back(select_number_.integer(0));
    select_number_.reset();
  }
  return found;
}

Result<std::unique_ptr<ReadSession>> TelemetryQuery::State::borrow() {
  {
    std::unique_lock lock(mutex);
    returned.wait(lock, [this] { return !idle.empty() || opened < options.connections; });
    if (!idle.empty()) {
      auto session = std::move(idle.back());
      idle.pop_back();
      return session;
    }
    ++opened;
  }
  auto session = ReadSession::open(options.file);
  if (!session) {
    const std::lock_guard lock(mutex);
    --opened;
    returned.notify_one();
  }
  return session;
}

void TelemetryQuery::State::give_back(std::unique_ptr<ReadSession> session) {
  session->bodies().drop_cache();
  {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(session));
  }
  returned.notify_one();
}

TelemetryQuery::TelemetryQuery(std::unique_ptr<State> state) : state_(std::move(state)) {}
TelemetryQuery::~TelemetryQuery() = default;

Result<std::unique_ptr<TelemetryQuery>> TelemetryQuery::open(QueryOptions options) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  if (state->options.connections == 0) state->options.connections = 1;
  SLIPWAY_TRY(state->with_session<std::int64_t>([](ReadSession&) -> Result<std::int64_t> { return 0; }));
  return std::unique_ptr<TelemetryQuery>(new TelemetryQuery(std::move(state)));
}

// ---- rows ----

const char* const kInvocationColumns =
    "sequence, id, started, duration, first_token, upstream, connect, queue, status, http_status, "
    "upstream_status, "
    "attempts, flags, operation, surface, use_case, environment, key, key_name, release, provider, "
    "connection, model, "
    "response_model, finish_reason, error_code, requested_model, error_message, request_id, trace_id, "
    "span_id, "
    "parent_span_id, end_user, peer, user_agent, input, cache_read, cache_write, output, reasoning, "
    "audio_input, "
    "audio_output, cost, block, body_offset, body_length, input_preview, output_preview";

Result<Invocation> read_invocation(ReadSession& session, const Statement& row) {
  Invocation item;
  int at = 0;
  const auto integer = [&] { return row.integer(at++); };
  const auto text = [&](std::string& to) { to = row.text(at++); };
  const auto name = [&](std::string& to) -> Result<> {
    SLIPWAY_ASSIGN(to, session.name(row.integer(at++)));
    return {};
  };
  item.sequence = static_cast<std::uint64_t>(integer());
  const std::string_view id = row.blob(at++);
  if (id.size() == item.id.bytes.size()) std::copy(id.begin(), id.end(), item.id.bytes.begin());
  item.started_us = integer();
  item.duration_us = integer();
  item.first_token_us = integer();
  item.upstream_us = integer();
  item.connect_us = integer();
  item.queue_us = integer();
  item.status = static_cast<Status>(integer());
  item.http_status = static_cast<std::uint16_t>(integer());
  item.upstream_status = static_cast<std::uint16_t>(integer());
  item.attempts = static_cast<std::uint8_t>(integer());
  const std::int64_t flags = integer();
  item.stream = (flags & 1) != 0;
  item.usage.estimated = (flags & 2) != 0;
  for (std::string* const to : {&item.operation, &item.surface, &item.use_case, &item.environment,
                                &item.key_id, &item.key_name, &item.release, &item.provider, &item.connection,
                                &item.model, &item.response_model, &item.finish_reason, &item.error_code}) {
    SLIPWAY_TRY(name(*to));
  }
  for (std::string* const to :
       {&item.requested_model, &item.error_message, &item.request_id, &item.trace_id, &item.span_id,
        &item.parent_span_id, &item.end_user, &item.peer, &item.user_agent}) {
    text(*to);
  }
  for (std::int64_t* const to :
       {&item.usage.input, &item.usage.cache_read, &item.usage.cache_write, &item.usage.output,
        &item.usage.reasoning, &item.usage.audio_input, &item.usage.audio_output, &item.cost_nano}) {
    *to = integer();
  }
  if (item.request_id.empty()) item.request_id = item.id.to_string();
  item.bodies = row.is_null(at) ? Invocation::Bodies::kNotCaptured : Invocation::Bodies::kKept;
  at += 3;
  text(item.input_preview);
  text(item.output_preview);
  return item;
}

Result<InvocationPage> TelemetryQuery::list(const InvocationFilters& filters, std::string_view cursor,
                                            std::uint32_t limit) const {
  SLIPWAY_ASSIGN(const std::optional<ScanPosition> after, read_cursor(cursor));
  return state_->with_session<InvocationPage>([&](ReadSession& session) -> Result<InvocationPage> {
    SLIPWAY_ASSIGN(Scan scan, Scan::prepare(session, filters));
    SLIPWAY_ASSIGN(ScanResult found,
                   scan.newest_first(after, {.matches = std::clamp<std::uint32_t>(limit, 1, kLargestPage),
                                             .rows = state_->options.scan_rows,
                                             .bytes = state_->options.scan_bytes}));
    InvocationPage page;
    page.items = std::move(found.items);
    if (found.more) {
      page.next_cursor = write_cursor(found.last);
      page.searched_until_us = found.last.started_us;
    } else {
      page.searched_until_us = filters.from_us.value_or(0);
    }
    return page;
  });
}

Result<Invocation> TelemetryQuery::get(const Uuid& id) const {
  return state_->with_session<Invocation>([&](ReadSession& session) -> Result<Invocation> {
    SLIPWAY_ASSIGN(Statement select,
                   session.connection().prepare(std::string("SELECT ") + kInvocationColumns +
                                                " FROM invocations WHERE id = ?1"));
    select.bind_blob(1, {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
    SLIPWAY_ASSIGN(const bool row, select.step());
    if (!row)
      return fail(ErrorCode::kNotFound, "there is no invocation " + id.to_string(), "invocations",
                  "it may have expired, or not have been recorded yet");
    SLIPWAY_ASSIGN(Invocation item, read_invocation(session, select));
    SLIPWAY_TRY(load_bodies(session, select, item));
    return item;
  });
}

Result<> load_bodies(ReadSession& session, const Statement& row, Invocation& item) {
  constexpr int kBlock = 43;
  if (item.bodies != Invocation::Bodies::kKept) return {};
  SLIPWAY_ASSIGN(const std::string* const raw, session.bodies().block(row.integer(kBlock)));
  const auto offset = static_cast<std::size_t>(row.integer(kBlock + 1));
  if (raw == nullptr || offset >= raw->size()) {
    item.bodies = Invocation::Bodies::kExpired;
    return {};
  }
  std::size_t size = 0;
  const auto entry = read_entry(
      std::string_view(*raw).substr(offset, static_cast<std::size_t>(row.integer(kBlock + 2))), size);
  if (!entry) return fail(ErrorCode::kDataLoss, "the bodies of " + item.id.to_string() + " are damaged");
  item.request_body = entry->request;
  item.response_body = entry->response;
  return {};
}

Result<ChangesPage> TelemetryQuery::changes_since(std::uint64_t after, const InvocationFilters& filters,
                                                  std::uint32_t limit) const {
  return state_->with_session<ChangesPage>([&](ReadSession& session) -> Result<ChangesPage> {
    SLIPWAY_ASSIGN(Scan scan, Scan::prepare(session, filters));
    SLIPWAY_ASSIGN(ScanResult found,
                   scan.in_order(after, {.matches = std::clamp<std::uint32_t>(limit, 1, kLargestPage),
                                         .rows = state_->options.scan_rows,
                                         .bytes = state_->options.scan_bytes}));
    ChangesPage page;
    page.items = std::move(found.items);
    page.last_sequence = found.looked ? found.last.sequence : after;
    return page;
  });
}

Result<std::uint64_t> TelemetryQuery::last_sequence() const {
  return state_->with_session<std::uint64_t>([](ReadSession& session) -> Result<std::uint64_t> {
    SLIPWAY_ASSIGN(const std::int64_t next,
                   session.connection().integer("SELECT next_sequence FROM progress"));
    return static_cast<std::uint64_t>(next) - 1;
  });
}

Result<std::vector<std::string>> TelemetryQuery::values(Dimension dimension, std::uint32_t limit) const {
  std::vector<std::string> found;
  if (dimension == Dimension::kNone) return found;
  if (dimension == Dimension::kStatus) {
    for (int i = 0; i < kStatusCount; ++i) found.emplace_back(to_string(static_cast<Status>(i)));
    return found;
  }
  return state_->with_session<std::vector<std::string>>(
      [&](ReadSession& session) -> Result<std::vector<std::string>> {
        SLIPWAY_ASSIGN(Statement select,
                       session.connection().prepare(
                           std::string("SELECT text FROM names WHERE id IN (SELECT DISTINCT ") +
                           std::string(to_string(dimension)) + " FROM wide_day) ORDER BY text LIMIT ?1"));
        select.bind(1, std::int64_t{limit});
        while (true) {
          SLIPWAY_ASSIGN(const bool row, select.step());
          if (!row) return found;
          found.emplace_back(select.text(0));
        }
      });
}

}  // namespace slipway::telemetry
