// SPDX-License-Identifier: Apache-2.0
// How much of an expected text is found in an answer, by the measures that papers report, each as its
// reference implementation has it (docs/evaluation-metrics.md). All are between 0 and 1. Pure functions; any
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::evaluation {

struct Overlap {
  double precision = 0;  // share of the answer that was expected
  double recall = 0;     // share of what was expected that is there
  double f1 = 0;
};

// SQuAD's normal form: lower case, without ASCII punctuation, without "a", "an" and "the", one space between
// words.
std::string squad_normalized(std::string_view text);
bool squad_equal(std::string_view answer, std::string_view expected);
// Tokens in common, each as often as both have it. No tokens on either side: 1 if on both (SQuAD 2.0).
Overlap squad_overlap(std::string_view answer, std::string_view expected);

// The tokenizer "13a" of sacreBLEU: tokens separated by one space.
std::string tokenize_13a(std::string_view text);

// BLEU (Papineni et al. 2002) as sacreBLEU 2 computes it: up to four tokens, tokenizer 13a. Statistics of
// segments add up to those of a corpus.
enum class BleuSmoothing : std::uint8_t { kNone, kFloor, kAddK, kExponential };
struct BleuStatistics {
  static constexpr std::size_t kOrder = 4;
  std::size_t answer_tokens = 0;
  std::size_t expected_tokens = 0;
  std::array<std::size_t, kOrder> matched{};
  std::array<std::size_t, kOrder> total{};

  BleuStatistics& operator+=(const BleuStatistics& other);
};
struct BleuOptions {
  bool lower_case = false;
  BleuSmoothing smoothing = BleuSmoothing::kExponential;
  double smoothing_value = -1;   // below 0: the method's own, 0.1 for kFloor and 1 for kAddK
  bool effective_order = false;  // for single sentences: orders that are too long for it don't count
};
// `expected`: one or several references.
BleuStatistics bleu_statistics(std::string_view answer, std::span<const std::string> expected,
                               const BleuOptions& options = {});
double bleu(const BleuStatistics& statistics, const BleuOptions& options = {});

// chrF (Popović 2015) as sacreBLEU 2 computes it: up to six characters, white space left out, beta 2; with
// `words` 2 chrF++ (Popović 2017). The best of several references.
struct ChrfOptions {
  bool lower_case = false;
  std::size_t words = 0;  // up to so many words as well; at most 4
};
double chrf(std::string_view answer, std::span<const std::string> expected, const ChrfOptions& options = {});

// ROUGE-N and ROUGE-L (Lin 2004) as Google's rouge-score computes them: tokens of a-z and 0-9 in lower case,
// with Porter's stemmer for those of more than three letters or without. kResourceExhausted for more than
// kRougeTokens tokens: a longest common subsequence takes time by the product.
inline constexpr std::size_t kRougeTokens = 20'000;
std::vector<std::string> rouge_tokens(std::string_view text, bool stem);
Overlap rouge_n(std::string_view answer, std::string_view expected, std::size_t n, bool stem);
Result<Overlap> rouge_l(std::string_view answer, std::string_view expected, bool stem);

// METEOR (Banerjee and Lavie 2005) as NLTK computes it, alpha 0.9, beta 3, gamma 0.5, on tokens of
// tokenize_13a in lower case; equal words first, then equal stems. NLTK's third stage, synonyms from WordNet,
// is left out: scores are those of NLTK with a WordNet that knows no word. The best of several references.
double meteor(std::string_view answer, std::span<const std::string> expected);

}  // namespace slipway::evaluation
