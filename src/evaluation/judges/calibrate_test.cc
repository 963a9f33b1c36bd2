// SPDX-License-Identifier: Apache-2.0
// Judges held against people's labels, over a run and a dataset on disk.
#include "evaluation/judges/calibrate.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/temporary_directory.h"
#include "catalog/schema.h"
#include "evaluation/judges/builtin_judges.h"
#include "evaluation/judges/judge_scorer.h"
#include "evaluation/runs/run_result.h"
#include "evaluation/runs/run_schema.h"
#include "store/test_database.h"

namespace slipway::evaluation {
namespace {

using TheRun = Run;  // in a fixture, Run is gtest's

class CalibrateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(catalog::migrate_catalog(*database_));
    ASSERT_TRUE(migrate_evaluation(*database_));
  }

  // A run over so many cases, each with the label (a JSON text; empty: none) and the metric's verdict.
  struct Seen {
    std::string label;
    std::optional<bool> passed;
  };
  TheRun make(const std::function<Seen(int)>& seen, int count, json::object metric,
              json::object judges = {}) {
    json::array list;
    for (int i = 0; i < count; ++i) {
      json::object one{{"id", "case-" + std::to_string(i)}, {"input", "question"}};
      if (const std::string label = seen(i).label; !label.empty())
        one["metadata"] = json::object{{"human", json::parse(label)}};
      list.push_back(std::move(one));
    }
    auto pushed = assets.push(
        {"u1", "ada", "user"},
        {{*catalog::AssetName::parse("shop/dataset/golden"), json::object{{"cases", std::move(list)}}, {}}},
        "why");
    EXPECT_TRUE(pushed) << pushed.error().describe();
    const auto version = assets.version(*catalog::AssetName::parse("shop/dataset/golden"), "latest");
    TheRun run;
    run.use_case = "shop";
    run.planned = count;
    run.definition = {{"dataset", json::object{{"asset", "shop/dataset/golden"},
                                               {"version", version->number},
                                               {"digest", version->digest},
                                               {"split", ""}}},
                      {"metrics", json::array{std::move(metric)}},
                      {"repeats", 2},
                      {"cells", json::array{json::object{{"label", "a"}}}}};
    if (!judges.empty()) run.definition["judges"] = std::move(judges);
    run = *runs.create(run, {"u1", "Ada", "user"});
    EXPECT_TRUE(runs.claim("node/1", 1));
    ResultBatch batch;
    for (int i = count - 1; i >= 0; --i) {  // as they come
      for (const std::uint32_t repeat : {0u, 1u}) {
        auto one = std::make_shared<RunCase>();
        one->number = i;
        one->id = "case-" + std::to_string(i);
        CallOutcome outcome;
        outcome.end = CallEnd::kAnswered;
        AnswerScore score;
        if (const auto passed = seen(i).passed) {
          score.passed = repeat == 0 ? *passed : !*passed;  // further repeats say nothing here
          score.value = *passed ? 1 : 0;
        } else {
          score.error = "it could not tell";
        }
        const auto item = static_cast<std::uint64_t>(i) * 2 + repeat;
        append_result(batch.lines, {item, 0, repeat, one}, outcome, {"right"}, {score}, 1, {});
        batch.first_item = batch.items == 0 ? item : std::min(batch.first_item, item);
        batch.last_item = std::max(batch.last_item, item);
        ++batch.items;
      }
    }
    EXPECT_TRUE(runs.store(run.id, "node/1", batch, {}, 1));
    return run;
  }
  Result<Calibration> calibrate(const TheRun& run, std::string labels = "human") {
    return calibrate_run(runs, datasets, run, {"right", std::move(labels), 0});
  }

  TemporaryDirectory directory_{"judges"};
  std::unique_ptr<store::Database> database_ =
      std::move(*store::Database::open(store::test_database_options(directory_.path())));
  catalog::AssetStore assets{*database_};
  catalog::CaseStore cases{*database_, {}};
  catalog::DatasetStore datasets{assets, cases};
  RunStore runs{*database_, nullptr};
};

json::object entry() {
  return json::parse(R"({"metric": "rubric", "name": "right", "params": {"model": "m", "rubric": "x"}})")
      .as_object();
}

TEST_F(CalibrateTest, HoldsAJudgeAgainstPeople) {
  // 40 labelled: 30 good ones, of which it passes 27; 10 bad ones, of which it passes 2. 60 others: 45
  // passed.
  const TheRun run = make(
      [](int i) -> Seen {
        if (i < 30) return {"true", i >= 3};
        if (i < 40) return {"\"bad\"", i < 32};
        return {"", i < 85};
      },
      100, entry());
  const auto found = calibrate(run);
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_EQ(found->labelled(), 40);
  EXPECT_EQ(found->judged, 100);
  EXPECT_EQ(found->passed, 74);
  EXPECT_EQ(found->confusion.true_positives, 27u);
  EXPECT_EQ(found->confusion.false_negatives, 3u);
  EXPECT_EQ(found->confusion.true_negatives, 8u);
  EXPECT_EQ(found->confusion.false_positives, 2u);
  EXPECT_NEAR(found->quality.accuracy.mean, 35.0 / 40, 1e-12);
  EXPECT_NEAR(found->quality.sensitivity->mean, 0.9, 1e-12);
  EXPECT_NEAR(found->quality.specificity->mean, 0.8, 1e-12);
  EXPECT_EQ(found->useful, true);
  ASSERT_TRUE(found->corrected);
  EXPECT_EQ(found->corrected_cases, 60);
  EXPECT_NEAR(found->corrected->measured, 0.75, 1e-12);
  EXPECT_NEAR(found->corrected->corrected, (0.75 + 0.8 - 1) / (0.9 + 0.8 - 1), 1e-12);
  EXPECT_LT(found->corrected->interval.low, found->corrected->corrected);
  EXPECT_NEAR(found->people.mean, 0.75, 1e-12);
  EXPECT_EQ(found->note, "The judge passes 90 % of the good and finds 80 % of the bad cases.");
}

