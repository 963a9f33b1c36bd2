// SPDX-License-Identifier: Apache-2.0
// The tool calls of an answer: whether they can be carried out, and how far they are the expected ones. Pure
// functions; any thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "evaluation/metrics/answer_schema.h"
#include "evaluation/metrics/text_metrics.h"

namespace slipway::evaluation {

struct ToolCall {
  std::string name;
  std::string arguments;  // JSON text, as the model wrote it
};

// The schemas of the tools' arguments by name, compiled.
using ToolSchemas = std::map<std::string, AnswerSchema, std::less<>>;

// 1 if every call names a known tool and its arguments are JSON that fits the tool's schema. No call at all:
// 0 with `required`, else 1.
Result<Score> score_tool_calls_valid(std::span<const ToolCall> calls, const ToolSchemas& tools,
                                     bool required);

// Calls matched one to one, F1 of what matched: equal names count kNameShare, equal arguments the rest, each
// argument by its share (JSON values as in same_json). With `ordered`, only calls in the expected order match
// (longest common subsequence by weight). No calls on either side: 1. At most kToolCalls calls.
struct ToolMatch {
  bool arguments = true;  // false: names only
  bool ordered = false;
  double tolerance = 0;  // of numbers
};
inline constexpr double kNameShare = 0.5;
inline constexpr std::size_t kToolCalls = 200;
Result<Score> score_tool_calls(std::span<const ToolCall> calls, std::span<const ToolCall> expected,
                               const ToolMatch& options);

// `[{"name": …, "arguments": {…}}]`, also OpenAI's `{"function": {"name", "arguments": "…"}}` and Anthropic's
// `{"name", "input"}`. kInvalidArgument for anything else.
Result<std::vector<ToolCall>> tool_calls_from_json(const json::value& value);

}  // namespace slipway::evaluation
