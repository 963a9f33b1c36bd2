// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace slipway::evaluation {

std::int64_t Budget::allowed_now() const {
  if (refused_) return 0;
  std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  // An answer takes its own call and those of its judges.
  const std::int64_t each = 1 + std::int64_t{judge_calls_};
  if (limits_.calls)
    most = std::min(most, (*limits_.calls - calls_ - in_flight_ * each - to_judge_ * judge_calls_) / each);
  if (limits_.usd_nano) {
    if (price_missing_) return 0;
    const NanoUsd left = *limits_.usd_nano - spent_nano_;
    const NanoUsd judging = dearest_judge_nano_ * judge_calls_;
    const NanoUsd dearest = dearest_nano_ + judging;
    if (!prices_known())  // one shows what it costs
      most = std::min<std::int64_t>(most, left > 0 && in_flight_ == 0 && to_judge_ == 0 ? 1 : 0);
    else if (dearest > 0)
      most = std::min(most, (left - to_judge_ * judging) / dearest - in_flight_);
    else if (left <= 0)
      most = 0;
  }
  return most;
}

std::uint32_t Budget::allowed() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint32_t>(std::max<std::int64_t>(allowed_now(), 0));
}

bool Budget::exhausted() const {
  const std::lock_guard lock(mutex_);
  return in_flight_ == 0 && judges_in_flight_ == 0 && to_judge_ == 0 && allowed_now() <= 0;
}

void Budget::begin() {
  const std::lock_guard lock(mutex_);
  ++in_flight_;
}

void Budget::note_cost(NanoUsd cost_nano, NanoUsd& dearest, bool& known) {
  if (cost_nano < 0) {
    price_missing_ = true;
    return;
  }
  known = true;
  spent_nano_ += cost_nano;
  dearest = std::max(dearest, cost_nano);
}

void Budget::end(bool paid, NanoUsd cost_nano) {
  const std::lock_guard lock(mutex_);
  --in_flight_;
  if (paid) {
    ++calls_;
    note_cost(cost_nano, dearest_nano_, price_known_);
  }
  wake_.notify_all();
}

void Budget::keep_for_judges() {
  const std::lock_guard lock(mutex_);
  ++to_judge_;
  price_known_ = true;  // an answer that cost nothing: it was there already
}

void Budget::judged() {
  const std::lock_guard lock(mutex_);
  --to_judge_;
}

bool Budget::room_for_judge() const {
  if (limits_.calls && calls_ + in_flight_ + judges_in_flight_ >= *limits_.calls) return false;
  if (!limits_.usd_nano) return true;
  if (price_missing_) return false;
  const NanoUsd left = *limits_.usd_nano - spent_nano_ - in_flight_ * dearest_nano_;
  if (!judge_price_known_) return left > 0 && judges_in_flight_ == 0;
  return (judges_in_flight_ + 1) * dearest_judge_nano_ <= left;
}

bool Budget::begin_judge() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopped_ || refused_) return false;
    if (room_for_judge()) break;
    if (in_flight_ == 0 && judges_in_flight_ == 0) {
      refused_ = true;
      wake_.notify_all();
      return false;
    }
    wake_.wait(lock);
  }
  ++judges_in_flight_;
  return true;
}

void Budget::end_judge(const JudgeSpending& spent, bool paid) {
  const std::lock_guard lock(mutex_);
  --judges_in_flight_;
  judges_.limited += spent.limited;
  if (paid) {
    ++calls_;
    ++judges_.calls;
    note_cost(spent.cost_nano, dearest_judge_nano_, judge_price_known_);
    if (spent.cost_nano < 0)
      ++judges_.unpriced;
    else
      judges_.cost_nano += spent.cost_nano;
    judges_.input_tokens += spent.input_tokens;
    judges_.output_tokens += spent.output_tokens;
  }
  wake_.notify_all();
}

void Budget::stop_judges() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  wake_.notify_all();
}

void Budget::give_up(std::string reason) {
  const std::lock_guard lock(mutex_);
  if (!gave_up_) gave_up_ = std::move(reason);
}

std::optional<std::string> Budget::gave_up() const {
  const std::lock_guard lock(mutex_);
  return gave_up_;
}

JudgeSpending Budget::take_judge_spending() {
  const std::lock_guard lock(mutex_);
  return std::exchange(judges_, {});
}

bool Budget::judges_refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

std::string Budget::describe() const {
  const std::lock_guard lock(mutex_);
  if (limits_.calls && calls_ >= *limits_.calls)
    return fmt::format("its budget of {} calls is spent", *limits_.calls);
  if (limits_.calls && !limits_.usd_nano)
    return fmt::format("its budget of {} calls allows no further answer with its judges ({} are made)",
                       *limits_.calls, calls_);
  if (limits_.usd_nano && price_missing_)
    return "it has a budget in USD, and nobody knows what its calls cost: add a price for the model to the "
           "setting "
           "prices, or give it a budget of calls";
  const NanoUsd dearest = std::max(dearest_nano_, dearest_judge_nano_);
  if (limits_.usd_nano && dearest == 0)
    return fmt::format("its budget of {} USD is spent", format_usd(*limits_.usd_nano));
  if (limits_.usd_nano)
    return fmt::format(
        "its budget of {} USD allows no further call ({} USD are spent, the dearest call took {} USD)",
        format_usd(*limits_.usd_nano), format_usd(spent_nano_), format_usd(dearest));
  return "its budget is spent";
}

}  // namespace slipway::evaluation
