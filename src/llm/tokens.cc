// SPDX-License-Identifier: Apache-2.0
#include "llm/tokens.h"

#include <simdjson.h>

#include "llm/tokens/merge.h"
#include "llm/tokens/ranks.h"
#include "llm/tokens/scan.h"
#include "llm/tokens/utf8.h"

namespace slipway::llm {

namespace {

// Calls `use` with valid UTF-8: the text itself, or a mended copy.
template <class Use>
auto with_valid(std::string_view text, Use use) {
  if (simdjson::validate_utf8(text.data(), text.size())) return use(text);
  return use(std::string_view{tokens::replace_malformed(text)});
}

// Calls `use` with each piece of valid text, none longer than kLongestPiece.
template <class Use>
void for_each_piece(Encoding encoding, std::string_view text, Use use) {
  tokens::Scanner scanner{encoding, text};
  for (std::string_view piece = scanner.next(); !piece.empty(); piece = scanner.next()) {
    while (piece.size() > tokens::kLongestPiece) [[unlikely]] {
      use(piece.substr(0, tokens::kLongestPiece));
      piece.remove_prefix(tokens::kLongestPiece);
    }
    use(piece);
  }
}

// Calls `use` with each token of valid text.
template <class Use>
void for_each_token(Encoding encoding, std::string_view text, Use use) {
  tokens::Merger merger{tokens::Ranks::of(encoding)};
  std::vector<std::uint32_t> ends;
  for_each_piece(encoding, text, [&](std::string_view piece) {
    ends.clear();
    merger.ends(piece, ends);
    std::uint32_t begin = 0;
    for (const std::uint32_t end : ends) {
      use(piece.substr(begin, end - begin));
      begin = end;
    }
  });
}

}  // namespace

std::string_view to_string(Encoding encoding) {
  return encoding == Encoding::kCl100kBase ? "cl100k_base" : "o200k_base";
}

std::size_t count_tokens(Encoding encoding, std::string_view text) {
  return with_valid(text, [encoding](std::string_view valid) {
    tokens::Merger merger{tokens::Ranks::of(encoding)};
    std::size_t count = 0;
    for_each_piece(encoding, valid, [&](std::string_view piece) { count += merger.count(piece); });
    return count;
  });
}

std::vector<std::uint32_t> encode(Encoding encoding, std::string_view text) {
  return with_valid(text, [encoding](std::string_view valid) {
    std::vector<std::uint32_t> out;
    const tokens::Ranks& ranks = tokens::Ranks::of(encoding);
    for_each_token(encoding, valid, [&](std::string_view token) { out.push_back(ranks.rank(token)); });
    return out;
  });
}

Result<std::string> decode(Encoding encoding, std::span<const std::uint32_t> tokens) {
  const tokens::Ranks& ranks = tokens::Ranks::of(encoding);
  std::string out;
  for (const std::uint32_t token : tokens) {
    if (token >= ranks.size()) {
      return fail(ErrorCode::kInvalidArgument,
                  "token " + std::to_string(token) + " does not exist in " + std::string{to_string(encoding)},
                  {}, "send text instead of token numbers");
    }
    out.append(ranks.bytes_of(token));
  }
  return out;
}

std::vector<std::size_t> token_ends(Encoding encoding, std::string_view text) {
  return with_valid(text, [encoding](std::string_view valid) {
    std::vector<std::size_t> out;
    std::size_t end = 0;
    for_each_token(encoding, valid, [&](std::string_view token) { out.push_back(end += token.size()); });
    return out;
  });
}

std::vector<std::string_view> split_tokens(Encoding encoding, std::string_view text) {
  std::vector<std::string_view> out;
  // Malformed text has no token boundaries of its own: one piece.
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    out.push_back(text);
    return out;
  }
  std::size_t begin = 0;
  std::size_t end = 0;
  for_each_token(encoding, text, [&](std::string_view token) {
    end += token.size();
    const bool inside = end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80;
    if (inside) return;
    out.push_back(text.substr(begin, end - begin));
    begin = end;
  });
  return out;
}

}  // namespace slipway::llm
