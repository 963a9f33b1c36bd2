// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "evaluation/metrics/overlap.h"
#include "evaluation/metrics/scorers.h"

namespace slipway::evaluation {

namespace {

using Made = Result<std::shared_ptr<const Scorer>>;

Score share(std::string_view name, double value) {
  return {value, fmt::format("{} of the expected text is {:.3f}.", name, value)};
}

Made make_exact_match(Params& params) {
  SLIPWAY_ASSIGN(auto expected, ExpectedValue::read(params));
  return make_scorer(ScoreKind::kVerdict, [expected](const CaseView& view) -> Result<Score> {
    SLIPWAY_ASSIGN(const auto texts, expected.texts_of(view.expected));
    const bool same =
        std::ranges::any_of(texts, [&](const std::string& text) { return squad_equal(view.answer, text); });
    return verdict(same, "The answer is the expected one.", "The answer is not the expected one.");
  });
}

// The best of several expected texts by a part of Overlap.
template <class F>
Made make_overlap(Params& params, std::string_view name, F overlap_of) {
  SLIPWAY_ASSIGN(auto expected, ExpectedValue::read(params));
  SLIPWAY_ASSIGN(const std::string measure, params.choice("measure", {"f1", "precision", "recall"}));
  return make_scorer(ScoreKind::kShare,
                     [expected, measure, name, overlap_of](const CaseView& view) -> Result<Score> {
                       SLIPWAY_ASSIGN(const auto texts, expected.texts_of(view.expected));
                       double best = 0;
                       for (const std::string& text : texts) {
                         SLIPWAY_ASSIGN(const Overlap overlap, overlap_of(view.answer, text));
                         best = std::max(best, measure == "f1"       ? overlap.f1
                                               : measure == "recall" ? overlap.recall
                                                                     : overlap.precision);
                       }
                       return share(name, best);
                     });
}

Made make_token_f1(Params& params) {
  return make_overlap(params, "The token F1",
                      [](std::string_view answer, std::string_view text) -> Result<Overlap> {
                        return squad_overlap(answer, text);
                      });
}

template <std::size_t N>
Made make_rouge(Params& params) {
  SLIPWAY_ASSIGN(const bool stem, params.flag("stem"));
  return make_overlap(params, N == 1 ? "ROUGE-1" : "ROUGE-2",
                      [stem](std::string_view answer, std::string_view text) -> Result<Overlap> {
                        return rouge_n(answer, text, N, stem);
                      });
}

Made make_rouge_l(Params& params) {
  SLIPWAY_ASSIGN(const bool stem, params.flag("stem"));
  return make_overlap(params, "ROUGE-L", [stem](std::string_view answer, std::string_view text) {
    return rouge_l(answer, text, stem);
  });
}

Made make_bleu(Params& params) {
  SLIPWAY_ASSIGN(auto expected, ExpectedValue::read(params));
  BleuOptions options;
  options.effective_order = true;
  SLIPWAY_ASSIGN(options.lower_case, params.flag("ignore_case"));
  SLIPWAY_ASSIGN(const std::string smoothing, params.choice("smoothing", {"exp", "none", "floor", "add-k"}));
  if (smoothing == "none") options.smoothing = BleuSmoothing::kNone;
  if (smoothing == "floor") options.smoothing = BleuSmoothing::kFloor;
  if (smoothing == "add-k") options.smoothing = BleuSmoothing::kAddK;
  return make_scorer(ScoreKind::kShare, [expected, options](const CaseView& view) -> Result<Score> {
    SLIPWAY_ASSIGN(const auto texts, expected.texts_of(view.expected));
    return share("BLEU", bleu(bleu_statistics(view.answer, texts, options), options));
  });
}

Made make_chrf(Params& params, std::size_t words) {
  SLIPWAY_ASSIGN(auto expected, ExpectedValue::read(params));
  ChrfOptions options;
  options.words = words;
  SLIPWAY_ASSIGN(options.lower_case, params.flag("ignore_case"));
  return make_scorer(ScoreKind::kShare, [expected, options](const CaseView& view) -> Result<Score> {
    SLIPWAY_ASSIGN(const auto texts, expected.texts_of(view.expected));
    return share(options.words > 0 ? "chrF++" : "chrF", chrf(view.answer, texts, options));
  });
}

Made make_meteor(Params& params) {
  SLIPWAY_ASSIGN(auto expected, ExpectedValue::read(params));
  return make_scorer(ScoreKind::kShare, [expected](const CaseView& view) -> Result<Score> {
    SLIPWAY_ASSIGN(const auto texts, expected.texts_of(view.expected));
    return share("METEOR", meteor(view.answer, texts));
  });
}

}  // namespace

void add_overlap_scorers(ScorerFactories& factories) {
  factories["exact_match"] = factory_of(make_exact_match);
  factories["token_f1"] = factory_of(make_token_f1);
  factories["bleu"] = factory_of(make_bleu);
  factories["chrf"] = factory_of([](Params& params) { return make_chrf(params, 0); });
  factories["chrf_plus_plus"] = factory_of([](Params& params) { return make_chrf(params, 2); });
  factories["rouge_1"] = factory_of(make_rouge<1>);
  factories["rouge_2"] = factory_of(make_rouge<2>);
  factories["rouge_l"] = factory_of(make_rouge_l);
  factories["meteor"] = factory_of(make_meteor);
}

}  // namespace slipway::evaluation
