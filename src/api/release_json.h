// SPDX-License-Identifier: Apache-2.0
// Releases and deployments as api/openapi.yaml shows them.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/json.h"
#include "governance/release_services.h"

namespace slipway::api {

// What is asked once for a page of releases of one use case.
struct ReleaseView {
  std::vector<governance::Deployment> deployments;
  std::optional<std::int64_t> evidence_max_age_hours;  // the shortest of all environments
  std::map<catalog::AssetName, std::int64_t> latest;   // filled as assets are met
};
Result<ReleaseView> make_release_view(governance::ReleaseServices& services, std::string_view use_case);

// Blocks on the database.
Result<json::object> release_json(governance::ReleaseServices& services,
                                  const governance::ReleaseManifest& release, ReleaseView& view);
json::array pinned_json(const std::vector<governance::PinnedAsset>& assets,
                        const std::map<catalog::AssetName, std::int64_t>& latest);
json::object evidence_json(const governance::Evidence& evidence, std::optional<std::int64_t> max_age_hours);
json::object approval_json(const governance::ReleaseApproval& approval);
json::object check_json(const governance::PromotionAnswer& answer);
json::object deployment_json(const governance::Deployment& deployment);
json::object event_json(const governance::DeploymentEvent& event);

}  // namespace slipway::api
