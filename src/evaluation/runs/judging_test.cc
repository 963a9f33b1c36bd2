// SPDX-License-Identifier: Apache-2.0
// Runs whose answers are judged by calls: how many at once, what they cost, and what happens where they fail
// or end.
#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "evaluation/runs/gateway_desk.h"
#include "evaluation/runs/test_executor.h"

namespace slipway::evaluation {
namespace {

// Judges' provider: answers on threads of its own, as the script says.
class ScriptedLanes final : public CallLanes {
 public:
  using Script = std::function<CallOutcome(const gateway::LocalCall& call, int nth)>;
  explicit ScriptedLanes(Script script) : script_(std::move(script)) {}
  void start(std::vector<Waiting> calls) override {
    for (Waiting& one : calls) {
      int nth = 0;
      {
        const std::lock_guard lock(mutex);
        nth = ++made;
        most_at_once = std::max(most_at_once, ++at_once);
        last = one.call;
      }
      auto shared = std::make_shared<Waiting>(std::move(one));
      const Result<> given = pool_.submit([this, shared, nth] {
        CallOutcome outcome =
            cancelled ? refusal(CallEnd::kCancelled, "cancelled") : script_(shared->call, nth);
        {
          const std::lock_guard lock(mutex);
          --at_once;
        }
        shared->done(std::move(outcome));
      });
      ASSERT_TRUE(given);
    }
  }
  void cancel() override {
    cancelled = true;
    const std::lock_guard lock(mutex);
    wake.notify_all();
  }
  // A provider that never answers, until the call is ended.
  CallOutcome hang() {
    std::unique_lock lock(mutex);
    wake.wait(lock, [this] { return cancelled.load(); });
    return refusal(CallEnd::kCancelled, "cancelled");
  }
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<bool> cancelled{false};
  int made = 0;
  int at_once = 0;
  int most_at_once = 0;
  gateway::LocalCall last;

 private:
  Script script_;
  rt::BlockingPool pool_{"judges", 16, 100'000};
};

CallOutcome verdict(std::string text = "yes", NanoUsd cost = 1'000) {
  CallOutcome out = answer_of(std::move(text), cost);
  out.input_tokens = 10;
  out.output_tokens = 2;
  return out;
}

// Asks one judge, so many times an answer.
class AskingScorer final : public AnswerScorer {
 public:
  AskingScorer(std::shared_ptr<JudgeDesk> desk, int calls) : desk_(std::move(desk)), calls_(calls) {}
  [[nodiscard]] std::vector<AnswerScore> score(const CallOrder&, const CallOutcome&) const override {
    AnswerScore out;
    for (int i = 0; i < calls_; ++i) {
      const auto reply = desk_->ask(JudgeTarget{"careful:1", "fake/m", nullptr}, {});
      if (!reply) {
        out.error = reply.error().describe();
        out.interrupted = reply.error().code == ErrorCode::kCancelled;
        out.unavailable = reply.error().code == ErrorCode::kUnavailable;
        out.value.reset();
        out.passed.reset();
        return {out};
      }
      out.value = reply->text == "yes" ? 1 : 0;
      out.passed = reply->text == "yes";
    }
    return {out};
  }
  [[nodiscard]] const std::vector<std::string>& names() const override { return names_; }
  [[nodiscard]] std::vector<ScoreKind> kinds() const override { return {ScoreKind::kVerdict}; }
  [[nodiscard]] bool calls() const override { return true; }
  void cancel() override { desk_->cancel(); }

 private:
  std::shared_ptr<JudgeDesk> desk_;
  int calls_;
  std::vector<std::string> names_ = {"judged"};
};

struct Court {
  explicit Court(
      ScriptedLanes::Script script, std::int64_t cases = 100, int calls = 1,
      ScriptedCaller::Script answers = [](const CallOrder&, int) { return answer_of("answer"); })
      : feed(cases), caller(std::move(answers)), calls_each(calls) {
    shape.planned = cases;
    limits.retry_ms = 1;
    limits.store_ms = 5;
    limits.concurrency = 8;
    limits.judges = 4;
    settings.run = "r1";
    settings.use_case = "shop";
    settings.environment = "dev";
    settings.retry_ms = 1;
    settings.pause_ms = 1;
    settings.pause_longest_ms = 3;
    auto made = std::make_unique<ScriptedLanes>(std::move(script));
    lanes = made.get();
    owned = std::move(made);
  }
  Executor& make(const BudgetLimits& limit = {}) {
    budget = std::make_unique<Budget>(limit, 0, 0, static_cast<std::uint32_t>(calls_each));
    scorer = std::make_unique<AskingScorer>(
        std::make_shared<GatewayDesk>(std::move(owned), settings, *budget), calls_each);
    executor =
        std::make_unique<Executor>(ExecutorParts{feed, caller, *scorer, sink, *budget, workers, &judges},
                                   limits, shape, ItemSet{}, RunTally{});
    return *executor;
  }
  RunEnd run(const BudgetLimits& limit = {}) { return make(limit).run(); }

