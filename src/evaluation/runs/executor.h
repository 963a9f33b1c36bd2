// SPDX-License-Identifier: Apache-2.0
// Carries one run out: takes cases as they come, keeps as many calls in flight as the provider bears, repeats
// what failed, has the answers scored and stores results as they finish. Memory does not grow with the number
// of cases (but for one bit a result).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "evaluation/runs/budget.h"
#include "evaluation/runs/item_set.h"
#include "evaluation/runs/pace.h"
#include "evaluation/runs/ports.h"
#include "rt/blocking_pool.h"

namespace slipway::evaluation {

// Times in milliseconds.
struct ExecutorLimits {
  std::uint32_t concurrency = 32;
  std::uint32_t attempts = 3;   // calls for one item, while the provider is at fault
  std::int64_t retry_ms = 500;  // before the second; doubles
  std::int64_t retry_longest_ms = 30'000;
  double error_share = 0.05;          // of a cell's results; beyond it nothing can be concluded
  std::int64_t errors_in_a_row = 20;  // with that share exceeded, the run gives up
  std::int64_t store_ms = 200;        // between the beginnings of two stores
  std::int64_t batch_items = 2'000;
  std::size_t batch_bytes = 4u << 20;
  std::int64_t waiting_items = 4'000;  // answered and not stored: beyond it no call begins
  std::size_t waiting_bytes = 16u << 20;
  std::int64_t alive_ms = 5'000;         // a sign of life where nothing is stored
  std::int64_t patience_ms = 3'600'000;  // without any answer, only told to wait; or unable to store
  std::int64_t drain_ms = 10'000;        // for calls in flight when the server stops
  std::uint32_t judges = 32;             // threads of `ExecutorParts::judges`
  std::int64_t pause_ms = 500;           // see PaceLimits
  std::int64_t pause_longest_ms = 60'000;
  ResultLimits result = {};
};

struct ExecutorParts {
  CaseFeed& feed;
  Caller& caller;
  AnswerScorer& scorer;
  ResultSink& sink;
  Budget& budget;
  rt::BlockingPool& workers;           // scores and stores
  rt::BlockingPool* judges = nullptr;  // scores instead of them, where the scorer calls
};

struct RunEnd {
  RunState state = RunState::kFinished;
  RunOutcome outcome = RunOutcome::kComplete;
  std::string reason;
  RunTally tally;
  bool abandoned = false;  // another's now
  bool released = false;   // the server stops: it goes on later
};

struct RunProgress {
  std::uint32_t window = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t judging = 0;   // answers whose judges are being asked
  std::int64_t paused_ms = 0;  // from now on
  RunTally tally;
};

class Executor {
 public:
  // `done` and `tally`: what is stored already.
  Executor(ExecutorParts parts, const ExecutorLimits& limits, const RunShape& shape, ItemSet done,
           RunTally tally);
  // Returns when the run has ended, and everything that was answered is stored. Blocks; once.
  RunEnd run();
  // Ends the run soon; calls under way are cancelled. Any thread.
  void cancel();
  // Begins nothing more, gives calls under way their time, stores. Any thread.
  void release();
  [[nodiscard]] RunProgress progress() const;  // any thread

 private:
  struct Attempt {
    CallOrder order;
    std::uint32_t made = 0;  // calls, those told to wait left out
    std::uint64_t epoch = 0;
  };
  struct Ended {
    CallOrder order;
    CallOutcome outcome;
    std::uint32_t attempts = 0;
  };
  struct Finished {
    ResultBatch batch;
    RunTally delta;
    std::int64_t last_errors = 0;  // errors at its end without a result in between
    bool any_answer = false;
    std::int64_t taken = 0;         // items that were to be scored
    std::int64_t unjudged = 0;      // answers that some judge could not be asked about, the provider failed
    std::vector<Ended> unfinished;  // interrupted: they have no result
  };
  // What other threads leave for the run's own.
  struct Inbox {
    std::vector<std::pair<CallOrder, CallOutcome>> outcomes;
    std::vector<Finished> finished;
    std::optional<Result<SinkAnswer>> stored;
    [[nodiscard]] bool empty() const { return outcomes.empty() && finished.empty() && !stored; }
  };

  // Shared with whoever still answers: it outlives the executor.
  struct Mailbox {
    std::mutex mutex;
    std::condition_variable wake;
    Inbox inbox;
    template <class Put>
    void post(Put&& put) {
      const std::lock_guard lock(mutex);
      put(inbox);
      wake.notify_one();
    }
  };

  Inbox wait();
  [[nodiscard]] std::int64_t deadline_ms(std::int64_t now_ms) const;
  void take(std::vector<std::pair<CallOrder, CallOutcome>> outcomes);
  void take_one(const CallOrder& order, CallOutcome outcome);
  void merge(Finished finished);
  void take_up_again(std::vector<Ended> unfinished);
  void look_at_judges(const Finished& finished);
  void take_judge_spending();
  void stop_calls();
  void note_stored(Result<SinkAnswer> answer);
  void hand_to_workers();
  [[nodiscard]] Finished score(std::vector<Ended> ended) const;
  void store_if_due();
  void dispatch();
  bool next_attempt(Attempt& attempt);
  bool next_from_feed(Attempt& attempt);
  [[nodiscard]] bool full() const;
  [[nodiscard]] bool idle() const;  // nothing under way, nothing unstored
  void look_at_stops();
  void give_up(RunState state, RunOutcome outcome, std::string reason);
  void publish_progress();
  RunEnd conclude();

  ExecutorParts parts_;
  ExecutorLimits limits_;
  RunShape shape_;
  Budget& budget_;
  const bool judged_;  // scores wait for calls
  ItemSet done_;
  RunTally tally_;
  Pace pace_;

  std::shared_ptr<const RunCase> case_;  // of which items are taken now
  std::uint32_t next_in_case_ = 0;
  bool feed_ended_ = false;
  std::map<std::uint64_t, Attempt> under_way_;      // by item
  std::multimap<std::int64_t, Attempt> to_repeat_;  // by when
  std::vector<Ended> ended_;                        // not yet with the workers
  std::int64_t with_workers_ = 0;
  std::uint32_t jobs_ = 0;
  ResultBatch batch_;    // finished, not yet given to the sink
  ResultBatch storing_;  // at the sink, kept until it is on disk
  RunTally storing_tally_;
  bool sink_busy_ = false;
  std::int64_t sink_failures_ = 0;
  std::int64_t last_store_ms_ = 0;
  std::int64_t next_store_ms_ = 0;
  std::int64_t sink_failing_since_ms_ = 0;
  std::int64_t last_answer_ms_ = 0;
  std::int64_t errors_in_a_row_ = 0;
  std::int64_t unjudged_ = 0;
  std::int64_t unjudged_in_a_row_ = 0;
  bool stopping_ = false;  // nothing more begins
  bool draining_ = false;  // the server stops
  std::int64_t drain_until_ms_ = 0;
  RunEnd end_;
  Caller::Done done_call_;

  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  mutable std::mutex progress_mutex_;
  RunProgress progress_;
  std::atomic<bool> cancel_{false};
  std::atomic<bool> release_{false};
};

}  // namespace slipway::evaluation
