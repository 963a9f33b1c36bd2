// SPDX-License-Identifier: Apache-2.0
#include "governance/reviews.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/text.h"
#include "governance/use_case_rows.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kCommentBytes = 8'000;
constexpr std::size_t kConditionBytes = 2'000;
constexpr std::size_t kConditions = 50;
constexpr std::size_t kQueueLimit = 500;
constexpr std::int64_t kDayUs = 86'400'000'000;
// A review can be renewed before it expires: it is offered in the last quarter of its time, at most this
// long.
constexpr std::int64_t kRenewalUs = 14 * kDayUs;
constexpr std::array<std::string_view, 3> kDecisions = {"approve", "approve_with_conditions", "reject"};

std::unexpected<Error> bad(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

Result<> check_words(const ReviewDecision& decision) {
  const auto& known = review_disciplines();
  if (std::ranges::find(known, decision.discipline) == known.end()) {
    const auto near = nearest(decision.discipline, known);
    return bad(fmt::format("there is no discipline '{}'", ellipsize(decision.discipline, 60)), "discipline",
               near ? fmt::format("Did you mean '{}'?", *near)
                    : fmt::format("There are {}.", fmt::join(known, ", ")));
  }
  if (std::ranges::find(kDecisions, decision.decision) == kDecisions.end())
    return bad(fmt::format("'{}' is no decision", ellipsize(decision.decision, 60)), "decision",
               fmt::format("There are {}.", fmt::join(kDecisions, ", ")));
  if (decision.comment.size() > kCommentBytes)
    return bad(fmt::format("a comment has at most {} bytes", kCommentBytes), "comment");
  if (decision.conditions.size() > kConditions)
    return bad(fmt::format("there are at most {} conditions", kConditions), "conditions");
  for (const std::string& condition : decision.conditions)
    if (trim(condition).empty() || condition.size() > kConditionBytes)
      return bad(fmt::format("a condition has 1 to {} bytes", kConditionBytes), "conditions");
  return {};
}

Result<> check_decision(const ReviewDecision& decision) {
  SLIPWAY_TRY(check_words(decision));
  if (decision.decision == "reject" && trim(decision.comment).empty())
    return bad("a rejection needs a comment", "comment", "Say what would have to change.");
  const bool conditional = decision.decision == "approve_with_conditions";
  if (conditional && decision.conditions.empty())
    return bad("an approval with conditions needs conditions", "conditions", "Or approve without them.");
  if (!conditional && !decision.conditions.empty())
    return bad(fmt::format("'{}' takes no conditions", decision.decision), "conditions",
               "Use approve_with_conditions.");
  return {};
}

bool same_person(std::string_view owner, const Principal& who) {
  return !owner.empty() && (iequals(owner, who.name) || iequals(owner, who.id) ||
                            (!who.email.empty() && iequals(owner, who.email)));
}

// When the decision ends; an error if it reaches too far.
Result<std::int64_t> expiry_of(const ReviewDecision& decision, const RiskTier& tier, std::int64_t now_us) {
  const std::int64_t latest = now_us + static_cast<std::int64_t>(tier.review_days) * kDayUs;
  if (decision.expires_us == 0) return latest;
  if (decision.expires_us <= now_us) return bad("the expiry lies in the past", "expires_at");
  if (decision.expires_us > latest)
    return bad(fmt::format("a review of the tier '{}' holds for at most {} days, until {}", tier.name,
                           tier.review_days, format_time_us(latest)),
               "expires_at");
  return decision.expires_us;
}

Result<> check_reviewable(const UseCase& use_case, const ReviewDecision& decision) {
  if (use_case.state != UseCaseState::kInReview && use_case.state != UseCaseState::kApproved)
    return fail(ErrorCode::kConflict,
                fmt::format("the use case '{}' is not in review: it is {}", use_case.slug,
                            use_case.state == UseCaseState::kDraft ? "a draft" : "retired"),
                "use_case",
                use_case.state == UseCaseState::kDraft ? "Its owner submits it first." : std::string());
  if (std::ranges::find(use_case.required_reviews, decision.discipline) == use_case.required_reviews.end())
    return fail(
        ErrorCode::kConflict,
        fmt::format("a use case of the tier '{}' needs no {} review", use_case.tier, decision.discipline),
        "discipline", fmt::format("It needs {}.", fmt::join(use_case.required_reviews, ", ")));
  if (decision.version != 0 && decision.version != use_case.version)
    return fail(ErrorCode::kConflict,
                fmt::format("the use case '{}' has changed since you looked: it is at version {}, not {}",
                            use_case.slug, use_case.version, decision.version),
                "version", "Read it again before you decide.");
  return {};
}

// Whether it waits for a decision, and since when.
bool waits(const UseCase& use_case, const Review& review, std::int64_t now_us, std::int64_t& since_us) {
  since_us = use_case.submitted_us;
  switch (review.state) {
    case ReviewState::kMissing:
    case ReviewState::kOutdated: return true;
    case ReviewState::kExpired: since_us = review.expires_us; return true;
    case ReviewState::kRejected: return false;
    case ReviewState::kApproved:
    case ReviewState::kApprovedWithConditions: break;
  }
  const std::int64_t window = std::min(kRenewalUs, (review.expires_us - review.decided_us) / 4);
  since_us = review.expires_us - window;
  return since_us <= now_us;
}

std::string title_of(const UseCase& use_case, const Review& review) {
  switch (review.state) {
    case ReviewState::kExpired:
      return fmt::format("Renew the {} review of {}: it expired on {}", review.discipline, use_case.name,
                         format_time_us(review.expires_us).substr(0, 10));
    case ReviewState::kOutdated:
      return fmt::format("Review {} again ({}): it has changed", use_case.name, review.discipline);
    case ReviewState::kApproved:
    case ReviewState::kApprovedWithConditions:
      return fmt::format("Renew the {} review of {}: it expires on {}", review.discipline, use_case.name,
                         format_time_us(review.expires_us).substr(0, 10));
    case ReviewState::kMissing:
    case ReviewState::kRejected: break;
  }
  return fmt::format("Review {} ({})", use_case.name, review.discipline);
}

}  // namespace

