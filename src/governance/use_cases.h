// SPDX-License-Identifier: Apache-2.0
// The registry of use cases: what they are for, how risky they are, and whether they are approved. Blocks on
// the database; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "governance/audit.h"
#include "governance/questionnaire.h"
#include "governance/use_case_content.h"
#include "store/database.h"

namespace slipway::governance {

// draft → in review → approved → retired. An approval ends by itself when the first of its reviews expires;
// the use case is in review again from that moment, whoever looks.
enum class UseCaseState : std::uint8_t { kDraft, kInReview, kApproved, kRetired };
std::string_view to_string(UseCaseState state);  // "draft", "in_review", "approved", "retired"
std::optional<UseCaseState> parse_use_case_state(std::string_view text);

// kOutdated: what was reviewed has changed since, or the review was asked for again.
enum class ReviewState : std::uint8_t {
  kMissing,
  kApproved,
  kApprovedWithConditions,
  kRejected,
  kExpired,
  kOutdated,
};
std::string_view to_string(ReviewState state);

// Where one discipline's review stands.
struct Review {
  std::string discipline;
  ReviewState state = ReviewState::kMissing;
  std::string reviewer;  // empty while missing
  std::string comment;
  std::vector<std::string> conditions;
  std::int64_t decided_us = 0;
  std::int64_t expires_us = 0;
};

struct UseCase : UseCaseContent {
  std::string slug;
  std::int64_t version = 0;  // grows with each change
  UseCaseState state = UseCaseState::kDraft;
  std::string tier;  // empty until every question is answered
  std::vector<std::string> risk_reasons;
  std::vector<std::string> required_reviews;
  std::vector<Review> reviews;     // one for each required one
  std::uint32_t reviews_open = 0;  // required, but missing, outdated or expired
  // Unix microseconds, 0: never.
  std::int64_t created_us = 0;
  std::int64_t updated_us = 0;
  std::int64_t submitted_us = 0;
  std::int64_t approved_until_us = 0;  // 0: not approved, or without an end
  std::string created_by_id;           // principals
  std::string edited_by_id;
  std::string submitted_by;
  std::string retire_reason;
};

// ^[a-z][a-z0-9-]{0,62}$
bool is_valid_slug(std::string_view slug);
// Words that stand for something else where slugs do: "shared" owns assets, "default" is a policy's origin,
// "export" and "new" are addresses.
bool is_reserved_slug(std::string_view slug);

struct UseCaseFilter {
  std::string words = {};  // each must occur in slug, name, owner or purpose
  std::optional<UseCaseState> state = {};
  std::string tier = {};
  std::string owner = {};
  bool review_due = false;                            // submitted, and a review is missing or has expired
  std::optional<std::vector<std::string>> only = {};  // slugs the caller may see; nullopt: all
};

struct UseCasePage {
  std::vector<UseCase> items;  // by slug
  std::string next_cursor;     // empty: this was the last page
  std::uint64_t total = 0;     // of all pages
};

class UseCaseStore {
 public:
  // `questionnaire` outlives the store.
  explicit UseCaseStore(store::Database& database,
                        const Questionnaire& questionnaire = Questionnaire::builtin())
      : database_(database), questionnaire_(questionnaire) {}
  [[nodiscard]] const Questionnaire& questionnaire() const { return questionnaire_; }

  // A draft. kInvalidArgument names the field, kConflict if the slug is taken.
  Result<UseCase> create(std::string_view slug, UseCaseContent content, const Actor& actor);
  // Makes it if it does not exist.
  Result<> ensure(std::string_view slug, std::string_view name, std::string_view owner);

  Result<UseCase> get(std::string_view slug);  // kNotFound
  Result<UseCase> get(soci::session& sql, std::string_view slug);
  // Inside the caller's transaction, as of now. kNotFound.
  static Result<UseCaseState> state(soci::session& sql, std::string_view slug);

  // At most `limit` after `cursor`.
  Result<UseCasePage> list(const UseCaseFilter& filter, std::string_view cursor, std::uint32_t limit);
  // All that pass the filter, by slug, in one consistent view.
  Result<> for_each(const UseCaseFilter& filter, const std::function<Result<>(const UseCase&)>& use);

  // Writes `fields` (as apply_fields takes them) over the use case. kConflict if it is no longer at `version`
  // or is retired. A change of what review_basis covers outdates the reviews.
  Result<UseCase> update(std::string_view slug, std::int64_t version, const json::object& fields,
                         const Actor& actor);
  // Asks for the reviews; rejected ones are asked for again. kConflict says what is missing.
  Result<UseCase> submit(std::string_view slug, const Actor& actor);
  // For good: its keys are revoked in the same transaction.
  Result<UseCase> retire(std::string_view slug, std::string_view reason, const Actor& actor);

  // Writes down, with an audit entry of the system's, the approvals that have expired; how many there were.
  Result<std::uint32_t> note_expired();
  // After a change of the questionnaire: every tier anew. Call once at the start.
  Result<std::uint32_t> reassess();

 private:
  store::Database& database_;
  const Questionnaire& questionnaire_;
};

}  // namespace slipway::governance
