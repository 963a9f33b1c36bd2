// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <tuple>

#include "api/handlers.h"
#include "base/text.h"
#include "telemetry/cost.h"
#include "telemetry/json.h"

namespace slipway::api {

namespace {

// How many of the tokens written to the cache were to be kept for an hour. Records don't say, but what they
// cost does.
std::int64_t written_for_an_hour(const telemetry::Price& price, const telemetry::Rates& rates,
                                 const telemetry::Invocation& call) {
  const NanoUsd base = telemetry::cost(price, call.usage);
  const PicoUsd dearer = rates.cache_write_1h - rates.cache_write;
  if (call.usage.cache_write <= 0 || rates.cache_write_1h < 0 || dearer <= 0 || base == call.cost_nano ||
      base == telemetry::kUnknownCost)
    return 0;
  const std::int64_t tokens = ((call.cost_nano - base) * 1000 + dearer / 2) / dearer;
  return telemetry::cost(price, call.usage, tokens) == call.cost_nano ? tokens : 0;
}

// How the cost was made up, from the price in force when the call was made.
void append_cost_lines(std::string& out, const gateway::Snapshot& snapshot,
                       const telemetry::Invocation& call) {
  out += R"("cost_lines":[)";
  const telemetry::Price* price = nullptr;
  if (snapshot.prices != nullptr && call.cost_nano != telemetry::kUnknownCost) {
    price = snapshot.prices->find(call.provider, call.response_model, call.started_us);
    if (price == nullptr) price = snapshot.prices->find(call.provider, call.requested_model, call.started_us);
  }
  if (price != nullptr) {
    const telemetry::Rates& rates = telemetry::rates_for(*price, call.usage);
    const telemetry::Usage& usage = call.usage;
    const std::int64_t hour = written_for_an_hour(*price, rates, call);
    bool first = true;
    for (const auto& [name, tokens, rate] :
         {std::tuple{"input", usage.input, rates.input},
          std::tuple{"cache_read", usage.cache_read, rates.cache_read},
          std::tuple{"cache_write", usage.cache_write - hour, rates.cache_write},
          std::tuple{"cache_write_1h", hour, rates.cache_write_1h},
          std::tuple{"output", usage.output, rates.output},
          std::tuple{"reasoning", usage.reasoning, rates.reasoning},
          std::tuple{"audio_input", usage.audio_input, rates.audio_input},
          std::tuple{"audio_output", usage.audio_output, rates.audio_output}}) {
      if (tokens <= 0 || rate < 0) continue;
      // Pico-dollars a token are micro-dollars per million tokens: a thousand of them make format_usd's unit.
      out += fmt::format(R"({}{{"class":"{}","tokens":{},"usd_per_million":"{}","usd":"{}"}})",
                         std::exchange(first, false) ? "" : ",", name, tokens, format_usd(rate * 1000),
                         format_usd(nano_from_pico(tokens * rate)));
    }
  }
  out += ']';
}

}  // namespace

Result<std::vector<telemetry::Status>> read_statuses(std::string_view text) {
  using telemetry::Status;
  std::vector<Status> statuses;
  if (text.empty()) return statuses;
  for (const std::string_view word : split(text, ',')) {
    bool known = false;
    for (std::size_t i = 0; i < telemetry::kStatusCount; ++i) {
      const auto status = static_cast<Status>(i);
      if (telemetry::to_string(status) == word || (word == "error" && status != Status::kOk)) {
        statuses.push_back(status);
        known = true;
      }
    }
    if (!known)
      return fail(
          ErrorCode::kInvalidArgument, "there is no status '" + ellipsize(word, 40) + "'", "status",
          "Use ok, client_error, limited, upstream_error, interrupted, blocked, internal_error, or error for "
          "all but ok.");
  }
  return statuses;
}

Result<telemetry::InvocationFilters> read_filters(const Request& request) {
  telemetry::InvocationFilters filters;
  for (const auto& [name, target] : {std::pair{"from", &filters.from_us}, std::pair{"to", &filters.to_us}}) {
    if (const auto text = request.param(name); !text.empty()) {
      const auto at = parse_time_us(text);
      if (!at)
        return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a time in RFC 3339", name), name);
      *target = *at;
    }
  }
  const auto fill = [&](std::string_view name, std::vector<std::string>& values) {
    if (const auto text = request.param(name); !text.empty()) values.emplace_back(text);
  };
  fill("environment", filters.environment);
  fill("use_case", filters.use_case);
  fill("key", filters.key_id);
  fill("provider", filters.provider);
  fill("model", filters.model);
  fill("connection", filters.connection);
  fill("error_code", filters.error_code);
  for (const auto& [name, target] :
       {std::pair{"request_id", &filters.request_id}, std::pair{"end_user", &filters.end_user},
        std::pair{"trace_id", &filters.trace_id}, std::pair{"release", &filters.release}})
    if (const auto text = request.param(name); !text.empty()) *target = std::string(text);
  SLIPWAY_ASSIGN(filters.status, read_statuses(request.param("status")));
  filters.text = request.param("q");
  if (filters.text.size() > 400)
    return fail(ErrorCode::kInvalidArgument, "a search has at most 400 characters", "q");
  return filters;
}

rt::Task<void> list_invocations(Request& request) {
  const auto filters = read_filters(request);
  const auto limit = request.page_limit();
  if (!filters || !limit) {
    co_await answer_error(request, first_error(filters, limit));
    co_return;
  }
  std::function<Result<telemetry::InvocationPage>()> job =
      [&query = request.services.query, wanted = *filters, cursor = std::string(request.param("cursor")),
       most = *limit] { return query.list(wanted, cursor, most); };
  const auto page = co_await in_pool<telemetry::InvocationPage>(request, std::move(job));
  if (!page) {
    co_await answer_error(request, page.error());
    co_return;
  }
  std::string out;
  telemetry::append_json(out, *page);
  co_await answer(request, 200, std::move(out));
}

rt::Task<void> get_invocation(Request& request) {
  const auto id = Uuid::parse(request.segment("id"));
  if (!id) {
    co_await answer_error(request, problem(ErrorCode::kNotFound, "there is no invocation with this id", {},
                                           "An id is a UUID, as in the header x-slipway-invocation-id."));
    co_return;
  }
  std::function<Result<telemetry::Invocation>()> job = [&query = request.services.query, wanted = *id] {
    return query.get(wanted);
  };
  const auto found = co_await in_pool<telemetry::Invocation>(request, std::move(job));
  if (!found) {
    co_await answer_error(request, found.error());
    co_return;
  }
  std::string out;
  telemetry::append_json(out, *found, true);
  out.pop_back();  // the closing brace: one more member follows
  out += ',';
  append_cost_lines(out, *request.gateway.snapshot(), *found);
  out += '}';
  co_await answer(request, 200, std::move(out));
}

}  // namespace slipway::api
