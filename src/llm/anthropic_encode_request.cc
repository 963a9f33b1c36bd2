// SPDX-License-Identifier: Apache-2.0
// The vocabulary's chat request as a body for the Messages API.
#include <algorithm>
#include <array>

#include "llm/anthropic_dialect.h"
#include "llm/anthropic_shapes.h"

namespace slipway::llm {

namespace {

using anthropic::kDialect;

// Messages requires a limit; a request without one gets this much for its answer.
constexpr std::int64_t kDefaultMaxTokens = 8'192;
constexpr std::int64_t kLeastThinkingTokens = 1'024;

// Fields of OpenAI's that this API is known to refuse. Everything else unknown goes through.
constexpr std::array<std::string_view, 21> kNotForAnthropic = {"audio",
                                                               "function_call",
                                                               "functions",
                                                               "logit_bias",
                                                               "modalities",
                                                               "moderation",
                                                               "prediction",
                                                               "prompt_cache_key",
                                                               "prompt_cache_options",
                                                               "prompt_cache_retention",
                                                               "response_format",
                                                               "safety_identifier",
                                                               "service_tier",
                                                               "store",
                                                               "stream_options",
                                                               "tool_choice",
                                                               "verbosity",
                                                               "web_search_options",
                                                               "logprobs",
                                                               "best_of",
                                                               "simulate"};

// Models up to 4.5 think within a budget of tokens; later ones decide themselves and take an effort.
bool thinks_by_budget(std::string_view model) {
  for (const std::string_view mark :
       {"claude-2", "claude-3", "claude-instant", "-4-0", "-4-1", "-4-5", "-4-2025", "opus-4@", "sonnet-4@"})
    if (model.find(mark) != std::string_view::npos) return true;
  return model.ends_with("opus-4") || model.ends_with("sonnet-4");
}

std::int64_t budget_of(std::string_view effort) {
  if (effort == "minimal") return kLeastThinkingTokens;
  if (effort == "low") return 2'048;
  if (effort == "medium") return 8'192;
  if (effort == "high") return 16'384;
  return 32'768;
}

class RequestWriter {
 public:
  RequestWriter(const ChatRequest& request, std::string& out, std::vector<std::string>& dropped)
      : request_(request), own_(request.dialect == kDialect), out_(out), dropped_(dropped) {}

  Result<> write() {
    if (request_.sampling.n.value_or(1) > 1)
      return fail(ErrorCode::kInvalidArgument,
                  "Anthropic gives one answer a call, so 'n' can't be more than 1", "n",
                  "call once for each answer");
    plan_limits();
    out_.begin_object();
    out_.member("model", request_.model);
    out_.member("max_tokens", max_tokens_);
    SLIPWAY_TRY(write_system());
    SLIPWAY_TRY(write_messages());
    SLIPWAY_TRY(write_tools());
    write_tool_choice();
    write_thinking();
    write_output_config();
    write_sampling();
    if (request_.stream) out_.member("stream", true);
    write_metadata();
    for (const auto& item : request_.extra) {
      const std::string_view name(item.key().data(), item.key().size());
      if (name == "output_config") continue;  // written with the rest of it
      if (!own_ && std::ranges::find(kNotForAnthropic, name) != kNotForAnthropic.end()) {
        dropped_.emplace_back(name);
        continue;
      }
      out_.member(name, item.value());
    }
    out_.end_object();
    return {};
  }

 private:
  // The limit counts thinking, so that a budget and a limit have to fit each other.
  void plan_limits() {
    const Reasoning& r = request_.reasoning;
    max_tokens_ = request_.sampling.max_tokens.value_or(0);
    if (own_) return;
    const bool wants = (!r.effort.empty() && r.effort != "none") || r.budget_tokens.value_or(0) > 0;
    if (wants && (thinks_by_budget(request_.model) || r.budget_tokens)) {
      budget_ = std::max(kLeastThinkingTokens, r.budget_tokens.value_or(budget_of(r.effort)));
      if (max_tokens_ > 0 && budget_ >= max_tokens_) budget_ = max_tokens_ - 1;
      if (budget_ < kLeastThinkingTokens) {
        budget_ = 0;
        dropped_.emplace_back("reasoning");
      }
    }
    if (max_tokens_ <= 0) max_tokens_ = kDefaultMaxTokens + budget_;
  }

