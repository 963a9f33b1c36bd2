// SPDX-License-Identifier: Apache-2.0
// Judges of an evaluation against a catalogue: what is pinned, what is refused, what can be asked.
#include "evaluation/judges/judge_plan.h"

#include <gtest/gtest.h>

#include "base/temporary_directory.h"
#include "catalog/schema.h"
#include "evaluation/judges/builtin_judges.h"
#include "store/test_database.h"

namespace slipway::evaluation {
namespace {

using catalog::AssetName;

class JudgePlanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(catalog::migrate_catalog(*database_));
    push("shop/model/careful",
         R"({"connection": "fake", "model": "large", "parameters": {"temperature": 0.5}})");
    push("shop/model/quick", R"({"connection": "fake", "model": "small"})");
    push("shared/model/house", R"({"connection": "other", "model": "large"})");
    push("shop/prompt/mine", R"({"model": "careful", "variables": {"question": {}, "answer": {}},
      "messages": [{"role": "user", "content": "Is {{answer}} right for {{question}}?"}]})");
  }
  void push(std::string_view name, std::string_view content) {
    auto pushed = assets.push({"u1", "ada", "user"},
                              {{*AssetName::parse(name), json::parse(content).as_object(), {}}}, "why");
    ASSERT_TRUE(pushed) << pushed.error().describe();
    for (const catalog::Problem& problem : pushed->problems)
      ADD_FAILURE() << problem.path << ": " << problem.message;
  }
  Result<json::object> plan(std::string_view metrics) {
    return plan_judges(assets, *AssetName::parse("shop/evaluation/golden"), json::parse(metrics));
  }
  std::string problem(std::string_view metrics) {
    const auto planned = plan(metrics);
    return planned ? "nothing"
                   : std::string(to_string(planned.error().code)) + " " + planned.error().describe();
  }

  TemporaryDirectory directory_{"judges"};
  std::unique_ptr<store::Database> database_ =
      std::move(*store::Database::open(store::test_database_options(directory_.path())));
  catalog::AssetStore assets{*database_};
};

TEST_F(JudgePlanTest, PinsModelsAndTheBuiltInPromptWordForWord) {
  const auto planned =
      plan(R"([{"metric": "equals"}, {"metric": "correctness", "params": {"model": "careful", "votes": 3}},
      {"name": "both", "all": [{"metric": "json"}, {"metric": "pairwise", "threshold": 0.5,
        "params": {"models": ["quick", "shared/model/house"], "parameters": {"temperature": 0}}}]}])");
  ASSERT_TRUE(planned) << planned.error().describe();
  ASSERT_EQ(planned->size(), 2u);
  const json::object& first = planned->at("metrics[1]").as_object();
  EXPECT_EQ(first.at("judge"), "correctness");
  EXPECT_EQ(first.at("calls"), 3);
  EXPECT_EQ(first.at("cells").at(0).at("judge"), "shop/model/careful:1");
  EXPECT_EQ(first.at("cells").at(0).at("models").at("judge").at("version"), 1);
  EXPECT_TRUE(
      first.at("cells").at(0).at("models").at("judge").at("digest").as_string().starts_with("sha256:"));
  EXPECT_EQ(first.at("content"), json::value(*builtin_prompt(*find_builtin_judge("correctness"))));
  EXPECT_EQ(planned->at("metrics[2].all[1]").at("calls"), 4);  // two models, both orders
  const json::object definition{{"judges", *planned}};
  EXPECT_EQ(judge_calls(definition), 7u);
  // A later version of the model changes nothing.
  push("shop/model/careful", R"({"connection": "fake", "model": "larger"})");
  const auto panels = load_judges(assets, definition);
  ASSERT_TRUE(panels) << panels.error().describe();
  const JudgePanel& panel = panels->at("metrics[1]");
  ASSERT_EQ(panel.targets.size(), 1u);
  EXPECT_EQ(panel.targets[0].pace, "fake/large");
  EXPECT_EQ(panel.scale.labels().front().name, "correct");
  EXPECT_EQ(panel.scale.labels().front().means, "everything that was asked for is right");
  const JudgePanel& two = panels->at("metrics[2].all[1]");
  ASSERT_EQ(two.targets.size(), 2u);
  EXPECT_EQ(two.targets[1].pace, "other/large");
  const auto rendered = two.targets[0].prompt->program->render(
      0, json::parse(R"({"variables": {"first": "a", "second": "b", "mark": "m", "scale": {}}})").as_object(),
      "small");
  ASSERT_TRUE(rendered) << rendered.error().describe();
  EXPECT_EQ(json::parse(*rendered).at("temperature"), 0);
  EXPECT_EQ(json::parse(*rendered).at("response_format").at("json_schema").at("name"), "verdict");
}

