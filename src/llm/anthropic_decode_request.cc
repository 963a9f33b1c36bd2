// SPDX-License-Identifier: Apache-2.0
// A Messages request, read into the vocabulary.
#include "llm/anthropic_dialect.h"
#include "llm/anthropic_shapes.h"

namespace slipway::llm {

namespace {

using anthropic::kDialect;

Result<> decode_messages(Fields& fields, ChatRequest& request) {
  SLIPWAY_ASSIGN(const auto messages, fields.array("messages"));
  if (!messages || messages->empty()) return fields.bad("messages", "is required and must hold a message");
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const std::string path = indexed("messages", i);
    if (!(*messages)[i].is_object())
      return fail(ErrorCode::kInvalidArgument, path + " must be an object", path);
    Fields item((*messages)[i].get_object(), path);
    SLIPWAY_ASSIGN(const std::string role, item.required_string("role"));
    Message message;
    if (role == "assistant")
      message.role = Role::kAssistant;
    else if (role == "system")
      message.role = Role::kSystem;
    else if (role != "user")
      return item.bad("role", "must be user, assistant or system, but is '" + role + "'");
    SLIPWAY_ASSIGN(message.parts, anthropic::read_content(item.value("content"), item.path_of("content")));
    message.extra = item.rest();
    request.messages.push_back(std::move(message));
  }
  return {};
}

Result<> decode_tools(Fields& fields, ChatRequest& request) {
  SLIPWAY_ASSIGN(const auto tools, fields.array("tools"));
  for (std::size_t i = 0; tools && i < tools->size(); ++i) {
    const std::string path = indexed("tools", i);
    if (!(*tools)[i].is_object()) return fail(ErrorCode::kInvalidArgument, path + " must be an object", path);
    Fields item((*tools)[i].get_object(), path);
    SLIPWAY_ASSIGN(const std::string type, item.string_or_empty("type"));
    Tool tool;
    if (!type.empty() && type != "custom") {
      tool.kind = type;
      tool.raw = (*tools)[i].get_object();
      SLIPWAY_ASSIGN(tool.name, item.string_or_empty("name"));
      request.tools.push_back(std::move(tool));
      continue;
    }
    SLIPWAY_ASSIGN(tool.name, item.required_string("name"));
    SLIPWAY_ASSIGN(tool.description, item.string_or_empty("description"));
    SLIPWAY_ASSIGN(tool.strict, item.boolean("strict"));
    SLIPWAY_ASSIGN(auto schema, item.object("input_schema"));
    if (schema) tool.schema = std::move(*schema);
    if (const json::value mark = item.value("cache_control"); mark.is_object()) {
      CachePoint point;
      if (const json::value* ttl = mark.get_object().if_contains("ttl"); ttl != nullptr && ttl->is_string())
        point.ttl = view_of(ttl->get_string());
      tool.cache = std::move(point);
    }
    tool.raw = item.rest();
    request.tools.push_back(std::move(tool));
  }
  return {};
}

Result<> decode_tool_choice(Fields& fields, ChatRequest& request) {
  SLIPWAY_ASSIGN(auto object, fields.object("tool_choice"));
  if (!object) return {};
  Fields inner(std::move(*object), "tool_choice");
  SLIPWAY_ASSIGN(const std::string type, inner.required_string("type"));
  ToolChoice choice;
  if (type == "any") {
    choice.kind = ToolChoice::Kind::kRequired;
  } else if (type == "none") {
    choice.kind = ToolChoice::Kind::kNone;
  } else if (type == "tool") {
    choice.kind = ToolChoice::Kind::kNamed;
    SLIPWAY_ASSIGN(choice.name, inner.required_string("name"));
  } else if (type != "auto") {
    return inner.bad("type", "must be auto, any, tool or none, but is '" + type + "'");
  }
  SLIPWAY_ASSIGN(const auto serial, inner.boolean("disable_parallel_tool_use"));
  if (serial) request.parallel_tool_calls = !*serial;
  request.tool_choice = std::move(choice);
  return {};
}

Result<> decode_output_config(Fields& fields, ChatRequest& request, json::object& back) {
  SLIPWAY_ASSIGN(auto object, fields.object("output_config"));
  if (!object) return {};
  Fields inner(std::move(*object), "output_config");
  SLIPWAY_ASSIGN(request.reasoning.effort, inner.string_or_empty("effort"));
  SLIPWAY_ASSIGN(auto format, inner.object("format"));
  if (format) {
    Fields form(std::move(*format), "output_config.format");
    SLIPWAY_ASSIGN(const std::string type, form.required_string("type"));
    if (type != "json_schema") return form.bad("type", "must be json_schema, but is '" + type + "'");
    ResponseFormat out;
    out.kind = ResponseFormat::Kind::kJsonSchema;
    SLIPWAY_ASSIGN(auto schema, form.object("schema"));
    if (!schema) return form.bad("schema", "is required and must be an object");
    out.schema = std::move(*schema);
    request.response_format = std::move(out);
  }
  json::object rest = inner.rest();
  if (!rest.empty()) back["output_config"] = std::move(rest);
  return {};
}

}  // namespace

