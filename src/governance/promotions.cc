// SPDX-License-Identifier: Apache-2.0
#include "governance/promotions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "governance/release_notes.h"

namespace slipway::governance {

namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;

// Collects the answers. Hard ones can't be broken in an emergency.
struct Checks {
  std::vector<PromotionCheck> all;
  bool rules = true;  // every rule of the policy holds
  bool hard = true;   // it can work at all

  void rule(std::string name, bool ok, std::string detail) {
    rules = rules && ok;
    all.push_back({std::move(name), ok, std::move(detail)});
  }
  void must(std::string name, bool ok, std::string detail) {
    hard = hard && ok;
    all.push_back({std::move(name), ok, std::move(detail)});
  }
};

void check_use_case(const PromotionFacts& facts, Checks& checks) {
  if (facts.use_case_state == UseCaseState::kRetired)
    return checks.must("use_case", false, "The use case is retired.");
  if (!facts.policy.require_approved_use_case) return;
  const bool approved = facts.use_case_state == UseCaseState::kApproved;
  checks.rule("use_case", approved,
              approved ? std::string("The use case is approved.")
                       : fmt::format("The use case is {}; it has to be approved first.",
                                     facts.use_case_state == UseCaseState::kDraft ? "a draft" : "in review"));
}

void check_gates(const PromotionFacts& facts, Checks& checks) {
  for (const std::string& gate : facts.policy.gates) {
    const std::string name = "gate " + gate;
    // The newest run decides: an older pass does not outweigh a later failure.
    const auto found = std::ranges::find(facts.evidence, gate, &Evidence::name);
    if (found == facts.evidence.end()) {
      checks.rule(name, false, fmt::format("There is no evidence of {} about {}.", gate, facts.release.id()));
      continue;
    }
    const std::int64_t age_h = (facts.now_us - found->produced_us) / kHourUs;
    if (found->result != Verdict::kPass)
      checks.rule(name, false, fmt::format("Its latest run says '{}'.", to_string(found->result)));
    else if (found->stale(facts.policy.evidence_max_age_hours, facts.now_us))
      checks.rule(name, false,
                  fmt::format("The evidence is {} hours old, at most {} are allowed: run it again.", age_h,
                              *facts.policy.evidence_max_age_hours));
    else
      checks.rule(name, true,
                  age_h == 0   ? std::string("Passed within the last hour.")
                  : age_h == 1 ? std::string("Passed an hour ago.")
                               : fmt::format("Passed {} hours ago.", age_h));
  }
}

void check_approvals(const PromotionFacts& facts, Checks& checks) {
  const auto counted = count_approvals(facts.approvals, facts.authors, facts.policy);
  for (const auto& [role, wanted] : facts.policy.approvals) {
    const auto found = counted.find(role);
    const std::int64_t got = found == counted.end() ? 0 : found->second;
    checks.rule("approvals " + role, got >= wanted, fmt::format("{} of {} approvals.", got, wanted));
  }
  for (const ReleaseApproval& approval : facts.approvals)
    if (approval.decision == "reject")
      checks.rule("rejection", false, fmt::format("{} has rejected it: {}", approval.by, approval.comment));
}

std::string_view spoken(DeployMode mode) {
  if (mode == DeployMode::kCanary) return "A canary";
  return mode == DeployMode::kBlueGreen ? "Blue-green" : "All at once";
}

void check_environment_rules(const PromotionFacts& facts, Checks& checks) {
  const Policy& policy = facts.policy;
  const std::string mode(to_string(facts.mode));
  const bool known = std::ranges::find(policy.strategies, mode) != policy.strategies.end();
  checks.rule("strategy", known,
              known ? fmt::format("{} is allowed here.", spoken(facts.mode))
                    : fmt::format("{} is not allowed here, only {}.", spoken(facts.mode),
                                  fmt::join(policy.strategies, ", ")));
  if (const FreezeWindow* window = policy.frozen(facts.now_us))
    checks.rule("freeze", false,
                fmt::format("Frozen until {}: {}", format_time_us(window->until_us), window->reason));
  else if (!policy.freeze.empty())
    checks.rule("freeze", true, "No freeze holds at the moment.");
  if (policy.require_previous_environment && !facts.previous_environment.empty()) {
    const bool there = facts.previous_active == facts.release.number;
    checks.rule("previous_environment", there,
                there ? fmt::format("It runs in {}.", facts.previous_environment)
                : facts.previous_active == 0
                    ? fmt::format("Nothing runs in {} yet.", facts.previous_environment)
                    : fmt::format("{} runs release {}, not {}.", facts.previous_environment,
                                  facts.previous_active, facts.release.number));
  }
}

void check_feasible(const PromotionFacts& facts, Checks& checks) {
  if (!facts.damage.empty()) checks.must("assets", false, facts.damage);
  const auto& rollout = facts.deployment.rollout;
  if (rollout && rollout->open())
    checks.must("rollout", false,
                fmt::format("A rollout of release {} is under way: finish or abort it first.", rollout->to));
  if (facts.mode != DeployMode::kAll && facts.deployment.active == 0)
    checks.must("comparison", false,
                "Nothing runs here yet that it could be compared with: promote it at once.");
}

bool may_take_emergency_path(const PromotionFacts& facts) {
  const EmergencyPath& path = facts.policy.emergency;
  return path.allowed && std::ranges::any_of(facts.caller_roles, [&](const std::string& role) {
           return role == "admin" || std::ranges::find(path.roles, role) != path.roles.end();
         });
}

std::vector<std::string> roles_for(const Principal& who, std::string_view use_case,
                                   std::string_view environment) {
  std::vector<std::string> roles;
  for (const RoleGrant& grant : who.grants)
    if ((grant.use_case.empty() || grant.use_case == use_case) &&
        (grant.environment.empty() || grant.environment == environment))
      roles.push_back(grant.role);
  return roles;
}

Error refusal(const PromotionRequest& request, const PromotionAnswer& answer) {
  std::string reasons;
  std::size_t failed = 0;
  for (const PromotionCheck& check : answer.checks) {
    if (check.ok) continue;
    if (++failed <= 5)
      reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : " ", check.name, check.detail);
  }
  if (failed > 5) reasons += fmt::format(" And {} more.", failed - 5);
  return {ErrorCode::kConflict,
          fmt::format("release {}@{} may not go to {}. {}", request.use_case, request.order.release,
                      request.environment, reasons),
          "release", "Ask with preview for every rule and its answer."};
}

}  // namespace

