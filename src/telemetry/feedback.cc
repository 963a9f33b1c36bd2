// SPDX-License-Identifier: Apache-2.0
#include "telemetry/feedback.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/ids.h"
#include "base/text.h"
#include "store/migrations.h"

namespace slipway::telemetry {

namespace {

constexpr std::size_t kNameBytes = 64;
constexpr std::size_t kLabelBytes = 200;
constexpr std::size_t kCommentCharacters = 8'000;
constexpr std::size_t kCorrectionBytes = 100'000;
constexpr std::uint32_t kMostRows = 500;
constexpr double kScoreUnits = 1e6;  // scores are kept as whole millionths
constexpr long long kNoScore = -1;

std::unexpected<Error> bad(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Result<> check(const NewFeedback& given) {
  if (given.name.empty() || given.name.size() > kNameBytes || trim(given.name) != given.name)
    return bad("a name has 1 to 64 characters without spaces around it", "name");
  if (given.score && !(*given.score >= 0 && *given.score <= 1))
    return bad("a score lies between 0 and 1", "score");
  if (given.label.size() > kLabelBytes) return bad("a label has at most 200 bytes", "label");
  if (characters(given.comment) > kCommentCharacters)
    return bad("a comment has at most 8000 characters", "comment");
  if (given.correction.size() > kCorrectionBytes)
    return bad("a correction has at most 100000 bytes", "correction");
  if (!given.score && given.label.empty() && given.comment.empty() && given.correction.empty())
    return bad("the feedback says nothing", "score", "Give a score, a label, a comment or a correction.");
  return {};
}

// "created_us.id"
struct Cursor {
  long long created_us = 0;
  std::string id;
};

Result<Cursor> read_cursor(std::string_view text) {
  const std::size_t dot = text.find('.');
  const auto created = parse_integer<std::int64_t>(text.substr(0, dot));
  if (!created || dot == std::string_view::npos || !Uuid::parse(text.substr(dot + 1)))
    return bad("this is no cursor of feedback", "cursor", "Take next_cursor of the page before as it is.");
  return Cursor{*created, std::string(text.substr(dot + 1))};
}

}  // namespace

// Times are unix microseconds; scores whole millionths, -1 where there is none.
Result<> migrate_feedback(store::Database& database) {
  static const std::vector<store::Migration> kMigrations = {
      {1,
       "feedback",
       {
           R"(CREATE TABLE feedback (
                id TEXT PRIMARY KEY,
                invocation_id TEXT NOT NULL,
                name TEXT NOT NULL,
                score BIGINT NOT NULL,
                label TEXT NOT NULL,
                comment TEXT NOT NULL,
                correction TEXT NOT NULL,
                given_by TEXT NOT NULL,
                created_us BIGINT NOT NULL,
                use_case TEXT NOT NULL,
                environment TEXT NOT NULL,
                release_id TEXT NOT NULL))",
           "CREATE INDEX feedback_by_time ON feedback (created_us, id)",
           "CREATE INDEX feedback_by_invocation ON feedback (invocation_id, created_us)",
           "CREATE INDEX feedback_by_use_case ON feedback (use_case, created_us)",
           "CREATE INDEX feedback_by_release ON feedback (release_id, environment, created_us)",
       }},
  };
  return store::migrate(database, "telemetry.feedback", kMigrations);
}

Result<Feedback> FeedbackStore::add(const NewFeedback& given, const Invocation& about) {
  SLIPWAY_TRY(check(given));
  UuidGenerator ids;
  Feedback made;
  static_cast<NewFeedback&>(made) = given;
  made.id = ids.next().to_string();
  made.invocation_id = about.id.to_string();
  made.created_us = unix_now_us();
  made.use_case = about.use_case;
  made.environment = about.environment;
  made.release = about.release;
  const long long created = made.created_us;
  const long long score = given.score ? std::llround(*given.score * kScoreUnits) : kNoScore;
  if (made.score) made.score = static_cast<double>(score) / kScoreUnits;
  SLIPWAY_TRY(database_.write_quietly([&](soci::session& sql) -> Result<> {
    sql << "INSERT INTO feedback (id, invocation_id, name, score, label, comment, correction, given_by, "
           "created_us, use_case, environment, release_id) VALUES (:id, :invocation, :name, :score, :label, "
           ":comment, :correction, :given_by, :created, :use_case, :environment, :release_id)",
        soci::use(made.id), soci::use(made.invocation_id), soci::use(made.name), soci::use(score),
        soci::use(made.label), soci::use(made.comment), soci::use(made.correction), soci::use(made.by),
        soci::use(created), soci::use(made.use_case), soci::use(made.environment), soci::use(made.release);
    return {};
  }));
  return made;
}

