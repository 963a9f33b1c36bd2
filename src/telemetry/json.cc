// SPDX-License-Identifier: Apache-2.0
#include "telemetry/json.h"

#include <charconv>

#include "base/json.h"
#include "base/money.h"
#include "base/text.h"

namespace slipway::telemetry {

namespace {

// Writes members of one object in order.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  ~Object() { out_ += '}'; }

  std::string& member(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += name;
    out_ += "\":";
    return out_;
  }
  void text(std::string_view name, std::string_view value) { append_json_string(member(name), value); }
  void flag(std::string_view name, bool value) { member(name) += value ? "true" : "false"; }
  void number(std::string_view name, std::uint64_t value) { member(name) += std::to_string(value); }
  void known(std::string_view name, std::int64_t value) {
    member(name) += value < 0 ? "null" : std::to_string(value);
  }
  void known_or_null(std::string_view name, std::int64_t value) {
    member(name) += value <= 0 ? "null" : std::to_string(value);
  }
  void milliseconds(std::string_view name, std::int64_t us) {
    member(name);
    if (us < 0)
      out_ += "null";
    else
      append_milliseconds(out_, us);
  }
  void time(std::string_view name, std::int64_t us) { text(name, format_time_us(us)); }

 private:
  std::string& out_;
  bool first_ = true;
};

void append_usage(std::string& out, const Usage& usage) {
  Object object(out);
  object.known("input", usage.input);
  object.known("cache_read", usage.cache_read);
  object.known("cache_write", usage.cache_write);
  object.known("output", usage.output);
  object.known("reasoning", usage.reasoning);
  object.known("audio_input", usage.audio_input);
  object.known("audio_output", usage.audio_output);
  object.flag("estimated", usage.estimated);
}

void append_percentiles(std::string& out, const Percentiles& percentiles) {
  Object object(out);
  object.milliseconds("p50", percentiles.p50_us);
  object.milliseconds("p95", percentiles.p95_us);
  object.milliseconds("p99", percentiles.p99_us);
}

void write_figures(Object& object, const OverviewFigures& figures) {
  object.number("requests", figures.requests);
  object.number("errors", figures.errors());
  char rate[32];
  const auto end = std::to_chars(rate, rate + sizeof(rate), figures.error_rate());
  object.member("error_rate").append(rate, end.ptr);
  {
    Object statuses(object.member("by_status"));
    for (int i = 0; i < kStatusCount; ++i)
      statuses.number(to_string(static_cast<Status>(i)), figures.by_status[static_cast<std::size_t>(i)]);
  }
  {
    Object tokens(object.member("tokens"));
    tokens.number("input", figures.input_tokens);
    tokens.number("cache_read", figures.cache_read_tokens);
    tokens.number("cache_write", figures.cache_write_tokens);
    tokens.number("output", figures.output_tokens);
    tokens.number("reasoning", figures.reasoning_tokens);
    tokens.number("audio_input", figures.audio_input_tokens);
    tokens.number("audio_output", figures.audio_output_tokens);
  }
  object.text("cost_usd", format_usd(figures.cost_nano));
  object.number("unknown_cost_requests", figures.unknown_cost);
  append_percentiles(object.member("duration_ms"), figures.duration);
  append_percentiles(object.member("first_token_ms"), figures.first_token);
}

void append_point(std::string& out, const OverviewPoint& point) {
  Object object(out);
  object.time("at", point.start_us);
  write_figures(object, point.figures);
}

template <class List, class Append>
void append_array(std::string& out, const List& list, Append append) {
  out += '[';
  bool first = true;
  for (const auto& item : list) {
    if (!first) out += ',';
    first = false;
    append(item);
  }
  out += ']';
}

}  // namespace

void append_milliseconds(std::string& out, std::int64_t us) {
  out += std::to_string(us / 1000);
  auto rest = static_cast<int>(us % 1000);
  if (rest == 0) return;
  char digits[4] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                    static_cast<char>('0' + rest % 10)};
  std::size_t size = 4;
  while (digits[size - 1] == '0') --size;
  out.append(digits, size);
}

