// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace slipway {
namespace {

TEST(Ids, AreVersion7AndStrictlyIncrease) {
  UuidGenerator generator;
  const std::int64_t before_ms = unix_now_us() / 1000;
  Uuid last;
  for (int i = 0; i < 20'000; ++i) {
    const Uuid id = generator.next();
    ASSERT_LT(last, id) << i;
    EXPECT_EQ(id.bytes[6] >> 4, 7);
    EXPECT_EQ(id.bytes[8] >> 6, 2);
    last = id;
  }
  EXPECT_GE(last.unix_ms(), before_ms);
  EXPECT_NE(generator.random(), generator.random());
}

TEST(Ids, TextGoesBothWays) {
  UuidGenerator generator;
  const Uuid id = generator.next();
  EXPECT_EQ(id.to_string().size(), 36u);
  EXPECT_EQ(Uuid::parse(id.to_string()), id);
  const auto upper = Uuid::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F");
  ASSERT_TRUE(upper);
  EXPECT_EQ(upper->to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_EQ(upper->unix_ms(), 1'645'557'742'000) << "RFC 9562 appendix A.6";
  EXPECT_TRUE(Uuid{}.is_nil());
  for (const char* bad : {"", "017F22E2-79B0-7CC3-98C4-DC0C0C07398", "017F22E2x79B0-7CC3-98C4-DC0C0C07398F",
                          "017F22E2-79B0-7CC3-98C4-DC0C0C07398G", "017F22E279B07CC398C4DC0C0C07398F"})
    EXPECT_EQ(Uuid::parse(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace slipway
