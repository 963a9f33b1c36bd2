// SPDX-License-Identifier: Apache-2.0
// Results of runs, as pages and as a whole, and a run's progress as it goes.
#include <fmt/format.h>

#include "api/export_stream.h"
#include "api/handlers.h"
#include "api/or_null.h"
#include "api/run_handlers.h"
#include "api/run_json.h"
#include "base/clock.h"
#include "base/text.h"
#include "catalog/canonical.h"
#include "evaluation/runs/result_walk.h"

namespace slipway::api {

namespace {

using evaluation::ResultWalk;
using evaluation::Run;
using governance::Permission;

constexpr std::size_t kResultsLookedAt = 20'000;  // for one page
constexpr std::uint32_t kProgressPollMs = 500;
constexpr std::int64_t kCommentNs = 15'000'000'000;

struct ResultFilter {
  std::string metric;
  std::optional<bool> passed;   // of that metric, or of any
  std::optional<bool> errored;  // that metric could not judge; without one: the call failed
  std::string status;
  std::optional<std::int64_t> cell;
  std::string tag;
  std::string text;
  std::uint64_t from = 0;
  std::uint32_t limit = kPageDefault;
};

struct ResultPage {
  json::array items;
  std::string next_cursor;
};

Result<std::optional<bool>> read_flag(const Request& request, std::string_view name) {
  const std::string_view text = request.param(name);
  if (text.empty()) return std::nullopt;
  if (text == "true") return true;
  if (text == "false") return false;
  return fail(ErrorCode::kInvalidArgument, "must be true or false", std::string(name));
}

Result<ResultFilter> read_filter(const Request& request) {
  ResultFilter filter;
  filter.metric = request.param("metric");
  filter.status = request.param("status");
  filter.tag = request.param("tag");
  filter.text = to_lower(request.param("q"));
  SLIPWAY_ASSIGN(filter.passed, read_flag(request, "passed"));
  SLIPWAY_ASSIGN(filter.errored, read_flag(request, "error"));
  SLIPWAY_ASSIGN(filter.limit, request.page_limit());
  if (!filter.status.empty() && filter.status != "ok" && filter.status != "error")
    return fail(ErrorCode::kInvalidArgument, "must be ok or error", "status");
  if (const std::string_view cell = request.param("cell"); !cell.empty()) {
    filter.cell = parse_integer<std::int64_t>(cell);
    if (!filter.cell) return fail(ErrorCode::kInvalidArgument, "must be a variant's number, from 0", "cell");
  }
  if (const std::string_view cursor = request.param("cursor"); !cursor.empty()) {
    const auto from = parse_integer<std::uint64_t>(cursor);
    if (!from) return fail(ErrorCode::kInvalidArgument, "is no cursor that this list gave", "cursor");
    filter.from = *from;
  }
  return filter;
}

bool fits_metric(const json::object& result, const ResultFilter& filter) {
  if (filter.metric.empty() && !filter.passed && !filter.errored) return true;
  const json::value* scores = result.if_contains("scores");
  if (scores == nullptr) return filter.errored == true && filter.metric.empty();
  if (filter.errored == true && filter.metric.empty() && !filter.passed) {
    for (const json::value& score : scores->as_array())
      if (score.as_object().contains("error")) return true;
    return false;
  }
  for (const json::value& score : scores->as_array()) {
    const json::object& one = score.as_object();
    if (!filter.metric.empty() && one.at("metric").as_string() != filter.metric) continue;
    const json::value* passed = one.if_contains("passed");
    if (filter.passed && (passed == nullptr || passed->as_bool() != *filter.passed)) continue;
    if (filter.errored && one.contains("error") != *filter.errored) continue;
    return true;
  }
  return false;
}

bool fits(const json::object& result, const ResultFilter& filter) {
  if (!filter.status.empty() && result.at("status").as_string() != filter.status) return false;
  if (filter.cell && result.at("cell").to_number<std::int64_t>() != *filter.cell) return false;
  if (!filter.tag.empty()) {
    const json::value* tags = result.if_contains("tags");
    if (tags == nullptr || !tags->is_array()) return false;
    if (std::ranges::find(tags->get_array(), json::value(filter.tag)) == tags->get_array().end())
      return false;
  }
  return fits_metric(result, filter);
}

Result<ResultPage> find_results(evaluation::RunStore& store, const std::string& run,
                                const ResultFilter& filter) {
  ResultPage page;
  SLIPWAY_ASSIGN(ResultWalk walk, ResultWalk::begin(store, run, filter.from));
  for (std::size_t looked = 0;; ++looked) {
    SLIPWAY_ASSIGN(const auto next, walk.next());
    if (!next) return page;
    if (page.items.size() >= filter.limit || looked >= kResultsLookedAt) {
      page.next_cursor = std::to_string(next->first);
      return page;
    }
    if (!filter.text.empty() && to_lower(next->second).find(filter.text) == std::string::npos) continue;
    SLIPWAY_ASSIGN(json::object result, result_json(next->second));
    if (fits(result, filter)) page.items.push_back(std::move(result));
  }
}

}  // namespace

rt::Task<void> list_run_results(Request& request) {
  const auto run = co_await find_run(request, Permission::kView);
  const auto filter = read_filter(request);
  if (!run || !filter) {
    co_await answer_error(request, first_error(run, filter));
    co_return;
  }
  std::function<Result<ResultPage>()> job = [&store = request.services.runs.store, id = run->id,
                                             wanted = *filter] { return find_results(store, id, wanted); };
  auto page = co_await in_pool<ResultPage>(request, std::move(job));
  if (!page) {
    co_await answer_error(request, page.error());
    co_return;
  }
  const json::object body{{"items", std::move(page->items)},
                          {"next_cursor", text_or_null(page->next_cursor)}};
  co_await answer(request, 200, json::serialize(body));
}

// Exactly the bytes that the run's digest is made of.
rt::Task<void> export_run(Request& request) {
  const auto run = co_await find_run(request, Permission::kView);
  if (!run) {
    co_await answer_error(request, run.error());
    co_return;
  }
  ExportFile file{"application/x-ndjson", "run-" + run->id + ".jsonl"};
  std::function<Result<>(const ExportSink&)> produce = [&store = request.services.runs.store,
                                                        wanted = *run](const ExportSink& sink) -> Result<> {
    if (!sink(catalog::canonical_json(wanted.definition) + "\n")) return {};
    SLIPWAY_ASSIGN(ResultWalk walk, ResultWalk::begin(store, wanted.id));
    for (;;) {
      SLIPWAY_ASSIGN(auto next, walk.next());
      if (!next) return {};
      next->second += '\n';
      if (!sink(next->second)) return {};
    }
  };
  co_await stream_export(request, std::move(file), std::move(produce));
}

rt::Task<void> stream_run(Request& request) {
  auto run = co_await find_run(request, Permission::kView);
  if (!run) {
    co_await answer_error(request, run.error());
    co_return;
  }
  const std::vector<net::Header> headers = {{"content-type", "text/event-stream; charset=utf-8"},
                                            {"x-request-id", request.request_id},
                                            {"cache-control", "no-store"}};
  Result<> open = co_await request.exchange.start(200, headers);
  std::string said;
  std::int64_t said_ns = mono_now_ns();
  while (open && !request.exchange.cancel().cancelled() && !request.services.stopping()) {
    const auto* engine = request.services.runs.engine;
    const auto progress = engine == nullptr || run->ended() ? std::nullopt : engine->progress(run->id);
    const std::string event = json::serialize(run_json(*run, progress, false));
    std::string out;
    if (event != said)
      out = fmt::format("event: {}\ndata: {}\n\n", run->ended() ? "end" : "progress", event);
    else if (mono_now_ns() - said_ns > kCommentNs)
      out = ": still here\n\n";
    if (!out.empty()) {
      said = event;
      said_ns = mono_now_ns();
      open = co_await request.exchange.write(out);
    }
    if (run->ended()) break;
    co_await pause(request, kProgressPollMs);
    auto again = co_await find_run(request, Permission::kView);
    if (!again) break;
    run = std::move(again);
  }
  if (open) open = co_await request.exchange.finish();
}

}  // namespace slipway::api
