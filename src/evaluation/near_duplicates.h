// SPDX-License-Identifier: Apache-2.0
// Finds texts that say nearly the same: MinHash over groups of three words, looked up in bands. Not
// thread-safe. About 600 bytes a text.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace slipway::evaluation {

// Lower case, words and numbers with one space between them: what "the same text" means.
std::string normalized(std::string_view text);

class NearDuplicates {
 public:
  // `similarity`: share of the groups of words that two texts have in common (Jaccard) from which on they are
  // taken for the same; estimated, give or take 0.05.
  explicit NearDuplicates(double similarity) : similarity_(similarity) {}
  // Whether it is like one that was added before; if not, it is added.
  bool is_repeated(std::string_view text);

 private:
  static constexpr std::size_t kHashes = 64;
  static constexpr std::size_t kBandRows = 4;
  using Signature = std::array<std::uint32_t, kHashes>;
  static Signature sign(std::string_view text);
  double similarity_;
  std::vector<Signature> signatures_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> bands_;
};

class ExactDuplicates {
 public:
  bool is_repeated(std::string_view text);

 private:
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace slipway::evaluation
