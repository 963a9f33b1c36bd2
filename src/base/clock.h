// SPDX-License-Identifier: Apache-2.0
// Wall time for records, monotonic time for durations; never mix the two.
#pragma once

#include <chrono>
#include <cstdint>

namespace slipway {

// Microseconds since 1970-01-01 UTC. May step when the machine's clock is set.
inline std::int64_t unix_now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Nanoseconds on a clock that never goes backwards; only differences have a meaning.
inline std::int64_t mono_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace slipway
