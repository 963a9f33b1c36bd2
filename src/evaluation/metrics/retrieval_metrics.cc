// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/retrieval_metrics.h"

#include <cld2/public/compact_lang_det.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/text.h"
#include "evaluation/metrics/unicode.h"

namespace slipway::evaluation {

namespace {

// The relevance of what was found, by rank: each document once, at most k of them.
std::vector<double> ranked(std::span<const std::string> found, const Relevance& relevant, std::size_t k) {
  std::vector<double> out;
  std::set<std::string_view> seen;
  for (const std::string& id : found) {
    if (k > 0 && out.size() == k) break;
    if (!seen.insert(id).second) continue;
    const auto known = relevant.find(id);
    out.push_back(known == relevant.end() ? 0 : known->second);
  }
  return out;
}

std::size_t count_relevant(const Relevance& relevant) {
  return static_cast<std::size_t>(
      std::ranges::count_if(relevant, [](const auto& one) { return one.second > 0; }));
}

std::unexpected<Error> nothing_relevant() {
  return fail(ErrorCode::kInvalidArgument, "the case names no relevant document", "expected",
              "Say which documents should be found");
}

double gain(double relevance, std::size_t rank) {
  return (std::exp2(relevance) - 1) / std::log2(static_cast<double>(rank) + 2);
}

std::set<std::string_view> distinct(std::span<const std::string> ids) { return {ids.begin(), ids.end()}; }

std::size_t count_shared(const std::set<std::string_view>& a, const std::set<std::string_view>& b) {
  return static_cast<std::size_t>(
      std::ranges::count_if(a, [&](std::string_view id) { return b.contains(id); }));
}

bool is_vowel(char c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y'; }

}  // namespace

Result<Score> score_precision_at(std::span<const std::string> found, const Relevance& relevant,
                                 std::size_t k) {
  if (count_relevant(relevant) == 0) return nothing_relevant();
  const std::vector<double> ranks = ranked(found, relevant, k);
  const auto hits = std::ranges::count_if(ranks, [](double one) { return one > 0; });
  // Fewer than k found: the places that stayed empty count as misses, as they do in trec_eval.
  const std::size_t places = k > 0 ? k : ranks.size();
  if (places == 0) return Score{0, "Nothing was found."};
  return Score{static_cast<double>(hits) / static_cast<double>(places),
               fmt::format("{} of the first {} found are relevant.", hits, places)};
}

Result<Score> score_recall_at(std::span<const std::string> found, const Relevance& relevant, std::size_t k) {
  const std::size_t all = count_relevant(relevant);
  if (all == 0) return nothing_relevant();
  const std::vector<double> ranks = ranked(found, relevant, k);
  const auto hits = std::ranges::count_if(ranks, [](double one) { return one > 0; });
  return Score{static_cast<double>(hits) / static_cast<double>(all),
               fmt::format("{} of {} relevant documents were found.", hits, all)};
}

Result<Score> score_reciprocal_rank(std::span<const std::string> found, const Relevance& relevant,
                                    std::size_t k) {
  if (count_relevant(relevant) == 0) return nothing_relevant();
  const std::vector<double> ranks = ranked(found, relevant, k);
  const auto first = std::ranges::find_if(ranks, [](double one) { return one > 0; });
  if (first == ranks.end()) return Score{0, "No relevant document was found."};
  const auto rank = first - ranks.begin() + 1;
  return Score{1 / static_cast<double>(rank), fmt::format("The first relevant document has rank {}.", rank)};
}

Result<Score> score_ndcg(std::span<const std::string> found, const Relevance& relevant, std::size_t k) {
  if (count_relevant(relevant) == 0) return nothing_relevant();
  const std::vector<double> ranks = ranked(found, relevant, k);
  std::vector<double> best;
  for (const auto& [id, relevance] : relevant) best.push_back(std::max(0.0, relevance));
  std::ranges::sort(best, std::greater<>());
  if (k > 0 && best.size() > k) best.resize(k);
  double sum = 0;
  double most = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) sum += gain(std::max(0.0, ranks[i]), i);
  for (std::size_t i = 0; i < best.size(); ++i) most += gain(best[i], i);
  return Score{sum / most, fmt::format("The ranking is worth {:.0f} % of the best one.", 100 * sum / most)};
}

Score score_citation_precision(std::span<const std::string> cited, std::span<const std::string> expected) {
  const auto ours = distinct(cited);
  const auto theirs = distinct(expected);
  if (ours.empty())
    return verdict(theirs.empty(), "Nothing is cited, and nothing had to be.", "Nothing is cited.");
  const std::size_t shared = count_shared(ours, theirs);
  return {static_cast<double>(shared) / static_cast<double>(ours.size()),
          fmt::format("{} of {} citations are right.", shared, ours.size())};
}

Result<Score> score_citation_recall(std::span<const std::string> cited,
                                    std::span<const std::string> expected) {
  const auto theirs = distinct(expected);
  if (theirs.empty())
    return fail(ErrorCode::kInvalidArgument, "the case expects no citation", "expected",
                "Say which documents should be cited");
  const std::size_t shared = count_shared(theirs, distinct(cited));
  return Score{static_cast<double>(shared) / static_cast<double>(theirs.size()),
               fmt::format("{} of {} expected documents are cited.", shared, theirs.size())};
}

std::vector<std::string> citations_in(std::string_view answer, std::string_view marker_open,
                                      std::string_view marker_close) {
  std::vector<std::string> out;
  for (std::size_t at = 0; (at = answer.find(marker_open, at)) != std::string_view::npos;) {
    at += marker_open.size();
    const std::size_t end = answer.find(marker_close, at);
    if (end == std::string_view::npos) break;
    const std::string_view inside = answer.substr(at, end - at);
    // "[a, b]" cites two.
    for (const std::string_view id : split(inside, ','))
      if (!trim(id).empty()) out.emplace_back(trim(id));
    at = end + marker_close.size();
  }
  return out;
}

Result<double> nearness(std::span<const float> a, std::span<const float> b, Nearness how) {
  if (a.size() != b.size() || a.empty())
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("vectors of {} and {} numbers can't be compared", a.size(), b.size()),
                "embedding", "Both texts must be embedded by the same model");
  double dot = 0;
  double of_a = 0;
  double of_b = 0;
  double distance = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i];
    const double y = b[i];
    dot += x * y;
    of_a += x * x;
    of_b += y * y;
    distance += (x - y) * (x - y);
  }
  if (!std::isfinite(of_a) || !std::isfinite(of_b))
    return fail(ErrorCode::kInvalidArgument, "a vector holds what is no number", "embedding");
  if (how == Nearness::kDot) return dot;
  if (how == Nearness::kEuclidean) return 1 / (1 + std::sqrt(distance));
  if (of_a == 0 || of_b == 0)
    return fail(ErrorCode::kInvalidArgument, "a vector of zeros has no direction", "embedding");
  return std::clamp(dot / std::sqrt(of_a * of_b), -1.0, 1.0);
}

