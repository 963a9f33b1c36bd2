// SPDX-License-Identifier: Apache-2.0
#include "governance/use_cases.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "governance/keys.h"
#include "governance/use_case_rows.h"

namespace slipway::governance {

namespace {

constexpr std::array<std::string_view, 4> kReservedSlugs = {"shared", "default", "export", "new"};
// The console's own playground calls with it.
constexpr std::string_view kPlayground = "playground";
constexpr std::size_t kReasonBytes = 2'000;
constexpr std::uint32_t kSweepPage = 500;

constexpr std::array<std::pair<UseCaseState, std::string_view>, 4> kStates = {
    std::pair{UseCaseState::kDraft, "draft"},
    {UseCaseState::kInReview, "in_review"},
    {UseCaseState::kApproved, "approved"},
    {UseCaseState::kRetired, "retired"},
};

Result<> audit(soci::session& sql, const Actor& actor, std::string_view verb, const std::string& slug,
               json::object detail) {
  AuditEvent event;
  event.action = fmt::format("use_case.{}", verb);
  event.object_type = "use_case";
  event.object = slug;
  event.use_case = slug;
  event.detail = std::move(detail);
  return append_audit(sql, actor, event);
}

Result<> check_slug(std::string_view slug) {
  if (!is_valid_slug(slug))
    return fail(
        ErrorCode::kInvalidArgument, fmt::format("'{}' can't be a use case's slug", ellipsize(slug, 80)),
        "slug",
        "Use a lower-case letter followed by up to 62 letters, digits and hyphens, as in support-assistant.");
  if (is_reserved_slug(slug))
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is a word of Slipway's own", slug), "slug",
                "Choose another slug.");
  return {};
}

Result<> check_not_retired(const UseCase& use_case) {
  if (use_case.state != UseCaseState::kRetired) return {};
  return fail(ErrorCode::kConflict, fmt::format("the use case '{}' is retired", use_case.slug), "use_case",
              "Register a new one for a new purpose.");
}

// What has to be written down before anybody can judge it.
Result<> check_complete(const UseCase& use_case, const Questionnaire& questionnaire) {
  std::vector<std::string> missing;
  if (use_case.purpose.empty()) missing.emplace_back("purpose");
  if (use_case.owner.empty()) missing.emplace_back("owner");
  if (use_case.users_affected.empty()) missing.emplace_back("users_affected");
  for (const std::string& id : questionnaire.assess(use_case.answers).unanswered)
    missing.push_back("answers." + id);
  if (!missing.empty())
    return fail(ErrorCode::kConflict,
                fmt::format("the use case '{}' is not complete: {} {} missing", use_case.slug,
                            fmt::join(missing, ", "), missing.size() == 1 ? "is" : "are"),
                missing.front(), "Fill that in, then submit it again.");
  const RiskTier* tier = questionnaire.tier(questionnaire.assess(use_case.answers).tier);
  if (tier != nullptr && tier->forbidden)
    return fail(ErrorCode::kConflict,
                fmt::format("the answers make '{}' a use case of the tier '{}', which is forbidden: {}",
                            use_case.slug, tier->name,
                            fmt::join(questionnaire.assess(use_case.answers).reasons, " ")),
                "answers", "Change what it does, or don't build it.");
  return {};
}

}  // namespace

std::string_view to_string(UseCaseState state) {
  return std::ranges::find(kStates, state, &std::pair<UseCaseState, std::string_view>::first)->second;
}

std::optional<UseCaseState> parse_use_case_state(std::string_view text) {
  const auto found = std::ranges::find(kStates, text, &std::pair<UseCaseState, std::string_view>::second);
  if (found == kStates.end()) return std::nullopt;
  return found->first;
}

std::string_view to_string(ReviewState state) {
  switch (state) {
    case ReviewState::kMissing: return "missing";
    case ReviewState::kApproved: return "approved";
    case ReviewState::kApprovedWithConditions: return "approved_with_conditions";
    case ReviewState::kRejected: return "rejected";
    case ReviewState::kExpired: return "expired";
    case ReviewState::kOutdated: return "outdated";
  }
  return "missing";
}

