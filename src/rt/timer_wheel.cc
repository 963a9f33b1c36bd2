// SPDX-License-Identifier: Apache-2.0
#include "rt/timer_wheel.h"

#include <bit>

#include "base/clock.h"

namespace slipway::rt {

TimerWheel::TimerWheel(asio::io_context& context)
    : timer_(context.get_executor()), last_tick_(mono_now_ns() / kTickNs) {}

void TimerWheel::arm(Deadline& deadline, std::uint32_t delay_ms) {
  arm_at(deadline, mono_now_ns(), delay_ms);
}

void TimerWheel::arm_at(Deadline& deadline, std::int64_t now_ns, std::uint32_t delay_ms) {
  deadline.unlink();
  deadline.due_ns_ = now_ns + static_cast<std::int64_t>(delay_ms) * 1'000'000;
  // The slot that starts after the due time: never early. A stale reading must not land in a slot already
  // run.
  std::int64_t tick = deadline.due_ns_ / kTickNs + 1;
  if (tick <= last_tick_) tick = last_tick_ + 1;
  const auto index = static_cast<std::size_t>(tick) % kSlots;
  slots_[index].push_back(deadline);
  used_[index / 64] |= std::uint64_t{1} << (index % 64);
  if (waiting_for_ < 0 || tick < waiting_for_) wait_until(tick);
}

void TimerWheel::wait_until(std::int64_t tick) {
  waiting_for_ = tick;
  timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(tick * kTickNs)));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) this->tick();
  });
}

std::int64_t TimerWheel::next_used(std::int64_t tick) const {
  for (std::int64_t ahead = 1; ahead <= static_cast<std::int64_t>(kSlots);) {
    const auto index = static_cast<std::size_t>(tick + ahead) % kSlots;
    const std::uint64_t word = used_[index / 64] >> (index % 64);
    if (word != 0) return tick + ahead + std::countr_zero(word);
    ahead += static_cast<std::int64_t>(64 - index % 64);
  }
  return -1;
}

void TimerWheel::tick() {
  const std::int64_t now_ns = mono_now_ns();
  const std::int64_t now_tick = now_ns / kTickNs;
  waiting_for_ = now_tick;  // while callbacks run, arm() leaves the timer alone: it is set once below
  std::int64_t from = last_tick_;
  if (now_tick - from > static_cast<std::int64_t>(kSlots))
    from = now_tick - static_cast<std::int64_t>(kSlots);
  last_tick_ = now_tick;
  for (std::int64_t at = next_used(from); at >= 0 && at <= now_tick; at = next_used(at))
    run_slot(static_cast<std::size_t>(at) % kSlots, now_ns);
  const std::int64_t next = next_used(last_tick_);
  if (next < 0)
    waiting_for_ = -1;
  else
    wait_until(next);
}

void TimerWheel::run_slot(std::size_t index, std::int64_t now_ns) {
  // Callbacks may arm into this very slot: take the list as it is, put back what is for a later turn.
  Slot due;
  due.swap(slots_[index]);
  used_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
  while (!due.empty()) {
    Deadline& deadline = due.front();
    due.pop_front();
    if (deadline.due_ns_ > now_ns) {
      slots_[index].push_back(deadline);
      used_[index / 64] |= std::uint64_t{1} << (index % 64);
    } else {
      // The callback may destroy the deadline, and itself with it: run a copy kept here.
      const std::function<void()> callback = deadline.on_expiry_;
      callback();
    }
  }
}

}  // namespace slipway::rt
