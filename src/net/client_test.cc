// SPDX-License-Identifier: Apache-2.0
#include "net/client.h"

#include <gtest/gtest.h>

#include "net/test_world.h"

namespace slipway::net {
namespace {

using testing::local;
using testing::PlainTcp;
using testing::RawServer;
using testing::World;

rt::Task<void> answer_target(Exchange& exchange) {
  std::string text(exchange.target());
  text.append(exchange.body());
  const Result<> sent = co_await exchange.send(200, {}, text);
  EXPECT_TRUE(sent);
}

TEST(Client, ReusesItsConnections) {
  World world;
  const std::uint16_t port = world.serve(answer_target);
  for (int i = 0; i < 5; ++i) {
    const World::Fetched fetched = world.fetch(local(port), {.target = "/x", .headers = {}, .body = "y"});
    ASSERT_TRUE(fetched.result) << fetched.result.error().describe();
    EXPECT_EQ(fetched.status, 200);
    EXPECT_EQ(fetched.body, "/xy");
    EXPECT_EQ(fetched.reused, i > 0);
  }
  EXPECT_EQ(world.client->counters().connects, 1u);
  EXPECT_EQ(world.client->counters().reuses, 4u);
  EXPECT_EQ(world.client->counters().idle, 1u);
}

TEST(Client, ReadsLargeBodiesBothWays) {
  World world;
  const std::uint16_t port = world.serve(answer_target);
  const std::string big(5'000'000, 'q');
  for (const bool in_pieces : {false, true}) {
    const World::Fetched fetched =
        world.fetch(local(port), {.target = "/", .headers = {}, .body = big}, {}, in_pieces);
    ASSERT_TRUE(fetched.result) << fetched.result.error().describe();
    EXPECT_EQ(fetched.body, "/" + big);
  }
  EXPECT_EQ(world.client->counters().connects, 1u);
}

rt::Task<void> stream_ten(Exchange& exchange) {
  Result<> ok = co_await exchange.start(200, {});
  EXPECT_TRUE(ok);
  for (int i = 0; i < 10; ++i) {
    const std::string piece = "piece " + std::to_string(i) + "\n";
    ok = co_await exchange.write(piece);
    EXPECT_TRUE(ok);
  }
  ok = co_await exchange.finish();
  EXPECT_TRUE(ok);
}

TEST(Client, ReadsChunkedStreams) {
  World world;
  const std::uint16_t port = world.serve(stream_ten);
  for (int i = 0; i < 20; ++i) {
    const World::Fetched fetched = world.fetch(local(port), {.target = "/"}, {}, i % 2 == 0);
    ASSERT_TRUE(fetched.result) << fetched.result.error().describe();
    EXPECT_EQ(fetched.body.size(), 80u);
    EXPECT_TRUE(fetched.body.ends_with("piece 9\n"));
  }
  EXPECT_EQ(world.client->counters().connects, 1u);
}

}  // namespace
}  // namespace slipway::net
