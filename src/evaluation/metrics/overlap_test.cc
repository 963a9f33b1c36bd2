// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/overlap.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "evaluation/metrics/stemmer.h"
#include "evaluation/test_expected.h"

namespace slipway::evaluation {
namespace {

BleuOptions smoothing(BleuSmoothing how, bool effective) {
  BleuOptions options;
  options.smoothing = how;
  options.effective_order = effective;
  return options;
}

double sentence_bleu(const std::string& answer, const std::vector<std::string>& expected,
                     const BleuOptions& options) {
  return bleu(bleu_statistics(answer, expected, options), options);
}

std::vector<std::string> texts(const json::array& values) {
  std::vector<std::string> out;
  for (const json::value& value : values) out.emplace_back(value.as_string());
  return out;
}

TEST(Overlap, BleuAgreesWithSacrebleu) {
  BleuOptions lower = smoothing(BleuSmoothing::kExponential, true);
  lower.lower_case = true;
  const std::pair<std::string_view, BleuOptions> kinds[] = {
      {"exp", smoothing(BleuSmoothing::kExponential, true)},
      {"none", smoothing(BleuSmoothing::kNone, false)},
      {"floor", smoothing(BleuSmoothing::kFloor, false)},
      {"add-k", smoothing(BleuSmoothing::kAddK, true)},
      {"lower", lower}};
  for (const json::value& one : expected("texts", "overlap")) {
    const std::string answer = text(one, "answer");
    EXPECT_EQ(tokenize_13a(answer), text(one, "tokens"));
    for (const auto& [name, options] : kinds)
      EXPECT_TRUE(is_near(sentence_bleu(answer, {text(one, "expected")}, options),
                          number(one.as_object().at("bleu"), name)))
          << name << " " << json::serialize(one);
  }
  for (const json::value& one : expected("texts", "several"))
    EXPECT_TRUE(is_near(sentence_bleu(text(one, "answer"), texts(list(one, "expected")), kinds[0].second),
                        number(one, "bleu")));
  for (const json::value& one : expected("texts", "corpus")) {
    BleuStatistics sum;
    const auto answers = texts(list(one, "answers"));
    const auto wanted = texts(list(one, "expected"));
    for (std::size_t i = 0; i < answers.size(); ++i)
      sum += bleu_statistics(answers[i], std::span(wanted).subspan(i, 1));
    EXPECT_TRUE(is_near(bleu(sum), number(one, "bleu")));
  }
}

TEST(Overlap, ChrfAgreesWithSacrebleu) {
  for (const json::value& one : expected("texts", "overlap")) {
    const std::string wanted[] = {text(one, "expected")};
    for (const std::size_t words : {0, 2}) {
      ChrfOptions options;
      options.words = words;
      EXPECT_TRUE(is_near(chrf(text(one, "answer"), wanted, options), number(list(one, "chrf")[words / 2])))
          << json::serialize(one);
    }
  }
  ChrfOptions words;
  words.words = 2;
  for (const json::value& one : expected("texts", "several"))
    EXPECT_TRUE(is_near(chrf(text(one, "answer"), texts(list(one, "expected")), words), number(one, "chrf")));
  ChrfOptions lower;
  lower.lower_case = true;
  const std::string wanted[] = {"straße"};
  EXPECT_EQ(chrf("STRASSE", wanted), 0);
  EXPECT_GT(chrf("STRASSE", wanted, lower), 0.3);
}

TEST(Overlap, RougeAgreesWithRougeScore) {
  for (const json::value& one : expected("texts", "overlap")) {
    const std::string answer = text(one, "answer");
    const std::string wanted = text(one, "expected");
    for (const bool stem : {false, true}) {
      const Overlap found[] = {rouge_n(answer, wanted, 1, stem), rouge_n(answer, wanted, 2, stem),
                               *rouge_l(answer, wanted, stem)};
      const json::array& theirs = list(one, stem ? "stemmed" : "rouge");
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(is_near(found[i].precision, number(theirs[3 * i])));
        EXPECT_TRUE(is_near(found[i].recall, number(theirs[3 * i + 1])));
        EXPECT_TRUE(is_near(found[i].f1, number(theirs[3 * i + 2])));
      }
    }
  }
  std::string long_text;
  for (std::size_t i = 0; i <= kRougeTokens; ++i) long_text += "a ";
  EXPECT_EQ(rouge_l(long_text, "a", false).error().code, ErrorCode::kResourceExhausted);
}

TEST(Overlap, MeteorAgreesWithNltk) {
  int compared = 0;
  for (const json::value& one : expected("texts", "overlap")) {
    if (one.as_object().at("meteor").is_null()) continue;
    const std::string wanted[] = {text(one, "expected")};
    EXPECT_TRUE(is_near(meteor(text(one, "answer"), wanted), number(one, "meteor"))) << json::serialize(one);
    ++compared;
  }
  EXPECT_GT(compared, 250);
  const std::string several[] = {"nothing here", "the cat sat"};
  EXPECT_GT(meteor("the cat sat", several), 0.9);
}

TEST(Overlap, SquadAgreesWithItsScript) {
  for (const json::value& one : expected("texts", "overlap")) {
    EXPECT_TRUE(is_near(squad_overlap(text(one, "answer"), text(one, "expected")).f1, number(one, "squad")));
    if (one.as_object().contains("normalized")) {
      EXPECT_EQ(squad_normalized(text(one, "answer")), text(one, "normalized"));
    }
  }
  EXPECT_TRUE(squad_equal("The Eiffel Tower.", "eiffel  tower"));
  EXPECT_FALSE(squad_equal("Eiffel", "eiffel tower"));
  EXPECT_EQ(squad_overlap("", "").f1, 1);
  EXPECT_EQ(squad_overlap("the", "a.").f1, 1);  // nothing is left of either
  EXPECT_EQ(squad_overlap("", "x").f1, 0);
}

TEST(Overlap, StemsAreNltks) {
  std::size_t compared = 0;
  for (const json::value& one : expected("texts", "stems")) {
    const auto words = texts(list(one, "words"));
    for (std::size_t i = 0; i < words.size(); ++i, ++compared)
      EXPECT_EQ(porter_stem(words[i]), list(one, "stems")[i].as_string()) << words[i];
  }
  EXPECT_GE(compared, 1'000U);
}

RC_GTEST_PROP(Overlap, ATextIsLikeItselfAndScoresAreShares, (const std::string& a, const std::string& b)) {
  const std::string wanted[] = {b};
  const auto is_share = [](double value) { return value >= 0 && value <= 1 + 1e-12; };
  RC_ASSERT(is_share(meteor(a, wanted)));
  RC_ASSERT(is_share(chrf(a, wanted)));
  RC_ASSERT(is_share(sentence_bleu(a, {b}, smoothing(BleuSmoothing::kExponential, true))));
  RC_ASSERT(is_share(squad_overlap(a, b).f1));
  RC_ASSERT(is_share(rouge_l(a, b, true)->f1));
  RC_ASSERT(squad_overlap(a, a).f1 == 1);
  RC_ASSERT(squad_overlap(a, b).f1 == squad_overlap(b, a).f1);
}

}  // namespace
}  // namespace slipway::evaluation
