// SPDX-License-Identifier: Apache-2.0
// Export and live tail: answers that are written as they are found.
#include <fmt/format.h>

#include "api/export_stream.h"
#include "api/handlers.h"
#include "base/clock.h"
#include "base/text.h"
#include "telemetry/json.h"

namespace slipway::api {

namespace {

constexpr std::uint32_t kTailPollMs = 400;
constexpr std::uint32_t kTailBatch = 200;
constexpr std::int64_t kTailCommentNs = 15'000'000'000;

}  // namespace

rt::Task<void> export_invocations(Request& request) {
  const auto filters = read_filters(request);
  const std::string_view format = request.param("format");
  if (!filters || (format != "jsonl" && format != "csv")) {
    const Error error = !filters
                            ? filters.error()
                            : Error{ErrorCode::kInvalidArgument, "format must be jsonl or csv", "format", {}};
    co_await answer_error(request, error);
    co_return;
  }
  const bool csv = format == "csv";
  const bool bodies = !csv && request.param("bodies") == "true";
  ExportFile file;
  file.content_type = csv ? "text/csv; charset=utf-8" : "application/x-ndjson";
  file.name = export_file_name("invocations", csv ? "csv" : "jsonl");
  std::function<Result<>(const ExportSink&)> produce = [&query = request.services.query, wanted = *filters,
                                                        csv, bodies](const ExportSink& sink) -> Result<> {
    SLIPWAY_TRY(query.export_rows(
        wanted, csv ? telemetry::ExportFormat::kCsv : telemetry::ExportFormat::kJsonl, bodies, sink));
    return {};
  };
  co_await stream_export(request, std::move(file), std::move(produce));
}

rt::Task<void> tail_invocations(Request& request) {
  auto filters = read_filters(request);
  if (!filters) {
    co_await answer_error(request, filters.error());
    co_return;
  }
  telemetry::TelemetryQuery& query = request.services.query;
  std::function<Result<std::uint64_t>()> begin =
      [&query,
       resume = std::string(request.exchange.headers().find("last-event-id"))]() -> Result<std::uint64_t> {
    if (const auto id = Uuid::parse(resume)) {
      if (const auto known = query.get(*id)) return known->sequence;
    }
    return query.last_sequence();
  };
  auto position = co_await in_pool<std::uint64_t>(request, std::move(begin));
  if (!position) {
    co_await answer_error(request, position.error());
    co_return;
  }
  const std::vector<net::Header> headers = {{"content-type", "text/event-stream; charset=utf-8"},
                                            {"x-request-id", request.request_id},
                                            {"cache-control", "no-store"}};
  Result<> open = co_await request.exchange.start(200, headers);
  if (open) open = co_await request.exchange.write(": tail\n\n");
  std::int64_t said_ns = mono_now_ns();
  while (open && !request.exchange.cancel().cancelled() && !request.services.stopping()) {
    std::function<Result<telemetry::ChangesPage>()> job = [&query, after = *position, wanted = *filters] {
      return query.changes_since(after, wanted, kTailBatch);
    };
    auto page = co_await in_pool<telemetry::ChangesPage>(request, std::move(job));
    if (!page) break;
    position = page->last_sequence;
    std::string out;
    for (const telemetry::Invocation& call : page->items) {
      out += fmt::format("id: {}\nevent: invocation\ndata: ", call.id.to_string());
      telemetry::append_json(out, call, false);
      out += "\n\n";
    }
    if (out.empty() && mono_now_ns() - said_ns > kTailCommentNs) out = ": still here\n\n";
    if (!out.empty()) {
      said_ns = mono_now_ns();
      open = co_await request.exchange.write(out);
    }
    if (page->items.size() < kTailBatch) co_await pause(request, kTailPollMs);
  }
  if (open) open = co_await request.exchange.finish();
}

}  // namespace slipway::api