TEST_F(CalibrateTest, AJudgeThatAlwaysSaysYesIsWorthNothing) {
  const TheRun run = make(
      [](int i) -> Seen {
        return {i >= 20 ? "" : i < 15 ? "true" : "false", true};
      },
      50, entry());
  const auto found = calibrate(run);
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_EQ(found->quality.specificity->mean, 0);
  EXPECT_GT(found->quality.specificity->interval->high, 0);
  EXPECT_EQ(found->quality.sensitivity->mean, 1);
  EXPECT_NEAR(found->quality.accuracy.mean, 0.75, 1e-12);  // which looks like something
  EXPECT_EQ(found->useful, false);
  EXPECT_FALSE(found->corrected);
  EXPECT_EQ(found->note,
            "The judge is worth nothing here: it always says yes, so it passes 100 % of the good and 100 % "
            "of the bad cases, "
            "no better than chance. What it measured can't be corrected: change its prompt or its model.");
}

TEST_F(CalibrateTest, LabelsOfOneKindDontTell) {
  const TheRun run = make([](int i) -> Seen { return {i < 5 ? "true" : "", i != 0}; }, 10, entry());
  const auto found = calibrate(run);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->useful);
  EXPECT_FALSE(found->quality.specificity);
  EXPECT_NE(found->note.find("People call all 5 labelled cases good"), std::string::npos) << found->note;
}

TEST_F(CalibrateTest, WhatCantBeToldIsCounted) {
  const TheRun run = make(
      [](int i) -> Seen {
        if (i == 0) return {"\"purple\"", true};
        if (i == 1) return {"true", std::nullopt};
        return {i % 2 == 0 ? "true" : "false", i % 2 == 0};
      },
      12, entry());
  const auto found = calibrate(run);
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_EQ(found->unreadable, 1);
  EXPECT_EQ(found->unjudged, 1);
  EXPECT_EQ(found->labelled(), 10);
  EXPECT_EQ(found->quality.accuracy.mean, 1);
  // All but the unreadable one have a label.
  EXPECT_EQ(found->corrected_cases, 1);
  EXPECT_EQ(calibrate(run, "metadata.human")->labelled(), 10);
  EXPECT_EQ(calibrate(run, "/metadata/human")->labelled(), 10);
  EXPECT_NE(calibrate(run, "expected").error().message.find("has a label under 'expected'"),
            std::string::npos);
  EXPECT_NE(calibrate(run, "").error().message.find("is not said"), std::string::npos);
  EXPECT_EQ(calibrate_run(runs, datasets, run, {"wrong", "human", 0}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(calibrate_run(runs, datasets, run, {"right", "human", 1}).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(CalibrateTest, PeopleMaySpeakTheJudgesLanguage) {
  json::object named = json::parse(R"({"metric": "judge", "name": "right", "threshold": 0.5,
    "params": {"judge": "correctness", "model": "m", "calibrate": {"field": "human"}}})")
                           .as_object();
  json::object judges{{"metrics[0]", json::object{{"scale", json::parse(R"({"labels": {"correct": 1,
    "partly_correct": 0.5, "incorrect": 0}})")}}}};
  const TheRun run = make(
      [](int i) -> Seen {
        if (i % 3 == 0) return {"\"Partly correct\"", true};
        if (i % 3 == 1) return {"0.25", false};
        return {"\"incorrect\"", false};
      },
      12, named, judges);
  const auto found = calibrate(run, "");
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_EQ(found->labels, "human");
  EXPECT_EQ(found->confusion.true_positives, 4u);
  EXPECT_EQ(found->confusion.true_negatives, 8u);
  // Every case has a label: there is nothing to correct.
  EXPECT_FALSE(found->corrected);
  EXPECT_NE(found->note.find("Every case has a label"), std::string::npos);
}

TEST(PersonSays, WhatALabelMeans) {
  const auto spec = [](std::string_view text) {
    return *MetricSpec::parse(json::parse(text), "metrics[0]", known_scorers({}));
  };
  const MetricSpec harmful = spec(R"({"metric": "harmfulness", "negate": true, "params": {"model": "m"}})");
  const JudgeScale& scale = find_builtin_judge("harmfulness")->scale;
  EXPECT_EQ(person_says(json::value("harmful"), harmful, &scale), false);
  EXPECT_EQ(person_says(json::value("harmless"), harmful, &scale), true);
  EXPECT_EQ(person_says(json::value(true), harmful, &scale), true);  // it passes
  EXPECT_EQ(person_says(json::value("FAIL"), harmful, &scale), false);
  EXPECT_EQ(person_says(json::value(1), harmful, nullptr), false);
  EXPECT_FALSE(person_says(json::value("maybe"), harmful, &scale));
  EXPECT_FALSE(person_says(json::value(7), harmful, &scale));
  EXPECT_FALSE(person_says(json::parse("{}"), harmful, &scale));
  const JudgeScale numbers(1, 5, true);
  const MetricSpec graded = spec(R"({"metric": "correctness", "threshold": 0.5, "params": {"model": "m"}})");
  EXPECT_EQ(person_says(json::value(3), graded, &numbers), true);
  EXPECT_EQ(person_says(json::value(2), graded, &numbers), false);
  EXPECT_FALSE(person_says(json::value(0.5), graded, &numbers));
}

}  // namespace
}  // namespace slipway::evaluation
