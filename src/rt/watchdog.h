// SPDX-License-Identifier: Apache-2.0
// Measures how long each loop keeps work waiting, and says where a loop that stands still is standing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "rt/loop.h"

namespace slipway::rt {

// A loop that has not answered for longer than the limit.
struct Stall {
  std::string loop;
  std::int64_t lag_us = 0;  // so far
  std::string stack;  // one frame a line, as far as symbols are known; empty if the thread did not answer
};

struct LoopLag {
  std::string loop;
  std::int64_t last_us = 0;  // how long the latest heartbeat waited in the loop's queue
  std::int64_t max_us = 0;   // since the previous lags(true)
  std::uint64_t stalls = 0;
};

struct WatchdogOptions {
  std::uint32_t interval_ms = 10;
  std::uint32_t stall_ms = 25;
  std::uint32_t log_gap_ms = 5'000;  // at most one logged stack a loop in this time; all stalls are counted
  // Called on the watchdog's thread at each stall, logged or not. Tests fail here.
  std::function<void(const Stall&)> on_stall;
};

// One thread watches all loops: it posts a heartbeat to each and looks whether it came back. Any thread.
// At most one instance captures stacks at a time (signal handlers are the process's).
class Watchdog {
 public:
  Watchdog(WatchdogOptions options, Logger log);
  ~Watchdog();  // stops watching
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void watch(Loop& loop);
  void unwatch(Loop& loop);  // before the loop stops
  [[nodiscard]] std::vector<LoopLag> lags(bool reset_max = false);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::rt