Result<ChatRequest> AnthropicDialect::decode_request(std::string_view body) const {
  SLIPWAY_ASSIGN(json::object object, parse_object(body));
  Fields fields(std::move(object), "");
  ChatRequest request;
  json::object back;
  request.dialect = kDialect;
  SLIPWAY_ASSIGN(request.model, fields.required_string("model"));
  SLIPWAY_ASSIGN(request.sampling.max_tokens, fields.integer("max_tokens"));
  if (!request.sampling.max_tokens) return fields.bad("max_tokens", "is required");
  SLIPWAY_ASSIGN(request.system, anthropic::read_content(fields.value("system"), "system"));
  SLIPWAY_TRY(decode_messages(fields, request));
  SLIPWAY_TRY(decode_tools(fields, request));
  SLIPWAY_TRY(decode_tool_choice(fields, request));
  SLIPWAY_TRY(decode_output_config(fields, request, back));
  SLIPWAY_ASSIGN(request.sampling.temperature, fields.number("temperature"));
  SLIPWAY_ASSIGN(request.sampling.top_p, fields.number("top_p"));
  SLIPWAY_ASSIGN(request.sampling.top_k, fields.integer("top_k"));
  SLIPWAY_ASSIGN(const auto stops, fields.array("stop_sequences"));
  if (stops)
    for (const json::value& stop : *stops) {
      if (!stop.is_string()) return fields.bad("stop_sequences", "must hold strings only");
      request.sampling.stop.emplace_back(view_of(stop.get_string()));
    }
  SLIPWAY_ASSIGN(auto thinking, fields.object("thinking"));
  if (thinking) {
    request.reasoning.raw = *thinking;
    Fields inner(std::move(*thinking), "thinking");
    SLIPWAY_ASSIGN(const std::string type, inner.required_string("type"));
    SLIPWAY_ASSIGN(request.reasoning.budget_tokens, inner.integer("budget_tokens"));
    if (type == "disabled") request.reasoning.budget_tokens = 0;
    if (type == "adaptive" && request.reasoning.effort.empty()) request.reasoning.effort = "high";
  }
  SLIPWAY_ASSIGN(const auto stream, fields.boolean("stream"));
  request.stream = stream.value_or(false);
  request.include_usage = true;  // this dialect's streams always tell
  SLIPWAY_ASSIGN(auto metadata, fields.object("metadata"));
  if (metadata) {
    Fields inner(std::move(*metadata), "metadata");
    SLIPWAY_ASSIGN(request.user, inner.string_or_empty("user_id"));
    request.metadata = inner.rest();
  }
  request.extra = fields.rest();
  for (auto& item : back) request.extra[item.key()] = std::move(item.value());
  return request;
}

}  // namespace slipway::llm
