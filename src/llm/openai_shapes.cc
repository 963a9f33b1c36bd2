// SPDX-License-Identifier: Apache-2.0
#include "llm/openai_shapes.h"

#include <algorithm>

#include "llm/dialect.h"
#include "llm/fields.h"

namespace slipway::llm::openai {

StopReason stop_reason(std::string_view word) {
  if (word == "stop") return StopReason::kEnd;
  if (word == "length") return StopReason::kMaxTokens;
  if (word == "tool_calls" || word == "function_call") return StopReason::kToolCalls;
  if (word == "content_filter") return StopReason::kContentFilter;
  return StopReason::kUnknown;
}

std::string_view finish_reason(StopReason stop, std::string_view raw) {
  switch (stop) {
    case StopReason::kEnd:
    case StopReason::kStopSequence:
    case StopReason::kMalformed:
    case StopReason::kPause: return "stop";
    case StopReason::kMaxTokens: return "length";
    case StopReason::kToolCalls: return "tool_calls";
    case StopReason::kContentFilter:
    case StopReason::kRefusal: return "content_filter";
    case StopReason::kUnknown: break;
  }
  return raw.empty() ? "stop" : raw;
}

namespace {

std::int64_t count_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return -1;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  return !error && number >= 0 && number <= kMaxPlausibleTokens ? number : -1;
}

std::int64_t first_of(std::initializer_list<std::int64_t> counts) {
  for (const std::int64_t count : counts)
    if (count >= 0) return count;
  return -1;
}

const json::object& object_at(const json::object& object, std::string_view key) {
  static const json::object empty;
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : empty;
}

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(view_of(value->get_string()));
  if (value->is_number()) return to_json_text(*value);
  return {};
}

}  // namespace

std::optional<Usage> read_usage(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  const json::object& usage = value.get_object();
  const json::object& in = object_at(usage, "prompt_tokens_details");
  const json::object& out = object_at(usage, "completion_tokens_details");
  OpenAiCounts counts;
  counts.prompt = count_of(usage, "prompt_tokens");
  counts.completion = count_of(usage, "completion_tokens");
  counts.total = count_of(usage, "total_tokens");
  counts.cached = first_of({count_of(in, "cached_tokens"), count_of(usage, "cache_read_input_tokens"),
                            count_of(usage, "prompt_cache_hit_tokens"), count_of(usage, "cached_tokens")});
  counts.cache_write = first_of({count_of(in, "cache_write_tokens"), count_of(in, "cache_creation_tokens"),
                                 count_of(usage, "cache_creation_input_tokens")});
  counts.audio_input = count_of(in, "audio_tokens");
  counts.reasoning = count_of(out, "reasoning_tokens");
  counts.audio_output = count_of(out, "audio_tokens");
  if (counts.prompt < 0 && counts.completion < 0 && counts.total < 0) return std::nullopt;
  return usage_from_openai(counts);
}

void write_usage(JsonWriter& out, const Usage& usage) {
  const OpenAiCounts counts = openai_from_usage(usage);
  const auto member = [&out](std::string_view name, std::int64_t count) {
    if (count >= 0) out.member(name, count);
  };
  out.begin_object();
  out.member("prompt_tokens", std::max<std::int64_t>(counts.prompt, 0));
  out.member("completion_tokens", std::max<std::int64_t>(counts.completion, 0));
  out.member("total_tokens", std::max<std::int64_t>(counts.total, 0));
  if (counts.cached >= 0 || counts.cache_write >= 0 || counts.audio_input >= 0) {
    out.key("prompt_tokens_details");
    out.begin_object();
    member("cached_tokens", counts.cached);
    member("cache_write_tokens", counts.cache_write);
    member("audio_tokens", counts.audio_input);
    out.end_object();
  }
  if (counts.reasoning >= 0 || counts.audio_output >= 0) {
    out.key("completion_tokens_details");
    out.begin_object();
    member("reasoning_tokens", counts.reasoning);
    member("audio_tokens", counts.audio_output);
    out.end_object();
  }
  out.end_object();
}

ProviderError read_error(const json::value& value, int status) {
  ProviderError error;
  error.http_status = status;
  error.error_class = status == 0 ? ErrorClass::kServerError : error_class_of_status(status);
  if (value.is_string()) {
    error.message = view_of(value.get_string());
    return error;
  }
  if (!value.is_object()) return error;
  const json::object& object = value.get_object();
  error.message = text_at(object, "message");
  error.type = text_at(object, "type");
  error.code = text_at(object, "code");
  error.param = text_at(object, "param");
  // The words are more precise than the status, and inside a stream they are all there is.
  const auto says = [&error](std::string_view word) { return error.code == word || error.type == word; };
  if (says("content_filter") || says("content_policy_violation"))
    error.error_class = ErrorClass::kContentFilter;
  else if (says("insufficient_quota") || says("rate_limit_exceeded") || says("rate_limit_error"))
    error.error_class = ErrorClass::kRateLimited;
  else if (says("invalid_api_key") || says("authentication_error"))
    error.error_class = ErrorClass::kAuthentication;
  else if (says("model_not_found") || says("not_found_error"))
    error.error_class = ErrorClass::kNotFound;
  else if (says("overloaded_error") || says("engine_overloaded"))
    error.error_class = ErrorClass::kOverloaded;
  else if (says("timeout") || says("timeout_error"))
    error.error_class = ErrorClass::kTimeout;
  else if (says("permission_error"))
    error.error_class = ErrorClass::kPermission;
  else if (status == 0 && says("invalid_request_error"))
    error.error_class = ErrorClass::kInvalidRequest;
  return error;
}

