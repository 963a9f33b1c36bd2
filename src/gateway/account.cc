// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "gateway/call.h"
#include "llm/request_tokens.h"
#include "telemetry/cost.h"

namespace slipway::gateway {

namespace {

// Counting a prompt takes the loop's time, about 50 ns a byte: beyond this the bytes are divided instead.
constexpr std::size_t kCountedBodyLimit = 64u << 10;
constexpr std::int64_t kBytesPerToken = 4;

std::string_view text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return value->as_string();
}

std::int64_t count_inputs(std::string_view model, const json::object& request) {
  const json::value* input = request.if_contains("input");
  if (input == nullptr) return 0;
  if (input->is_string()) return llm::count_for_model(model, input->as_string()).count;
  std::int64_t count = 0;
  if (input->is_array()) {
    for (const json::value& item : input->as_array()) {
      if (item.is_string()) count += llm::count_for_model(model, item.as_string()).count;
      if (item.is_number()) ++count;  // token ids
      if (item.is_array()) count += static_cast<std::int64_t>(item.as_array().size());
    }
  }
  return count;
}

std::int64_t estimate_input(const Call& call) {
  if (call.request.size() <= kCountedBodyLimit) {
    const auto parsed = parse_json(call.request);
    if (parsed && parsed->is_object())
      return call.operation == Operation::kChat
                 ? llm::count_chat_request(call.model, parsed->as_object()).count
                 : count_inputs(call.model, parsed->as_object());
  }
  return static_cast<std::int64_t>(call.request.size()) / kBytesPerToken;
}

// What the model wrote, as far as an unbilled or unfinished answer shows it.
std::string answer_text(const json::value& answer) {
  std::string text;
  const json::value* choices = answer.is_object() ? answer.as_object().if_contains("choices") : nullptr;
  if (choices == nullptr || !choices->is_array()) return text;
  for (const json::value& choice : choices->as_array()) {
    const json::value* message = choice.is_object() ? choice.as_object().if_contains("message") : nullptr;
    if (message == nullptr || !message->is_object()) continue;
    text += text_of(message->as_object(), "content");
    const json::value* calls = message->as_object().if_contains("tool_calls");
    if (calls == nullptr || !calls->is_array()) continue;
    for (const json::value& call : calls->as_array()) {
      const json::value* function = call.is_object() ? call.as_object().if_contains("function") : nullptr;
      if (function == nullptr || !function->is_object()) continue;
      text += text_of(function->as_object(), "name");
      text += text_of(function->as_object(), "arguments");
    }
  }
  return text;
}

std::int64_t estimate_output(const Call& call) {
  std::string whole;
  std::string_view text = call.output_text;
  if (!call.scan.stream && call.status == telemetry::Status::kOk) {
    text = call.response_body;
    if (text.size() <= kCountedBodyLimit) {
      if (const auto parsed = parse_json(text)) whole = answer_text(*parsed);
      text = whole;
    }
  }
  if (text.size() > kCountedBodyLimit) return static_cast<std::int64_t>(text.size()) / kBytesPerToken;
  return llm::count_for_model(call.model, text).count;
}

}  // namespace

void account(Call& call) {
  // What the provider did not say is counted, so that an interrupted stream does not look free.
  if (call.account_input_if_unknown) {
    const bool input_known =
        call.usage.input >= 0 || call.usage.cache_read >= 0 || call.usage.cache_write >= 0;
    if (!input_known) {
      call.usage.input = estimate_input(call);
      call.usage.estimated = true;
    }
    if (call.operation == Operation::kEmbeddings) {
      call.usage.output = std::max<std::int64_t>(call.usage.output, 0);  // there is none
    } else if (call.usage.output < 0 || call.status != telemetry::Status::kOk) {
      // A stream that broke off may have told an early count only, as Anthropic's first event does.
      const std::int64_t counted = estimate_output(call);
      if (counted > call.usage.output) {
        call.usage.output = counted;
        call.usage.estimated = true;
      }
    }
    call.account_input_if_unknown = false;
  }
  if (call.target.connection == nullptr || call.snapshot->prices == nullptr) return;
  const telemetry::PriceTable& prices = *call.snapshot->prices;
  const std::string& provider = call.target.connection->provider;
  const telemetry::Price* price = prices.find(provider, call.response_model, call.started_us);
  // A provider may answer under a name of its own (a deployment, an alias): then what was asked of it
  // decides.
  if (price == nullptr) price = prices.find(provider, call.target.upstream_model, call.started_us);
  // A count that contradicts the one it is part of says nothing.
  const std::int64_t cache_write_1h = std::clamp<std::int64_t>(
      call.usage.cache_write_1h, 0, std::max<std::int64_t>(call.usage.cache_write, 0));
  call.cost_nano = telemetry::cost(price, call.usage, cache_write_1h);
}

}  // namespace slipway::gateway
