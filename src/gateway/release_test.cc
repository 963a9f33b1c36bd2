// SPDX-License-Identifier: Apache-2.0
#include "gateway/release.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace slipway::gateway {
namespace {

std::shared_ptr<const ServedRelease> release(const std::string& id) {
  auto made = std::make_shared<ServedRelease>();
  made->id = id;
  return made;
}

TEST(UseCaseEntry, KeepsAnEndUserWhereTheyAreWhileTheSplitGrows) {
  UseCaseEntry entry;
  entry.active = release("support@1");
  entry.candidate = release("support@2");
  entry.salt = "rollout-1";
  std::set<int> before;
  for (const std::uint32_t basis_points : {0u, 100u, 1000u, 5000u, 10'000u}) {
    entry.candidate_basis_points = basis_points;
    std::set<int> now;
    for (int user = 0; user < 10'000; ++user)
      if (entry.choose("user-" + std::to_string(user)).id == "support@2") now.insert(user);
    EXPECT_NEAR(static_cast<double>(now.size()), basis_points, 200) << basis_points;
    for (const int user : before) EXPECT_TRUE(now.contains(user)) << user;
    before = std::move(now);
  }
  // Another rollout begins with other people.
  entry.candidate_basis_points = 5000;
  int moved = 0;
  for (int user = 0; user < 1000; ++user) {
    const std::string name = "user-" + std::to_string(user);
    entry.salt = "rollout-1";
    const std::string first = entry.choose(name).id;
    entry.salt = "rollout-2";
    moved += entry.choose(name).id == first ? 0 : 1;
  }
  EXPECT_NEAR(moved, 500, 80);
}

TEST(UseCaseEntry, ServesWhatThereIs) {
  UseCaseEntry entry;
  entry.active = release("support@1");
  entry.candidate_basis_points = 10'000;
  EXPECT_EQ(entry.choose("x").id, "support@1");
  entry.candidate = release("support@2");
  EXPECT_EQ(entry.choose("x").id, "support@2");
  entry.active = nullptr;
  entry.candidate_basis_points = 1;
  EXPECT_EQ(entry.choose("x").id, "support@2");
}

TEST(ReleaseTally, AddsUpWhatAllLoopsSaw) {
  ReleaseTally tally;
  std::vector<std::thread> loops;
  for (std::size_t shard = 0; shard < 4; ++shard)
    loops.emplace_back([&tally, shard] {
      for (int i = 0; i < 1000; ++i)
        tally.add(shard, {.error = i % 10 == 0,
                          .duration_us = 100,
                          .cost_nano = i % 2 == 0 ? 7 : -1,
                          .first_token_us = i % 4 == 0 ? 30 : -1});
    });
  for (std::thread& loop : loops) loop.join();
  const TallyFigures sum = tally.sum();
  EXPECT_EQ(sum.calls, 4000u);
  EXPECT_EQ(sum.errors, 400u);
  EXPECT_EQ(sum.duration_us, 4000 * 100.0);
  EXPECT_EQ(sum.duration_us_squared, 4000 * 10'000.0);
  EXPECT_EQ(sum.costed, 2000u);
  EXPECT_EQ(sum.cost_nano, 2000 * 7.0);
  EXPECT_EQ(sum.cost_nano_squared, 2000 * 49.0);
  EXPECT_EQ(sum.first_tokens, 1000u);
  EXPECT_EQ(sum.first_token_us, 30'000.0);
  EXPECT_EQ(sum.first_token_us_squared, 900'000.0);
}

}  // namespace
}  // namespace slipway::gateway
