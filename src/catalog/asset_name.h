// SPDX-License-Identifier: Apache-2.0
// What an asset is called: owner/kind/name.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::catalog {

// Owns what belongs to no use case and may be used by all.
inline constexpr std::string_view kSharedOwner = "shared";

struct AssetName {
  std::string owner;  // a use case's slug or "shared"
  std::string kind;   // one of kind_names()
  std::string name;   // ^[a-z0-9][a-z0-9._-]{0,99}$
  auto operator<=>(const AssetName&) const = default;

  [[nodiscard]] std::string to_string() const { return owner + "/" + kind + "/" + name; }
  // "owner/kind/name". kInvalidArgument says which of the three is wrong.
  static Result<AssetName> parse(std::string_view text);
};

// Whether all three parts are well formed and the kind exists; `where` of the error is the part: "owner",
// "kind" or "name".
Result<> check_name(const AssetName& name);

}  // namespace slipway::catalog
