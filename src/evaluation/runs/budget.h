// SPDX-License-Identifier: Apache-2.0
// A cap on what a run may spend, kept by counting what is in flight as if it cost as much as the dearest call
// so far, and by keeping back, for each answer, what its judges will cost. Thread-safe: the run asks for
// answers, judges are asked elsewhere.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/money.h"

namespace slipway::evaluation {

struct BudgetLimits {
  std::optional<NanoUsd> usd_nano;
  std::optional<std::int64_t> calls;
};

// What judges have cost. A cost below 0 nobody knows.
struct JudgeSpending {
  std::int64_t calls = 0;
  std::int64_t limited = 0;
  std::int64_t unpriced = 0;
  NanoUsd cost_nano = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
};

class Budget {
 public:
  // What was spent before counts: a run that goes on has no new budget. `judge_calls`: that one answer takes.
  Budget(BudgetLimits limits, NanoUsd spent_nano, std::int64_t calls, std::uint32_t judge_calls = 0)
      : limits_(limits), judge_calls_(judge_calls), spent_nano_(spent_nano), calls_(calls) {}

  // ---- answers

  // How many more may be asked for now.
  [[nodiscard]] std::uint32_t allowed() const;
  // Nothing is in flight and nothing more may begin.
  [[nodiscard]] bool exhausted() const;
  void begin();
  // A call that was not paid gives its share back. `cost_nano` below 0: unknown, which a budget in money
  // can't work with.
  void end(bool paid, NanoUsd cost_nano);
  // An answer came back that judges are still to be asked about; and when they have been.
  void keep_for_judges();
  void judged();

  // ---- judges

  // Before each call. Waits while what is in flight may use up what is left; false: nothing is left, or the
  // run ends.
  [[nodiscard]] bool begin_judge();
  void end_judge(const JudgeSpending& spent, bool paid);
  // Nobody waits any more.
  void stop_judges();
  // The run can't be concluded, because of this.
  void give_up(std::string reason);
  [[nodiscard]] std::optional<std::string> gave_up() const;
  // What was spent since this was asked last.
  JudgeSpending take_judge_spending();
  // A judge could not be asked for want of money: what it was to judge is missing.
  [[nodiscard]] bool judges_refused() const;

  // "its budget of 0.50 USD is spent".
  [[nodiscard]] std::string describe() const;

 private:
  [[nodiscard]] std::int64_t allowed_now() const;
  [[nodiscard]] bool room_for_judge() const;
  [[nodiscard]] bool prices_known() const {
    return price_known_ && (judge_calls_ == 0 || judge_price_known_);
  }
  void note_cost(NanoUsd cost_nano, NanoUsd& dearest, bool& known);

  const BudgetLimits limits_;
  const std::uint32_t judge_calls_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  NanoUsd spent_nano_ = 0;
  std::int64_t calls_ = 0;
  std::int64_t in_flight_ = 0;
  std::int64_t judges_in_flight_ = 0;
  std::int64_t to_judge_ = 0;  // answers whose judges have not all been asked
  NanoUsd dearest_nano_ = 0;   // 0: nothing is known yet
  NanoUsd dearest_judge_nano_ = 0;
  bool price_known_ = false;
  bool judge_price_known_ = false;
  bool price_missing_ = false;
  bool refused_ = false;
  bool stopped_ = false;
  std::optional<std::string> gave_up_;
  JudgeSpending judges_;
};

}  // namespace slipway::evaluation
