// SPDX-License-Identifier: Apache-2.0
// The handlers of /assets and /schemas, and what they share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/asset_json.h"
#include "api/request.h"

namespace slipway::api {

// assets_api.cc
rt::Task<void> list_assets(Request& request);
rt::Task<void> get_asset(Request& request);
rt::Task<void> list_asset_versions(Request& request);
rt::Task<void> get_asset_version(Request& request);
rt::Task<void> diff_asset(Request& request);
rt::Task<void> asset_where_used(Request& request);
rt::Task<void> list_schemas(Request& request);
rt::Task<void> get_schema(Request& request);
// assets_push_api.cc
rt::Task<void> plan_assets(Request& request);
rt::Task<void> push_assets(Request& request);
rt::Task<void> put_asset(Request& request);
rt::Task<void> validate_asset(Request& request);
// assets_change_api.cc
rt::Task<void> label_asset(Request& request);
rt::Task<void> deprecate_asset(Request& request);
rt::Task<void> restore_asset(Request& request);

catalog::AssetName asset_in_path(const Request& request);
// Owners whose assets the caller may see; nullopt: all.
std::optional<std::vector<std::string>> visible_owners(const Request& request);
bool may_see_use(const std::optional<std::vector<std::string>>& visible, const catalog::AssetUse& use);
// These block.
Result<TargetStates> target_states(catalog::AssetStore& assets,
                                   const std::vector<catalog::Reference>& references);
Result<std::string> asset_detail(catalog::AssetStore& assets, const catalog::AssetInfo& info);

}  // namespace slipway::api
