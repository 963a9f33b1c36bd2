// SPDX-License-Identifier: Apache-2.0
// promptfoo's tests: variables become the input, the first assertion that names an answer what is expected;
// all assertions are kept in metadata.assert.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "catalog/case_shapes.h"

namespace slipway::catalog {

namespace {

constexpr std::size_t kCombinations = 1'000;

// Assertions whose value is what a good answer says.
constexpr std::array<std::string_view, 10> kNameAnswers = {
    "equals", "similar", "factuality", "model-graded-factuality", "levenshtein", "rouge-n",
    "bleu",   "gleu",    "meteor",     "context-recall"};
// Types of promptfoo's CSV that may be written as "type: value".
constexpr std::array<std::string_view, 34> kTypes = {"answer-relevance",
                                                     "bleu",
                                                     "contains",
                                                     "contains-all",
                                                     "contains-any",
                                                     "contains-json",
                                                     "cost",
                                                     "equals",
                                                     "factuality",
                                                     "gleu",
                                                     "icontains",
                                                     "icontains-all",
                                                     "icontains-any",
                                                     "is-json",
                                                     "is-refusal",
                                                     "javascript",
                                                     "latency",
                                                     "levenshtein",
                                                     "llm-rubric",
                                                     "meteor",
                                                     "model-graded-closedqa",
                                                     "model-graded-factuality",
                                                     "moderation",
                                                     "perplexity",
                                                     "python",
                                                     "regex",
                                                     "rouge-n",
                                                     "similar",
                                                     "starts-with",
                                                     "webhook",
                                                     "context-recall",
                                                     "context-relevance",
                                                     "context-faithfulness",
                                                     "g-eval"};

Error outside_file(std::string where) {
  return {ErrorCode::kInvalidArgument, "refers to a file beside it (file://…)", std::move(where),
          "Put its text here: a dataset is complete in itself."};
}

bool is_file(const json::value& value) {
  return value.is_string() && std::string_view(value.get_string()).starts_with("file://");
}

// What the configuration says of all tests stands behind what the test says itself.
void merge_defaults(json::object& test, const json::object& defaults) {
  for (const json::key_value_pair& member : defaults) {
    json::value* own = test.if_contains(member.key());
    if (own == nullptr) {
      test.emplace(member.key(), member.value());
    } else if (own->is_object() && member.value().is_object()) {
      for (const json::key_value_pair& inner : member.value().get_object())
        own->get_object().emplace(inner.key(), inner.value());
    } else if (own->is_array() && member.value().is_array()) {
      json::array all = member.value().get_array();
      for (json::value& item : own->get_array()) all.push_back(std::move(item));
      *own = std::move(all);
    }
  }
}

// A list as a variable's value stands for one test an item; several lists for all combinations.
Result<std::vector<json::object>> expand(const json::object& variables) {
  std::vector<json::object> all = {{}};
  for (const json::key_value_pair& variable : variables) {
    if (is_file(variable.value()))
      return fail(outside_file(fmt::format("vars.{}", std::string_view(variable.key()))));
    const json::array single = {variable.value()};
    const json::array& values = variable.value().is_array() && !variable.value().get_array().empty()
                                    ? variable.value().get_array()
                                    : single;
    if (all.size() * values.size() > kCombinations)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the lists of variables make more than {} tests", kCombinations), "vars",
                  "Write the tests one by one.");
    std::vector<json::object> more;
    for (const json::object& begun : all)
      for (const json::value& value : values) {
        json::object next = begun;
        next.insert_or_assign(variable.key(), value);
        more.push_back(std::move(next));
      }
    all = std::move(more);
  }
  return all;
}

json::value expected_of(const json::array& assertions) {
  for (const json::value& item : assertions) {
    const json::object* assertion = item.if_object();
    if (assertion == nullptr) continue;
    const json::value* type = assertion->if_contains("type");
    const json::value* value = assertion->if_contains("value");
    if (type == nullptr || value == nullptr || !type->is_string()) continue;
    if (std::ranges::find(kNameAnswers, std::string_view(type->get_string())) != kNameAnswers.end() &&
        !is_file(*value))
      return *value;
  }
  return nullptr;
}

}  // namespace

json::object promptfoo_assertion(std::string_view text) {
  text = trim(text);
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    std::string_view type = text.substr(0, colon);
    std::string_view parameter;
    if (const std::size_t open = type.find('('); open != std::string_view::npos && type.ends_with(')')) {
      parameter = type.substr(open + 1, type.size() - open - 2);
      type = type.substr(0, open);
    }
    std::string_view bare = type;
    if (bare.starts_with("not-")) bare.remove_prefix(4);
    const std::string_view value = trim(text.substr(colon + 1));
    if (bare == "grade" || bare == "fn" || bare == "eval" || bare == "re") {
      const std::string_view full = bare == "grade" ? "llm-rubric" : bare == "re" ? "regex" : "javascript";
      return {{"type", full}, {"value", value}};
    }
    if (std::ranges::find(kTypes, bare) != kTypes.end()) {
      json::object assertion{{"type", type}, {"value", value}};
      if (bare.starts_with("contains-a") || bare.starts_with("icontains-a")) {
        json::array words;
        for (const std::string_view word : split(value, ',')) words.emplace_back(trim(word));
        assertion["value"] = std::move(words);
      }
      if (!parameter.empty()) {
        auto threshold = parse_json(parameter);
        if (threshold && threshold->is_number()) assertion["threshold"] = std::move(*threshold);
      }
      return assertion;
    }
  }
  for (const std::string_view alone : {"is-json", "is-refusal", "contains-json", "not-is-refusal"})
    if (text == alone) return {{"type", alone}};
  return {{"type", "equals"}, {"value", text}};
}

Result<std::vector<json::object>> promptfoo_cases(json::object test, const json::object& defaults) {
  merge_defaults(test, defaults);
  json::value variables = test.contains("vars") ? std::move(test["vars"]) : json::value(json::object());
  test.erase("vars");
  if (is_file(variables)) return fail(outside_file("vars"));
  if (!variables.is_object()) return fail(ErrorCode::kInvalidArgument, "must be variables by name", "vars");
  json::object fields;
  json::object metadata;
  if (json::value* given = test.if_contains("metadata"); given != nullptr && given->is_object())
    metadata = std::move(given->get_object());
  test.erase("metadata");
  if (json::value* assertions = test.if_contains("assert"); assertions != nullptr && assertions->is_array())
    fields["expected"] = expected_of(assertions->get_array());
  for (json::key_value_pair& member : test)
    metadata.insert_or_assign(member.key(), std::move(member.value()));
  const json::value* options = metadata.if_contains("options");
  const json::value* whole = options != nullptr && options->is_object()
                                 ? options->get_object().if_contains("disableVarExpansion")
                                 : nullptr;
  std::vector<json::object> inputs = {variables.get_object()};
  if (whole == nullptr || !whole->is_bool() || !whole->get_bool()) {
    SLIPWAY_ASSIGN(inputs, expand(variables.get_object()));
  }
  fields["metadata"] = std::move(metadata);
  std::vector<json::object> cases;
  for (json::object& input : inputs) {
    json::object one = fields;
    one["input"] = std::move(input);
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace slipway::catalog
