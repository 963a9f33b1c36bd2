// SPDX-License-Identifier: Apache-2.0
#include "llm/request_tokens.h"

#include "llm/json_writer.h"

namespace slipway::llm {

namespace {

std::string_view text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return value->get_string();
}

const json::object* object_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_array();
}

void count_content(ChatCounter& counter, const json::value& content) {
  if (content.is_string()) {
    counter.text(content.get_string());
  } else if (content.is_array()) {
    for (const json::value& part : content.get_array()) {
      if (!part.is_object()) continue;
      counter.text(text_of(part.get_object(), "text"));
      if (part.get_object().contains("image_url")) counter.image();
    }
  }
}

void count_message(ChatCounter& counter, const json::object& message) {
  counter.message(text_of(message, "role"), text_of(message, "name"));
  if (const json::value* content = message.if_contains("content")) count_content(counter, *content);
  const json::array* calls = array_of(message, "tool_calls");
  if (calls == nullptr) return;
  for (const json::value& call : *calls) {
    const json::object* function = call.is_object() ? object_of(call.get_object(), "function") : nullptr;
    if (function != nullptr) counter.tool_call(text_of(*function, "name"), text_of(*function, "arguments"));
  }
}

}  // namespace

TokenEstimate count_chat_request(std::string_view model, const json::object& request) {
  ChatCounter counter(model);
  const json::array* messages = array_of(request, "messages");
  if (messages == nullptr) return {};
  for (const json::value& message : *messages)
    if (message.is_object()) count_message(counter, message.get_object());
  if (const json::array* tools = array_of(request, "tools")) {
    for (const json::value& tool : *tools) {
      const json::object* function = tool.is_object() ? object_of(tool.get_object(), "function") : nullptr;
      if (function == nullptr) continue;
      const json::value* parameters = function->if_contains("parameters");
      counter.tool(text_of(*function, "name"), text_of(*function, "description"),
                   parameters == nullptr ? std::string() : to_json_text(*parameters));
    }
  }
  return counter.total();
}

}  // namespace slipway::llm
