// SPDX-License-Identifier: Apache-2.0
// Money is integral: prices in pico-dollars a token (1 USD per million tokens = 1,000,000 pico-dollars a
// token), totals in nano-dollars. 2^63 nano-dollars are nine billion dollars.
#pragma once

#include <cstdint>
#include <string>

namespace slipway {

using PicoUsd = std::int64_t;
using NanoUsd = std::int64_t;

// The total of a sum of tokens times pico-dollars, rounded half up to nano-dollars (1 nano = 1,000 pico).
constexpr NanoUsd nano_from_pico(std::int64_t pico) { return (pico + 500) / 1000; }

// "0.001234567": exact decimal dollars without trailing zeros beyond cents.
std::string format_usd(NanoUsd nano);

}  // namespace slipway
