// SPDX-License-Identifier: Apache-2.0
// Which items of a run have their result: one bit each. An item is one case, asked of one cell, one of its
// repeats; its number is (case × cells + cell) × repeats + repeat.
#pragma once

#include <cstdint>
#include <vector>

namespace slipway::evaluation {

// What a run has to do.
struct RunShape {
  std::uint32_t cells = 1;
  std::uint32_t repeats = 1;
  std::int64_t planned = 0;  // items

  [[nodiscard]] std::uint64_t item(std::int64_t number, std::uint32_t cell, std::uint32_t repeat) const {
    return (static_cast<std::uint64_t>(number) * cells + cell) * repeats + repeat;
  }
  [[nodiscard]] std::uint32_t cell_of(std::uint64_t item) const {
    return static_cast<std::uint32_t>(item / repeats % cells);
  }
};

class ItemSet {
 public:
  [[nodiscard]] bool contains(std::uint64_t item) const {
    return item / kBits < words_.size() && (words_[item / kBits] >> (item % kBits) & 1u) != 0;
  }
  void insert(std::uint64_t item) {
    if (item / kBits >= words_.size()) words_.resize(item / kBits + 1 + words_.size() / 2);
    words_[item / kBits] |= std::uint64_t{1} << (item % kBits);
  }
  void erase(std::uint64_t item) {
    if (item / kBits < words_.size()) words_[item / kBits] &= ~(std::uint64_t{1} << (item % kBits));
  }

 private:
  static constexpr std::uint64_t kBits = 64;
  std::vector<std::uint64_t> words_;
};

}  // namespace slipway::evaluation
