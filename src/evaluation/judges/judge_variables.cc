// SPDX-License-Identifier: Apache-2.0
#include "evaluation/judges/judge_variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/crypto.h"
#include "base/json_text.h"
#include "base/text.h"
#include "catalog/case.h"

namespace slipway::evaluation {

namespace {

constexpr std::array<std::string_view, 18> kNames = {
    "question",  "conversation", "input",    "answer",       "expected", "context",
    "citations", "tool_calls",   "metadata", "first",        "second",   "rubric",
    "steps",     "has_steps",    "examples", "has_examples", "scale",    "mark"};
constexpr std::size_t kMarkDigits = 8;

// What a person would read of a value.
std::string as_text(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json_text(value);
}

// The text of a passage: {"text": …}, {"content": …} or itself.
std::string text_of_passage(const json::value& passage) {
  if (const json::object* object = passage.if_object())
    for (const std::string_view name : {"text", "content", "page_content"})
      if (const json::value* text = object->if_contains(name); text != nullptr && text->is_string())
        return std::string(text->get_string());
  return as_text(passage);
}

std::string name_of_passage(const json::value& passage, std::size_t number) {
  if (const json::object* object = passage.if_object())
    for (const std::string_view name : {"id", "name", "title"})
      if (const json::value* text = object->if_contains(name);
          text != nullptr && (text->is_string() || text->is_int64()))
        return as_text(*text);
  return std::to_string(number);
}

// Several passages with what an answer may cite them by.
std::string passages(const json::value& context) {
  if (!context.is_array()) return text_of_passage(context);
  std::string out;
  std::size_t number = 0;
  for (const json::value& passage : context.get_array()) {
    if (!out.empty()) out += "\n\n";
    out += fmt::format("[{}] {}", name_of_passage(passage, ++number), text_of_passage(passage));
  }
  return out;
}

// Parts of a message that are texts, joined.
std::string text_of_message(const json::object& message) {
  const json::value* content = message.if_contains("content");
  if (content == nullptr || content->is_null()) {
    const json::value* calls = message.if_contains("tool_calls");
    return calls == nullptr ? std::string() : as_text(*calls);
  }
  if (!content->is_array()) return as_text(*content);
  std::string out;
  for (const json::value& part : content->get_array()) {
    if (!out.empty()) out += '\n';
    out += text_of_passage(part);
  }
  return out;
}

const json::array* messages_in(const json::value& input) {
  if (input.is_array()) return &input.get_array();
  if (const json::object* object = input.if_object())
    if (const json::value* messages = object->if_contains("messages");
        messages != nullptr && messages->is_array())
      return &messages->get_array();
  return nullptr;
}

// Roles come from datasets: what stands in a tag is one of a few words.
std::string_view role_of(const json::object& message) {
  const json::value* role = message.if_contains("role");
  if (role != nullptr && role->is_string())
    for (const std::string_view known : {"user", "assistant", "system", "developer", "tool"})
      if (std::string_view(role->get_string()) == known) return known;
  return "other";
}

json::array conversation_of(const json::value& input) {
  json::array out;
  const json::array* messages = messages_in(input);
  if (messages == nullptr) {
    out.push_back(json::object{{"role", "user"}, {"text", catalog::text_of_input(input)}});
    return out;
  }
  for (const json::value& one : *messages)
    if (const json::object* message = one.if_object())
      out.push_back(json::object{{"role", role_of(*message)}, {"text", text_of_message(*message)}});
  return out;
}

std::string question_of(const json::value& input) {
  if (const json::array* messages = messages_in(input))
    for (auto one = messages->rbegin(); one != messages->rend(); ++one)
      if (const json::object* message = one->if_object(); message != nullptr && role_of(*message) == "user")
        return text_of_message(*message);
  if (const json::object* variables = input.if_object()) {
    const json::value* question = variables->if_contains("question");
    if (question == nullptr && variables->size() == 1) question = &variables->begin()->value();
    if (question != nullptr && question->is_string()) return std::string(question->get_string());
  }
  return catalog::text_of_input(input);
}

json::array calls_of(const CaseView& view) {
  json::array out;
  for (const ToolCall& call : view.tool_calls)
    out.push_back(json::object{{"name", call.name}, {"arguments", call.arguments}});
  return out;
}

std::string answer_of(const CaseView& view) {
  if (!view.answer.empty() || view.tool_calls.empty()) return std::string(view.answer);
  std::string out;
  for (const ToolCall& call : view.tool_calls)
    out += fmt::format("{}(calls the tool {} with {})", out.empty() ? "" : "\n", call.name, call.arguments);
  return out;
}

// nullopt where the case expects nothing.
Result<std::optional<std::string>> expected_of(const CaseView& view, const ExpectedValue& expected) {
  if (!expected.is_fixed() && (view.expected == nullptr || view.expected->is_null())) return std::nullopt;
  SLIPWAY_ASSIGN(const json::value* value, expected.of(view.expected));
  if (!value->is_array()) return as_text(*value);
  if (value->get_array().size() == 1) return as_text(value->get_array()[0]);
  std::string out;
  for (const json::value& one : value->get_array())
    out += fmt::format("{}- {}", out.empty() ? "" : "\n", as_text(one));
  return out;
}

const json::value* context_of(const CaseView& view) {
  if (view.context != nullptr && !view.context->is_null()) return view.context;
  return view.retrieved_documents;
}

// The other answer of a comparison.
Result<std::string> other_of(const CaseView& view, const JudgeParams& params) {
  if (params.against.empty()) {
    SLIPWAY_ASSIGN(const auto expected, expected_of(view, params.expected));
    if (expected) return *expected;
    return fail(ErrorCode::kInvalidArgument, "the case has no expected answer to compare with", "expected",
                "Add it to the dataset, or name another member in params.against");
  }
  const std::string pointer = pointer_of(params.against);
  const json::value* there = view.fields == nullptr ? nullptr : member_of_case(*view.fields, pointer);
  if (there != nullptr && !there->is_null()) return as_text(*there);
  return fail(ErrorCode::kInvalidArgument, fmt::format("the case has no {}", pointer), "against",
              "Name a member of the case in params.against, as metadata.baseline");
}

void gather_texts(const json::value& value, std::string& out) {
  if (value.is_string()) {
    out += std::string_view(value.get_string());
    out += '\n';
  }
  if (value.is_array())
    for (const json::value& one : value.get_array()) gather_texts(one, out);
  if (value.is_object())
    for (const json::key_value_pair& one : value.get_object()) gather_texts(one.value(), out);
}

// The same for the same case, and in none of its texts: nobody can write a tag that ends another's text.
std::string mark_for(const json::object& values, std::string_view other) {
  std::string all(other);
  for (const json::key_value_pair& one : values) gather_texts(one.value(), all);
  std::string mark = hex(sha256(all)).substr(0, kMarkDigits);
  while (all.find(mark) != std::string::npos) mark = hex(sha256(mark + all)).substr(0, kMarkDigits);
  return mark;
}

json::value fitting(const llm::PromptVariable& variable, json::value value) {
  using Type = llm::PromptVariable::Type;
  if (variable.type == Type::kString && !value.is_string()) return json::value(as_text(value));
  if (variable.type == Type::kList && !value.is_array()) return json::array{std::move(value)};
  return value;
}

class Gatherer {
 public:
  Gatherer(const CaseView& view, const JudgeParams& params, const JudgeScale& scale)
      : view_(view), params_(params), scale_(scale) {}

