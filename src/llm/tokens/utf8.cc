// SPDX-License-Identifier: Apache-2.0
#include "llm/tokens/utf8.h"

#include <cstddef>

namespace slipway::llm::tokens {

namespace {

// The bytes of the well-formed character at the start of `text`, or minus the bytes of the malformed part.
int measure(std::string_view text) {
  const auto byte = [text](std::size_t i) -> unsigned { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  int size = 0;
  unsigned low = 0x80;  // bounds of the second byte: no overlong forms, no surrogates, nothing past U+10FFFF
  unsigned high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    size = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    size = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    size = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return -1;
  }
  for (int i = 1; i < size; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (at >= text.size() || byte(at) < low || byte(at) > high) return -i;
    low = 0x80;
    high = 0xBF;
  }
  return size;
}

}  // namespace

std::string replace_malformed(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const int size = measure(text);
    const auto step = static_cast<std::size_t>(size > 0 ? size : -size);
    if (size > 0) {
      out.append(text.substr(0, step));
    } else {
      out.append("\xEF\xBF\xBD");
    }
    text.remove_prefix(step);
  }
  return out;
}

}  // namespace slipway::llm::tokens
