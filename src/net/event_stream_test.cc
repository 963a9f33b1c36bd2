// SPDX-License-Identifier: Apache-2.0
#include "net/event_stream.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <string>

#include "base/crypto.h"

namespace slipway::net {
namespace {

// Three messages of the AWS SDKs' shared test suite: payload_one_str_header, empty_message, int32_header.
const std::string kVector = *unhex(
    "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e"
    "7b27666f6f273a27626172277d8d9c08b1");
const std::string kEmpty = *unhex("000000100000000005c248eb7d98c8ff");
const std::string kInteger =
    *unhex("0000002d0000001041c424b80a6576656e742d74797065040000a00c7b27666f6f273a27626172277d36f480a0");

TEST(EventStream, ReadsAndWritesTheSdksVectors) {
  EventStreamDecoder decoder;
  const std::string all = kVector + kEmpty + kInteger;
  decoder.feed(all);
  EventStreamMessage message;
  ASSERT_TRUE(*decoder.next(message));
  EXPECT_EQ(message.find("content-type"), "application/json");
  EXPECT_EQ(message.payload, "{'foo':'bar'}");
  EXPECT_EQ(message.payload.data(), all.data() + 44) << "copied";
  ASSERT_TRUE(*decoder.next(message));
  EXPECT_TRUE(message.headers.empty());
  EXPECT_TRUE(message.payload.empty());
  ASSERT_TRUE(*decoder.next(message));
  ASSERT_EQ(message.headers.size(), 1u);
  EXPECT_EQ(message.headers[0].type, EventStreamType::kInteger);
  EXPECT_EQ(message.headers[0].number, 40972);
  EXPECT_FALSE(*decoder.next(message));
  EXPECT_FALSE(decoder.unfinished());

  std::string out;
  const Header header{"content-type", "application/json"};
  ASSERT_TRUE(append_event_stream_message(out, std::span(&header, 1), "{'foo':'bar'}"));
  EXPECT_EQ(hex(out.data(), out.size()), hex(kVector.data(), kVector.size()));
}

TEST(EventStream, EveryDamagedByteIsNoticed) {
  for (std::size_t i = 0; i < kVector.size(); ++i) {
    std::string damaged = kVector;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EventStreamDecoder decoder;
    decoder.feed(damaged);
    EventStreamMessage message;
    const auto result = decoder.next(message);
    ASSERT_FALSE(result) << i;
    EXPECT_EQ(result.error().code, ErrorCode::kDataLoss);
    EXPECT_FALSE(decoder.next(message)) << "it must stay failed";
  }
}

TEST(EventStream, LargeMessagesAreRefusedBeforeTheyAreKept) {
  std::string out;
  ASSERT_TRUE(append_event_stream_message(out, {}, std::string(1'000, 'x')));
  EventStreamDecoder decoder(500);
  decoder.feed(std::string_view(out).substr(0, 12));
  EventStreamMessage message;
  const auto result = decoder.next(message);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kResourceExhausted);
  const Header long_name{std::string_view(out).substr(0, 300), "x"};
  EXPECT_FALSE(append_event_stream_message(out, std::span(&long_name, 1), ""));
  EXPECT_FALSE(append_event_stream_message(out, {}, std::string(16u << 20, 'x')));
}

RC_GTEST_PROP(EventStreamProperty, SurvivesAnySplit, (std::vector<std::string> payloads)) {
  std::string bytes;
  for (const std::string& payload : payloads) {
    if (payload.size() % 2 == 0)
      append_event_stream_event(bytes, "chunk", payload);
    else
      append_event_stream_exception(bytes, "throttlingException", payload);
  }
  EventStreamDecoder decoder;
  EventStreamMessage message;
  std::vector<std::string> seen;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 40);
    decoder.feed(std::string_view(bytes).substr(at, size));
    at += size;
    while (*decoder.next(message)) {
      seen.emplace_back(message.payload);
      RC_ASSERT(message.find(":message-type") == (message.payload.size() % 2 == 0 ? "event" : "exception"));
    }
  }
  RC_ASSERT(seen == payloads);
  RC_ASSERT(!decoder.unfinished());
}

}  // namespace
}  // namespace slipway::net