TEST_F(JudgePlanTest, PinsAPromptOfOnesOwn) {
  const auto planned = plan(R"([{"metric": "judge", "params": {"prompt": "mine"}},
      {"metric": "grounded", "judge": "mine", "params": {"models": ["quick", "careful"], "scale": {"min": 1, "max": 5}}}])");
  ASSERT_TRUE(planned) << planned.error().describe();
  push("shop/prompt/mine",
       R"({"model": "quick", "messages": [{"role": "user", "content": "Something else"}]})");
  const auto panels = load_judges(assets, {{"judges", *planned}});
  ASSERT_TRUE(panels) << panels.error().describe();
  const JudgePanel& own = panels->at("metrics[0]");
  EXPECT_EQ(planned->at("metrics[0]").at("cells").at(0).at("prompt").at("version"), 1);
  EXPECT_EQ(own.targets.at(0).name, "shop/model/careful:1");  // the prompt's own model
  EXPECT_EQ(own.scale.labels().front().name, "yes");
  const auto rendered = own.targets[0].prompt->program->render(
      0, json::parse(R"({"variables": {"question": "Q", "answer": "A"}})").as_object(), "m");
  ASSERT_TRUE(rendered);
  EXPECT_EQ(json::parse(*rendered).at("messages").at(0).at("content"), "Is A right for Q?");
  EXPECT_EQ(json::parse(*rendered).at("response_format").at("json_schema").at("schema"),
            own.scale.answer_schema());
  const JudgePanel& two = panels->at("metrics[1]");
  ASSERT_EQ(two.targets.size(), 2u);
  EXPECT_EQ(two.targets[0].pace, "fake/small");
  EXPECT_EQ(two.scale.value_of(3), 0.5);
}

TEST_F(JudgePlanTest, AProviderWithoutStructuredOutputIsNotSentASchema) {
  const auto planned =
      plan(R"([{"metric": "coherence", "params": {"model": "careful", "structured": false}}])");
  ASSERT_TRUE(planned) << planned.error().describe();
  const auto panels = load_judges(assets, {{"judges", *planned}});
  ASSERT_TRUE(panels);
  const auto rendered =
      panels->at("metrics[0]")
          .targets[0]
          .prompt->program->render(
              0, json::parse(R"({"variables": {"mark": "m", "scale": {"labelled": true}}})").as_object(),
              "m");
  ASSERT_TRUE(rendered) << rendered.error().describe();
  EXPECT_EQ(rendered->find("response_format"), std::string::npos);
  EXPECT_NE(rendered->find("Answer with nothing but JSON"), std::string::npos);
}

TEST_F(JudgePlanTest, ItsOwnOutputIsKept) {
  push("shop/prompt/scored", R"({"model": "careful", "messages": [{"role": "user", "content": "Well?"}],
    "output": {"schema": {"type": "object", "properties": {"why": {"type": "string"}, "score": {"type": "integer", "enum": [0, 1]}}}}})");
  const auto planned = plan(R"([{"metric": "faithfulness", "judge": "scored"}])");
  ASSERT_TRUE(planned) << planned.error().describe();
  const auto panels = load_judges(assets, {{"judges", *planned}});
  ASSERT_TRUE(panels);
  EXPECT_EQ(panels->at("metrics[0]").scale.kind(), ScoreKind::kVerdict);
  const auto rendered = panels->at("metrics[0]").targets[0].prompt->program->render(0, {}, "m");
  EXPECT_NE(rendered->find(R"("why")"), std::string::npos) << *rendered;
  push("shop/prompt/odd", R"({"model": "careful", "messages": [{"role": "user", "content": "Well?"}],
    "output": {"schema": {"type": "object", "properties": {"colour": {"type": "string"}}}}})");
  EXPECT_EQ(problem(R"([{"metric": "judge", "params": {"prompt": "odd"}}])"),
            "invalid_argument metrics[0].params.prompt: the prompt's output has neither a label nor a score. "
            "Give its schema a "
            "member label or score, or leave the output to the judge");
  push("shop/prompt/labelled", R"({"model": "careful", "messages": [{"role": "user", "content": "Well?"}],
    "output": {"schema": {"type": "object", "properties": {"label": {"enum": ["fine", "poor"]}}}}})");
  EXPECT_EQ(problem(R"([{"metric": "judge", "params": {"prompt": "labelled"}}])").substr(0, 43),
            "invalid_argument metrics[0].params.scale: w");
  EXPECT_EQ(
      problem(
          R"([{"metric": "judge", "params": {"prompt": "labelled", "scale": {"labels": {"fine": 1, "poor": 0}}}}])"),
      "nothing");
}

TEST_F(JudgePlanTest, SaysWhatCantBeAskedAndWhere) {
  EXPECT_EQ(problem(R"([{"metric": "equals"}])"), "nothing");
  EXPECT_EQ(problem(R"([{"metric": "equals"}, {"metric": "correctness"}])"),
            "invalid_argument metrics[1].params.model: no model judges. Name a model asset, as in {model: "
            "careful}");
  EXPECT_EQ(problem(R"([{"metric": "correctness", "params": {"model": "carefull"}}])").substr(0, 44),
            "invalid_argument metrics[0].params.model: th");
  EXPECT_EQ(
      problem(R"([{"metric": "correctness", "params": {"models": ["careful", "nobody"]}}])").substr(0, 47),
      "invalid_argument metrics[0].params.models[1]: t");
  EXPECT_EQ(problem(R"([{"name": "s", "any": [{"metric": "judge", "params": {"prompt": "nowhere"}}]}])")
                .substr(0, 52),
            "invalid_argument metrics[0].any[0].params.prompt: th");
  EXPECT_EQ(
      problem(R"([{"metric": "correctness", "params": {"model": "other/model/careful"}}])").substr(0, 42),
      "invalid_argument metrics[0].params.model: ");
  push("shop/prompt/unknown", R"({"model": "careful", "variables": {"questoin": {}},
    "messages": [{"role": "user", "content": "{{questoin}}"}]})");
  EXPECT_EQ(problem(R"([{"metric": "judge", "params": {"prompt": "unknown"}}])"),
            "invalid_argument metrics[0].params.prompt: the judge's prompt needs the variable 'questoin', "
            "which judges know "
            "nothing of. Did you mean 'question'?");
}

}  // namespace
}  // namespace slipway::evaluation
