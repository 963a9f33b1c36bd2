// SPDX-License-Identifier: Apache-2.0
#include "rt/blocking_pool.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace slipway::rt {

struct BlockingPool::State {
  std::string name;
  std::uint32_t queue_limit = 0;
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> queue;
  bool stopping = false;
  std::vector<std::thread> threads;

  void work() {
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
    for (;;) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return stopping || !queue.empty(); });
        if (queue.empty()) return;
        job = std::move(queue.front());
        queue.pop_front();
      }
      job();
    }
  }
};

BlockingPool::BlockingPool(std::string name, std::uint32_t threads, std::uint32_t queue_limit)
    : state_(std::make_shared<State>()) {
  state_->name = std::move(name);
  state_->queue_limit = queue_limit;
  for (std::uint32_t i = 0; i < threads; ++i)
    state_->threads.emplace_back([state = state_.get()] { state->work(); });
}

BlockingPool::~BlockingPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

Result<> BlockingPool::submit(std::function<void()> job) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping)
      return fail(ErrorCode::kUnavailable, "the " + state_->name + " pool is shutting down");
    if (state_->queue.size() >= state_->queue_limit) {
      return fail(
          ErrorCode::kResourceExhausted,
          "the " + state_->name + " pool's queue is full (" + std::to_string(state_->queue_limit) + " jobs)",
          {}, "try again shortly, or give the pool more threads");
    }
    state_->queue.push_back(std::move(job));
  }
  state_->wake.notify_one();
  return {};
}

std::uint32_t BlockingPool::queued() const {
  const std::lock_guard lock(state_->mutex);
  return static_cast<std::uint32_t>(state_->queue.size());
}

}  // namespace slipway::rt
