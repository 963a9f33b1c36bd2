// SPDX-License-Identifier: Apache-2.0
// A loop is one single-threaded io_context on its own thread. What is created on a loop stays on it.
#pragma once

#include <pthread.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/ids.h"
#include "rt/task.h"
#include "rt/timer_wheel.h"

namespace slipway::rt {

class Loop {
 public:
  explicit Loop(std::string name);  // starts the thread; the name (at most 15 bytes) shows in ps and perf
  ~Loop();                          // stop()
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] asio::io_context& context() { return context_; }
  [[nodiscard]] Executor executor() { return context_.get_executor(); }
  [[nodiscard]] TimerWheel& timers() { return timers_; }  // loop thread only
  [[nodiscard]] UuidGenerator& ids() { return ids_; }     // loop thread only
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool on_loop() const;
  [[nodiscard]] pthread_t native_handle() {
    return native_;
  }  // for the watchdog's signal; valid until stop()
  // Runs `work` on the loop, later. Any thread.
  void post(std::function<void()> work);
  // Runs `work` on the loop and waits for it. Must not be called from a loop.
  void run_and_wait(std::function<void()> work);
  // Lets queued work finish, then ends the thread. Task groups on this loop must have been joined before.
  void stop();

 private:
  static constexpr int kDrainTurns = 64;
  void drain(int turns);

  // One thread runs the context and touches its sockets, so the reactor needs no lock per descriptor. The
  // scheduler keeps its lock: post() comes from any thread.
  asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  asio::executor_work_guard<Executor> work_;
  TimerWheel timers_;
  UuidGenerator ids_;
  std::string name_;
  std::thread thread_;
  pthread_t native_{};
  std::thread::id thread_id_;
};

}  // namespace slipway::rt