  // nullopt: the case has none.
  Result<std::optional<json::value>> value(const llm::PromptVariable& variable) const {
    const std::string_view name = variable.name;
    const bool text = variable.type == llm::PromptVariable::Type::kString;
    if (name == "answer") return json::value(answer_of(view_));
    if (name == "expected") {
      if (!text) {
        if (!params_.expected.is_fixed() && view_.expected == nullptr) return std::nullopt;
        SLIPWAY_ASSIGN(const json::value* expected, params_.expected.of(view_.expected));
        return json::value(*expected);
      }
      SLIPWAY_ASSIGN(const auto expected, expected_of(view_, params_.expected));
      if (!expected) return std::nullopt;
      return json::value(*expected);
    }
    if (name == "context") {
      const json::value* context = context_of(view_);
      if (context == nullptr) return std::nullopt;
      return text ? json::value(passages(*context)) : json::value(*context);
    }
    if (auto of_input = from_input(name)) return of_input;
    return from_metric(name);
  }

 private:
  [[nodiscard]] std::optional<json::value> from_input(std::string_view name) const {
    if (view_.input == nullptr) return std::nullopt;
    if (name == "question") return json::value(question_of(*view_.input));
    if (name == "conversation") return json::value(conversation_of(*view_.input));
    if (name == "input") return json::value(*view_.input);
    return std::nullopt;
  }

