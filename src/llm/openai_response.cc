// SPDX-License-Identifier: Apache-2.0
// Whole answers of chat completions, read from a provider and written for a client.
#include <algorithm>

#include "base/clock.h"
#include "llm/fields.h"
#include "llm/openai_dialect.h"
#include "llm/openai_shapes.h"

namespace slipway::llm {

namespace {

// Providers are read leniently: a field of an unexpected type is as good as absent.
std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(view_of(value.get_string())) : std::string();
}

void read_content(const json::value& content, std::vector<Part>& parts) {
  if (content.is_string() && !content.get_string().empty())
    parts.push_back(Part::of_text(std::string(view_of(content.get_string()))));
  if (!content.is_array()) return;
  for (const json::value& element : content.get_array()) {
    if (!element.is_object()) continue;
    const json::object& object = element.get_object();
    if (const json::value* text = object.if_contains("text"); text != nullptr && text->is_string())
      parts.push_back(Part::of_text(text_of(*text)));
    else
      parts.emplace_back().body = OpaquePart{std::string(openai::kDialect), object};
  }
}

void read_tool_calls(const json::value& calls, std::vector<Part>& parts) {
  if (!calls.is_array()) return;
  for (const json::value& element : calls.get_array()) {
    if (!element.is_object()) continue;
    Fields call(element.get_object(), "");
    ToolCallPart out;
    out.id = text_of(call.value("id"));
    const std::string type = text_of(call.value("type"));
    out.kind = type == "custom" ? "custom" : "function";
    const json::value function = call.value(out.kind);
    if (!function.is_object()) continue;
    Fields inner(function.get_object(), "");
    out.name = text_of(inner.value("name"));
    const json::value arguments = inner.value(out.kind == "custom" ? "input" : "arguments");
    // Some servers send the arguments as an object instead of its text.
    out.arguments = arguments.is_object() ? to_json_text(arguments) : text_of(arguments);
    parts.emplace_back().body = std::move(out);
  }
}

void read_message(json::object object, std::vector<Part>& parts) {
  Fields message(std::move(object), "");
  openai::read_thinking_blocks(message.value("thinking_blocks"), parts);
  std::string reasoning = text_of(message.value("reasoning_content"));
  if (reasoning.empty()) reasoning = text_of(message.value("reasoning"));
  if (!reasoning.empty() && parts.empty())
    parts.emplace_back().body = ReasoningPart{std::move(reasoning), {}, {}};
  read_content(message.value("content"), parts);
  std::vector<Citation> citations = openai::read_annotations(message.value("annotations"));
  if (!citations.empty()) {
    if (parts.empty() || parts.back().as<TextPart>() == nullptr) parts.push_back(Part::of_text(""));
    parts.back().as<TextPart>()->citations = std::move(citations);
  }
  std::string refusal = text_of(message.value("refusal"));
  if (!refusal.empty()) parts.emplace_back().body = RefusalPart{std::move(refusal)};
  if (const json::value audio = message.value("audio"); audio.is_object()) {
    Fields inner(audio.get_object(), "");
    AudioPart part;
    part.id = text_of(inner.value("id"));
    part.source.data = text_of(inner.value("data"));
    part.transcript = text_of(inner.value("transcript"));
    parts.emplace_back().body = std::move(part);
  }
  read_tool_calls(message.value("tool_calls"), parts);
  if (const json::value legacy = message.value("function_call"); legacy.is_object()) {
    Fields inner(legacy.get_object(), "");
    ToolCallPart call;
    call.name = call.id = text_of(inner.value("name"));
    call.arguments = text_of(inner.value("arguments"));
    parts.emplace_back().body = std::move(call);
  }
}

void write_message(JsonWriter& out, const std::vector<Part>& parts) {
  std::string text;
  std::string refusal;
  std::string reasoning;
  bool has_text = false;
  bool calls = false;
  for (const Part& part : parts) {
    if (const auto* piece = part.as<TextPart>()) {
      text += piece->text;
      has_text = true;
    } else if (const auto* no = part.as<RefusalPart>()) {
      refusal += no->text;
    } else if (const auto* thought = part.as<ReasoningPart>()) {
      reasoning += thought->text;
    } else if (part.as<ToolCallPart>() != nullptr) {
      calls = true;
    }
  }
  out.begin_object();
  out.member("role", "assistant");
  out.key("content");
  if (has_text || (!calls && refusal.empty()))
    out.string(text);
  else
    out.null();
  out.key("refusal");
  if (refusal.empty())
    out.null();
  else
    out.string(refusal);
  out.nonempty_member("reasoning_content", reasoning);
  if (openai::has_signed_reasoning(parts)) {
    out.key("thinking_blocks");
    openai::write_thinking_blocks(out, parts);
  }
  if (openai::has_citations(parts)) {
    out.key("annotations");
    openai::write_annotations(out, parts);
  }
  for (const Part& part : parts) {
    const auto* audio = part.as<AudioPart>();
    if (audio == nullptr) continue;
    out.key("audio");
    out.begin_object();
    out.member("id", audio->id);
    out.member("data", audio->source.data);
    out.member("expires_at", 0);
    out.member("transcript", audio->transcript);
    out.end_object();
    break;
  }
  if (calls) {
    out.key("tool_calls");
    out.begin_array();
    for (const Part& part : parts)
      if (const auto* call = part.as<ToolCallPart>()) openai::write_tool_call(out, *call, std::nullopt);
    out.end_array();
  }
  out.end_object();
}

}  // namespace