PromotionAnswer check_promotion(const PromotionFacts& facts) {
  Checks checks;
  check_feasible(facts, checks);
  check_use_case(facts, checks);
  check_environment_rules(facts, checks);
  check_gates(facts, checks);
  check_approvals(facts, checks);
  PromotionAnswer answer;
  if (facts.emergency) {
    const bool may = may_take_emergency_path(facts);
    checks.all.push_back(
        {"emergency", may,
         may ? std::string("The rules that fail are broken in an emergency; it is noted in the history and "
                           "the audit log.")
         : facts.policy.emergency.allowed
             ? fmt::format("One of these roles may take the emergency path: {}.",
                           facts.policy.emergency.roles.empty()
                               ? std::string("admin")
                               : fmt::format("{}", fmt::join(facts.policy.emergency.roles, ", ")))
             : std::string("The policy of this environment has no emergency path.")});
    answer.allowed = checks.hard && may;
  } else {
    answer.allowed = checks.hard && checks.rules;
  }
  answer.checks = std::move(checks.all);
  return answer;
}

Result<PromotionAnswer> Promotions::check(soci::session& sql, const ReleaseManifest& release,
                                          const Deployment& deployment, const DeployOrder& order,
                                          const Principal& who) {
  const std::string& environment = deployment.environment;
  SLIPWAY_ASSIGN(const EffectivePolicy effective, policies_.effective(sql, release.use_case, environment));
  PromotionFacts facts{.release = release,
                       .deployment = deployment,
                       .policy = effective.policy,
                       .use_case_state = {},
                       .previous_environment = {},
                       .previous_active = 0,
                       .evidence = {},
                       .approvals = {},
                       .authors = {},
                       .damage = {},
                       .mode = order.mode,
                       .emergency = !order.emergency.empty(),
                       .caller_roles = roles_for(who, release.use_case, environment),
                       .now_us = unix_now_us()};
  SLIPWAY_ASSIGN(facts.use_case_state, UseCaseStore::state(sql, release.use_case));
  const auto& order_of = deployments_.environments();
  const auto at = std::ranges::find(order_of, environment);
  if (at != order_of.begin() && at != order_of.end()) {
    facts.previous_environment = *std::prev(at);
    facts.previous_active = active_release(sql, release.use_case, facts.previous_environment);
  }
  std::optional<ReleaseManifest> running;
  if (deployment.active != 0) {
    SLIPWAY_ASSIGN(running, releases_.get(sql, release.use_case, deployment.active));
  }
  facts.authors = authors_of(release, running ? &*running : nullptr);
  SLIPWAY_ASSIGN(facts.evidence, EvidenceStore::about(sql, release));
  SLIPWAY_ASSIGN(facts.approvals, ApprovalStore::of(sql, release));
  std::erase_if(facts.approvals, [&](const ReleaseApproval& one) { return one.environment != environment; });
  const auto contents = releases_.load(sql, release);
  if (!contents && contents.error().code != ErrorCode::kDataLoss &&
      contents.error().code != ErrorCode::kNotFound)
    return fail(contents.error());
  if (!contents)
    facts.damage = contents.error().describe();
  else if (servable_)
    facts.damage = servable_(release, *contents, environment);
  return check_promotion(facts);
}

