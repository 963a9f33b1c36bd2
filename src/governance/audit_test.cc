// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>

#include "base/clock.h"
#include "governance/audit_log.h"
#include "governance/test_world.h"

namespace slipway::governance {
namespace {

class AuditTest : public WorldTest {
 protected:
  void SetUp() override {
    WorldTest::SetUp();
    log_ = std::make_unique<AuditLog>(*database_);
  }
  static Result<> append(soci::session& sql, const std::string& action, const std::string& object,
                         const std::string& use_case, const std::string& actor,
                         const std::string& environment) {
    return append_audit(sql, {"id-" + actor, actor, "user"},
                        {action,
                         action.substr(0, action.find('.')),
                         object,
                         use_case,
                         environment,
                         {{"note", "about " + object}}});
  }
  void append_many(int count) {
    const auto done = database_->write([&](soci::session& sql) -> Result<> {
      for (int i = 0; i < count; ++i)
        SLIPWAY_TRY(append(sql,
                           i % 3 == 0   ? "asset.push"
                           : i % 3 == 1 ? "release.cut"
                                        : "release.promote",
                           "object-" + std::to_string(i % 7), i % 2 == 0 ? "support" : "sales",
                           i % 5 == 0 ? "bert" : "anna", i % 4 == 0 ? "prod" : ""));
      return {};
    });
    ASSERT_TRUE(done) << done.error().describe();
  }
  std::vector<std::int64_t> find(const AuditFilter& filter, std::uint32_t limit = 3) {
    std::vector<std::int64_t> found;
    std::int64_t before = 0;
    do {
      const auto page = log_->list(filter, before, limit);
      EXPECT_TRUE(page) << page.error().describe();
      if (!page) break;
      EXPECT_LE(page->items.size(), limit);
      for (const AuditEntry& entry : page->items) found.push_back(entry.seq);
      before = page->next_before;
    } while (before != 0);
    return found;
  }
  // What `keep` says of each entry, newest first.
  std::vector<std::int64_t> expected(const std::function<bool(const AuditEntry&)>& keep) {
    std::vector<std::int64_t> found;
    EXPECT_TRUE(log_->for_each({}, [&](const AuditEntry& entry) {
      if (keep(entry)) found.insert(found.begin(), entry.seq);
      return true;
    }));
    return found;
  }
  std::vector<std::int64_t> problems(const AnchorFile& anchors = {}) {
    const auto report = log_->verify(anchors);
    EXPECT_TRUE(report) << report.error().describe();
    std::vector<std::int64_t> places;
    for (const AuditProblem& problem : report->problems) places.push_back(problem.seq);
    return places;
  }
  AuditAnchor anchor(const std::string& date = "2026-11-25") {
    auto head = log_->head();
    EXPECT_TRUE(head);
    head->date = date;
    return *head;
  }

