// SPDX-License-Identifier: Apache-2.0
#include "api/export_stream.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/text.h"
#include "rt/cancel.h"
#include "rt/event.h"

namespace slipway::api {

namespace {

constexpr std::uint32_t kExportsAtOnce = 2;
constexpr std::size_t kPieceBytes = 64u << 10;

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
  static void end(const std::shared_ptr<PieceQueue>& self, bool whole) {
    rt::asio::post(self->executor_, [self, whole] {
      self->ended_ = true;
      self->whole_ = whole;
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
  // Loop, after the end.
  [[nodiscard]] bool whole() const { return whole_; }
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
  bool whole_ = false;
};

}  // namespace

std::string export_file_name(std::string_view what, std::string_view ending) {
  std::string stamp = format_time_us(unix_now_us()).substr(0, 16);
  std::erase(stamp, ':');
  return fmt::format("{}-{}.{}", what, stamp, ending);
}

rt::Task<void> stream_export(Request& request, ExportFile file,
                             std::function<Result<>(const ExportSink&)> produce) {
  Services& services = request.services;
  if (services.exports_running.fetch_add(1) >= kExportsAtOnce) {
    services.exports_running.fetch_sub(1);
    co_await answer_error(request, problem(ErrorCode::kResourceExhausted, "other exports are running", {},
                                           "Try again when one of them has ended."));
    co_return;
  }
  const auto queue = std::make_shared<PieceQueue>(request.gateway.parts().loop.executor());
  std::function<void()> job = [queue, &services, make = std::move(produce)] {
    std::string piece;
    const ExportSink sink = [&](std::string_view text) {
      piece += text;
      if (piece.size() < kPieceBytes) return true;
      const bool open = PieceQueue::push(queue, std::move(piece));
      piece.clear();
      return open;
    };
    const Result<> made = make(sink);
    if (!made) services.log.error("export.failed", {{"error", made.error().describe()}});
    if (made && !piece.empty()) PieceQueue::push(queue, std::move(piece));
    services.exports_running.fetch_sub(1);
    PieceQueue::end(queue, made.has_value());
  };
  const Result<> queued = services.pool.submit(std::move(job));
  if (!queued) {
    services.exports_running.fetch_sub(1);
    co_await answer_error(request, queued.error());
    co_return;
  }
  const std::string disposition = fmt::format("attachment; filename=\"{}\"", file.name);
  const std::vector<net::Header> headers = {{"content-type", file.content_type},
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
  if (written && queue->whole()) written = co_await request.exchange.finish();
}

rt::Task<void> pause(Request& request, std::uint32_t milliseconds) {
  rt::Timer timer(request.gateway.parts().loop.executor(), std::chrono::milliseconds(milliseconds));
  const rt::CancelCallback wake(request.exchange.cancel(), [&timer] { timer.cancel(); });
  const auto [error] = co_await timer.async_wait(rt::kAwait);
  static_cast<void>(error);  // early or late makes no difference to the caller
}

}  // namespace slipway::api
