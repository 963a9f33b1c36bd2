// SPDX-License-Identifier: Apache-2.0
// What judges write, what it is worth, and what several of them come to.
#include <gtest/gtest.h>

#include <limits>

#include "evaluation/judges/ballot.h"
#include "evaluation/judges/rating_tally.h"
#include "evaluation/judges/scale.h"
#include "evaluation/judges/verdict_text.h"

namespace slipway::evaluation {
namespace {

JudgeScale grades() {
  return JudgeScale(
      std::vector<JudgeLabel>{{"partly_right", 0.5, ""}, {"right", 1, "all of it"}, {"wrong", 0, ""}});
}

std::string read(std::string_view text, const JudgeScale& scale = grades()) {
  const auto verdict = read_verdict(text, scale);
  if (!verdict) return "? " + verdict.error().message;
  return verdict->label + " " + number_text(verdict->value) + " " + verdict->reason;
}

TEST(JudgeVerdictText, IsTakenOutOfWhatModelsWrapItIn) {
  EXPECT_EQ(read(R"({"reason": "It is.", "label": "right"})"), "right 1 It is.");
  EXPECT_EQ(read("```json\n{\"reason\": \"It is.\", \"label\": \"right\"}\n```\nI hope that helps!"),
            "right 1 It is.");
  EXPECT_EQ(
      read("Let me see {well}. The verdict:\n{\"label\": \"wrong\", \"reason\": \"It isn't.\"} That's {it}."),
      "wrong 0 It isn't.");
  EXPECT_EQ(read("<think>maybe {\"label\": \"right\"}</think>{\"label\": \"wrong\"}"), "wrong 0 ");
  EXPECT_EQ(read(R"({"result": {"why": "Half.", "verdict": "Partly right"}})"), "partly_right 0.5 Half.");
  EXPECT_EQ(read("{\"reason\": \"Two\nlines\tand \\\"quotes\\\"\", \"label\": \"right\",}"),
            "right 1 Two\nlines\tand \"quotes\"");
  EXPECT_EQ(read(R"({"label": "RIGHT"} // done)"), "right 1 ");
  // Twice the same is once.
  EXPECT_EQ(read(R"({"label": "right"} so: {"label": "right", "reason": "Yes."})"), "right 1 Yes.");
}

TEST(JudgeVerdictText, IsNoVerdictWhereItIsUnclear) {
  EXPECT_EQ(read(""), "? the judge's answer is empty");
  EXPECT_EQ(read("It is right."), "? the judge did not answer with JSON");
  EXPECT_EQ(read(R"({"reason": "It is cut o)"), "? the judge did not answer with JSON");
  EXPECT_EQ(read(R"({"reason": "It is."})"), "? the judge's JSON holds no verdict");
  EXPECT_EQ(read(R"({"label": "splendid"})"), "? the judge gave a label that there is not");
  EXPECT_EQ(read(R"({"label": 1})"), "? the judge gave a label that there is not");
  EXPECT_EQ(read(R"({"label": "right"} or rather {"label": "wrong"})"),
            "? the judge gave two verdicts that differ");
  EXPECT_EQ(read(std::string(1'000'000, '{')), "? the judge did not answer with JSON");
  EXPECT_EQ(read("[1, 2]"), "? the judge did not answer with JSON");
}

TEST(JudgeVerdictText, NumbersLieOnTheScale) {
  const JudgeScale one_to_five(1, 5, true);
  EXPECT_EQ(read(R"({"reason": "x", "score": 4})", one_to_five), "4 0.75 x");
  EXPECT_EQ(read(R"({"score": "5"})", one_to_five), "5 1 ");
  for (const char* const text :
       {R"({"score": 6})", R"({"score": 0})", R"({"score": 3.5})", R"({"score": "NaN"})",
        R"({"score": "high"})", R"({"score": null})", R"({"score": 1e999})"})
    EXPECT_TRUE(read(text, one_to_five).starts_with("? ")) << text;
  EXPECT_EQ(read(R"({"score": 0.25})", JudgeScale(0, 1, false)), "0.25 0.25 ");
}

JudgeScale scale_of(std::string_view text, const JudgeScale& own = {}) {
  auto read = JudgeScale::read(json::parse(text), "scale", own);
  EXPECT_TRUE(read) << text << (read ? "" : read.error().describe());
  return read ? *read : JudgeScale();
}

std::string wrong(std::string_view text) {
  const auto read = JudgeScale::read(json::parse(text), "scale", {});
  return read ? "nothing" : read.error().describe();
}

TEST(JudgeScale, IsReadAndDescribed) {
  const JudgeScale labels =
      scale_of(R"({"labels": {"no": 0, "yes": {"value": 1, "means": "all"}, "half": 0.5}})");
  EXPECT_EQ(labels.labels().front().name, "yes");
  EXPECT_EQ(labels.labels().back().name, "no");
  EXPECT_EQ(labels.kind(), ScoreKind::kShare);
  EXPECT_EQ(scale_of(R"({"labels": {"no": 0, "yes": 1}})").kind(), ScoreKind::kVerdict);
  EXPECT_EQ(json::serialize(labels.answer_schema()),
            R"({"type":"object","properties":{"reason":{"type":"string"},"label":{"type":"string","enum":)"
            R"(["yes","half","no"]}},"required":["reason","label"],"additionalProperties":false})");
  EXPECT_EQ(json::serialize(scale_of(R"({"min": 1, "max": 3})").answer_schema().at("properties").at("score")),
            R"({"type":"integer","enum":[1,2,3]})");
  EXPECT_EQ(scale_of(R"({"min": 0, "max": 1})").answer_schema().at("properties").at("score").at("type"),
            "number");
  EXPECT_EQ(scale_of(R"({"min": 0, "max": 1, "whole": true})").kind(), ScoreKind::kVerdict);
  EXPECT_EQ(scale_of(R"({"min": 0, "max": 100})").answer_schema().at("properties").at("score").at("maximum"),
            100);
  // It is kept as it is read, and known labels keep what they mean.
  const JudgeScale again = scale_of(json::serialize(labels.to_json()));
  EXPECT_EQ(json::serialize(again.to_json()), json::serialize(labels.to_json()));
  EXPECT_EQ(scale_of(R"({"labels": {"right": 1, "wrong": 0}})", grades()).labels().front().means,
            "all of it");
}

TEST(JudgeScale, SaysWhatIsWrong) {
  EXPECT_EQ(wrong("3"), "scale: must be a map. Write labels:, or min: and max:");
  EXPECT_EQ(wrong("{}"), "scale: needs labels, or min and max");
  EXPECT_EQ(wrong(R"({"labels": {"yes": 1}})"),
            "scale.labels: must be a map of 2 to 20 labels. As in {yes: 1, partly: 0.5, no: 0}");
  EXPECT_EQ(wrong(R"({"labels": {"yes": 1, "no": 2}})"),
            "scale.labels.no.value: must be a number between 0 and 1");
  EXPECT_EQ(wrong(R"({"labels": {"yes": 1, "no": 1}})"), "scale.labels: all labels are worth the same");
  EXPECT_EQ(wrong(R"({"labels": {"so so": 1, "so-so": 0}})"),
            "scale.labels: 'so so' and 'so-so' can't be told apart");
  EXPECT_EQ(wrong(R"({"labels": {"yes": 1, "no": 0}, "min": 1})"), "scale: has labels or numbers, not both");
  EXPECT_EQ(wrong(R"({"min": 5, "max": 1})"), "scale.max: must be more than min");
  EXPECT_EQ(wrong(R"({"min": 0.5, "max": 3, "whole": true})"),
            "scale.min: a scale of whole numbers begins and ends with one");
}

TEST(JudgeScale, IsTakenFromAPromptsOwnSchema) {
  const auto of = [](std::string_view score) {
    return JudgeScale::of_schema(json::parse(R"({"properties": {"score": )" + std::string(score) + "}}"));
  };
  EXPECT_EQ(of(R"({"type": "integer", "enum": [0, 1]})")->kind(), ScoreKind::kVerdict);
  EXPECT_EQ(of(R"({"type": "integer", "minimum": 1, "maximum": 5})")->value_of(2), 0.25);
  EXPECT_FALSE(of(R"({"type": "number"})"));
  EXPECT_FALSE(of(R"({"enum": ["a"]})"));
  EXPECT_FALSE(JudgeScale::of_schema(json::parse("true")));
}

std::vector<JudgeVote> votes(std::initializer_list<std::string_view> labels) {
  std::vector<JudgeVote> out;
  for (const std::string_view label : labels) {
    const JudgeLabel* one = grades().find(label);
    out.push_back({{std::string(label), one->value, "because " + std::to_string(out.size())},
                   "call-" + std::to_string(out.size())});
  }
  return out;
}

TEST(JudgeBallot, TheMajorityDecidesAndATieIsWorthLess) {
  const JudgeDecision most = decide("m", votes({"wrong", "right", "right"}), true);
  EXPECT_EQ(most.note.label, "right");
  EXPECT_EQ(most.note.value, 1);
  EXPECT_EQ(most.note.invocation, "call-1");
  EXPECT_EQ(most.reason, "because 1");
  const std::vector<std::pair<std::string, std::uint32_t>> counted = {{"right", 2}, {"wrong", 1}};
  EXPECT_EQ(most.note.votes, counted);
  EXPECT_EQ(score_of({most}).reason, "right (2 of 3 votes): because 1");
  EXPECT_EQ(decide("m", votes({"right", "wrong"}), true).note.label, "wrong");
  EXPECT_EQ(decide("m", votes({"right", "wrong", "partly_right"}), true).note.label, "wrong");
  EXPECT_EQ(score_of({decide("m", votes({"right"}), true)}).reason, "right: because 0");
}

TEST(JudgeBallot, NumbersAndJudgesHaveTheirMean) {
  const std::vector<JudgeVote> scores = {
      {{"1", 0, "low"}, "a"}, {{"3", 0.5, "fair"}, "b"}, {{"4", 0.75, "good"}, "c"}};
  const JudgeDecision mean = decide("m", scores, false);
  EXPECT_NEAR(mean.note.value, 1.25 / 3, 1e-12);
  EXPECT_EQ(mean.reason, "fair");  // the vote that is nearest
  EXPECT_EQ(score_of({mean}).reason, "0.417 of 1 (votes: 4, 3, 1): fair");
  const Score two = score_of({decide("a", votes({"right"}), true), decide("b", votes({"wrong"}), true)});
  EXPECT_EQ(two.value, 0.5);
  EXPECT_EQ(two.reason, "a says right: because 0; b says wrong: because 0");
  ASSERT_EQ(two.notes.size(), 2u);
  std::vector<JudgeDecision> three;
  for (int i = 0; i < 3; ++i) three.push_back({{"m", "x", 0.1, {{"x", 1}}, ""}, ""});
  EXPECT_EQ(score_of(three).value, 0.1);  // not 0.10000000000000002
}

TEST(JudgeBallot, AVerdictThatChangesWithTheOrderIsATie) {
  const JudgeVerdict first{"first", 1, "the first"};
  const JudgeVerdict second{"second", 0, "the second"};
  const JudgeVerdict tie{"tie", 0.5, "both"};
  EXPECT_EQ(compare(first, second).label, "better");
  EXPECT_EQ(compare(first, second).value, 1);
  EXPECT_EQ(compare(second, first).label, "worse");
  EXPECT_EQ(compare(second, first).value, 0);
  EXPECT_EQ(compare(tie, tie).value, 0.5);
  EXPECT_EQ(compare(tie, tie).reason, "both");
  // Whatever stands first wins: it says nothing.
  EXPECT_EQ(compare(first, first).label, "tie");
  EXPECT_EQ(compare(first, first).reason,
            "the verdict changes with the order: read first the answer is better, read second worse");
  EXPECT_EQ(compare(first, tie).value, 0.5);
  EXPECT_EQ(of_answer(first, false).label, "worse");
}

std::vector<JudgeNote> rated(double a, double b) { return {{"a", "", a, {}, ""}, {"b", "", b, {}, ""}}; }

TEST(RatingTally, KnowsHowFarJudgesAgree) {
  RatingTally tally;
  EXPECT_FALSE(tally.agreement());
  tally.add(std::vector<JudgeNote>{{"a", "", 1, {}, ""}});
  EXPECT_TRUE(tally.empty());  // one judge agrees with nobody
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> second;
  std::vector<std::vector<std::optional<double>>> rows(2);
  for (int i = 0; i < 40; ++i) {
    const double a = i % 3 == 0 ? 0 : 1;
    const double b = i % 5 == 0 ? 0 : 1;
    tally.add(rated(a, b));
    first.push_back(static_cast<std::uint32_t>(a));
    second.push_back(static_cast<std::uint32_t>(b));
    rows[0].emplace_back(a);
    rows[1].emplace_back(b);
  }
  const auto agreement = tally.agreement();
  ASSERT_TRUE(agreement && agreement->kappa && agreement->alpha);
  EXPECT_EQ(agreement->cases, 40);
  EXPECT_NEAR(agreement->kappa->kappa, cohen_kappa(first, second)->kappa, 1e-12);
  EXPECT_NEAR(agreement->kappa->standard_error, cohen_kappa(first, second)->standard_error, 1e-12);
  EXPECT_NEAR(*agreement->alpha, *krippendorff_alpha(rows, Scale::kInterval), 1e-12);
  // Counts add up, and are kept.
  RatingTally half;
  half.add(tally);
  half.add(tally);
  EXPECT_EQ(half.agreement()->cases, 80);
  EXPECT_NEAR(half.agreement()->kappa->kappa, agreement->kappa->kappa, 1e-12);
  EXPECT_EQ(RatingTally::read(json::parse(json::serialize(tally.to_json())).as_object()), tally);
}

TEST(RatingTally, SaysWhatCantBeTold) {
  RatingTally same;
  for (int i = 0; i < 10; ++i) same.add(rated(1, 1));
  ASSERT_TRUE(same.agreement());
  EXPECT_FALSE(same.agreement()->alpha);
  EXPECT_FALSE(same.agreement()->kappa);
  EXPECT_NE(same.agreement()->note.find("all ratings are equal"), std::string::npos);
  RatingTally fine;
  for (int i = 0; i < 3'000; ++i) fine.add(rated(i / 3'000.0, i % 2));
  EXPECT_NE(fine.agreement()->note.find("too finely"), std::string::npos);
  EXPECT_LT(json::serialize(fine.to_json()).size(), 1'000u);
  RatingTally graded;
  graded.add(rated(1, 0.75));
  graded.add(rated(0, 0));
  graded.add(rated(0.5, 0.5));
  EXPECT_GT(graded.agreement()->kappa->kappa, 0.8);  // near is nearly the same
}

}  // namespace
}  // namespace slipway::evaluation
