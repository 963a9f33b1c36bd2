// SPDX-License-Identifier: Apache-2.0
#include "governance/asset_ports.h"

#include <fmt/format.h>

namespace slipway::governance {

namespace {

Result<> record(soci::session& sql, const catalog::Author& author, const catalog::CatalogEvent& event) {
  const bool shared = event.asset.owner == catalog::kSharedOwner;
  return append_audit(
      sql, {author.id, author.name, author.kind},
      {event.action, "asset", event.asset.to_string(), shared ? "" : event.asset.owner, {}, event.detail});
}

Result<> check_owner(soci::session& sql, const std::string& owner) {
  int there = 0;
  sql << "SELECT COUNT(*) FROM use_cases WHERE slug = :slug", soci::use(owner), soci::into(there);
  if (there != 0) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("there is no use case '{}'", owner), "owner",
              "Register it first, or use the owner 'shared'.");
}

}  // namespace

catalog::AssetPorts asset_ports() {
  catalog::AssetPorts ports;
  ports.record = record;
  ports.check_owner = check_owner;
  return ports;
}

}  // namespace slipway::governance