bool is_valid_slug(std::string_view slug) {
  return !slug.empty() && slug.size() <= 63 && slug.front() >= 'a' && slug.front() <= 'z' &&
         std::ranges::all_of(
             slug, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool is_reserved_slug(std::string_view slug) {
  return std::ranges::find(kReservedSlugs, slug) != kReservedSlugs.end();
}

Result<UseCase> UseCaseStore::create(std::string_view slug, UseCaseContent content, const Actor& actor) {
  SLIPWAY_TRY(check_slug(slug));
  // Whatever built the content, the same limits hold.
  SLIPWAY_TRY(apply_fields(content_json(content), content));
  SLIPWAY_TRY(questionnaire_.check(content.answers));
  UseCase made;
  static_cast<UseCaseContent&>(made) = std::move(content);
  made.slug = std::string(slug);
  made.version = 1;
  made.created_us = made.updated_us = unix_now_us();
  made.created_by_id = made.edited_by_id = actor.id;
  return database_.write([&](soci::session& sql) -> Result<UseCase> {
    int taken = 0;
    sql << "SELECT COUNT(*) FROM use_cases WHERE slug = :slug", soci::use(made.slug), soci::into(taken);
    if (taken != 0)
      return fail(ErrorCode::kConflict, fmt::format("there is a use case '{}' already", made.slug), "slug",
                  "Choose another slug.");
    insert_use_case(sql, made);
    UseCase settled = settle_use_case(sql, questionnaire_, made, made.created_us);
    SLIPWAY_TRY(audit(sql, actor, "create", made.slug, content_json(settled)));
    return settled;
  });
}

Result<> UseCaseStore::ensure(std::string_view slug, std::string_view name, std::string_view owner) {
  const auto present = get(slug);
  if (present) return {};
  if (present.error().code != ErrorCode::kNotFound) return fail(present.error());
  UseCaseContent content;
  content.name = name;
  content.owner = owner;
  const Result<UseCase> made = create(slug, std::move(content), system_actor());
  if (!made && made.error().code != ErrorCode::kConflict) return fail(made.error());
  return {};
}

Result<UseCase> UseCaseStore::get(std::string_view slug) {
  return database_.read([&](soci::session& sql) { return get(sql, slug); });
}

Result<UseCase> UseCaseStore::get(soci::session& sql, std::string_view slug) {
  return load_use_case(sql, questionnaire_, slug, unix_now_us());
}

Result<UseCaseState> UseCaseStore::state(soci::session& sql, std::string_view slug) {
  const std::string wanted(slug);
  std::string state;
  long long until = 0;
  sql << "SELECT state, review_until_us FROM use_cases WHERE slug = :slug", soci::use(wanted),
      soci::into(state), soci::into(until);
  if (!sql.got_data())
    return fail(ErrorCode::kNotFound, fmt::format("there is no use case '{}'", ellipsize(slug, 80)),
                "use_case", "Register it first: slipway use-case create.");
  const UseCaseState stored = parse_use_case_state(state).value_or(UseCaseState::kDraft);
  if (stored == UseCaseState::kApproved && until != 0 && until <= unix_now_us())
    return UseCaseState::kInReview;
  return stored;
}

Result<UseCasePage> UseCaseStore::list(const UseCaseFilter& filter, std::string_view cursor,
                                       std::uint32_t limit) {
  const std::int64_t now_us = unix_now_us();
  return database_.read([&](soci::session& sql) -> Result<UseCasePage> {
    UseCasePage page;
    page.items = load_use_cases(sql, questionnaire_, filter, cursor, limit + 1, now_us);
    page.total = count_use_cases(sql, filter, now_us);
    if (page.items.size() > limit) {
      page.items.pop_back();
      page.next_cursor = page.items.back().slug;
    }
    return page;
  });
}

Result<> UseCaseStore::for_each(const UseCaseFilter& filter,
                                const std::function<Result<>(const UseCase&)>& use) {
  const std::int64_t now_us = unix_now_us();
  return database_.read([&](soci::session& sql) -> Result<> {
    std::string cursor;
    for (;;) {
      const auto page = load_use_cases(sql, questionnaire_, filter, cursor, kSweepPage, now_us);
      for (const UseCase& use_case : page) SLIPWAY_TRY(use(use_case));
      if (page.size() < kSweepPage) return {};
      cursor = page.back().slug;
    }
  });
}

Result<UseCase> UseCaseStore::update(std::string_view slug, std::int64_t version, const json::object& fields,
                                     const Actor& actor) {
  return database_.write([&](soci::session& sql) -> Result<UseCase> {
    SLIPWAY_ASSIGN(UseCase use_case, get(sql, slug));
    SLIPWAY_TRY(check_not_retired(use_case));
    if (version != use_case.version)
      return fail(ErrorCode::kConflict,
                  fmt::format("the use case '{}' has changed meanwhile: it is at version {}, not {}",
                              use_case.slug, use_case.version, version),
                  "version", "Load it again and repeat your change.");
    const UseCaseContent before = use_case;
    SLIPWAY_TRY(apply_fields(fields, use_case));
    if (use_case.answers != before.answers) SLIPWAY_TRY(questionnaire_.check(use_case.answers));
    if (static_cast<const UseCaseContent&>(use_case) == before) return use_case;
    const UseCaseState state_before = use_case.state;
    const bool material = review_basis(before) != review_basis(use_case);
    ++use_case.version;
    use_case.updated_us = unix_now_us();
    use_case.edited_by_id = actor.id;
    if (material && use_case.submitted_us != 0) {  // the reviews are asked for anew, as of now
      use_case.submitted_us = use_case.updated_us;
      use_case.submitted_by = actor.name;
    }
    UseCase settled = settle_use_case(sql, questionnaire_, std::move(use_case), unix_now_us());
    json::object detail{{"version", settled.version}, {"fields", changed_fields(before, settled)}};
    if (material) detail["reviews_outdated"] = true;
    if (settled.state != state_before)
      detail["state"] = json::object{{"from", to_string(state_before)}, {"to", to_string(settled.state)}};
    SLIPWAY_TRY(audit(sql, actor, "update", settled.slug, std::move(detail)));
    return settled;
  });
}

Result<UseCase> UseCaseStore::submit(std::string_view slug, const Actor& actor) {
  return database_.write([&](soci::session& sql) -> Result<UseCase> {
    SLIPWAY_ASSIGN(UseCase use_case, get(sql, slug));
    SLIPWAY_TRY(check_not_retired(use_case));
    const bool rejected =
        std::ranges::find(use_case.reviews, ReviewState::kRejected, &Review::state) != use_case.reviews.end();
    if (use_case.state == UseCaseState::kApproved)
      return fail(ErrorCode::kConflict, fmt::format("the use case '{}' is approved already", use_case.slug),
                  "use_case", "Reviewers can renew their reviews before they expire.");
    if (use_case.state == UseCaseState::kInReview && !rejected)
      return fail(ErrorCode::kConflict, fmt::format("the use case '{}' is in review already", use_case.slug),
                  "use_case", fmt::format("{} reviews are open.", use_case.reviews_open));
    SLIPWAY_TRY(check_complete(use_case, questionnaire_));
    if (rejected) supersede_rejections(sql, use_case.slug);
    use_case.state = UseCaseState::kInReview;
    use_case.submitted_us = use_case.updated_us = unix_now_us();
    use_case.submitted_by = actor.name;
    ++use_case.version;
    UseCase settled = settle_use_case(sql, questionnaire_, std::move(use_case), unix_now_us());
    SLIPWAY_TRY(audit(sql, actor, "submit", settled.slug,
                      {{"tier", settled.tier},
                       {"state", to_string(settled.state)},
                       {"required_reviews", json::value_from(settled.required_reviews)}}));
    return settled;
  });
}

Result<UseCase> UseCaseStore::retire(std::string_view slug, std::string_view reason, const Actor& actor) {
  const std::string_view why = trim(reason);
  if (why.empty() || why.size() > kReasonBytes)
    return fail(ErrorCode::kInvalidArgument, fmt::format("a reason has 1 to {} bytes", kReasonBytes),
                "reason", "Say why it ends: whoever looks at the registry later will want to know.");
  if (slug == kPlayground)
    return fail(ErrorCode::kConflict, "the playground is part of Slipway and can't be retired", "use_case");
  return database_.write([&](soci::session& sql) -> Result<UseCase> {
    SLIPWAY_ASSIGN(UseCase use_case, get(sql, slug));
    SLIPWAY_TRY(check_not_retired(use_case));
    const long long now = unix_now_us();
    const std::int64_t keys = KeyStore::revoke_all(sql, use_case.slug, now);
    use_case.state = UseCaseState::kRetired;
    use_case.retire_reason = std::string(why);
    use_case.updated_us = now;
    ++use_case.version;
    UseCase settled = settle_use_case(sql, questionnaire_, std::move(use_case), now);
    SLIPWAY_TRY(audit(sql, actor, "retire", settled.slug,
                      {{"reason", settled.retire_reason}, {"keys_revoked", keys}}));
    return settled;
  });
}

Result<std::uint32_t> UseCaseStore::note_expired() {
  const long long now = unix_now_us();
  const auto expired = [&](soci::session& sql) -> Result<std::vector<std::string>> {
    std::vector<std::string> slugs;
    std::string slug;
    soci::statement statement =
        (sql.prepare << "SELECT slug FROM use_cases WHERE state = 'approved' AND "
                        "review_until_us <> 0 AND review_until_us <= :now ORDER BY slug",
         soci::use(now), soci::into(slug));
    statement.execute();
    while (statement.fetch()) slugs.push_back(slug);
    return slugs;
  };
  // Looked for without the write lock first: nearly always there is nothing to do.
  SLIPWAY_ASSIGN(const auto found, database_.read(expired));
  if (found.empty()) return 0;
  return database_.write([&](soci::session& sql) -> Result<std::uint32_t> {
    SLIPWAY_ASSIGN(const auto slugs, expired(sql));
    for (const std::string& slug : slugs) {
      SLIPWAY_ASSIGN(UseCase use_case, load_use_case(sql, questionnaire_, slug, now));
      const UseCase settled = settle_use_case(sql, questionnaire_, std::move(use_case), now);
      json::array disciplines;
      for (const Review& review : settled.reviews)
        if (review.state == ReviewState::kExpired) disciplines.emplace_back(review.discipline);
      SLIPWAY_TRY(audit(sql, system_actor(), "expire", slug,
                        {{"reviews", std::move(disciplines)}, {"state", to_string(settled.state)}}));
    }
    return static_cast<std::uint32_t>(slugs.size());
  });
}

Result<std::uint32_t> UseCaseStore::reassess() {
  const auto others = [&](soci::session& sql) -> Result<std::vector<std::string>> {
    std::vector<std::string> slugs;
    std::string slug;
    soci::statement statement =
        (sql.prepare << "SELECT slug FROM use_cases WHERE questionnaire <> :present AND state <> 'retired' "
                        "ORDER BY slug",
         soci::use(questionnaire_.fingerprint()), soci::into(slug));
    statement.execute();
    while (statement.fetch()) slugs.push_back(slug);
    return slugs;
  };
  SLIPWAY_ASSIGN(const auto found, database_.read(others));
  if (found.empty()) return 0;
  return database_.write([&](soci::session& sql) -> Result<std::uint32_t> {
    SLIPWAY_ASSIGN(const auto slugs, others(sql));
    std::uint32_t changed = 0;
    for (const std::string& each : slugs) {
      SLIPWAY_ASSIGN(UseCase before, get(sql, each));
      const UseCase settled = settle_use_case(sql, questionnaire_, before, unix_now_us());
      if (settled.tier == before.tier && settled.state == before.state) continue;
      ++changed;
      SLIPWAY_TRY(audit(
          sql, system_actor(), "reassess", each,
          {{"questionnaire", questionnaire_.version()},
           {"tier", json::object{{"from", before.tier}, {"to", settled.tier}}},
           {"state", json::object{{"from", to_string(before.state)}, {"to", to_string(settled.state)}}}}));
    }
    return changed;
  });
}

}  // namespace slipway::governance
