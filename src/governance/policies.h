// SPDX-License-Identifier: Apache-2.0
// What a promotion into an environment needs: the default of the settings, what `shared` says over it, and
// what a use case adds. A use case can only tighten. Blocks on the database; thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "governance/audit.h"
#include "store/database.h"

namespace slipway::governance {

inline constexpr std::string_view kSharedOwner = "shared";

struct FreezeWindow {
  std::int64_t from_us = 0;   // inclusive
  std::int64_t until_us = 0;  // exclusive
  std::string reason;
  auto operator<=>(const FreezeWindow&) const = default;
};

struct EmergencyPath {
  bool allowed = false;
  std::vector<std::string> roles;  // who may take it; sorted
  bool operator==(const EmergencyPath&) const = default;
};

// Every rule decided. Lists are sorted and without doubles.
struct Policy {
  bool require_approved_use_case = false;
  std::vector<std::string> gates;                 // evaluations, as "shared/evaluation/safety"
  std::map<std::string, std::int64_t> approvals;  // role → how many people
  bool author_may_approve = false;
  std::optional<std::int64_t> evidence_max_age_hours;  // nullopt: any age
  std::vector<FreezeWindow> freeze;
  std::vector<std::string> strategies = {"all", "blue_green", "canary"};  // that are allowed
  bool require_previous_environment = false;
  EmergencyPath emergency;
  bool operator==(const Policy&) const = default;

  // The window that holds at `now_us`; nullptr if none does.
  [[nodiscard]] const FreezeWindow* frozen(std::int64_t now_us) const;
};

struct EffectivePolicy {
  Policy policy;
  // Rule → "default", "shared" or the use case's slug.
  std::map<std::string, std::string> origins;
};

json::object policy_json(const Policy& policy);  // every rule, as PolicyContent of the API

// One version of what an owner has set: only the rules it names.
struct StoredPolicy {
  std::string owner;  // a use case or "shared"
  std::string environment;
  std::int64_t version = 0;  // 0: nothing has been set
  json::object content;
  std::int64_t updated_us = 0;
  std::string updated_by;
};

// An environment of the settings, in their order.
struct EnvironmentRule {
  std::string name;
  bool require_approved_use_case = false;
};

// What holds where nobody has set anything.
Policy default_policy(const std::vector<EnvironmentRule>& environments, std::string_view environment);

// `content` with its rules checked and lists in order. kInvalidArgument names the rule.
Result<json::object> check_policy(const json::object& content, std::string_view owner);
// `content` over `below`: its rules replace.
Policy replace_rules(const Policy& below, const json::object& content);
// The tighter of both, rule by rule.
Policy tightest(const Policy& a, const Policy& b);

// kConflict, with both values, names the first rule of a use case's checked `content` that asks for less than
// `shared` does.
Result<> refuse_loosening(const Policy& shared, const json::object& content, std::string_view environment);

class PolicyStore {
 public:
  PolicyStore(store::Database& database, std::vector<EnvironmentRule> environments)
      : database_(database), environments_(std::move(environments)) {}

  // What the owner has set, version 0 if nothing. kNotFound for an unknown owner or environment.
  Result<StoredPolicy> get(std::string_view owner, std::string_view environment);
  // All versions, newest first.
  Result<std::vector<StoredPolicy>> history(std::string_view owner, std::string_view environment);
  // A new version; the same content again changes nothing. kConflict names the rule a use case would loosen,
  // with both values.
  Result<StoredPolicy> set(std::string_view owner, std::string_view environment, const json::object& content,
                           const Actor& actor);
  // `use_case` may be "shared". kNotFound as for get.
  Result<EffectivePolicy> effective(std::string_view use_case, std::string_view environment);
  Result<EffectivePolicy> effective(soci::session& sql, std::string_view use_case,
                                    std::string_view environment) const;
  // Whether a key of that use case may only be made once it is approved: where the settings or the effective
  // policy say so.
  Result<bool> key_needs_approval(soci::session& sql, std::string_view use_case,
                                  std::string_view environment) const;

 private:
  Result<> check_environment(std::string_view environment) const;
  store::Database& database_;
  std::vector<EnvironmentRule> environments_;
};

Result<> migrate_policies(store::Database& database);

}  // namespace slipway::governance
