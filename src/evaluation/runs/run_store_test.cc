// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/run_store.h"

#include <gtest/gtest.h>

#include "base/temporary_directory.h"
#include "evaluation/runs/result_walk.h"
#include "evaluation/runs/run_schema.h"
#include "store/test_database.h"

namespace slipway::evaluation {
namespace {

using TheRun = Run;  // in a fixture, Run is gtest's

constexpr std::int64_t kNow = 1'000'000'000;

class RunStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(migrate_evaluation(*database_)); }
  TheRun create(std::int64_t planned = 10) {
    TheRun run;
    run.use_case = "support";
    run.evaluation = "support/evaluation/golden";
    run.evaluation_version = 1;
    run.environment = "dev";
    run.target = "support@1";
    run.planned = planned;
    run.definition = {{"repeats", 1}, {"cells", json::array{json::object{{"label", "support@1"}}}}};
    auto made = store.create(run, {"u1", "Ada", "user"});
    EXPECT_TRUE(made) << made.error().describe();
    return *made;
  }
  static ResultBatch batch(std::initializer_list<std::pair<std::uint64_t, bool>> items) {
    ResultBatch out;
    RunCase one;
    for (const auto& [item, ok] : items) {
      CallOutcome outcome;
      outcome.end = ok ? CallEnd::kAnswered : CallEnd::kRefused;
      outcome.text = "answer " + std::to_string(item);
      outcome.error_code = "refused";
      auto shared = std::make_shared<RunCase>();
      shared->number = static_cast<std::int64_t>(item);
      shared->id = "case-" + std::to_string(item);
      append_result(out.lines, {item, 0, 0, shared}, outcome, {}, {}, 1, {});
      out.first_item = out.items == 0 ? item : std::min(out.first_item, item);
      out.last_item = std::max(out.last_item, item);
      ++out.items;
      if (!ok) ++out.errors;
    }
    return out;
  }
  static RunTally tally(std::int64_t done, std::int64_t errors) {
    RunTally out;
    out.done = done;
    out.errors = errors;
    out.cells = {{done, errors, 0, 0, {}}};
    return out;
  }
  std::vector<std::uint64_t> walked(const std::string& run, std::uint64_t from = 0) {
    auto walk = ResultWalk::begin(store, run, from);
    EXPECT_TRUE(walk);
    std::vector<std::uint64_t> items;
    for (;;) {
      auto next = walk->next();
      EXPECT_TRUE(next) << next.error().describe();
      if (!next || !*next) return items;
      items.push_back((*next)->first);
    }
  }

