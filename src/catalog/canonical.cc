// SPDX-License-Identifier: Apache-2.0
#include "catalog/canonical.h"

#include <algorithm>
#include <vector>

#include "base/crypto.h"

namespace slipway::catalog {

namespace {

constexpr char32_t kSurrogates = 0x10000;

// The code point at `at`, which moves behind it. The text is valid UTF-8 (the parser saw to that); anything
// else is taken byte by byte.
char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > text.size() || (first >= 0x80 && first < 0xc0)) return byte(at++);
  char32_t point = length == 1 ? first : first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) point = (point << 6) | (byte(at + i) & 0x3fU);
  at += length;
  return point;
}

// UTF-16 orders what lies beyond the basic plane (surrogates, D800…) before E000…FFFF; UTF-8 does not.
bool less_in_utf16(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const char32_t x = next_code_point(a, i);
    const char32_t y = next_code_point(b, j);
    if (x == y) continue;
    const bool x_high = x >= kSurrogates;
    const bool y_high = y >= kSurrogates;
    if (x_high == y_high) return x < y;
    return x_high ? y >= 0xe000 : x < 0xe000;
  }
  return i == a.size() && j < b.size();
}

void append_string(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out += kHex[static_cast<unsigned char>(c) >> 4];
          out += kHex[static_cast<unsigned char>(c) & 0xf];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void append_value(std::string& out, const json::value& value);

void append_object(std::string& out, const json::object& object) {
  std::vector<const json::key_value_pair*> members;
  members.reserve(object.size());
  for (const json::key_value_pair& member : object) members.push_back(&member);
  std::ranges::sort(members, [](const json::key_value_pair* a, const json::key_value_pair* b) {
    return less_in_utf16(a->key(), b->key());
  });
  out += '{';
  for (const json::key_value_pair* member : members) {
    if (member != members.front()) out += ',';
    append_string(out, member->key());
    out += ':';
    append_value(out, member->value());
  }
  out += '}';
}

void append_value(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; break;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; break;
    case json::kind::int64: out += number_text(static_cast<double>(value.get_int64())); break;
    case json::kind::uint64: out += number_text(static_cast<double>(value.get_uint64())); break;
    case json::kind::double_: out += number_text(value.get_double()); break;
    case json::kind::string: append_string(out, value.get_string()); break;
    case json::kind::object: append_object(out, value.get_object()); break;
    case json::kind::array: {
      out += '[';
      bool first = true;
      for (const json::value& item : value.get_array()) {
        if (!first) out += ',';
        first = false;
        append_value(out, item);
      }
      out += ']';
      break;
    }
  }
}

}  // namespace

std::string canonical_json(const json::value& value) {
  std::string out;
  append_value(out, value);
  return out;
}

std::string digest_of(std::string_view canonical) { return "sha256:" + hex(sha256(canonical)); }

}  // namespace slipway::catalog