Result<ChatResponse> OpenAiDialect::decode_response(std::string_view body) const {
  auto parsed = parse_object(body);
  if (!parsed) return fail(ErrorCode::kDataLoss, "the provider's answer is not a JSON object");
  Fields fields(std::move(*parsed), "");
  const json::value choices = fields.value("choices");
  if (!choices.is_array()) return fail(ErrorCode::kDataLoss, "the provider's answer has no choices");
  ChatResponse response;
  response.dialect = openai::kDialect;
  response.id = text_of(fields.value("id"));
  response.model = text_of(fields.value("model"));
  if (const json::value created = fields.value("created"); created.is_number()) {
    boost::system::error_code error;
    response.created_s = created.to_number<std::int64_t>(error);
  }
  response.usage = openai::read_usage(fields.value("usage")).value_or(Usage{});
  fields.drop("object");
  for (const json::value& element : choices.get_array()) {
    if (!element.is_object())
      return fail(ErrorCode::kDataLoss, "the provider's answer holds a malformed choice");
    Fields item(element.get_object(), "");
    Choice choice;
    const json::value index = item.value("index");
    choice.index = index.is_int64() ? index.get_int64() : static_cast<std::int64_t>(response.choices.size());
    choice.raw_stop = text_of(item.value("finish_reason"));
    choice.stop = openai::stop_reason(choice.raw_stop);
    choice.logprobs = item.value("logprobs");
    if (json::value message = item.value("message"); message.is_object())
      read_message(std::move(message.get_object()), choice.parts);
    choice.extra = item.rest();
    response.choices.push_back(std::move(choice));
  }
  response.extra = fields.rest();
  return response;
}

std::string OpenAiDialect::encode_response(const ChatResponse& response) const {
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  out.member("id", response.id);
  out.member("object", "chat.completion");
  out.member("created", response.created_s > 0 ? response.created_s : unix_now_us() / 1'000'000);
  out.member("model", response.model);
  out.key("choices");
  out.begin_array();
  for (const Choice& choice : response.choices) {
    out.begin_object();
    out.member("index", choice.index);
    out.key("message");
    write_message(out, choice.parts);
    out.member("logprobs", choice.logprobs);
    out.member("finish_reason", openai::finish_reason(choice.stop, choice.raw_stop));
    if (response.dialect == openai::kDialect) out.members_of(choice.extra);
    out.end_object();
  }
  out.end_array();
  if (response.usage.known()) {
    out.key("usage");
    openai::write_usage(out, response.usage);
  }
  out.members_of(response.extra);
  out.end_object();
  return body;
}

}  // namespace slipway::llm
