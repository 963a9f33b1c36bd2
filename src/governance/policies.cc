// SPDX-License-Identifier: Apache-2.0
#include "governance/policies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "governance/use_cases.h"
#include "store/migrations.h"

namespace slipway::governance {

namespace {

constexpr std::int64_t kDefaultEvidenceHours = 30 * 24;

std::vector<StoredPolicy> fetch(soci::session& sql, std::string_view owner, std::string_view environment,
                                bool newest_only) {
  std::vector<StoredPolicy> found;
  const std::string wanted_owner(owner);
  const std::string wanted_environment(environment);
  StoredPolicy row;
  std::string content;
  long long version = 0;
  long long updated = 0;
  soci::statement statement =
      (sql.prepare << std::string("SELECT owner, environment, version, content, updated_us, updated_by FROM "
                                  "policies WHERE owner = :owner AND environment = :environment ORDER BY "
                                  "version DESC") +
                          (newest_only ? " LIMIT 1" : ""),
       soci::use(wanted_owner), soci::use(wanted_environment), soci::into(row.owner),
       soci::into(row.environment), soci::into(version), soci::into(content), soci::into(updated),
       soci::into(row.updated_by));
  statement.execute();
  while (statement.fetch()) {
    row.version = version;
    row.updated_us = updated;
    row.content.clear();
    if (auto parsed = parse_json(content); parsed && parsed->is_object()) row.content = parsed->as_object();
    found.push_back(row);
  }
  return found;
}

StoredPolicy newest(soci::session& sql, std::string_view owner, std::string_view environment) {
  const auto found = fetch(sql, owner, environment, true);
  if (!found.empty()) return found.front();
  StoredPolicy none;
  none.owner = owner;
  none.environment = environment;
  return none;
}

Result<> check_owner(soci::session& sql, std::string_view owner) {
  if (owner == kSharedOwner) return {};
  SLIPWAY_ASSIGN(const UseCaseState state, UseCaseStore::state(sql, owner));
  static_cast<void>(state);
  return {};
}

// Whether a rule of `over` says something else than `below`.
void note_origins(const Policy& below, const Policy& over, const json::object& named, std::string_view origin,
                  std::map<std::string, std::string>& origins) {
  const json::object before = policy_json(below);
  for (const auto& [rule, value] : policy_json(over))
    if (named.contains(rule) && (before.at(rule) != value || origin == kSharedOwner))
      origins[std::string(rule)] = origin;
}

}  // namespace

Result<> refuse_loosening(const Policy& shared, const json::object& content, std::string_view environment) {
  const json::object wanted = policy_json(replace_rules(shared, content));
  const json::object allowed = policy_json(tightest(shared, replace_rules(shared, content)));
  const json::object below = policy_json(shared);
  for (const auto& [rule, unused] : content) {
    // Windows add up, so that a use case names only its own.
    if (rule == "freeze" || wanted.at(rule) == allowed.at(rule)) continue;
    return fail(ErrorCode::kConflict,
                fmt::format("the rule {} would loosen what 'shared' says for '{}': there it is {}, here {}",
                            std::string_view(rule), environment, json::serialize(below.at(rule)),
                            json::serialize(wanted.at(rule))),
                std::string(rule),
                "A use case can only tighten. Change the shared policy if it is too strict.");
  }
  return {};
}

Result<> migrate_policies(store::Database& database) {
  static const std::vector<store::Migration> kMigrations = {
      {1,
       "policies",
       {
           R"(CREATE TABLE policies (
                owner TEXT NOT NULL,
                environment TEXT NOT NULL,
                version BIGINT NOT NULL,
                content TEXT NOT NULL,
                updated_us BIGINT NOT NULL,
                updated_by TEXT NOT NULL,
                PRIMARY KEY (owner, environment, version)))",
       }},
  };
  return store::migrate(database, "governance.policies", kMigrations);
}

Policy default_policy(const std::vector<EnvironmentRule>& environments, std::string_view environment) {
  Policy policy;
  const auto found = std::ranges::find(environments, environment, &EnvironmentRule::name);
  if (found == environments.end()) return policy;
  policy.require_previous_environment = found != environments.begin();
  policy.emergency = {true, {"admin"}};
  if (!found->require_approved_use_case) return policy;
  policy.require_approved_use_case = true;
  policy.approvals = {{"approver", 1}};
  policy.evidence_max_age_hours = kDefaultEvidenceHours;
  return policy;
}

