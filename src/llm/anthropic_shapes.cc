// SPDX-License-Identifier: Apache-2.0
#include "llm/anthropic_shapes.h"

#include <algorithm>

#include "llm/dialect.h"
#include "llm/openai_scan.h"

namespace slipway::llm::anthropic {

namespace {

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(view_of(value->get_string())) : std::string();
}

std::int64_t count_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return -1;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  return !error && number >= 0 && number <= kMaxPlausibleTokens ? number : -1;
}

const json::object* object_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

}  // namespace

StopReason stop_reason(std::string_view word) {
  if (word == "end_turn") return StopReason::kEnd;
  if (word == "stop_sequence") return StopReason::kStopSequence;
  if (word == "max_tokens" || word == "model_context_window_exceeded") return StopReason::kMaxTokens;
  if (word == "tool_use") return StopReason::kToolCalls;
  if (word == "pause_turn") return StopReason::kPause;
  if (word == "refusal") return StopReason::kRefusal;
  return StopReason::kUnknown;
}

std::string_view stop_reason_word(StopReason stop, std::string_view raw) {
  switch (stop) {
    case StopReason::kEnd:
    case StopReason::kMalformed: return "end_turn";
    case StopReason::kStopSequence: return "stop_sequence";
    case StopReason::kMaxTokens:
      return raw == "model_context_window_exceeded" ? "model_context_window_exceeded" : "max_tokens";
    case StopReason::kToolCalls: return "tool_use";
    case StopReason::kPause: return "pause_turn";
    case StopReason::kContentFilter:
    case StopReason::kRefusal: return "refusal";
    case StopReason::kUnknown: break;
  }
  return raw.empty() ? "end_turn" : raw;
}

Usage read_usage(const json::value& value) {
  Usage usage;
  if (!value.is_object()) return usage;
  const json::object& object = value.get_object();
  usage.input = count_at(object, "input_tokens");
  usage.cache_read = count_at(object, "cache_read_input_tokens");
  usage.cache_write = count_at(object, "cache_creation_input_tokens");
  if (const json::object* written = object_at(object, "cache_creation"))
    usage.cache_write_1h = count_at(*written, "ephemeral_1h_input_tokens");
  usage.output = count_at(object, "output_tokens");
  if (const json::object* details = object_at(object, "output_tokens_details")) {
    const std::int64_t thinking = count_at(*details, "thinking_tokens");
    if (thinking >= 0 && thinking <= usage.output) {
      usage.reasoning = thinking;
      usage.output -= thinking;
    }
  }
  return usage;
}

void write_usage(JsonWriter& out, const Usage& usage) {
  const auto known = [](std::int64_t count) { return std::max<std::int64_t>(count, 0); };
  out.begin_object();
  out.member("input_tokens", known(usage.input) + known(usage.audio_input));
  out.member("cache_creation_input_tokens", known(usage.cache_write));
  out.member("cache_read_input_tokens", known(usage.cache_read));
  out.member("output_tokens", known(usage.total_output()));
  if (usage.cache_write_1h >= 0) {
    out.key("cache_creation");
    out.begin_object();
    out.member("ephemeral_5m_input_tokens", known(known(usage.cache_write) - usage.cache_write_1h));
    out.member("ephemeral_1h_input_tokens", usage.cache_write_1h);
    out.end_object();
  }
  if (usage.reasoning >= 0) {
    out.key("output_tokens_details");
    out.begin_object();
    out.member("thinking_tokens", usage.reasoning);
    out.end_object();
  }
  out.end_object();
}

Citation read_citation(const json::object& object) {
  Citation citation;
  citation.raw = object;
  const std::string type = text_at(object, "type");
  citation.cited_text = text_at(object, "cited_text");
  citation.title = text_at(object, "document_title");
  if (citation.title.empty()) citation.title = text_at(object, "title");
  citation.url = text_at(object, "url");
  citation.document = count_at(object, "document_index");
  if (type == "char_location") {
    citation.kind = "char";
    citation.start = count_at(object, "start_char_index");
    citation.end = count_at(object, "end_char_index");
  } else if (type == "page_location") {
    citation.kind = "page";
    citation.start = count_at(object, "start_page_number");
    citation.end = count_at(object, "end_page_number");
  } else if (type == "content_block_location") {
    citation.kind = "block";
    citation.start = count_at(object, "start_block_index");
    citation.end = count_at(object, "end_block_index");
  } else if (type == "web_search_result_location") {
    citation.kind = "web";
  } else if (type == "search_result_location") {
    citation.kind = "search_result";
    citation.url = text_at(object, "source");
    citation.document = count_at(object, "search_result_index");
    citation.start = count_at(object, "start_block_index");
    citation.end = count_at(object, "end_block_index");
  } else {
    citation.kind = type;
  }
  return citation;
}

