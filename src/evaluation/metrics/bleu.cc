// SPDX-License-Identifier: Apache-2.0
// BLEU and chrF, as sacreBLEU has them.
#include <algorithm>
#include <cmath>

#include "evaluation/metrics/ngrams.h"
#include "evaluation/metrics/overlap.h"
#include "evaluation/metrics/unicode.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kCharacters = 6;      // chrF's longest sequence
constexpr std::size_t kCharacterBits = 21;  // of a code point
constexpr double kRecallWeight = 4;         // beta squared

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
bool is_stop(char c) { return c == '.' || c == ','; }
// ASCII punctuation but for . , - and '; with the space.
bool is_split_off(char c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') ||
         (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

std::vector<std::string_view> word_pieces(std::string_view text) {
  std::vector<std::string_view> out;
  const auto is_mark = [](char c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
  };
  for (const std::string_view word : split_spaces(text)) {
    if (count_code_points(word) == 1) {
      out.push_back(word);
    } else if (is_mark(word.back())) {
      out.push_back(word.substr(0, word.size() - 1));
      out.push_back(word.substr(word.size() - 1));
    } else if (is_mark(word.front())) {
      out.push_back(word.substr(0, 1));
      out.push_back(word.substr(1));
    } else {
      out.push_back(word);
    }
  }
  return out;
}

// Code points without white space.
std::vector<std::uint32_t> characters(std::string_view text) {
  std::vector<std::uint32_t> out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char32_t point = next_code_point(text, at);
    if (!is_space(point)) out.push_back(static_cast<std::uint32_t>(point));
  }
  return out;
}

// Counts of all orders: of characters, then of words.
std::vector<NgramCounts> all_orders(std::string_view text, std::size_t words, TokenNumbers& numbers) {
  std::vector<NgramCounts> out;
  const std::vector<std::uint32_t> points = characters(text);
  for (std::size_t n = 1; n <= kCharacters; ++n) out.push_back(count_ngrams(points, n, kCharacterBits));
  if (words == 0) return out;
  const std::vector<std::uint32_t> tokens = numbers.of(word_pieces(text));
  for (std::size_t n = 1; n <= words; ++n) out.push_back(count_ngrams(tokens, n, 32));
  return out;
}

double chrf_score(const std::vector<NgramCounts>& answer, const std::vector<NgramCounts>& expected) {
  double precision = 0;
  double recall = 0;
  double orders = 0;
  for (std::size_t i = 0; i < answer.size(); ++i) {
    const std::size_t ours = count_all(answer[i]);
    const std::size_t theirs = count_all(expected[i]);
    if (ours == 0 || theirs == 0) continue;
    const auto common = static_cast<double>(count_common(answer[i], expected[i]));
    precision += common / static_cast<double>(ours);
    recall += common / static_cast<double>(theirs);
    orders += 1;
  }
  if (!(precision + recall > 0)) return 0;
  precision /= orders;
  recall /= orders;
  return (1 + kRecallWeight) * precision * recall / (kRecallWeight * precision + recall);
}

std::string_view without_trailing_space(std::string_view text) {
  const std::vector<std::string_view> pieces = split_spaces(text);
  if (pieces.empty()) return {};
  return text.substr(0, static_cast<std::size_t>(pieces.back().data() + pieces.back().size() - text.data()));
}

std::string bleu_tokens(std::string_view text, const BleuOptions& options) {
  return options.lower_case ? tokenize_13a(without_trailing_space(lower_case(text)))
                            : tokenize_13a(without_trailing_space(text));
}

}  // namespace

std::string tokenize_13a(std::string_view text) {
  std::string line(text);
  replace_all(line, "<skipped>", "");
  replace_all(line, "-\n", "");
  std::ranges::replace(line, '\n', ' ');
  if (line.find('&') != std::string::npos) {
    replace_all(line, "&quot;", "\"");
    replace_all(line, "&amp;", "&");
    replace_all(line, "&lt;", "<");
    replace_all(line, "&gt;", ">");
  }
  std::string apart = " ";
  for (const char c : line) {
    if (is_split_off(c)) {
      apart += ' ';
      apart += c;
      apart += ' ';
    } else {
      apart += c;
    }
  }
  apart += ' ';
  // Full stops and commas, unless a digit stands before; then unless one stands after. Pairs that were
  // rewritten are passed over, as a regular expression does.
  std::string before;
  for (std::size_t i = 0; i < apart.size(); ++i) {
    before += apart[i];
    if (i + 1 < apart.size() && !is_ascii_digit(apart[i]) && is_stop(apart[i + 1])) {
      before += ' ';
      before += apart[++i];
      before += ' ';
    }
  }
  std::string after;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (i + 1 < before.size() && is_stop(before[i]) && !is_ascii_digit(before[i + 1])) {
      after += ' ';
      after += before[i];
      after += ' ';
      after += before[++i];
    } else {
      after += before[i];
    }
  }
  std::string dashes;
  for (std::size_t i = 0; i < after.size(); ++i) {
    dashes += after[i];
    if (i + 1 < after.size() && is_ascii_digit(after[i]) && after[i + 1] == '-') {
      dashes += " - ";
      ++i;
    }
  }
  std::string out;
  for (const std::string_view token : split_spaces(dashes)) {
    if (!out.empty()) out += ' ';
    out += token;
  }
  return out;
}