Result<PromotionResult> Promotions::preview(const PromotionRequest& request, const Principal& who) {
  PromotionResult result;
  std::int64_t active = 0;
  SLIPWAY_TRY(database_.read([&](soci::session& sql) -> Result<> {
    SLIPWAY_ASSIGN(const ReleaseManifest release,
                   releases_.get(sql, request.use_case, request.order.release));
    SLIPWAY_ASSIGN(result.deployment, deployments_.get(sql, request.use_case, request.environment));
    active = result.deployment->active;
    SLIPWAY_ASSIGN(result.answer, check(sql, release, *result.deployment, request.order, who));
    return {};
  }));
  // Damaged assets can't be compared; the checks say so.
  const auto comparison = releases_.compare(request.use_case, active, request.order.release);
  if (comparison)
    result.notes_md = changes_markdown(*comparison);
  else if (comparison.error().code != ErrorCode::kDataLoss && comparison.error().code != ErrorCode::kNotFound)
    return fail(comparison.error());
  return result;
}

Result<PromotionResult> Promotions::promote(const PromotionRequest& request, const Principal& who) {
  // What the caller's decision is based on: whoever changes it before the write below makes this one fail.
  SLIPWAY_ASSIGN(PromotionResult seen, preview(request, who));
  const std::int64_t seen_version = seen.deployment->version;
  if (seen.deployment->active == request.order.release &&
      !(seen.deployment->rollout && seen.deployment->rollout->open())) {
    seen.answer.allowed = true;
    seen.answer.checks = {
        {"unchanged", true,
         fmt::format("Release {} runs in {} already.", request.order.release, request.environment)}};
    return seen;
  }
  if (!seen.answer.allowed) return fail(refusal(request, seen.answer));
  SLIPWAY_TRY(database_.write([&](soci::session& sql) -> Result<> {
    SLIPWAY_ASSIGN(const ReleaseManifest release,
                   releases_.get(sql, request.use_case, request.order.release));
    SLIPWAY_ASSIGN(const Deployment deployment, deployments_.get(sql, request.use_case, request.environment));
    // Again, within the transaction: an approval may have been taken back since.
    SLIPWAY_ASSIGN(seen.answer, check(sql, release, deployment, request.order, who));
    if (deployment.version == seen_version && !seen.answer.allowed)
      return fail(refusal(request, seen.answer));
    SLIPWAY_ASSIGN(seen.deployment, deployments_.deploy(sql, request.use_case, request.environment,
                                                        request.order, seen_version, who.actor()));
    seen.changed = true;
    return {};
  }));
  return seen;
}

Result<std::vector<std::pair<std::string, PromotionAnswer>>> Promotions::may(const ReleaseManifest& release,
                                                                             const Principal& who) {
  return database_.read(
      [&](soci::session& sql) -> Result<std::vector<std::pair<std::string, PromotionAnswer>>> {
        std::vector<std::pair<std::string, PromotionAnswer>> answers;
        for (const std::string& environment : deployments_.environments()) {
          SLIPWAY_ASSIGN(const Deployment deployment, deployments_.get(sql, release.use_case, environment));
          DeployOrder order;
          order.release = release.number;
          SLIPWAY_ASSIGN(const EffectivePolicy effective,
                         policies_.effective(sql, release.use_case, environment));
          // With a strategy that is allowed: the page asks whether, not how.
          const auto& strategies = effective.policy.strategies;
          if (!strategies.empty() && std::ranges::find(strategies, "all") == strategies.end() &&
              deployment.active != 0)
            order.mode = parse_deploy_mode(strategies.front()).value_or(DeployMode::kAll);
          SLIPWAY_ASSIGN(PromotionAnswer answer, check(sql, release, deployment, order, who));
          answers.emplace_back(environment, std::move(answer));
        }
        return answers;
      });
}

}  // namespace slipway::governance
