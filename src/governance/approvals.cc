// SPDX-License-Identifier: Apache-2.0
#include "governance/approvals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "base/clock.h"
#include "base/text.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kCommentBytes = 4'000;
// Of the queue of decisions: nobody reads further, and what is decided makes room.
constexpr std::size_t kMostPending = 500;

std::unexpected<Error> bad(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

std::vector<std::string> roles_held(const Principal& who, std::string_view use_case,
                                    std::string_view environment) {
  std::vector<std::string> roles;
  for (const RoleGrant& grant : who.grants) {
    const bool covers = (grant.use_case.empty() || grant.use_case == use_case) &&
                        (grant.environment.empty() || grant.environment == environment);
    if (covers && std::ranges::find(roles, grant.role) == roles.end()) roles.push_back(grant.role);
  }
  return roles;
}

// An administrator can stand in for any role.
bool fills(const std::vector<std::string>& roles, const std::string& wanted) {
  return std::ranges::any_of(roles,
                             [&](const std::string& role) { return role == wanted || role == "admin"; });
}

bool is_among(const std::set<std::string>& authors, std::string_view id, std::string_view name,
              std::string_view email) {
  return authors.contains(to_lower(id)) || authors.contains(to_lower(name)) ||
         (!email.empty() && authors.contains(to_lower(email)));
}

void vote(soci::session& sql, const ReleaseManifest& release, const ReleaseApproval& approval) {
  const long long number = release.number;
  const long long at = approval.at_us;
  const std::string roles = fmt::format("{}", fmt::join(approval.roles, " "));
  sql << "INSERT INTO release_approvals (use_case, number, environment, principal_id, principal, email, "
         "roles, "
         "decision, comment, at_us) VALUES (:use_case, :number, :environment, :id, :name, :email, :roles, "
         ":decision, "
         ":comment, :at) ON CONFLICT (use_case, number, environment, principal_id) DO UPDATE SET principal = "
         "excluded.principal, email = excluded.email, roles = excluded.roles, decision = excluded.decision, "
         "comment = "
         "excluded.comment, at_us = excluded.at_us",
      soci::use(release.use_case), soci::use(number), soci::use(approval.environment),
      soci::use(approval.by_id), soci::use(approval.by), soci::use(approval.by_email), soci::use(roles),
      soci::use(approval.decision), soci::use(approval.comment), soci::use(at);
}

bool satisfied(const std::map<std::string, std::int64_t>& counted, const Policy& policy) {
  return std::ranges::all_of(policy.approvals, [&](const auto& wanted) {
    const auto found = counted.find(wanted.first);
    return found != counted.end() && found->second >= wanted.second;
  });
}

// Whether a role they hold may decide at all, whoever wrote the release.
bool decides(const Policy& policy, const Principal& who, std::string_view use_case,
             std::string_view environment) {
  const std::vector<std::string> roles = roles_held(who, use_case, environment);
  const bool named = std::ranges::any_of(
      policy.approvals, [&](const auto& wanted) { return wanted.second > 0 && fills(roles, wanted.first); });
  return named || may(who.grants, Permission::kApprove, {use_case, environment, {}});
}

// The policies of one environment. Few use cases have their own, and the others share one.
class KnownPolicies {
 public:
  static Result<KnownPolicies> load(soci::session& sql, const PolicyStore& store, std::string environment) {
    KnownPolicies known(store, std::move(environment));
    SLIPWAY_ASSIGN(EffectivePolicy shared, store.effective(sql, kSharedOwner, known.environment_));
    known.shared_ = std::move(shared.policy);
    std::string owner;
    soci::statement statement =
        (sql.prepare << "SELECT DISTINCT owner FROM policies WHERE environment = :environment",
         soci::use(known.environment_), soci::into(owner));
    statement.execute();
    while (statement.fetch()) known.own_.insert(owner);
    return known;
  }
  Result<Policy> of(soci::session& sql, const std::string& use_case) const {
    if (!own_.contains(use_case)) return shared_;
    SLIPWAY_ASSIGN(EffectivePolicy effective, store_->effective(sql, use_case, environment_));
    return std::move(effective.policy);
  }

 private:
  KnownPolicies(const PolicyStore& store, std::string environment)
      : store_(&store), environment_(std::move(environment)) {}
  const PolicyStore* store_;
  std::string environment_;
  Policy shared_;
  std::set<std::string> own_;
};

// The newest release of each use case where another one is active in the environment, or none; newest first.
std::vector<ReleasePlace> not_running_yet(soci::session& sql, const std::string& environment,
                                          const std::string& before) {
  std::vector<ReleasePlace> places;
  ReleasePlace row;
  row.environment = environment;
  long long number = 0;
  long long active = 0;
  long long active_before = 0;
  soci::statement statement =
      (sql.prepare
           << "SELECT r.use_case, r.number, COALESCE(h.active, 0), COALESCE(b.active, 0) FROM releases r "
              "LEFT JOIN deployments h ON h.use_case = r.use_case AND h.environment = :here "
              "LEFT JOIN deployments b ON b.use_case = r.use_case AND b.environment = :before "
              "WHERE COALESCE(h.active, 0) <> r.number AND NOT EXISTS (SELECT 1 FROM releases n WHERE "
              "n.use_case = r.use_case AND n.number > r.number) ORDER BY r.created_us DESC, r.use_case",
       soci::use(environment), soci::use(before), soci::into(row.use_case), soci::into(number),
       soci::into(active), soci::into(active_before));
  statement.execute();
  while (statement.fetch()) {
    row.number = number;
    row.active = active;
    row.active_before = active_before;
    places.push_back(row);
  }
  return places;
}

}  // namespace

