// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "gateway/call.h"

namespace slipway::gateway {

std::optional<Refusal> admit(Call& call) {
  std::uint32_t& loop_in_flight = call.gateway.in_flight();
  if (loop_in_flight >= call.gateway.parts().limits.max_concurrent) {
    Refusal refusal = unavailable(
        "overloaded", fmt::format("This server carries {} calls at once on this core, its limit (setting "
                                  "gateway.max_concurrent). Try again shortly.",
                                  loop_in_flight));
    refusal.status = telemetry::Status::kLimited;
    return refusal;
  }
  const std::shared_ptr<KeyUse>& use = call.key->use;
  // One atomic per key: exact across loops without a lock.
  const std::uint32_t before = use->in_flight.fetch_add(1, std::memory_order_relaxed);
  if (call.key->max_concurrent != 0 && before >= call.key->max_concurrent) {
    use->in_flight.fetch_sub(1, std::memory_order_relaxed);
    return limited(
        "concurrency_limit",
        fmt::format("The key '{}' has {} calls in flight, its limit. Wait for one to end, or raise the key's "
                    "max_concurrent.",
                    call.key->name, before),
        1);
  }
  ++loop_in_flight;
  call.admission = Admission(use, &loop_in_flight);
  return std::nullopt;
}

}  // namespace slipway::gateway