Result<> PolicyStore::check_environment(std::string_view environment) const {
  std::vector<std::string> names;
  for (const EnvironmentRule& rule : environments_) names.push_back(rule.name);
  if (std::ranges::find(names, environment) != names.end()) return {};
  const auto near = nearest(environment, names);
  return fail(
      ErrorCode::kNotFound, fmt::format("there is no environment '{}'", ellipsize(environment, 80)),
      "environment",
      near ? fmt::format("Did you mean '{}'?", *near) : fmt::format("There are {}.", fmt::join(names, ", ")));
}

Result<StoredPolicy> PolicyStore::get(std::string_view owner, std::string_view environment) {
  SLIPWAY_TRY(check_environment(environment));
  return database_.read([&](soci::session& sql) -> Result<StoredPolicy> {
    SLIPWAY_TRY(check_owner(sql, owner));
    return newest(sql, owner, environment);
  });
}

Result<std::vector<StoredPolicy>> PolicyStore::history(std::string_view owner, std::string_view environment) {
  SLIPWAY_TRY(check_environment(environment));
  return database_.read([&](soci::session& sql) -> Result<std::vector<StoredPolicy>> {
    SLIPWAY_TRY(check_owner(sql, owner));
    return fetch(sql, owner, environment, false);
  });
}

Result<StoredPolicy> PolicyStore::set(std::string_view owner, std::string_view environment,
                                      const json::object& content, const Actor& actor) {
  SLIPWAY_TRY(check_environment(environment));
  SLIPWAY_ASSIGN(const json::object checked, check_policy(content, owner));
  return database_.write([&](soci::session& sql) -> Result<StoredPolicy> {
    SLIPWAY_TRY(check_owner(sql, owner));
    if (owner != kSharedOwner) {
      SLIPWAY_ASSIGN(const EffectivePolicy shared, effective(sql, kSharedOwner, environment));
      SLIPWAY_TRY(refuse_loosening(shared.policy, checked, environment));
    }
    StoredPolicy stored = newest(sql, owner, environment);
    if (stored.version != 0 && stored.content == checked) return stored;
    const json::object before = stored.content;
    stored.content = checked;
    ++stored.version;
    stored.updated_us = unix_now_us();
    stored.updated_by = actor.name;
    const std::string text = json::serialize(checked);
    const long long version = stored.version;
    const long long updated = stored.updated_us;
    sql << "INSERT INTO policies (owner, environment, version, content, updated_us, updated_by) VALUES "
           "(:owner, "
           ":environment, :version, :content, :updated, :by)",
        soci::use(stored.owner), soci::use(stored.environment), soci::use(version), soci::use(text),
        soci::use(updated), soci::use(stored.updated_by);
    AuditEvent event;
    event.action = "policy.set";
    event.object_type = "policy";
    event.object = fmt::format("{}/{}", owner, environment);
    event.use_case = owner == kSharedOwner ? std::string() : stored.owner;
    event.environment = stored.environment;
    event.detail = {{"version", stored.version}, {"from", before}, {"to", checked}};
    SLIPWAY_TRY(append_audit(sql, actor, event));
    return stored;
  });
}

Result<EffectivePolicy> PolicyStore::effective(std::string_view use_case, std::string_view environment) {
  return database_.read([&](soci::session& sql) { return effective(sql, use_case, environment); });
}

Result<EffectivePolicy> PolicyStore::effective(soci::session& sql, std::string_view use_case,
                                               std::string_view environment) const {
  SLIPWAY_TRY(check_environment(environment));
  SLIPWAY_TRY(check_owner(sql, use_case));
  EffectivePolicy effective;
  const Policy standard = default_policy(environments_, environment);
  for (const auto& [rule, unused] : policy_json(standard)) effective.origins[std::string(rule)] = "default";
  const StoredPolicy shared = newest(sql, kSharedOwner, environment);
  effective.policy = replace_rules(standard, shared.content);
  note_origins(standard, effective.policy, shared.content, kSharedOwner, effective.origins);
  if (use_case == kSharedOwner) return effective;
  const StoredPolicy own = newest(sql, use_case, environment);
  // What `shared` has tightened since holds as well.
  const Policy tightened = tightest(effective.policy, replace_rules(effective.policy, own.content));
  note_origins(effective.policy, tightened, own.content, use_case, effective.origins);
  effective.policy = tightened;
  return effective;
}

Result<bool> PolicyStore::key_needs_approval(soci::session& sql, std::string_view use_case,
                                             std::string_view environment) const {
  SLIPWAY_ASSIGN(const EffectivePolicy effective_policy, effective(sql, use_case, environment));
  if (effective_policy.policy.require_approved_use_case) return true;
  const auto rule = std::ranges::find(environments_, environment, &EnvironmentRule::name);
  return rule != environments_.end() && rule->require_approved_use_case;
}

}  // namespace slipway::governance