std::set<std::string> authors_of(const ReleaseManifest& release, const ReleaseManifest* running) {
  std::set<std::string> authors = {to_lower(release.author_id), to_lower(release.author)};
  for (const PinnedAsset& asset : release.assets) {
    const PinnedAsset* there = running == nullptr ? nullptr : running->find(asset.name);
    if (there == nullptr || there->digest != asset.digest) authors.insert(to_lower(asset.author));
  }
  authors.erase("");
  return authors;
}

std::string why_not_approve(const std::set<std::string>& authors, const Policy& policy, const Principal& who,
                            std::string_view use_case, std::string_view environment) {
  if (!decides(policy, who, use_case, environment)) {
    std::vector<std::string> wanted;
    for (const auto& [role, count] : policy.approvals) wanted.push_back(role);
    if (wanted.empty()) wanted.emplace_back("approver");
    return fmt::format("One of these roles for {} in {} decides: {}.", use_case, environment,
                       fmt::join(wanted, ", "));
  }
  if (!policy.author_may_approve && is_among(authors, who.id, who.name, who.email))
    return "You wrote part of what is new in this release: somebody else has to decide.";
  return {};
}

std::map<std::string, std::int64_t> count_approvals(const std::vector<ReleaseApproval>& approvals,
                                                    const std::set<std::string>& authors,
                                                    const Policy& policy) {
  // One place for each person a role asks for; people are matched to places so that as many as possible are
  // filled (augmenting paths; there are few of both).
  std::vector<std::string> places;
  for (const auto& [role, count] : policy.approvals)
    for (std::int64_t i = 0; i < count; ++i) places.push_back(role);
  std::vector<const ReleaseApproval*> people;
  for (const ReleaseApproval& approval : approvals) {
    if (approval.decision != "approve") continue;
    if (!policy.author_may_approve && is_among(authors, approval.by_id, approval.by, approval.by_email))
      continue;
    people.push_back(&approval);
  }
  constexpr std::size_t kNobody = SIZE_MAX;
  std::vector<std::size_t> taken(places.size(), kNobody);
  std::vector<bool> tried;
  const std::function<bool(std::size_t)> seat = [&](std::size_t person) {
    for (std::size_t place = 0; place < places.size(); ++place) {
      if (tried[place] || !fills(people[person]->roles, places[place])) continue;
      tried[place] = true;
      if (taken[place] == kNobody || seat(taken[place])) {
        taken[place] = person;
        return true;
      }
    }
    return false;
  };
  for (std::size_t person = 0; person < people.size(); ++person) {
    tried.assign(places.size(), false);
    static_cast<void>(seat(person));
  }
  std::map<std::string, std::int64_t> counted;
  for (const auto& [role, count] : policy.approvals) counted[role] = 0;
  for (std::size_t place = 0; place < places.size(); ++place)
    if (taken[place] != kNobody) ++counted[places[place]];
  return counted;
}