  Result<> write_system() {
    std::vector<const Part*> parts;
    for (const Part& part : request_.system)
      if (anthropic::has_block(part)) parts.push_back(&part);
    // Instructions given later in the conversation are joined here, where every model takes them.
    if (!own_)
      for (const Message& message : request_.messages)
        if (message.role == Role::kSystem || message.role == Role::kDeveloper)
          for (const Part& part : message.parts)
            if (anthropic::has_block(part)) parts.push_back(&part);
    if (parts.empty()) return {};
    out_.key("system");
    if (parts.size() == 1 && !parts[0]->cache && parts[0]->as<TextPart>() != nullptr &&
        (!own_ || parts[0]->extra.empty())) {
      out_.string(parts[0]->as<TextPart>()->text);
      return {};
    }
    out_.begin_array();
    for (const Part* part : parts) SLIPWAY_TRY(anthropic::write_block(out_, *part, own_, "system"));
    out_.end_array();
    return {};
  }

  std::string_view role_of(const Message& message) const {
    if (message.role == Role::kAssistant) return "assistant";
    return own_ && message.role == Role::kSystem ? "system" : "user";
  }

  bool is_instruction(const Message& message) const {
    return !own_ && (message.role == Role::kSystem || message.role == Role::kDeveloper);
  }

  // Roles must alternate: neighbours of one role are one message, tool results first, as they answer what the
  // assistant has just asked.
  Result<> write_messages() {
    out_.key("messages");
    out_.begin_array();
    const std::vector<Message>& messages = request_.messages;
    for (std::size_t i = 0; i < messages.size();) {
      if (is_instruction(messages[i])) {
        ++i;
        continue;
      }
      const std::string_view role = role_of(messages[i]);
      const std::size_t first = i;
      std::vector<const Part*> results;
      std::vector<const Part*> rest;
      // An Anthropic client has put its messages as it wants them.
      const std::size_t most = own_ ? first + 1 : messages.size();
      for (; i < most && (is_instruction(messages[i]) || role_of(messages[i]) == role); ++i) {
        if (is_instruction(messages[i])) continue;
        for (const Part& part : messages[i].parts)
          if (anthropic::has_block(part))
            (part.as<ToolResultPart>() != nullptr ? results : rest).push_back(&part);
      }
      SLIPWAY_TRY(write_message(role, results, rest, messages[first], indexed("messages", first)));
    }
    out_.end_array();
    return {};
  }

  Result<> write_message(std::string_view role, const std::vector<const Part*>& results,
                         const std::vector<const Part*>& rest, const Message& message,
                         const std::string& path) {
    if (results.empty() && rest.empty() && !own_) return {};
    out_.begin_object();
    out_.member("role", role);
    out_.key("content");
    if (results.empty() && rest.size() == 1 && rest[0]->as<TextPart>() != nullptr && !rest[0]->cache &&
        rest[0]->as<TextPart>()->citations.empty() && (!own_ || rest[0]->extra.empty())) {
      out_.string(rest[0]->as<TextPart>()->text);
    } else {
      out_.begin_array();
      for (const Part* part : results) SLIPWAY_TRY(anthropic::write_block(out_, *part, own_, path));
      for (const Part* part : rest) SLIPWAY_TRY(anthropic::write_block(out_, *part, own_, path));
      out_.end_array();
    }
    if (own_) out_.members_of(message.extra);
    out_.end_object();
    return {};
  }

  Result<> write_tools() {
    if (request_.tools.empty()) return {};
    out_.key("tools");
    out_.begin_array();
    for (std::size_t i = 0; i < request_.tools.size(); ++i) {
      const Tool& tool = request_.tools[i];
      if (tool.kind != "function") {
        if (!own_)
          return fail(
              ErrorCode::kInvalidArgument,
              "a tool of type '" + tool.kind + "' runs at its own provider and can't be sent to Anthropic",
              indexed("tools", i));
        out_.object(tool.raw);
        continue;
      }
      out_.begin_object();
      out_.member("name", tool.name);
      out_.nonempty_member("description", tool.description);
      out_.key("input_schema");
      if (tool.schema.is_object())
        out_.value(tool.schema);
      else
        out_.raw(R"({"type":"object","properties":{}})");
      // OpenAI's clients send false as often as nothing; only a wish is passed on.
      if (tool.strict && (own_ || *tool.strict)) out_.member("strict", *tool.strict);
      if (tool.cache) {
        out_.key("cache_control");
        out_.begin_object();
        out_.member("type", "ephemeral");
        out_.nonempty_member("ttl", tool.cache->ttl);
        out_.end_object();
      }
      if (own_) out_.members_of(tool.raw);
      out_.end_object();
    }
    out_.end_array();
    return {};
  }

