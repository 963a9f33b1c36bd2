// SPDX-License-Identifier: Apache-2.0
// Word splitting of text_index.h; include that.
#pragma once

#include "telemetry/text_index.h"

namespace slipway::telemetry {

namespace text_index {
inline bool is_word_byte(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}
// Bytes of an ideograph, kana or hangul at the start of `text` (U+2E80 and up in three bytes, all in four
// bytes); 0 for anything else.
inline std::size_t ideograph(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0xe2) return 0;
  if (first >= 0xf0) return text.size() >= 4 ? 4 : 0;
  if (text.size() < 3) return 0;
  const unsigned point = ((first & 0x0fu) << 12) | ((static_cast<unsigned char>(text[1]) & 0x3fu) << 6);
  return point >= 0x2e80 && point < 0xd800 ? 3 : 0;
}
}  // namespace text_index

template <class Visit>
void visit_words(std::string_view folded, Visit visit) {
  std::size_t at = 0;
  while (at < folded.size()) {
    if (!text_index::is_word_byte(static_cast<unsigned char>(folded[at]))) {
      ++at;
      continue;
    }
    if (const std::size_t wide = text_index::ideograph(folded.substr(at)); wide != 0) {
      visit(folded.substr(at, wide));
      at += wide;
      continue;
    }
    const std::size_t begin = at;
    do {
      ++at;
    } while (
        at < folded.size() && text_index::is_word_byte(static_cast<unsigned char>(folded[at])) &&
        (static_cast<unsigned char>(folded[at]) < 0xe2 || text_index::ideograph(folded.substr(at)) == 0));
    visit(folded.substr(begin, at - begin));
  }
}

}  // namespace slipway::telemetry