std::int64_t active_release(soci::session& sql, std::string_view use_case, std::string_view environment) {
  const std::string slug(use_case);
  const std::string where(environment);
  long long active = 0;
  sql << "SELECT active FROM deployments WHERE use_case = :use_case AND environment = :environment",
      soci::use(slug), soci::use(where), soci::into(active);
  return active;
}

Result<> ApprovalStore::decide(std::string_view use_case, std::int64_t number, std::string_view environment,
                               std::string_view decision, std::string_view comment, const Principal& who) {
  if (decision != "approve" && decision != "reject")
    return bad(fmt::format("'{}' is no decision", ellipsize(decision, 60)), "decision",
               "Say approve or reject.");
  if (comment.size() > kCommentBytes)
    return bad(fmt::format("a comment has at most {} bytes", kCommentBytes), "comment");
  if (decision == "reject" && trim(comment).empty())
    return bad("a rejection needs a comment", "comment", "Say what would have to change.");
  if (std::ranges::find(environments_, environment) == environments_.end())
    return bad(fmt::format("there is no environment '{}'", ellipsize(environment, 80)), "environment",
               fmt::format("There are {}.", fmt::join(environments_, ", ")));
  return database_.write([&](soci::session& sql) -> Result<> {
    SLIPWAY_ASSIGN(const ReleaseManifest release, releases_.get(sql, use_case, number));
    SLIPWAY_ASSIGN(const EffectivePolicy effective, policies_.effective(sql, use_case, environment));
    const std::int64_t active = active_release(sql, use_case, environment);
    std::optional<ReleaseManifest> running;
    if (active != 0) {
      SLIPWAY_ASSIGN(running, releases_.get(sql, use_case, active));
    }
    const std::string why_not = why_not_approve(authors_of(release, running ? &*running : nullptr),
                                                effective.policy, who, use_case, environment);
    if (!why_not.empty())
      return fail(ErrorCode::kPermissionDenied, "you may not decide on this release", {}, why_not);
    ReleaseApproval approval;
    approval.environment = environment;
    approval.decision = decision;
    approval.by_id = who.id;
    approval.by = who.name;
    approval.by_email = who.email;
    approval.roles = roles_held(who, use_case, environment);
    approval.at_us = unix_now_us();
    approval.comment = trim(comment);
    vote(sql, release, approval);
    return append_audit(sql, who.actor(),
                        {fmt::format("release.{}", decision),
                         "release",
                         release.id(),
                         release.use_case,
                         approval.environment,
                         {{"comment", approval.comment}, {"digest", release.digest}}});
  });
}

Result<std::vector<ReleaseApproval>> ApprovalStore::of(const ReleaseManifest& release) {
  return database_.read([&](soci::session& sql) { return of(sql, release); });
}

