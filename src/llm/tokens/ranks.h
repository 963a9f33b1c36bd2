// SPDX-License-Identifier: Apache-2.0
// The token tables inside the binary: ranks of byte strings, bytes of ranks, and the classes of characters.
// tools/ranks/generate.py writes the layout this reads; nothing is built or copied at start.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "llm/tokens.h"

namespace slipway::llm::tokens {

static_assert(std::endian::native == std::endian::little, "the tables are stored little-endian");

inline constexpr std::uint32_t kNoRank = 0xFFFFFFFF;
inline constexpr std::size_t kLongestToken = 128;  // bytes, in both encodings

namespace detail {

inline std::uint64_t load(const char* at, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, size);
  return value;
}

// The little-endian number made of 0 to 8 bytes, without a call to memcpy for odd sizes.
inline std::uint64_t load_short(const char* at, std::size_t size) {
  if (size >= 8) return load(at, 8);
  if (size >= 4) return load(at, 4) | load(at + size - 4, 4) << ((size - 4) * 8);
  if (size == 0) return 0;
  const auto byte = [at](std::size_t i) -> std::uint64_t { return static_cast<unsigned char>(at[i]); };
  return byte(0) | byte(size / 2) << (8 * (size / 2)) | byte(size - 1) << (8 * (size - 1));
}

}  // namespace detail

// The same function as hash_of() in generate.py.
inline std::uint64_t hash_of(std::string_view token) {
  std::uint64_t h = token.size() * 0x9E3779B97F4A7C15u;
  const char* at = token.data();
  for (std::size_t left = token.size(); left > 0;) {
    const std::size_t step = left < 8 ? left : 8;
    h = (h ^ detail::load_short(at, step)) * 0xD6E8FEB86659FD93u;
    h ^= h >> 32;
    at += step;
    left -= step;
  }
  return h * 0xA0761D6478BD642Fu;
}

class Ranks {
 public:
  static const Ranks& of(Encoding encoding);

  // The rank of exactly these bytes, or kNoRank.
  [[nodiscard]] std::uint32_t rank(std::string_view token) const {
    if (token.size() > kLongestToken) return kNoRank;
    const std::uint64_t h = hash_of(token);
    const std::uint32_t fingerprint = static_cast<std::uint32_t>(h >> 8) & 0x3FFF;
    for (std::uint32_t at = static_cast<std::uint32_t>(h >> shift_);; at = (at + 1) & mask_) {
      const std::uint32_t slot = slots_[at];
      if (slot == 0) return kNoRank;
      if (slot >> 18 != fingerprint) continue;
      const std::uint32_t found = (slot & 0x3FFFF) - 1;
      if (bytes_of(found) == token) return found;
    }
  }

  // `rank` must be below size().
  [[nodiscard]] std::string_view bytes_of(std::uint32_t rank) const {
    return {bytes_ + offsets_[rank], offsets_[rank + 1] - offsets_[rank]};
  }
  [[nodiscard]] std::uint32_t size() const { return size_; }

 private:
  explicit Ranks(unsigned encoding);

  const std::uint32_t* slots_;
  const std::uint32_t* offsets_;
  const char* bytes_;
  std::uint32_t size_;
  std::uint32_t mask_;
  unsigned shift_;
};

// Classes of characters as tools/ranks/classes.json numbers them.
enum class Class : std::uint8_t {
  kOther = 0,
  kNewline = 1,  // CR, LF
  kSpace = 2,    // U+0020
  kBlank = 3,    // other white space
  kNumber = 4,   // \p{N}
  kUpper = 5,    // \p{Lu}, \p{Lt}
  kLower = 6,    // \p{Ll}
  kUncased = 7,  // \p{Lm}, \p{Lo}
  kMark = 8,     // \p{M}
};

class Classes {
 public:
  Classes();
  [[nodiscard]] Class of_ascii(unsigned char byte) const { return static_cast<Class>(ascii_[byte]); }
  [[nodiscard]] Class of(std::uint32_t code_point) const {
    return static_cast<Class>(blocks_[index_[code_point >> 7] * 128u + (code_point & 127)]);
  }

 private:
  const std::uint8_t* index_;
  const std::uint8_t* blocks_;
  const std::uint8_t* ascii_;
};

}  // namespace slipway::llm::tokens
