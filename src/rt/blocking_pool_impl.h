// SPDX-License-Identifier: Apache-2.0
// The template of BlockingPool::run(); include rt/blocking_pool.h.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "rt/event.h"

namespace slipway::rt {

template <class T>
Task<Result<T>> BlockingPool::run(std::function<Result<T>()> job) {
  struct Outcome {
    Result<T> result;
    Event done;
  };
  const auto outcome = std::make_shared<Outcome>();
  const Executor executor = co_await asio::this_coro::executor;
  // The pool thread's share of `outcome` travels back with the post, so the last one goes on the loop.
  std::function<void()> work = [outcome, executor, moved_job = std::move(job)]() mutable {
    outcome->result = moved_job();
    moved_job = nullptr;
    asio::post(executor, [back = std::move(outcome)] { back->done.set(); });
  };
  Result<> queued = submit(std::move(work));
  if (!queued) co_return fail(std::move(queued).error());
  co_await outcome->done.wait();
  co_return std::move(outcome->result);
}

}  // namespace slipway::rt
