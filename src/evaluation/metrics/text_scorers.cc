// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "evaluation/metrics/retrieval_metrics.h"
#include "evaluation/metrics/scorers.h"

namespace slipway::evaluation {

namespace {

using Made = Result<std::shared_ptr<const Scorer>>;

constexpr std::uint64_t kCountMost = 1'000'000'000;

std::vector<ComparedText> compared(const std::vector<std::string>& texts, bool ignore_case) {
  std::vector<ComparedText> out;
  for (const std::string& text : texts) out.emplace_back(text, ignore_case);
  return out;
}

// Texts to compare answers with: folded once if they are the same for all cases.
class ComparedTexts {
 public:
  static Result<ComparedTexts> read(Params& params) {
    ComparedTexts out;
    SLIPWAY_ASSIGN(out.expected_, ExpectedValue::read(params, "value", "values", "text"));
    SLIPWAY_ASSIGN(out.ignore_case_, params.flag("ignore_case"));
    if (out.expected_.is_fixed()) {
      SLIPWAY_ASSIGN(const auto texts, out.expected_.texts_of(nullptr));
      if (std::ranges::find(texts, std::string()) != texts.end())
        return fail(ErrorCode::kInvalidArgument, "an empty text is in every answer", params.at("value"));
      out.fixed_ = compared(texts, out.ignore_case_);
    }
    return out;
  }

  // Calls `scoring` with the answer's form and the texts.
  template <class F>
  Result<Score> with(const CaseView& view, F&& scoring) const {
    const std::string form = compared_form(view.answer, ignore_case_);
    if (expected_.is_fixed()) return scoring(std::string_view(form), fixed_);
    SLIPWAY_ASSIGN(const auto texts, expected_.texts_of(view.expected));
    return scoring(std::string_view(form), compared(texts, ignore_case_));
  }

