// SPDX-License-Identifier: Apache-2.0
#include "catalog/asset_words.h"

#include <cstdint>

namespace slipway::catalog {

namespace {

constexpr std::size_t kWordBytes = 60;  // longer ones are found by their beginning
constexpr std::size_t kWordsOfAsset =
    3'000;  // enough for any prompt; datasets have more than anybody searches

struct CodePoint {
  char32_t value;
  std::size_t length;
};

// The text is valid UTF-8; anything else is taken byte by byte.
CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = byte(0) < 0x80 ? 1 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
  if (length == 1 || byte(0) < 0xc0 || length > text.size()) return {byte(0), 1};
  char32_t point = byte(0) & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) point = (point << 6) | (byte(i) & 0x3fU);
  return {point, length};
}

void encode(std::string& out, char32_t point) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | (point >> 6));
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | (point >> 12));
    put(0x80 | ((point >> 6) & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | (point >> 18));
    put(0x80 | ((point >> 12) & 0x3f));
    put(0x80 | ((point >> 6) & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

char32_t fold(char32_t c) {
  const auto within = [c](char32_t from, char32_t to) { return c >= from && c <= to; };
  if (within('A', 'Z') || (within(0xc0, 0xde) && c != 0xd7) || within(0x391, 0x3a9) || within(0x410, 0x42f))
    return c + 0x20;
  return within(0x400, 0x40f) ? c + 0x50 : c;
}

bool is_part_of_word(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  // Signs of Latin-1, general punctuation, symbols, and the punctuation of East Asian scripts.
  return c >= 0xc0 && !(c >= 0x2000 && c <= 0x2bff) && !(c >= 0x3000 && c <= 0x303f) &&
         !(c >= 0xff00 && c <= 0xff0f) && c != 0xfeff;
}

// Thai, Lao, Khmer, Chinese characters, kana, hangul excepted (it has spaces).
bool stands_alone(char32_t c) {
  return (c >= 0x0e00 && c <= 0x0eff) || (c >= 0x1780 && c <= 0x17ff) || (c >= 0x3040 && c <= 0x30ff) ||
         (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff);
}

void gather(std::set<std::string>& out, const json::value& value) {
  if (out.size() >= kWordsOfAsset) return;
  if (value.is_string()) out.merge(search_words(value.get_string()));
  if (value.is_array())
    for (const json::value& item : value.get_array()) gather(out, item);
  if (value.is_object())
    for (const json::key_value_pair& member : value.get_object()) gather(out, member.value());
}

}  // namespace

std::set<std::string> search_words(std::string_view text) {
  std::set<std::string> out;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) out.insert(word);
    word.clear();
  };
  while (!text.empty()) {
    const CodePoint next = decode(text);
    text.remove_prefix(next.length);
    const char32_t c = fold(next.value);
    if (!is_part_of_word(c)) {
      finish();
    } else if (stands_alone(c)) {
      finish();
      encode(word, c);
      finish();
    } else if (word.size() + next.length <= kWordBytes) {
      encode(word, c);
    }
  }
  finish();
  return out;
}

std::set<std::string> words_of_asset(const AssetName& name, const json::object& content) {
  std::set<std::string> out = search_words(name.name);
  // Descriptions first: the rest may be cut.
  if (const json::value* description = content.if_contains("description")) gather(out, *description);
  gather(out, content);
  while (out.size() > kWordsOfAsset) out.erase(std::prev(out.end()));
  return out;
}

}  // namespace slipway::catalog
