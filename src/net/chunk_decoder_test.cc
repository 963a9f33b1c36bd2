// SPDX-License-Identifier: Apache-2.0
#include "net/chunk_decoder.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace slipway::net {
namespace {

struct Decoded {
  std::string body;
  bool done = false;
  bool failed = false;
  std::size_t consumed = 0;
};

Decoded decode(std::string_view wire, std::size_t step, bool in_place) {
  ChunkDecoder decoder;
  Decoded out;
  for (std::size_t at = 0; at < wire.size() && !decoder.done() && !decoder.failed(); at += step) {
    std::string piece(wire.substr(at, step));
    const ChunkDecoder::Step taken = decoder.decode(piece, in_place ? nullptr : piece.data());
    out.consumed += taken.consumed;
    if (taken.body > 0) out.body.append(decoder.first(), taken.body);
  }
  out.done = decoder.done();
  out.failed = decoder.failed();
  return out;
}

TEST(ChunkDecoder, DecodesHoweverItIsCut) {
  const std::string wire = "5\r\nhello\r\n01;a=\"b\"\r\n \r\nA \r\n0123456789\r\n0;x\r\nT: v\r\n\r\n";
  for (std::size_t step = 1; step <= wire.size(); ++step) {
    for (const bool in_place : {false, true}) {
      const Decoded out = decode(wire + "GET /", step, in_place);
      EXPECT_TRUE(out.done);
      EXPECT_EQ(out.body, "hello 0123456789");
      EXPECT_EQ(out.consumed, wire.size()) << "took bytes of the next message";
    }
  }
  // A last chunk that comes byte by byte, first thing.
  EXPECT_TRUE(decode("0\r\n\r\n", 1, true).done);
}

TEST(ChunkDecoder, RefusesWhatOthersMightReadDifferently) {
  for (const std::string_view bad :
       {"\r\n", "g\r\n", "-1\r\n", "+1\r\n", " 1\r\nx\r\n", "0x1\r\nx\r\n", "1\nx\n", "1\r\nx\n",
        "1\r\nxy\r\n", "1\rx", "1;\n\r\nx\r\n", "0\r\n\n", "0\r\nA: b\n\r\n", "0\r\nA: b\r\r\n",
        "10000000000000000\r\n", "1,\r\nx\r\n"})
    EXPECT_TRUE(decode(bad, 1, true).failed) << bad;
  EXPECT_TRUE(decode("1;" + std::string(20'000, 'e'), 100, true).failed);
  std::string trailer = "0\r\n";
  for (int i = 0; i < 5'000; ++i) trailer += "A: b\r\n";
  EXPECT_TRUE(decode(trailer, 100, true).failed);
}

TEST(ChunkDecoder, AnnouncesSizesBeforeTheBytesCome) {
  ChunkDecoder decoder;
  std::string first = "7fffffffffffffff\r\n";
  decoder.decode(first, nullptr);
  EXPECT_EQ(decoder.announced(), 0x7fffffffffffffffu);
}

RC_GTEST_PROP(ChunkDecoderProperty, WhatIsCutIsJoined, (const std::vector<std::string>& parts)) {
  std::string wire;
  std::string expected;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    char size[32];
    std::snprintf(size, sizeof(size), "%zx\r\n", part.size());
    wire += size + part + "\r\n";
    expected += part;
  }
  wire += "0\r\n\r\n";
  const auto step = *rc::gen::inRange<std::size_t>(1, wire.size() + 1);
  const Decoded out = decode(wire, step, *rc::gen::arbitrary<bool>());
  RC_ASSERT(out.done);
  RC_ASSERT(out.body == expected);
}

}  // namespace
}  // namespace slipway::net
