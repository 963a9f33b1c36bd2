// SPDX-License-Identifier: Apache-2.0
// Any bytes can be counted, cut and put together again.
#include <cstdlib>

#include "llm/tokens.h"
#include "llm/tokens/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::llm;
  const std::string text{data, data + size};
  const std::string valid = tokens::replace_malformed(text);
  for (const Encoding encoding : {Encoding::kCl100kBase, Encoding::kO200kBase}) {
    const auto tokens = encode(encoding, text);
    if (tokens.size() != count_tokens(encoding, text)) std::abort();
    if (decode(encoding, tokens) != valid) std::abort();
    const auto ends = token_ends(encoding, valid);
    if (ends.size() != tokens.size() || (!ends.empty() && ends.back() != valid.size())) std::abort();
    std::size_t joined = 0;
    for (const std::string_view piece : split_tokens(encoding, text)) joined += piece.size();
    if (joined != text.size()) std::abort();
  }
  return 0;
}
