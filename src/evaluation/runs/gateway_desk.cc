// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/gateway_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "evaluation/runs/gateway_caller.h"

namespace slipway::evaluation {

namespace {

constexpr std::int64_t kLongestWaitMs = 1'000;  // so that nothing that was missed is missed for long
constexpr std::int64_t kDoublings = 10;

std::int64_t now_ms() { return mono_now_ns() / 1'000'000; }

std::unexpected<Error> ends() { return fail(ErrorCode::kCancelled, "the run ends before this was judged"); }

// What a call leaves for the thread that waits for it.
struct Answer {
  std::mutex mutex;
  std::condition_variable wake;
  std::optional<CallOutcome> outcome;
};

JudgeSpending spending_of(const CallOutcome& outcome) {
  JudgeSpending spent;
  spent.limited = outcome.end == CallEnd::kLimited ? 1 : 0;
  spent.cost_nano = outcome.cost_nano;
  spent.input_tokens = std::max<std::int64_t>(outcome.input_tokens, 0);
  spent.output_tokens = std::max<std::int64_t>(outcome.output_tokens, 0);
  return spent;
}

}  // namespace

GatewayDesk::GatewayDesk(std::unique_ptr<CallLanes> lanes, DeskSettings settings, Budget& budget)
    : lanes_(std::move(lanes)), settings_(std::move(settings)), budget_(budget) {}

void GatewayDesk::cancel() {
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
  }
  wake_.notify_all();
  budget_.stop_judges();
  lanes_->cancel();
}

GatewayDesk::Counter& GatewayDesk::counter_of(const std::string& name) {
  std::unique_ptr<Counter>& counter = counters_[name];
  if (counter == nullptr) {
    // To the gateway the judges of a run are one key: they are not sent into that limit.
    std::uint32_t most = settings_.concurrency;
    if (settings_.max_concurrent != 0) most = std::min(most, settings_.max_concurrent);
    counter = std::make_unique<Counter>(
        PaceLimits{.most = most, .pause_ms = settings_.pause_ms, .longest_ms = settings_.pause_longest_ms});
  }
  return *counter;
}

std::optional<std::uint64_t> GatewayDesk::enter(Counter& counter) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (cancelled_) return std::nullopt;
    const std::int64_t now = now_ms();
    if (counter.in_flight < counter.pace.allowed(now)) {
      ++counter.in_flight;
      return counter.pace.epoch();
    }
    const std::int64_t paused = counter.pace.paused_until_ms() - now;
    const std::int64_t wait = paused > 0 ? std::min(paused, kLongestWaitMs) : kLongestWaitMs;
    wake_.wait_for(lock, std::chrono::milliseconds(wait));
  }
}

void GatewayDesk::leave(Counter& counter, std::uint64_t epoch, const CallOutcome& outcome) {
  const std::int64_t now = now_ms();
  std::int64_t refused_ms = 0;
  {
    const std::lock_guard lock(mutex_);
    --counter.in_flight;
    if (outcome.end == CallEnd::kLimited) {
      counter.pace.limited(epoch, outcome.retry_after_ms, now);
      if (counter.refused_since_ms == 0) counter.refused_since_ms = now;
      refused_ms = now - counter.refused_since_ms;
    } else if (outcome.end != CallEnd::kCancelled) {
      counter.refused_since_ms = 0;
      if (outcome.end == CallEnd::kAnswered) counter.pace.answered();
    }
  }
  wake_.notify_all();
  if (refused_ms > settings_.patience_ms)
    budget_.give_up(
        fmt::format("a judge's provider refused every call for {} minutes", settings_.patience_ms / 60'000));
}

bool GatewayDesk::rest(std::int64_t milliseconds) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(milliseconds), [this] { return cancelled_; });
  return !cancelled_;
}

CallOutcome GatewayDesk::call(const JudgeTarget& target, const std::string& body) {
  CallLanes::Waiting waiting;
  gateway::LocalCall& made = waiting.call;
  made.environment = settings_.environment;
  made.use_case = settings_.use_case;
  made.key_name = kEvaluationSurface;
  made.surface = kEvaluationSurface;
  made.body = body;
  made.end_user = "run:" + settings_.run;
  made.release = target.prompt;
  made.variant = 0;
  made.max_concurrent = settings_.max_concurrent;
  made.use = use_;
  const auto answer = std::make_shared<Answer>();
  waiting.done = [answer](CallOutcome outcome) {
    const std::lock_guard lock(answer->mutex);
    answer->outcome = std::move(outcome);
    answer->wake.notify_one();
  };
  std::vector<CallLanes::Waiting> calls;
  calls.push_back(std::move(waiting));
  lanes_->start(std::move(calls));
  std::unique_lock lock(answer->mutex);
  answer->wake.wait(lock, [&] { return answer->outcome.has_value(); });
  return std::move(*answer->outcome);
}

Result<JudgeReply> GatewayDesk::ask(const JudgeTarget& target, const json::object& variables) {
  const std::string body =
      json::serialize(json::object{{"model", settings_.use_case}, {"variables", variables}});
  Counter* counter = nullptr;
  {
    const std::lock_guard lock(mutex_);
    counter = &counter_of(target.pace);
  }
  for (std::uint32_t made = 0;;) {
    const auto epoch = enter(*counter);
    if (!epoch) return ends();
    if (!budget_.begin_judge()) {
      CallOutcome none;
      none.end = CallEnd::kCancelled;
      leave(*counter, *epoch, none);
      return ends();
    }
    CallOutcome outcome = call(target, body);
    budget_.end_judge(spending_of(outcome), outcome.paid);
    leave(*counter, *epoch, outcome);
    if (outcome.end == CallEnd::kAnswered)
      return JudgeReply{std::move(outcome.text), std::move(outcome.invocation)};
    if (outcome.end == CallEnd::kCancelled) return ends();
    if (outcome.end == CallEnd::kLimited) continue;
    const std::string what = fmt::format("the judge {} gave no answer: {}: {}", target.name,
                                         outcome.error_code, outcome.error_message);
    if (outcome.end == CallEnd::kRefused) return fail(ErrorCode::kPermissionDenied, what);
    if (++made >= settings_.attempts) return fail(ErrorCode::kUnavailable, what);
    const std::int64_t doubled = settings_.retry_ms << std::min<std::int64_t>(made - 1, kDoublings);
    if (!rest(std::max(outcome.retry_after_ms, std::min(doubled, settings_.retry_longest_ms)))) return ends();
  }
}

}  // namespace slipway::evaluation
