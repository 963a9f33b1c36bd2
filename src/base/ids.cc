// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <bit>

#include "base/clock.h"
#include "base/crypto.h"

namespace slipway {

namespace {
constexpr char kHex[] = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

std::int64_t Uuid::unix_ms() const {
  std::int64_t ms = 0;
  for (int i = 0; i < 6; ++i) ms = (ms << 8) | bytes[static_cast<std::size_t>(i)];
  return ms;
}

void Uuid::write_to(char* out) const {
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out[at++] = '-';
    out[at++] = kHex[bytes[i] >> 4];
    out[at++] = kHex[bytes[i] & 15];
  }
}

std::string Uuid::to_string() const {
  std::string text(36, '\0');
  write_to(text.data());
  return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      if (text[at++] != '-') return std::nullopt;
    }
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  return id;
}

UuidGenerator::UuidGenerator() { random_bytes(state_.data(), sizeof(state_)); }

// xoshiro256** by Blackman and Vigna, https://prng.di.unimi.it/xoshiro256starstar.c (public domain
// algorithm).
std::uint64_t UuidGenerator::random() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

Uuid UuidGenerator::next() { return next_at(unix_now_us()); }

Uuid UuidGenerator::next_at(std::int64_t now_us) {
  const std::int64_t now_ms = now_us / 1000;
  // RFC 9562 §6.2 method 1: a counter in rand_a keeps ids of one millisecond in order, and a clock
  // that steps back doesn't take the order with it.
  if (now_ms > last_ms_) {
    last_ms_ = now_ms;
    counter_ = static_cast<std::uint32_t>(random() & 0x7ff);
  } else if (++counter_ > 0xfff) {
    ++last_ms_;
    counter_ = 0;
  }
  Uuid id;
  for (std::size_t i = 0; i < 6; ++i)
    id.bytes[i] = static_cast<std::uint8_t>(last_ms_ >> (40 - 8 * static_cast<int>(i)));
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | (counter_ >> 8));
  id.bytes[7] = static_cast<std::uint8_t>(counter_);
  std::uint64_t tail = random();
  for (std::size_t i = 8; i < 16; ++i, tail >>= 8) id.bytes[i] = static_cast<std::uint8_t>(tail);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

}  // namespace slipway
