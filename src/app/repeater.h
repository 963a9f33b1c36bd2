// SPDX-License-Identifier: Apache-2.0
// A thread that does the same again and again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace slipway::app {

class Repeater {
 public:
  // Calls `work` on a thread of its own, for the first time after one interval. A member that `work` uses is
  // declared before its repeater.
  Repeater(std::chrono::milliseconds interval, std::function<void()> work);
  ~Repeater();  // waits for what is under way
  Repeater(const Repeater&) = delete;
  Repeater& operator=(const Repeater&) = delete;

 private:
  void run();

  std::chrono::milliseconds interval_;
  std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace slipway::app
