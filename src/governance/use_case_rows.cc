// SPDX-License-Identifier: Apache-2.0
#include "governance/use_case_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "base/text.h"
#include "store/like.h"
#include "store/migrations.h"

namespace slipway::governance {

namespace {

// Stored as JSON: what is only ever read with the whole use case.
constexpr std::array kListFields = {"data_classes", "answers", "kpis", "thresholds", "cost_tags", "links"};

json::array texts_json(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

std::vector<std::string> read_texts(const std::string& text) {
  std::vector<std::string> out;
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_array()) return out;
  for (const json::value& item : parsed->as_array())
    if (item.is_string()) out.emplace_back(item.as_string());
  return out;
}

struct Row {
  std::string slug, name, owner, state, tier, purpose, users_affected, mitigations, known_limits, entry,
      lists, created_by_id, edited_by_id, submitted_by, retire_reason;
  long long created = 0, version = 0, updated = 0, submitted = 0;

  [[nodiscard]] UseCase use_case() const {
    UseCase made;
    // Bounds were checked when it was written; a limit that has shrunk since must not make it unreadable.
    if (const auto parsed = parse_json(lists); parsed && parsed->is_object())
      for (const auto& [key, value] : parsed->as_object()) {
        const Result<> applied = apply_fields({{"name", "-"}, {key, value}}, made);
        static_cast<void>(applied);
      }
    made.slug = slug;
    made.name = name;
    made.owner = owner;
    made.purpose = purpose;
    made.users_affected = users_affected;
    made.mitigations = mitigations;
    made.known_limits = known_limits;
    made.entry = entry;
    made.version = version;
    made.state = parse_use_case_state(state).value_or(UseCaseState::kDraft);
    made.tier = tier;
    made.created_us = created;
    made.updated_us = updated;
    made.submitted_us = submitted;
    made.created_by_id = created_by_id;
    made.edited_by_id = edited_by_id;
    made.submitted_by = submitted_by;
    made.retire_reason = retire_reason;
    return made;
  }
};

std::string lists_text(const UseCase& use_case) {
  const json::object all = content_json(use_case);
  json::object lists;
  for (const char* field : kListFields) lists[field] = all.at(field);
  return json::serialize(lists);
}

// What the words of a search are looked for in.
std::string search_text(const UseCase& use_case) {
  return to_lower(use_case.slug + "\n" + use_case.name + "\n" + use_case.owner + "\n" + use_case.purpose);
}

// A WHERE clause and the values of its parameters, in order.
struct Where {
  std::string text = "1 = 1";
  std::vector<std::string> values;

