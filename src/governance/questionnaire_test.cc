// SPDX-License-Identifier: Apache-2.0
#include "governance/questionnaire.h"

#include <gtest/gtest.h>

namespace slipway::governance {
namespace {

using Answers = std::map<std::string, std::string>;

constexpr std::string_view kSmall = R"(version: v1
tiers:
  - {name: low, label: Low, required_reviews: []}
  - {name: top, label: Top, required_reviews: [legal, risk], review_days: 30}
questions:
  - id: who
    text: Who?
    options:
      - {value: us, label: We, tier: low}
      - {value: them, label: They, tier: top}
  - id: what
    text: What?
    options:
      - {value: little, label: Little}
      - {value: much, label: Much, tier: top}
)";

std::string with(std::string_view from, std::string_view to) {
  std::string text(kSmall);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Answers harmless() {
  Answers answers;
  for (const Question& question : Questionnaire::builtin().questions())
    answers[question.id] = question.options.front().value;
  return answers;
}

TEST(Questionnaire, TheBuiltInOneHasTiersWithTheirReviews) {
  const Questionnaire& builtin = Questionnaire::builtin();
  std::vector<std::string> names;
  for (const RiskTier& tier : builtin.tiers()) names.push_back(tier.name);
  EXPECT_EQ(names, (std::vector<std::string>{"minimal", "limited", "high", "forbidden"}));
  EXPECT_TRUE(builtin.tier("forbidden")->forbidden);
  EXPECT_EQ(builtin.tier("high")->required_reviews, review_disciplines());
  EXPECT_EQ(builtin.tier("nothing"), nullptr);
}

TEST(Questionnaire, TheHighestDemandDecidesAndSaysWhy) {
  const Questionnaire& builtin = Questionnaire::builtin();
  Answers answers = harmless();
  EXPECT_EQ(builtin.assess(answers).tier, "minimal");
  answers["people"] = "customers";
  EXPECT_EQ(builtin.assess(answers).tier, "limited");
  answers["domain"] = "employment";
  const Assessment high = builtin.assess(answers);
  EXPECT_EQ(high.tier, "high");
  ASSERT_EQ(high.reasons.size(), 1u) << "only what demands the tier itself";
  EXPECT_NE(high.reasons[0].find("Recruiting"), std::string::npos);
  answers["disclosure"] = "hidden";
  EXPECT_EQ(builtin.assess(answers).tier, "forbidden");
}

TEST(Questionnaire, NothingIsSaidUntilEverythingIsAnswered) {
  Answers answers = harmless();
  answers.erase("data");
  answers["domain"] = "prohibited";
  const Assessment part = Questionnaire::builtin().assess(answers);
  EXPECT_EQ(part.tier, "");
  EXPECT_EQ(part.unanswered, std::vector<std::string>{"data"});
  EXPECT_TRUE(part.reasons.empty());
}

TEST(Questionnaire, WrongAnswersAreNamed) {
  const Questionnaire& builtin = Questionnaire::builtin();
  EXPECT_TRUE(builtin.check(harmless()));
  const auto question = builtin.check({{"peple", "staff"}});
  ASSERT_FALSE(question);
  EXPECT_EQ(question.error().where, "answers.peple");
  EXPECT_EQ(question.error().hint, "Did you mean 'people'?");
  const auto option = builtin.check({{"people", "custmers"}});
  ASSERT_FALSE(option);
  EXPECT_EQ(option.error().hint, "Did you mean 'customers'?");
}

TEST(Questionnaire, AFileReplacesIt) {
  const auto parsed = Questionnaire::parse(kSmall, "q.yaml");
  ASSERT_TRUE(parsed) << parsed.error().describe();
  EXPECT_EQ(parsed->assess({{"who", "us"}, {"what", "little"}}).tier, "low");
  EXPECT_EQ(parsed->assess({{"who", "us"}, {"what", "much"}}).tier, "top");
  EXPECT_EQ(parsed->tier("top")->review_days, 30u);
  EXPECT_NE(parsed->fingerprint(), Questionnaire::builtin().fingerprint());
  EXPECT_EQ(parsed->fingerprint(),
            Questionnaire::parse("# a comment\n" + std::string(kSmall), "q.yaml")->fingerprint());
}

struct Mistake {
  std::string_view from, to;
  std::string_view where, hint;
};

TEST(Questionnaire, MistakesInAFileAreTold) {
  const Mistake mistakes[] = {
      {"tier: top}\n  - id: what", "tier: tpo}\n  - id: what", "q.yaml:10:42", "Did you mean 'top'?"},
      {"review_days", "review_day", "q.yaml:4:62", "Did you mean 'review_days'?"},
      {"[legal, risk]", "[legal, riks]", "q.yaml:4:55", "Did you mean 'risk'?"},
      {"review_days: 30", "review_days: 0", "q.yaml:4:75", ""},
      {"id: what", "id: who", "q.yaml:11:5", ""},
      {"name: top", "name: low", "q.yaml:4:5", ""},
      {"    text: Who?\n", "", "q.yaml:6:5", ""},
      {"value: them", "value: us", "q.yaml:10:9", ""},
  };
  for (const Mistake& mistake : mistakes) {
    const auto parsed = Questionnaire::parse(with(mistake.from, mistake.to), "q.yaml");
    ASSERT_FALSE(parsed) << mistake.to;
    EXPECT_EQ(parsed.error().where, mistake.where) << parsed.error().describe();
    EXPECT_EQ(parsed.error().hint, mistake.hint) << parsed.error().describe();
  }
  EXPECT_FALSE(Questionnaire::parse("", "q.yaml"));
  EXPECT_FALSE(Questionnaire::parse("version: v\ntiers: []\nquestions: []\n", "q.yaml"));
}

}  // namespace
}  // namespace slipway::governance
