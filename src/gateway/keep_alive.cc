// SPDX-License-Identifier: Apache-2.0
#include "gateway/keep_alive.h"

#include <cassert>

#include "gateway/answer.h"

namespace slipway::gateway {

KeepAlive::KeepAlive(Call& call)
    : call_(call), deadline_([this] {
        if (call_.exchange.cancel().cancelled()) return;
        saying_ = true;
        said_.reset();
        call_.gateway.parts().tasks.spawn(say(this));
      }) {}

KeepAlive::~KeepAlive() { assert(!saying_); }

void KeepAlive::arm() {
  wanted_ = true;
  const std::uint32_t silence_ms = call_.gateway.parts().limits.keep_alive_comment_ms;
  if (silence_ms != 0 && !saying_) call_.gateway.parts().loop.timers().arm(deadline_, silence_ms);
}

rt::Task<void> KeepAlive::quiesce() {
  wanted_ = false;
  deadline_.disarm();
  if (saying_) co_await said_.wait();
}

rt::Task<void> KeepAlive::say(KeepAlive* self) {
  bool open = true;
  if (!self->call_.exchange.started()) {
    const Result<> started = co_await start_event_stream(self->call_);
    open = started.has_value();
  }
  if (open) {
    const Result<> written = co_await self->call_.exchange.write(": keep-alive\n\n");
    open = written.has_value();
  }
  self->saying_ = false;
  if (open && self->wanted_) self->arm();
  self->said_.set();
}

rt::Task<Result<>> start_event_stream(Call& call) {
  AnswerHeaders headers(call, "text/event-stream; charset=utf-8");
  headers.add("cache-control", "no-cache");
  headers.add("x-accel-buffering", "no");  // asks nginx not to hold events back
  call.http_status = 200;
  const Result<> started = co_await call.exchange.start(200, headers.all());
  co_return started;
}

}  // namespace slipway::gateway