  void add(std::string_view condition, std::string value) {
    text += " AND ";
    const std::size_t mark = condition.find('?');
    text += condition.substr(0, mark);
    text += fmt::format(":p{}", values.size());
    text += condition.substr(mark + 1);
    values.push_back(std::move(value));
  }
};

// Slugs hold only a-z, 0-9 and '-', so that they may stand in the text; whatever else is asked for matches
// nothing.
std::string slug_list(const std::vector<std::string>& slugs) {
  std::string list = "''";
  for (const std::string& slug : slugs)
    if (is_valid_slug(slug)) list += ", '" + slug + "'";
  return list;
}

Where where_of(const UseCaseFilter& filter, std::string_view cursor, std::int64_t now_us) {
  Where where;
  const std::string expired =
      fmt::format("(state = 'approved' AND review_until_us <> 0 AND review_until_us <= {})", now_us);
  if (filter.state == UseCaseState::kApproved)
    where.text += " AND state = 'approved' AND NOT " + expired;
  else if (filter.state == UseCaseState::kInReview)
    where.text += " AND (state = 'in_review' OR " + expired + ")";
  else if (filter.state)
    where.add("state = ?", std::string(to_string(*filter.state)));
  if (!filter.tier.empty()) where.add("tier = ?", filter.tier);
  if (!filter.owner.empty()) where.add("owner = ?", filter.owner);
  if (filter.review_due)
    where.text += fmt::format(
        " AND state IN ('in_review', 'approved') AND (open_reviews > 0 OR (review_until_us <> 0 AND "
        "review_until_us <= {}))",
        now_us);
  if (filter.only) where.text += " AND slug IN (" + slug_list(*filter.only) + ")";
  for (const std::string_view word : split(filter.words, ' '))
    if (!trim(word).empty())
      where.add("search_text LIKE ? ESCAPE '\\'", store::contains_pattern(to_lower(trim(word))));
  if (!cursor.empty()) where.add("slug > ?", std::string(cursor));
  return where;
}

std::vector<Row> fetch_rows(soci::session& sql, const Where& where, std::uint32_t limit) {
  std::vector<Row> rows;
  Row row;
  soci::statement statement(sql);
  for (std::string* text : {&row.slug, &row.name, &row.owner, &row.state, &row.tier, &row.purpose,
                            &row.users_affected, &row.mitigations, &row.known_limits, &row.entry, &row.lists,
                            &row.created_by_id, &row.edited_by_id, &row.submitted_by, &row.retire_reason})
    statement.exchange(soci::into(*text));
  for (long long* number : {&row.created, &row.version, &row.updated, &row.submitted})
    statement.exchange(soci::into(*number));
  for (const std::string& value : where.values) statement.exchange(soci::use(value));
  statement.alloc();
  statement.prepare(
      "SELECT slug, name, owner, state, tier, purpose, users_affected, mitigations, known_limits, entry, "
      "lists, "
      "created_by_id, edited_by_id, submitted_by, retire_reason, created_us, version, updated_us, "
      "submitted_us "
      "FROM use_cases WHERE " +
      where.text + " ORDER BY slug" + (limit == 0 ? std::string() : fmt::format(" LIMIT {}", limit)));
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch()) rows.push_back(row);
  return rows;
}

// The newest decision of each discipline of those use cases.
std::map<std::string, std::map<std::string, ReviewRow>> fetch_reviews(soci::session& sql,
                                                                      const std::vector<Row>& rows) {
  std::map<std::string, std::map<std::string, ReviewRow>> newest;
  std::vector<std::string> slugs;
  for (const Row& row : rows) slugs.push_back(row.slug);
  if (slugs.empty()) return newest;
  ReviewRow review;
  std::string conditions;
  long long number = 0;
  long long decided = 0;
  long long expires = 0;
  long long superseded = 0;
  soci::statement statement =
      (sql.prepare
           << "SELECT use_case, number, discipline, decision, reviewer_id, reviewer, review_comment, "
              "conditions, basis, decided_us, expires_us, superseded FROM use_case_reviews WHERE use_case "
              "IN (" +
                  slug_list(slugs) + ") ORDER BY use_case, number",
       soci::into(review.use_case), soci::into(number), soci::into(review.discipline),
       soci::into(review.decision), soci::into(review.reviewer_id), soci::into(review.reviewer),
       soci::into(review.comment), soci::into(conditions), soci::into(review.basis), soci::into(decided),
       soci::into(expires), soci::into(superseded));
  statement.execute();
  while (statement.fetch()) {
    review.number = number;
    review.conditions = read_texts(conditions);
    review.decided_us = decided;
    review.expires_us = expires;
    review.superseded = superseded != 0;
    newest[review.use_case][review.discipline] = review;
  }
  return newest;
}

ReviewState judge(const ReviewRow& row, const std::string& basis, std::int64_t now_us) {
  if (row.superseded || row.basis != basis) return ReviewState::kOutdated;
  if (row.decision == "reject") return ReviewState::kRejected;
  if (row.expires_us <= now_us) return ReviewState::kExpired;
  return row.decision == "approve" ? ReviewState::kApproved : ReviewState::kApprovedWithConditions;
}

bool holds(ReviewState state) {
  return state == ReviewState::kApproved || state == ReviewState::kApprovedWithConditions;
}

// Fills in what follows from the answers and the decisions: reasons, reviews, the state as of now.
void complete(UseCase& use_case, const Questionnaire& questionnaire,
              const std::map<std::string, ReviewRow>& decisions, std::int64_t now_us) {
  use_case.risk_reasons = questionnaire.assess(use_case.answers).reasons;
  use_case.required_reviews.clear();
  use_case.reviews.clear();
  use_case.reviews_open = 0;
  use_case.approved_until_us = 0;
  if (const RiskTier* tier = questionnaire.tier(use_case.tier))
    use_case.required_reviews = tier->required_reviews;
  const std::string basis = review_basis(use_case);
  bool all_hold = true;
  for (const std::string& discipline : use_case.required_reviews) {
    Review review;
    review.discipline = discipline;
    if (const auto found = decisions.find(discipline); found != decisions.end()) {
      const ReviewRow& row = found->second;
      review = {
          discipline,    judge(row, basis, now_us), row.reviewer, row.comment, row.conditions, row.decided_us,
          row.expires_us};
    }
    if (holds(review.state)) {
      use_case.approved_until_us = use_case.approved_until_us == 0
                                       ? review.expires_us
                                       : std::min(use_case.approved_until_us, review.expires_us);
    } else {
      all_hold = false;
      if (review.state != ReviewState::kRejected) ++use_case.reviews_open;
    }
    use_case.reviews.push_back(std::move(review));
  }
  if (use_case.state == UseCaseState::kApproved && !all_hold) use_case.state = UseCaseState::kInReview;
  if (use_case.state != UseCaseState::kApproved) use_case.approved_until_us = 0;
}

}  // namespace

