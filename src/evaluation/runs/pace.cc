// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/pace.h"

#include <algorithm>

namespace slipway::evaluation {

namespace {
constexpr std::uint32_t kDoublings = 16;
}

Pace::Pace(const PaceLimits& limits)
    : limits_(limits),
      window_(std::clamp<double>(limits.first, 1, std::max(limits.most, 1u))),
      threshold_(std::max(limits.most, 1u)) {}

void Pace::answered() {
  in_a_row_ = 0;
  window_ += window_ < threshold_ ? 1.0 : 1.0 / window_;
  window_ = std::min<double>(window_, std::max(limits_.most, 1u));
}

void Pace::limited(std::uint64_t epoch, std::int64_t retry_after_ms, std::int64_t now_ms) {
  const std::int64_t own_ms =
      std::min(limits_.pause_ms << std::min(in_a_row_, kDoublings), limits_.longest_ms);
  // What the provider says counts also for calls of an earlier epoch; our own guess only once.
  if (retry_after_ms > 0) paused_until_ms_ = std::max(paused_until_ms_, now_ms + retry_after_ms);
  if (epoch != epoch_) return;
  ++epoch_;
  ++in_a_row_;
  window_ = std::max(1.0, window_ / 2);
  threshold_ = window_;
  if (retry_after_ms <= 0) paused_until_ms_ = std::max(paused_until_ms_, now_ms + own_ms);
}

}  // namespace slipway::evaluation
