// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "gateway/dispatch.h"
#include "gateway/keep_alive.h"
#include "gateway/stream_relay.h"
#include "gateway/summary.h"
#include "net/sse.h"

namespace slipway::gateway {

namespace {

// Two of a stream's four clocks: until the first content, and the silence between content. Keep-alives of the
// provider don't count as content, so a provider that only says "still here" is not waited for without end.
class ContentClock {
 public:
  ContentClock(Call& call, rt::CancelSource& upstream)
      : timers_(call.gateway.parts().loop.timers()),
        clocks_(call.target.connection->clocks),
        deadline_([this, &upstream] {
          expired_ = true;
          upstream.cancel();
        }) {
    if (clocks_.first_byte_ms != 0) timers_.arm(deadline_, clocks_.first_byte_ms);
  }

  void on_content() {
    seen_ = true;
    if (clocks_.idle_ms != 0) timers_.arm(deadline_, clocks_.idle_ms);
  }
  [[nodiscard]] bool expired() const { return expired_; }
  [[nodiscard]] Error error() const {
    return {ErrorCode::kDeadlineExceeded,
            seen_ ? fmt::format("its stream brought nothing for {} ms", clocks_.idle_ms)
                  : fmt::format("its stream brought no first token within {} ms", clocks_.first_byte_ms),
            {},
            "Raise the connection's timeouts if this is expected."};
  }

 private:
  rt::TimerWheel& timers_;
  const net::ClientClocks& clocks_;
  bool seen_ = false;
  bool expired_ = false;
  rt::Deadline deadline_;
};

constexpr std::string_view kDone = "data: [DONE]\n\n";

bool is_event_stream(std::string_view content_type) {
  return iequals(trim(content_type.substr(0, content_type.find(';'))), "text/event-stream");
}

std::string error_event(const Refusal& refusal) { return "data: " + openai_error_body(refusal) + "\n\n"; }

// One stream from the provider's headers to the client's last byte.
class StreamPump {
 public:
  StreamPump(Call& call, net::ClientResponse& response, KeepAlive& keep_alive, ContentClock& clock)
      : call_(call),
        response_(response),
        keep_alive_(keep_alive),
        clock_(clock),
        relay_(passes(call) ? passing_relay(call) : translating_relay(call)),
        parser_(call.gateway.parts().limits.event_bytes) {}

  rt::Task<void> run() {
    Result<> written = co_await open();
    while (written && !state_.complete && !state_.failed) {
      const Result<std::string_view> piece = co_await response_.read_piece();
      if (!piece) {
        failure_ = clock_.expired() ? clock_.error() : piece.error();
        break;
      }
      out_.clear();
      if (piece->empty()) {
        net::SseEvent last;
        if (parser_.take_rest(last)) read_event(last);  // a last event without its blank line
        if (!state_.complete && !state_.failed) relay_->on_end(state_, out_);
        if (!state_.complete && !state_.failed)
          failure_ =
              Error{ErrorCode::kUnavailable, "its stream ended before the answer was complete", {}, {}};
        if (!out_.empty()) written = co_await write();
        break;
      }
      if (!read_events(*piece)) break;
      if (!out_.empty()) written = co_await write();
    }
    call_.upstream_done_ns = mono_now_ns();
    relay_->report(call_);
    co_await end(written);
  }

 private:
  rt::Task<Result<>> open() {
    co_await keep_alive_.quiesce();
    if (call_.exchange.started()) {
      keep_alive_.arm();
      co_return Result<>{};
    }
    const Result<> started = co_await start_event_stream(call_);
    keep_alive_.arm();
    co_return started;
  }

  // Appends to out_ what the events of this piece mean for the client. False: the stream can't go on.
  bool read_events(std::string_view piece) {
    parser_.feed(piece);
    net::SseEvent event;
    while (true) {
      const Result<bool> more = parser_.next(event);
      if (!more) {
        failure_ = more.error();
        return false;
      }
      if (!*more) return true;
      read_event(event);
      if (state_.complete || state_.failed) return true;
    }
  }

  void read_event(const net::SseEvent& event) {
    if (!event.has_data)
      return;  // comments and keep-alives of the provider: ours are said where they are needed
    state_.content = false;
    relay_->on_event(event, state_, out_);
    if (state_.content) {
      content_in_piece_ = true;
      clock_.on_content();
    }
  }

