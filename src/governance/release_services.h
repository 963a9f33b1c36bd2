// SPDX-License-Identifier: Apache-2.0
// The stores of everything between an asset and what runs, made together.
#pragma once

#include <string>
#include <vector>

#include "governance/approvals.h"
#include "governance/deployments.h"
#include "governance/evidence.h"
#include "governance/promotions.h"
#include "governance/releases.h"

namespace slipway::governance {

struct ReleaseServices {
  // `environments`: names in their order. Everything given outlives this.
  ReleaseServices(store::Database& db, catalog::AssetStore& assets, UseCaseStore& use_cases,
                  PolicyStore& policy_store, const std::vector<std::string>& environments)
      : database(db),
        policies(policy_store),
        releases(db, assets, use_cases, environments),
        evidence(db),
        approvals(db, releases, policy_store, environments),
        deployments(db, environments),
        promotions(db, releases, policy_store, deployments) {}

  store::Database& database;
  PolicyStore& policies;
  ReleaseStore releases;
  EvidenceStore evidence;
  ApprovalStore approvals;
  DeploymentStore deployments;
  Promotions promotions;
};

}  // namespace slipway::governance
