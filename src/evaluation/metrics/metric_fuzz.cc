// SPDX-License-Identifier: Apache-2.0
// Answers by hostile models against every metric, and schemas by careless people. The first line feed divides
// what is expected (or the schema) from the answer.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "evaluation/metrics/metric.h"

using namespace slipway;
using namespace slipway::evaluation;

namespace {

std::vector<MetricSpec> all_specs() {
  std::vector<MetricSpec> out;
  for (const auto& [name, factory] : programmatic_scorers()) {
    json::object entry = {{"metric", name}};
    json::object params;
    if (name == "regex") params["pattern"] = "(a|b)+c";
    if (name == "field_equals") params["field"] = "/a";
    if (name == "word_count" || name == "character_count") params["min"] = 1;
    if (name == "json_schema") params["schema"] = json::object{{"type", "object"}};
    if (name.starts_with("rouge")) params["stem"] = true;
    if (name == "json") params["anywhere"] = true;
    entry["params"] = std::move(params);
    auto spec = MetricSpec::parse(entry, "m");
    if (!spec) std::abort();
    out.push_back(std::move(*spec));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<MetricSpec> specs = all_specs();
  const std::string_view text(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 4'096));
  const std::size_t middle = std::min(text.find('\n'), text.size());
  const std::string_view before = text.substr(0, middle);
  const std::string_view answer = text.substr(std::min(middle + 1, text.size()));
  const json::value expected(before);
  const std::vector<std::string> found = {"a", std::string(before)};
  const std::vector<ToolCall> calls = {{std::string(before.substr(0, 8)), std::string(answer)}};
  const ToolSchemas tools;
  CaseView view;
  view.answer = answer;
  view.expected = &expected;
  view.retrieved = found;
  view.has_retrieved = true;
  view.tool_calls = calls;
  view.tools = &tools;
  view.finish_reason = "end";
  for (const MetricSpec& spec : specs) {
    const MetricScore score = spec.score(view);
    if (score.outcome != MetricOutcome::kScored) continue;
    if (!std::isfinite(score.value)) std::abort();
    if (spec.bounds() && !(score.value >= 0 && score.value <= 1 + 1e-9)) std::abort();
  }
  if (const auto schema = parse_json(before))
    if (const auto compiled = AnswerSchema::compile(*schema))
      if (const auto value = parse_json(answer)) static_cast<void>(compiled->check(*value));
  return 0;
}
