// SPDX-License-Identifier: Apache-2.0
// Sequences of tokens or characters, counted. For the measures of overlap.h only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace slipway::evaluation {

// Numbers for tokens, the same for the same token.
class TokenNumbers {
 public:
  // `tokens` must outlive this.
  std::vector<std::uint32_t> of(std::span<const std::string_view> tokens);

 private:
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

// The n-grams of a sequence, sorted, each once with its count.
struct Ngram {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Ngram&) const = default;
};
using NgramCounts = std::vector<std::pair<Ngram, std::size_t>>;

// `n` times `bits` must be at most 128, and each item fit into `bits`.
NgramCounts count_ngrams(std::span<const std::uint32_t> items, std::size_t n, std::size_t bits);
// For each n-gram the greater count.
NgramCounts merged_most(const NgramCounts& a, const NgramCounts& b);
// Sum of the lesser counts.
std::size_t count_common(const NgramCounts& a, const NgramCounts& b);
std::size_t count_all(const NgramCounts& counts);

}  // namespace slipway::evaluation
