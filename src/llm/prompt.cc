// SPDX-License-Identifier: Apache-2.0
// What happens at a call: variables are checked, templates rendered, the request written. prompt_compile.cc
// does the rest beforehand.
#include "llm/prompt.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/crypto.h"
#include "base/text.h"
#include "llm/fields.h"
#include "llm/json_writer.h"

namespace slipway::llm {

namespace {

using Type = PromptVariable::Type;

// More than this does not fit into any model's window.
constexpr RenderLimits kRenderLimits{.output_bytes = 8u << 20, .steps = 200'000, .depth = 64};
// What describes the call and not the question.
constexpr std::array<std::string_view, 7> kAlwaysTaken = {"model",  "messages",       "variables", "metadata",
                                                          "stream", "stream_options", "user"};

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_whole(double number) { return std::trunc(number) == number; }

bool is_of(Type type, const json::value& value) {
  switch (type) {
    case Type::kString: return value.is_string();
    case Type::kNumber: return value.is_number();
    case Type::kInteger: return value.is_number() && is_whole(value.to_number<double>());
    case Type::kBoolean: return value.is_bool();
    case Type::kList: return value.is_array();
    case Type::kObject: return value.is_object();
  }
  return false;
}

std::string_view kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return "null";
    case json::kind::bool_: return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_: return "a number";
    case json::kind::string: return "a string";
    case json::kind::array: return "a list";
    case json::kind::object: return "an object";
  }
  return "something else";
}

std::string_view with_article(Type type) {
  switch (type) {
    case Type::kString: return "a string";
    case Type::kNumber: return "a number";
    case Type::kInteger: return "an integer";
    case Type::kBoolean: return "a boolean";
    case Type::kList: return "a list";
    case Type::kObject: return "an object";
  }
  return "a string";
}

// A text from `metadata`, which can hold nothing else, as the type that is declared.
Result<json::value> from_text(const PromptVariable& variable, std::string_view text) {
  if (variable.type == Type::kString) return json::value(json::string(text));
  auto parsed = parse_json(trim(text));
  if (parsed && is_of(variable.type, *parsed)) return parsed;
  return fail(ErrorCode::kInvalidArgument,
              "the variable '" + variable.name + "' must be " + std::string(with_article(variable.type)) +
                  ", but its text is '" + ellipsize(text, 60) + "'",
              "metadata." + variable.name, "Send it in `variables`, where it can have its own type.");
}

// Instructions are the prompt's; a caller brings the conversation.
Result<const json::array*> caller_messages(const json::object& call) {
  SLIPWAY_ASSIGN(const json::array* messages, optional_array(call, "messages"));
  if (messages == nullptr) return nullptr;
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const std::string path = indexed("messages", i);
    if (!(*messages)[i].is_object())
      return fail(ErrorCode::kInvalidArgument, path + " must be an object", path);
    SLIPWAY_ASSIGN(const std::string role, require_string((*messages)[i].get_object(), "role", path));
    if (role == "user" || role == "assistant" || role == "tool") continue;
    return fail(ErrorCode::kInvalidArgument,
                "a call to a use case can't bring a message with the role '" + ellipsize(role, 40) +
                    "': the instructions are the release's",
                path + ".role",
                "Send user, assistant and tool messages, and what the instructions need as `variables`.");
  }
  return messages;
}

}  // namespace

std::string_view to_string(Type type) {
  switch (type) {
    case Type::kString: return "string";
    case Type::kNumber: return "number";
    case Type::kInteger: return "integer";
    case Type::kBoolean: return "boolean";
    case Type::kList: return "list";
    case Type::kObject: return "object";
  }
  return "string";
}

