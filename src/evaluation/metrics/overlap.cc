// SPDX-License-Identifier: Apache-2.0
// Overlap of words: SQuAD, ROUGE, METEOR.
#include "evaluation/metrics/overlap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "evaluation/metrics/ngrams.h"
#include "evaluation/metrics/stemmer.h"
#include "evaluation/metrics/unicode.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kStemmedLetters = 3;  // ROUGE stems longer words only
constexpr double kMeteorAlpha = 0.9;
constexpr double kMeteorBeta = 3;
constexpr double kMeteorGamma = 0.5;

bool is_ascii_mark(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

bool is_article(std::string_view word) { return word == "a" || word == "an" || word == "the"; }

double f1_of(double precision, double recall) {
  return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

Overlap overlap_of(std::size_t common, std::size_t answer, std::size_t expected) {
  Overlap out;
  out.precision = static_cast<double>(common) / static_cast<double>(std::max<std::size_t>(answer, 1));
  out.recall = static_cast<double>(common) / static_cast<double>(std::max<std::size_t>(expected, 1));
  out.f1 = f1_of(out.precision, out.recall);
  return out;
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

std::size_t longest_common(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  std::vector<std::uint32_t> row(b.size() + 1);
  for (const std::uint32_t item : a) {
    std::uint32_t diagonal = 0;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::uint32_t above = row[j];
      row[j] = item == b[j - 1] ? diagonal + 1 : std::max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return row.back();
}

// A word's place and its place in the other text.
using Match = std::pair<std::size_t, std::size_t>;

// Matches words from the end, each with the last place where the other text still has it free.
void match_words(const std::vector<std::string>& answer, const std::vector<std::string>& expected,
                 std::vector<bool>& answer_taken, std::vector<bool>& expected_taken,
                 std::vector<Match>& matches) {
  std::unordered_map<std::string_view, std::vector<std::size_t>> places;
  for (std::size_t j = 0; j < expected.size(); ++j)
    if (!expected_taken[j]) places[expected[j]].push_back(j);
  for (std::size_t i = answer.size(); i-- > 0;) {
    if (answer_taken[i]) continue;
    const auto found = places.find(answer[i]);
    if (found == places.end() || found->second.empty()) continue;
    const std::size_t j = found->second.back();
    found->second.pop_back();
    answer_taken[i] = true;
    expected_taken[j] = true;
    matches.emplace_back(i, j);
  }
}

std::vector<std::string> meteor_words(std::string_view text) {
  std::vector<std::string> out;
  const std::string tokens = tokenize_13a(text);
  for (const std::string_view token : split_spaces(tokens)) out.push_back(lower_case(token));
  return out;
}

std::vector<std::string> stems(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  out.reserve(words.size());
  for (const std::string& word : words) out.push_back(porter_stem(word));
  return out;
}

double meteor_of(const std::vector<std::string>& answer, const std::vector<std::string>& expected) {
  std::vector<Match> matches;
  std::vector<bool> answer_taken(answer.size());
  std::vector<bool> expected_taken(expected.size());
  match_words(answer, expected, answer_taken, expected_taken, matches);
  match_words(stems(answer), stems(expected), answer_taken, expected_taken, matches);
  if (matches.empty()) return 0;
  std::ranges::sort(matches);
  std::size_t chunks = 1;
  for (std::size_t i = 1; i < matches.size(); ++i)
    if (matches[i].first != matches[i - 1].first + 1 || matches[i].second != matches[i - 1].second + 1)
      ++chunks;
  const auto count = static_cast<double>(matches.size());
  const double precision = count / static_cast<double>(answer.size());
  const double recall = count / static_cast<double>(expected.size());
  const double mean = precision * recall / (kMeteorAlpha * precision + (1 - kMeteorAlpha) * recall);
  const double penalty = kMeteorGamma * std::pow(static_cast<double>(chunks) / count, kMeteorBeta);
  return (1 - penalty) * mean;
}

}  // namespace

std::string squad_normalized(std::string_view text) {
  const std::string lower = lower_case(text);
  std::string bare;
  for (const char c : lower)
    if (!is_ascii_mark(c)) bare += c;
  // Articles are whole runs of letters and digits: "a" in "a–b", but not in "ça".
  std::string without;
  for (std::size_t at = 0; at < bare.size();) {
    const std::size_t begin = at;
    std::size_t end = at;
    while (at < bare.size()) {
      const char32_t point = next_code_point(bare, at);
      if (!is_alphanumeric(point)) break;
      end = at;
    }
    const std::string_view word = std::string_view(bare).substr(begin, end - begin);
    if (is_article(word))
      without += ' ';
    else
      without += word;
    if (at > end) without.append(bare, end, at - end);
  }
  std::string out;
  for (const std::string_view word : split_spaces(without)) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

bool squad_equal(std::string_view answer, std::string_view expected) {
  return squad_normalized(answer) == squad_normalized(expected);
}

Overlap squad_overlap(std::string_view answer, std::string_view expected) {
  const std::string own = squad_normalized(answer);
  const std::string wanted = squad_normalized(expected);
  if (own.empty() || wanted.empty()) {
    const double same = own == wanted ? 1 : 0;
    return {same, same, same};
  }
  TokenNumbers numbers;
  const auto a = numbers.of(split_spaces(own));
  const auto b = numbers.of(split_spaces(wanted));
  return overlap_of(count_common(count_ngrams(a, 1, 32), count_ngrams(b, 1, 32)), a.size(), b.size());
}

std::vector<std::string> rouge_tokens(std::string_view text, bool stem) {
  std::vector<std::string> out;
  std::string token;
  const auto finish = [&] {
    if (token.empty()) return;
    out.push_back(stem && token.size() > kStemmedLetters ? porter_stem(token) : token);
    token.clear();
  };
  const std::string lower = lower_case(text);
  for (const char c : lower) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      token += c;
    else
      finish();
  }
  finish();
  return out;
}

Overlap rouge_n(std::string_view answer, std::string_view expected, std::size_t n, bool stem) {
  const std::vector<std::string> own = rouge_tokens(answer, stem);
  const std::vector<std::string> wanted = rouge_tokens(expected, stem);
  TokenNumbers numbers;
  const NgramCounts a = count_ngrams(numbers.of(views(own)), n, 32);
  const NgramCounts b = count_ngrams(numbers.of(views(wanted)), n, 32);
  return overlap_of(count_common(a, b), count_all(a), count_all(b));
}

Result<Overlap> rouge_l(std::string_view answer, std::string_view expected, bool stem) {
  const std::vector<std::string> own = rouge_tokens(answer, stem);
  const std::vector<std::string> wanted = rouge_tokens(expected, stem);
  if (own.size() > kRougeTokens || wanted.size() > kRougeTokens)
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("{} tokens are more than the {} that are compared",
                            std::max(own.size(), wanted.size()), kRougeTokens),
                "rouge_l", "Use rouge_1 or rouge_2 for texts of this length");
  TokenNumbers numbers;
  const auto a = numbers.of(views(own));
  const auto b = numbers.of(views(wanted));
  return overlap_of(longest_common(a, b), a.size(), b.size());
}

double meteor(std::string_view answer, std::span<const std::string> expected) {
  const std::vector<std::string> own = meteor_words(answer);
  double best = 0;
  for (const std::string& one : expected) best = std::max(best, meteor_of(own, meteor_words(one)));
  return best;
}

}  // namespace slipway::evaluation
