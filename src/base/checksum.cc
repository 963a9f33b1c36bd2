// SPDX-License-Identifier: Apache-2.0
#include "base/checksum.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace slipway {

namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = value;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kTable = make_table();

std::uint32_t update_portable(std::uint32_t crc, std::string_view bytes) {
  for (const char c : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<std::uint8_t>(c)) & 0xff];
  return crc;
}

#if defined(__x86_64__)
// The instruction takes three cycles, but one can begin each cycle: three stretches are summed side by side,
// and the sums joined by moving the first past the bytes of the next.
constexpr std::size_t kStretch = 256;
constexpr std::array<std::array<std::uint32_t, 256>, 4> make_shifts() {
  std::array<std::array<std::uint32_t, 256>, 4> shifts{};
  for (std::uint32_t place = 0; place < 4; ++place) {
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t value = byte << (8 * place);
      for (std::size_t i = 0; i < kStretch; ++i) value = (value >> 8) ^ kTable[value & 0xff];
      shifts[place][byte] = value;
    }
  }
  return shifts;
}
constexpr std::array<std::array<std::uint32_t, 256>, 4> kShifts = make_shifts();

// As if kStretch zero bytes followed.
std::uint32_t shift(std::uint64_t sum) {
  return kShifts[0][sum & 0xff] ^ kShifts[1][(sum >> 8) & 0xff] ^ kShifts[2][(sum >> 16) & 0xff] ^
         kShifts[3][(sum >> 24) & 0xff];
}

std::uint64_t word_at(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

__attribute__((target("sse4.2"))) std::uint32_t update_sse42(std::uint32_t crc, std::string_view bytes) {
  std::uint64_t wide = crc;
  while (bytes.size() >= 3 * kStretch) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (const char* at = bytes.data(); at < bytes.data() + kStretch; at += 8) {
      wide = _mm_crc32_u64(wide, word_at(at));
      second = _mm_crc32_u64(second, word_at(at + kStretch));
      third = _mm_crc32_u64(third, word_at(at + 2 * kStretch));
    }
    wide = shift(shift(wide) ^ second) ^ third;
    bytes.remove_prefix(3 * kStretch);
  }
  while (bytes.size() >= 8) {
    wide = _mm_crc32_u64(wide, word_at(bytes.data()));
    bytes.remove_prefix(8);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (const char c : bytes) crc = _mm_crc32_u8(crc, static_cast<std::uint8_t>(c));
  return crc;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ~update_sse42(~previous, bytes);
#endif
  return ~update_portable(~previous, bytes);
}

}  // namespace slipway