Result<std::vector<ReleaseApproval>> ApprovalStore::of(soci::session& sql, const ReleaseManifest& release) {
  std::vector<ReleaseApproval> all;
  ReleaseApproval row;
  std::string roles;
  long long at = 0;
  const long long number = release.number;
  soci::statement statement =
      (sql.prepare
           << "SELECT environment, decision, principal_id, principal, email, roles, at_us, comment FROM "
              "release_approvals WHERE use_case = :use_case AND number = :number ORDER BY at_us, "
              "principal_id",
       soci::use(release.use_case), soci::use(number), soci::into(row.environment), soci::into(row.decision),
       soci::into(row.by_id), soci::into(row.by), soci::into(row.by_email), soci::into(roles), soci::into(at),
       soci::into(row.comment));
  statement.execute();
  while (statement.fetch()) {
    row.at_us = at;
    row.roles.clear();
    for (const std::string_view role : split(roles, ' '))
      if (!role.empty()) row.roles.emplace_back(role);
    all.push_back(row);
  }
  return all;
}

Result<std::optional<PendingDecision>> ApprovalStore::pending_of(soci::session& sql,
                                                                 const ReleasePlace& place,
                                                                 const Policy& policy, const Principal& who) {
  SLIPWAY_ASSIGN(const UseCaseState state, UseCaseStore::state(sql, place.use_case));
  if (state == UseCaseState::kRetired) return std::nullopt;
  SLIPWAY_ASSIGN(const ReleaseManifest release, releases_.get(sql, place.use_case, place.number));
  std::optional<ReleaseManifest> running;
  if (place.active != 0) {
    SLIPWAY_ASSIGN(running, releases_.get(sql, place.use_case, place.active));
  }
  const std::set<std::string> authors = authors_of(release, running ? &*running : nullptr);
  SLIPWAY_ASSIGN(auto approvals, of(sql, release));
  std::erase_if(approvals,
                [&](const ReleaseApproval& approval) { return approval.environment != place.environment; });
  if (std::ranges::find(approvals, "reject", &ReleaseApproval::decision) != approvals.end())
    return std::nullopt;
  if (satisfied(count_approvals(approvals, authors, policy), policy)) return std::nullopt;
  PendingDecision item;
  item.type = "release_approval";
  item.use_case = release.use_case;
  item.title = fmt::format("Release {} for {}", release.id(), place.environment);
  item.release = release.number;
  item.environment = place.environment;
  item.requested_us = release.created_us;
  item.requested_by = release.author;
  item.why_not = why_not_approve(authors, policy, who, release.use_case, place.environment);
  if (item.why_not.empty() &&
      std::ranges::find(approvals, who.id, &ReleaseApproval::by_id) != approvals.end())
    item.why_not = "You have approved it; somebody else has to, too.";
  return item;
}

Result<std::vector<PendingDecision>> ApprovalStore::pending(const Principal& who, bool mine) {
  return database_.read([&](soci::session& sql) -> Result<std::vector<PendingDecision>> {
    std::vector<PendingDecision> waiting;
    for (std::size_t i = 0; i < environments_.size(); ++i) {
      const std::string& environment = environments_[i];
      SLIPWAY_ASSIGN(const KnownPolicies policies, KnownPolicies::load(sql, policies_, environment));
      for (const ReleasePlace& place :
           not_running_yet(sql, environment, i == 0 ? std::string() : environments_[i - 1])) {
        if (waiting.size() >= kMostPending) break;
        if (!may(who.grants, Permission::kView, {place.use_case, environment, {}})) continue;
        SLIPWAY_ASSIGN(const Policy policy, policies.of(sql, place.use_case));
        if (policy.approvals.empty()) continue;
        if (policy.require_previous_environment && i > 0 && place.active_before != place.number)
          continue;  // not its turn
        if (mine && !decides(policy, who, place.use_case, environment)) continue;
        SLIPWAY_ASSIGN(auto item, pending_of(sql, place, policy, who));
        if (item && (!mine || item->why_not.empty())) waiting.push_back(std::move(*item));
      }
    }
    std::ranges::stable_sort(waiting, {}, &PendingDecision::requested_us);
    return waiting;
  });
}

}  // namespace slipway::governance