  TemporaryDirectory directory_{"runs"};
  std::unique_ptr<store::Database> database_ =
      std::move(store::Database::open(store::test_database_options(directory_.path())).value());
  RunStore store{*database_, nullptr, 1'000};
};

TEST_F(RunStoreTest, BelongsToOneNodeUntilItsLeaseRunsOut) {
  const TheRun run = create();
  auto first = store.claim("a/1", kNow);
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((**first).id, run.id);
  EXPECT_EQ((**first).state, RunState::kRunning);
  EXPECT_FALSE(*store.claim("b/1", kNow + 500));
  ASSERT_TRUE(store.store(run.id, "a/1", batch({{0, true}}), tally(1, 0), kNow + 900));
  EXPECT_FALSE(*store.claim("b/1", kNow + 1'500));  // it gave a sign of life
  auto second = store.claim("b/1", kNow + 3'000);
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((**second).tally.done, 1);
  const auto late = store.store(run.id, "a/1", batch({{1, true}}), tally(2, 0), kNow + 3'000);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kConflict);
  EXPECT_EQ(walked(run.id), (std::vector<std::uint64_t>{0}));
  // A node that starts anew takes up what it had at once.
  ASSERT_TRUE(store.release_node("b"));
  EXPECT_TRUE(*store.claim("b/2", kNow + 3'001));
}

TEST_F(RunStoreTest, GivesResultsInOrderWhateverOrderTheyCameIn) {
  const TheRun run = create();
  ASSERT_TRUE(store.claim("a", kNow));
  ASSERT_TRUE(store.store(run.id, "a", batch({{1, true}, {5, true}, {2, false}}), tally(3, 1), kNow));
  ASSERT_TRUE(store.store(run.id, "a", batch({{0, true}, {7, true}}), tally(5, 1), kNow));
  ASSERT_TRUE(store.store(run.id, "a", batch({{4, true}, {3, true}, {6, true}}), tally(8, 1), kNow));
  EXPECT_EQ(walked(run.id), (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(walked(run.id, 4), (std::vector<std::uint64_t>{4, 5, 6, 7}));
  const auto digest = run_digest(store, run);
  // The same results in another order are the same evidence.
  const TheRun other = create();
  ASSERT_TRUE(store.claim("a", kNow));
  ASSERT_TRUE(store.store(
      other.id, "a",
      batch({{7, true}, {6, true}, {5, true}, {4, true}, {3, true}, {2, false}, {1, true}, {0, true}}),
      tally(8, 1), kNow));
  EXPECT_EQ(*digest, *run_digest(store, other));
  ASSERT_TRUE(store.store(other.id, "a", batch({{8, true}}), tally(9, 1), kNow));
  EXPECT_NE(*digest, *run_digest(store, other));
}

TEST_F(RunStoreTest, ResumingTriesErrorsAgainAndTheLaterResultCounts) {
  const TheRun run = create(4);
  ASSERT_TRUE(store.claim("a", kNow));
  ASSERT_TRUE(store.store(run.id, "a", batch({{0, true}, {1, false}, {2, true}}), tally(3, 1), kNow));
  EXPECT_EQ(store.resume(run.id, {}).error().code, ErrorCode::kConflict);  // it runs
  RunEnding ending{RunState::kFinished, RunOutcome::kError, "too many errors", tally(3, 1), kNow};
  ASSERT_TRUE(store.end(run, "a", ending));
  const TheRun ended = *store.get(run.id);
  EXPECT_TRUE(ended.digest.starts_with("sha256:"));
  EXPECT_EQ(ended.outcome, RunOutcome::kError);
  ASSERT_TRUE(store.resume(run.id, {}));
  const auto again = store.claim("b", kNow);
  ASSERT_TRUE(again && *again);
  EXPECT_EQ((**again).tally.done, 2);
  EXPECT_EQ((**again).tally.errors, 0);
  const auto items = store.stored_items(**again, {1, 1, 4});
  ASSERT_TRUE(items);
  EXPECT_TRUE(items->done.contains(0));
  EXPECT_FALSE(items->done.contains(1));
  EXPECT_TRUE(items->done.contains(2));
  EXPECT_FALSE(items->done.contains(3));
  ASSERT_TRUE(store.store(run.id, "b", batch({{3, true}, {1, true}}), tally(4, 0), kNow));
  auto walk = ResultWalk::begin(store, run.id, 1);
  const auto line = walk->next();
  EXPECT_EQ((*line)->first, 1u);
  EXPECT_NE((*line)->second.find(R"("status":"ok")"), std::string::npos);
  EXPECT_EQ(walked(run.id), (std::vector<std::uint64_t>{0, 1, 2, 3}));
  // Whoever goes on after a crash does not ask again.
  const auto after = store.stored_items(**again, {1, 1, 4});
  EXPECT_TRUE(after->done.contains(1));
  ending.tally = tally(4, 0);
  ending.outcome = RunOutcome::kComplete;
  ASSERT_TRUE(store.end(run, "b", ending));
  EXPECT_EQ(store.resume(run.id, {}).error().code, ErrorCode::kConflict);  // nothing is missing
}

TEST_F(RunStoreTest, CancellingReachesTheNodeThatExecutes) {
  const TheRun queued = create();
  EXPECT_EQ(store.cancel(queued.id, {})->state, RunState::kCancelled);
  EXPECT_FALSE(*store.claim("a", kNow));
  const TheRun run = create();
  ASSERT_TRUE(store.claim("a", kNow));
  EXPECT_FALSE(store.store(run.id, "a", {}, tally(0, 0), kNow)->cancel);
  EXPECT_EQ(store.cancel(run.id, {})->state, RunState::kRunning);
  EXPECT_TRUE(store.store(run.id, "a", {}, tally(0, 0), kNow)->cancel);
  EXPECT_EQ(store.cancel("nothing", {}).error().code, ErrorCode::kNotFound);
}

TEST_F(RunStoreTest, ListsByFilterNewestFirst) {
  for (int i = 0; i < 5; ++i) create();
  RunFilter filter;
  filter.limit = 2;
  std::vector<std::string> seen;
  do {
    const auto page = store.list(filter);
    ASSERT_TRUE(page) << page.error().describe();
    for (const TheRun& run : page->items) seen.push_back(run.id);
    filter.cursor = page->next_cursor;
  } while (!filter.cursor.empty());
  EXPECT_EQ(seen.size(), 5u);
  EXPECT_TRUE(std::ranges::is_sorted(seen, std::greater<>()));
  filter = {};
  filter.visible_use_cases = {"other"};
  EXPECT_TRUE(store.list(filter)->items.empty());
  filter.visible_use_cases = {"other", "support"};
  filter.state = RunState::kQueued;
  EXPECT_EQ(store.list(filter)->items.size(), 5u);
}

}  // namespace
}  // namespace slipway::evaluation
