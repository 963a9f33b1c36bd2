// SPDX-License-Identifier: Apache-2.0
// A bounded pool of threads for work that blocks: SQL, DNS, password hashing, big documents.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace slipway::rt {

class BlockingPool {
 public:
  // At most `queue_limit` jobs wait; beyond it submit() is refused.
  BlockingPool(std::string name, std::uint32_t threads, std::uint32_t queue_limit);
  ~BlockingPool();  // finishes what is queued, then joins
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // Runs `job` on a pool thread. kResourceExhausted when the queue is full. Any thread.
  Result<> submit(std::function<void()> job);

  // Runs `job` on a pool thread and resumes the calling coroutine on its own loop with the job's result.
  // T must be default-constructible and movable. If the queue is full the error is kResourceExhausted.
  template <class T>
  Task<Result<T>> run(std::function<Result<T>()> job);

  [[nodiscard]] std::uint32_t queued() const;  // any thread

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace slipway::rt

#include "rt/blocking_pool_impl.h"
