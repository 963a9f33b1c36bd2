// SPDX-License-Identifier: Apache-2.0
#include "rt/watchdog.h"

#include <cxxabi.h>
#include <execinfo.h>
#include <semaphore.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <string_view>
#include <thread>

#include "base/clock.h"

namespace slipway::rt {
namespace {

// What the signal handler may touch: it runs on the stalled thread, in the middle of anything.
struct Capture {
  std::array<void*, 48> frames{};
  std::atomic<int> count{0};
  sem_t done{};
};
Capture capture;
std::mutex capture_mutex;

int capture_signal() { return SIGRTMIN + 4; }

void on_capture_signal(int) {
  const int saved = errno;
  capture.count.store(::backtrace(capture.frames.data(), static_cast<int>(capture.frames.size())),
                      std::memory_order_release);
  ::sem_post(&capture.done);
  errno = saved;
}

void install_handler() {
  static const bool installed = [] {
    void* warm_up[2];
    ::backtrace(warm_up, 2);  // loads the unwinder now: the handler must not allocate
    ::sem_init(&capture.done, 0, 0);
    struct sigaction action{};
    action.sa_handler = on_capture_signal;
    action.sa_flags = SA_RESTART;
    ::sigaction(capture_signal(), &action, nullptr);
    return true;
  }();
  static_cast<void>(installed);
}

// "module(mangled+0x12) [0xaddr]" with the name demangled.
std::string readable_frame(std::string_view frame) {
  const std::size_t open = frame.find('(');
  const std::size_t plus = frame.find('+', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || plus == std::string_view::npos || plus <= open + 1)
    return std::string(frame);
  const std::string mangled(frame.substr(open + 1, plus - open - 1));
  int status = 0;
  char* name = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
  std::string out = status == 0 && name != nullptr ? name : mangled;
  std::free(name);
  out.append(frame.substr(plus));
  return out;
}

std::string stack_of(pthread_t thread) {
  const std::lock_guard lock(capture_mutex);
  while (::sem_trywait(&capture.done) == 0) {
  }
  if (::pthread_kill(thread, capture_signal()) != 0) return {};
  timespec until{};
  ::clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 100'000'000;
  if (until.tv_nsec >= 1'000'000'000) {
    until.tv_nsec -= 1'000'000'000;
    ++until.tv_sec;
  }
  while (::sem_timedwait(&capture.done, &until) != 0) {
    if (errno != EINTR) return {};
  }
  const int count = capture.count.load(std::memory_order_acquire);
  char** symbols = ::backtrace_symbols(capture.frames.data(), count);
  if (symbols == nullptr) return {};
  std::string out;
  for (int i = 2; i < count; ++i) {  // the first two are the handler and the kernel's trampoline
    out.append(readable_frame(symbols[i]));
    out.push_back('\n');
  }
  std::free(symbols);
  return out;
}

struct Heart {
  Loop* loop = nullptr;
  std::string name;
  std::uint64_t sent = 0;    // watchdog's thread only
  std::int64_t sent_ns = 0;  // likewise
  bool reported = false;     // this stall was counted
  std::int64_t logged_ns = 0;
  std::uint64_t stalls = 0;
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::int64_t> last_us{0};
  std::atomic<std::int64_t> max_us{0};

  void raise_max(std::int64_t lag_us) {
    std::int64_t seen = max_us.load(std::memory_order_relaxed);
    while (lag_us > seen && !max_us.compare_exchange_weak(seen, lag_us, std::memory_order_relaxed)) {
    }
  }
};

}  // namespace

struct Watchdog::State {
  WatchdogOptions options;
  Logger log;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::vector<std::shared_ptr<Heart>> hearts;
  std::thread thread;

  void run() {
    ::pthread_setname_np(::pthread_self(), "watchdog");
    std::unique_lock lock(mutex);
    while (!stopping) {
      for (std::size_t i = 0; i < hearts.size(); ++i) check(*hearts[i], hearts[i], mono_now_ns());
      wake.wait_for(lock, std::chrono::milliseconds(options.interval_ms), [this] { return stopping; });
    }
  }

  static void beat(const std::shared_ptr<Heart>& heart, std::int64_t now_ns) {
    heart->reported = false;
    heart->sent_ns = now_ns;
    heart->loop->post([heart, sequence = ++heart->sent, now_ns] {
      const std::int64_t lag_us = (mono_now_ns() - now_ns) / 1000;
      heart->last_us.store(lag_us, std::memory_order_relaxed);
      heart->raise_max(lag_us);
      heart->answered.store(sequence, std::memory_order_release);
    });
  }

  // Under the mutex, so that unwatch() returns only when the loop's thread is not being looked at.
  void check(Heart& heart, const std::shared_ptr<Heart>& shared, std::int64_t now_ns) {
    if (heart.answered.load(std::memory_order_acquire) == heart.sent) return beat(shared, now_ns);
    const std::int64_t lag_us = (now_ns - heart.sent_ns) / 1000;
    heart.raise_max(lag_us);
    if (heart.reported || lag_us < static_cast<std::int64_t>(options.stall_ms) * 1000) return;
    heart.reported = true;
    ++heart.stalls;
    const bool may_log =
        heart.logged_ns == 0 ||
        now_ns - heart.logged_ns >= static_cast<std::int64_t>(options.log_gap_ms) * 1'000'000;
    if (!may_log && !options.on_stall) return;
    const Stall stall{heart.name, lag_us, stack_of(heart.loop->native_handle())};
    if (may_log) {
      heart.logged_ns = now_ns;
      log.warning("loop_stalled", {{"loop", stall.loop}, {"lag_us", stall.lag_us}, {"stack", stall.stack}});
    }
    if (options.on_stall) options.on_stall(stall);
  }
};

Watchdog::Watchdog(WatchdogOptions options, Logger log) : state_(std::make_unique<State>()) {
  install_handler();
  state_->options = std::move(options);
  state_->log = std::move(log);
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  state_->thread.join();
}

void Watchdog::watch(Loop& loop) {
  auto heart = std::make_shared<Heart>();
  heart->loop = &loop;
  heart->name = loop.name();
  const std::lock_guard lock(state_->mutex);
  state_->hearts.push_back(std::move(heart));
}

void Watchdog::unwatch(Loop& loop) {
  const std::lock_guard lock(state_->mutex);
  std::erase_if(state_->hearts, [&loop](const auto& heart) { return heart->loop == &loop; });
}

std::vector<LoopLag> Watchdog::lags(bool reset_max) {
  const std::lock_guard lock(state_->mutex);
  std::vector<LoopLag> out;
  out.reserve(state_->hearts.size());
  for (const auto& heart : state_->hearts) {
    LoopLag lag{heart->name, heart->last_us.load(std::memory_order_relaxed), 0, heart->stalls};
    lag.max_us = reset_max ? heart->max_us.exchange(0, std::memory_order_relaxed)
                           : heart->max_us.load(std::memory_order_relaxed);
    out.push_back(std::move(lag));
  }
  return out;
}

}  // namespace slipway::rt
