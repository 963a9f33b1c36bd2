// SPDX-License-Identifier: Apache-2.0
// How many calls a run keeps in flight: more while the provider keeps up, half as soon as it says that it
// does not (additive increase, multiplicative decrease). Being told to wait slows a run and never fails it.
// Not thread-safe; times are monotonic milliseconds.
#pragma once

#include <cstdint>

namespace slipway::evaluation {

struct PaceLimits {
  std::uint32_t most = 32;      // calls in flight
  std::uint32_t first = 8;      // to begin with
  std::int64_t pause_ms = 500;  // after the first refusal without a Retry-After; doubles with each in a row
  std::int64_t longest_ms = 60'000;  // pause; a longer Retry-After is kept to
};

class Pace {
 public:
  explicit Pace(const PaceLimits& limits);

  [[nodiscard]] std::uint32_t window() const { return static_cast<std::uint32_t>(window_); }
  // 0 while pausing.
  [[nodiscard]] std::uint32_t allowed(std::int64_t now_ms) const {
    return now_ms < paused_until_ms_ ? 0 : window();
  }
  [[nodiscard]] std::int64_t paused_until_ms() const { return paused_until_ms_; }
  // To be kept with each call, so that refusals of calls that were made before the last slowing don't slow
  // again.
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

  void answered();
  void limited(std::uint64_t epoch, std::int64_t retry_after_ms, std::int64_t now_ms);

 private:
  PaceLimits limits_;
  double window_;
  double threshold_;  // below it the window grows with each answer, above by one a window
  std::uint64_t epoch_ = 0;
  std::uint32_t in_a_row_ = 0;
  std::int64_t paused_until_ms_ = 0;
};

}  // namespace slipway::evaluation
