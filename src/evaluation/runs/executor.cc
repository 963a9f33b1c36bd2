// SPDX-License-Identifier: Apache-2.0
// The run's own thread: what is begun, what came back, when to store. executor_results.cc scores and
// concludes.
#include "evaluation/runs/executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"

namespace slipway::evaluation {

namespace {

constexpr std::int64_t kLongestWaitMs = 1'000;  // so that nothing that was missed is missed for long
constexpr std::size_t kScoredAtOnce = 64;
constexpr std::uint32_t kJobs = 3;         // at the workers, so that they don't wait for the run's thread
constexpr std::uint32_t kJudgedAhead = 2;  // answers for each thread that waits for judges
constexpr std::int64_t kSinkRetryMs = 500;
constexpr std::int64_t kSinkRetryLongestMs = 15'000;
constexpr std::int64_t kDoublings = 10;

std::int64_t now_ms() { return mono_now_ns() / 1'000'000; }

}  // namespace

Executor::Executor(ExecutorParts parts, const ExecutorLimits& limits, const RunShape& shape, ItemSet done,
                   RunTally tally)
    : parts_(parts),
      limits_(limits),
      shape_(shape),
      budget_(parts.budget),
      judged_(parts.judges != nullptr && parts.scorer.calls()),
      done_(std::move(done)),
      tally_(std::move(tally)),
      pace_(
          {.most = limits.concurrency, .pause_ms = limits.pause_ms, .longest_ms = limits.pause_longest_ms}) {
  tally_.cells.resize(shape.cells);
  for (CellTally& cell : tally_.cells) cell.metrics.resize(parts.scorer.names().size());
  done_call_ = [box = mailbox_](const CallOrder& order, CallOutcome outcome) {
    box->post([&](Inbox& inbox) { inbox.outcomes.emplace_back(order, std::move(outcome)); });
  };
}

void Executor::stop_calls() {
  parts_.caller.cancel();
  parts_.scorer.cancel();
}

void Executor::cancel() {
  cancel_ = true;
  stop_calls();
  mailbox_->post([](Inbox&) {});
}

void Executor::release() {
  release_ = true;
  mailbox_->post([](Inbox&) {});
}

RunProgress Executor::progress() const {
  const std::lock_guard lock(progress_mutex_);
  return progress_;
}

Executor::Inbox Executor::wait() {
  std::unique_lock lock(mailbox_->mutex);
  if (mailbox_->inbox.empty()) {
    const std::int64_t now = now_ms();
    const std::int64_t until = deadline_ms(now);
    if (until > now) mailbox_->wake.wait_for(lock, std::chrono::milliseconds(until - now));
  }
  return std::exchange(mailbox_->inbox, {});
}

std::int64_t Executor::deadline_ms(std::int64_t now) const {
  std::int64_t until = now + kLongestWaitMs;
  if (!to_repeat_.empty())
    until = std::min(until, std::max(to_repeat_.begin()->first, pace_.paused_until_ms()));
  if (pace_.paused_until_ms() > now) until = std::min(until, pace_.paused_until_ms());
  if (batch_.items + storing_.items != 0 && !sink_busy_) until = std::min(until, next_store_ms_);
  return until;
}

RunEnd Executor::run() {
  last_answer_ms_ = last_store_ms_ = now_ms();
  for (;;) {
    take_judge_spending();
    look_at_stops();
    dispatch();
    hand_to_workers();
    store_if_due();
    publish_progress();
    if (idle()) {
      // Everything is stored: what is left is to say how it ended.
      if (stopping_ || (feed_ended_ && to_repeat_.empty()) || tally_.done == shape_.planned)
        return conclude();
      if (budget_.exhausted()) {
        give_up(RunState::kFinished, RunOutcome::kPartial, budget_.describe());
        continue;
      }
    }
    Inbox inbox = wait();
    take(std::move(inbox.outcomes));
    for (Finished& finished : inbox.finished) merge(std::move(finished));
    if (inbox.stored) note_stored(std::move(*inbox.stored));
  }
}

bool Executor::idle() const {
  return under_way_.empty() && ended_.empty() && jobs_ == 0 && batch_.items == 0 && !sink_busy_ &&
         storing_.items == 0;
}

bool Executor::full() const {
  const auto waiting =
      static_cast<std::int64_t>(ended_.size()) + with_workers_ + batch_.items + storing_.items;
  // An answer that is not judged is not stored: no more of them than judges have to do.
  if (judged_ && static_cast<std::int64_t>(ended_.size()) + with_workers_ >=
                     static_cast<std::int64_t>(limits_.judges) * kJudgedAhead)
    return true;
  return sink_failures_ != 0 || waiting >= limits_.waiting_items ||
         batch_.lines.size() + storing_.lines.size() >= limits_.waiting_bytes;
}

void Executor::look_at_stops() {
  const std::int64_t now = now_ms();
  if (cancel_ && !stopping_) give_up(RunState::kCancelled, RunOutcome::kPartial, "it was cancelled");
  if (release_ && !draining_) {
    draining_ = true;
    drain_until_ms_ = now + limits_.drain_ms;
    end_.released = !stopping_;  // one that is at its end anyway comes to it
    stopping_ = true;
  }
  if (drain_until_ms_ != 0 && now >= drain_until_ms_ && (!under_way_.empty() || jobs_ != 0)) {
    drain_until_ms_ = 0;
    stop_calls();
  }
  if (const auto why = judged_ && !stopping_ ? budget_.gave_up() : std::nullopt) {
    give_up(RunState::kFinished, RunOutcome::kPartial, *why);
    parts_.scorer.cancel();
  }
  if (judged_ && jobs_ != 0) last_answer_ms_ = now;  // judges have a patience of their own
  if (!stopping_ && tally_.limited != 0 && now - last_answer_ms_ > limits_.patience_ms)
    give_up(RunState::kFinished, RunOutcome::kPartial,
            fmt::format("the provider refused every call for {} minutes", limits_.patience_ms / 60'000));
}

void Executor::give_up(RunState state, RunOutcome outcome, std::string reason) {
  if (stopping_) return;
  stopping_ = true;
  end_.state = state;
  end_.outcome = outcome;
  end_.reason = std::move(reason);
}

// ---- what is begun

bool Executor::next_from_feed(Attempt& attempt) {
  const std::uint32_t in_case = shape_.cells * shape_.repeats;
  for (;;) {
    while (case_ != nullptr && next_in_case_ < in_case) {
      const std::uint32_t at = next_in_case_++;
      const std::uint32_t cell = at / shape_.repeats;
      const std::uint32_t repeat = at % shape_.repeats;
      const std::uint64_t item = shape_.item(case_->number, cell, repeat);
      if (done_.contains(item)) continue;
      attempt = {{item, cell, repeat, case_}, 0, 0};
      return true;
    }
    case_.reset();
    if (feed_ended_) return false;
    auto next = parts_.feed.next([&](std::int64_t number) {
      for (std::uint32_t at = 0; at < in_case; ++at)
        if (!done_.contains(shape_.item(number, 0, 0) + at)) return true;
      return false;
    });
    if (!next) {
      feed_ended_ = true;
      give_up(RunState::kFailed, RunOutcome::kError, "its cases can't be read: " + next.error().describe());
      return false;
    }
    if (*next == nullptr) {
      feed_ended_ = true;
      return false;
    }
    case_ = std::move(*next);
    next_in_case_ = 0;
  }
}

bool Executor::next_attempt(Attempt& attempt) {
  if (!to_repeat_.empty() && to_repeat_.begin()->first <= now_ms()) {
    attempt = std::move(to_repeat_.begin()->second);
    to_repeat_.erase(to_repeat_.begin());
    return true;
  }
  // While many wait to be asked again, no others begin.
  return static_cast<std::int64_t>(to_repeat_.size()) < limits_.waiting_items && next_from_feed(attempt);
}

void Executor::dispatch() {
  if (stopping_ || full()) return;
  const std::uint32_t window = pace_.allowed(now_ms());
  const auto in_flight = static_cast<std::uint32_t>(under_way_.size());
  std::uint32_t room = window > in_flight ? window - in_flight : 0;
  room = std::min(room, budget_.allowed());
  std::vector<CallOrder> orders;
  Attempt attempt;
  while (room != 0 && next_attempt(attempt)) {
    --room;
    attempt.epoch = pace_.epoch();
    budget_.begin();
    orders.push_back(attempt.order);
    const std::uint64_t item = attempt.order.item;
    under_way_.insert_or_assign(item, std::move(attempt));
  }
  if (!orders.empty()) parts_.caller.start(std::move(orders), done_call_);
}

// ---- what came back

void Executor::take(std::vector<std::pair<CallOrder, CallOutcome>> outcomes) {
  for (auto& [order, outcome] : outcomes) take_one(order, std::move(outcome));
}

void Executor::take_one(const CallOrder& order, CallOutcome outcome) {
  const auto found = under_way_.find(order.item);
  if (found == under_way_.end()) return;
  Attempt attempt = std::move(found->second);
  under_way_.erase(found);
  const std::int64_t now = now_ms();
  budget_.end(outcome.paid, outcome.cost_nano);
  if (outcome.paid) {
    ++tally_.calls;
    if (outcome.cost_nano >= 0)
      tally_.cost_nano += outcome.cost_nano;
    else
      ++tally_.unpriced;
    tally_.input_tokens += std::max<std::int64_t>(outcome.input_tokens, 0);
    tally_.output_tokens += std::max<std::int64_t>(outcome.output_tokens, 0);
  }
  if (outcome.end == CallEnd::kLimited) {
    ++tally_.limited;
    pace_.limited(attempt.epoch, outcome.retry_after_ms, now);
    to_repeat_.emplace(now, std::move(attempt));
    return;
  }
  if (outcome.end == CallEnd::kCancelled) {
    if (!stopping_) to_repeat_.emplace(now, std::move(attempt));
    return;
  }
  last_answer_ms_ = now;
  ++attempt.made;
  if (outcome.end == CallEnd::kAnswered) pace_.answered();
  if (outcome.end == CallEnd::kFailed && attempt.made < limits_.attempts) {
    if (stopping_) return;  // it is missing, and goes on where the run is taken up
    const std::int64_t doubled = limits_.retry_ms << std::min<std::int64_t>(attempt.made - 1, kDoublings);
    const std::int64_t wait = std::max(outcome.retry_after_ms, std::min(doubled, limits_.retry_longest_ms));
    to_repeat_.emplace(now + wait, std::move(attempt));
    return;
  }
  if (judged_ && outcome.end == CallEnd::kAnswered) budget_.keep_for_judges();
  ended_.push_back({std::move(attempt.order), std::move(outcome), attempt.made});
}

void Executor::hand_to_workers() {
  rt::BlockingPool& pool = judged_ ? *parts_.judges : parts_.workers;
  const std::uint32_t most = judged_ ? limits_.judges : kJobs;
  while (!ended_.empty() && jobs_ < most) {
    auto some = std::make_shared<std::vector<Ended>>();
    // What waits for judges goes one by one, and the first first.
    const std::size_t count = judged_ ? 1 : std::min(ended_.size(), kScoredAtOnce);
    const auto begin = judged_ ? ended_.begin() : ended_.end() - static_cast<std::ptrdiff_t>(count);
    const auto end = begin + static_cast<std::ptrdiff_t>(count);
    some->assign(std::make_move_iterator(begin), std::make_move_iterator(end));
    ended_.erase(begin, end);
    const Result<> given = pool.submit([this, some, box = mailbox_] {
      Finished finished = score(std::move(*some));
      box->post([&](Inbox& inbox) { inbox.finished.push_back(std::move(finished)); });
    });
    if (!given) {  // they have more than enough to do
      ended_.insert(ended_.end(), std::make_move_iterator(some->begin()),
                    std::make_move_iterator(some->end()));
      return;
    }
    ++jobs_;
    with_workers_ += static_cast<std::int64_t>(count);
  }
}

// ---- storing

void Executor::store_if_due() {
  const std::int64_t now = now_ms();
  const bool large = batch_.items >= limits_.batch_items || batch_.lines.size() >= limits_.batch_bytes;
  if (sink_busy_ || (now < next_store_ms_ && (!large || sink_failures_ != 0))) return;
  if (storing_.items == 0) {
    const bool silent = now - last_store_ms_ >= limits_.alive_ms;
    if (batch_.items == 0 && !silent) return;
    storing_ = std::exchange(batch_, {});
    storing_tally_ = tally_;
  }
  sink_busy_ = true;
  last_store_ms_ = now;
  next_store_ms_ = now + limits_.store_ms;
  const Result<> given = parts_.workers.submit([this, box = mailbox_] {
    Result<SinkAnswer> answer = parts_.sink.store(storing_, storing_tally_);
    box->post([&](Inbox& inbox) { inbox.stored = std::move(answer); });
  });
  if (!given) sink_busy_ = false;
}

void Executor::note_stored(Result<SinkAnswer> answer) {
  sink_busy_ = false;
  const std::int64_t now = now_ms();
  if (answer) {
    storing_ = {};
    sink_failures_ = 0;
    if (answer->cancel) cancel();
    return;
  }
  if (answer.error().code == ErrorCode::kConflict) {
    // Whoever has the run now makes these calls again; what we have is not ours to store.
    stopping_ = true;
    end_.abandoned = true;
    end_.reason = answer.error().describe();
    storing_ = batch_ = {};
    ended_.clear();
    stop_calls();
    return;
  }
  if (sink_failures_++ == 0) sink_failing_since_ms_ = now;
  const std::int64_t wait =
      std::min(kSinkRetryMs << std::min(sink_failures_ - 1, kDoublings), kSinkRetryLongestMs);
  next_store_ms_ = now + wait;
  const bool hopeless = now - sink_failing_since_ms_ > limits_.patience_ms;
  // Nobody waits for a disk when the server stops or the run is cancelled: the calls are made again then.
  if (!hopeless && !stopping_) return;
  give_up(RunState::kFailed, RunOutcome::kError, {});
  // Nor can it be stored that the run has ended: what is on disk stays, and the run goes on from there.
  end_.released = true;
  end_.reason = "its results can't be stored: " + answer.error().describe();
  if (under_way_.empty() && jobs_ == 0 && ended_.empty()) storing_ = batch_ = {};
}

void Executor::publish_progress() {
  const std::lock_guard lock(progress_mutex_);
  progress_.window = pace_.window();
  progress_.in_flight = static_cast<std::uint32_t>(under_way_.size());
  progress_.judging = judged_ ? static_cast<std::uint32_t>(with_workers_) : 0;
  progress_.paused_ms = std::max<std::int64_t>(pace_.paused_until_ms() - now_ms(), 0);
  progress_.tally = tally_;
}

}  // namespace slipway::evaluation