  std::unique_ptr<AuditLog> log_;
};

TEST_F(AuditTest, FiltersFindWhatFitsInPages) {
  append_many(40);
  using Entry = const AuditEntry&;
  EXPECT_EQ(find({}).size(), 40u);
  EXPECT_EQ(find({.action = "release.cut"}),
            expected([](Entry e) { return e.event.action == "release.cut"; }));
  EXPECT_EQ(find({.action = "release.*"}),
            expected([](Entry e) { return e.event.action.starts_with("release."); }));
  EXPECT_EQ(find({.action = "*"}).size(), 40u);
  EXPECT_TRUE(find({.action = "policy.*"}).empty());
  EXPECT_EQ(find({.actor = "bert"}), expected([](Entry e) { return e.actor.name == "bert"; }));
  EXPECT_EQ(find({.actor = "id-bert"}), find({.actor = "bert"}));
  EXPECT_EQ(find({.object = "object-3"}), expected([](Entry e) { return e.event.object == "object-3"; }));
  EXPECT_EQ(find({.actor = "anna", .action = "release.*", .use_case = "sales"}), expected([](Entry e) {
              return e.event.action.starts_with("release.") && e.actor.name == "anna" &&
                     e.event.use_case == "sales";
            }));
  EXPECT_EQ(find({.object = "object-4", .text = "ABOUT support"}),
            expected([](Entry e) { return e.event.object == "object-4" && e.event.use_case == "support"; }));
  EXPECT_TRUE(find({.text = "ab_ut"}).empty()) << "a wildcard of SQL is a letter here";
  EXPECT_EQ(find({.scopes = {{"sales", ""}, {"", "prod"}}}), expected([](Entry e) {
              return e.event.use_case == "sales" || e.event.environment.empty() ||
                     e.event.environment == "prod";
            }));
  EXPECT_EQ(find({.scopes = {{"support", "dev"}}}),
            expected([](Entry e) { return e.event.use_case == "support" && e.event.environment.empty(); }));
}

TEST_F(AuditTest, TimesAreARange) {
  append_many(4);
  const std::int64_t middle = unix_now_us() + 1;
  while (unix_now_us() <= middle) {
  }
  append_many(3);
  EXPECT_EQ(find({.from_us = middle}), (std::vector<std::int64_t>{7, 6, 5}));
  EXPECT_EQ(find({.to_us = middle}), (std::vector<std::int64_t>{4, 3, 2, 1}));
  EXPECT_TRUE(find({.from_us = unix_now_us() + 1'000'000}).empty());
  std::vector<std::int64_t> exported;
  ASSERT_TRUE(log_->for_each({.from_us = middle, .action = "asset.*"}, [&](const AuditEntry& entry) {
    exported.push_back(entry.seq);
    return true;
  }));
  EXPECT_EQ(exported, (std::vector<std::int64_t>{5}));
}

TEST_F(AuditTest, AClockSetBackDoesNotReorder) {
  append_many(1);
  tamper("UPDATE audit_entries SET at_us = at_us + 3600000000");
  append_many(1);
  std::vector<std::int64_t> times;
  ASSERT_TRUE(log_->for_each({}, [&](const AuditEntry& entry) {
    times.push_back(entry.at_us);
    return true;
  }));
  ASSERT_EQ(times.size(), 2u);
  EXPECT_GE(times[1], times[0]);
}

TEST_F(AuditTest, RolesSayWhatMayBeRead) {
  EXPECT_TRUE(audit_scopes({{"admin", "", "", ""}})->empty());
  EXPECT_TRUE(audit_scopes({{"approver", "sales", "", ""}, {"platform", "", "", ""}})->empty());
  const auto some = audit_scopes({{"approver", "sales", "prod", ""}, {"viewer", "", "", ""}});
  ASSERT_TRUE(some);
  ASSERT_EQ(some->size(), 1u);
  EXPECT_EQ(some->front().use_case, "sales");
  EXPECT_EQ(audit_scopes({{"viewer", "", "", ""}}).error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(audit_scopes({}).error().code, ErrorCode::kPermissionDenied);
}

TEST_F(AuditTest, AWholeLogIsFoundWhole) {
  EXPECT_TRUE(log_->verify({})->ok());
  append_many(5'001);
  const auto report = log_->verify({{anchor()}, {}});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->ok());
  EXPECT_EQ(report->entries, 5'001);
  EXPECT_EQ(report->head, log_->head()->digest);
  EXPECT_EQ(report->anchors_checked, 1);
}

TEST_F(AuditTest, AnEditOfAnyColumnIsFoundWhereItIs) {
  append_many(9);
  for (const char* column : {"at_us", "actor_id", "actor_name", "actor_kind", "action", "object_type",
                             "object", "use_case", "environment", "detail"}) {
    SCOPED_TRACE(column);
    const std::string name = column;
    tamper("CREATE TABLE saved AS SELECT * FROM audit_entries WHERE seq = 5");
    tamper("UPDATE audit_entries SET " + name +
           (name == "at_us" ? " = at_us + 1" : " = " + name + " || 'x'") + " WHERE seq = 5");
    EXPECT_EQ(problems(), (std::vector<std::int64_t>{5}));
    tamper("DELETE FROM audit_entries WHERE seq = 5");
    tamper("INSERT INTO audit_entries SELECT * FROM saved");
    tamper("DROP TABLE saved");
    EXPECT_TRUE(problems().empty());
  }
  tamper("UPDATE audit_entries SET previous = digest WHERE seq = 1");
  EXPECT_EQ(problems(), (std::vector<std::int64_t>{1, 1}));
}

TEST_F(AuditTest, AGapIsFound) {
  append_many(9);
  tamper("DELETE FROM audit_entries WHERE seq IN (4, 5)");
  const auto report = log_->verify({});
  ASSERT_EQ(report->problems.size(), 1u);
  EXPECT_EQ(report->problems[0].seq, 4);
  EXPECT_EQ(report->problems[0].detail, "entries 4 to 5 are missing");
  tamper("DELETE FROM audit_entries WHERE seq = 1");
  EXPECT_EQ(problems(), (std::vector<std::int64_t>{1, 4}));
}

TEST_F(AuditTest, AChangedOrderIsFound) {
  append_many(9);
  tamper("UPDATE audit_entries SET seq = -1 WHERE seq = 3");
  tamper("UPDATE audit_entries SET seq = 3 WHERE seq = 4");
  tamper("UPDATE audit_entries SET seq = 4 WHERE seq = -1");
  const auto places = problems();
  EXPECT_FALSE(places.empty());
  for (const std::int64_t seq : places) EXPECT_TRUE(seq >= 3 && seq <= 5) << seq;
}

TEST_F(AuditTest, AnEntryWrittenAnewDoesNotFitTheNext) {
  append_many(9);
  AuditEntry forged;
  ASSERT_TRUE(log_->for_each({}, [&](const AuditEntry& entry) {
    if (entry.seq == 6) forged = entry;
    return true;
  }));
  forged.event.object = "something-else";
  tamper("UPDATE audit_entries SET object = 'something-else', digest = '" + audit_digest(forged) +
         "' WHERE seq = 6");
  EXPECT_EQ(problems(), (std::vector<std::int64_t>{7}));
}

TEST_F(AuditTest, OnlyAnAnchorShowsACutOffEndOrANewChain) {
  append_many(6);
  AnchorFile anchors{{anchor("2026-11-24")}, {}};
  append_many(3);
  anchors.anchors.push_back(anchor("2026-11-25"));
  tamper("DELETE FROM audit_entries WHERE seq > 7");
  EXPECT_TRUE(problems().empty());
  const auto cut = log_->verify(anchors);
  ASSERT_EQ(cut->problems.size(), 1u);
  EXPECT_EQ(cut->problems[0].seq, 9);
  EXPECT_NE(cut->problems[0].detail.find("cut off"), std::string::npos);
  EXPECT_EQ(cut->anchors_checked, 2);
  // The whole log again, with one entry less: a perfect chain, but another one.
  tamper("DELETE FROM audit_entries");
  append_many(12);
  EXPECT_TRUE(problems().empty());
  EXPECT_EQ(problems(anchors), (std::vector<std::int64_t>{6, 9}));
  tamper("DELETE FROM audit_entries WHERE seq = 6");
  EXPECT_EQ(problems(anchors), (std::vector<std::int64_t>{6, 9, 6}));
}

TEST_F(AuditTest, AnchorsAreLinesThatSurviveOtherLines) {
  const auto file = directory_ / "anchors.jsonl";
  EXPECT_TRUE(read_anchors(file)->anchors.empty());
  append_many(3);
  ASSERT_TRUE(append_anchor(file, anchor("2026-11-24")));
  append_many(1);
  ASSERT_TRUE(append_anchor(file, anchor("2026-11-25")));
  std::ofstream(file, std::ios::app)
      << "\nnot json\n{\"date\": \"2026-11-26\", \"seq\": 0, \"digest\": \"\"}\n";
  const auto read = read_anchors(file);
  ASSERT_TRUE(read) << read.error().describe();
  ASSERT_EQ(read->anchors.size(), 2u);
  EXPECT_EQ(read->anchors[1].seq, 4);
  EXPECT_EQ(read->anchors[1].digest, log_->head()->digest);
  EXPECT_EQ(read->unreadable.size(), 2u);
  EXPECT_EQ(problems(*read), (std::vector<std::int64_t>{0, 0}));
  EXPECT_EQ(append_anchor(directory_ / "no" / "such", anchor()).error().code, ErrorCode::kIo);
  EXPECT_EQ(read_anchors(directory_).error().code, ErrorCode::kIo);
}

TEST_F(AuditTest, ManyProblemsAreCounted) {
  append_many(300);
  tamper("UPDATE audit_entries SET detail = '{}'");
  const auto report = log_->verify({});
  ASSERT_EQ(report->problems.size(), 101u);
  EXPECT_EQ(report->problems.back().detail, "and 200 more problems");
}

}  // namespace
}  // namespace slipway::governance
