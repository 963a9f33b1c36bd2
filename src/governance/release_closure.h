// SPDX-License-Identifier: Apache-2.0
// From an entry asset to everything it refers to, each in one exact version. Blocks on the database.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/asset_store.h"

namespace slipway::governance {

struct ClosureRequest {
  std::string use_case;
  catalog::AssetName entry;
  std::map<catalog::AssetName, std::int64_t> versions;  // where not the latest is wanted
};

struct Closure {
  std::vector<catalog::AssetVersion> assets;  // by name
  std::map<catalog::AssetName, std::int64_t> latest;
  std::vector<catalog::Problem> problems;  // whatever stands against a release
  std::string digest;                      // empty if there are problems
};

// "prompt/answer", "answer" (a prompt's or flow's) or "owner/kind/name", read for this use case.
// kInvalidArgument with `where` "entry".
Result<catalog::AssetName> parse_entry(std::string_view text, std::string_view use_case);
// The use case's only prompt or flow that is not deprecated, else the one called main. kInvalidArgument says
// what there is to choose from.
Result<catalog::AssetName> find_entry(catalog::AssetStore& assets, const std::string& use_case);

// Dangling, deprecated and foreign references are problems, one each; only the database fails.
Result<Closure> resolve_closure(soci::session& sql, catalog::AssetStore& assets,
                                const ClosureRequest& request);

// Over {format, use_case, entry, assets: [{name, digest}]}: the same on any server with the same assets.
std::string release_digest(std::string_view use_case, const catalog::AssetName& entry,
                           const std::vector<catalog::AssetVersion>& assets);

}  // namespace slipway::governance