 private:
  ExpectedValue expected_;
  bool ignore_case_ = false;
  std::vector<ComparedText> fixed_;
};

template <class F>
ScorerFactory comparing(ScoreKind kind, F scoring) {  // shares pass at 1
  return factory_of([kind, scoring](Params& params) -> Made {
    SLIPWAY_ASSIGN(auto texts, ComparedTexts::read(params));
    return make_scorer(
        kind, [texts, scoring](const CaseView& view) { return texts.with(view, scoring); }, true);
  });
}

Made make_equals(Params& params) {
  SLIPWAY_ASSIGN(auto texts, ComparedTexts::read(params));
  SLIPWAY_ASSIGN(const bool trimmed, params.flag("trim", true));
  return make_scorer(ScoreKind::kVerdict, [texts, trimmed](const CaseView& view) {
    return texts.with(view,
                      [&](std::string_view form, const std::vector<ComparedText>& expected) -> Result<Score> {
                        const std::string_view answer = trimmed ? trim(form) : form;
                        for (const ComparedText& one : expected)
                          if (answer == (trimmed ? trim(one.form()) : std::string_view(one.form())))
                            return Score{1, "The answer is as expected."};
                        return score_equals(answer, expected.front());
                      });
  });
}

Made make_regex(Params& params) {
  SLIPWAY_ASSIGN(const auto pattern, params.text("pattern"));
  AnswerPattern::Options options;
  SLIPWAY_ASSIGN(options.ignore_case, params.flag("ignore_case"));
  SLIPWAY_ASSIGN(options.whole, params.flag("whole"));
  if (!pattern) return fail(ErrorCode::kInvalidArgument, "is missing", params.at("pattern"));
  auto compiled = AnswerPattern::compile(*pattern, options);
  if (!compiled) {
    compiled.error().where = params.at("pattern");
    return fail(compiled.error());
  }
  return make_scorer(ScoreKind::kVerdict, [made = *compiled](const CaseView& view) -> Result<Score> {
    return made.score(view.answer);
  });
}

template <class F>
ScorerFactory counting(F scoring) {
  return factory_of([scoring](Params& params) -> Made {
    CountLimits limits;
    SLIPWAY_ASSIGN(limits.min, params.count("min", kCountMost));
    SLIPWAY_ASSIGN(limits.max, params.count("max", kCountMost));
    if (!limits.min && !limits.max)
      return fail(ErrorCode::kInvalidArgument, "needs a least or a greatest count", params.at("min"));
    if (limits.min && limits.max && *limits.min > *limits.max)
      return fail(ErrorCode::kInvalidArgument, "is more than max: nothing could pass", params.at("min"));
    return make_scorer(ScoreKind::kVerdict, [limits, scoring](const CaseView& view) -> Result<Score> {
      return scoring(view.answer, limits);
    });
  });
}

Made make_levenshtein(Params& params) {
  SLIPWAY_ASSIGN(auto expected, ExpectedValue::read(params));
  SLIPWAY_ASSIGN(const bool ignore_case, params.flag("ignore_case"));
  return make_scorer(ScoreKind::kShare, [expected, ignore_case](const CaseView& view) -> Result<Score> {
    SLIPWAY_ASSIGN(const auto texts, expected.texts_of(view.expected));
    Score best{-1, {}};
    for (const std::string& text : texts) {
      SLIPWAY_ASSIGN(auto score, score_levenshtein(view.answer, text, ignore_case));
      if (score.value > best.value) best = std::move(score);
    }
    return best;
  });
}

Made make_refusal(Params& params) {
  SLIPWAY_ASSIGN(const auto phrases, params.texts("phrase", "phrases"));
  return make_scorer(
      ScoreKind::kVerdict, [more = compared(phrases, true)](const CaseView& view) -> Result<Score> {
        const bool declined = view.finish_reason == "refusal" || view.finish_reason == "content_filter";
        return score_refusal(view.answer, declined, more);
      });
}

Made make_language(Params& params) {
  SLIPWAY_ASSIGN(auto expected, ExpectedValue::read(params));
  SLIPWAY_ASSIGN(const std::string unsure, params.choice("unsure", {"error", "pass", "fail"}));
  return make_scorer(ScoreKind::kVerdict, [expected, unsure](const CaseView& view) -> Result<Score> {
    SLIPWAY_ASSIGN(const auto wanted, expected.texts_of(view.expected));
    const auto found = language_of(view.answer);
    if (!found) {
      if (unsure == "error")
        return fail(ErrorCode::kInvalidArgument,
                    "the answer is too short, or too mixed, to tell its language", "language",
                    "Say with params.unsure whether such answers pass or fail");
      return verdict(unsure == "pass", "The answer's language can't be told.",
                     "The answer's language can't be told.");
    }
    // "pt" takes "pt-BR" as well.
    const bool right = std::ranges::any_of(wanted, [&](const std::string& code) {
      return iequals(found->code, code) ||
             (found->code.size() > code.size() && iequals(found->code.substr(0, code.size()), code) &&
              found->code[code.size()] == '-');
    });
    return verdict(right, fmt::format("The answer is in '{}'.", found->code),
                   fmt::format("The answer is in '{}', not in {}.", found->code, fmt::join(wanted, " or ")));
  });
}

Made make_number(Params& params) {
  SLIPWAY_ASSIGN(auto expected, ExpectedValue::read(params, "value", ""));
  NumberOptions options;
  SLIPWAY_ASSIGN(const auto absolute, params.number("absolute", 0, 1e300));
  SLIPWAY_ASSIGN(const auto relative, params.number("relative", 0, 1e6));
  SLIPWAY_ASSIGN(const std::string which, params.choice("which", {"any", "first", "last"}));
  SLIPWAY_ASSIGN(const std::string decimal, params.choice("decimal", {".", ","}));
  options.absolute = absolute.value_or(0);
  options.relative = relative.value_or(0);
  if (which == "first") options.which = WhichNumber::kFirst;
  if (which == "last") options.which = WhichNumber::kLast;
  options.decimal = decimal.front();
  return make_scorer(ScoreKind::kVerdict, [expected, options](const CaseView& view) -> Result<Score> {
    SLIPWAY_ASSIGN(const json::value* value, expected.of(view.expected));
    if (value->is_number()) return score_number(view.answer, value->to_number<double>(), options);
    std::vector<double> numbers;
    if (value->is_string()) numbers = numbers_in(value->get_string(), options.decimal);
    if (numbers.size() != 1)
      return fail(ErrorCode::kInvalidArgument, "what the case expects is not one number", "expected");
    return score_number(view.answer, numbers.front(), options);
  });
}

Made make_date(Params& params) {
  SLIPWAY_ASSIGN(auto expected, ExpectedValue::read(params, "value", ""));
  DateOptions options;
  SLIPWAY_ASSIGN(options.day_first, params.flag("day_first", true));
  SLIPWAY_ASSIGN(const auto days, params.count("days", 100'000));
  options.days = static_cast<std::uint32_t>(days.value_or(0));
  return make_scorer(ScoreKind::kVerdict, [expected, options](const CaseView& view) -> Result<Score> {
    SLIPWAY_ASSIGN(const auto texts, expected.texts_of(view.expected));
    return score_date(view.answer, texts.front(), options);
  });
}

template <class F>
ScorerFactory reading(F figure, std::string_view unit) {
  return figure_of([figure, unit](const CaseView& view) -> Result<Score> {
    SLIPWAY_ASSIGN(const double value, figure(text_figures(view.answer)));
    return Score{value, fmt::format("The answer has a {} of {:.1f}.", unit, value)};
  });
}

}  // namespace

void add_text_scorers(ScorerFactories& factories) {
  factories["equals"] = factory_of(make_equals);
  const auto contains = [](Quantifier quantifier) {
    return comparing(
        quantifier == Quantifier::kAny ? ScoreKind::kVerdict : ScoreKind::kShare,
        [quantifier](std::string_view form, const std::vector<ComparedText>& texts) -> Result<Score> {
          return score_contains(form, texts, quantifier);
        });
  };
  factories["contains"] = contains(Quantifier::kAny);
  factories["contains_any"] = contains(Quantifier::kAny);
  factories["contains_all"] = contains(Quantifier::kAll);
  factories["starts_with"] =
      comparing(ScoreKind::kVerdict,
                [](std::string_view form, const std::vector<ComparedText>& texts) -> Result<Score> {
                  return score_starts_with(form, texts);
                });
  factories["ends_with"] =
      comparing(ScoreKind::kVerdict,
                [](std::string_view form, const std::vector<ComparedText>& texts) -> Result<Score> {
                  return score_ends_with(form, texts);
                });
  factories["regex"] = factory_of(make_regex);
  factories["word_count"] = counting(score_word_count);
  factories["character_count"] = counting(score_character_count);
  factories["levenshtein"] = factory_of(make_levenshtein);
  factories["refusal"] = factory_of(make_refusal);
  factories["language"] = factory_of(make_language);
  factories["number"] = factory_of(make_number);
  factories["date"] = factory_of(make_date);
  factories["reading_ease"] = reading(reading_ease, "reading ease");
  factories["reading_grade"] = reading(reading_grade, "reading grade");
}

}  // namespace slipway::evaluation
