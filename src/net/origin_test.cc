// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "net/client.h"
#include "net/test_world.h"

namespace slipway::net {
namespace {

TEST(PrivateAddress, KnowsTheSpecialPurposeRanges) {
  for (const char* text :
       {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1",
        "fd00::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"})
    EXPECT_TRUE(is_private_address(rt::asio::ip::make_address(text))) << text;
  for (const char* text : {"8.8.8.8", "172.32.0.1", "172.15.0.1", "100.128.0.1", "11.0.0.1", "192.169.0.1",
                           "2606:4700::1111", "::ffff:8.8.8.8"})
    EXPECT_FALSE(is_private_address(rt::asio::ip::make_address(text))) << text;
}

TEST(PrivateAddress, IsNotReachedUnlessAllowed) {
  testing::World world;
  const std::uint16_t port = world.serve([](Exchange& exchange) -> rt::Task<void> {
    const Result<> sent = co_await exchange.send(200, {}, "inside");
    EXPECT_TRUE(sent);
  });
  for (const char* host : {"http://127.0.0.1:", "http://localhost:"}) {
    Origin origin = *parse_origin(host + std::to_string(port));
    origin.private_allowed = false;
    origin.key += "|public";
    const auto refused = world.fetch(origin);
    ASSERT_FALSE(refused.result);
    EXPECT_EQ(refused.result.error().code, ErrorCode::kPermissionDenied) << refused.result.error().describe();
  }
  EXPECT_TRUE(world.fetch(testing::local(port)).result);
}

}  // namespace
}  // namespace slipway::net
