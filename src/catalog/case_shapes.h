// SPDX-License-Identifier: Apache-2.0
// The shapes in which others write a case, as JSON objects, and what each becomes. Pure functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::catalog {

enum class CaseShape : std::uint8_t {
  kOwn,         // {"input", "expected", …}
  kEvals,       // OpenAI evals: {"input": [messages], "ideal"}
  kItem,        // OpenAI's Evals API: {"item": {…}}
  kChat,        // fine-tuning: {"messages": […]}
  kPreference,  // fine-tuning: {"input": {"messages"}, "preferred_output", "non_preferred_output"}
  kCompletion,  // {"prompt", "completion"}
  kBedrock,     // {"prompt", "referenceResponse", "category", "modelResponses"}
  kBedrockRag,  // {"conversationTurns": […]}
  kPromptfoo,   // {"vars": {…}, "assert": […]}
};

// "jsonl", "openai", "bedrock", "promptfoo".
std::string_view format_of(CaseShape shape);
// kInvalidArgument, with the members that decide, if it is none.
Result<CaseShape> shape_of(const json::object& object);
// Fields for make_case(); several where one test stands for several.
Result<std::vector<json::object>> fields_of(CaseShape shape, json::object object);

// promptfoo's tests. `defaults` is what a configuration says of all its tests (defaultTest).
Result<std::vector<json::object>> promptfoo_cases(json::object test, const json::object& defaults);
// An assertion as promptfoo's CSV writes it: "contains: Paris", "equals" where no type is named.
json::object promptfoo_assertion(std::string_view text);

}  // namespace slipway::catalog
