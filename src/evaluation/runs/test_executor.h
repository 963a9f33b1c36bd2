// SPDX-License-Identifier: Apache-2.0
// What an executor works with, made for tests: cases by number, a provider with a script, a store in memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/text.h"
#include "evaluation/runs/executor.h"

namespace slipway::evaluation {

class ListFeed final : public CaseFeed {
 public:
  explicit ListFeed(std::int64_t count) : count_(count) {}
  Result<std::shared_ptr<const RunCase>> next(const std::function<bool(std::int64_t)>& wanted) override {
    while (at_ < count_ && !wanted(at_)) ++at_;
    if (at_ >= count_) return std::shared_ptr<const RunCase>();
    auto one = std::make_shared<RunCase>();
    one->number = at_++;
    one->id = "case-" + std::to_string(one->number);
    one->fields = {{"id", one->id}, {"input", "question " + std::to_string(one->number)}};
    return std::shared_ptr<const RunCase>(std::move(one));
  }

 private:
  std::int64_t count_;
  std::int64_t at_ = 0;
};

inline CallOutcome answer_of(std::string text, NanoUsd cost = 1'000) {
  CallOutcome out;
  out.end = CallEnd::kAnswered;
  out.text = std::move(text);
  out.paid = true;
  out.cost_nano = cost;
  out.latency_us = 10;
  return out;
}

inline CallOutcome refusal(CallEnd end, std::string code) {
  CallOutcome out;
  out.end = end;
  out.error_code = std::move(code);
  out.error_message = "It did not work.";
  return out;
}

// Answers on threads of its own, as a provider would.
class ScriptedCaller final : public Caller {
 public:
  using Script = std::function<CallOutcome(const CallOrder& order, int attempt)>;
  explicit ScriptedCaller(Script script) : script_(std::move(script)) {}
  void start(std::vector<CallOrder> orders, const Done& done) override {
    for (CallOrder& order : orders) {
      int attempt = 0;
      {
        const std::lock_guard lock(mutex_);
        attempt = ++attempts_[order.item];
        ++calls;
        most_at_once = std::max(most_at_once, ++at_once_);
      }
      const Result<> given = pool_.submit([this, order, done, attempt] {
        CallOutcome outcome =
            cancelled_ ? refusal(CallEnd::kCancelled, "cancelled") : script_(order, attempt);
        {
          const std::lock_guard lock(mutex_);
          --at_once_;
        }
        done(order, std::move(outcome));
      });
      ASSERT_TRUE(given);
    }
  }
  void cancel() override { cancelled_ = true; }
  int attempts(std::uint64_t item) { return attempts_[item]; }
  int calls = 0;
  int most_at_once = 0;

 private:
  Script script_;
  std::mutex mutex_;
  std::map<std::uint64_t, int> attempts_;
  int at_once_ = 0;
  std::atomic<bool> cancelled_{false};
  rt::BlockingPool pool_{"provider", 4, 100'000};
};

class LengthScorer final : public AnswerScorer {
 public:
  [[nodiscard]] std::vector<AnswerScore> score(const CallOrder& order,
                                               const CallOutcome& outcome) const override {
    AnswerScore same{1.0, outcome.text == "answer", "compared with 'answer'", {}, false};
    AnswerScore length{static_cast<double>(outcome.text.size()), {}, {}, {}, false};
    if (outcome.text == "nan") length.value = std::numeric_limits<double>::quiet_NaN();
    static_cast<void>(order);
    if (same.passed == false) same.value = 0.0;
    return {same, length};
  }
  [[nodiscard]] const std::vector<std::string>& names() const override { return names_; }
  [[nodiscard]] std::vector<ScoreKind> kinds() const override {
    return {ScoreKind::kVerdict, ScoreKind::kFigure};
  }

 private:
  std::vector<std::string> names_ = {"same", "length"};
};

class MemorySink final : public ResultSink {
 public:
  Result<SinkAnswer> store(const ResultBatch& batch, const RunTally& tally) override {
    const std::lock_guard lock(mutex);
    if (refuse) return fail(*refuse);
    std::int64_t count = 0;
    for (const std::string_view line : split(batch.lines, '\n')) {
      if (line.empty()) continue;
      const auto head = read_head(line);
      EXPECT_TRUE(head) << line;
      EXPECT_EQ(stored.count(head->item), 0u) << "stored twice: " << line;
      stored[head->item] = line;
      EXPECT_GE(head->item, batch.first_item);
      EXPECT_LE(head->item, batch.last_item);
      ++count;
    }
    EXPECT_EQ(count, batch.items);
    EXPECT_EQ(tally.done, static_cast<std::int64_t>(stored.size()));
    ++stores;
    return SinkAnswer{cancel_after != 0 && static_cast<std::int64_t>(stored.size()) >= cancel_after};
  }
  std::mutex mutex;
  std::map<std::uint64_t, std::string> stored;
  std::optional<Error> refuse;
  std::int64_t cancel_after = 0;
  int stores = 0;
};

struct World {
  explicit World(ScriptedCaller::Script script, std::int64_t cases = 100)
      : feed(cases), caller(std::move(script)) {
    shape.planned = cases;
    limits.retry_ms = 1;
    limits.pause_ms = 1;
    limits.pause_longest_ms = 3;
    limits.store_ms = 5;
    limits.concurrency = 8;
  }
  Executor& make(const BudgetLimits& budget = {}, ItemSet done = {}, RunTally tally = {}) {
    spending = std::make_unique<Budget>(budget, tally.cost_nano, tally.calls);
    executor = std::make_unique<Executor>(ExecutorParts{feed, caller, scorer, sink, *spending, workers},
                                          limits, shape, std::move(done), std::move(tally));
    return *executor;
  }
  RunEnd run(const BudgetLimits& budget = {}, ItemSet done = {}, RunTally tally = {}) {
    return make(budget, std::move(done), std::move(tally)).run();
  }
  ListFeed feed;
  ScriptedCaller caller;
  LengthScorer scorer;
  MemorySink sink;
  rt::BlockingPool workers{"workers", 2, 1'000};
  ExecutorLimits limits;
  RunShape shape;
  std::unique_ptr<Budget> spending;
  std::unique_ptr<Executor> executor;
};

}  // namespace slipway::evaluation