  rt::Task<Result<>> write() {
    co_await keep_alive_.quiesce();
    call_.capture(out_);
    const Result<> written = co_await call_.exchange.write(out_);
    if (written && std::exchange(content_in_piece_, false) && call_.first_token_ns == 0)
      call_.first_token_ns = mono_now_ns();
    keep_alive_.arm();
    co_return written;
  }

  rt::Task<void> end(Result<> written) {
    co_await keep_alive_.quiesce();
    if (!written || call_.exchange.cancel().cancelled()) {
      call_.status = telemetry::Status::kInterrupted;
      call_.error_code = "client_left";
      call_.error_message = written || written.error().code == ErrorCode::kCancelled
                                ? "The client closed the connection before the stream was complete."
                                : "The client did not take the stream: " + written.error().describe();
      co_return;
    }
    out_.clear();
    if (state_.complete) {
      call_.status = telemetry::Status::kOk;
    } else {
      if (state_.failed) failure_ = Error{ErrorCode::kUnavailable, state_.error_message, {}, {}};
      Refusal refusal = upstream_failed(failure_, call_.target.connection->name);
      if (refusal.code == "upstream_unreachable") refusal.code = "upstream_stream_failed";
      call_.note(refusal);
      out_ = error_event(refusal);
    }
    bool kept = true;
    if (call_.strict()) {
      // The record is written before the last bytes go out, so it gets them first.
      call_.capture(state_.complete ? kDone : std::string_view(out_));
      const Result<> written_down = co_await call_.record_durably();
      kept = written_down.has_value();
      if (!kept) {
        const Refusal refusal =
            unavailable("record_not_durable",
                        "The record of this call could not be written: " + written_down.error().describe());
        call_.note(refusal);
        out_ = error_event(refusal);
      }
    }
    if (state_.complete && kept && call_.wants_summary) {
      account(call_);
      append_summary_event(call_, out_);
    }
    if (state_.complete && kept) out_ += kDone;
    if (!call_.strict()) call_.capture(out_);
    Result<> sent = co_await call_.exchange.write(out_);
    if (sent) sent = co_await call_.exchange.finish();
    if (!sent && call_.status == telemetry::Status::kOk) call_.status = telemetry::Status::kInterrupted;
  }

  Call& call_;
  net::ClientResponse& response_;
  KeepAlive& keep_alive_;
  ContentClock& clock_;
  std::unique_ptr<StreamRelay> relay_;
  net::SseParser parser_;
  StreamState state_;
  Error failure_;
  std::string out_;
  bool content_in_piece_ = false;
};

// Answers a stream that failed before its first byte from the provider, opened or not.
rt::Task<void> refuse_stream(Call& call, Refusal refusal) {
  if (!call.exchange.started()) {
    co_await answer_refusal(call, std::move(refusal));
    co_return;
  }
  const std::string event = error_event(refusal);
  call.capture(event);
  const Result<> written = co_await call.exchange.write(event);
  if (written) {
    const Result<> finished = co_await call.exchange.finish();
    static_cast<void>(finished);  // the failure is noted already
  }
}

}  // namespace

rt::Task<void> relay_stream(Call& call, UpstreamRequest& request) {
  rt::CancelSource upstream;
  const rt::CancelCallback client_left(call.exchange.cancel(), [&upstream] { upstream.cancel(); });
  KeepAlive keep_alive(call);
  ContentClock clock(call, upstream);
  keep_alive.arm();
  Result<std::unique_ptr<net::ClientResponse>> sent = co_await send_upstream(call, request, upstream);
  if (!sent) {
    co_await keep_alive.quiesce();
    auto refusal = note_upstream_failure(call, clock.expired() ? clock.error() : sent.error());
    if (refusal) co_await refuse_stream(call, std::move(*refusal));
    co_return;
  }
  net::ClientResponse& response = **sent;
  const std::string content_type(response.headers().find("content-type"));
  if (response.status() != 200) {
    co_await keep_alive.quiesce();
    co_await relay_refusal(call, response);
    co_return;
  }
  if (!is_event_stream(content_type)) {
    co_await keep_alive.quiesce();
    Refusal refusal = upstream_failed(
        Error{ErrorCode::kUnavailable,
              fmt::format("it sent content of the type '{}' instead of an event stream", content_type),
              {},
              "Check the connection's base_url and dialect."},
        call.target.connection->name);
    refusal.code = "upstream_invalid_response";
    call.upstream_done_ns = mono_now_ns();
    call.note(refusal);
    co_await refuse_stream(call, std::move(refusal));
    co_return;
  }
  StreamPump pump(call, response, keep_alive, clock);
  co_await pump.run();
}

}  // namespace slipway::gateway