void append_json(std::string& out, const Invocation& item, bool bodies) {
  Object object(out);
  object.text("id", item.id.to_string());
  object.time("started_at", item.started_us);
  object.milliseconds("duration_ms", item.duration_us);
  object.milliseconds("first_token_ms", item.first_token_us);
  object.milliseconds("upstream_ms", item.upstream_us);
  object.milliseconds("queue_ms", item.queue_us);
  object.milliseconds("connect_ms", item.connect_us);
  object.text("status", to_string(item.status));
  object.known_or_null("http_status", item.http_status);
  object.known_or_null("upstream_status", item.upstream_status);
  object.number("attempts", item.attempts);
  object.flag("stream", item.stream);
  object.text("operation", item.operation);
  object.text("surface", item.surface);
  object.text("use_case", item.use_case);
  object.text("environment", item.environment);
  object.text("key_id", item.key_id);
  object.text("key_name", item.key_name);
  object.text("release", item.release);
  object.text("provider", item.provider);
  object.text("connection", item.connection);
  object.text("requested_model", item.requested_model);
  object.text("response_model", item.response_model);
  object.text("finish_reason", item.finish_reason);
  if (item.error_code.empty() && item.error_message.empty()) {
    object.member("error") += "null";
  } else {
    Object error(object.member("error"));
    error.text("code", item.error_code);
    error.text("message", item.error_message);
  }
  object.text("request_id", item.request_id);
  object.text("trace_id", item.trace_id);
  object.text("span_id", item.span_id);
  object.text("parent_span_id", item.parent_span_id);
  object.text("end_user", item.end_user);
  object.text("peer", item.peer);
  object.text("user_agent", item.user_agent);
  append_usage(object.member("usage"), item.usage);
  if (item.cost_nano < 0)
    object.member("cost_usd") += "null";
  else
    object.text("cost_usd", format_usd(item.cost_nano));
  object.text("input_preview", item.input_preview);
  object.text("output_preview", item.output_preview);
  if (!bodies) return;
  if (item.bodies == Invocation::Bodies::kKept) {
    object.text("request_body", item.request_body);
    object.text("response_body", item.response_body);
  } else {
    object.member("request_body") += "null";
    object.member("response_body") += "null";
  }
}

void append_json(std::string& out, const InvocationPage& page) {
  Object object(out);
  append_array(object.member("items"), page.items,
               [&](const Invocation& item) { append_json(out, item, false); });
  if (page.next_cursor.empty())
    object.member("next_cursor") += "null";
  else
    object.text("next_cursor", page.next_cursor);
  if (page.next_cursor.empty() && page.searched_until_us == 0)
    object.member("searched_until") += "null";
  else
    object.time("searched_until", page.searched_until_us);
}

void append_json(std::string& out, const OverviewFigures& figures) {
  Object object(out);
  write_figures(object, figures);
}

void append_json(std::string& out, const Overview& overview, const OverviewFigures& previous,
                 const StoreStats& store, const SpoolStats& spool) {
  Object object(out);
  object.time("from", overview.range.from_us);
  object.time("to", overview.range.to_us);
  object.number("step_seconds", static_cast<std::uint64_t>(overview.step_us / 1'000'000));
  append_json(object.member("totals"), overview.totals);
  append_json(object.member("previous"), previous);
  append_array(object.member("series"), overview.series,
               [&](const OverviewPoint& point) { append_point(out, point); });
  append_array(object.member("groups"), overview.groups, [&](const OverviewGroup& group) {
    Object member(out);
    member.text("key", group.value);
    member.text("label", group.label);
    append_json(member.member("totals"), group.figures);
    if (group.series.empty()) return;
    append_array(member.member("series"), group.series,
                 [&](const OverviewPoint& point) { append_point(out, point); });
  });
  object.number("groups_left_off", overview.groups_omitted);
  {
    Object lag(object.member("lag"));
    lag.number("records_behind", store.records_behind);
    char seconds[32];
    const auto end =
        std::to_chars(seconds, seconds + sizeof(seconds), static_cast<double>(store.lag_us) / 1e6);
    lag.member("seconds_behind").append(seconds, end.ptr);
  }
  object.number("lost_records", spool.lost());
}

}  // namespace slipway::telemetry