void write_citation(JsonWriter& out, const Citation& citation) {
  if (citation.raw.contains("type") && citation.kind != "url") return out.object(citation.raw);
  // From a provider with another form: what fits everywhere is a link with the text that it supports.
  out.begin_object();
  out.member("type", "web_search_result_location");
  out.member("cited_text", citation.cited_text);
  out.member("encrypted_index", "");
  out.member("title", citation.title);
  out.member("url", citation.url);
  out.end_object();
}

ProviderError read_error(const json::value& value, int status) {
  ProviderError error;
  error.http_status = status;
  error.error_class = status == 0 ? ErrorClass::kServerError : error_class_of_status(status);
  if (!value.is_object()) return error;
  const json::object& object = value.get_object();
  error.type = text_at(object, "type");
  error.message = text_at(object, "message");
  if (const json::object* details = object_at(object, "details"))
    error.code = text_at(*details, "error_code");
  if (error.type == "invalid_request_error" || error.type == "request_too_large")
    error.error_class = ErrorClass::kInvalidRequest;
  else if (error.type == "authentication_error")
    error.error_class = ErrorClass::kAuthentication;
  else if (error.type == "permission_error")
    error.error_class = ErrorClass::kPermission;
  else if (error.type == "not_found_error")
    error.error_class = ErrorClass::kNotFound;
  else if (error.type == "rate_limit_error" || error.type == "billing_error")
    error.error_class = ErrorClass::kRateLimited;
  else if (error.type == "overloaded_error")
    error.error_class = ErrorClass::kOverloaded;
  else if (error.type == "timeout_error")
    error.error_class = ErrorClass::kTimeout;
  else if (error.type == "api_error")
    error.error_class = ErrorClass::kServerError;
  return error;
}

void write_error(JsonWriter& out, const ProviderError& error) {
  const auto type = [&error]() -> std::string_view {
    switch (error.error_class) {
      case ErrorClass::kInvalidRequest:
      case ErrorClass::kContentFilter: return "invalid_request_error";
      case ErrorClass::kAuthentication: return "authentication_error";
      case ErrorClass::kPermission: return "permission_error";
      case ErrorClass::kNotFound: return "not_found_error";
      case ErrorClass::kRateLimited: return "rate_limit_error";
      case ErrorClass::kOverloaded: return "overloaded_error";
      case ErrorClass::kTimeout: return "timeout_error";
      case ErrorClass::kServerError: break;
    }
    return "api_error";
  };
  out.begin_object();
  out.member("type", "error");
  out.key("error");
  out.begin_object();
  out.member("type", type());
  out.member("message", error.message);
  out.end_object();
  out.end_object();
}

namespace {

std::optional<CachePoint> cache_point(Fields& fields) {
  const json::value mark = fields.value("cache_control");
  if (!mark.is_object()) return std::nullopt;
  return CachePoint{text_at(mark.get_object(), "ttl")};
}

Result<MediaSource> read_source(Fields& fields) {
  SLIPWAY_ASSIGN(auto object, fields.object("source"));
  if (!object) return fields.bad("source", "is required and must be an object");
  Fields inner(std::move(*object), fields.path_of("source"));
  MediaSource source;
  SLIPWAY_ASSIGN(const std::string type, inner.required_string("type"));
  SLIPWAY_ASSIGN(source.media_type, inner.string_or_empty("media_type"));
  if (type == "base64") {
    SLIPWAY_ASSIGN(source.data, inner.required_string("data"));
  } else if (type == "text") {
    SLIPWAY_ASSIGN(source.text, inner.required_string("data"));
  } else if (type == "url") {
    SLIPWAY_ASSIGN(source.url, inner.required_string("url"));
  } else if (type == "file") {
    SLIPWAY_ASSIGN(source.file_id, inner.required_string("file_id"));
  } else {
    return inner.bad("type", "must be base64, text, url or file, but is '" + type + "'");
  }
  return source;
}

}  // namespace