Result<> check_variable(const PromptVariable& variable, const json::value& value, const std::string& where) {
  const std::string subject = "the variable '" + variable.name + "' ";
  if (!is_of(variable.type, value))
    return fail(ErrorCode::kInvalidArgument,
                subject + "must be " + std::string(with_article(variable.type)) + ", but is " +
                    std::string(kind_of(value)),
                where);
  if (value.is_string() || value.is_array()) {
    const std::size_t length =
        value.is_array() ? value.get_array().size() : characters(view_of(value.get_string()));
    if (length > variable.max_length)
      return fail(ErrorCode::kInvalidArgument,
                  subject + "has " + std::to_string(length) + (value.is_array() ? " items" : " characters") +
                      ", at most " + std::to_string(variable.max_length) + " are taken",
                  where, "Shorten it, or raise its max_length in the prompt.");
  }
  if (value.is_number()) {
    const auto number = value.to_number<double>();
    if (variable.minimum && number < *variable.minimum)
      return fail(ErrorCode::kInvalidArgument, subject + "must be at least " + number_text(*variable.minimum),
                  where);
    if (variable.maximum && number > *variable.maximum)
      return fail(ErrorCode::kInvalidArgument, subject + "must be at most " + number_text(*variable.maximum),
                  where);
  }
  if (variable.values.empty() || std::ranges::find(variable.values, value) != variable.values.end())
    return {};
  std::string allowed;
  for (const json::value& one : variable.values) {
    if (allowed.size() > 300) break;
    allowed += (allowed.empty() ? "" : ", ") + to_json_text(one);
  }
  return fail(ErrorCode::kInvalidArgument, subject + "can't be " + ellipsize(to_json_text(value), 80), where,
              "Allowed are " + allowed + ".");
}

std::uint64_t split_point(std::string_view salt, std::string_view subject) {
  std::string text(salt);
  text += '\0';
  text += subject;
  const Sha256 digest = sha256(text);
  std::uint64_t point = 0;
  for (std::size_t i = 0; i < 8; ++i) point = point << 8 | digest[i];
  return point;
}

std::optional<std::size_t> PromptProgram::find_variant(std::string_view name) const {
  for (std::size_t i = 0; i < variants_.size(); ++i)
    if (variants_[i].name == name) return i;
  return std::nullopt;
}

std::size_t PromptProgram::choose_variant(std::uint64_t point) const {
  if (variants_.size() == 1) return 0;
  std::uint64_t total = 0;
  for (const Variant& variant : variants_) total += variant.weight;
  __extension__ using Wide = unsigned __int128;
  auto left = static_cast<std::uint64_t>(static_cast<Wide>(point) * total >> 64);
  for (std::size_t i = 0; i < variants_.size(); ++i) {
    if (left < variants_[i].weight) return i;
    left -= variants_[i].weight;
  }
  return 0;
}

const ModelTarget* PromptProgram::target(std::size_t variant) const {
  const auto& targets = variants_[variant].targets;
  return targets.empty() ? nullptr : &targets.front();
}

const PromptVariable* PromptProgram::find_variable(std::string_view name) const {
  const auto found = std::ranges::find(variables_, name, &PromptVariable::name);
  return found == variables_.end() ? nullptr : &*found;
}

bool PromptProgram::caller_may_set(std::string_view field) const {
  return std::ranges::find(kAlwaysTaken, field) != kAlwaysTaken.end() || field == "safety_identifier" ||
         std::ranges::find(caller_parameters_, field) != caller_parameters_.end();
}

Result<> PromptProgram::check_fields(const json::object& call) const {
  for (const auto& member : call) {
    if (caller_may_set(member.key()) || member.value().is_null()) continue;
    const std::string name(member.key());
    return fail(ErrorCode::kInvalidArgument,
                "'" + ellipsize(name, 60) + "' can't be set by a call to a use case: its release decides",
                ellipsize(name, 60),
                "Leave it out, or name it among the prompt's caller_parameters and release that.");
  }
  return {};
}

Result<json::object> PromptProgram::variables_from_metadata(const json::object& metadata) const {
  json::object given;
  for (const PromptVariable& variable : variables_) {
    const json::value* value = metadata.if_contains(variable.name);
    if (value == nullptr || value->is_null()) continue;
    if (value->is_string()) {
      SLIPWAY_ASSIGN(given[variable.name], from_text(variable, view_of(value->get_string())));
    } else {
      given[variable.name] = *value;
    }
  }
  return given;
}

