// SPDX-License-Identifier: Apache-2.0
// May this release go there? All rules of the policy, each with its answer, and the promotion itself. What is
// missing means no. Blocks on the database; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "governance/approvals.h"
#include "governance/deployments.h"
#include "governance/evidence.h"
#include "governance/policies.h"
#include "governance/releases.h"

namespace slipway::governance {

struct PromotionCheck {
  std::string
      name;  // "use_case", "strategy", "freeze", "gate shared/evaluation/safety", "approvals approver", …
  bool ok = false;
  std::string detail;
};

struct PromotionAnswer {
  bool allowed = false;
  std::vector<PromotionCheck> checks;
};

// Everything the rules look at.
struct PromotionFacts {
  const ReleaseManifest& release;
  const Deployment& deployment;
  const Policy& policy;
  UseCaseState use_case_state = UseCaseState::kDraft;
  std::string previous_environment;  // empty: this is the first one
  std::int64_t previous_active = 0;  // what runs there
  std::vector<Evidence> evidence;
  std::vector<ReleaseApproval> approvals;  // for this environment
  std::set<std::string> authors;
  std::string damage;  // why its assets can't be loaded; empty: they can
  DeployMode mode = DeployMode::kAll;
  bool emergency = false;
  std::vector<std::string> caller_roles;
  std::int64_t now_us = 0;
};

// Pure. With `emergency`, and if the policy lets the caller take that path, rules of the policy may be
// broken; what can't work at all (damage, a rollout under way, a retired use case) may not.
PromotionAnswer check_promotion(const PromotionFacts& facts);

struct PromotionRequest {
  std::string use_case;
  std::string environment;
  DeployOrder order;
};

struct PromotionResult {
  PromotionAnswer answer;
  std::optional<Deployment> deployment;  // as it is now, also if refused
  bool changed = false;
  std::string notes_md;  // what changes in this environment
};

// Why a release can't answer calls in an environment, as a sentence; empty if it can. Handed in by `app`,
// which knows what the gateway serves and which connections there are.
using ServableCheck = std::function<std::string(const ReleaseManifest& release,
                                                const std::vector<catalog::AssetVersion>& assets,
                                                const std::string& environment)>;

class Promotions {
 public:
  Promotions(store::Database& database, ReleaseStore& releases, PolicyStore& policies,
             DeploymentStore& deployments)
      : database_(database), releases_(releases), policies_(policies), deployments_(deployments) {}

  // Once, before it is used.
  void set_servable(ServableCheck check) { servable_ = std::move(check); }
  // Whether it may be, with what would change. Nothing is stored.
  Result<PromotionResult> preview(const PromotionRequest& request, const Principal& who);
  // The checks and the change in one transaction. Refused: kConflict with the first reason; `preview` has
  // all. Promoting what runs already changes nothing.
  Result<PromotionResult> promote(const PromotionRequest& request, const Principal& who);
  // For each environment, whether the caller might promote the release there at once and by the usual way.
  Result<std::vector<std::pair<std::string, PromotionAnswer>>> may(const ReleaseManifest& release,
                                                                   const Principal& who);

 private:
  Result<PromotionAnswer> check(soci::session& sql, const ReleaseManifest& release,
                                const Deployment& deployment, const DeployOrder& order, const Principal& who);
  store::Database& database_;
  ReleaseStore& releases_;
  PolicyStore& policies_;
  DeploymentStore& deployments_;
  ServableCheck servable_;
};

}  // namespace slipway::governance