Result<> migrate_use_cases(store::Database& database) {
  static const std::vector<store::Migration> kMigrations = {
      {1,
       "use cases with purpose, risk and reviews",
       {
           // What lists filter by comes first: a database reads a row's beginning faster than its end.
           "ALTER TABLE use_cases ADD COLUMN version BIGINT NOT NULL DEFAULT 1",
           "ALTER TABLE use_cases ADD COLUMN updated_us BIGINT NOT NULL DEFAULT 0",
           "ALTER TABLE use_cases ADD COLUMN state TEXT NOT NULL DEFAULT 'draft'",
           "ALTER TABLE use_cases ADD COLUMN tier TEXT NOT NULL DEFAULT ''",
           "ALTER TABLE use_cases ADD COLUMN open_reviews BIGINT NOT NULL DEFAULT 0",
           "ALTER TABLE use_cases ADD COLUMN review_until_us BIGINT NOT NULL DEFAULT 0",
           "ALTER TABLE use_cases ADD COLUMN submitted_us BIGINT NOT NULL DEFAULT 0",
           "ALTER TABLE use_cases ADD COLUMN questionnaire TEXT NOT NULL DEFAULT ''",
           "ALTER TABLE use_cases ADD COLUMN search_text TEXT NOT NULL DEFAULT ''",
           "ALTER TABLE use_cases ADD COLUMN created_by_id TEXT NOT NULL DEFAULT ''",
           "ALTER TABLE use_cases ADD COLUMN edited_by_id TEXT NOT NULL DEFAULT ''",
           "ALTER TABLE use_cases ADD COLUMN submitted_by TEXT NOT NULL DEFAULT ''",
           "ALTER TABLE use_cases ADD COLUMN purpose TEXT NOT NULL DEFAULT ''",
           "ALTER TABLE use_cases ADD COLUMN users_affected TEXT NOT NULL DEFAULT ''",
           "ALTER TABLE use_cases ADD COLUMN mitigations TEXT NOT NULL DEFAULT ''",
           "ALTER TABLE use_cases ADD COLUMN known_limits TEXT NOT NULL DEFAULT ''",
           "ALTER TABLE use_cases ADD COLUMN entry TEXT NOT NULL DEFAULT ''",
           "ALTER TABLE use_cases ADD COLUMN lists TEXT NOT NULL DEFAULT '{}'",
           "ALTER TABLE use_cases ADD COLUMN retire_reason TEXT NOT NULL DEFAULT ''",
           "UPDATE use_cases SET updated_us = created_us, "
           "search_text = lower(slug || ' ' || name || ' ' || owner)",
           R"(CREATE TABLE use_case_reviews (
                use_case TEXT NOT NULL REFERENCES use_cases (slug),
                number BIGINT NOT NULL,
                discipline TEXT NOT NULL,
                decision TEXT NOT NULL,
                reviewer_id TEXT NOT NULL,
                reviewer TEXT NOT NULL,
                review_comment TEXT NOT NULL,
                conditions TEXT NOT NULL,
                basis TEXT NOT NULL,
                decided_us BIGINT NOT NULL,
                expires_us BIGINT NOT NULL,
                superseded BIGINT NOT NULL,
                PRIMARY KEY (use_case, number)))",
       }},
  };
  return store::migrate(database, "governance.use_cases", kMigrations);
}

std::vector<UseCase> load_use_cases(soci::session& sql, const Questionnaire& questionnaire,
                                    const UseCaseFilter& filter, std::string_view cursor, std::uint32_t limit,
                                    std::int64_t now_us) {
  const std::vector<Row> rows = fetch_rows(sql, where_of(filter, cursor, now_us), limit);
  const auto reviews = fetch_reviews(sql, rows);
  static const std::map<std::string, ReviewRow> kNone;
  std::vector<UseCase> found;
  for (const Row& row : rows) {
    found.push_back(row.use_case());
    const auto own = reviews.find(row.slug);
    complete(found.back(), questionnaire, own == reviews.end() ? kNone : own->second, now_us);
  }
  return found;
}

std::uint64_t count_use_cases(soci::session& sql, const UseCaseFilter& filter, std::int64_t now_us) {
  const Where where = where_of(filter, {}, now_us);
  long long count = 0;
  soci::statement statement(sql);
  statement.exchange(soci::into(count));
  for (const std::string& value : where.values) statement.exchange(soci::use(value));
  statement.alloc();
  statement.prepare("SELECT COUNT(*) FROM use_cases WHERE " + where.text);
  statement.define_and_bind();
  statement.execute(true);
  return static_cast<std::uint64_t>(count);
}

