// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api/handlers.h"
#include "base/clock.h"
#include "base/text.h"

namespace slipway::api {

namespace {

using telemetry::OverviewFigures;

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::uint32_t kGroupLimit = 200;

struct OverviewAnswer {
  telemetry::Overview current;
  telemetry::OverviewFigures previous;
};

Result<telemetry::TimeRange> read_range(const Request& request) {
  telemetry::TimeRange range{0, unix_now_us()};
  if (const auto text = request.param("to"); !text.empty()) {
    const auto at = parse_time_us(text);
    if (!at) return fail(ErrorCode::kInvalidArgument, "'to' is not a time in RFC 3339", "to");
    range.to_us = *at;
  }
  range.from_us = range.to_us - kHourUs;
  if (const auto text = request.param("from"); !text.empty()) {
    const auto at = parse_time_us(text);
    if (!at) return fail(ErrorCode::kInvalidArgument, "'from' is not a time in RFC 3339", "from");
    range.from_us = *at;
  }
  if (range.from_us >= range.to_us)
    return fail(ErrorCode::kInvalidArgument, "'from' must lie before 'to'", "from");
  return range;
}

Result<telemetry::OverviewRequest> read_request(const Request& request) {
  telemetry::OverviewRequest wanted;
  SLIPWAY_ASSIGN(wanted.range, read_range(request));
  const auto fill = [&](std::string_view name, std::vector<std::string>& values) {
    if (const auto text = request.param(name); !text.empty()) values.emplace_back(text);
  };
  fill("environment", wanted.filters.environment);
  fill("use_case", wanted.filters.use_case);
  fill("key", wanted.filters.key_id);
  fill("provider", wanted.filters.provider);
  fill("model", wanted.filters.model);
  fill("release", wanted.filters.release);
  SLIPWAY_ASSIGN(wanted.filters.status, read_statuses(request.param("status")));
  if (const auto text = request.param("group_by"); !text.empty()) {
    const auto dimension = telemetry::parse_dimension(text == "key" ? "key_id" : text);
    if (!dimension)
      return fail(ErrorCode::kInvalidArgument, "can't group by '" + ellipsize(text, 40) + "'", "group_by",
                  "Use use_case, model, key, provider, environment, status or release.");
    wanted.group_by = *dimension;
  }
  if (const auto text = request.param("step"); !text.empty()) {
    const auto step_s = parse_integer<std::int64_t>(text);
    if (!step_s || *step_s < 60 || *step_s > 2'592'000 || *step_s % 60 != 0)
      return fail(ErrorCode::kInvalidArgument, "step is a multiple of 60 up to 2592000 (seconds)", "step");
    if ((wanted.range.to_us - wanted.range.from_us) / (*step_s * 1'000'000) > 5'000)
      return fail(ErrorCode::kInvalidArgument, "that step makes more than 5000 points", "step",
                  "Use a larger step.");
    wanted.step_us = *step_s * 1'000'000;
  }
  wanted.group_limit = kGroupLimit;
  wanted.group_series = false;
  return wanted;
}

std::string ms(std::int64_t us) {
  return us < 0 ? "null" : fmt::format("{:.3f}", static_cast<double>(us) / 1000);
}

void append_percentiles(std::string& out, std::string_view name, const telemetry::Percentiles& values) {
  fmt::format_to(std::back_inserter(out), R"("{}":{{"p50":{},"p95":{},"p99":{}}})", name, ms(values.p50_us),
                 ms(values.p95_us), ms(values.p99_us));
}

// The members of Totals, without braces.
void append_figures(std::string& out, const OverviewFigures& figures) {
  const std::uint64_t ok = figures.by_status[static_cast<std::size_t>(telemetry::Status::kOk)];
  const std::uint64_t errors = figures.requests - ok;
  const double rate =
      figures.requests == 0 ? 0.0 : static_cast<double>(errors) / static_cast<double>(figures.requests);
  fmt::format_to(std::back_inserter(out), R"("requests":{},"errors":{},"error_rate":{:.6f},"by_status":{{)",
                 figures.requests, errors, rate);
  for (std::size_t i = 0; i < telemetry::kStatusCount; ++i)
    fmt::format_to(std::back_inserter(out), R"({}"{}":{})", i == 0 ? "" : ",",
                   telemetry::to_string(static_cast<telemetry::Status>(i)), figures.by_status[i]);
  fmt::format_to(std::back_inserter(out),
                 R"(}},"tokens":{{"input":{},"cache_read":{},"cache_write":{},"output":{},"reasoning":{}}},)"
                 R"("cost_usd":"{}","unknown_cost_requests":{},)",
                 figures.input_tokens, figures.cache_read_tokens, figures.cache_write_tokens,
                 figures.output_tokens, figures.reasoning_tokens, format_usd(figures.cost_nano),
                 figures.unknown_cost);
  append_percentiles(out, "duration_ms", figures.duration);
  out += ',';
  append_percentiles(out, "first_token_ms", figures.first_token);
}

std::string overview_json(const Request& request, const OverviewAnswer& answer) {
  const telemetry::Overview& overview = answer.current;
  std::string out = fmt::format(R"({{"from":"{}","to":"{}","step_seconds":{},"totals":{{)",
                                format_time_us(overview.range.from_us), format_time_us(overview.range.to_us),
                                overview.step_us / 1'000'000);
  append_figures(out, overview.totals);
  out += R"(},"previous":{)";
  append_figures(out, answer.previous);
  out += R"(},"series":[)";
  for (std::size_t i = 0; i < overview.series.size(); ++i) {
    out += fmt::format(R"({}{{"at":"{}",)", i == 0 ? "" : ",", format_time_us(overview.series[i].start_us));
    append_figures(out, overview.series[i].figures);
    out += '}';
  }
  out += R"(],"groups":[)";
  for (std::size_t i = 0; i < overview.groups.size(); ++i) {
    out += i == 0 ? R"({"key":)" : R"(,{"key":)";
    append_json_string(out, overview.groups[i].value);
    out += R"(,"label":)";
    append_json_string(out, overview.groups[i].label);
    out += R"(,"totals":{)";
    append_figures(out, overview.groups[i].figures);
    out += "}}";
  }
  const telemetry::StoreStats store = request.services.telemetry.stats();
  const telemetry::SpoolStats spool = request.services.spool.stats();
  const std::uint64_t behind =
      spool.records_appended > store.records_indexed + store.duplicates + store.undecodable
          ? spool.records_appended - store.records_indexed - store.duplicates - store.undecodable
          : 0;
  out += fmt::format(
      R"(],"groups_left_off":{},"lag":{{"records_behind":{},"seconds_behind":{:.3f}}},"lost_records":{}}})",
      overview.groups_omitted, behind, static_cast<double>(store.lag_us) / 1e6, spool.lost());
  return out;
}

}  // namespace

rt::Task<void> get_overview(Request& request) {
  auto wanted = read_request(request);
  if (!wanted) {
    co_await answer_error(request, wanted.error());
    co_return;
  }
  std::function<Result<OverviewAnswer>()> job = [&query = request.services.query,
                                                 now = *wanted]() -> Result<OverviewAnswer> {
    OverviewAnswer both;
    SLIPWAY_ASSIGN(both.current, query.overview(now));
    telemetry::OverviewRequest before = now;
    before.group_by = telemetry::Dimension::kNone;
    const std::int64_t length_us = now.range.to_us - now.range.from_us;
    before.range = {now.range.from_us - length_us, now.range.from_us};
    SLIPWAY_ASSIGN(const telemetry::Overview previous, query.overview(before));
    both.previous = previous.totals;
    return both;
  };
  const auto both = co_await in_pool<OverviewAnswer>(request, std::move(job));
  if (!both)
    co_await answer_error(request, both.error());
  else
    co_await answer(request, 200, overview_json(request, *both));
}

}  // namespace slipway::api
