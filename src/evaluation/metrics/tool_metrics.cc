// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/tool_metrics.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "evaluation/metrics/structure_metrics.h"

namespace slipway::evaluation {

namespace {

// A call with its arguments read; an object for none, null where they are no JSON.
struct ReadCall {
  std::string_view name;
  json::value arguments;
};

std::vector<ReadCall> read_calls(std::span<const ToolCall> calls) {
  std::vector<ReadCall> out;
  for (const ToolCall& call : calls) {
    if (trim(call.arguments).empty()) {
      out.push_back({call.name, json::object()});
      continue;
    }
    auto parsed = parse_json(call.arguments);
    out.push_back({call.name, parsed ? std::move(*parsed) : json::value()});
  }
  return out;
}

// How far the arguments are the same, 0…1.
double argument_share(const json::value& a, const json::value& b, double tolerance) {
  if (same_json(a, b, tolerance)) return 1;
  if (!a.is_object() || !b.is_object()) return 0;
  std::size_t same = 0;
  for (const json::key_value_pair& member : a.get_object()) {
    const json::value* other = b.get_object().if_contains(member.key());
    if (other != nullptr && same_json(member.value(), *other, tolerance)) ++same;
  }
  const std::size_t all = a.get_object().size() + b.get_object().size() - same;
  // As many as both have, of all that either has.
  return all == 0 ? 1 : static_cast<double>(same) / static_cast<double>(all);
}

double similarity(const ReadCall& a, const ReadCall& b, const ToolMatch& options) {
  if (a.name != b.name) return 0;
  if (!options.arguments) return 1;
  return kNameShare + (1 - kNameShare) * argument_share(a.arguments, b.arguments, options.tolerance);
}

using Table = std::vector<std::vector<double>>;

double best_in_order(const Table& weights, std::size_t rows, std::size_t columns) {
  Table best(rows + 1, std::vector<double>(columns + 1));
  for (std::size_t i = 1; i <= rows; ++i)
    for (std::size_t j = 1; j <= columns; ++j)
      best[i][j] = std::max({best[i - 1][j], best[i][j - 1], best[i - 1][j - 1] + weights[i - 1][j - 1]});
  return best[rows][columns];
}

// The best pairs first, as a reader would pair them; their sum is not always the greatest there is.
double best_in_any_order(Table weights) {
  double sum = 0;
  while (true) {
    double best = 0;
    std::size_t row = 0;
    std::size_t column = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      for (std::size_t j = 0; j < weights[i].size(); ++j) {
        if (weights[i][j] <= best) continue;
        best = weights[i][j];
        row = i;
        column = j;
      }
    }
    if (best <= 0) return sum;
    sum += best;
    std::ranges::fill(weights[row], 0);
    for (auto& one : weights) one[column] = 0;
  }
}

std::string text_member(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || !value->is_string() ? std::string() : std::string(value->get_string());
}

}  // namespace

Result<Score> score_tool_calls_valid(std::span<const ToolCall> calls, const ToolSchemas& tools,
                                     bool required) {
  if (calls.empty()) return verdict(!required, "No tool was called.", "No tool was called.");
  for (const ToolCall& call : calls) {
    const auto tool = tools.find(call.name);
    if (tool == tools.end()) return Score{0, fmt::format("There is no tool '{}'.", ellipsize(call.name, 80))};
    const auto arguments =
        trim(call.arguments).empty() ? Result<json::value>(json::object()) : parse_json(call.arguments);
    if (!arguments)
      return Score{
          0, fmt::format("The arguments of '{}' are no JSON: {}.", call.name, arguments.error().describe())};
    SLIPWAY_ASSIGN(const std::string problem, tool->second.check(*arguments));
    if (!problem.empty()) return Score{0, fmt::format("In the arguments of '{}' {}.", call.name, problem)};
  }
  return Score{1,
               fmt::format("{} tool call{} can be carried out.", calls.size(), calls.size() == 1 ? "" : "s")};
}

Result<Score> score_tool_calls(std::span<const ToolCall> calls, std::span<const ToolCall> expected,
                               const ToolMatch& options) {
  if (calls.size() > kToolCalls || expected.size() > kToolCalls)
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("{} tool calls are not compared", std::max(calls.size(), expected.size())),
                "tool_calls", fmt::format("At most {} are", kToolCalls));
  if (calls.empty() && expected.empty()) return Score{1, "No tool was to be called."};
  const std::vector<ReadCall> ours = read_calls(calls);
  const std::vector<ReadCall> theirs = read_calls(expected);
  Table weights(ours.size(), std::vector<double>(theirs.size()));
  for (std::size_t i = 0; i < ours.size(); ++i)
    for (std::size_t j = 0; j < theirs.size(); ++j) weights[i][j] = similarity(ours[i], theirs[j], options);
  const double matched = options.ordered ? best_in_order(weights, ours.size(), theirs.size())
                                         : best_in_any_order(std::move(weights));
  const double value = 2 * matched / static_cast<double>(ours.size() + theirs.size());
  if (value >= 1) return Score{1, "The tool calls are as expected."};
  const auto missing = std::ranges::find_if(theirs, [&](const ReadCall& call) {
    return std::ranges::find(ours, call.name, &ReadCall::name) == ours.end();
  });
  if (missing != theirs.end())
    return Score{value, fmt::format("'{}' was not called.", ellipsize(missing->name, 80))};
  return Score{value, fmt::format("{} tool calls against {} expected ones agree by {:.0f} %.", calls.size(),
                                  expected.size(), value * 100)};
}

Result<std::vector<ToolCall>> tool_calls_from_json(const json::value& value) {
  const json::array list = value.is_array() ? value.get_array() : json::array{value};
  std::vector<ToolCall> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::object* call = list[i].if_object();
    if (call != nullptr && call->contains("function")) call = call->at("function").if_object();
    ToolCall read;
    if (call != nullptr) read.name = text_member(*call, "name");
    if (read.name.empty())
      return fail(ErrorCode::kInvalidArgument, "is no tool call: it has no name",
                  fmt::format("expected[{}]", i), "Write {\"name\": …, \"arguments\": {…}}");
    const json::value* arguments = call->if_contains("arguments");
    if (arguments == nullptr) arguments = call->if_contains("input");
    if (arguments != nullptr && arguments->is_string())
      read.arguments = arguments->get_string();
    else if (arguments != nullptr)
      read.arguments = json::serialize(*arguments);
    out.push_back(std::move(read));
  }
  return out;
}

}  // namespace slipway::evaluation