Result<FeedbackPage> FeedbackStore::list(const FeedbackFilter& filter, std::string_view cursor,
                                         std::uint32_t limit) {
  Cursor after;
  if (!cursor.empty()) {
    SLIPWAY_ASSIGN(after, read_cursor(cursor));
  }
  const long long wanted = std::clamp(limit, 1u, kMostRows) + 1;
  return database_.read([&](soci::session& sql) -> Result<FeedbackPage> {
    std::string text =
        "SELECT id, invocation_id, name, score, label, comment, correction, given_by, created_us, use_case, "
        "environment, release_id FROM feedback WHERE 1 = 1";
    soci::statement statement(sql);
    const auto equal = [&](const char* column, const std::string& value) {
      if (value.empty()) return;
      text += std::string(" AND ") + column + " = :" + column;
      statement.exchange(soci::use(value));
    };
    equal("invocation_id", filter.invocation_id);
    equal("use_case", filter.use_case);
    equal("release_id", filter.release);
    if (filter.only_use_cases) {
      std::string list;
      for (std::size_t i = 0; i < filter.only_use_cases->size(); ++i) {
        list += (list.empty() ? ":only" : ", :only") + std::to_string(i);
        statement.exchange(soci::use((*filter.only_use_cases)[i]));
      }
      text += list.empty() ? " AND 1 = 0" : " AND use_case IN (" + list + ")";
    }
    if (!cursor.empty()) {
      text += " AND (created_us < :before OR (created_us = :same AND id < :last))";
      statement.exchange(soci::use(after.created_us));
      statement.exchange(soci::use(after.created_us));
      statement.exchange(soci::use(after.id));
    }
    text += " ORDER BY created_us DESC, id DESC LIMIT :most";
    statement.exchange(soci::use(wanted));
    Feedback row;
    long long score = 0;
    long long created = 0;
    statement.exchange(soci::into(row.id));
    statement.exchange(soci::into(row.invocation_id));
    statement.exchange(soci::into(row.name));
    statement.exchange(soci::into(score));
    statement.exchange(soci::into(row.label));
    statement.exchange(soci::into(row.comment));
    statement.exchange(soci::into(row.correction));
    statement.exchange(soci::into(row.by));
    statement.exchange(soci::into(created));
    statement.exchange(soci::into(row.use_case));
    statement.exchange(soci::into(row.environment));
    statement.exchange(soci::into(row.release));
    statement.alloc();
    statement.prepare(text);
    statement.define_and_bind();
    FeedbackPage page;
    statement.execute();
    while (statement.fetch()) {
      if (page.items.size() + 1 == static_cast<std::size_t>(wanted)) {
        const Feedback& last = page.items.back();
        page.next_cursor = std::to_string(last.created_us) + "." + last.id;
        break;
      }
      row.score.reset();
      if (score != kNoScore) row.score = static_cast<double>(score) / kScoreUnits;
      row.created_us = created;
      page.items.push_back(row);
    }
    return page;
  });
}

Result<ScoreFigures> FeedbackStore::scores(std::string_view release, std::string_view environment) {
  const std::string wanted_release(release);
  const std::string wanted_environment(environment);
  return database_.read([&](soci::session& sql) -> Result<ScoreFigures> {
    // Squares of millionths overflow a BIGINT: they are added as what they are, numbers between 0 and 1.
    long long count = 0;
    double sum = 0;
    double squares = 0;
    sql << "SELECT COUNT(*), COALESCE(SUM(score / 1000000.0), 0.0), "
           "COALESCE(SUM((score / 1000000.0) * (score / 1000000.0)), 0.0) FROM feedback WHERE release_id = "
           ":release_id AND environment = :environment AND score >= 0",
        soci::into(count), soci::into(sum), soci::into(squares), soci::use(wanted_release),
        soci::use(wanted_environment);
    return ScoreFigures{count, sum, squares};
  });
}

}  // namespace slipway::telemetry
