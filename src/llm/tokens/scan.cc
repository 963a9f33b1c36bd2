// SPDX-License-Identifier: Apache-2.0
// cl100k_base:  '(?i:[sdmt]|ll|ve|re) | [^\r\n\p{L}\p{N}]?+\p{L}++ | \p{N}{1,3}+ | ?[^\s\p{L}\p{N}]++[\r\n]*+
//               | \s++$ | \s*[\r\n] | \s+(?!\S) | \s
// o200k_base:
// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//               | [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|…)?
//               | \p{N}{1,3} | ?[^\s\p{L}\p{N}]+[\r\n/]* | \s*[\r\n]+ | \s+(?!\S) | \s+
// Alternatives are tried in order and the first that matches wins, as a backtracking engine would.
#include "llm/tokens/scan.h"

namespace slipway::llm::tokens {

namespace {

constexpr bool is_letter(Class kind) { return kind >= Class::kUpper && kind <= Class::kUncased; }
constexpr bool is_blank(Class kind) { return kind >= Class::kNewline && kind <= Class::kBlank; }
// [^\s\p{L}\p{N}]
constexpr bool is_symbol(Class kind) { return kind == Class::kOther || kind == Class::kMark; }
// [^\r\n\p{L}\p{N}], the one character that may lead a word
constexpr bool may_lead(Class kind) {
  return is_symbol(kind) || kind == Class::kSpace || kind == Class::kBlank;
}
// o200k's two overlapping sets
constexpr bool is_upper_set(Class kind) {
  return kind == Class::kUpper || kind == Class::kUncased || kind == Class::kMark;
}
constexpr bool is_lower_set(Class kind) { return kind >= Class::kLower && kind <= Class::kMark; }

constexpr unsigned byte_at(const char* at) { return static_cast<unsigned char>(*at); }

}  // namespace

Scanner::Character Scanner::read(const char* at) const {
  const unsigned first = byte_at(at);
  if (first < 0x80) return {classes_.of_ascii(static_cast<unsigned char>(first)), at + 1};
  const auto tail = [at](int i) { return byte_at(at + i) & 0x3F; };
  if (first < 0xE0) return {classes_.of((first & 0x1F) << 6 | tail(1)), at + 2};
  if (first < 0xF0) return {classes_.of((first & 0x0F) << 12 | tail(1) << 6 | tail(2)), at + 3};
  return {classes_.of((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3)), at + 4};
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d); `at` itself where there is none. U+017F is an s to a case-blind engine.
const char* Scanner::after_contraction(const char* at) const {
  if (end_ - at < 2 || *at != '\'') return at;
  const char first = static_cast<char>(at[1] | 0x20);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  if (end_ - at < 3) return at;
  if (byte_at(at + 1) == 0xC5 && byte_at(at + 2) == 0xBF) return at + 3;
  const char second = static_cast<char>(at[2] | 0x20);
  if ((first == 'l' && second == 'l') || (second == 'e' && (first == 'r' || first == 'v'))) return at + 3;
  return at;
}

const char* Scanner::match_digits(const char* begin) const {
  const char* at = begin;
  for (int digits = 0; digits < 3 && at != end_; ++digits) {
    const Character next = read(at);
    if (next.kind != Class::kNumber) break;
    at = next.after;
  }
  return at;
}

// [^\s\p{L}\p{N}]+ and the line ends (and slashes) that follow; `begin` if there is no symbol.
const char* Scanner::match_symbols(const char* begin, bool slashes) const {
  const char* at = begin;
  while (at != end_) {
    const Character next = read(at);
    if (!is_symbol(next.kind)) break;
    at = next.after;
  }
  if (at == begin) return begin;
  while (at != end_ && (*at == '\r' || *at == '\n' || (slashes && *at == '/'))) ++at;
  return at;
}

const char* Scanner::match_blanks(const char* begin) const {
  const char* at = begin;
  const char* last = begin;        // start of the last blank
  const char* line_end = nullptr;  // after the last CR or LF
  while (at != end_) {
    const Character next = read(at);
    if (!is_blank(next.kind)) break;
    if (next.kind == Class::kNewline) line_end = next.after;
    last = at;
    at = next.after;
  }
  // cl100k takes blanks that end the text as one piece before it looks for line ends, o200k after.
  if (at == end_ && !cased_) return at;
  if (line_end != nullptr) return line_end;
  if (at == end_ || last == begin) return at;
  return last;
}

const char* Scanner::match_cl100k(const char* begin) const {
  if (const char* after = after_contraction(begin); after != begin) return after;
  const Character first = read(begin);
  if (first.kind == Class::kNumber) return match_digits(begin);

  const char* at = first.after;
  bool word = is_letter(first.kind);
  if (!word && may_lead(first.kind) && at != end_) {
    if (const Character second = read(at); is_letter(second.kind)) {
      word = true;
      at = second.after;
    }
  }
  if (word) {
    while (at != end_) {
      const Character next = read(at);
      if (!is_letter(next.kind)) break;
      at = next.after;
    }
    return at;
  }
  const char* const symbols = first.kind == Class::kSpace ? first.after : begin;
  if (const char* after = match_symbols(symbols, false); after != symbols) return after;
  return match_blanks(begin);
}

// The word alternatives of o200k from where a word's letters begin, without what may lead them: the first,
// and where `capitals` is set the second, which needs no member of the second set. Returns `begin` if nothing
// matches.
const char* Scanner::match_word(const char* begin, bool capitals) const {
  const char* at = begin;
  const char* last_both = nullptr;  // after the last character that is in both sets
  Class kind = Class::kOther;
  const char* after = at;
  while (at != end_) {
    const Character next = read(at);
    kind = next.kind;
    after = next.after;
    if (!is_upper_set(kind)) break;
    if (kind != Class::kUpper) last_both = after;
    at = after;
  }
  if (at != end_ && kind == Class::kLower) {
    for (at = after; at != end_; at = after) {
      const Character next = read(at);
      if (!is_lower_set(next.kind)) break;
      after = next.after;
    }
    return after_contraction(at);
  }
  // The first alternative gives capitals back until a character of the second set ends the word.
  if (last_both != nullptr) return after_contraction(last_both);
  return capitals && at != begin ? after_contraction(at) : begin;
}

const char* Scanner::match_o200k(const char* begin) const {
  const Character first = read(begin);
  if (first.kind == Class::kNumber) return match_digits(begin);
  if (is_letter(first.kind)) return match_word(begin, true);
  if (may_lead(first.kind)) {
    // A mark may lead a word and be one: alone it matches the first alternative, before the second is tried.
    const bool mark = first.kind == Class::kMark;
    if (const char* after = match_word(first.after, !mark); after != first.after) return after;
    if (mark) return after_contraction(first.after);
  }
  const char* const symbols = first.kind == Class::kSpace ? first.after : begin;
  if (const char* after = match_symbols(symbols, true); after != symbols) return after;
  return match_blanks(begin);
}

}  // namespace slipway::llm::tokens