Result<json::object> PromptProgram::read_variables(const json::object& call) const {
  SLIPWAY_ASSIGN(const json::object* variables, optional_object(call, "variables"));
  SLIPWAY_ASSIGN(const json::object* metadata, optional_object(call, "metadata"));
  json::object given;
  const std::string source = variables == nullptr && metadata != nullptr ? "metadata." : "variables.";
  if (variables != nullptr) {
    given = *variables;
  } else if (metadata != nullptr) {
    SLIPWAY_ASSIGN(given, variables_from_metadata(*metadata));
  }
  std::vector<std::string> names;
  for (const PromptVariable& variable : variables_) names.push_back(variable.name);
  for (const auto& member : given) {
    if (find_variable(member.key()) != nullptr) continue;
    const std::string name = ellipsize(member.key(), 80);
    const auto close = nearest(name, names);
    return fail(ErrorCode::kInvalidArgument, "the prompt has no variable '" + name + "'", source + name,
                close ? "Did you mean '" + *close + "'?" : "Leave it out.");
  }
  for (const PromptVariable& variable : variables_) {
    const json::value* value = given.if_contains(variable.name);
    if (value != nullptr && !value->is_null()) {
      SLIPWAY_TRY(check_variable(variable, *value, source + variable.name));
    } else if (variable.fallback) {
      given[variable.name] = *variable.fallback;
    } else if (variable.required) {
      return fail(ErrorCode::kInvalidArgument,
                  "the variable '" + variable.name + "' is missing" +
                      (variable.description.empty() ? "" : ": " + ellipsize(variable.description, 200)),
                  source + variable.name,
                  "Send it in `variables`, as in {\"variables\": {\"" + variable.name + "\": …}}.");
    }
  }
  return given;
}

Result<std::string> PromptProgram::render(std::size_t variant, const json::object& call,
                                          std::string_view model) const {
  const Variant& chosen = variants_[variant];
  SLIPWAY_TRY(check_fields(call));
  SLIPWAY_ASSIGN(const json::array* messages, caller_messages(call));
  SLIPWAY_ASSIGN(const json::object variables, read_variables(call));
  std::string out;
  JsonWriter writer(out);
  std::string text;
  std::size_t written = 0;
  std::size_t bytes = 0;
  writer.begin_object();
  writer.nonempty_member("model", model);
  writer.key("messages");
  writer.begin_array();
  for (const Item& item : chosen.items) {
    if (item.placeholder) {
      for (std::size_t i = 0; messages != nullptr && i < messages->size(); ++i) {
        writer.value((*messages)[i]);
        ++written;
      }
      continue;
    }
    const std::string* content = item.content.constant();
    if (content == nullptr) {
      text.clear();
      RenderLimits limits = kRenderLimits;
      limits.output_bytes -= bytes;
      Result<> done = item.content.render(variables, partials_, limits, text);
      if (!done) {
        Error error = std::move(done).error();
        error.code = ErrorCode::kInvalidArgument;  // fewer or shorter variables mend it
        error.where = "variables";
        return fail(std::move(error));
      }
      bytes += text.size();
      content = &text;
    }
    if (trim(*content).empty()) continue;  // a message that holds nothing this time
    writer.begin_object();
    writer.member("role", item.role);
    writer.member("content", *content);
    writer.end_object();
    ++written;
  }
  writer.end_array();
  if (written == 0)
    return fail(ErrorCode::kInvalidArgument, "there is nothing to send: no message has a text", "messages",
                "Send messages, or the variables that fill the prompt's own.");
  for (const auto& [name, value] : chosen.parameters) {
    const json::value* own = caller_may_set(name) ? call.if_contains(name) : nullptr;
    const bool replaced = own != nullptr && !own->is_null();
    // Two names of one limit.
    const std::string_view other = name == "max_tokens"              ? "max_completion_tokens"
                                   : name == "max_completion_tokens" ? "max_tokens"
                                                                     : "";
    const json::value* twin = !other.empty() && caller_may_set(other) ? call.if_contains(other) : nullptr;
    if (!replaced && (twin == nullptr || twin->is_null())) writer.raw_member(name, value);
  }
  if (!tools_.empty()) writer.raw_member("tools", tools_);
  if (!response_format_.empty()) {
    const json::value* own =
        caller_may_set("response_format") ? call.if_contains("response_format") : nullptr;
    if (own == nullptr || own->is_null()) writer.raw_member("response_format", response_format_);
  }
  for (const auto& member : call) {
    const std::string_view name = member.key();
    if (name == "model" || name == "messages" || name == "variables" || member.value().is_null()) continue;
    if (name != "metadata" || call.contains("variables")) {
      writer.member(name, member.value());
      continue;
    }
    // What became part of the text needn't be told to the provider twice.
    json::object rest;
    for (const auto& [key, value] : member.value().get_object())
      if (find_variable(key) == nullptr) rest.emplace(key, value);
    if (!rest.empty()) writer.member("metadata", rest);
  }
  writer.end_object();
  return out;
}

}  // namespace slipway::llm
