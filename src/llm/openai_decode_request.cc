// SPDX-License-Identifier: Apache-2.0
// A chat request in OpenAI's shape, read into the vocabulary.
#include <algorithm>

#include "llm/fields.h"
#include "llm/openai_dialect.h"
#include "llm/openai_shapes.h"

namespace slipway::llm {

namespace {

using openai::kDialect;

// Two ways to mark a cache point: OpenAI's own, and Anthropic's, which tools put into OpenAI's shape.
// The mark itself stays among the unknown fields, so that it reaches OpenAI's own kind as it was written.
std::optional<CachePoint> cache_point(const Fields& fields) {
  for (const std::string_view key : {"cache_control", "prompt_cache_breakpoint"}) {
    const json::value* mark = fields.peek(key);
    if (mark == nullptr || !mark->is_object()) continue;
    CachePoint point;
    if (const json::value* ttl = mark->get_object().if_contains("ttl"); ttl != nullptr && ttl->is_string())
      point.ttl = view_of(ttl->get_string());
    return point;
  }
  return std::nullopt;
}

Result<Part> decode_part(const json::value& value, const std::string& path) {
  if (!value.is_object())
    return fail(ErrorCode::kInvalidArgument, path + " must be an object with a type", path);
  Fields fields(value.get_object(), path);
  SLIPWAY_ASSIGN(const std::string type, fields.required_string("type"));
  Part part;
  part.cache = cache_point(fields);
  if (type == "text" || type == "input_text") {
    SLIPWAY_ASSIGN(std::string text, fields.required_string("text"));
    part.body = TextPart{std::move(text), {}};
  } else if (type == "refusal") {
    SLIPWAY_ASSIGN(std::string text, fields.required_string("refusal"));
    part.body = RefusalPart{std::move(text)};
  } else if (type == "image_url") {
    ImagePart image;
    // Some clients send the URL bare.
    if (const json::value bare = fields.value("image_url"); bare.is_string()) {
      if (!openai::split_data_url(view_of(bare.get_string()), image.source))
        image.source.url = view_of(bare.get_string());
    } else if (bare.is_object()) {
      Fields inner(bare.get_object(), fields.path_of("image_url"));
      SLIPWAY_ASSIGN(const std::string url, inner.required_string("url"));
      if (!openai::split_data_url(url, image.source)) image.source.url = url;
      SLIPWAY_ASSIGN(image.detail, inner.string_or_empty("detail"));
    } else {
      return fields.bad("image_url", "must be an object with a url");
    }
    part.body = std::move(image);
  } else if (type == "input_audio") {
    SLIPWAY_ASSIGN(auto audio, fields.object("input_audio"));
    if (!audio) return fields.bad("input_audio", "is required and must be an object");
    Fields inner(std::move(*audio), fields.path_of("input_audio"));
    AudioPart out;
    SLIPWAY_ASSIGN(out.source.data, inner.required_string("data"));
    SLIPWAY_ASSIGN(const std::string format, inner.string_or_empty("format"));
    out.source.media_type = format == "mp3" ? "audio/mpeg" : "audio/" + (format.empty() ? "wav" : format);
    part.body = std::move(out);
  } else if (type == "file") {
    SLIPWAY_ASSIGN(auto file, fields.object("file"));
    if (!file) return fields.bad("file", "is required and must be an object");
    Fields inner(std::move(*file), fields.path_of("file"));
    DocumentPart document;
    SLIPWAY_ASSIGN(document.name, inner.string_or_empty("filename"));
    SLIPWAY_ASSIGN(document.source.file_id, inner.string_or_empty("file_id"));
    SLIPWAY_ASSIGN(const std::string data, inner.string_or_empty("file_data"));
    if (!data.empty() && !openai::split_data_url(data, document.source)) {
      document.source.data = data;
      document.source.media_type = "application/pdf";
    }
    part.body = std::move(document);
  } else {
    part.cache.reset();
    part.body = OpaquePart{std::string(kDialect), value.get_object()};
    return part;
  }
  part.extra = fields.rest();
  return part;
}

// A string, an array of parts, or nothing.
Result<std::vector<Part>> decode_content(const json::value& content, const std::string& path) {
  std::vector<Part> parts;
  if (content.is_null()) return parts;
  if (content.is_string()) {
    parts.push_back(Part::of_text(std::string(view_of(content.get_string()))));
    return parts;
  }
  if (!content.is_array())
    return fail(ErrorCode::kInvalidArgument, path + " must be a string or an array of parts", path);
  for (std::size_t i = 0; i < content.get_array().size(); ++i) {
    SLIPWAY_ASSIGN(Part part, decode_part(content.get_array()[i], indexed(path, i)));
    parts.push_back(std::move(part));
  }
  return parts;
}

Result<> decode_tool_calls(Fields& fields, std::vector<Part>& parts) {
  SLIPWAY_ASSIGN(const auto calls, fields.array("tool_calls"));
  for (std::size_t i = 0; calls && i < calls->size(); ++i) {
    const std::string path = indexed(fields.path_of("tool_calls"), i);
    if (!(*calls)[i].is_object()) return fail(ErrorCode::kInvalidArgument, path + " must be an object", path);
    Fields call((*calls)[i].get_object(), path);
    Part part;
    ToolCallPart out;
    SLIPWAY_ASSIGN(out.id, call.string_or_empty("id"));
    SLIPWAY_ASSIGN(const auto type, call.string("type"));
    out.kind = type.value_or("function");
    const bool custom = out.kind == "custom";
    SLIPWAY_ASSIGN(auto function, call.object(custom ? "custom" : "function"));
    if (!function) return call.bad(custom ? "custom" : "function", "is required and must be an object");
    Fields inner(std::move(*function), call.path_of(custom ? "custom" : "function"));
    SLIPWAY_ASSIGN(out.name, inner.required_string("name"));
    SLIPWAY_ASSIGN(out.arguments, inner.string_or_empty(custom ? "input" : "arguments"));
    part.cache = cache_point(call);
    part.body = std::move(out);
    part.extra = call.rest();
    parts.push_back(std::move(part));
  }
  SLIPWAY_ASSIGN(auto legacy, fields.object("function_call"));
  if (legacy) {
    Fields inner(std::move(*legacy), fields.path_of("function_call"));
    ToolCallPart out;
    SLIPWAY_ASSIGN(out.name, inner.required_string("name"));
    SLIPWAY_ASSIGN(out.arguments, inner.string_or_empty("arguments"));
    out.id = out.name;  // function results refer to it by name
    parts.emplace_back().body = std::move(out);
  }
  return {};
}

Result<Message> decode_message(const json::value& value, const std::string& path) {
  if (!value.is_object()) return fail(ErrorCode::kInvalidArgument, path + " must be an object", path);
  Fields fields(value.get_object(), path);
  SLIPWAY_ASSIGN(const std::string role, fields.required_string("role"));
  Message message;
  std::optional<CachePoint> cache = cache_point(fields);
  SLIPWAY_ASSIGN(auto content, decode_content(fields.value("content"), fields.path_of("content")));
  if (role == "tool" || role == "function") {
    message.role = Role::kTool;
    ToolResultPart result;
    SLIPWAY_ASSIGN(result.call_id, fields.string_or_empty(role == "tool" ? "tool_call_id" : "name"));
    if (result.call_id.empty()) return fields.bad(role == "tool" ? "tool_call_id" : "name", "is required");
    result.content = std::move(content);
    message.parts.emplace_back().body = std::move(result);
  } else if (role == "assistant") {
    message.role = Role::kAssistant;
    openai::read_thinking_blocks(fields.value("thinking_blocks"), message.parts);
    SLIPWAY_ASSIGN(std::string reasoning, fields.string_or_empty("reasoning_content"));
    if (!reasoning.empty() && message.parts.empty())
      message.parts.emplace_back().body = ReasoningPart{std::move(reasoning), {}, {}};
    std::ranges::move(content, std::back_inserter(message.parts));
    SLIPWAY_ASSIGN(std::string refusal, fields.string_or_empty("refusal"));
    if (!refusal.empty()) message.parts.emplace_back().body = RefusalPart{std::move(refusal)};
    SLIPWAY_ASSIGN(auto audio, fields.object("audio"));
    if (audio) {
      Fields inner(std::move(*audio), fields.path_of("audio"));
      AudioPart part;
      SLIPWAY_ASSIGN(part.id, inner.required_string("id"));
      message.parts.emplace_back().body = std::move(part);
    }
    SLIPWAY_TRY(decode_tool_calls(fields, message.parts));
  } else if (role == "user" || role == "system" || role == "developer") {
    message.role = role == "user" ? Role::kUser : role == "system" ? Role::kSystem : Role::kDeveloper;
    message.parts = std::move(content);
  } else {
    return fields.bad("role", "must be system, developer, user, assistant or tool, but is '" + role + "'");
  }
  if (cache && !message.parts.empty()) message.parts.back().cache = std::move(cache);
  SLIPWAY_ASSIGN(message.name, fields.string_or_empty("name"));
  message.extra = fields.rest();
  return message;
}

Result<> decode_messages(Fields& fields, ChatRequest& request) {
  SLIPWAY_ASSIGN(const auto messages, fields.array("messages"));
  if (!messages || messages->empty()) return fields.bad("messages", "is required and must hold a message");
  for (std::size_t i = 0; i < messages->size(); ++i) {
    SLIPWAY_ASSIGN(Message message, decode_message((*messages)[i], indexed("messages", i)));
    const bool instruction = message.role == Role::kSystem || message.role == Role::kDeveloper;
    if (instruction && request.messages.empty() && message.name.empty() && message.extra.empty()) {
      if (request.system.empty()) request.system_role = message.role;
      std::ranges::move(message.parts, std::back_inserter(request.system));
      continue;
    }
    request.messages.push_back(std::move(message));
  }
  return {};
}

Result<> decode_tools(Fields& fields, ChatRequest& request) {
  SLIPWAY_ASSIGN(const auto tools, fields.array("tools"));
  for (std::size_t i = 0; tools && i < tools->size(); ++i) {
    const std::string path = indexed("tools", i);
    if (!(*tools)[i].is_object()) return fail(ErrorCode::kInvalidArgument, path + " must be an object", path);
    Fields outer((*tools)[i].get_object(), path);
    SLIPWAY_ASSIGN(const std::string type, outer.required_string("type"));
    Tool tool;
    if (type != "function") {
      tool.kind = type;
      tool.raw = (*tools)[i].get_object();
      request.tools.push_back(std::move(tool));
      continue;
    }
    SLIPWAY_ASSIGN(auto function, outer.object("function"));
    if (!function) return outer.bad("function", "is required and must be an object");
    tool.cache = cache_point(outer);
    Fields inner(std::move(*function), outer.path_of("function"));
    SLIPWAY_ASSIGN(tool.name, inner.required_string("name"));
    SLIPWAY_ASSIGN(tool.description, inner.string_or_empty("description"));
    SLIPWAY_ASSIGN(tool.strict, inner.boolean("strict"));
    SLIPWAY_ASSIGN(auto schema, inner.object("parameters"));
    if (schema) tool.schema = std::move(*schema);
    tool.raw = inner.rest();
    request.tools.push_back(std::move(tool));
  }
  return {};
}

// What the vocabulary can't say (allowed_tools, custom) stays where it is and travels with the unknown
// fields.
Result<> decode_tool_choice(Fields& fields, ChatRequest& request, json::object& back) {
  json::value choice = fields.value("tool_choice");
  if (choice.is_null()) return {};
  ToolChoice out;
  if (choice.is_string()) {
    const std::string_view word = view_of(choice.get_string());
    if (word == "none") {
      out.kind = ToolChoice::Kind::kNone;
    } else if (word == "required" || word == "any") {
      out.kind = ToolChoice::Kind::kRequired;
    } else if (word != "auto") {
      return fields.bad("tool_choice", "must be none, auto, required or an object");
    }
    request.tool_choice = out;
    return {};
  }
  if (!choice.is_object()) return fields.bad("tool_choice", "must be a string or an object");
  const json::value* function = choice.get_object().if_contains("function");
  if (function == nullptr || !function->is_object()) {
    back["tool_choice"] = std::move(choice);
    return {};
  }
  Fields inner(function->get_object(), fields.path_of("tool_choice.function"));
  out.kind = ToolChoice::Kind::kNamed;
  SLIPWAY_ASSIGN(out.name, inner.required_string("name"));
  request.tool_choice = std::move(out);
  return {};
}

Result<> decode_response_format(Fields& fields, ChatRequest& request) {
  SLIPWAY_ASSIGN(auto format, fields.object("response_format"));
  if (!format) return {};
  Fields outer(std::move(*format), fields.path_of("response_format"));
  SLIPWAY_ASSIGN(const std::string type, outer.required_string("type"));
  ResponseFormat out;
  if (type == "json_object") {
    out.kind = ResponseFormat::Kind::kJson;
  } else if (type == "json_schema") {
    out.kind = ResponseFormat::Kind::kJsonSchema;
    SLIPWAY_ASSIGN(auto schema, outer.object("json_schema"));
    if (!schema) return outer.bad("json_schema", "is required and must be an object");
    Fields inner(std::move(*schema), outer.path_of("json_schema"));
    SLIPWAY_ASSIGN(out.name, inner.string_or_empty("name"));
    SLIPWAY_ASSIGN(out.description, inner.string_or_empty("description"));
    SLIPWAY_ASSIGN(out.strict, inner.boolean("strict"));
    SLIPWAY_ASSIGN(auto body, inner.object("schema"));
    if (body) out.schema = std::move(*body);
  } else if (type != "text") {
    return outer.bad("type", "must be text, json_object or json_schema, but is '" + type + "'");
  }
  request.response_format = std::move(out);
  return {};
}

Result<> decode_sampling(Fields& fields, Sampling& out) {
  SLIPWAY_ASSIGN(out.temperature, fields.number("temperature"));
  SLIPWAY_ASSIGN(out.top_p, fields.number("top_p"));
  SLIPWAY_ASSIGN(out.top_k, fields.integer("top_k"));
  SLIPWAY_ASSIGN(const auto old_name, fields.integer("max_tokens"));
  SLIPWAY_ASSIGN(out.max_tokens, fields.integer("max_completion_tokens"));
  if (!out.max_tokens && old_name) {
    out.max_tokens = old_name;
    out.max_tokens_by_old_name = true;
  }
  SLIPWAY_ASSIGN(out.seed, fields.integer("seed"));
  SLIPWAY_ASSIGN(out.frequency_penalty, fields.number("frequency_penalty"));
  SLIPWAY_ASSIGN(out.presence_penalty, fields.number("presence_penalty"));
  SLIPWAY_ASSIGN(out.logprobs, fields.boolean("logprobs"));
  SLIPWAY_ASSIGN(out.top_logprobs, fields.integer("top_logprobs"));
  SLIPWAY_ASSIGN(out.n, fields.integer("n"));
  const json::value stop = fields.value("stop");
  if (stop.is_string()) {
    out.stop.emplace_back(view_of(stop.get_string()));
  } else if (stop.is_array()) {
    for (const json::value& word : stop.get_array()) {
      if (!word.is_string()) return fields.bad("stop", "must hold strings only");
      out.stop.emplace_back(view_of(word.get_string()));
    }
  } else if (!stop.is_null()) {
    return fields.bad("stop", "must be a string or an array of strings");
  }
  return {};
}

}  // namespace

Result<ChatRequest> OpenAiDialect::decode_request(std::string_view body) const {
  SLIPWAY_ASSIGN(json::object object, parse_object(body));
  Fields fields(std::move(object), "");
  ChatRequest request;
  json::object back;
  request.dialect = kDialect;
  SLIPWAY_ASSIGN(request.model, fields.required_string("model"));
  SLIPWAY_TRY(decode_messages(fields, request));
  SLIPWAY_TRY(decode_tools(fields, request));
  SLIPWAY_TRY(decode_tool_choice(fields, request, back));
  SLIPWAY_TRY(decode_response_format(fields, request));
  SLIPWAY_TRY(decode_sampling(fields, request.sampling));
  SLIPWAY_ASSIGN(request.parallel_tool_calls, fields.boolean("parallel_tool_calls"));
  SLIPWAY_ASSIGN(request.reasoning.effort, fields.string_or_empty("reasoning_effort"));
  SLIPWAY_ASSIGN(const auto stream, fields.boolean("stream"));
  request.stream = stream.value_or(false);
  SLIPWAY_ASSIGN(auto options, fields.object("stream_options"));
  if (options) {
    Fields inner(std::move(*options), "stream_options");
    SLIPWAY_ASSIGN(const auto include, inner.boolean("include_usage"));
    request.include_usage = include.value_or(false);
    json::object rest = inner.rest();
    if (!rest.empty()) back["stream_options"] = std::move(rest);
  }
  SLIPWAY_ASSIGN(request.user, fields.string_or_empty("user"));
  SLIPWAY_ASSIGN(auto metadata, fields.object("metadata"));
  if (metadata) request.metadata = std::move(*metadata);
  request.extra = fields.rest();
  for (auto& item : back) request.extra[item.key()] = std::move(item.value());
  return request;
}

}  // namespace slipway::llm
