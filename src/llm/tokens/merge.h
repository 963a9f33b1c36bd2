// SPDX-License-Identifier: Apache-2.0
// Byte pair merging of one piece: the two neighbours whose join has the lowest rank are joined, leftmost
// first, until no join is a token.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "llm/tokens/ranks.h"

namespace slipway::llm::tokens {

// A piece longer than this is merged in parts, so that a hostile text can't ask for memory many times its own
// size.
inline constexpr std::size_t kLongestPiece = std::size_t{256} << 10;

// Reused between pieces of one text; not shared by threads.
class Merger {
 public:
  explicit Merger(const Ranks& ranks) : ranks_(ranks) {}

  // The number of tokens in `piece`, which is neither empty nor longer than kLongestPiece.
  std::size_t count(std::string_view piece) {
    if (ranks_.rank(piece) != kNoRank) return 1;
    return merge(piece, nullptr);
  }

  // Appends the end of each token, in bytes from the start of `piece`, to `ends`.
  void ends(std::string_view piece, std::vector<std::uint32_t>& ends);

 private:
  std::size_t merge(std::string_view piece, std::vector<std::uint32_t>* ends);
  std::size_t merge_short(std::string_view piece, std::vector<std::uint32_t>* ends);
  std::size_t merge_long(std::string_view piece, std::vector<std::uint32_t>* ends);

  const Ranks& ranks_;
  std::vector<std::uint32_t> previous_;
  std::vector<std::uint32_t> next_;
  std::vector<std::uint32_t>
      join_;  // rank of the join of the part that starts here with the next, or kNoRank
  std::vector<std::uint64_t>
      queue_;  // rank << 32 | start, a heap with the smallest first; may hold stale entries
};

}  // namespace slipway::llm::tokens
