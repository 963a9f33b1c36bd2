// SPDX-License-Identifier: Apache-2.0
#include "rt/task_group.h"

#include <boost/asio/co_spawn.hpp>
#include <cassert>
#include <exception>
#include <list>

#include "rt/event.h"

namespace slipway::rt {

struct TaskGroup::State {
  explicit State(Executor e) : executor(e) {}
  Executor executor;
  CancelSource cancel;
  std::uint32_t running = 0;
  std::list<Event> joiners;
};

TaskGroup::TaskGroup(Executor executor) : state_(std::make_shared<State>(executor)) {}

TaskGroup::~TaskGroup() { assert(state_->running == 0 && "a task group must be joined before it goes"); }

void TaskGroup::spawn(Task<void> task) {
  ++state_->running;
  asio::co_spawn(
      state_->executor, std::move(task), [state = state_](const std::exception_ptr& error) noexcept {
        if (error)
          std::rethrow_exception(error);  // out of noexcept: std::terminate, which names the exception
        if (--state->running > 0) return;
        for (Event& joiner : state->joiners) joiner.set();
      });
}

CancelSource& TaskGroup::cancel() { return state_->cancel; }

std::uint32_t TaskGroup::running() const { return state_->running; }

Task<void> TaskGroup::join() {
  const std::shared_ptr<State> state = state_;
  while (state->running > 0) {
    const auto joiner = state->joiners.emplace(state->joiners.end());
    co_await joiner->wait();
    state->joiners.erase(joiner);
  }
}

}  // namespace slipway::rt
