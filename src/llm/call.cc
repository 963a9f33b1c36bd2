// SPDX-License-Identifier: Apache-2.0
#include "llm/call.h"

#include <algorithm>

namespace slipway::llm {

namespace {

std::int64_t sum_known(std::initializer_list<std::int64_t> counts) {
  std::int64_t sum = -1;
  for (const std::int64_t count : counts)
    if (count >= 0) sum = std::max<std::int64_t>(sum, 0) + count;
  return sum;
}

}  // namespace

std::int64_t Usage::total_input() const { return sum_known({input, cache_read, cache_write, audio_input}); }
std::int64_t Usage::total_output() const { return sum_known({output, reasoning, audio_output}); }

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kSystem: return "system";
    case Role::kDeveloper: return "developer";
    case Role::kUser: return "user";
    case Role::kAssistant: return "assistant";
    case Role::kTool: return "tool";
  }
  return "user";
}

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::kUnknown: return "unknown";
    case StopReason::kEnd: return "end";
    case StopReason::kStopSequence: return "stop_sequence";
    case StopReason::kMaxTokens: return "max_tokens";
    case StopReason::kToolCalls: return "tool_calls";
    case StopReason::kContentFilter: return "content_filter";
    case StopReason::kRefusal: return "refusal";
    case StopReason::kPause: return "pause";
    case StopReason::kMalformed: return "malformed";
  }
  return "unknown";
}

std::string_view to_string(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::kInvalidRequest: return "invalid_request";
    case ErrorClass::kAuthentication: return "authentication";
    case ErrorClass::kPermission: return "permission";
    case ErrorClass::kNotFound: return "not_found";
    case ErrorClass::kRateLimited: return "rate_limited";
    case ErrorClass::kOverloaded: return "overloaded";
    case ErrorClass::kServerError: return "server_error";
    case ErrorClass::kTimeout: return "timeout";
    case ErrorClass::kContentFilter: return "content_filter";
  }
  return "server_error";
}

bool is_retryable(ErrorClass error_class) {
  return error_class == ErrorClass::kRateLimited || error_class == ErrorClass::kOverloaded ||
         error_class == ErrorClass::kServerError || error_class == ErrorClass::kTimeout;
}

void merge_usage(Usage& into, const Usage& update) {
  const auto merge = [](std::int64_t& to, std::int64_t from) {
    if (from >= 0) to = from;
  };
  merge(into.input, update.input);
  merge(into.cache_read, update.cache_read);
  merge(into.cache_write, update.cache_write);
  merge(into.output, update.output);
  merge(into.reasoning, update.reasoning);
  merge(into.audio_input, update.audio_input);
  merge(into.audio_output, update.audio_output);
  merge(into.cache_write_1h, update.cache_write_1h);
  into.estimated = update.estimated;
}

std::string joined_text(const std::vector<Part>& parts) {
  std::string text;
  for (const Part& part : parts)
    if (const auto* piece = part.as<TextPart>()) text += piece->text;
  return text;
}

Choice& ResponseBuilder::choice_at(std::int64_t index) {
  for (Choice& choice : response_.choices)
    if (choice.index == index) return choice;
  Choice choice;
  choice.index = index;
  response_.choices.push_back(std::move(choice));
  return response_.choices.back();
}

namespace {

// The part that a delta of type T continues: the last one if it is of that type, else a new one.
template <class T>
T& open_part(Choice& choice) {
  if (choice.parts.empty() || choice.parts.back().as<T>() == nullptr) {
    choice.parts.emplace_back();
    choice.parts.back().body = T{};
  }
  return *choice.parts.back().as<T>();
}

ToolCallPart* nth_tool_call(Choice& choice, std::int64_t n) {
  for (Part& part : choice.parts)
    if (auto* call = part.as<ToolCallPart>(); call != nullptr && n-- == 0) return call;
  return nullptr;
}

void append_logprobs(json::value& into, const json::value& more) {
  if (!more.is_object()) return;
  if (!into.is_object()) {
    into = more;
    return;
  }
  for (const auto& [key, value] : more.get_object()) {
    json::value& target = into.get_object()[key];
    if (!value.is_array()) continue;
    if (!target.is_array()) target = json::array{};
    for (const json::value& element : value.get_array()) target.get_array().push_back(element);
  }
}

}  // namespace

void ResponseBuilder::add(const ChatEvent& event) {
  using Kind = ChatEvent::Kind;
  if (ended_ || error_) return;
  switch (event.kind) {
    case Kind::kStart:
      response_.id = event.id;
      response_.model = event.model;
      return;
    case Kind::kTextDelta: {
      Choice& choice = choice_at(event.choice);
      if (!event.text.empty()) open_part<TextPart>(choice).text += event.text;
      append_logprobs(choice.logprobs, event.logprobs);
      return;
    }
    case Kind::kRefusalDelta: open_part<RefusalPart>(choice_at(event.choice)).text += event.text; return;
    case Kind::kReasoningDelta: {
      Choice& choice = choice_at(event.choice);
      // A signature or encrypted block closes the reasoning before it.
      if (!choice.parts.empty())
        if (const auto* last = choice.parts.back().as<ReasoningPart>();
            last != nullptr && (!last->signature.empty() || !last->redacted.empty()))
          choice.parts.emplace_back().body = ReasoningPart{};
      open_part<ReasoningPart>(choice).text += event.text;
      return;
    }
    case Kind::kReasoningSignature:
      open_part<ReasoningPart>(choice_at(event.choice)).signature += event.text;
      return;
    case Kind::kReasoningRedacted:
      choice_at(event.choice).parts.emplace_back().body = ReasoningPart{{}, {}, event.text};
      return;
    case Kind::kToolCallStart:
      choice_at(event.choice).parts.emplace_back().body =
          ToolCallPart{event.id, event.name, {}, event.text.empty() ? "function" : event.text};
      choice_at(event.choice).parts.back().signature = event.signature;
      return;
    case Kind::kToolCallArguments:
      if (ToolCallPart* call = nth_tool_call(choice_at(event.choice), event.tool_index))
        call->arguments += event.text;
      return;
    case Kind::kCitation:
      open_part<TextPart>(choice_at(event.choice)).citations.push_back(event.citation);
      return;
    case Kind::kPart:
      if (event.part != nullptr) choice_at(event.choice).parts.push_back(*event.part);
      return;
    case Kind::kStop: {
      Choice& choice = choice_at(event.choice);
      choice.stop = event.stop;
      choice.raw_stop = event.raw_stop;
      choice.stop_sequence = event.stop_sequence;
      return;
    }
    case Kind::kUsage: merge_usage(response_.usage, event.usage); return;
    case Kind::kError: error_ = event.error; return;
    case Kind::kEnd: ended_ = true; return;
    case Kind::kPing: return;
  }
}

}  // namespace slipway::llm