  void write_tool_choice() {
    const bool serial = request_.parallel_tool_calls && !*request_.parallel_tool_calls;
    if (request_.tools.empty() || (!request_.tool_choice && !serial)) return;
    const ToolChoice choice = request_.tool_choice.value_or(ToolChoice{});
    out_.key("tool_choice");
    out_.begin_object();
    switch (choice.kind) {
      case ToolChoice::Kind::kAuto: out_.member("type", "auto"); break;
      case ToolChoice::Kind::kNone: out_.member("type", "none"); break;
      case ToolChoice::Kind::kRequired: out_.member("type", "any"); break;
      case ToolChoice::Kind::kNamed:
        out_.member("type", "tool");
        out_.member("name", choice.name);
        break;
    }
    if (choice.kind != ToolChoice::Kind::kNone && request_.parallel_tool_calls)
      out_.member("disable_parallel_tool_use", serial);
    out_.end_object();
  }

  void write_thinking() {
    const Reasoning& r = request_.reasoning;
    if (own_) {
      if (!r.raw.empty()) out_.member("thinking", r.raw);
      return;
    }
    if (r.effort.empty() && !r.budget_tokens) return;
    if (budget_ == 0 && !thinks_adaptively()) return;
    out_.key("thinking");
    out_.begin_object();
    if (budget_ > 0) {
      out_.member("type", "enabled");
      out_.member("budget_tokens", budget_);
    } else {
      out_.member("type", "adaptive");
    }
    out_.end_object();
  }

  bool thinks_adaptively() const {
    const Reasoning& r = request_.reasoning;
    return !r.effort.empty() && r.effort != "none" && !r.budget_tokens && !thinks_by_budget(request_.model);
  }

  void write_output_config() {
    const json::value* rest = request_.extra.if_contains("output_config");
    const bool effort = own_ ? has_own_effort() : thinks_adaptively();
    const bool schema = request_.response_format &&
                        request_.response_format->kind == ResponseFormat::Kind::kJsonSchema &&
                        !request_.response_format->schema.is_null();
    if (request_.response_format && request_.response_format->kind == ResponseFormat::Kind::kJson)
      dropped_.emplace_back("response_format");
    if (!effort && !schema && (rest == nullptr || !rest->is_object())) return;
    out_.key("output_config");
    out_.begin_object();
    if (effort)
      out_.member("effort",
                  request_.reasoning.effort == "minimal" ? std::string("low") : request_.reasoning.effort);
    if (schema) {
      out_.key("format");
      out_.begin_object();
      out_.member("type", "json_schema");
      out_.member("schema", request_.response_format->schema);
      out_.end_object();
    }
    if (rest != nullptr && rest->is_object()) out_.members_of(rest->get_object());
    out_.end_object();
  }

  // Adaptive thinking without an effort is read as a high one; it must not come back as a wish.
  bool has_own_effort() const {
    const Reasoning& r = request_.reasoning;
    const json::value* type = r.raw.if_contains("type");
    const bool adaptive = type != nullptr && type->is_string() && type->get_string() == "adaptive";
    return !r.effort.empty() && !(adaptive && r.effort == "high");
  }

  void write_sampling() {
    const Sampling& s = request_.sampling;
    if (s.temperature) {
      // OpenAI's scale reaches 2, this one 1.
      if (*s.temperature > 1 && !own_) dropped_.emplace_back("temperature above 1");
      out_.member("temperature", own_ ? *s.temperature : std::min(*s.temperature, 1.0));
    }
    out_.optional_member("top_p", s.top_p);
    out_.optional_member("top_k", s.top_k);
    if (!s.stop.empty()) {
      out_.key("stop_sequences");
      out_.begin_array();
      for (const std::string& stop : s.stop) out_.string(stop);
      out_.end_array();
    }
    if (s.seed) dropped_.emplace_back("seed");
    if (s.frequency_penalty.value_or(0) != 0) dropped_.emplace_back("frequency_penalty");
    if (s.presence_penalty.value_or(0) != 0) dropped_.emplace_back("presence_penalty");
    if (s.logprobs.value_or(false)) dropped_.emplace_back("logprobs");
  }

  void write_metadata() {
    if (!own_ && !request_.metadata.empty()) dropped_.emplace_back("metadata");
    if (request_.user.empty() && (!own_ || request_.metadata.empty())) return;
    out_.key("metadata");
    out_.begin_object();
    out_.nonempty_member("user_id", request_.user);
    if (own_) out_.members_of(request_.metadata);
    out_.end_object();
  }

  const ChatRequest& request_;
  const bool own_;
  JsonWriter out_;
  std::vector<std::string>& dropped_;
  std::int64_t max_tokens_ = 0;
  std::int64_t budget_ = 0;
};

}  // namespace

Result<EncodedRequest> AnthropicDialect::encode_request(const ChatRequest& request,
                                                        const Credentials& credentials) const {
  EncodedRequest out;
  out.path = chat_path();
  out.headers.emplace_back("content-type", "application/json");
  add_headers(credentials, out.headers);
  SLIPWAY_TRY(RequestWriter(request, out.body, out.dropped).write());
  return out;
}

}  // namespace slipway::llm
