// SPDX-License-Identifier: Apache-2.0
// A cap on what a run may spend, kept by counting what is in flight as if it cost as much as the dearest call
// so far. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/money.h"

namespace slipway::evaluation {

struct BudgetLimits {
  std::optional<NanoUsd> usd_nano;
  std::optional<std::int64_t> calls;
};

class Budget {
 public:
  // What was spent before counts: a run that goes on has no new budget.
  Budget(BudgetLimits limits, NanoUsd spent_nano, std::int64_t calls)
      : limits_(limits), spent_nano_(spent_nano), calls_(calls) {}

  // How many more calls may begin now.
  [[nodiscard]] std::uint32_t allowed() const;
  // Nothing is in flight and nothing more may begin.
  [[nodiscard]] bool exhausted() const { return in_flight_ == 0 && allowed() == 0; }
  void begin() { ++in_flight_; }
  // A call that was not paid gives its share back. `cost_nano` below 0: unknown, which a budget in money
  // can't work with.
  void end(bool paid, NanoUsd cost_nano);
  [[nodiscard]] bool price_missing() const { return limits_.usd_nano.has_value() && price_missing_; }
  // "its budget of 0.50 USD is spent".
  [[nodiscard]] std::string describe() const;

 private:
  BudgetLimits limits_;
  NanoUsd spent_nano_ = 0;
  std::int64_t calls_ = 0;
  std::int64_t in_flight_ = 0;
  NanoUsd dearest_nano_ = 0;  // 0: nothing is known yet
  bool price_known_ = false;
  bool price_missing_ = false;
};

}  // namespace slipway::evaluation
