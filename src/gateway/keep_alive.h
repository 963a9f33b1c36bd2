// SPDX-License-Identifier: Apache-2.0
// Comments to a streaming client while nothing else is said, so that no proxy on the way takes the silence
// for death.
#pragma once

#include <cstdint>

#include "gateway/call.h"
#include "rt/event.h"
#include "rt/timer_wheel.h"

namespace slipway::gateway {

// One per streamed call, on its loop, owned by the coroutine that writes the stream. Between arm() and
// quiesce() it may start the answer and write comments by itself; the owner calls quiesce() before each write
// of its own.
class KeepAlive {
 public:
  explicit KeepAlive(Call& call);
  KeepAlive(const KeepAlive&) = delete;
  KeepAlive& operator=(const KeepAlive&) = delete;
  // No comment may be on its way when this is destroyed: quiesce() first.
  ~KeepAlive();

  void arm();
  rt::Task<void> quiesce();

 private:
  static rt::Task<void> say(KeepAlive* self);
  Call& call_;
  rt::Deadline deadline_;
  bool saying_ = false;
  bool wanted_ = false;  // the owner has not taken over again
  rt::Event said_;
};

// Headers of every event stream.
rt::Task<Result<>> start_event_stream(Call& call);

}  // namespace slipway::gateway
