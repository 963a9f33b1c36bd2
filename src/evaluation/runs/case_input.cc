// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/case_input.h"

#include <fmt/format.h>

#include <utility>

namespace slipway::evaluation {

namespace {

json::array one_message(json::value content) {
  return {json::object{{"role", "user"}, {"content", std::move(content)}}};
}

}  // namespace

Result<json::object> call_of_input(const json::value& input,
                                   const std::vector<llm::PromptVariable>& variables) {
  if (input.is_array()) return json::object{{"messages", input}};
  if (input.is_object()) {
    json::object values = input.get_object();
    json::object call;
    if (const auto found = values.find("messages"); found != values.end() && found->value().is_array()) {
      call["messages"] = std::move(found->value());
      values.erase(found);
    }
    call["variables"] = std::move(values);
    return call;
  }
  std::vector<std::string> needed;
  for (const llm::PromptVariable& one : variables)
    if (one.required && !one.fallback) needed.push_back(one.name);
  if (needed.empty()) return json::object{{"messages", one_message(input)}};
  if (needed.size() == 1) return json::object{{"variables", json::object{{needed.front(), input}}}};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("the prompt needs {} variables ({}, {}, …), and the case's input is a text",
                          needed.size(), needed[0], needed[1]),
              "input", "Write the input as an object with the variables by name.");
}

Result<json::array> messages_of_input(const json::value& input) {
  if (input.is_array()) return input.get_array();
  if (input.is_string()) return one_message(input);
  if (input.is_object()) {
    const json::object& object = input.get_object();
    if (const json::value* messages = object.if_contains("messages");
        messages != nullptr && messages->is_array())
      return messages->get_array();
    if (object.size() == 1 && object.begin()->value().is_string())
      return one_message(object.begin()->value());
  }
  return fail(ErrorCode::kInvalidArgument, "a model without a prompt can't take variables by name", "input",
              "Evaluate a prompt that has these variables, or write the input as a text or messages.");
}

}  // namespace slipway::evaluation
