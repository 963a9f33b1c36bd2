// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/executor.h"

#include <gtest/gtest.h>

#include <thread>

#include "evaluation/runs/test_executor.h"

namespace slipway::evaluation {
namespace {

TEST(Executor, AnswersScoresAndStoresEveryItemOnce) {
  World world([](const CallOrder& order, int) { return answer_of(order.repeat == 0 ? "answer" : "other"); },
              50);
  world.shape = {.cells = 2, .repeats = 3, .planned = 300};
  const RunEnd end = world.run();
  EXPECT_EQ(end.state, RunState::kFinished);
  EXPECT_EQ(end.outcome, RunOutcome::kComplete) << end.reason;
  EXPECT_EQ(world.sink.stored.size(), 300u);
  EXPECT_EQ(world.caller.calls, 300);
  EXPECT_LE(world.caller.most_at_once, 8);
  ASSERT_EQ(end.tally.cells.size(), 2u);
  EXPECT_EQ(end.tally.cells[1].metrics[0].passed, 50);
  EXPECT_EQ(end.tally.cells[1].metrics[0].failed, 100);
  EXPECT_EQ(end.tally.cells[1].metrics[1].sum, 50 * 6 + 100 * 5);
  EXPECT_EQ(end.tally.cost_nano, 300'000);
  const json::value line = json::parse(world.sink.stored.at(299));
  EXPECT_EQ(line.at("case"), "case-49");
  EXPECT_EQ(line.at("cell"), 1);
  EXPECT_EQ(line.at("repeat"), 2);
  EXPECT_EQ(line.at("scores").at(0).at("passed"), false);
}

TEST(Executor, ARunOfOneCaseAndOneWithNothingLeft) {
  World one([](const CallOrder&, int) { return answer_of("answer"); }, 1);
  EXPECT_EQ(one.run().outcome, RunOutcome::kComplete);
  EXPECT_EQ(one.sink.stored.size(), 1u);
  World none([](const CallOrder&, int) { return answer_of("answer"); }, 1);
  ItemSet done;
  done.insert(0);
  RunTally tally;
  tally.done = 1;
  EXPECT_EQ(none.run({}, std::move(done), tally).outcome, RunOutcome::kComplete);
  EXPECT_EQ(none.caller.calls, 0);
}

TEST(Executor, BeingToldToWaitSlowsAndNeverFails) {
  World world([](const CallOrder&, int attempt) {
    return attempt <= 5 ? refusal(CallEnd::kLimited, "rate_limit") : answer_of("answer");
  });
  world.limits.attempts = 1;  // waiting is no attempt
  const RunEnd end = world.run();
  EXPECT_EQ(end.outcome, RunOutcome::kComplete) << end.reason;
  EXPECT_EQ(end.tally.errors, 0);
  EXPECT_EQ(end.tally.limited, 500);
  EXPECT_EQ(end.tally.calls, 100);
}

TEST(Executor, AProvidersFailureIsRetriedAndThenAnError) {
  World world([](const CallOrder& order, int attempt) {
    if (order.item == 7) return refusal(CallEnd::kFailed, "upstream_unavailable");
    if (order.item == 8 && attempt < 3) return refusal(CallEnd::kFailed, "upstream_unavailable");
    if (order.item == 9) return refusal(CallEnd::kRefused, "invalid_request");
    return answer_of("answer");
  });
  const RunEnd end = world.run();
  EXPECT_EQ(end.outcome, RunOutcome::kComplete) << end.reason;  // 2 of 100 are within the share
  EXPECT_EQ(end.tally.errors, 2);
  EXPECT_EQ(end.tally.cells[0].metrics[0].scored, 98);
  EXPECT_EQ(world.caller.attempts(7), 3);
  EXPECT_EQ(world.caller.attempts(8), 3);
  EXPECT_EQ(world.caller.attempts(9), 1);
  const json::value line = json::parse(world.sink.stored.at(7));
  EXPECT_EQ(line.at("status"), "error");
  EXPECT_EQ(line.at("error").at("code"), "upstream_unavailable");
  EXPECT_EQ(line.at("attempts"), 3);
}

TEST(Executor, ErrorsBeyondTheShareAreNoResult) {
  World world([](const CallOrder& order, int) {
    return order.item % 10 == 0 ? refusal(CallEnd::kRefused, "invalid_request") : answer_of("answer");
  });
  const RunEnd end = world.run();
  EXPECT_EQ(end.state, RunState::kFinished);
  EXPECT_EQ(end.outcome, RunOutcome::kError);
  EXPECT_NE(end.reason.find("10 of 100 calls failed"), std::string::npos) << end.reason;
}

TEST(Executor, AProviderThatIsDownEndsTheRunEarly) {
  World world(
      [](const CallOrder& order, int) {
        return order.item < 50 ? answer_of("answer") : refusal(CallEnd::kFailed, "upstream_unavailable");
      },
      1'000);
  world.limits.attempts = 1;
  const RunEnd end = world.run();
  EXPECT_EQ(end.outcome, RunOutcome::kError);
  EXPECT_NE(end.reason.find("results are missing"), std::string::npos) << end.reason;
  EXPECT_LT(world.caller.calls, 300);
  EXPECT_EQ(end.tally.done, static_cast<std::int64_t>(world.sink.stored.size()));
}

TEST(Executor, NoNumberIsTheMetricsErrorAndNeverInASum) {
  World world([](const CallOrder& order, int) { return answer_of(order.item == 3 ? "nan" : "answer"); }, 10);
  world.limits.error_share = 0.2;
  const RunEnd end = world.run();
  EXPECT_EQ(end.outcome, RunOutcome::kComplete) << end.reason;
  EXPECT_EQ(end.tally.cells[0].metrics[1].sum, 54);
  EXPECT_EQ(end.tally.cells[0].metrics[1].errors, 1);
  EXPECT_EQ(world.sink.stored.at(3).find("null"), std::string::npos);
  World strict([](const CallOrder& order, int) { return answer_of(order.item == 3 ? "nan" : "answer"); }, 10);
  strict.limits.error_share = 0.05;
  const RunEnd error = strict.run();
  EXPECT_EQ(error.outcome, RunOutcome::kError);
  EXPECT_NE(error.reason.find("'length'"), std::string::npos) << error.reason;
}

TEST(Executor, ABudgetIsNotOverstepped) {
  World world([](const CallOrder&, int) { return answer_of("answer", 10'000'000); }, 1'000);
  const RunEnd end = world.run({.usd_nano = 1'000'000'000, .calls = {}});
  EXPECT_EQ(end.outcome, RunOutcome::kPartial);
  EXPECT_EQ(world.caller.calls, 100);
  EXPECT_EQ(end.tally.cost_nano, 1'000'000'000);
  EXPECT_NE(end.reason.find("900 of 1000 results are missing"), std::string::npos) << end.reason;
  World calls([](const CallOrder&, int) { return answer_of("answer"); }, 1'000);
  EXPECT_EQ(calls.run({.usd_nano = {}, .calls = 70}).outcome, RunOutcome::kPartial);
  EXPECT_EQ(calls.caller.calls, 70);
  // Enough is enough: a budget that is just spent is no shortage.
  World exact([](const CallOrder&, int) { return answer_of("answer"); }, 70);
  EXPECT_EQ(exact.run({.usd_nano = {}, .calls = 70}).outcome, RunOutcome::kComplete);
  // A price nobody knows.
  World unknown([](const CallOrder&, int) { return answer_of("answer", -1); }, 1'000);
  const RunEnd stopped = unknown.run({.usd_nano = 1'000'000'000, .calls = {}});
  EXPECT_EQ(unknown.caller.calls, 1);
  EXPECT_NE(stopped.reason.find("nobody knows"), std::string::npos) << stopped.reason;
}

TEST(Executor, WhatIsStoredIsNotAskedAgain) {
  World first([](const CallOrder&, int) { return answer_of("answer"); }, 1'000);
  first.sink.cancel_after = 300;
  const RunEnd cancelled = first.run();
  EXPECT_EQ(cancelled.state, RunState::kCancelled);
  EXPECT_EQ(cancelled.outcome, RunOutcome::kPartial);
  const std::size_t stored = first.sink.stored.size();
  EXPECT_GE(stored, 300u);
  EXPECT_LT(stored, 1'000u);
  ItemSet done;
  for (const auto& [item, line] : first.sink.stored) done.insert(item);
  World second([](const CallOrder&, int) { return answer_of("answer"); }, 1'000);
  second.sink.stored = first.sink.stored;
  const RunEnd end = second.run({}, std::move(done), cancelled.tally);
  EXPECT_EQ(end.outcome, RunOutcome::kComplete) << end.reason;
  EXPECT_EQ(second.caller.calls, static_cast<int>(1'000 - stored));
  EXPECT_EQ(second.sink.stored.size(), 1'000u);
  EXPECT_EQ(end.tally.cells[0].metrics[0].passed, 1'000);
}

TEST(Executor, AServerThatStopsStoresWhatWasAnswered) {
  std::atomic<int> answered{0};
  World world(
      [&](const CallOrder&, int) {
        ++answered;
        return answer_of("answer");
      },
      100'000);
  Executor& executor = world.make();
  std::thread stopper([&] {
    while (answered < 500) std::this_thread::yield();
    executor.release();
  });
  const RunEnd end = executor.run();
  stopper.join();
  EXPECT_TRUE(end.released);
  EXPECT_EQ(static_cast<int>(world.sink.stored.size()), answered.load());
}

// With much room for what waits, it is the failing store alone that stops the calls.
class ExecutorOnAFullDisk : public testing::TestWithParam<std::int64_t> {};

TEST_P(ExecutorOnAFullDisk, StopsTheCallsUntilThereIsRoom) {
  World world([](const CallOrder&, int) { return answer_of("answer"); }, 20'000);
  world.limits.waiting_items = GetParam();
  world.limits.batch_items = 20;
  {
    const std::lock_guard lock(world.sink.mutex);
    world.sink.refuse = Error{ErrorCode::kResourceExhausted, "the disk is full", {}, {}};
  }
  Executor& executor = world.make();
  std::thread janitor([&] {
    // The calls come to rest before the room comes.
    std::int64_t before = -1;
    for (int same = 0; same < 20;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      const std::int64_t now = executor.progress().tally.calls;
      same = now == before && now > 0 ? same + 1 : 0;
      before = now;
    }
    EXPECT_LT(before, 10'000);  // a few hundred, on a machine that has time
    const std::lock_guard lock(world.sink.mutex);
    world.sink.refuse.reset();
  });
  const RunEnd end = executor.run();
  janitor.join();
  EXPECT_EQ(end.outcome, RunOutcome::kComplete) << end.reason;
  EXPECT_EQ(world.sink.stored.size(), 20'000u);
  EXPECT_EQ(world.caller.calls, 20'000);
}

INSTANTIATE_TEST_SUITE_P(LittleAndMuchRoom, ExecutorOnAFullDisk, testing::Values(100, 1'000'000));

TEST(Executor, ARunThatIsAnothersIsLeftAlone) {
  World world([](const CallOrder&, int) { return answer_of("answer"); }, 10'000);
  world.sink.refuse = Error{ErrorCode::kConflict, "it is executed elsewhere", {}, {}};
  const RunEnd end = world.run();
  EXPECT_TRUE(end.abandoned);
  EXPECT_TRUE(world.sink.stored.empty());
}

TEST(Pace, HalvesOnceForCallsOfOneTimeAndGrowsAgain) {
  Pace pace({.most = 64, .first = 8, .pause_ms = 100, .longest_ms = 1'000});
  for (int i = 0; i < 100; ++i) pace.answered();
  EXPECT_EQ(pace.window(), 64u);
  const std::uint64_t epoch = pace.epoch();
  for (int i = 0; i < 10; ++i) pace.limited(epoch, 0, 1'000);
  EXPECT_EQ(pace.window(), 32u);
  EXPECT_EQ(pace.allowed(1'050), 0u);
  EXPECT_EQ(pace.allowed(1'100), 32u);
  for (int i = 0; i < 33; ++i) pace.answered();
  EXPECT_EQ(pace.window(), 33u);  // one more a window
  pace.limited(pace.epoch(), 5'000, 2'000);
  EXPECT_EQ(pace.paused_until_ms(), 7'000);  // as told
  for (int i = 0; i < 20; ++i) pace.limited(pace.epoch(), 0, 10'000);
  EXPECT_EQ(pace.window(), 1u);
  EXPECT_EQ(pace.paused_until_ms(), 11'000);  // never longer than the longest
}

TEST(Budget, CountsWhatIsInFlight) {
  Budget budget({.usd_nano = 100, .calls = {}}, 0, 0);
  EXPECT_EQ(budget.allowed(), 1u);  // one shows the price
  budget.begin();
  EXPECT_EQ(budget.allowed(), 0u);
  EXPECT_FALSE(budget.exhausted());
  budget.end(true, 10);
  EXPECT_EQ(budget.allowed(), 9u);
  budget.begin();
  budget.begin();
  EXPECT_EQ(budget.allowed(), 7u);
  budget.end(true, 40);  // the others may be as dear
  EXPECT_EQ(budget.allowed(), 0u);
  budget.end(false, -1);
  EXPECT_EQ(budget.allowed(), 1u);
}

}  // namespace
}  // namespace slipway::evaluation
