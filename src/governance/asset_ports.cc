// SPDX-License-Identifier: Apache-2.0
#include "governance/asset_ports.h"

#include <fmt/format.h>

#include "governance/use_cases.h"

namespace slipway::governance {

namespace {

Result<> record(soci::session& sql, const catalog::Author& author, const catalog::CatalogEvent& event) {
  const bool shared = event.asset.owner == catalog::kSharedOwner;
  return append_audit(
      sql, {author.id, author.name, author.kind},
      {event.action, "asset", event.asset.to_string(), shared ? "" : event.asset.owner, {}, event.detail});
}

Result<> check_owner(soci::session& sql, const std::string& owner) {
  const auto state = UseCaseStore::state(sql, owner);
  if (!state && state.error().code != ErrorCode::kNotFound) return fail(state.error());
  if (!state)
    return fail(ErrorCode::kInvalidArgument, fmt::format("there is no use case '{}'", owner), "owner",
                "Register it first, or use the owner 'shared'.");
  if (*state == UseCaseState::kRetired)
    return fail(ErrorCode::kInvalidArgument, fmt::format("the use case '{}' is retired", owner), "owner",
                "Its assets stay as they are.");
  return {};
}

}  // namespace

catalog::AssetPorts asset_ports() {
  catalog::AssetPorts ports;
  ports.record = record;
  ports.check_owner = check_owner;
  return ports;
}

}  // namespace slipway::governance