Result<UseCase> load_use_case(soci::session& sql, const Questionnaire& questionnaire, std::string_view slug,
                              std::int64_t now_us) {
  UseCaseFilter filter;
  filter.only = std::vector<std::string>{std::string(slug)};
  std::vector<UseCase> found = load_use_cases(sql, questionnaire, filter, {}, 1, now_us);
  if (found.empty())
    return fail(ErrorCode::kNotFound, fmt::format("there is no use case '{}'", ellipsize(slug, 80)),
                "use_case", "Register it first: slipway use-case create.");
  return std::move(found.front());
}

void insert_use_case(soci::session& sql, const UseCase& use_case) {
  const long long created = use_case.created_us;
  sql << "INSERT INTO use_cases (slug, name, owner, created_us, created_by_id) VALUES (:slug, :name, :owner, "
         ":created, :by)",
      soci::use(use_case.slug), soci::use(use_case.name), soci::use(use_case.owner), soci::use(created),
      soci::use(use_case.created_by_id);
}

UseCase settle_use_case(soci::session& sql, const Questionnaire& questionnaire, UseCase use_case,
                        std::int64_t now_us) {
  use_case.tier = questionnaire.assess(use_case.answers).tier;
  Row row;
  row.slug = use_case.slug;
  const auto reviews = fetch_reviews(sql, {row});
  // Whatever was submitted is approved if the reviews say so, and a draft again if its answers ask for none.
  const RiskTier* tier = questionnaire.tier(use_case.tier);
  const bool submitted =
      use_case.state == UseCaseState::kInReview || use_case.state == UseCaseState::kApproved;
  if (submitted)
    use_case.state = tier == nullptr || tier->forbidden ? UseCaseState::kDraft
                                                        : UseCaseState::kApproved;  // until complete()
  static const std::map<std::string, ReviewRow> kNone;
  const auto own = reviews.find(use_case.slug);
  complete(use_case, questionnaire, own == reviews.end() ? kNone : own->second, now_us);
  // Of all reviews that hold, also while others are open: `due` has to see each expiry.
  long long until = 0;
  for (const Review& review : use_case.reviews)
    if (holds(review.state))
      until = until == 0 ? review.expires_us : std::min<long long>(until, review.expires_us);
  const std::string state(to_string(use_case.state));
  const std::string lists = lists_text(use_case);
  const std::string search = search_text(use_case);
  const long long version = use_case.version;
  const long long updated = use_case.updated_us;
  const long long submitted_at = use_case.submitted_us;
  const long long open = use_case.reviews_open;
  sql << "UPDATE use_cases SET name = :name, owner = :owner, version = :version, updated_us = :updated, "
         "state = :state, tier = :tier, open_reviews = :open, review_until_us = :until, submitted_us = "
         ":submitted, "
         "questionnaire = :questionnaire, search_text = :search, edited_by_id = :edited, submitted_by = "
         ":submitted_by, purpose = :purpose, users_affected = :users, mitigations = :mitigations, "
         "known_limits = "
         ":limits, entry = :entry, lists = :lists, retire_reason = :reason WHERE slug = :slug",
      soci::use(use_case.name), soci::use(use_case.owner), soci::use(version), soci::use(updated),
      soci::use(state), soci::use(use_case.tier), soci::use(open), soci::use(until), soci::use(submitted_at),
      soci::use(questionnaire.fingerprint()), soci::use(search), soci::use(use_case.edited_by_id),
      soci::use(use_case.submitted_by), soci::use(use_case.purpose), soci::use(use_case.users_affected),
      soci::use(use_case.mitigations), soci::use(use_case.known_limits), soci::use(use_case.entry),
      soci::use(lists), soci::use(use_case.retire_reason), soci::use(use_case.slug);
  return use_case;
}

void insert_review(soci::session& sql, ReviewRow row) {
  long long number = 0;
  sql << "SELECT COALESCE(MAX(number), 0) FROM use_case_reviews WHERE use_case = :slug",
      soci::use(row.use_case), soci::into(number);
  ++number;
  const std::string conditions = json::serialize(texts_json(row.conditions));
  const long long decided = row.decided_us;
  const long long expires = row.expires_us;
  sql << "INSERT INTO use_case_reviews (use_case, number, discipline, decision, reviewer_id, reviewer, "
         "review_comment, conditions, basis, decided_us, expires_us, superseded) VALUES (:slug, :number, "
         ":discipline, :decision, :reviewer_id, :reviewer, :comment, :conditions, :basis, :decided, "
         ":expires, 0)",
      soci::use(row.use_case), soci::use(number), soci::use(row.discipline), soci::use(row.decision),
      soci::use(row.reviewer_id), soci::use(row.reviewer), soci::use(row.comment), soci::use(conditions),
      soci::use(row.basis), soci::use(decided), soci::use(expires);
}

void supersede_rejections(soci::session& sql, const std::string& slug) {
  sql << "UPDATE use_case_reviews SET superseded = 1 WHERE use_case = :slug AND decision = 'reject'",
      soci::use(slug);
}

}  // namespace slipway::governance
