// SPDX-License-Identifier: Apache-2.0
// Text as code points, with Unicode's rules (utf8proc, Unicode 15). Malformed UTF-8 counts as U+FFFD, byte by
// byte. ASCII goes its own fast way. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::evaluation {

std::u32string code_points(std::string_view text);
std::size_t count_code_points(std::string_view text);
void append_utf8(std::string& out, char32_t point);

// For comparisons regardless of case: full case folding (Unicode 3.13, "Straße" = "STRASSE") in the composed
// normal form NFC.
std::string folded(std::string_view text);
// NFC alone, for comparisons that mind the case: "é" is one or two code points, and the same.
std::string composed(std::string_view text);
// Lower case, one code point for one, but for U+0130, as Python's str.lower() (which also knows final
// sigmas).
std::string lower_case(std::string_view text);

bool is_space(char32_t point);  // what Python's str.split() splits at
bool is_letter(char32_t point);
bool is_digit(char32_t point);         // decimal digits of any script
bool is_alphanumeric(char32_t point);  // letters and numbers of any kind: Python's \w without "_"
bool is_punctuation(char32_t point);   // categories P and S

// The pieces between white space.
std::vector<std::string_view> split_spaces(std::string_view text);
// Words: pieces between white space that hold a letter or a digit.
std::size_t count_words(std::string_view text);

// Reads one code point at `at` and moves on; U+FFFD for a malformed byte.
char32_t next_code_point(std::string_view text, std::size_t& at);

}  // namespace slipway::evaluation
