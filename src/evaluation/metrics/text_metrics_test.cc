// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/text_metrics.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "evaluation/metrics/unicode.h"
#include "evaluation/test_expected.h"

namespace slipway::evaluation {
namespace {

TEST(Unicode, AgreesWithPython) {
  for (const json::value& one : expected("texts", "characters")) {
    const std::string answer = text(one, "answer");
    std::vector<std::string> pieces;
    for (const json::value& piece : list(one, "pieces")) pieces.emplace_back(piece.as_string());
    const auto found = split_spaces(answer);
    EXPECT_EQ(std::vector<std::string>(found.begin(), found.end()), pieces);
    EXPECT_EQ(count_code_points(answer), count(one, "points"));
    EXPECT_EQ(folded(answer), text(one, "folded"));
    EXPECT_EQ(composed(answer), text(one, "composed"));
    EXPECT_EQ(*levenshtein(answer, text(one, "expected")), count(one, "distance"));
  }
}

TEST(Unicode, MalformedBytesAreReplaced) {
  EXPECT_EQ(count_code_points("a\xff\xfe z"), 5U);
  EXPECT_EQ(folded("\xc3(A\xc3\x89"), "\xef\xbf\xbd(a\xc3\xa9");
  EXPECT_EQ(count_words("one, two - three\n\n4 … !"), 4U);
  EXPECT_EQ(count_words("東京は首都です"), 1U);
}

Score contains(std::string_view answer, const std::vector<std::string>& texts, Quantifier quantifier,
               bool ignore_case = true) {
  std::vector<ComparedText> needles;
  for (const std::string& one : texts) needles.emplace_back(one, ignore_case);
  return score_contains(compared_form(answer, ignore_case), needles, quantifier);
}

TEST(TextMetrics, CaseIsFoldedAsUnicodeDoes) {
  EXPECT_EQ(contains("Die STRASSE ist lang", {"straße"}, Quantifier::kAny).value, 1);
  EXPECT_EQ(contains("Die STRASSE ist lang", {"straße"}, Quantifier::kAny, false).value, 0);
  EXPECT_EQ(contains("ΛΟΓΟΣ", {"λόγος"}, Quantifier::kAny).value, 0);  // an accent is no matter of case
  EXPECT_EQ(contains("ΟΔΟΣ", {"οδος"}, Quantifier::kAny).value, 1);    // a final sigma is
  EXPECT_EQ(contains("cafe\xcc\x81", {"café"}, Quantifier::kAny, false).value, 1);
}

TEST(TextMetrics, ContainsSaysWhatIsMissing) {
  EXPECT_EQ(contains("a b c", {"a", "x", "y", "c"}, Quantifier::kAll).value, 0.5);
  EXPECT_EQ(contains("a b c", {"a", "x", "y"}, Quantifier::kAll).reason,
            "The answer lacks 2 of 3 texts, 'x' among them.");
  EXPECT_EQ(contains("a", {"x"}, Quantifier::kAny).reason, "The answer lacks 'x'.");
  EXPECT_EQ(contains("a", {"x", "a"}, Quantifier::kAny).reason, "The answer holds 'a'.");
  const std::vector<ComparedText> ends = {ComparedText("Z", true), ComparedText("c", true)};
  EXPECT_EQ(score_starts_with("zebra", ends).value, 1);
  EXPECT_EQ(score_ends_with("abc", ends).value, 1);
  EXPECT_EQ(score_ends_with("abd", ends).reason, "The answer ends with 'abd'.");
  EXPECT_EQ(score_starts_with("", ends).value, 0);
}

TEST(TextMetrics, PatternsAreLinear) {
  const auto value = [](std::string_view pattern, std::string_view answer,
                        AnswerPattern::Options options = {}) {
    return AnswerPattern::compile(pattern, options)->score(answer).value;
  };
  EXPECT_EQ(value("^b", "a\nb"), 0);
  EXPECT_EQ(value("(?m)^b", "a\nb"), 1);
  EXPECT_EQ(value("b", "abc"), 1);
  EXPECT_EQ(value("b", "abc", {.whole = true, .ignore_case = false}), 0);
  EXPECT_EQ(value("ABC", "abc", {.whole = true, .ignore_case = true}), 1);
  EXPECT_EQ(value("(a*)*b", std::string(200'000, 'a')), 0);
  EXPECT_EQ(AnswerPattern::compile("(?=a)", {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(*AnswerPattern::compile("total: (\\d+)", {})->first("total: 42 EUR"), "42");
  EXPECT_EQ(AnswerPattern::compile("x", {})->first("y"), std::nullopt);
}

TEST(TextMetrics, CountsHaveLimits) {
  EXPECT_EQ(score_word_count("one two", {2, 2}).value, 1);
  EXPECT_EQ(score_word_count("one two", {3, {}}).reason, "The answer has 2 words, fewer than 3.");
  EXPECT_EQ(score_character_count("日本", {{}, 1}).reason, "The answer has 2 characters, more than 1.");
}

TEST(TextMetrics, DistanceOfLongTexts) {
  EXPECT_EQ(*levenshtein(std::string(3'000, 'a'), std::string(2'000, 'a')), 1'000U);
  EXPECT_EQ(*levenshtein(std::string(1'000, 'a') + "x", "y" + std::string(1'000, 'b')), 1'001U);
  const std::string long_text(kDistanceLimit + 2, 'a');
  EXPECT_EQ(levenshtein(long_text, "b" + std::string(kDistanceLimit, 'c')).error().code,
            ErrorCode::kResourceExhausted);
  EXPECT_EQ(*levenshtein(long_text, long_text), 0U);
  EXPECT_EQ(score_levenshtein("", "", false)->value, 1);
  EXPECT_EQ(score_levenshtein("Kitten", "sitting", true)->value, 1 - 3 / 7.0);
}

TEST(TextMetrics, RefusalsAreFoundAtTheBeginning) {
  const auto declines = [](std::string_view answer) { return score_refusal(answer, false, {}).value == 1; };
  EXPECT_TRUE(declines("I’m sorry, but I can’t help with that."));
  EXPECT_TRUE(declines("I CANNOT ASSIST with this request."));
  EXPECT_TRUE(declines("Es tut mir leid, aber ich kann Ihnen das nicht sagen."));
  EXPECT_TRUE(declines("Lo siento, pero no puedo responder."));
  EXPECT_FALSE(declines("You can return shoes within 30 days."));
  EXPECT_FALSE(declines(std::string(kRefusalBytes, 'x') + " I cannot assist"));
  EXPECT_FALSE(declines(""));
  EXPECT_EQ(score_refusal("ok", true, {}).value, 1);
  EXPECT_EQ(score_refusal("Kein Kommentar!", false, {ComparedText("kein KOMMENTAR", true)}).value, 1);
}

TEST(TextMetrics, NumbersAreReadAsPeopleWriteThem) {
  const auto found = [](std::string_view text, char decimal = '.') { return numbers_in(text, decimal); };
  using Numbers = std::vector<double>;
  EXPECT_EQ(found("It costs 1,234.50 EUR or -5 (3-4 days), .5 l, 1e3 W, v2.x"),
            (Numbers{1234.5, -5, 3, 4, 0.5, 1000, 2}));
  EXPECT_EQ(found("1.234,50 und 3,5", ','), (Numbers{1234.5, 3.5}));
  EXPECT_EQ(found("1,2,3 and 12,34"), (Numbers{1, 2, 3, 12, 34}));
  EXPECT_EQ(found("\xe2\x88\x92"
                  "7 and 1e999"),
            (Numbers{-7}));
  EXPECT_EQ(found(""), Numbers{});
  NumberOptions options;
  EXPECT_EQ(score_number("42.", 42, options).value, 1);
  EXPECT_EQ(score_number("none", 42, options).reason, "The answer holds no number.");
  EXPECT_EQ(score_number("0.30000000000000004", 0.3, options).value, 1);
  EXPECT_EQ(score_number("about 41 or 45", 42, options).reason, "41 is not within 0 of 42.");
  options.absolute = 1;
  EXPECT_EQ(score_number("about 41 or 45", 42, options).value, 1);
  options.which = WhichNumber::kLast;
  EXPECT_EQ(score_number("about 41 or 45", 42, options).value, 0);
  options.relative = 0.1;
  EXPECT_EQ(score_number("about 41 or 45", 42, options).value, 1);
}

TEST(TextMetrics, DaysAreReadAsPeopleWriteThem) {
  const std::int64_t day = *parse_day("2026-11-25", true);
  for (const std::string_view text :
       {"on 25.11.2026.", "25/11/2026", "11/25/2026", "November 25, 2026", "Nov. 25th 2026", "25 Nov 2026",
        "2026/11/25", "am 25. November 2026", "25 novembre 2026", "el 25 de noviembre de 2026",
        "the 25th of November, 2026"})
    EXPECT_EQ(parse_day(text, true), day) << text;
  EXPECT_EQ(parse_day("3/4/2026", true), parse_day("2026-04-03", true));
  EXPECT_EQ(parse_day("3/4/2026", false), parse_day("2026-03-04", true));
  for (const std::string_view none :
       {"", "2026", "30 February 2026", "2026-13-01", "1.2.3", "May 2026", "32/01/2026"})
    EXPECT_EQ(parse_day(none, true), std::nullopt) << none;
  EXPECT_EQ(score_date("Due on March 1, 2024.", "29 Feb 2024", {true, 1})->value, 1);
  EXPECT_EQ(score_date("Due on March 1, 2024.", "29 Feb 2024", {})->reason,
            "The answer holds 2024-03-01, not 2024-02-29.");
  EXPECT_FALSE(score_date("x", "soon", {}));
}

RC_GTEST_PROP(TextMetrics, DistanceIsAMetric, (std::uint64_t seed)) {
  const auto word = *rc::gen::container<std::string>(rc::gen::element('a', 'b', 'c'));
  const auto other = *rc::gen::container<std::string>(rc::gen::element('a', 'b', 'c'));
  const auto third = *rc::gen::container<std::string>(rc::gen::element('a', 'b', 'c'));
  static_cast<void>(seed);
  RC_ASSERT(*levenshtein(word, word) == 0);
  RC_ASSERT(*levenshtein(word, other) == *levenshtein(other, word));
  RC_ASSERT(*levenshtein(word, third) <= *levenshtein(word, other) + *levenshtein(other, third));
}

RC_GTEST_PROP(TextMetrics, AnyBytesAreATextOfSomeKind, (const std::string& answer)) {
  RC_ASSERT(folded(folded(answer)) == folded(answer));
  RC_ASSERT(composed(composed(answer)) == composed(answer));
  static_cast<void>(numbers_in(answer, '.'));
  static_cast<void>(parse_day(answer, true));
  RC_ASSERT(score_refusal(answer, false, {}).value == 0);
}

}  // namespace
}  // namespace slipway::evaluation