std::size_t count_syllables(std::string_view word) {
  std::size_t count = 0;
  bool in_vowels = false;
  for (const char c : word) {
    const bool vowel = is_vowel(c);
    if (vowel && !in_vowels) ++count;
    in_vowels = vowel;
  }
  const std::size_t n = word.size();
  // "make" has one syllable, "table" two; "jumped" one, "wanted" two.
  if (n > 2 && word.ends_with('e') && !is_vowel(word[n - 2]) &&
      !(word[n - 2] == 'l' && n > 3 && !is_vowel(word[n - 3])))
    --count;
  else if (n > 3 && word.ends_with("ed") && !is_vowel(word[n - 3]) && word[n - 3] != 't' &&
           word[n - 3] != 'd')
    --count;
  else if (n > 3 && word.ends_with("es") && !is_vowel(word[n - 3]) &&
           std::string_view("scxzhg").find(word[n - 3]) == std::string_view::npos)
    --count;
  return std::max<std::size_t>(count, 1);
}

TextFigures text_figures(std::string_view text) {
  TextFigures out;
  std::string word;
  bool words_since_stop = false;
  const auto finish = [&] {
    if (word.empty()) return;
    ++out.words;
    out.syllables += count_syllables(word);
    words_since_stop = true;
    word.clear();
  };
  const std::string lower = lower_case(text);
  for (std::size_t at = 0; at < lower.size();) {
    const std::size_t begin = at;
    const char32_t point = next_code_point(lower, at);
    const std::size_t after = at;
    if (is_letter(point) || is_digit(point)) {
      word.append(lower, begin, at - begin);
    } else if (point == '\'' || point == 0x2019 || point == '-') {
      continue;  // inside of a word
    } else {
      finish();
      // A full stop within a number or an abbreviation ends nothing: white space has to follow.
      const bool stop = point == '.' || point == '!' || point == '?' || point == 0x3002;
      const bool space = after >= lower.size() || lower[after] == ' ' || lower[after] == '\n' ||
                         lower[after] == '"' || lower[after] == ')';
      if ((stop && space && words_since_stop) ||
          (point == '\n' && words_since_stop && after < lower.size() && lower[after] == '\n')) {
        ++out.sentences;
        words_since_stop = false;
      }
    }
  }
  finish();
  if (words_since_stop) ++out.sentences;
  return out;
}

Result<double> reading_ease(const TextFigures& figures) {
  if (figures.words == 0 || figures.sentences == 0)
    return fail(ErrorCode::kInvalidArgument, "the answer holds no words", "readability");
  const auto words = static_cast<double>(figures.words);
  return 206.835 - 1.015 * words / static_cast<double>(figures.sentences) -
         84.6 * static_cast<double>(figures.syllables) / words;
}

Result<double> reading_grade(const TextFigures& figures) {
  if (figures.words == 0 || figures.sentences == 0)
    return fail(ErrorCode::kInvalidArgument, "the answer holds no words", "readability");
  const auto words = static_cast<double>(figures.words);
  return 0.39 * words / static_cast<double>(figures.sentences) +
         11.8 * static_cast<double>(figures.syllables) / words - 15.59;
}

std::optional<Language> language_of(std::string_view text) {
  constexpr std::size_t kLanguageBytes = 1 << 20;  // the beginning tells
  const std::string valid = to_valid_utf8(text.substr(0, kLanguageBytes));
  bool reliable = false;
  std::array<CLD2::Language, 3> languages{};
  std::array<int, 3> percents{};
  int bytes = 0;
  CLD2::DetectLanguageSummary(valid.data(), static_cast<int>(valid.size()), true, languages.data(),
                              percents.data(), &bytes, &reliable);
  if (!reliable || languages[0] == CLD2::UNKNOWN_LANGUAGE) return std::nullopt;
  return Language{CLD2::LanguageCode(languages[0]), percents[0] / 100.0};
}

}  // namespace slipway::evaluation