  ListFeed feed;
  ScriptedCaller caller;
  int calls_each;
  MemorySink sink;
  rt::BlockingPool workers{"workers", 2, 1'000};
  rt::BlockingPool judges{"judge", 4, 1'000};
  ExecutorLimits limits;
  RunShape shape;
  DeskSettings settings;
  ScriptedLanes* lanes = nullptr;
  std::unique_ptr<CallLanes> owned;
  std::unique_ptr<Budget> budget;
  std::unique_ptr<AskingScorer> scorer;
  std::unique_ptr<Executor> executor;
};

TEST(Judging, EveryAnswerIsJudgedAndTheCostCounts) {
  Court court([](const gateway::LocalCall&, int nth) { return verdict(nth % 4 == 0 ? "no" : "yes"); }, 200,
              2);
  const RunEnd end = court.run();
  EXPECT_EQ(end.outcome, RunOutcome::kComplete) << end.reason;
  EXPECT_EQ(court.sink.stored.size(), 200u);
  EXPECT_EQ(court.lanes->made, 400);
  EXPECT_LE(court.lanes->most_at_once, 4);
  EXPECT_EQ(end.tally.calls, 600);
  EXPECT_EQ(end.tally.judge_calls, 400);
  EXPECT_EQ(end.tally.cost_nano, 600'000);
  EXPECT_EQ(end.tally.judge_cost_nano, 400'000);
  EXPECT_EQ(end.tally.input_tokens, 4'000);
  EXPECT_EQ(end.tally.cells[0].cost_nano, 200'000);  // what the answers cost
  EXPECT_EQ(end.tally.cells[0].metrics[0].scored, 200);
  // It is a call like any other of the run.
  EXPECT_EQ(court.lanes->last.surface, "evaluation");
  EXPECT_EQ(court.lanes->last.end_user, "run:r1");
  EXPECT_EQ(court.lanes->last.environment, "dev");
  EXPECT_EQ(json::parse(court.lanes->last.body).at("model"), "shop");
}

TEST(Judging, AnswersDoNotRunAwayFromTheirJudges) {
  std::atomic<int> most{0};
  Court* there = nullptr;
  Court court(
      [&](const gateway::LocalCall&, int nth) {
        most = std::max(most.load(), there->caller.calls - nth);
        return verdict();
      },
      2'000);
  there = &court;
  EXPECT_EQ(court.run().outcome, RunOutcome::kComplete);
  // What is in flight, what waits for a judge, and what is with one.
  EXPECT_LE(most, 8 + 2 * 4 + 4 + 8);
}

TEST(Judging, ProvidersAreAskedNoMoreAtOnceThanTheyMayBe) {
  Court court([](const gateway::LocalCall&, int) { return verdict(); }, 500);
  court.settings.concurrency = 2;
  EXPECT_EQ(court.run().outcome, RunOutcome::kComplete);
  EXPECT_EQ(court.lanes->most_at_once, 2);
  Court keyed([](const gateway::LocalCall&, int) { return verdict(); }, 500);
  keyed.settings.max_concurrent = 3;  // as of one key
  EXPECT_EQ(keyed.run().outcome, RunOutcome::kComplete);
  EXPECT_LE(keyed.lanes->most_at_once, 3);
}

TEST(Judging, BeingToldToWaitSlowsAndNeverFails) {
  Court court([](const gateway::LocalCall&,
                 int nth) { return nth % 3 != 0 ? refusal(CallEnd::kLimited, "rate_limit") : verdict(); },
              100);
  court.settings.attempts = 1;
  const RunEnd end = court.run();
  EXPECT_EQ(end.outcome, RunOutcome::kComplete) << end.reason;
  EXPECT_EQ(end.tally.cells[0].metrics[0].passed, 100);
  EXPECT_GT(end.tally.limited, 100);
  EXPECT_EQ(end.tally.judge_calls, 100);  // what was refused is not paid
}

TEST(Judging, AFailingProviderIsAskedAgainAndThenTheMetricsError) {
  Court court(
      [](const gateway::LocalCall&, int nth) {
        return nth % 2 == 0 ? refusal(CallEnd::kFailed, "upstream_unavailable") : verdict();
      },
      50);
  court.settings.attempts = 20;
  EXPECT_EQ(court.run().tally.cells[0].metrics[0].passed, 50);
  Court refused([](const gateway::LocalCall&, int) { return refusal(CallEnd::kRefused, "invalid_request"); },
                10);
  const RunEnd end = refused.run();
  EXPECT_EQ(refused.lanes->made, 10);  // it would be refused again
  EXPECT_EQ(end.outcome, RunOutcome::kError);
  EXPECT_EQ(end.tally.errors, 0);
  EXPECT_EQ(end.tally.cells[0].metrics[0].errors, 10);
  const json::value line = json::parse(refused.sink.stored.at(3));
  EXPECT_EQ(line.at("status"), "ok");
  EXPECT_EQ(line.at("scores").at(0).at("error").as_string(),
            "the judge careful:1 gave no answer: invalid_request: It did not work.");
}

TEST(Judging, AJudgeThatIsDownEndsTheRunEarly) {
  Court court(
      [](const gateway::LocalCall&, int nth) {
        return nth <= 50 ? verdict() : refusal(CallEnd::kFailed, "upstream_unavailable");
      },
      5'000);
  court.settings.attempts = 2;
  const RunEnd end = court.run();
  EXPECT_EQ(end.outcome, RunOutcome::kError);
  EXPECT_NE(end.reason.find("judges could not be asked"), std::string::npos) << end.reason;
  EXPECT_LT(court.caller.calls, 1'000);
}

TEST(Judging, ABudgetIsNotOverstepped) {
  // An answer costs 1 cent and each of its two judge calls 2.
  Court court([](const gateway::LocalCall&, int) { return verdict("yes", 20'000'000); }, 1'000, 2,
              [](const CallOrder&, int) { return answer_of("answer", 10'000'000); });
  const RunEnd end = court.run({.usd_nano = 1'000'000'000, .calls = {}});
  EXPECT_EQ(end.outcome, RunOutcome::kPartial) << end.reason;
  EXPECT_LE(end.tally.cost_nano, 1'000'000'000);
  EXPECT_GE(end.tally.cost_nano, 900'000'000);
  // Whatever was answered was judged: nothing is paid for in vain.
  EXPECT_EQ(static_cast<int>(court.sink.stored.size()), court.caller.calls);
  EXPECT_EQ(court.lanes->made, 2 * court.caller.calls);
  EXPECT_NE(end.reason.find("results are missing"), std::string::npos) << end.reason;
  Court calls([](const gateway::LocalCall&, int) { return verdict(); }, 1'000);
  const RunEnd counted = calls.run({.usd_nano = {}, .calls = 101});
  EXPECT_EQ(counted.outcome, RunOutcome::kPartial);
  EXPECT_EQ(counted.tally.calls, 100);
  Court exact([](const gateway::LocalCall&, int) { return verdict(); }, 50);
  EXPECT_EQ(exact.run({.usd_nano = {}, .calls = 100}).outcome, RunOutcome::kComplete);
}

TEST(Judging, JudgesThatCostMoreThanTheyDidStopInTime) {
  // Dearer and dearer: what was kept back does not suffice.
  Court court([](const gateway::LocalCall&, int nth) { return verdict("yes", nth * 1'000'000); }, 1'000, 3);
  const RunEnd end = court.run({.usd_nano = 1'000'000'000, .calls = {}});
  EXPECT_EQ(end.outcome, RunOutcome::kPartial) << end.reason;
  // Over it by no more than the calls that were under way could be dearer than the ones before.
  EXPECT_LE(end.tally.cost_nano, 1'000'000'000 + 4 * 4'000'000);
  EXPECT_EQ(end.tally.done, static_cast<std::int64_t>(court.sink.stored.size()));
}

TEST(Judging, ACancelledRunEndsItsJudges) {
  ScriptedLanes* lanes = nullptr;
  Court court([&](const gateway::LocalCall&, int nth) { return nth <= 10 ? verdict() : lanes->hang(); },
              1'000);
  lanes = court.lanes;
  Executor& executor = court.make();
  std::thread canceller([&] {
    for (;;) {
      {
        const std::lock_guard lock(lanes->mutex);
        if (lanes->made >= 14) break;
      }
      std::this_thread::yield();
    }
    executor.cancel();
  });
  const RunEnd end = executor.run();
  canceller.join();
  EXPECT_EQ(end.state, RunState::kCancelled);
  // What was not judged has no result, rather than one without a verdict.
  EXPECT_EQ(court.sink.stored.size(), 10u);
  EXPECT_EQ(end.tally.cells[0].metrics[0].errors, 0);
  EXPECT_EQ(end.tally.done, 10);
}

TEST(Judging, AJudgeThatWaitsForItsProviderEndsAtOnceToo) {
  Court court(
      [](const gateway::LocalCall&, int) {
        CallOutcome later = refusal(CallEnd::kLimited, "rate_limit");
        later.retry_after_ms = 3'600'000;
        return later;
      },
      100);
  Executor& executor = court.make();
  std::thread canceller([&] {
    while (executor.progress().judging == 0) std::this_thread::yield();
    executor.cancel();
  });
  EXPECT_EQ(executor.run().state, RunState::kCancelled);
  canceller.join();
  EXPECT_TRUE(court.sink.stored.empty());
}

TEST(Judging, AServerThatStopsGivesJudgesTheirTime) {
  ScriptedLanes* lanes = nullptr;
  Court court([&](const gateway::LocalCall&, int nth) { return nth <= 30 ? verdict() : lanes->hang(); },
              1'000);
  lanes = court.lanes;
  court.limits.drain_ms = 20;
  Executor& executor = court.make();
  std::thread stopper([&] {
    for (;;) {
      {
        const std::lock_guard lock(lanes->mutex);
        if (lanes->made >= 34) break;
      }
      std::this_thread::yield();
    }
    executor.release();
  });
  const RunEnd end = executor.run();
  stopper.join();
  EXPECT_TRUE(end.released);
  EXPECT_EQ(court.sink.stored.size(), 30u);
}

TEST(Judging, PatienceEndsSomewhere) {
  Court court([](const gateway::LocalCall&, int nth) {
    return nth <= 20 ? verdict() : refusal(CallEnd::kLimited, "rate_limit");
  });
  court.settings.patience_ms = 30;
  const RunEnd end = court.run();
  EXPECT_EQ(end.outcome, RunOutcome::kPartial);
  EXPECT_NE(end.reason.find("refused every call"), std::string::npos) << end.reason;
  EXPECT_EQ(court.sink.stored.size(), 20u);
  EXPECT_EQ(end.tally.cells[0].metrics[0].errors, 0);
}

TEST(BudgetWithJudges, KeepsBackWhatJudgesWillCost) {
  Budget budget({.usd_nano = 1'000, .calls = {}}, 0, 0, 2);
  EXPECT_EQ(budget.allowed(), 1u);
  budget.begin();
  budget.end(true, 10);
  budget.keep_for_judges();
  EXPECT_EQ(budget.allowed(), 0u);  // what a judge costs is not known yet
  EXPECT_TRUE(budget.begin_judge());
  JudgeSpending spent;
  spent.cost_nano = 20;
  budget.end_judge(spent, true);
  EXPECT_TRUE(budget.begin_judge());
  budget.end_judge(spent, true);
  budget.judged();
  EXPECT_EQ(budget.allowed(), 19u);  // (1000 - 50) / 50
  budget.begin();
  budget.end(true, 10);
  budget.keep_for_judges();
  EXPECT_EQ(budget.allowed(), 18u);  // 900 left beside what is kept
  EXPECT_FALSE(budget.exhausted());
  EXPECT_EQ(budget.take_judge_spending().calls, 2);
  EXPECT_EQ(budget.take_judge_spending().calls, 0);
  budget.stop_judges();
  EXPECT_FALSE(budget.begin_judge());
}

}  // namespace
}  // namespace slipway::evaluation
