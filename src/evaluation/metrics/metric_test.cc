// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/metric.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "evaluation/metrics/scorers.h"

namespace slipway::evaluation {
namespace {

// Everything that a view looks at.
struct World {
  std::string answer = "Delivery takes 3 days [delivery].";
  json::value expected = json::parse(R"({"text": "Delivery takes three days", "page": "delivery", "days": 3,
      "calls": [{"name": "order", "arguments": {"id": 1}}]})");
  std::vector<std::string> tags = {"delivery"};
  std::vector<ToolCall> calls = {{"order", R"({"id": 1})"}};
  ToolSchemas tools;
  std::vector<std::string> retrieved = {"orders", "delivery"};

  World() { tools.emplace("order", *AnswerSchema::compile(json::parse(R"({"type": "object"})"))); }
  [[nodiscard]] CaseView view() const {
    CaseView out;
    out.answer = answer;
    out.expected = &expected;
    out.tags = tags;
    out.split = "test";
    out.finish_reason = "end";
    out.tool_calls = calls;
    out.tools = &tools;
    out.retrieved = retrieved;
    out.has_retrieved = true;
    out.latency_s = 2.5;
    out.first_token_s = 0.5;
    out.output_tokens = 100;
    out.cost_usd = 0.01;
    return out;
  }
};

Result<MetricSpec> parse(std::string_view text) { return MetricSpec::parse(json::parse(text), "metrics[0]"); }

std::string wrong(std::string_view text) {
  const auto spec = parse(text);
  return spec ? std::string("nothing") : spec.error().describe();
}

// "0.5 passed", "error: …".
std::string scored(std::string_view text, const CaseView& view) {
  const auto spec = parse(text);
  if (!spec) return spec.error().describe();
  const MetricScore score = spec->score(view);
  if (score.outcome == MetricOutcome::kSkipped) return "skipped";
  if (score.outcome == MetricOutcome::kError) return "error: " + score.reason;
  EXPECT_FALSE(score.reason.empty());
  return fmt::format("{:.3g}{}", score.value, !score.passed ? "" : *score.passed ? " passed" : " failed");
}

TEST(Metric, EveryProgrammaticMetricScoresACase) {
  const World world;
  const std::pair<std::string_view, std::string_view> all[] = {
      {R"({"metric": "equals", "params": {"value": " Delivery takes 3 days [delivery]. "}})", "1 passed"},
      {R"({"metric": "equals", "params": {"expected": "text"}})", "0 failed"},
      {R"({"metric": "contains", "params": {"value": "DAYS", "ignore_case": true}})", "1 passed"},
      {R"({"metric": "contains", "params": {"text": "days"}})", "1 passed"},
      {R"({"metric": "contains_any", "params": {"values": ["weeks", "days"]}})", "1 passed"},
      {R"({"metric": "contains_all", "params": {"values": ["weeks", "days"]}})", "0.5 failed"},
      {R"({"metric": "starts_with", "params": {"value": "Delivery"}})", "1 passed"},
      {R"({"metric": "ends_with", "params": {"value": "days"}})", "0 failed"},
      {R"({"metric": "regex", "params": {"pattern": "\\d+ days"}})", "1 passed"},
      {R"({"metric": "word_count", "params": {"max": 10}})", "1 passed"},
      {R"({"metric": "character_count", "params": {"min": 100}})", "0 failed"},
      {R"({"metric": "levenshtein", "params": {"value": "Delivery takes 4 days [delivery]."}})", "0.97"},
      {R"({"metric": "refusal", "negate": true})", "1 passed"},
      {R"({"metric": "language", "params": {"value": "en", "unsure": "pass"}})", "1 passed"},
      {R"({"metric": "number", "params": {"expected": "days"}})", "1 passed"},
      {R"({"metric": "date", "params": {"value": "2026-01-01"}})", "0 failed"},
      {R"({"metric": "reading_ease", "params": {"min": 0}})", "15.6 passed"},
      {R"({"metric": "reading_grade"})", "12.3"},
      {R"({"metric": "exact_match", "params": {"expected": "text"}})", "0 failed"},
      {R"({"metric": "token_f1", "params": {"expected": "text"}, "threshold": 0.6})", "0.667 passed"},
      {R"({"metric": "token_f1", "params": {"expected": "text", "measure": "recall"}})", "0.75"},
      {R"({"metric": "bleu", "params": {"expected": "text"}})", "0.122"},
      {R"({"metric": "chrf", "params": {"expected": "text"}})", "0.595"},
      {R"({"metric": "chrf_plus_plus", "params": {"expected": "text"}})", "0.569"},
      {R"({"metric": "rouge_1", "params": {"expected": "text"}})", "0.667"},
      {R"({"metric": "rouge_2", "params": {"expected": "text"}})", "0.286"},
      {R"({"metric": "rouge_l", "params": {"expected": "text", "stem": true}})", "0.667"},
      {R"({"metric": "meteor", "params": {"expected": "text"}})", "0.341"},
      {R"({"metric": "json"})", "0 failed"},
      {R"({"metric": "json", "params": {"anywhere": true}})", "0 failed"},
      {R"({"metric": "json_schema", "params": {"schema": {}}})", "0 failed"},
      {R"({"metric": "field_equals", "params": {"field": "page"}})", "0 failed"},
      {R"({"metric": "xml"})", "0 failed"},
      {R"({"metric": "html"})", "0 failed"},
      {R"({"metric": "sql"})", "0 failed"},
      {R"({"metric": "finish_reason"})", "1 passed"},
      {R"({"metric": "tool_calls_valid"})", "1 passed"},
      {R"({"metric": "tool_calls", "params": {"expected": "calls"}, "threshold": 1})", "1 passed"},
      {R"({"metric": "precision_at_k", "params": {"expected": "page", "k": 2}})", "0.5"},
      {R"({"metric": "recall_at_k", "params": {"expected": "page", "k": 1}})", "0"},
      {R"({"metric": "reciprocal_rank", "params": {"expected": "page"}})", "0.5"},
      {R"({"metric": "ndcg", "params": {"expected": "page"}})", "0.631"},
      {R"({"metric": "retrieval_hit", "params": {"expected": "page"}})", "1 passed"},
      {R"({"metric": "citation_precision", "params": {"expected": "page"}})", "1"},
      {R"({"metric": "citation_recall", "params": {"expected": "page"}})", "1"},
      {R"({"metric": "latency", "params": {"max": 2}})", "2.5 failed"},
      {R"({"metric": "first_token", "params": {"max": 2}})", "0.5 passed"},
      {R"({"metric": "tokens_per_second"})", "50"},
      {R"({"metric": "cost", "params": {"max": 0.02}})", "0.01 passed"},
  };
  std::map<std::string, int, std::less<>> tried;
  for (const auto& [text, result] : all) {
    EXPECT_EQ(scored(text, world.view()), result) << text;
    if (const auto spec = parse(text)) ++tried[spec->metric()];
  }
  for (const auto& [name, factory] : programmatic_scorers()) EXPECT_TRUE(tried.contains(name)) << name;
}

TEST(Metric, WhatIsMissingIsAnErrorAndNoZero) {
  const World world;
  CaseView bare;
  bare.answer = "x";
  for (const std::string_view text :
       {R"({"metric": "equals"})", R"({"metric": "bleu"})", R"({"metric": "number"})",
        R"({"metric": "json_schema"})", R"({"metric": "field_equals", "params": {"field": "a"}})",
        R"({"metric": "finish_reason"})", R"({"metric": "tool_calls_valid"})", R"({"metric": "tool_calls"})",
        R"({"metric": "ndcg"})", R"({"metric": "citation_recall"})", R"({"metric": "latency"})",
        R"({"metric": "first_token"})", R"({"metric": "tokens_per_second"})", R"({"metric": "cost"})",
        R"({"metric": "language", "params": {"value": "en"}})"}) {
    const auto spec = parse(text);
    ASSERT_TRUE(spec) << text << spec.error().describe();
    const MetricScore score = spec->score(bare);
    EXPECT_EQ(score.outcome, MetricOutcome::kError) << text;
    EXPECT_FALSE(score.passed) << text;
    EXPECT_FALSE(score.reason.empty()) << text;
  }
  // A member that the case doesn't have, and one that is no text.
  EXPECT_EQ(scored(R"({"metric": "equals", "params": {"expected": "nope"}})", world.view()).substr(0, 53),
            "error: expected: what the case expects has no /nope. ");
  EXPECT_EQ(scored(R"({"metric": "equals"})", world.view()).substr(0, 41),
            "error: expected: what the case expects is");
}

TEST(Metric, SaysWhichFieldIsWrong) {
  EXPECT_EQ(wrong(R"({"metric": "equal"})"),
            "metrics[0].metric: there is no metric 'equal'. Did you mean 'equals'?");
  EXPECT_EQ(wrong(R"({"metric": "equals", "params": {"valu": "x"}})"),
            "metrics[0].params: there is no parameter 'valu' here. Did you mean 'value'?");
  EXPECT_EQ(wrong(R"({"metric": "json", "weigth": 1})"),
            "metrics[0]: there is no 'weigth' here. Did you mean 'weight'?");
  EXPECT_EQ(wrong(R"({"metric": "regex"})"), "metrics[0].params.pattern: is missing");
  EXPECT_EQ(wrong(R"x({"metric": "regex", "params": {"pattern": "("}})x").substr(0, 26),
            "metrics[0].params.pattern:");
  EXPECT_EQ(wrong(R"({"metric": "json_schema", "params": {"schema": {"type": "x"}}})"),
            "metrics[0].params.schema (schema /type): is no type");
  EXPECT_EQ(wrong(R"({"metric": "word_count", "params": {"min": 3, "max": 2}})"),
            "metrics[0].params.min: is more than max: nothing could pass");
  EXPECT_EQ(wrong(R"({"metric": "latency", "params": {"min": 3, "max": 2}})"),
            "metrics[0].params.min: is more than max: nothing could pass");
  const std::pair<std::string_view, std::string_view> more[] = {
      {R"({"metric": "contains", "params": {"value": ""}})", "metrics[0].params.value"},
      {R"({"metric": "equals", "params": {"value": "x", "expected": "y"}})", "metrics[0].params.expected"},
      {R"({"metric": "equals", "params": {"ignore_case": 1}})", "metrics[0].params.ignore_case"},
      {R"({"metric": "number", "params": {"absolute": -1}})", "metrics[0].params.absolute"},
      {R"({"metric": "number", "params": {"which": "second"}})", "metrics[0].params.which"},
      {R"({"metric": "bleu", "params": {"smoothing": "x"}})", "metrics[0].params.smoothing"},
      {R"({"metric": "sql", "params": {"dialect": "mysql"}})", "metrics[0].params.dialect"},
      {R"({"metric": "ndcg", "params": {"k": 1.5}})", "metrics[0].params.k"},
      {R"({"metric": "bleu", "threshold": 2})", "metrics[0].threshold"},
      {R"({"metric": "cost", "threshold": 0.5})", "metrics[0].threshold"},
      {R"({"metric": "json", "for": {"tag": []}})", "metrics[0].for"},
      {R"({"metric": "json", "weight": -1})", "metrics[0].weight"},
      {R"({"metric": "json", "params": []})", "metrics[0].params"},
      {R"({"metric": 1})", "metrics[0].metric"},
      {R"({"name": "x"})", "metrics[0]"},
      {R"({"metric": "json", "all": []})", "metrics[0]"},
      {R"({"all": [], "name": "x"})", "metrics[0].all"},
      {R"({"all": [{"metric": "json"}]})", "metrics[0].name"},
      {R"({"any": [{"metric": "json"}, {"metric": "bleu"}], "name": "x"})", "metrics[0].any[1]"},
      {R"({"any": [{"any": [{"any": [{"any": [{"any": [{"metric": "json"}], "name": "a"}], "name": "b"}], "name": "c"}], "name": "d"}], "name": "e"})",
       "metrics[0]"},
  };
  for (const auto& [text, where] : more) {
    const auto spec = parse(text);
    ASSERT_FALSE(spec) << text;
    EXPECT_EQ(spec.error().where, where) << text << spec.error().describe();
  }
}

TEST(Metric, SetsCombine) {
  const World world;
  const std::string yes = R"({"metric": "contains", "params": {"value": "days"}})";
  const std::string no = R"({"metric": "contains", "params": {"value": "weeks"}, "weight": 3})";
  const std::string error =
      R"({"metric": "citation_recall", "params": {"expected": "nope"}, "threshold": 1})";
  const auto set = [&](std::string_view kind, const std::string& a, const std::string& b,
                       std::string_view more = "") {
    return scored(fmt::format(R"({{"name": "x", "{}": [{}, {}]{}}})", kind, a, b, more), world.view());
  };
  EXPECT_EQ(set("all", yes, yes), "1 passed");
  EXPECT_EQ(set("all", yes, no), "0.25 failed");
  EXPECT_EQ(set("all", yes, no, R"(, "threshold": 0.2)"), "0.25 passed");
  EXPECT_EQ(set("all", yes, no, R"(, "negate": true)"), "0.75 passed");
  EXPECT_EQ(set("any", yes, no), "1 passed");
  EXPECT_EQ(set("any", no, no), "0 failed");
  EXPECT_EQ(set("all", yes, error).substr(0, 6), "error:");
  EXPECT_EQ(set("any", no, error).substr(0, 6), "error:");
  EXPECT_EQ(set("any", error, yes), "1 passed");
  EXPECT_EQ(set("all", R"({"metric": "latency", "params": {"max": 9}})", yes), "1 passed");
}

TEST(Metric, SlicesSkipOtherCases) {
  const World world;
  EXPECT_EQ(scored(R"({"metric": "json", "for": {"tags": ["refunds"]}})", world.view()), "skipped");
  EXPECT_EQ(scored(R"({"metric": "json", "for": {"tags": ["refunds", "delivery"]}})", world.view()),
            "0 failed");
  EXPECT_EQ(scored(R"({"metric": "json", "for": {"splits": ["train"]}})", world.view()), "skipped");
  EXPECT_EQ(scored(R"({"metric": "json", "for": {"splits": ["test"]}})", world.view()), "0 failed");
}

TEST(Metric, NoNumberIsNoScore) {
  ScorerFactories factories;
  double value = 0;
  factories["bad"] = factory_of([&](Params&) -> Result<std::shared_ptr<const Scorer>> {
    return make_scorer(ScoreKind::kShare,
                       [&](const CaseView&) -> Result<Score> { return Score{value, "x"}; });
  });
  const auto spec = MetricSpec::parse(json::parse(R"({"metric": "bad"})"), "m", factories);
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->score({}).outcome, MetricOutcome::kScored);
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    value = bad;
    EXPECT_EQ(spec->score({}).outcome, MetricOutcome::kError);
    EXPECT_EQ(spec->score({}).value, 0);
  }
}

TEST(Metric, ListsHaveUniqueNamesAndAWeightedScore) {
  const auto parsed = [](std::string_view text) { return parse_metrics(json::parse(text)); };
  EXPECT_EQ(parsed(R"([{"metric": "json"}, {"metric": "json"}])").error().where, "metrics[1]");
  EXPECT_FALSE(parsed("[]"));
  EXPECT_FALSE(parsed("{}"));
  const World world;
  const auto specs = parsed(R"([{"metric": "contains", "params": {"value": "days"}, "weight": 3},
                               {"metric": "json"}, {"metric": "latency", "weight": 9},
                               {"metric": "xml", "for": {"tags": ["none"]}, "weight": 9}])");
  ASSERT_TRUE(specs) << specs.error().describe();
  std::vector<MetricScore> scores;
  for (const MetricSpec& spec : *specs) scores.push_back(spec.score(world.view()));
  EXPECT_EQ(weighted_score(*specs, scores), 0.75);
  EXPECT_EQ(weighted_score({}, {}), std::nullopt);
  EXPECT_EQ((*specs)[2].bounds().has_value(), false);
  EXPECT_EQ((*specs)[1].bounds()->high, 1);
}

}  // namespace
}  // namespace slipway::evaluation
