// SPDX-License-Identifier: Apache-2.0
// One source of prices in a form made for looking up.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "telemetry/price_table.h"

namespace slipway::telemetry {

struct PriceTable::Layer {
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using ByName = std::unordered_map<std::string, std::vector<Price>, Hash, std::equal_to<>>;
  struct Provider {
    ByName exact;                                                     // prices newest first
    std::map<std::string, std::vector<Price>, std::less<>> prefixes;  // the same, names without '*'
  };

  std::string as_of;
  std::unordered_map<std::string, Provider, Hash, std::equal_to<>> providers;

  [[nodiscard]] const Price* find(std::string_view provider, std::string_view model,
                                  std::int64_t at_us) const;
};

}  // namespace slipway::telemetry
