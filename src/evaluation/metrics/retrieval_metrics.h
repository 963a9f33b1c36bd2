// SPDX-License-Identifier: Apache-2.0
// What retrieval found, and what an answer cites, against what is relevant; vectors and how near they are;
// how hard a text is to read; which language it is written in. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evaluation/metrics/text_metrics.h"

namespace slipway::evaluation {

// How relevant a document is, by its id: 1 for relevant, more for more so; what isn't there is not.
using Relevance = std::map<std::string, double, std::less<>>;

// `found`: ids in the order of their rank, each counted at its first place. `k` = 0: all. kInvalidArgument
// where nothing is relevant (recall, MRR and nDCG mean nothing then).
Result<Score> score_precision_at(std::span<const std::string> found, const Relevance& relevant,
                                 std::size_t k);
Result<Score> score_recall_at(std::span<const std::string> found, const Relevance& relevant, std::size_t k);
// 1 over the rank of the first relevant document among the first k; 0 if there is none.
Result<Score> score_reciprocal_rank(std::span<const std::string> found, const Relevance& relevant,
                                    std::size_t k);
// Gain 2^relevance - 1 discounted by log2(rank + 1), over the best possible (Burges et al. 2005; for
// relevance 0 or 1 the same as Järvelin and Kekäläinen 2002).
Result<Score> score_ndcg(std::span<const std::string> found, const Relevance& relevant, std::size_t k);

// Citations by id, in any order, repetitions once. Precision: share of what is cited that was expected
// (citing nothing: 1 if nothing was expected, else 0); recall: share of what was expected that is cited
// (nothing expected: kInvalidArgument).
Score score_citation_precision(std::span<const std::string> cited, std::span<const std::string> expected);
Result<Score> score_citation_recall(std::span<const std::string> cited,
                                    std::span<const std::string> expected);
// Ids cited in a text: what `pattern`'s first group finds, as "\[(\w+)\]" for "[doc1]".
std::vector<std::string> citations_in(std::string_view answer, std::string_view marker_open,
                                      std::string_view marker_close);

// How near two vectors are. kInvalidArgument for different lengths, none, values that aren't finite, and (for
// the cosine) a vector of zeros.
enum class Nearness : std::uint8_t {
  kCosine,     // -1…1
  kDot,        // any number
  kEuclidean,  // 1 / (1 + distance): 0…1
};
Result<double> nearness(std::span<const float> a, std::span<const float> b, Nearness how);

// Flesch's reading ease (1948; about 0…100, higher is easier) and Flesch and Kincaid's grade (1975; years of
// school), for English. Syllables are counted by rule: groups of vowels, less a silent e. kInvalidArgument
// for a text without words.
struct TextFigures {
  std::size_t sentences = 0;
  std::size_t words = 0;
  std::size_t syllables = 0;
};
TextFigures text_figures(std::string_view text);
std::size_t count_syllables(std::string_view word);  // ASCII letters, lower case; at least 1
Result<double> reading_ease(const TextFigures& figures);
Result<double> reading_grade(const TextFigures& figures);

// The language of a text by CLD2, as an ISO 639-1 code where there is one ("de", "zh", "zh-Hant"), nullopt
// where it can't tell: short texts, code, numbers.
struct Language {
  std::string code;
  double share = 0;  // of the text's letters
};
std::optional<Language> language_of(std::string_view text);

}  // namespace slipway::evaluation
