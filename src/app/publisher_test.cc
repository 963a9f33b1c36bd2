// SPDX-License-Identifier: Apache-2.0
#include "app/publisher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <sstream>
#include <thread>

namespace slipway::app {
namespace {

TEST(Publisher, TriesAgainUntilItWorks) {
  std::atomic<bool> broken{true};
  std::atomic<int> tries{0};
  Publisher publisher(
      [&]() -> Result<> {
        ++tries;
        if (broken) return fail(ErrorCode::kUnavailable, "the database is away");
        return {};
      },
      Logger());
  EXPECT_FALSE(publisher.publish());
  EXPECT_EQ(publisher.trouble(), "the database is away");
  while (tries < 3) std::this_thread::yield();
  EXPECT_EQ(publisher.trouble(), "the database is away");
  broken = false;
  while (!publisher.trouble().empty()) std::this_thread::yield();
  // Nothing waits: nothing is published again.
  publisher.stop();
  const int before = tries;
  EXPECT_TRUE(publisher.publish());
  EXPECT_EQ(tries, before + 1);
}

TEST(Publisher, PublishesOnlyWhenAskedOrInTrouble) {
  std::atomic<int> tries{0};
  {
    Publisher publisher([&]() -> Result<> { return ++tries, Result<>{}; }, Logger());
    EXPECT_TRUE(publisher.publish());
    EXPECT_EQ(publisher.trouble(), "");
  }
  EXPECT_EQ(tries, 1);
}

}  // namespace
}  // namespace slipway::app
