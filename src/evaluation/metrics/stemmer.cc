// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/stemmer.h"

#include <array>
#include <optional>
#include <span>
#include <utility>

#include "evaluation/metrics/unicode.h"

namespace slipway::evaluation {

namespace {

bool is_vowel_letter(char c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u'; }

// Whether letter i is a consonant: a y is one at the start and after a vowel.
bool is_consonant(std::string_view word, std::size_t i) {
  bool after_consonant = false;
  for (std::size_t at = 0; at <= i; ++at) {
    const bool consonant = word[at] == 'y' ? at == 0 || !after_consonant : !is_vowel_letter(word[at]);
    after_consonant = consonant;
  }
  return after_consonant;
}

// How many times vowels are followed by consonants: Porter's m.
int measure(std::string_view stem) {
  int count = 0;
  bool previous = true;
  for (std::size_t i = 0; i < stem.size(); ++i) {
    const bool consonant = stem[i] == 'y' ? i == 0 || !previous : !is_vowel_letter(stem[i]);
    if (consonant && !previous) ++count;
    previous = consonant;
  }
  return count;
}

bool has_vowel(std::string_view stem) {
  bool previous = true;
  for (std::size_t i = 0; i < stem.size(); ++i) {
    previous = stem[i] == 'y' ? i == 0 || !previous : !is_vowel_letter(stem[i]);
    if (!previous) return true;
  }
  return false;
}

bool ends_in_double_consonant(std::string_view word) {
  const std::size_t n = word.size();
  return n >= 2 && word[n - 1] == word[n - 2] && is_consonant(word, n - 1);
}

// Consonant, vowel, consonant that is no w, x or y; or just vowel and consonant.
bool ends_short(std::string_view word) {
  const std::size_t n = word.size();
  if (n == 2) return !is_consonant(word, 0) && is_consonant(word, 1);
  return n >= 3 && is_consonant(word, n - 3) && !is_consonant(word, n - 2) && is_consonant(word, n - 1) &&
         word[n - 1] != 'w' && word[n - 1] != 'x' && word[n - 1] != 'y';
}

using Rule = std::pair<std::string_view, std::string_view>;

// The first rule whose ending fits decides; it acts if what stands before has a measure above `least`.
void apply(std::string& word, std::span<const Rule> rules, int least) {
  for (const auto& [ending, replacement] : rules) {
    if (!word.ends_with(ending)) continue;
    const std::string_view stem = std::string_view(word).substr(0, word.size() - ending.size());
    if (measure(stem) <= least) return;
    word.resize(stem.size());
    word += replacement;
    return;
  }
}

void cut(std::string& word, std::size_t letters) { word.resize(word.size() - letters); }

void step_1a(std::string& word) {
  if (word.ends_with("ies")) {
    cut(word, word.size() == 4 ? 1 : 2);
  } else if (word.ends_with("sses")) {
    cut(word, 2);
  } else if (word.ends_with('s') && !word.ends_with("ss")) {
    cut(word, 1);
  }
}

void step_1b(std::string& word) {
  if (word.ends_with("ied")) {
    cut(word, word.size() == 4 ? 1 : 2);
    return;
  }
  const std::string_view all = word;
  if (word.ends_with("eed")) {
    if (measure(all.substr(0, all.size() - 3)) > 0) cut(word, 1);
    return;
  }
  std::size_t ending = 0;
  if (word.ends_with("ed") && has_vowel(all.substr(0, all.size() - 2))) ending = 2;
  if (word.ends_with("ing") && has_vowel(all.substr(0, all.size() - 3))) ending = 3;
  if (ending == 0) return;
  cut(word, ending);
  if (word.ends_with("at") || word.ends_with("bl") || word.ends_with("iz")) {
    word += 'e';
  } else if (ends_in_double_consonant(word)) {
    if (word.back() != 'l' && word.back() != 's' && word.back() != 'z') cut(word, 1);
  } else if (measure(word) == 1 && ends_short(word)) {
    word += 'e';
  }
}

void step_1c(std::string& word) {
  const std::size_t n = word.size();
  if (n > 2 && word.back() == 'y' && is_consonant(word, n - 2)) word.back() = 'i';
}

void step_2(std::string& word) {
  static constexpr std::array<Rule, 20> kRules = {
      {{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"},
       {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"}, {"eli", "e"},     {"ousli", "ous"},
       {"ization", "ize"}, {"ation", "ate"},   {"ator", "ate"},  {"alism", "al"},  {"iveness", "ive"},
       {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"},  {"iviti", "ive"}, {"biliti", "ble"}}};
  // "alli" goes first, and what is left once more through this step.
  while (word.ends_with("alli") && measure(std::string_view(word).substr(0, word.size() - 4)) > 0)
    cut(word, 2);
  if (word.ends_with("fulli") && measure(std::string_view(word).substr(0, word.size() - 5)) > 0) {
    cut(word, 2);
    return;
  }
  if (word.ends_with("logi")) {
    // The l counts with the stem, so that "geo" and "theo" are treated as "archaeo".
    if (measure(std::string_view(word).substr(0, word.size() - 3)) > 0) cut(word, 1);
    return;
  }
  apply(word, kRules, 0);
}

void step_3(std::string& word) {
  static constexpr std::array<Rule, 7> kRules = {{{"icate", "ic"},
                                                  {"ative", ""},
                                                  {"alize", "al"},
                                                  {"iciti", "ic"},
                                                  {"ical", "ic"},
                                                  {"ful", ""},
                                                  {"ness", ""}}};
  apply(word, kRules, 0);
}

void step_4(std::string& word) {
  static constexpr std::array<Rule, 11> kBeforeIon = {{{"al", ""},
                                                       {"ance", ""},
                                                       {"ence", ""},
                                                       {"er", ""},
                                                       {"ic", ""},
                                                       {"able", ""},
                                                       {"ible", ""},
                                                       {"ant", ""},
                                                       {"ement", ""},
                                                       {"ment", ""},
                                                       {"ent", ""}}};
  static constexpr std::array<Rule, 7> kAfterIon = {
      {{"ou", ""}, {"ism", ""}, {"ate", ""}, {"iti", ""}, {"ous", ""}, {"ive", ""}, {"ize", ""}}};
  if (word.ends_with("ion")) {
    const std::string_view stem = std::string_view(word).substr(0, word.size() - 3);
    if (measure(stem) > 1 && (stem.back() == 's' || stem.back() == 't')) cut(word, 3);
    return;
  }
  for (const auto& rules : {std::span<const Rule>(kBeforeIon), std::span<const Rule>(kAfterIon)}) {
    for (const Rule& rule : rules) {
      if (!word.ends_with(rule.first)) continue;
      apply(word, std::span(&rule, 1), 1);
      return;
    }
  }
}

void step_5(std::string& word) {
  if (word.ends_with('e')) {
    const std::string_view stem = std::string_view(word).substr(0, word.size() - 1);
    const int m = measure(stem);
    if (m > 1 || (m == 1 && !ends_short(stem))) cut(word, 1);
  }
  if (word.ends_with("ll") && measure(std::string_view(word).substr(0, word.size() - 1)) > 1) cut(word, 1);
}

// One byte for each code point that is no ASCII, so that counting letters is counting bytes.
std::optional<std::string> shortened(std::string_view word, std::u32string& strangers) {
  std::string out;
  for (std::size_t at = 0; at < word.size();) {
    const char32_t point = next_code_point(word, at);
    if (point < 0x80) {
      out += static_cast<char>(point);
      continue;
    }
    std::size_t place = strangers.find(point);
    if (place == std::u32string::npos) {
      place = strangers.size();
      strangers += point;
    }
    if (place >= 0x80) return std::nullopt;
    out += static_cast<char>(0x80 + place);
  }
  return out;
}

}  // namespace

std::string porter_stem(std::string_view word) {
  static constexpr std::array<Rule, 16> kIrregular = {{{"sky", "sky"},
                                                       {"skies", "sky"},
                                                       {"dying", "die"},
                                                       {"lying", "lie"},
                                                       {"tying", "tie"},
                                                       {"news", "news"},
                                                       {"innings", "inning"},
                                                       {"inning", "inning"},
                                                       {"outings", "outing"},
                                                       {"outing", "outing"},
                                                       {"cannings", "canning"},
                                                       {"canning", "canning"},
                                                       {"howe", "howe"},
                                                       {"proceed", "proceed"},
                                                       {"exceed", "exceed"},
                                                       {"succeed", "succeed"}}};
  for (const auto& [irregular, stem] : kIrregular)
    if (word == irregular) return std::string(stem);
  std::u32string strangers;
  const std::optional<std::string> bytes = shortened(word, strangers);
  if (!bytes || bytes->size() <= 2) return std::string(word);
  std::string out = *bytes;
  step_1a(out);
  step_1b(out);
  step_1c(out);
  step_2(out);
  step_3(out);
  step_4(out);
  step_5(out);
  if (strangers.empty()) return out;
  std::string whole;
  for (const char c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      whole += c;
    else
      append_utf8(whole, strangers[byte - 0x80]);
  }
  return whole;
}

}  // namespace slipway::evaluation
