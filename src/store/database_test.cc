// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>
#include <vector>

#include "store/migrations.h"

namespace slipway::store {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "slipway-db-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<Database> open(std::uint32_t sessions = 3) {
    auto database = Database::open({.file = directory_ / "nested" / "catalog.db", .sessions = sessions});
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
      {1, "create things", {"CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)"}},
      {2,
       "add owners",
       {"CREATE TABLE owners (id INTEGER PRIMARY KEY, thing INTEGER NOT NULL REFERENCES things (id))",
        "CREATE INDEX owners_by_thing ON owners (thing)"}},
  };
  std::filesystem::path directory_;
};

TEST_F(DatabaseTest, KeepsWhatWasCommittedAndNothingElse) {
  auto database = open();
  ASSERT_TRUE(migrate(*database, "test", steps_));
  const std::uint64_t before = database->generation();
  ASSERT_TRUE(database->write([](soci::session& sql) -> Result<> {
    sql << "INSERT INTO things (name) VALUES ('kept')";
    return {};
  }));
  EXPECT_GT(database->generation(), before);
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
  EXPECT_EQ(insert("INSERT INTO owners (thing) VALUES (77)").error().code, ErrorCode::kConflict);
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

TEST_F(DatabaseTest, SaysWhatIsWrongWithADamagedFile) {
  std::ofstream(directory_ / "bad.db") << std::string(4096, 'x');
  const auto database = Database::open({.file = directory_ / "bad.db"});
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace slipway::store
