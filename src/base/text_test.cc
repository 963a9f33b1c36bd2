// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Text, TrimsSplitsAndCompares) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim("  "), "");
  EXPECT_EQ(to_lower("AbC-É"), "abc-É") << "ASCII only";
  EXPECT_TRUE(iequals("Content-Type", "content-type"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
}

TEST(Text, KnowsWellFormedUtf8) {
  for (const char* good : {"", "plain", "é", "€", "😀", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"})
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  // Overlong, surrogate, beyond U+10FFFF, lone tail, cut short.
  for (const char* bad : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                          "\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "a\xff"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
    EXPECT_TRUE(is_valid_utf8(to_valid_utf8(bad)));
  }
  EXPECT_EQ(to_valid_utf8("a\xff"
                          "b"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(to_valid_utf8("é😀"), "é😀");
}

TEST(Text, EllipsizesAtCodePoints) {
  EXPECT_EQ(ellipsize("short", 5), "short");
  EXPECT_EQ(ellipsize("longer text", 8), "longe…");
  for (std::size_t limit = 3; limit < 20; ++limit) {
    const std::string cut = ellipsize("ééééé😀😀😀", limit);
    EXPECT_TRUE(is_valid_utf8(cut)) << limit;
    EXPECT_LE(cut.size(), std::max<std::size_t>(limit, 3)) << limit;
  }
}

TEST(Text, FindsTheNearestWord) {
  const std::vector<std::string> words{"server.port", "server.address", "log.level"};
  EXPECT_EQ(nearest("server.prot", words), "server.port");
  EXPECT_EQ(nearest("LOG.LEVEL", words), "log.level");
  EXPECT_EQ(nearest("something else", words), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
}

TEST(Text, MatchesGlobs) {
  EXPECT_TRUE(glob_match("gpt-*", "gpt-4o"));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("*mini*", "gpt-4o-mini-2024"));
  EXPECT_TRUE(glob_match("a*b*c", "a1b2b3c"));
  EXPECT_FALSE(glob_match("gpt-*", "my-gpt-4"));
  EXPECT_FALSE(glob_match("a*b", "ab1"));
  EXPECT_FALSE(glob_match("", "a"));
  // Would take years with naive backtracking.
  EXPECT_FALSE(glob_match(std::string(50, '*') + "b", std::string(10'000, 'a')));
}

TEST(Text, PercentEncodingGoesBothWays) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(url_decode(url_encode(all)), all);
  EXPECT_EQ(url_encode("a b/é"), "a%20b%2F%C3%A9");
  EXPECT_EQ(url_decode("a+b", true), "a b");
  EXPECT_EQ(url_decode("a+b"), "a+b");
  for (const char* bad : {"%", "%4", "%zz", "a%f"}) EXPECT_EQ(url_decode(bad), std::nullopt) << bad;
}

TEST(Text, TimesGoBothWays) {
  EXPECT_EQ(format_time_us(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time_us(1'795'442'620'123'456), "2026-11-23T14:03:40.123Z");
  EXPECT_EQ(parse_time_us("2026-11-23T14:03:40.123Z"), 1'795'442'620'123'000);
  EXPECT_EQ(parse_time_us("2026-11-23T15:03:40.123+01:00"), 1'795'442'620'123'000);
  EXPECT_EQ(parse_time_us("2026-11-23T09:33:40-04:30"), 1'795'442'620'000'000);
  EXPECT_EQ(parse_time_us("1795442620123"), 1'795'442'620'123'000);
  EXPECT_EQ(parse_time_us("2026-11-23"), 1'795'392'000'000'000);
  for (const char* bad :
       {"", "now", "2026-13-01", "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T14:03:40",
        "2026-11-23T14:03:40.1X", "2026-11-23T14:03", "-5", "99999999999999999999"})
    EXPECT_EQ(parse_time_us(bad), std::nullopt) << bad;
}

TEST(Text, IntegersAreWholeOrNothing) {
  EXPECT_EQ(parse_integer<int>("-42"), -42);
  EXPECT_EQ(parse_integer<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  for (const char* bad : {"", "+1", " 1", "1 ", "0x1", "1.0", "256"})
    EXPECT_EQ(parse_integer<std::uint8_t>(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace slipway
