// SPDX-License-Identifier: Apache-2.0
// A one-shot or reusable event between coroutines of one loop.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "rt/task.h"

namespace slipway::rt {

// One coroutine at a time waits; set() wakes it. Stays set until reset(). Lives on one loop; must outlive its
// waiter. Destroying an event that is waited for destroys the waiting coroutine, so don't.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  [[nodiscard]] bool is_set() const { return set_; }
  [[nodiscard]] bool waited_for() const { return waiter_.has_value(); }
  void reset() { set_ = false; }

  // Resumes at once if set, else when set.
  [[nodiscard]] Task<void> wait() {
    return asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(
        Store{this}, asio::use_awaitable_t<Executor>{});
  }

  // Wakes the waiter in a later turn of the loop: safe from any callback.
  void set() {
    set_ = true;
    if (waiter_) asio::post(take());
  }

  // Wakes the waiter on the caller's stack, without a turn through the loop's queue. Everything the waiter
  // does, up to destroying the event's owner, happens before this returns: only as a callback's last act.
  void set_now() {
    set_ = true;
    if (waiter_) {
      Waiter waiter = take();
      waiter();
    }
  }

 private:
  using Waiter = asio::async_result<asio::use_awaitable_t<Executor>, void()>::handler_type;
  struct Store {
    Event* event;
    void operator()(Waiter waiter) {
      if (event->set_)
        asio::post(std::move(waiter));
      else
        event->waiter_.emplace(std::move(waiter));
    }
  };
  Waiter take() {
    Waiter waiter = std::move(*waiter_);
    waiter_.reset();
    return waiter;
  }

  std::optional<Waiter> waiter_;
  bool set_ = false;
};

}  // namespace slipway::rt
