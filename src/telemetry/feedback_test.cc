// SPDX-License-Identifier: Apache-2.0
#include "telemetry/feedback.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "store/test_database.h"
#include "telemetry/test_support.h"

namespace slipway::telemetry {
namespace {

class FeedbackTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Database::open(store::test_database_options(directory_.path()));
    ASSERT_TRUE(opened) << opened.error().describe();
    database_ = std::move(*opened);
    ASSERT_TRUE(migrate_feedback(*database_));
    store_ = std::make_unique<FeedbackStore>(*database_);
  }
  static Invocation call(std::uint64_t number, std::string use_case = "support",
                         std::string release = "support@1") {
    Invocation call;
    call.id = testing_support::numbered_id(number);
    call.use_case = std::move(use_case);
    call.environment = "prod";
    call.release = std::move(release);
    return call;
  }
  static NewFeedback score(double value) {
    NewFeedback given;
    given.score = value;
    given.by = "ada";
    return given;
  }

  testing_support::TemporaryDirectory directory_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<FeedbackStore> store_;
};

TEST_F(FeedbackTest, IsKeptWithWhatItIsAbout) {
  NewFeedback given = score(0.123456789);
  given.label = "wrong";
  given.comment = "It's \"off\"; DROP TABLE feedback";
  given.correction = "42";
  const auto made = store_->add(given, call(7));
  ASSERT_TRUE(made) << made.error().describe();
  const auto page = store_->list({}, "", 10);
  ASSERT_TRUE(page) << page.error().describe();
  ASSERT_EQ(page->items.size(), 1u);
  const Feedback& kept = page->items[0];
  EXPECT_EQ(kept.id, made->id);
  EXPECT_EQ(kept.invocation_id, testing_support::numbered_id(7).to_string());
  EXPECT_DOUBLE_EQ(*kept.score, 0.123457);
  EXPECT_EQ(kept.name, "rating");
  EXPECT_EQ(kept.label, given.label);
  EXPECT_EQ(kept.comment, given.comment);
  EXPECT_EQ(kept.correction, given.correction);
  EXPECT_EQ(kept.by, "ada");
  EXPECT_EQ(kept.use_case, "support");
  EXPECT_EQ(kept.environment, "prod");
  EXPECT_EQ(kept.release, "support@1");
  EXPECT_EQ(kept.created_us, made->created_us);
}

TEST_F(FeedbackTest, RefusesWhatSaysNothingOrTooMuch) {
  const auto where_of = [&](const NewFeedback& given) {
    const auto made = store_->add(given, call(1));
    return made ? std::string("kept") : made.error().where;
  };
  EXPECT_EQ(where_of({}), "score");
  EXPECT_EQ(where_of(score(-0.01)), "score");
  EXPECT_EQ(where_of(score(1.01)), "score");
  EXPECT_EQ(where_of(score(std::numeric_limits<double>::quiet_NaN())), "score");
  NewFeedback given = score(1);
  given.name = "";
  EXPECT_EQ(where_of(given), "name");
  given.name = std::string(65, 'x');
  EXPECT_EQ(where_of(given), "name");
  given = score(1);
  given.comment.assign(8001, 'x');
  EXPECT_EQ(where_of(given), "comment");
  given.comment.clear();
  given.label.assign(201, 'x');
  EXPECT_EQ(where_of(given), "label");
  EXPECT_EQ(where_of(score(0)), "kept");
  EXPECT_EQ(store_->list({}, "", 10)->items.size(), 1u);
}

TEST_F(FeedbackTest, IsFoundByWhatItIsAbout) {
  for (std::uint64_t i = 1; i <= 9; ++i)
    ASSERT_TRUE(store_->add(score(0.5), call(i, i % 3 == 0 ? "other" : "support",
                                             i % 3 == 0   ? ""
                                             : i % 2 == 0 ? "support@1"
                                                          : "support@2")));
  const auto count = [&](const FeedbackFilter& filter) {
    const auto page = store_->list(filter, "", 100);
    EXPECT_TRUE(page) << page.error().describe();
    return page ? page->items.size() : 0;
  };
  FeedbackFilter filter;
  filter.use_case = "support";
  EXPECT_EQ(count(filter), 6u);
  filter.release = "support@2";
  EXPECT_EQ(count(filter), 3u);
  filter = {};
  filter.invocation_id = testing_support::numbered_id(4).to_string();
  EXPECT_EQ(count(filter), 1u);
  filter = {};
  filter.only_use_cases = {"other", "third"};
  EXPECT_EQ(count(filter), 3u);
  filter.only_use_cases->clear();
  EXPECT_EQ(count(filter), 0u);
  // Pages end where the next begins.
  std::set<std::string> ids;
  std::vector<std::int64_t> times;
  std::string cursor;
  do {
    const auto page = store_->list({}, cursor, 4);
    ASSERT_TRUE(page) << page.error().describe();
    for (const Feedback& item : page->items) {
      ids.insert(item.id);
      times.push_back(item.created_us);
    }
    cursor = page->next_cursor;
  } while (!cursor.empty());
  EXPECT_EQ(ids.size(), 9u);
  EXPECT_EQ(times.size(), 9u);
  EXPECT_TRUE(std::ranges::is_sorted(times, std::greater<>()));
  EXPECT_EQ(store_->list({}, "nonsense", 4).error().where, "cursor");
}

TEST_F(FeedbackTest, AddsUpTheScoresOfARelease) {
  for (const double value : {0.0, 0.5, 1.0}) ASSERT_TRUE(store_->add(score(value), call(1)));
  NewFeedback label;
  label.label = "no score";
  ASSERT_TRUE(store_->add(label, call(2)));
  ASSERT_TRUE(store_->add(score(1), call(3, "support", "support@2")));
  const auto figures = store_->scores("support@1", "prod");
  ASSERT_TRUE(figures) << figures.error().describe();
  EXPECT_EQ(figures->count, 3);
  EXPECT_DOUBLE_EQ(figures->sum, 1.5);
  EXPECT_DOUBLE_EQ(figures->squares, 1.25);
  EXPECT_EQ(store_->scores("support@1", "dev")->count, 0);
  EXPECT_EQ(store_->scores("none@1", "prod")->sum, 0);
}

}  // namespace
}  // namespace slipway::telemetry
