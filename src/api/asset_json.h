// SPDX-License-Identifier: Apache-2.0
// Assets as the contract has them.
#pragma once

#include <map>

#include "catalog/asset_store.h"

namespace slipway::api {

// Which of the references' targets there are, and whether each is deprecated.
using TargetStates = std::map<catalog::AssetName, bool>;

json::object version_info_json(const catalog::AssetVersion& version);
json::object version_json(const catalog::AssetVersion& version, const TargetStates& targets);
json::object asset_json(const catalog::AssetInfo& info);
json::object asset_detail_json(const catalog::AssetInfo& info, const TargetStates& targets);
json::array changes_json(const std::vector<catalog::ContentChange>& changes);
json::object push_item_json(const catalog::PushItem& item);
json::object plan_item_json(const catalog::PlanItem& item);
json::object asset_problem_json(const catalog::Problem& problem);
json::object asset_use_json(const catalog::AssetUse& use);

}  // namespace slipway::api