Result<Part> read_block(const json::value& value, const std::string& path) {
  if (!value.is_object())
    return fail(ErrorCode::kInvalidArgument, path + " must be an object with a type", path);
  Fields fields(value.get_object(), path);
  SLIPWAY_ASSIGN(const std::string type, fields.required_string("type"));
  Part part;
  part.cache = cache_point(fields);
  if (type == "text") {
    TextPart text;
    SLIPWAY_ASSIGN(text.text, fields.required_string("text"));
    SLIPWAY_ASSIGN(const auto citations, fields.array("citations"));
    if (citations)
      for (const json::value& citation : *citations)
        if (citation.is_object()) text.citations.push_back(read_citation(citation.get_object()));
    part.body = std::move(text);
  } else if (type == "image") {
    ImagePart image;
    SLIPWAY_ASSIGN(image.source, read_source(fields));
    part.body = std::move(image);
  } else if (type == "document") {
    DocumentPart document;
    if (const json::value* source = fields.peek("source");
        source != nullptr && source->is_object() && text_at(source->get_object(), "type") == "content") {
      part.cache.reset();
      part.body = OpaquePart{std::string(kDialect), value.get_object()};
      return part;
    }
    SLIPWAY_ASSIGN(document.source, read_source(fields));
    SLIPWAY_ASSIGN(document.name, fields.string_or_empty("title"));
    SLIPWAY_ASSIGN(document.context, fields.string_or_empty("context"));
    SLIPWAY_ASSIGN(const auto citations, fields.object("citations"));
    if (citations)
      if (const json::value* enabled = citations->if_contains("enabled"))
        document.citations = enabled->is_bool() && enabled->get_bool();
    part.body = std::move(document);
  } else if (type == "tool_use") {
    ToolCallPart call;
    SLIPWAY_ASSIGN(call.id, fields.required_string("id"));
    SLIPWAY_ASSIGN(call.name, fields.required_string("name"));
    const json::value input = fields.value("input");
    call.arguments = input.is_null() ? std::string("{}") : to_json_text(input);
    part.body = std::move(call);
  } else if (type == "tool_result") {
    ToolResultPart result;
    SLIPWAY_ASSIGN(result.call_id, fields.required_string("tool_use_id"));
    SLIPWAY_ASSIGN(result.content, read_content(fields.value("content"), fields.path_of("content")));
    SLIPWAY_ASSIGN(const auto is_error, fields.boolean("is_error"));
    result.is_error = is_error.value_or(false);
    part.body = std::move(result);
  } else if (type == "thinking") {
    ReasoningPart reasoning;
    SLIPWAY_ASSIGN(reasoning.text, fields.string_or_empty("thinking"));
    SLIPWAY_ASSIGN(reasoning.signature, fields.string_or_empty("signature"));
    part.body = std::move(reasoning);
  } else if (type == "redacted_thinking") {
    ReasoningPart reasoning;
    SLIPWAY_ASSIGN(reasoning.redacted, fields.required_string("data"));
    part.body = std::move(reasoning);
  } else {
    part.cache.reset();
    part.body = OpaquePart{std::string(kDialect), value.get_object()};
    return part;
  }
  part.extra = fields.rest();
  return part;
}

Result<std::vector<Part>> read_content(const json::value& content, const std::string& path) {
  std::vector<Part> parts;
  if (content.is_null()) return parts;
  if (content.is_string()) {
    parts.push_back(Part::of_text(std::string(view_of(content.get_string()))));
    return parts;
  }
  if (!content.is_array())
    return fail(ErrorCode::kInvalidArgument, path + " must be a string or an array of blocks", path);
  for (std::size_t i = 0; i < content.get_array().size(); ++i) {
    SLIPWAY_ASSIGN(Part part, read_block(content.get_array()[i], indexed(path, i)));
    parts.push_back(std::move(part));
  }
  return parts;
}

bool has_block(const Part& part) {
  if (const auto* text = part.as<TextPart>()) return !text->text.empty();
  if (const auto* refusal = part.as<RefusalPart>()) return !refusal->text.empty();
  if (const auto* reasoning = part.as<ReasoningPart>())
    return !reasoning->signature.empty() || !reasoning->redacted.empty();
  return true;
}

