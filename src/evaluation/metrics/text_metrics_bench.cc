// SPDX-License-Identifier: Apache-2.0
// What one case costs by each metric, compiled as an evaluation does: answers of a hundred words.
#include <benchmark/benchmark.h>

#include <array>

#include "evaluation/metrics/metric.h"

namespace slipway::evaluation {
namespace {

constexpr std::string_view kSentence =
    "Your parcel to Vienna takes three working days, and delivery is free from 50 EUR on; returns are "
    "possible within "
    "30 days. ";

struct World {
  std::string answer;
  std::string json_answer =
      R"({"page": "delivery", "confidence": 0.9, "items": [{"sku": "A-1", "count": 2}, {"sku": "B-2", "count": 1}]})";
  json::value expected;

  World() {
    for (int i = 0; i < 5; ++i) answer += kSentence;
    std::string reference = "A parcel takes three days. ";
    for (int i = 0; i < 4; ++i) reference += kSentence;
    expected = json::object{{"text", reference}, {"page", "delivery"}};
  }
};

void score(benchmark::State& state, std::string_view text, bool of_json) {
  const World world;
  const auto spec = MetricSpec::parse(json::parse(text), "metric");
  if (!spec) {
    state.SkipWithError(spec.error().describe().c_str());
    return;
  }
  CaseView view;
  view.answer = of_json ? world.json_answer : world.answer;
  view.expected = &world.expected;
  for (auto _ : state) benchmark::DoNotOptimize(spec->score(view));
}

constexpr std::array kMetrics = {
    R"({"metric": "equals", "params": {"expected": "text"}})",
    R"({"metric": "contains", "params": {"value": "thirty days", "ignore_case": true}})",
    R"({"metric": "contains_all", "params": {"values": ["parcel", "free", "Wien"]}})",
    R"({"metric": "regex", "params": {"pattern": "\\b\\d+ (days|weeks)\\b"}})",
    R"({"metric": "word_count", "params": {"max": 150}})",
    R"({"metric": "levenshtein", "params": {"expected": "text"}})",
    R"({"metric": "refusal", "negate": true})",
    R"({"metric": "language", "params": {"value": "en"}})",
    R"({"metric": "number", "params": {"value": 31}})",
    R"({"metric": "exact_match", "params": {"expected": "text"}})",
    R"({"metric": "token_f1", "params": {"expected": "text"}})",
    R"({"metric": "bleu", "params": {"expected": "text"}})",
    R"({"metric": "chrf", "params": {"expected": "text"}})",
    R"({"metric": "rouge_1", "params": {"expected": "text", "stem": true}})",
    R"({"metric": "rouge_l", "params": {"expected": "text", "stem": true}})",
    R"({"metric": "meteor", "params": {"expected": "text"}})",
    R"({"metric": "reading_ease"})",
    R"({"metric": "html"})",
    R"({"metric": "sql"})",
};
constexpr std::array kJsonMetrics = {
    R"({"metric": "json"})",
    R"({"metric": "field_equals", "params": {"field": "page"}})",
    R"({"metric": "json_schema", "params": {"schema": {"type": "object", "required": ["page", "items"], "properties": {
        "page": {"enum": ["delivery", "returns"]}, "confidence": {"minimum": 0, "maximum": 1},
        "items": {"type": "array", "items": {"type": "object", "required": ["sku"], "properties": {
            "sku": {"pattern": "^[A-Z]-\\d+$"}, "count": {"type": "integer", "minimum": 1}}}}}}}})",
};

std::string label(std::string_view text) {
  const json::value entry = json::parse(text);
  return std::string(entry.at("metric").as_string());
}

}  // namespace
}  // namespace slipway::evaluation

int main(int argc, char** argv) {
  using namespace slipway::evaluation;
  benchmark::Initialize(&argc, argv);
  for (const std::string_view text : kMetrics)
    benchmark::RegisterBenchmark(label(text).c_str(), score, text, false)->Unit(benchmark::kMicrosecond);
  for (const std::string_view text : kJsonMetrics)
    benchmark::RegisterBenchmark(label(text).c_str(), score, text, true)->Unit(benchmark::kMicrosecond);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
