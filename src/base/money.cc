// SPDX-License-Identifier: Apache-2.0
#include "base/money.h"

#include <fmt/format.h>

namespace slipway {

std::string format_usd(NanoUsd nano) {
  const bool negative = nano < 0;
  const auto magnitude = negative ? 0 - static_cast<std::uint64_t>(nano) : static_cast<std::uint64_t>(nano);
  std::string text =
      fmt::format("{}{}.{:09}", negative ? "-" : "", magnitude / 1'000'000'000, magnitude % 1'000'000'000);
  const std::size_t cents_end = text.find('.') + 3;
  while (text.size() > cents_end && text.back() == '0') text.pop_back();
  return text;
}

}  // namespace slipway
