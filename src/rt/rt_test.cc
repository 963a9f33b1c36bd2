// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "rt/block_on.h"
#include "rt/blocking_pool.h"
#include "rt/cancel.h"
#include "rt/event.h"
#include "rt/loop.h"
#include "rt/task_group.h"
#include "rt/timer_wheel.h"
#include "rt/watchdog.h"

namespace slipway::rt {
namespace {

rt::Task<void> wait_for(Event& event) { co_await event.wait(); }

// ---- timers ----

struct Fired {
  std::vector<std::pair<int, std::int64_t>> what;  // which, how late in ns
  Event all;
  std::size_t expected = 0;
};

TEST(TimerWheel, FiresInOrderAndNeverEarly) {
  Loop loop("test");
  Fired fired;
  std::vector<std::unique_ptr<Deadline>> deadlines;
  const std::vector<std::uint32_t> delays = {60, 0, 9, 30, 1, 120, 3, 60};
  fired.expected = delays.size();
  loop.run_and_wait([&] {
    for (std::size_t i = 0; i < delays.size(); ++i) {
      const std::int64_t due = mono_now_ns() + delays[i] * std::int64_t{1'000'000};
      deadlines.push_back(std::make_unique<Deadline>([&fired, i, due] {
        fired.what.emplace_back(static_cast<int>(i), mono_now_ns() - due);
        if (fired.what.size() == fired.expected) fired.all.set();
      }));
      loop.timers().arm(*deadlines.back(), delays[i]);
    }
  });
  block_on<void>(loop, [&fired] { return wait_for(fired.all); });
  ASSERT_EQ(fired.what.size(), delays.size());
  for (std::size_t i = 0; i < fired.what.size(); ++i) {
    EXPECT_GE(fired.what[i].second, 0) << "fired early";
    if (i == 0) continue;
    EXPECT_LE(delays[static_cast<std::size_t>(fired.what[i - 1].first)],
              delays[static_cast<std::size_t>(fired.what[i].first)]);
  }
  loop.run_and_wait([&] { deadlines.clear(); });
}

TEST(TimerWheel, DisarmedDestroyedAndRearmedDeadlinesDoNotFire) {
  Loop loop("test");
  int fired = 0;
  Event end;
  std::unique_ptr<Deadline> disarmed, destroyed, rearmed, victim, killer, last;
  loop.run_and_wait([&] {
    TimerWheel& timers = loop.timers();
    disarmed = std::make_unique<Deadline>([&] { fired += 1; });
    destroyed = std::make_unique<Deadline>([&] { fired += 10; });
    rearmed = std::make_unique<Deadline>([&] { fired += 100; });
    // Both are due in the same tick; the first takes the second with it.
    victim = std::make_unique<Deadline>([&] { fired += 1000; });
    killer = std::make_unique<Deadline>([&] {
      victim.reset();
      killer.reset();  // and itself
    });
    last = std::make_unique<Deadline>([&] { end.set(); });
    timers.arm(*disarmed, 5);
    timers.arm(*destroyed, 5);
    timers.arm(*rearmed, 5);
    timers.arm(*killer, 5);
    timers.arm(*victim, 5);
    timers.arm(*last, 50);
    EXPECT_TRUE(disarmed->armed());
    disarmed->disarm();
    EXPECT_FALSE(disarmed->armed());
    destroyed.reset();
    timers.arm(*rearmed, 10'000);
  });
  block_on<void>(loop, [&end] { return wait_for(end); });
  EXPECT_EQ(fired, 0);
  loop.run_and_wait([&] {
    rearmed.reset();
    disarmed.reset();
    last.reset();
  });
}

TEST(TimerWheel, LaterTurnsOfTheWheelWait) {
  Loop loop("test");
  // 1,024 slots of 4 ms: this one shares its slot with one due a turn (4,096 ms) earlier.
  bool late_fired = false;
  Event early_fired;
  std::unique_ptr<Deadline> early, late;
  loop.run_and_wait([&] {
    early = std::make_unique<Deadline>([&] { early_fired.set(); });
    late = std::make_unique<Deadline>([&] { late_fired = true; });
    const std::int64_t now = mono_now_ns();
    loop.timers().arm_at(*early, now, 20);
    loop.timers().arm_at(*late, now, 20 + 4'096);
  });
  block_on<void>(loop, [&early_fired] { return wait_for(early_fired); });
  loop.run_and_wait([&] {
    EXPECT_FALSE(late_fired);
    EXPECT_TRUE(late->armed());
    early.reset();
    late.reset();
  });
}

TEST(TimerWheel, ManyRandomDeadlinesAllFireOnce) {
  Loop loop("test");
  std::mt19937 random(7);  // NOLINT: a fixed seed makes failures repeat
  std::vector<std::unique_ptr<Deadline>> deadlines;
  std::vector<int> count(5'000, 0);
  std::size_t total = 0;
  Event all;
  loop.run_and_wait([&] {
    for (std::size_t i = 0; i < count.size(); ++i) {
      deadlines.push_back(std::make_unique<Deadline>([&, i] {
        ++count[i];
        if (++total == count.size()) all.set();
      }));
      loop.timers().arm(*deadlines.back(), static_cast<std::uint32_t>(random() % 100));
    }
    for (std::size_t i = 0; i < count.size(); i += 2)
      loop.timers().arm(*deadlines[i], static_cast<std::uint32_t>(random() % 100));
  });
  block_on<void>(loop, [&all] { return wait_for(all); });
  for (const int n : count) EXPECT_EQ(n, 1);
  loop.run_and_wait([&] { deadlines.clear(); });
}

// ---- cancellation ----

TEST(Cancel, RunsCallbacksOnceInOrder) {
  CancelSource source;
  std::string log;
  CancelCallback a(source, [&] { log += 'a'; });
  auto gone = std::make_unique<CancelCallback>(source, [&] { log += 'x'; });
  std::unique_ptr<CancelCallback> c;
  CancelCallback b(source, [&] {
    log += 'b';
    c.reset();  // a callback may take a later one away
  });
  c = std::make_unique<CancelCallback>(source, [&] { log += 'c'; });
  gone.reset();
  source.cancel();
  source.cancel();
  EXPECT_EQ(log, "ab");
  EXPECT_TRUE(source.cancelled());
  const CancelCallback after(source, [&] { log += 'd'; });
  EXPECT_EQ(log, "abd");
}

// ---- coroutines ----

TEST(Event, WakesTheWaiterAndStaysSet) {
  Loop loop("test");
  Event event;
  int steps = 0;
  struct Body {
    static Task<void> run(Event& event, int& steps) {
      co_await event.wait();
      ++steps;
      co_await event.wait();  // still set
      ++steps;
      event.reset();
      co_await event.wait();
      ++steps;
    }
  };
  std::unique_ptr<TaskGroup> group;
  loop.run_and_wait([&] {
    group = std::make_unique<TaskGroup>(loop.executor());
    group->spawn(Body::run(event, steps));
  });
  loop.run_and_wait([&] {
    EXPECT_EQ(steps, 0);
    EXPECT_TRUE(event.waited_for());
    event.set();
    EXPECT_EQ(steps, 0) << "set() must not resume on the caller's stack";
  });
  while (true) {
    int seen = 0;
    loop.run_and_wait([&] { seen = steps; });
    if (seen == 2) break;
  }
  loop.run_and_wait([&] {
    event.set_now();
    EXPECT_EQ(steps, 3) << "set_now() must";
    EXPECT_EQ(group->running(), 0u);
    group.reset();
  });
}

struct Worker {
  static Task<void> wait_for_cancel(TaskGroup& group, std::atomic<int>& ended) {
    Event cancelled;
    const CancelCallback callback(group.cancel(), [&cancelled] { cancelled.set(); });
    co_await cancelled.wait();
    ++ended;
  }
  static Task<void> cancel_and_join(TaskGroup& group) {
    group.cancel().cancel();
    co_await group.join();
  }
};

TEST(TaskGroup, CancelsAndAwaitsItsTasks) {
  Loop loop("test");
  std::atomic<int> ended = 0;
  std::unique_ptr<TaskGroup> group;
  loop.run_and_wait([&] {
    group = std::make_unique<TaskGroup>(loop.executor());
    for (int i = 0; i < 100; ++i) group->spawn(Worker::wait_for_cancel(*group, ended));
    EXPECT_EQ(group->running(), 100u);
  });
  EXPECT_EQ(ended, 0);
  block_on<void>(loop, [&group] { return Worker::cancel_and_join(*group); });
  EXPECT_EQ(ended, 100);
  loop.run_and_wait([&] {
    EXPECT_EQ(group->running(), 0u);
    group.reset();
  });
}

Task<void> throws() {
  throw std::runtime_error("a defect");
  co_return;
}

TEST(TaskGroupDeathTest, AnEscapedExceptionEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        asio::io_context context;
        TaskGroup group(context.get_executor());
        group.spawn(throws());
        context.run();
      },
      "a defect");
}

// ---- blocking pool ----

struct PoolUser {
  static Task<Result<int>> twice(BlockingPool& pool, Loop& loop, int value, bool& on_loop_after) {
    std::function<Result<int>()> job = [value, &loop]() -> Result<int> {
      EXPECT_FALSE(loop.on_loop());
      return 2 * value;
    };
    Result<int> result = co_await pool.run<int>(std::move(job));
    on_loop_after = loop.on_loop();
    co_return result;
  }
};

TEST(BlockingPool, RunsOffTheLoopAndResumesOnIt) {
  Loop loop("test");
  BlockingPool pool("jobs", 2, 8);
  bool on_loop = false;
  const Result<int> result =
      block_on<Result<int>>(loop, [&] { return PoolUser::twice(pool, loop, 21, on_loop); });
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 42);
  EXPECT_TRUE(on_loop);
}

TEST(BlockingPool, RefusesBeyondItsQueue) {
  Loop loop("test");
  std::mutex gate;
  std::atomic<int> ran = 0;
  {
    BlockingPool pool("jobs", 1, 2);
    std::unique_lock hold(gate);
    std::atomic<bool> busy = false;
    ASSERT_TRUE(pool.submit([&] {
      busy = true;
      const std::lock_guard pass(gate);
      ++ran;
    }));
    while (!busy) std::this_thread::yield();
    ASSERT_TRUE(pool.submit([&] { ++ran; }));
    ASSERT_TRUE(pool.submit([&] { ++ran; }));
    EXPECT_EQ(pool.queued(), 2u);
    const Result<> refused = pool.submit([&] { ++ran; });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
    bool on_loop = false;
    const Result<int> also =
        block_on<Result<int>>(loop, [&] { return PoolUser::twice(pool, loop, 1, on_loop); });
    ASSERT_FALSE(also);
    EXPECT_EQ(also.error().code, ErrorCode::kResourceExhausted);
    hold.unlock();
  }
  EXPECT_EQ(ran, 3) << "the destructor finishes what is queued";
}

// ---- loop and watchdog ----

TEST(Loop, StopFinishesQueuedWork) {
  std::atomic<int> ran = 0;
  {
    Loop loop("test");
    for (int i = 0; i < 1'000; ++i) loop.post([&ran, &loop] { loop.post([&ran] { ++ran; }); });
    loop.stop();
  }
  EXPECT_EQ(ran, 1'000);
}

std::atomic<bool> release_stalled{false};
// Not inlined, so that the stack names it.
[[gnu::noinline]] void stand_still() {
  while (!release_stalled) std::this_thread::yield();
}

TEST(Watchdog, ReportsAStalledLoopWithItsStackOnce) {
  release_stalled = false;
  Loop loop("stuck");
  Loop fine("fine");
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<Stall> stalls;
  Watchdog watchdog({.interval_ms = 2,
                     .stall_ms = 100,
                     .log_gap_ms = 5'000,
                     .on_stall =
                         [&](const Stall& stall) {
                           const std::lock_guard lock(mutex);
                           if (stall.loop == "stuck") stalls.push_back(stall);
                           wake.notify_all();
                         }},
                    {});
  watchdog.watch(loop);
  watchdog.watch(fine);
  loop.post(stand_still);
  {
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return !stalls.empty(); });
  }
  // Looked at many times more, one stall stays one.
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  release_stalled = true;
  loop.run_and_wait([] {});
  const std::vector<LoopLag> lags = watchdog.lags();
  watchdog.unwatch(loop);
  watchdog.unwatch(fine);
  ASSERT_EQ(lags.size(), 2u);
  EXPECT_EQ(lags[0].loop, "stuck");
  EXPECT_EQ(lags[0].stalls, 1u);
  EXPECT_GE(lags[0].max_us, 100'000);
  const std::lock_guard lock(mutex);
  ASSERT_EQ(stalls.size(), 1u);
  EXPECT_GE(stalls[0].lag_us, 100'000);
  EXPECT_GT(std::count(stalls[0].stack.begin(), stalls[0].stack.end(), '\n'), 3) << stalls[0].stack;
}

}  // namespace
}  // namespace slipway::rt