std::string why_not_review(const UseCase& use_case, const Principal& who, std::string_view discipline) {
  const Result<> allowed = require(who.grants, Permission::kReview, {use_case.slug, {}, discipline});
  if (!allowed) return allowed.error().message;
  if (same_person(use_case.owner, who)) return "you own this use case; somebody else has to review it";
  if (use_case.created_by_id == who.id) return "you registered this use case; somebody else has to review it";
  if (use_case.edited_by_id == who.id)
    return "you changed this use case last; somebody else has to review it";
  return {};
}

Result<UseCase> ReviewStore::decide(std::string_view slug, const ReviewDecision& decision,
                                    const Principal& who) {
  SLIPWAY_TRY(check_decision(decision));
  return database_.write([&](soci::session& sql) -> Result<UseCase> {
    SLIPWAY_ASSIGN(UseCase use_case, use_cases_.get(sql, slug));
    SLIPWAY_TRY(require(who.grants, Permission::kReview, {use_case.slug, {}, decision.discipline}));
    if (const std::string why = why_not_review(use_case, who, decision.discipline); !why.empty())
      return fail(ErrorCode::kPermissionDenied, why);
    SLIPWAY_TRY(check_reviewable(use_case, decision));
    const std::int64_t now_us = unix_now_us();
    ReviewRow row;
    row.use_case = use_case.slug;
    row.discipline = decision.discipline;
    row.decision = decision.decision;
    row.reviewer_id = who.id;
    row.reviewer = who.name;
    row.comment = std::string(trim(decision.comment));
    row.conditions = decision.conditions;
    row.basis = review_basis(use_case);
    row.decided_us = now_us;
    SLIPWAY_ASSIGN(row.expires_us,
                   expiry_of(decision, *use_cases_.questionnaire().tier(use_case.tier), now_us));
    insert_review(sql, row);
    const UseCaseState before = use_case.state;
    UseCase settled = settle_use_case(sql, use_cases_.questionnaire(), std::move(use_case), now_us);
    AuditEvent event;
    event.action = "use_case.review";
    event.object_type = "use_case";
    event.object = event.use_case = settled.slug;
    event.detail = {{"discipline", row.discipline},
                    {"decision", row.decision},
                    {"comment", row.comment},
                    {"conditions", json::value_from(row.conditions)},
                    {"expires_at", format_time_us(row.expires_us)},
                    {"version", settled.version},
                    {"basis", row.basis},
                    {"state", json::object{{"from", to_string(before)}, {"to", to_string(settled.state)}}}};
    SLIPWAY_TRY(append_audit(sql, who.actor(), event));
    return settled;
  });
}

Result<std::vector<PendingDecision>> ReviewStore::pending(const Principal& who, bool mine) {
  const std::int64_t now_us = unix_now_us();
  std::vector<PendingDecision> waiting;
  const auto look = [&](const UseCase& use_case) -> Result<> {
    if (!may(who.grants, Permission::kView, {use_case.slug, {}, {}})) return {};
    for (const Review& review : use_case.reviews) {
      std::int64_t since_us = 0;
      if (!waits(use_case, review, now_us, since_us)) continue;
      std::string why = why_not_review(use_case, who, review.discipline);
      if (mine && !why.empty()) continue;
      PendingDecision item;
      item.type = "use_case_review";
      item.use_case = use_case.slug;
      item.title = title_of(use_case, review);
      item.discipline = review.discipline;
      item.requested_us = since_us;
      item.requested_by = use_case.submitted_by;
      item.why_not = std::move(why);
      item.tier = use_case.tier;
      waiting.push_back(std::move(item));
    }
    return {};
  };
  for (const UseCaseState state : {UseCaseState::kInReview, UseCaseState::kApproved}) {
    UseCaseFilter filter;
    filter.state = state;
    SLIPWAY_TRY(use_cases_.for_each(filter, look));
  }
  std::ranges::stable_sort(waiting, {}, &PendingDecision::requested_us);
  if (waiting.size() > kQueueLimit) waiting.resize(kQueueLimit);
  return waiting;
}

}  // namespace slipway::governance
