// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>
#include <vector>

#include "base/temporary_directory.h"
#include "store/copy.h"
#include "store/migrations.h"
#include "store/test_database.h"

namespace slipway::store {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  std::unique_ptr<Database> open(std::uint32_t sessions = 3) {
    if (options_.url.empty()) options_ = test_database_options(directory_ / "nested");
    options_.sessions = sessions;
    auto database = Database::open(options_);
    EXPECT_TRUE(database) << database.error().describe();
    return std::move(*database);
  }
  static Result<int> count(Database& database) {
    return database.read([](soci::session& sql) -> Result<int> {
      int n = 0;
      sql << "SELECT COUNT(*) FROM things", soci::into(n);
      return n;
    });
  }

  const std::vector<Migration> steps_ = {
      {1, "create things", {"CREATE TABLE things (name TEXT PRIMARY KEY)"}},
      {2,
       "add owners",
       {"CREATE TABLE owners (thing TEXT NOT NULL REFERENCES things (name))",
        "CREATE INDEX owners_by_thing ON owners (thing)"}},
  };
  TemporaryDirectory temporary_{"db"};
  const std::filesystem::path& directory_ = temporary_.path();
  DatabaseOptions options_;
};

TEST_F(DatabaseTest, KeepsWhatWasCommittedAndNothingElse) {
  auto database = open();
  ASSERT_TRUE(migrate(*database, "test", steps_));
  const std::int64_t before = database->changes().value();
  ASSERT_TRUE(database->write([](soci::session& sql) -> Result<> {
    sql << "INSERT INTO things (name) VALUES ('kept')";
    return {};
  }));
  const std::int64_t after = database->changes().value();
  EXPECT_NE(after, before);
  ASSERT_TRUE(database->write_quietly([](soci::session&) -> Result<> { return {}; }));
  EXPECT_EQ(database->changes().value(), after);
  const Result<> refused = database->write([](soci::session& sql) -> Result<> {
    sql << "INSERT INTO things (name) VALUES ('dropped')";
    return fail(ErrorCode::kConflict, "changed my mind");
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  database.reset();
  database = open();
  EXPECT_EQ(count(*database).value(), 1);
}

TEST_F(DatabaseTest, MapsConstraintViolationsToConflict) {
  auto database = open();
  ASSERT_TRUE(migrate(*database, "test", steps_));
  const auto insert = [&](const char* statement) {
    return database->write([&](soci::session& sql) -> Result<> {
      sql << statement;
      return {};
    });
  };
  ASSERT_TRUE(insert("INSERT INTO things (name) VALUES ('a')"));
  EXPECT_EQ(insert("INSERT INTO things (name) VALUES ('a')").error().code, ErrorCode::kConflict);
  EXPECT_EQ(insert("INSERT INTO owners (thing) VALUES ('nobody')").error().code, ErrorCode::kConflict);
  EXPECT_EQ(insert("INSERT INTO nowhere VALUES (1)").error().code, ErrorCode::kInternal);
  EXPECT_EQ(count(*database).value(), 1);
}

TEST_F(DatabaseTest, ManyThreadsShareFewSessions) {
  auto database = open(2);
  ASSERT_TRUE(migrate(*database, "test", steps_));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&database, t] {
      for (int i = 0; i < 10; ++i) {
        const std::string name = std::to_string(t) + "/" + std::to_string(i);
        const Result<> written = database->write([&](soci::session& sql) -> Result<> {
          sql << "INSERT INTO things (name) VALUES (:n)", soci::use(name);
          return {};
        });
        EXPECT_TRUE(written);
        EXPECT_TRUE(count(*database));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count(*database).value(), 40);
}

TEST_F(DatabaseTest, RefusesADatabaseFromTheFuture) {
  auto database = open();
  ASSERT_TRUE(migrate(*database, "test", steps_));
  ASSERT_TRUE(migrate(*database, "test", steps_)) << "a second run has nothing to do";
  const Result<> older = migrate(*database, "test", std::span(steps_).first(1));
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, ErrorCode::kConflict);
  EXPECT_NE(older.error().describe().find("newer Slipway"), std::string::npos) << older.error().describe();
  EXPECT_TRUE(migrate(*database, "other", std::span(steps_).first(0))) << "components are independent";
}

TEST_F(DatabaseTest, RefusesAnEditedStep) {
  auto database = open();
  ASSERT_TRUE(migrate(*database, "test", steps_));
  auto edited = steps_;
  edited[0].statements[0] = "CREATE TABLE things (id INTEGER PRIMARY KEY)";
  EXPECT_EQ(migrate(*database, "test", edited).error().code, ErrorCode::kConflict);
}

TEST_F(DatabaseTest, AFailingStepLeavesNothingBehind) {
  auto database = open();
  auto broken = steps_;
  broken[1].statements[1] = "CREATE INDEX nonsense ON nowhere (x)";
  ASSERT_FALSE(migrate(*database, "test", broken));
  EXPECT_TRUE(migrate(*database, "test", steps_)) << "step 2 was rolled back as a whole";
}

// The source of a copy is always a file; the target is whatever this run tests.
TEST_F(DatabaseTest, CopiesEverythingAndProvesIt) {
  auto source = Database::open({.file = directory_ / "source.db"});
  ASSERT_TRUE(source);
  ASSERT_TRUE(migrate(**source, "test", steps_));
  const std::vector<Migration> more = {
      {1, "figures", {"CREATE TABLE figures (n BIGINT, x DOUBLE PRECISION, t TEXT, z INTEGER NOT NULL)"}}};
  ASSERT_TRUE(migrate(**source, "more", more));
  ASSERT_TRUE((*source)->write([](soci::session& sql) -> Result<> {
    for (int i = 0; i < 300; ++i) {
      const std::string name = "thing \xc3\xa4 " + std::to_string(i);
      sql << "INSERT INTO things (name) VALUES (:n)", soci::use(name);
      sql << "INSERT INTO owners (thing) VALUES (:n)", soci::use(name);
    }
    sql << "INSERT INTO figures (n, x, t, z) VALUES (9007199254740993, 0.5, NULL, 1)";
    sql << "INSERT INTO figures (n, x, t, z) VALUES (NULL, NULL, '', 0)";
    return {};
  }));
  auto target = open();
  ASSERT_TRUE(migrate(*target, "test", steps_));
  ASSERT_TRUE(migrate(*target, "more", more));
  std::vector<std::string> told;
  const auto copied =
      copy_database(**source, *target, [&](const std::string& table) { told.push_back(table); });
  ASSERT_TRUE(copied) << copied.error().describe();
  EXPECT_EQ(told, (std::vector<std::string>{"figures", "things", "owners"}))
      << "whoever is referred to comes first";
  ASSERT_EQ(copied->size(), 3U);
  EXPECT_EQ((*copied)[1].rows, 300);
  EXPECT_EQ(count(*target).value(), 300);
  const auto again = copy_database(**source, *target, [](const std::string&) {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kConflict) << again.error().describe();
}

TEST_F(DatabaseTest, AnUnreachableServerIsSaidWithoutItsPassword) {
  const auto database =
      Database::open({.file = {}, .url = "postgresql://slipway:s3cret@127.0.0.1:1/slipway"});
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(database.error().where, "store.url");
  EXPECT_EQ(database.error().describe().find("s3cret"), std::string::npos) << database.error().describe();
}

// Overlooking a failed statement must not turn a COMMIT into a silent roll-back.
TEST_F(DatabaseTest, ATransactionWithAFailedStatementIsNotSaidToBeDone) {
  auto database = open();
  ASSERT_TRUE(migrate(*database, "test", steps_));
  const Result<> result = database->write_quietly([](soci::session& sql) -> Result<> {
    sql << "INSERT INTO things (name) VALUES ('a')";
    try {
      sql << "INSERT INTO things (name) VALUES ('a')";
    } catch (const soci::soci_error&) {
      return {};
    }
    return fail(ErrorCode::kInternal, "the second insert passed");
  });
  EXPECT_EQ(result.has_value(), count(*database).value() == 1) << "what is said to be done is done";
}

TEST_F(DatabaseTest, SaysWhatIsWrongWithADamagedFile) {
  std::ofstream(directory_ / "bad.db") << std::string(4096, 'x');
  const auto database = Database::open({.file = directory_ / "bad.db"});
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace slipway::store
