// SPDX-License-Identifier: Apache-2.0
#include "telemetry/cost.h"

#include <limits>

namespace slipway::telemetry {

namespace {

// Wide enough for a product of two 63-bit numbers; sums of products are checked.
__extension__ using Wide = __int128;

constexpr std::int64_t known(std::int64_t tokens) { return tokens < 0 ? 0 : tokens; }

// Adds tokens × rate; false if there are tokens but no rate, the count makes no sense, or the sum is too
// large.
bool add(Wide& pico, std::int64_t tokens, PicoUsd rate) {
  if (tokens == 0 || tokens == -1) return true;
  if (tokens < 0 || rate < 0) return false;
  return !__builtin_add_overflow(pico, static_cast<Wide>(tokens) * rate, &pico);
}

}  // namespace

const Rates& rates_for(const Price& price, const Usage& usage) {
  const Wide input = static_cast<Wide>(known(usage.input)) + known(usage.cache_read) +
                     known(usage.cache_write) + known(usage.audio_input);
  const Rates* rates = &price.rates;
  for (const PriceTier& tier : price.tiers) {
    if (input > tier.above_input_tokens) rates = &tier.rates;
  }
  return *rates;
}

NanoUsd cost(const Price& price, const Usage& usage, std::int64_t cache_write_1h) {
  const Rates& rates = rates_for(price, usage);
  if (usage.input < 0) return kUnknownCost;
  if (usage.output == -1 && rates.output != kUnknownRate) return kUnknownCost;
  if (cache_write_1h < 0 || cache_write_1h > known(usage.cache_write)) return kUnknownCost;
  const std::int64_t cache_write =
      usage.cache_write < 0 ? usage.cache_write : usage.cache_write - cache_write_1h;

  Wide pico = 0;
  const bool priced =
      add(pico, usage.input, rates.input) && add(pico, usage.cache_read, rates.cache_read) &&
      add(pico, cache_write, rates.cache_write) && add(pico, cache_write_1h, rates.cache_write_1h) &&
      add(pico, usage.output, rates.output) && add(pico, usage.reasoning, rates.reasoning) &&
      add(pico, usage.audio_input, rates.audio_input) && add(pico, usage.audio_output, rates.audio_output);
  if (!priced) return kUnknownCost;
  const Wide nano = pico / 1000 + (pico % 1000 >= 500 ? 1 : 0);
  if (nano > std::numeric_limits<NanoUsd>::max()) return kUnknownCost;
  return static_cast<NanoUsd>(nano);
}

}  // namespace slipway::telemetry
