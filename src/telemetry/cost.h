// SPDX-License-Identifier: Apache-2.0
// What a call cost. Integers throughout: the classes of tokens are summed in pico-dollars and rounded once.
#pragma once

#include <cstdint>

#include "telemetry/price_table.h"
#include "telemetry/record.h"

namespace slipway::telemetry {

// The rates that apply to this usage: those of the highest tier whose threshold its input exceeds.
const Rates& rates_for(const Price& price, const Usage& usage);

// Nano-dollars, or kUnknownCost if it can't be known: no usage, a class of tokens without a price, a negative
// count, or a total beyond what NanoUsd holds. Classes don't overlap (see Usage), so nothing is counted
// twice. Of `usage.cache_write`, `cache_write_1h` tokens were written to be kept for an hour. A secondary
// class the provider did not report (-1) counts as none; unknown output is none where output has no price, as
// for embeddings.
NanoUsd cost(const Price& price, const Usage& usage, std::int64_t cache_write_1h = 0);

// The same with no price known: kUnknownCost.
inline NanoUsd cost(const Price* price, const Usage& usage, std::int64_t cache_write_1h = 0) {
  return price == nullptr ? kUnknownCost : cost(*price, usage, cache_write_1h);
}

}  // namespace slipway::telemetry