BleuStatistics& BleuStatistics::operator+=(const BleuStatistics& other) {
  answer_tokens += other.answer_tokens;
  expected_tokens += other.expected_tokens;
  for (std::size_t i = 0; i < kOrder; ++i) {
    matched[i] += other.matched[i];
    total[i] += other.total[i];
  }
  return *this;
}

BleuStatistics bleu_statistics(std::string_view answer, std::span<const std::string> expected,
                               const BleuOptions& options) {
  TokenNumbers numbers;
  const std::string own_text = bleu_tokens(answer, options);
  const std::vector<std::uint32_t> own = numbers.of(split_spaces(own_text));
  std::vector<std::string> texts;
  std::vector<std::vector<std::uint32_t>> references;
  texts.reserve(expected.size());
  for (const std::string& one : expected) {
    texts.push_back(bleu_tokens(one, options));
    references.push_back(numbers.of(split_spaces(texts.back())));
  }
  BleuStatistics out;
  out.answer_tokens = own.size();
  // The reference of the closest length, the shorter of two as close.
  std::size_t closest = std::size_t(-1);
  for (const auto& reference : references) {
    const std::size_t distance =
        own.size() > reference.size() ? own.size() - reference.size() : reference.size() - own.size();
    if (distance < closest || (distance == closest && reference.size() < out.expected_tokens)) {
      closest = distance;
      out.expected_tokens = reference.size();
    }
  }
  for (std::size_t n = 1; n <= BleuStatistics::kOrder; ++n) {
    NgramCounts most;
    for (const auto& reference : references) most = merged_most(most, count_ngrams(reference, n, 32));
    const NgramCounts counts = count_ngrams(own, n, 32);
    out.total[n - 1] = count_all(counts);
    out.matched[n - 1] = count_common(counts, most);
  }
  return out;
}

double bleu(const BleuStatistics& statistics, const BleuOptions& options) {
  constexpr std::size_t kOrder = BleuStatistics::kOrder;
  if (std::ranges::all_of(statistics.matched, [](std::size_t n) { return n == 0; })) return 0;
  const auto answer = static_cast<double>(statistics.answer_tokens);
  const auto expected = static_cast<double>(statistics.expected_tokens);
  const double brevity = answer < expected ? std::exp(1 - expected / answer) : 1;
  double value = options.smoothing_value;
  if (value < 0) value = options.smoothing == BleuSmoothing::kFloor ? 0.1 : 1;
  double halving = 1;
  double logarithms = 0;
  std::size_t orders = kOrder;
  std::size_t reached = 0;
  for (std::size_t n = 1; n <= kOrder; ++n) {
    auto matched = static_cast<double>(statistics.matched[n - 1]);
    auto total = static_cast<double>(statistics.total[n - 1]);
    if (options.smoothing == BleuSmoothing::kAddK && n > 1) {
      matched += value;
      total += value;
    }
    if (total == 0) break;
    reached = n;
    if (options.effective_order) orders = n;
    double precision = matched / total;
    if (matched == 0) {
      if (options.smoothing == BleuSmoothing::kExponential) {
        halving *= 2;
        precision = 1 / (halving * total);
      } else if (options.smoothing == BleuSmoothing::kFloor) {
        precision = value / total;
      }
    }
    if (precision == 0) return 0;
    logarithms += std::log(precision);
  }
  if (reached < orders) return 0;  // an order that the answer is too short for
  return brevity * std::exp(logarithms / static_cast<double>(orders));
}

double chrf(std::string_view answer, std::span<const std::string> expected, const ChrfOptions& options) {
  TokenNumbers numbers;
  // The numbers of tokens refer to the texts.
  std::vector<std::string> lower;
  lower.reserve(expected.size() + 1);
  const auto text = [&](std::string_view one) -> std::string_view {
    if (!options.lower_case) return one;
    lower.push_back(lower_case(one));
    return lower.back();
  };
  const std::vector<NgramCounts> own = all_orders(text(answer), options.words, numbers);
  double best = 0;
  for (const std::string& one : expected)
    best = std::max(best, chrf_score(own, all_orders(text(one), options.words, numbers)));
  return best;
}

}  // namespace slipway::evaluation
