// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/text_metrics.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "evaluation/metrics/unicode.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kShownBytes = 80;
constexpr std::int64_t kPatternBytes = 8 << 20;  // compiled

std::string quoted(std::string_view text) { return fmt::format("'{}'", ellipsize(text, kShownBytes)); }

Score count_score(std::size_t count, std::string_view what, const CountLimits& limits) {
  if (limits.min && count < *limits.min)
    return {0, fmt::format("The answer has {} {}, fewer than {}.", count, what, *limits.min)};
  if (limits.max && count > *limits.max)
    return {0, fmt::format("The answer has {} {}, more than {}.", count, what, *limits.max)};
  return {1, fmt::format("The answer has {} {}.", count, what)};
}

// Distance of `pattern` (not empty) to `text`, column by column, 64 rows of it in a word.
std::size_t bit_vector_distance(std::u32string_view pattern, std::u32string_view text) {
  const std::size_t blocks = (pattern.size() + 63) / 64;
  std::unordered_map<char32_t, std::vector<std::uint64_t>> places;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    auto& bits = places[pattern[i]];
    bits.resize(blocks);
    bits[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  const std::vector<std::uint64_t> nowhere(blocks);
  std::vector<std::uint64_t> up(blocks, ~std::uint64_t{0});
  std::vector<std::uint64_t> down(blocks);
  std::size_t distance = pattern.size();
  const std::uint64_t last = std::uint64_t{1} << ((pattern.size() - 1) % 64);
  for (const char32_t point : text) {
    const auto found = places.find(point);
    const std::vector<std::uint64_t>& equal = found == places.end() ? nowhere : found->second;
    std::uint64_t carry_up = 1;
    std::uint64_t carry_down = 0;
    for (std::size_t block = 0; block < blocks; ++block) {
      const std::uint64_t vertical = equal[block] | down[block];
      const std::uint64_t matches = equal[block] | carry_down;
      const std::uint64_t horizontal = (((matches & up[block]) + up[block]) ^ up[block]) | matches;
      std::uint64_t plus = down[block] | ~(horizontal | up[block]);
      std::uint64_t minus = up[block] & horizontal;
      if (block + 1 == blocks) {
        if ((plus & last) != 0) ++distance;
        if ((minus & last) != 0) --distance;
      }
      const std::uint64_t out_up = plus >> 63;
      const std::uint64_t out_down = minus >> 63;
      plus = (plus << 1) | carry_up;
      minus = (minus << 1) | carry_down;
      up[block] = minus | ~(vertical | plus);
      down[block] = plus & vertical;
      carry_up = out_up;
      carry_down = out_down;
    }
  }
  return distance;
}

}  // namespace

Score verdict(bool passed, std::string yes, std::string no) {
  return passed ? Score{1, std::move(yes)} : Score{0, std::move(no)};
}

ComparedText::ComparedText(std::string_view text, bool ignore_case)
    : form_(compared_form(text, ignore_case)), shown_(ellipsize(text, kShownBytes)) {}

std::string compared_form(std::string_view text, bool ignore_case) {
  return ignore_case ? folded(text) : composed(text);
}

Score score_equals(std::string_view answer_form, const ComparedText& expected) {
  if (answer_form == expected.form()) return {1, "The answer is as expected."};
  return {0, fmt::format("The answer is {} instead of '{}'.", quoted(answer_form), expected.shown())};
}

Score score_contains(std::string_view answer_form, const std::vector<ComparedText>& needles,
                     Quantifier quantifier) {
  std::size_t found = 0;
  const ComparedText* missing = nullptr;
  for (const ComparedText& needle : needles) {
    if (answer_form.find(needle.form()) != std::string_view::npos) {
      if (quantifier == Quantifier::kAny) return {1, fmt::format("The answer holds '{}'.", needle.shown())};
      ++found;
    } else if (missing == nullptr) {
      missing = &needle;
    }
  }
  if (missing == nullptr) return {1, "The answer holds what it should."};
  if (quantifier == Quantifier::kAny)
    return {0, needles.size() == 1 ? fmt::format("The answer lacks '{}'.", missing->shown())
                                   : fmt::format("The answer holds none of {} texts.", needles.size())};
  const double share = static_cast<double>(found) / static_cast<double>(needles.size());
  return {share, needles.size() == 1 ? fmt::format("The answer lacks '{}'.", missing->shown())
                                     : fmt::format("The answer lacks {} of {} texts, '{}' among them.",
                                                   needles.size() - found, needles.size(), missing->shown())};
}

