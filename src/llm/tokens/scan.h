// SPDX-License-Identifier: Apache-2.0
// The pre-tokenisers: what OpenAI's two regular expressions match, piece after piece, as a hand-written
// scanner.
#pragma once

#include <cstddef>
#include <string_view>

#include "llm/tokens/ranks.h"

namespace slipway::llm::tokens {

// Cuts valid UTF-8 into pieces within which bytes are merged; together the pieces are all of the text.
class Scanner {
 public:
  Scanner(Encoding encoding, std::string_view text)
      : at_(text.data()), end_(text.data() + text.size()), cased_(encoding == Encoding::kO200kBase) {}

  // The next piece; empty at the end.
  std::string_view next() {
    const char* const begin = at_;
    if (begin == end_) return {};
    at_ = cased_ ? match_o200k(begin) : match_cl100k(begin);
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }

 private:
  struct Character {
    Class kind;
    const char* after;
  };

  [[nodiscard]] Character read(const char* at) const;
  [[nodiscard]] const char* match_cl100k(const char* begin) const;
  [[nodiscard]] const char* match_o200k(const char* begin) const;
  [[nodiscard]] const char* match_word(const char* begin, bool capitals) const;
  [[nodiscard]] const char* match_digits(const char* begin) const;
  [[nodiscard]] const char* match_symbols(const char* begin, bool slashes) const;
  [[nodiscard]] const char* match_blanks(const char* begin) const;
  [[nodiscard]] const char* after_contraction(const char* at) const;

  const char* at_;
  const char* end_;
  bool cased_;
  Classes classes_;
};

}  // namespace slipway::llm::tokens
