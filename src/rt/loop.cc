// SPDX-License-Identifier: Apache-2.0
#include "rt/loop.h"

#include <future>
#include <utility>

namespace slipway::rt {

Loop::Loop(std::string name)
    : work_(asio::make_work_guard(context_)), timers_(context_), name_(std::move(name)) {
  const auto started = std::make_shared<std::promise<void>>();
  thread_ = std::thread([this, started] {
    native_ = ::pthread_self();
    thread_id_ = std::this_thread::get_id();
    ::pthread_setname_np(native_, name_.substr(0, 15).c_str());
    started->set_value();
    context_.run();
  });
  started->get_future().wait();
}

Loop::~Loop() { stop(); }

bool Loop::on_loop() const { return std::this_thread::get_id() == thread_id_; }

void Loop::post(std::function<void()> work) { asio::post(context_, std::move(work)); }

void Loop::run_and_wait(std::function<void()> work) {
  const auto done = std::make_shared<std::promise<void>>();
  asio::post(context_, [&work, done] {
    work();
    done->set_value();
  });
  done->get_future().wait();
}

void Loop::stop() {
  if (!thread_.joinable()) return;
  drain(kDrainTurns);
  thread_.join();
}

void Loop::drain(int turns) {
  // Queued work may queue more. What keeps a context alive for ever (an armed wheel, a forgotten socket) must
  // not keep the thread, so the number of turns is bounded.
  asio::post(context_, [this, turns] { turns > 0 ? drain(turns - 1) : context_.stop(); });
}

}  // namespace slipway::rt
