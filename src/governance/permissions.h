// SPDX-License-Identifier: Apache-2.0
// Roles and what they permit, by use case and environment. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::governance {

// What a principal may do. Separation of duties (nobody approves what they wrote) is decided where the
// decision is taken, on top of this.
enum class Permission : std::uint8_t {
  kView,          // everything but secrets and the audit log
  kGiveFeedback,  // scores, labels and corrections
  kTry,           // the playground, and prompts tried on a page
  kEditAssets,
  kEditUseCases,
  kReview,  // of use cases; a grant may name the discipline
  kCutReleases,
  kApprove,  // releases
  kPromote,  // and move a rollout along
  kRollBack,
  kManageKeys,
  kEditPolicies,
  kReadAudit,
  kManagePeople,
  kRunEvaluations,  // and cancel and resume them: they cost money
};

// One role, possibly only for a use case, an environment or a discipline of review. Empty: for all.
struct RoleGrant {
  std::string role;
  std::string use_case;
  std::string environment;
  std::string discipline;
  bool operator==(const RoleGrant&) const = default;
};

// "admin", "platform", "developer", "data", "reviewer", "approver", "annotator", "viewer".
const std::vector<std::string>& role_names();

// `role[:discipline][@use-case][/environment]`, as stored and as the command line takes it: "reviewer:legal",
// "developer@support-assistant", "platform/dev". kInvalidArgument says what is wrong.
Result<RoleGrant> parse_grant(std::string_view text);
std::string to_string(const RoleGrant& grant);

// What a question is about. Empty fields ask "anywhere?": a grant for one use case answers yes to that.
struct Scope {
  std::string_view use_case;
  std::string_view environment;
  std::string_view discipline;
};

bool may(const std::vector<RoleGrant>& grants, Permission permission, const Scope& scope = {});
// Whether this is an administrator of everything, not only of a use case or an environment: who gives roles
// or makes sign-ins could otherwise give themselves what they lack.
bool is_administrator(const std::vector<RoleGrant>& grants);
Result<> require_administrator(const std::vector<RoleGrant>& grants);
// kPermissionDenied names the roles that may.
Result<> require(const std::vector<RoleGrant>& grants, Permission permission, const Scope& scope = {});

}  // namespace slipway::governance
