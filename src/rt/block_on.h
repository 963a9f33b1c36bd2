// SPDX-License-Identifier: Apache-2.0
// The bridge from ordinary threads to coroutines: for main, the command line and tests.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>

#include "rt/loop.h"
#include "rt/task.h"

namespace slipway::rt {

// Calls `make` on the loop, runs the task it returns to its end and gives its result. An exception leaving
// the task is thrown here. Must not be called from a loop.
template <class T>
T block_on(Loop& loop, std::function<Task<T>()> make) {
  // Shared, because the waiting thread may go on while the loop is still inside set_value().
  const auto promise = std::make_shared<std::promise<T>>();
  std::future<T> future = promise->get_future();
  loop.post([&loop, &make, promise] {
    if constexpr (std::is_void_v<T>) {
      asio::co_spawn(loop.executor(), make(), [promise](const std::exception_ptr& error) {
        error ? promise->set_exception(error) : promise->set_value();
      });
    } else {
      asio::co_spawn(loop.executor(), make(), [promise](const std::exception_ptr& error, T value) {
        error ? promise->set_exception(error) : promise->set_value(std::move(value));
      });
    }
  });
  return future.get();
}

}  // namespace slipway::rt