namespace {

std::string_view error_type(const ProviderError& error) {
  if (!error.type.empty()) return error.type;
  switch (error.error_class) {
    case ErrorClass::kInvalidRequest:
    case ErrorClass::kContentFilter: return "invalid_request_error";
    case ErrorClass::kAuthentication: return "authentication_error";
    case ErrorClass::kPermission: return "permission_error";
    case ErrorClass::kNotFound: return "not_found_error";
    case ErrorClass::kRateLimited: return "rate_limit_error";
    case ErrorClass::kOverloaded: return "overloaded_error";
    case ErrorClass::kTimeout: return "timeout_error";
    case ErrorClass::kServerError: return "server_error";
  }
  return "server_error";
}

}  // namespace

void write_error(JsonWriter& out, const ProviderError& error) {
  const auto text_or_null = [&out](std::string_view name, std::string_view text) {
    out.key(name);
    if (text.empty())
      out.null();
    else
      out.string(text);
  };
  out.begin_object();
  out.key("error");
  out.begin_object();
  out.member("message", error.message);
  out.member("type", error_type(error));
  text_or_null("param", error.param);
  text_or_null("code", error.code.empty() && error.error_class == ErrorClass::kContentFilter
                           ? std::string_view("content_filter")
                           : std::string_view(error.code));
  out.end_object();
  out.end_object();
}

bool split_data_url(std::string_view url, MediaSource& source) {
  if (!url.starts_with("data:")) return false;
  const std::size_t comma = url.find(',');
  if (comma == std::string_view::npos) return false;
  std::string_view head = url.substr(5, comma - 5);
  if (!head.ends_with(";base64")) return false;
  head.remove_suffix(7);
  source.media_type = head.substr(0, head.find(';'));
  source.data = url.substr(comma + 1);
  return true;
}

std::string data_url(const MediaSource& source) {
  return "data:" + (source.media_type.empty() ? std::string("application/octet-stream") : source.media_type) +
         ";base64," + source.data;
}

void read_thinking_blocks(const json::value& blocks, std::vector<Part>& parts) {
  if (!blocks.is_array()) return;
  for (const json::value& block : blocks.get_array()) {
    if (!block.is_object()) continue;
    const json::object& object = block.get_object();
    ReasoningPart reasoning;
    if (text_at(object, "type") == "redacted_thinking") {
      reasoning.redacted = text_at(object, "data");
    } else {
      reasoning.text = text_at(object, "thinking");
      reasoning.signature = text_at(object, "signature");
    }
    parts.emplace_back().body = std::move(reasoning);
  }
}

bool has_signed_reasoning(const std::vector<Part>& parts) {
  return std::ranges::any_of(parts, [](const Part& part) {
    const auto* reasoning = part.as<ReasoningPart>();
    return reasoning != nullptr && (!reasoning->signature.empty() || !reasoning->redacted.empty());
  });
}

void write_thinking_blocks(JsonWriter& out, const std::vector<Part>& parts) {
  out.begin_array();
  for (const Part& part : parts) {
    const auto* reasoning = part.as<ReasoningPart>();
    if (reasoning == nullptr) continue;
    out.begin_object();
    if (!reasoning->redacted.empty()) {
      out.member("type", "redacted_thinking");
      out.member("data", reasoning->redacted);
    } else {
      out.member("type", "thinking");
      out.member("thinking", reasoning->text);
      out.member("signature", reasoning->signature);
    }
    out.end_object();
  }
  out.end_array();
}

std::vector<Citation> read_annotations(const json::value& annotations) {
  std::vector<Citation> citations;
  if (!annotations.is_array()) return citations;
  for (const json::value& item : annotations.get_array()) {
    if (!item.is_object()) continue;
    Citation citation;
    citation.raw = item.get_object();
    const json::object& url = object_at(citation.raw, "url_citation");
    citation.kind = url.empty() ? text_at(citation.raw, "type") : "url";
    citation.url = text_at(url, "url");
    citation.title = text_at(url, "title");
    citation.start = count_of(url, "start_index");
    citation.end = count_of(url, "end_index");
    citations.push_back(std::move(citation));
  }
  return citations;
}

bool has_citations(const std::vector<Part>& parts) {
  return std::ranges::any_of(parts, [](const Part& part) {
    const auto* text = part.as<TextPart>();
    return text != nullptr && !text->citations.empty();
  });
}

void write_annotations(JsonWriter& out, const std::vector<Part>& parts) {
  out.begin_array();
  std::int64_t offset = 0;
  for (const Part& part : parts) {
    const auto* text = part.as<TextPart>();
    if (text == nullptr) continue;
    // Positions count characters of the whole answer.
    const auto length = std::ranges::count_if(text->text, [](char c) { return (c & 0xc0) != 0x80; });
    for (const Citation& citation : text->citations) {
      if (citation.raw.contains("url_citation")) {
        out.object(citation.raw);
        continue;
      }
      out.begin_object();
      out.member("type", "url_citation");
      out.key("url_citation");
      out.begin_object();
      const bool placed = citation.kind == "url" && citation.start >= 0;
      out.member("start_index", placed ? citation.start : offset);
      out.member("end_index", placed ? citation.end : offset + length);
      out.member("title", citation.title);
      out.member("url", citation.url);
      out.end_object();
      out.end_object();
    }
    offset += length;
  }
  out.end_array();
}

void write_tool_call(JsonWriter& out, const ToolCallPart& call, std::optional<std::int64_t> index) {
  out.begin_object();
  out.optional_member("index", index);
  out.member("id", call.id);
  out.member("type", call.kind);
  const bool custom = call.kind == "custom";
  out.key(custom ? "custom" : "function");
  out.begin_object();
  out.member("name", call.name);
  out.member(custom ? "input" : "arguments", call.arguments);
  out.end_object();
  out.end_object();
}

}  // namespace slipway::llm::openai