  [[nodiscard]] std::optional<json::value> from_metric(std::string_view name) const {
    if (name == "citations" && view_.citations) {
      json::array out;
      for (const std::string& one : *view_.citations) out.emplace_back(one);
      return json::value(std::move(out));
    }
    if (name == "tool_calls") return json::value(calls_of(view_));
    if (name == "metadata" && view_.fields != nullptr)
      if (const json::value* metadata = view_.fields->if_contains("metadata")) return json::value(*metadata);
    if (name == "rubric" && !params_.rubric.empty()) return json::value(params_.rubric);
    if (name == "steps" && !params_.steps.empty()) return json::value(params_.steps);
    if (name == "has_steps") return json::value(!params_.steps.empty());
    if (name == "examples" && !params_.examples.empty()) return json::value(params_.examples);
    if (name == "has_examples") return json::value(!params_.examples.empty());
    if (name == "scale") return json::value(scale_.view());
    // What the target's own prompt is given by that name.
    if (const json::object* variables = view_.input == nullptr ? nullptr : view_.input->if_object())
      if (const json::value* variable = variables->if_contains(name)) return json::value(*variable);
    return std::nullopt;
  }

  const CaseView& view_;
  const JudgeParams& params_;
  const JudgeScale& scale_;
};

std::unexpected<Error> missing(std::string_view name) {
  if (name == "expected")
    return fail(ErrorCode::kInvalidArgument, "the case has no expected answer", "expected",
                "Add it to the dataset, or give the metric a fixed value");
  if (name == "context")
    return fail(ErrorCode::kInvalidArgument, "the case has no context, and nothing was retrieved", "context",
                "Add what the answer may rest on to the dataset");
  return fail(ErrorCode::kInvalidArgument, fmt::format("the case has no {}", name), std::string(name));
}

}  // namespace

const json::value* member_of_case(const json::object& fields, std::string_view pointer) {
  if (!pointer.starts_with('/')) return nullptr;
  pointer.remove_prefix(1);
  const std::size_t end = std::min(pointer.find('/'), pointer.size());
  const json::value* member = fields.if_contains(pointer.substr(0, end));
  return member == nullptr ? nullptr : at_pointer(*member, pointer.substr(end));
}

Result<JudgeVariables> JudgeVariables::make(const CaseView& view, const JudgeParams& params,
                                            const JudgeScale& scale,
                                            const std::vector<llm::PromptVariable>& wanted) {
  JudgeVariables out;
  out.pairwise_ = params.pairwise();
  if (out.pairwise_) {
    out.answer_ = answer_of(view);
    SLIPWAY_ASSIGN(out.other_, other_of(view, params));
  }
  const Gatherer gatherer(view, params, scale);
  bool marked = false;
  for (const llm::PromptVariable& variable : wanted) {
    if (variable.name == "mark") {
      marked = true;
      continue;
    }
    if (out.pairwise_ && (variable.name == "first" || variable.name == "second")) continue;
    SLIPWAY_ASSIGN(auto value, gatherer.value(variable));
    if (value)
      out.values_[variable.name] = fitting(variable, std::move(*value));
    else if (variable.required && !variable.fallback)
      return missing(variable.name);
  }
  if (marked) out.values_["mark"] = mark_for(out.values_, out.answer_ + "\n" + out.other_);
  return out;
}

json::object JudgeVariables::values(bool answer_first) const {
  json::object out = values_;
  if (!pairwise_) return out;
  out["first"] = answer_first ? answer_ : other_;
  out["second"] = answer_first ? other_ : answer_;
  return out;
}

Result<> check_judge_variables(const std::vector<llm::PromptVariable>& variables, const JudgeParams& params,
                               const std::string& path) {
  for (const llm::PromptVariable& variable : variables) {
    const bool known = std::ranges::find(kNames, variable.name) != kNames.end();
    const bool of_two = variable.name == "first" || variable.name == "second";
    if ((known && (!of_two || params.pairwise())) || !variable.required || variable.fallback) continue;
    std::vector<std::string> names(kNames.begin(), kNames.end());
    const auto close = nearest(variable.name, names);
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the judge's prompt needs the variable '{}', which judges know nothing of",
                            ellipsize(variable.name, 80)),
                path,
                close ? fmt::format("Did you mean '{}'?", *close)
                      : "Give it a default, or use question, answer, expected, context, …");
  }
  return {};
}

}  // namespace slipway::evaluation
