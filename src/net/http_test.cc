// SPDX-License-Identifier: Apache-2.0
#include "net/http.h"

#include <gtest/gtest.h>

namespace slipway::net {
namespace {

TEST(Http, FindsWhatBreaksLinesWhereverItIs) {
  for (std::size_t size = 0; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        // Neighbours that are next to the bytes looked for, and at the ends of the range.
        for (const char around : {'\x01', '\x0e', '\x10', 'x', '\x7f', '\x80', '\xff'}) {
          std::string text(size, around);
          text[at] = static_cast<char>(c);
          EXPECT_EQ(breaks_lines(text), c == 0 || c == '\r' || c == '\n') << size << ' ' << at << ' ' << c;
        }
      }
    }
  }
  EXPECT_FALSE(breaks_lines({}));
}

}  // namespace
}  // namespace slipway::net
