// SPDX-License-Identifier: Apache-2.0
#include "governance/permissions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "governance/use_cases.h"

namespace slipway::governance {

namespace {

struct Rule {
  Permission permission;
  std::string_view what;                  // "you may not …"
  std::array<std::string_view, 7> roles;  // beside "admin"
};

constexpr std::array kRules = {
    Rule{Permission::kView,
         "look at this",
         {"platform", "developer", "data", "reviewer", "approver", "annotator", "viewer"}},
    Rule{Permission::kGiveFeedback,
         "give feedback",
         {"platform", "developer", "data", "reviewer", "approver", "annotator"}},
    Rule{Permission::kTry, "make calls here", {"platform", "developer", "data"}},
    Rule{Permission::kRunEvaluations,
         "run evaluations",
         {"platform", "developer", "data", "reviewer", "approver"}},
    Rule{Permission::kEditAssets, "change assets", {"platform", "developer", "data"}},
    Rule{Permission::kEditUseCases, "change use cases", {"platform", "developer"}},
    Rule{Permission::kReview, "decide this review", {"reviewer"}},
    Rule{Permission::kCutReleases, "cut releases", {"platform", "developer"}},
    Rule{Permission::kApprove, "approve releases", {"approver"}},
    Rule{Permission::kPromote, "promote releases", {"platform", "developer", "approver"}},
    Rule{Permission::kRollBack, "roll back", {"platform", "developer", "approver"}},
    Rule{Permission::kManageKeys, "manage keys", {"platform", "developer"}},
    Rule{Permission::kEditPolicies, "change policies", {"platform"}},
    Rule{Permission::kReadAudit, "read the audit log", {"platform", "reviewer", "approver"}},
    Rule{Permission::kManagePeople, "manage people", {}},
};

const Rule& rule_of(Permission permission) {
  return *std::ranges::find(kRules, permission, &Rule::permission);
}

bool covers(std::string_view granted, std::string_view asked) {
  return granted.empty() || asked.empty() || granted == asked;
}

}  // namespace

const std::vector<std::string>& role_names() {
  static const std::vector<std::string> kNames = {"admin",    "platform", "developer", "data",
                                                  "reviewer", "approver", "annotator", "viewer"};
  return kNames;
}

Result<RoleGrant> parse_grant(std::string_view text) {
  RoleGrant grant;
  std::string_view rest = trim(text);
  const auto take_tail = [&rest](char mark, std::string& into) {
    const std::size_t at = rest.find(mark);
    if (at == std::string_view::npos) return true;
    into = rest.substr(at + 1);
    rest = rest.substr(0, at);
    return !into.empty();
  };
  const bool whole =
      take_tail('/', grant.environment) && take_tail('@', grant.use_case) && take_tail(':', grant.discipline);
  grant.role = rest;
  if (!whole)
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a role", ellipsize(text, 80)), "roles",
                "Write role[:discipline][@use-case][/environment], as in developer@support-assistant/dev.");
  if (std::ranges::find(role_names(), grant.role) == role_names().end()) {
    const auto near = nearest(grant.role, role_names());
    return fail(ErrorCode::kInvalidArgument, fmt::format("there is no role '{}'", ellipsize(grant.role, 40)),
                "roles",
                near ? fmt::format("Did you mean '{}'?", *near)
                     : fmt::format("The roles are {}.", fmt::join(role_names(), ", ")));
  }
  if (!grant.discipline.empty() && grant.role != "reviewer")
    return fail(ErrorCode::kInvalidArgument, "only a reviewer has a discipline", "roles");
  if (!grant.use_case.empty() && !is_valid_slug(grant.use_case))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' can't be a use case", ellipsize(grant.use_case, 80)), "roles");
  return grant;
}

std::string to_string(const RoleGrant& grant) {
  std::string text = grant.role;
  if (!grant.discipline.empty()) text += ':' + grant.discipline;
  if (!grant.use_case.empty()) text += '@' + grant.use_case;
  if (!grant.environment.empty()) text += '/' + grant.environment;
  return text;
}

bool may(const std::vector<RoleGrant>& grants, Permission permission, const Scope& scope) {
  const Rule& rule = rule_of(permission);
  return std::ranges::any_of(grants, [&](const RoleGrant& grant) {
    const bool role = grant.role == "admin" || std::ranges::find(rule.roles, grant.role) != rule.roles.end();
    return role && covers(grant.use_case, scope.use_case) && covers(grant.environment, scope.environment) &&
           (permission != Permission::kReview || covers(grant.discipline, scope.discipline));
  });
}

bool is_administrator(const std::vector<RoleGrant>& grants) {
  return std::ranges::any_of(grants, [](const RoleGrant& grant) {
    return grant.role == "admin" && grant.use_case.empty() && grant.environment.empty();
  });
}

Result<> require_administrator(const std::vector<RoleGrant>& grants) {
  if (is_administrator(grants)) return {};
  return fail(
      ErrorCode::kPermissionDenied, "you may not manage people", {},
      "It takes the role admin for all use cases and environments. An administrator can give it to you.");
}

Result<> require(const std::vector<RoleGrant>& grants, Permission permission, const Scope& scope) {
  if (may(grants, permission, scope)) return {};
  const Rule& rule = rule_of(permission);
  std::string roles = "admin";
  for (const std::string_view role : rule.roles)
    if (!role.empty()) roles.append(", ").append(role);
  std::string where;
  if (!scope.use_case.empty()) where += fmt::format(" of '{}'", scope.use_case);
  if (!scope.environment.empty()) where += fmt::format(" in '{}'", scope.environment);
  if (!scope.discipline.empty()) where += fmt::format(" ({})", scope.discipline);
  return fail(ErrorCode::kPermissionDenied, fmt::format("you may not {}{}", rule.what, where), {},
              fmt::format("One of these roles may: {}. An administrator can give it to you.", roles));
}

}  // namespace slipway::governance
