// SPDX-License-Identifier: Apache-2.0
#include "llm/anthropic_dialect.h"

#include "base/clock.h"
#include "base/text.h"
#include "llm/anthropic_shapes.h"

namespace slipway::llm {

void AnthropicDialect::add_headers(const Credentials& credentials, std::vector<OwnedHeader>& out) const {
  if (!credentials.secret.empty()) out.emplace_back("x-api-key", credentials.secret);
  out.emplace_back("anthropic-version",
                   credentials.version.empty() ? std::string_view("2023-06-01") : credentials.version);
}

Result<ChatResponse> AnthropicDialect::decode_response(std::string_view body) const {
  auto parsed = parse_object(body);
  if (!parsed) return fail(ErrorCode::kDataLoss, "the provider's answer is not a JSON object");
  Fields fields(std::move(*parsed), "");
  const auto text = [](const json::value& value) {
    return value.is_string() ? std::string(view_of(value.get_string())) : std::string();
  };
  const json::value content = fields.value("content");
  if (!content.is_array()) return fail(ErrorCode::kDataLoss, "the provider's answer has no content");
  ChatResponse response;
  response.dialect = anthropic::kDialect;
  response.id = text(fields.value("id"));
  response.model = text(fields.value("model"));
  response.usage = anthropic::read_usage(fields.value("usage"));
  Choice choice;
  choice.raw_stop = text(fields.value("stop_reason"));
  choice.stop = anthropic::stop_reason(choice.raw_stop);
  choice.stop_sequence = text(fields.value("stop_sequence"));
  auto parts = anthropic::read_content(content, "content");
  if (!parts)
    return fail(ErrorCode::kDataLoss, "the provider's answer is malformed: " + parts.error().message);
  choice.parts = std::move(*parts);
  response.choices.push_back(std::move(choice));
  // What is left describes this answer in its own dialect only.
  return response;
}

std::string AnthropicDialect::encode_response(const ChatResponse& response) const {
  static const Choice nothing;
  const Choice& choice = response.choices.empty() ? nothing : response.choices[0];
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  out.member("id", response.id);
  out.member("type", "message");
  out.member("role", "assistant");
  out.member("model", response.model);
  out.key("content");
  out.begin_array();
  for (const Part& part : choice.parts) {
    // A provider's answer may hold what a request may not: arguments that are no JSON stay readable as text.
    if (!anthropic::has_block(part) && part.as<ReasoningPart>() == nullptr) continue;
    std::string block;
    JsonWriter block_out(block);
    if (anthropic::write_block(block_out, part, true, "content")) {
      out.raw(block);
    } else if (const auto* call = part.as<ToolCallPart>()) {
      out.begin_object();
      out.member("type", "tool_use");
      out.member("id", call->id);
      out.member("name", call->name);
      out.key("input");
      out.begin_object();
      out.member("arguments", call->arguments);
      out.end_object();
      out.end_object();
    }
  }
  out.end_array();
  out.member("stop_reason", anthropic::stop_reason_word(choice.stop, choice.raw_stop));
  out.key("stop_sequence");
  if (choice.stop_sequence.empty())
    out.null();
  else
    out.string(choice.stop_sequence);
  out.key("usage");
  anthropic::write_usage(out, response.usage);
  out.end_object();
  return body;
}

ProviderError AnthropicDialect::decode_error(int status, std::string_view retry_after,
                                             std::string_view body) const {
  ProviderError error;
  error.http_status = status;
  error.error_class = error_class_of_status(status);
  if (const auto parsed = parse_json(body); parsed && parsed->is_object()) {
    const json::value* inner = parsed->get_object().if_contains("error");
    error = anthropic::read_error(inner != nullptr && inner->is_object() ? *inner : *parsed, status);
  }
  error.retry_after_ms = parse_retry_after_ms(retry_after, unix_now_us());
  if (error.message.empty()) {
    const std::string_view text = trim(body);
    if (!text.empty() && text.front() != '<' && text.front() != '{' && text.front() != '[')
      error.message = ellipsize(to_valid_utf8(text), 500);
    else
      error.message = "the provider answered with status " + std::to_string(status) + " and no explanation";
  }
  return error;
}

std::string AnthropicDialect::encode_error(const ProviderError& error) const {
  std::string body;
  JsonWriter out(body);
  anthropic::write_error(out, error);
  return body;
}

}  // namespace slipway::llm
