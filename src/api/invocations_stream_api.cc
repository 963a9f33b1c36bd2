// SPDX-License-Identifier: Apache-2.0
// Export and live tail: answers that are written as they are found.
#include <fmt/format.h>

#include <condition_variable>
#include <deque>

#include "api/handlers.h"
#include "base/clock.h"
#include "base/text.h"
#include "rt/event.h"
#include "telemetry/json.h"

namespace slipway::api {

namespace {

constexpr std::uint32_t kExportsAtOnce = 2;
constexpr std::size_t kPieceBytes = 64u << 10;
constexpr std::uint32_t kTailPollMs = 400;
constexpr std::uint32_t kTailBatch = 200;
constexpr std::int64_t kTailCommentNs = 15'000'000'000;

// Hands pieces from the pool thread that reads the store to the loop that writes the answer, a few at a time:
// a slow reader slows the query, and memory stays flat.
class PieceQueue {
 public:
  explicit PieceQueue(rt::Executor executor) : executor_(executor) {}

  // Pool thread. False when the reader has gone.
  static bool push(const std::shared_ptr<PieceQueue>& self, std::string piece) {
    std::unique_lock lock(self->mutex_);
    self->room_.wait(lock, [&] { return self->pieces_.size() < 4 || self->closed_; });
    if (self->closed_) return false;
    self->pieces_.push_back(std::move(piece));
    lock.unlock();
    rt::asio::post(self->executor_, [self] { self->arrived_.set(); });
    return true;
  }
  static void end(const std::shared_ptr<PieceQueue>& self) {
    rt::asio::post(self->executor_, [self] {
      self->ended_ = true;
      self->arrived_.set();
    });
  }
  // Loop. An empty piece at the end.
  rt::Task<std::string> pop() {
    while (true) {
      arrived_.reset();
      if (std::optional<std::string> piece = take()) co_return std::move(*piece);
      if (ended_) co_return std::string();
      co_await arrived_.wait();
    }
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
  }

 private:
  std::optional<std::string> take() {
    const std::lock_guard lock(mutex_);
    if (pieces_.empty()) return std::nullopt;
    std::string piece = std::move(pieces_.front());
    pieces_.pop_front();
    room_.notify_one();
    return piece;
  }
  rt::Executor executor_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<std::string> pieces_;
  bool closed_ = false;
  rt::Event arrived_;  // loop only
  bool ended_ = false;
};

std::string file_name(std::string_view ending) {
  std::string stamp = format_time_us(unix_now_us()).substr(0, 16);
  std::erase(stamp, ':');
  return fmt::format("attachment; filename=\"invocations-{}.{}\"", stamp, ending);
}

// A timer that a leaving client ends early.
rt::Task<void> pause(Request& request, std::uint32_t milliseconds) {
  rt::Timer timer(request.gateway.parts().loop.executor(), std::chrono::milliseconds(milliseconds));
  const rt::CancelCallback wake(request.exchange.cancel(), [&timer] { timer.cancel(); });
  const auto [error] = co_await timer.async_wait(rt::kAwait);
  static_cast<void>(error);  // early or late makes no difference to the caller
}

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
  Services& services = request.services;
  if (services.exports_running.fetch_add(1) >= kExportsAtOnce) {
    services.exports_running.fetch_sub(1);
    co_await answer_error(request, problem(ErrorCode::kResourceExhausted, "other exports are running", {},
                                           "Try again when one of them has ended."));
    co_return;
  }
  const bool csv = format == "csv";
  const bool bodies = !csv && request.param("bodies") == "true";
  const auto queue = std::make_shared<PieceQueue>(request.gateway.parts().loop.executor());
  std::function<void()> job = [queue, &services, wanted = *filters, csv, bodies] {
    std::string piece;
    const std::function<bool(std::string_view)> sink = [&](std::string_view text) {
      piece += text;
      if (piece.size() < kPieceBytes) return true;
      const bool open = PieceQueue::push(queue, std::move(piece));
      piece.clear();
      return open;
    };
    const auto rows = services.query.export_rows(
        wanted, csv ? telemetry::ExportFormat::kCsv : telemetry::ExportFormat::kJsonl, bodies, sink);
    if (!rows) services.log.error("export.failed", {{"error", rows.error().describe()}});
    if (rows && !piece.empty()) PieceQueue::push(queue, std::move(piece));
    services.exports_running.fetch_sub(1);
    PieceQueue::end(queue);
  };
  const Result<> queued = services.pool.submit(std::move(job));
  if (!queued) {
    services.exports_running.fetch_sub(1);
    co_await answer_error(request, queued.error());
    co_return;
  }
  const std::string disposition = file_name(csv ? "csv" : "jsonl");
  const std::vector<net::Header> headers = {
      {"content-type", csv ? "text/csv; charset=utf-8" : "application/x-ndjson"},
      {"content-disposition", disposition},
      {"x-request-id", request.request_id},
      {"cache-control", "no-store"}};
  Result<> written = co_await request.exchange.start(200, headers);
  while (true) {
    const std::string piece = co_await queue->pop();
    if (piece.empty()) break;
    if (written) written = co_await request.exchange.write(piece);
    if (!written) queue->close();  // go on taking until the query has noticed
  }
  if (written) written = co_await request.exchange.finish();
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
