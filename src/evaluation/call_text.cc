// SPDX-License-Identifier: Apache-2.0
#include "evaluation/call_text.h"

#include <string>

#include "base/text.h"

namespace slipway::evaluation {

namespace {

std::optional<json::object> parse_object(std::string_view text) {
  auto value = parse_json(text);
  if (!value || !value->is_object()) return std::nullopt;
  return std::move(value->get_object());
}

bool is_role(const json::object& message, std::string_view wanted) {
  const json::value* role = message.if_contains("role");
  return role != nullptr && role->is_string() && std::string_view(role->get_string()) == wanted;
}

// Parts that are all texts are one text.
json::value plain_content(json::value content) {
  if (!content.is_array()) return content;
  std::string all;
  for (const json::value& part : content.get_array()) {
    const json::object* object = part.if_object();
    const json::value* text = object == nullptr ? nullptr : object->if_contains("text");
    if (text == nullptr || !text->is_string()) return content;
    if (!all.empty()) all += '\n';
    all += std::string_view(text->get_string());
  }
  return json::value(all);
}

std::optional<json::value> messages_of(json::object& body) {
  json::value* given = body.if_contains("messages");
  if (given == nullptr || !given->is_array()) return std::nullopt;
  json::array messages;
  if (json::value* system = body.if_contains("system"); system != nullptr && !system->is_null())
    messages.push_back(json::object{{"role", "system"}, {"content", plain_content(std::move(*system))}});
  for (json::value& message : given->get_array()) {
    if (!message.is_object()) return std::nullopt;
    if (json::value* content = message.get_object().if_contains("content")) {
      json::value plain = plain_content(std::move(*content));
      *content = std::move(plain);
    }
    messages.push_back(std::move(message));
  }
  if (messages.empty()) return std::nullopt;
  if (messages.size() == 1 && is_role(messages[0].get_object(), "user"))
    if (const json::value* content = messages[0].get_object().if_contains("content");
        content != nullptr && content->is_string())
      return *content;
  return json::value(std::move(messages));
}

std::optional<json::value> non_empty(json::value value) {
  if (value.is_null() || (value.is_string() && value.get_string().empty())) return std::nullopt;
  return value;
}

std::optional<json::value> answer_of_object(json::object body) {
  if (json::value* choices = body.if_contains("choices"); choices != nullptr && choices->is_array() &&
                                                          !choices->get_array().empty() &&
                                                          choices->get_array()[0].is_object()) {
    json::value* message = choices->get_array()[0].get_object().if_contains("message");
    if (message == nullptr || !message->is_object()) return std::nullopt;
    json::object& answer = message->get_object();
    if (const json::value* tools = answer.if_contains("tool_calls");
        tools != nullptr && tools->is_array() && !tools->get_array().empty()) {
      answer.erase("role");
      return json::value(std::move(answer));
    }
    json::value* content = answer.if_contains("content");
    return content == nullptr ? std::nullopt : non_empty(plain_content(std::move(*content)));
  }
  if (json::value* content = body.if_contains("content"))
    return non_empty(plain_content(std::move(*content)));
  if (json::value* text = body.if_contains("output_text")) return non_empty(std::move(*text));
  return std::nullopt;
}

std::optional<json::value> answer_of_stream(std::string_view body) {
  std::string all;
  for (const std::string_view line : split(body, '\n')) {
    if (!line.starts_with("data:")) continue;
    const auto event = parse_object(trim(line.substr(5)));
    if (!event) continue;
    const json::value* text = nullptr;
    if (const json::value* choices = event->if_contains("choices");
        choices != nullptr && choices->is_array() && !choices->get_array().empty()) {
      const json::object* choice = choices->get_array()[0].if_object();
      const json::value* delta = choice == nullptr ? nullptr : choice->if_contains("delta");
      if (delta != nullptr && delta->is_object()) text = delta->get_object().if_contains("content");
    } else if (const json::value* delta = event->if_contains("delta")) {
      text = delta->is_object() ? delta->get_object().if_contains("text") : delta;
    }
    if (text != nullptr && text->is_string()) all += std::string_view(text->get_string());
  }
  return non_empty(json::value(all));
}

}  // namespace

std::optional<json::value> asked(std::string_view request_body) {
  auto body = parse_object(request_body);
  if (!body) return std::nullopt;
  if (const json::value* variables = body->if_contains("variables");
      variables != nullptr && variables->is_object() && !variables->get_object().empty())
    return *variables;
  if (auto messages = messages_of(*body)) return messages;
  for (const std::string_view name : {"input", "prompt"})
    if (json::value* text = body->if_contains(name); text != nullptr &&
                                                     (text->is_string() || text->is_array()) &&
                                                     !(text->is_string() && text->get_string().empty())) {
      if (text->is_array() && (text->get_array().empty() || !text->get_array()[0].is_object()))
        return std::nullopt;  // embeddings of many texts, or tokens
      return std::move(*text);
    }
  return std::nullopt;
}

std::optional<json::value> answered(std::string_view response_body) {
  const std::string_view body = trim(response_body);
  if (!body.starts_with('{')) return answer_of_stream(body);
  auto object = parse_object(body);
  return object ? answer_of_object(std::move(*object)) : std::nullopt;
}

}  // namespace slipway::evaluation
