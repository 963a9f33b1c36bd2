// SPDX-License-Identifier: Apache-2.0
// Money, checksums, binary formats, errors, logs: the small ones.
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/json.h"
#include "base/log.h"
#include "base/money.h"
#include "base/result.h"

namespace slipway {
namespace {

TEST(Money, IsExactInDecimal) {
  EXPECT_EQ(format_usd(0), "0.00");
  EXPECT_EQ(format_usd(1'234'567), "0.001234567");
  EXPECT_EQ(format_usd(1'500'000'000), "1.50");
  EXPECT_EQ(format_usd(-1), "-0.000000001");
  EXPECT_EQ(format_usd(INT64_MIN), "-9223372036.854775808");
  EXPECT_EQ(nano_from_pico(1'499), 1);
  EXPECT_EQ(nano_from_pico(1'500), 2);
}

TEST(Checksum, MatchesThePublishedVectors) {
  // RFC 3720 §B.4.
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c("56789", crc32c("1234")), crc32c("123456789")) << "piece by piece";
  // Long inputs are summed in stretches side by side; one byte at a time they are not.
  std::string text;
  std::uint32_t one_by_one = 0;
  for (int i = 0; i < 3'000; ++i) {
    text.push_back(static_cast<char>(i * 131 + i / 7));
    one_by_one = crc32c(std::string_view(text).substr(text.size() - 1), one_by_one);
    ASSERT_EQ(crc32c(text), one_by_one) << text.size();
  }
}

TEST(Bytes, ReadBackWhatWasWritten) {
  std::string out;
  ByteWriter writer(out);
  const std::vector<std::uint64_t> unsigned_values{0, 1, 127, 128, 300, UINT64_MAX};
  const std::vector<std::int64_t> signed_values{0, -1, 1, INT64_MIN, INT64_MAX};
  writer.fixed<std::uint32_t>(0xdeadbeef);
  for (const auto value : unsigned_values) writer.varint(value);
  for (const auto value : signed_values) writer.signed_varint(value);
  writer.bytes("hello");
  writer.raw("tail");

  ByteReader reader(out);
  EXPECT_EQ(reader.fixed<std::uint32_t>(), 0xdeadbeef);
  for (const auto value : unsigned_values) EXPECT_EQ(reader.varint(), value);
  for (const auto value : signed_values) EXPECT_EQ(reader.signed_varint(), value);
  EXPECT_EQ(reader.bytes(), "hello");
  EXPECT_EQ(reader.raw(4), "tail");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(Bytes, ShortAndMalformedInputIsNoticed) {
  std::string out;
  ByteWriter(out).bytes(std::string(300, 'x'));
  for (std::size_t size = 0; size < out.size(); ++size) {
    ByteReader reader(std::string_view(out).substr(0, size));
    reader.bytes();
    EXPECT_FALSE(reader.ok()) << size;
    EXPECT_EQ(reader.varint(), 0u) << "everything after the first failure is zero";
  }
  ByteReader endless(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
  endless.varint();
  EXPECT_FALSE(endless.ok());
  ByteReader four("abcd");
  EXPECT_EQ(four.fixed<std::uint64_t>(), 0u);
  EXPECT_FALSE(four.ok());
}

Result<int> half(int value) {
  if (value % 2 != 0) return fail(ErrorCode::kInvalidArgument, "odd", "value", "give an even one");
  return value / 2;
}

Result<int> quarter(int value) {
  SLIPWAY_ASSIGN(const int first, half(value));
  SLIPWAY_TRY(half(first));
  return half(first);
}

TEST(Result, ErrorsTravelUp) {
  EXPECT_EQ(quarter(8), 2);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error().describe(), "value: odd. give an even one");
  EXPECT_EQ((Error{ErrorCode::kIo, "x", "", ""}).describe(), "x");
  EXPECT_EQ(to_string(ErrorCode::kResourceExhausted), "resource_exhausted");
}

TEST(Log, LinesAreJsonAndFieldsAreCut) {
  testing::internal::CaptureStderr();
  const Logger log = Logger::to_stderr(LogLevel::kInfo);
  log.debug("hidden");
  log.warning(
      "it \"happened\"",
      {{"text", "a\nb"}, {"count", 5}, {"share", 0.5}, {"yes", true}, {"long", std::string(5'000, 'x')}});
  Logger().error("discarded");
  const std::string text = testing::internal::GetCapturedStderr();
  ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  const auto parsed = parse_json(text);
  ASSERT_TRUE(parsed) << parsed.error().describe();
  const json::object& line = parsed->as_object();
  EXPECT_EQ(line.at("level").as_string(), "warning");
  EXPECT_EQ(line.at("event").as_string(), "it \"happened\"");
  EXPECT_EQ(line.at("text").as_string(), "a\nb");
  EXPECT_EQ(line.at("count").as_int64(), 5);
  EXPECT_EQ(line.at("share").as_double(), 0.5);
  EXPECT_EQ(line.at("yes").as_bool(), true);
  EXPECT_EQ(line.at("long").as_string().size(), 2048u);
}

}  // namespace
}  // namespace slipway
