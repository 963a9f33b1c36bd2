// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace slipway::evaluation {

std::uint32_t Budget::allowed() const {
  std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  if (limits_.calls) most = std::min(most, *limits_.calls - calls_ - in_flight_);
  if (limits_.usd_nano) {
    if (price_missing_) return 0;
    const NanoUsd left = *limits_.usd_nano - spent_nano_;
    if (!price_known_)
      most =
          std::min<std::int64_t>(most, left > 0 && in_flight_ == 0 ? 1 : 0);  // one shows what a call costs
    else if (dearest_nano_ > 0)
      most = std::min(most, left / dearest_nano_ - in_flight_);
  }
  return static_cast<std::uint32_t>(std::max<std::int64_t>(most, 0));
}

void Budget::end(bool paid, NanoUsd cost_nano) {
  --in_flight_;
  if (!paid) return;
  ++calls_;
  if (cost_nano < 0) {
    price_missing_ = true;
    return;
  }
  price_known_ = true;
  spent_nano_ += cost_nano;
  dearest_nano_ = std::max(dearest_nano_, cost_nano);
}

std::string Budget::describe() const {
  if (limits_.calls && calls_ >= *limits_.calls)
    return fmt::format("its budget of {} calls is spent", *limits_.calls);
  if (price_missing())
    return "it has a budget in USD, and nobody knows what its calls cost: add a price for the model to the "
           "setting "
           "prices, or give it a budget of calls";
  if (limits_.usd_nano && dearest_nano_ == 0)
    return fmt::format("its budget of {} USD is spent", format_usd(*limits_.usd_nano));
  if (limits_.usd_nano)
    return fmt::format(
        "its budget of {} USD allows no further call ({} USD are spent, the dearest call took {} USD)",
        format_usd(*limits_.usd_nano), format_usd(spent_nano_), format_usd(dearest_nano_));
  return "its budget is spent";
}

}  // namespace slipway::evaluation