namespace {

void write_source(JsonWriter& out, const MediaSource& source, std::string_view default_type) {
  out.key("source");
  out.begin_object();
  if (!source.data.empty()) {
    out.member("type", "base64");
    out.member("media_type", source.media_type.empty() ? default_type : std::string_view(source.media_type));
    out.member("data", source.data);
  } else if (!source.url.empty()) {
    out.member("type", "url");
    out.member("url", source.url);
  } else if (!source.file_id.empty()) {
    out.member("type", "file");
    out.member("file_id", source.file_id);
  } else {
    out.member("type", "text");
    out.member("media_type", "text/plain");
    out.member("data", source.text);
  }
  out.end_object();
}

Result<> write_tool_result(JsonWriter& out, const ToolResultPart& result, bool own, const std::string& path) {
  out.member("type", "tool_result");
  out.member("tool_use_id", result.call_id);
  const Part* only = result.content.size() == 1 && !result.content[0].cache ? result.content.data() : nullptr;
  if (only != nullptr && only->as<TextPart>() != nullptr && (only->extra.empty() || !own)) {
    out.member("content", only->as<TextPart>()->text);
  } else if (only != nullptr && only->as<JsonPart>() != nullptr) {
    out.member("content", to_json_text(only->as<JsonPart>()->value));
  } else if (!result.content.empty()) {
    out.key("content");
    out.begin_array();
    for (const Part& part : result.content)
      if (has_block(part)) SLIPWAY_TRY(write_block(out, part, own, path));
    out.end_array();
  }
  if (result.is_error) out.member("is_error", true);
  return {};
}

// Whether a tool call's arguments are what Anthropic takes as input: one JSON object.
bool is_json_object(std::string_view text) {
  const auto parsed = parse_json(text);
  return parsed && parsed->is_object();
}

}  // namespace

Result<> write_block(JsonWriter& out, const Part& part, bool own, const std::string& path) {
  if (const auto* opaque = part.as<OpaquePart>()) {
    if (opaque->dialect != kDialect)
      return fail(ErrorCode::kInvalidArgument, "a content part of this kind can't be sent to Anthropic",
                  path);
    out.object(opaque->value);
    return {};
  }
  if (part.as<AudioPart>() != nullptr)
    return fail(ErrorCode::kInvalidArgument, "Anthropic takes no audio", path, "send a transcript instead");
  if (part.as<VideoPart>() != nullptr)
    return fail(ErrorCode::kInvalidArgument, "Anthropic takes no video", path, "send single pictures of it");
  out.begin_object();
  if (const auto* text = part.as<TextPart>()) {
    out.member("type", "text");
    out.member("text", text->text);
    if (!text->citations.empty()) {
      out.key("citations");
      out.begin_array();
      for (const Citation& citation : text->citations) write_citation(out, citation);
      out.end_array();
    }
  } else if (const auto* refusal = part.as<RefusalPart>()) {
    out.member("type", "text");
    out.member("text", refusal->text);
  } else if (const auto* structured = part.as<JsonPart>()) {
    out.member("type", "text");
    out.member("text", to_json_text(structured->value));
  } else if (const auto* image = part.as<ImagePart>()) {
    out.member("type", "image");
    write_source(out, image->source, "image/png");
  } else if (const auto* document = part.as<DocumentPart>()) {
    out.member("type", "document");
    write_source(out, document->source, "application/pdf");
    out.nonempty_member("title", document->name);
    out.nonempty_member("context", document->context);
    if (document->citations) {
      out.key("citations");
      out.begin_object();
      out.member("enabled", true);
      out.end_object();
    }
  } else if (const auto* call = part.as<ToolCallPart>()) {
    if (!call->arguments.empty() && !is_json_object(call->arguments))
      return fail(
          ErrorCode::kInvalidArgument,
          "the arguments of the call '" + call->name + "' are not a JSON object, as Anthropic requires", path,
          "send the arguments back as the model gave them");
    out.member("type", "tool_use");
    out.member("id", call->id);
    out.member("name", call->name);
    out.raw_member("input", call->arguments.empty() ? "{}" : std::string_view(call->arguments));
  } else if (const auto* result = part.as<ToolResultPart>()) {
    SLIPWAY_TRY(write_tool_result(out, *result, own, path));
  } else if (const auto* reasoning = part.as<ReasoningPart>()) {
    if (!reasoning->redacted.empty()) {
      out.member("type", "redacted_thinking");
      out.member("data", reasoning->redacted);
    } else {
      out.member("type", "thinking");
      out.member("thinking", reasoning->text);
      out.member("signature", reasoning->signature);
    }
  }
  if (part.cache && part.as<ReasoningPart>() == nullptr) {
    out.key("cache_control");
    out.begin_object();
    out.member("type", "ephemeral");
    out.nonempty_member("ttl", part.cache->ttl);
    out.end_object();
  }
  if (own) out.members_of(part.extra);
  out.end_object();
  return {};
}

}  // namespace slipway::llm::anthropic
