// SPDX-License-Identifier: Apache-2.0
// Structured concurrency: every coroutine belongs to a group, which is cancelled and then awaited. On one
// loop.
#pragma once

#include <cstdint>
#include <memory>

#include "rt/cancel.h"
#include "rt/task.h"

namespace slipway::rt {

class TaskGroup {
 public:
  explicit TaskGroup(Executor executor);
  ~TaskGroup();  // asserts that nothing is running: join() or stop_and_wait() first
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Starts `task` on the group's loop. An exception leaving it is a defect and ends the program.
  void spawn(Task<void> task);
  [[nodiscard]] CancelSource& cancel();  // cancelled by whoever stops the group; tasks watch it
  [[nodiscard]] std::uint32_t running() const;
  // Resumes when the last task has ended. Does not cancel by itself.
  Task<void> join();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace slipway::rt