Score score_starts_with(std::string_view answer_form, const std::vector<ComparedText>& beginnings) {
  for (const ComparedText& one : beginnings)
    if (answer_form.starts_with(one.form()))
      return {1, fmt::format("The answer starts with '{}'.", one.shown())};
  return {0, fmt::format("The answer starts with {}.", quoted(answer_form.substr(0, kShownBytes)))};
}

Score score_ends_with(std::string_view answer_form, const std::vector<ComparedText>& endings) {
  for (const ComparedText& one : endings)
    if (answer_form.ends_with(one.form())) return {1, fmt::format("The answer ends with '{}'.", one.shown())};
  std::size_t begin = answer_form.size() - std::min(answer_form.size(), kShownBytes / 2);
  while (begin < answer_form.size() && (static_cast<unsigned char>(answer_form[begin]) & 0xc0) == 0x80)
    ++begin;
  return {0, fmt::format("The answer ends with {}.", quoted(answer_form.substr(begin)))};
}

Result<AnswerPattern> AnswerPattern::compile(std::string_view pattern, const Options& options) {
  RE2::Options settings(RE2::Quiet);
  settings.set_case_sensitive(!options.ignore_case);
  settings.set_max_mem(kPatternBytes);
  auto made = std::make_shared<const RE2>(re2::StringPiece(pattern.data(), pattern.size()), settings);
  if (!made->ok())
    return fail(ErrorCode::kInvalidArgument, fmt::format("is no pattern that can be used: {}", made->error()),
                "pattern", "Patterns are RE2's: no look-around, no back-references");
  AnswerPattern out;
  out.pattern_ = std::move(made);
  out.whole_ = options.whole;
  return out;
}

bool AnswerPattern::finds(std::string_view answer) const {
  const re2::StringPiece text(answer.data(), answer.size());
  return pattern_->Match(text, 0, text.size(), whole_ ? RE2::ANCHOR_BOTH : RE2::UNANCHORED, nullptr, 0);
}

Score AnswerPattern::score(std::string_view answer) const {
  return verdict(finds(answer), "The answer matches the pattern.",
                 fmt::format("The answer does not match {}.", ellipsize(pattern_->pattern(), kShownBytes)));
}

std::optional<std::string> AnswerPattern::first(std::string_view answer) const {
  const re2::StringPiece text(answer.data(), answer.size());
  const int groups = std::min(pattern_->NumberOfCapturingGroups(), 1);
  re2::StringPiece found[2];
  if (!pattern_->Match(text, 0, text.size(), whole_ ? RE2::ANCHOR_BOTH : RE2::UNANCHORED, found, groups + 1))
    return std::nullopt;
  return std::string(found[groups].data(), found[groups].size());
}

Score score_word_count(std::string_view answer, const CountLimits& limits) {
  return count_score(count_words(answer), "words", limits);
}

Score score_character_count(std::string_view answer, const CountLimits& limits) {
  return count_score(count_code_points(answer), "characters", limits);
}

Result<std::size_t> levenshtein(std::string_view a, std::string_view b) {
  const std::u32string left = code_points(a);
  const std::u32string right = code_points(b);
  std::u32string_view x = left;
  std::u32string_view y = right;
  while (!x.empty() && !y.empty() && x.front() == y.front()) {
    x.remove_prefix(1);
    y.remove_prefix(1);
  }
  while (!x.empty() && !y.empty() && x.back() == y.back()) {
    x.remove_suffix(1);
    y.remove_suffix(1);
  }
  if (x.size() > y.size()) std::swap(x, y);
  if (x.empty()) return y.size();
  if (y.size() > kDistanceLimit)
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("texts of {} characters are not compared", y.size()), "levenshtein",
                fmt::format("At most {} are", kDistanceLimit));
  return bit_vector_distance(x, y);
}

Result<Score> score_levenshtein(std::string_view answer, std::string_view expected, bool ignore_case) {
  const std::string ours = compared_form(answer, ignore_case);
  const std::string theirs = compared_form(expected, ignore_case);
  SLIPWAY_ASSIGN(const std::size_t distance, levenshtein(ours, theirs));
  const std::size_t length = std::max(count_code_points(ours), count_code_points(theirs));
  const double value = length == 0 ? 1 : 1 - static_cast<double>(distance) / static_cast<double>(length);
  return Score{value, fmt::format("{} of {} characters differ.", distance, length)};
}

}  // namespace slipway::evaluation
