// SPDX-License-Identifier: Apache-2.0
// Small text helpers. ASCII-only where the name doesn't say otherwise; locale never matters.
#pragma once

#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

std::string_view trim(std::string_view text);  // spaces, tabs, CR, LF
std::string to_lower(std::string_view text);
bool iequals(std::string_view a, std::string_view b);
std::vector<std::string_view> split(std::string_view text, char separator);
bool is_valid_utf8(std::string_view text);
// Replaces each malformed byte with U+FFFD, so that anything can be shown or stored as text.
std::string to_valid_utf8(std::string_view text);
// At most `limit_bytes` bytes, cut at a code point boundary, with "…" if anything was cut.
std::string ellipsize(std::string_view text, std::size_t limit_bytes);
// The candidate with the smallest edit distance, if it is close enough to be a likely slip of the pen.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);
// Shell-style pattern where '*' stands for any run of characters, '/' included; everything else is literal.
bool glob_match(std::string_view pattern, std::string_view text);
// Percent-decoding; '+' is a space when `form` is set. nullopt for a malformed escape.
std::optional<std::string> url_decode(std::string_view text, bool form = false);
std::string url_encode(std::string_view text);
// RFC 3339 with milliseconds, UTC: 2026-11-23T14:03:40.123Z
std::string format_time_us(std::int64_t unix_us);
// Reads RFC 3339 (any offset) or a plain number of unix milliseconds; nullopt if neither.
std::optional<std::int64_t> parse_time_us(std::string_view text);

// The whole text as a decimal integer; nullopt for anything else or out of range.
template <class T>
std::optional<T> parse_integer(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace slipway
