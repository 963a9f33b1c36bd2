// SPDX-License-Identifier: Apache-2.0
#include "catalog/asset_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "catalog/kinds.h"

namespace slipway::catalog {

namespace {

constexpr std::size_t kOwnerLimit = 63;
constexpr std::size_t kNameLimit = 100;
constexpr std::size_t kShownBytes = 80;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_owner(std::string_view text) {
  return !text.empty() && text.size() <= kOwnerLimit && is_lower(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameLimit && (is_lower(text.front()) || is_digit(text.front())) &&
         std::ranges::all_of(
             text, [](char c) { return is_lower(c) || is_digit(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace

Result<> check_name(const AssetName& name) {
  if (!is_owner(name.owner))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' can't own assets", ellipsize(name.owner, kShownBytes)), "owner",
                "An owner is a use case's slug, or 'shared'.");
  if (!is_kind(name.kind)) {
    const auto close = nearest(name.kind, kind_names());
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("there is no kind of asset '{}'", ellipsize(name.kind, kShownBytes)), "kind",
                close ? fmt::format("Did you mean '{}'?", *close)
                      : fmt::format("The kinds are {}.", fmt::join(kind_names(), ", ")));
  }
  if (!is_name(name.name))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' can't be an asset's name", ellipsize(name.name, kShownBytes)), "name",
                "Use a lower-case letter or digit followed by up to 99 lower-case letters, digits, dots, "
                "underscores and hyphens.");
  return {};
}

Result<AssetName> AssetName::parse(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, '/');
  if (parts.size() != 3)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is not an asset's full name", ellipsize(text, kShownBytes)), {},
                "Write owner/kind/name, as in shared/guardrail/standard.");
  AssetName name{std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
  SLIPWAY_TRY(check_name(name));
  return name;
}

}  // namespace slipway::catalog
