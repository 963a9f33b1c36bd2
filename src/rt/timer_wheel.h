// SPDX-License-Identifier: Apache-2.0
// Deadlines by the thousand at the price of two pointer writes each: a hashed wheel of 4 ms slots, whose one
// timer waits for the next slot in use, so an idle loop sleeps for seconds. For time-outs, not for timing: a
// deadline fires up to two ticks late, never early.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>

#include "rt/task.h"

namespace slipway::rt {

class TimerWheel;

// One deadline, owned by whoever waits. Destroying or disarming it means the callback never runs.
class Deadline
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  explicit Deadline(std::function<void()> on_expiry) : on_expiry_(std::move(on_expiry)) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  void disarm() { unlink(); }
  [[nodiscard]] bool armed() const { return is_linked(); }

 private:
  friend class TimerWheel;
  std::function<void()> on_expiry_;
  std::int64_t due_ns_ = 0;
};

class TimerWheel {
 public:
  explicit TimerWheel(asio::io_context& context);
  // Arms or re-arms; the callback runs on the loop once, `delay_ms` from now. Inside the callback anything
  // may be armed, disarmed or destroyed, its own deadline included.
  void arm(Deadline& deadline, std::uint32_t delay_ms);
  // The same with a reading of mono_now_ns() the caller has at hand.
  void arm_at(Deadline& deadline, std::int64_t now_ns, std::uint32_t delay_ms);

 private:
  void tick();
  void run_slot(std::size_t index, std::int64_t now_ns);
  void wait_until(std::int64_t tick);
  // The first tick after `tick` whose slot may hold something, within one turn of the wheel; -1 if none.
  [[nodiscard]] std::int64_t next_used(std::int64_t tick) const;
  using Slot = boost::intrusive::list<Deadline, boost::intrusive::constant_time_size<false>>;
  static constexpr std::size_t kSlots = 1024;
  static constexpr std::int64_t kTickNs = 4'000'000;
  std::array<Slot, kSlots> slots_;
  std::array<std::uint64_t, kSlots / 64> used_{};  // a bit a slot; set bits may be stale, clear bits are not
  Timer timer_;
  std::int64_t last_tick_ = 0;     // everything up to it has run
  std::int64_t waiting_for_ = -1;  // the tick the timer waits for, -1: none
};

}  // namespace slipway::rt
