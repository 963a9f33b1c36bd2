// SPDX-License-Identifier: Apache-2.0
// UUIDs (RFC 9562). Version 7 ids sort by creation time, so they double as paging keys.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slipway {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  [[nodiscard]] bool is_nil() const { return *this == Uuid{}; }
  // Milliseconds since 1970 stored in a version 7 id.
  [[nodiscard]] std::int64_t unix_ms() const;
  // 36 characters, lower case, with hyphens.
  [[nodiscard]] std::string to_string() const;
  // Writes the 36 characters without a terminator.
  void write_to(char* out36) const;
  static std::optional<Uuid> parse(std::string_view text);
};

// Makes version 7 ids, strictly increasing within one generator. Not thread-safe: one per loop.
class UuidGenerator {
 public:
  UuidGenerator();  // seeds from the system's random source
  Uuid next();
  // The same with a reading of unix_now_us() the caller has at hand.
  Uuid next_at(std::int64_t now_us);
  // 64 random bits from the same generator; not for secrets.
  std::uint64_t random();

 private:
  std::array<std::uint64_t, 4> state_{};
  std::int64_t last_ms_ = 0;
  std::uint32_t counter_ = 0;
};

}  // namespace slipway
