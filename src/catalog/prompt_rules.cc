// SPDX-License-Identifier: Apache-2.0
#include "catalog/prompt_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "catalog/kind_rules.h"

namespace slipway::catalog {

namespace {

constexpr double kAllCalls = 100;  // percent

std::string_view type_of(const json::object& variable) {
  const json::value* type = variable.if_contains("type");
  return type == nullptr ? std::string_view("string") : std::string_view(type->as_string());
}

bool has_variable_type(const json::value& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "list") return value.is_array();
  if (type == "object") return value.is_object();
  if (!value.is_number()) return false;
  return type == "number" || std::trunc(value.to_number<double>()) == value.to_number<double>();
}

std::size_t length_of(const json::value& value) {
  if (value.is_array()) return value.get_array().size();
  return static_cast<std::size_t>(std::ranges::count_if(
      value.get_string(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// Whether a default or an allowed value keeps to what the variable says of itself.
void check_value(const json::object& variable, const json::value& value, const std::string& path,
                 ProblemList& problems) {
  const std::string_view type = type_of(variable);
  if (!has_variable_type(value, type)) {
    problems.add(path, fmt::format("the variable is of type {}, this is {}", type, type_in_words(value)));
    return;
  }
  const json::value* longest = variable.if_contains("max_length");
  if (longest != nullptr && (value.is_string() || value.is_array()) &&
      length_of(value) > longest->to_number<std::size_t>())
    problems.add(path, fmt::format("is longer than the variable's max_length of {}",
                                   longest->to_number<std::size_t>()));
  if (!value.is_number()) return;
  const double number = value.to_number<double>();
  const json::value* least = variable.if_contains("minimum");
  const json::value* most = variable.if_contains("maximum");
  if (least != nullptr && number < least->to_number<double>())
    problems.add(path, "is less than the variable's minimum");
  if (most != nullptr && number > most->to_number<double>())
    problems.add(path, "is more than the variable's maximum");
}

void check_variable(const json::object& variable, const std::string& path, ProblemList& problems) {
  const std::string_view type = type_of(variable);
  if (variable.contains("max_length") && type != "string" && type != "list")
    problems.add(member_path(path, "max_length"), fmt::format("means nothing for the type {}", type),
                 "It counts the characters of a string or the items of a list.");
  for (const std::string_view bound : {"minimum", "maximum"})
    if (variable.contains(bound) && type != "number" && type != "integer")
      problems.add(member_path(path, bound), fmt::format("means nothing for the type {}", type));
  const json::value* given = variable.if_contains("default");
  const json::value* required = variable.if_contains("required");
  if (given != nullptr && required != nullptr && required->as_bool())
    problems.add(member_path(path, "required"), "a variable with a default is never missing",
                 "Leave out one of the two.");
  const json::value* values = variable.if_contains("values");
  if (values != nullptr) {
    const json::array& allowed = values->as_array();
    for (std::size_t i = 0; i < allowed.size(); ++i)
      check_value(variable, allowed[i], item_path(member_path(path, "values"), i), problems);
    if (given != nullptr && std::ranges::find(allowed, *given) == allowed.end())
      problems.add(member_path(path, "default"), "is none of the variable's values");
  }
  if (given != nullptr) check_value(variable, *given, member_path(path, "default"), problems);
}

// A conversation has one place for the caller's messages.
void check_messages(const json::object& holder, const std::string& path, ProblemList& problems) {
  const json::value* messages = holder.if_contains("messages");
  if (messages == nullptr) return;
  bool seen = false;
  const json::array& list = messages->as_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].as_object().contains("placeholder")) continue;
    if (seen)
      problems.add(item_path(member_path(path, "messages"), i), "the caller's messages have a place already",
                   "Keep one placeholder.");
    seen = true;
  }
}

}  // namespace

void check_prompt(const json::object& content, ProblemList& problems) {
  if (const json::value* variables = content.if_contains("variables"))
    for (const json::key_value_pair& variable : variables->as_object())
      check_variable(variable.value().as_object(), member_path("variables", variable.key()), problems);
  check_messages(content, {}, problems);
  const json::value* variants = content.if_contains("variants");
  if (variants == nullptr) return;
  double weights = 0;
  std::map<std::string, std::size_t> names;
  const json::array& list = variants->as_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::object& variant = list[i].as_object();
    const std::string path = item_path("variants", i);
    check_messages(variant, path, problems);
    weights += variant.at("weight").to_number<double>();
    const auto [earlier, fresh] = names.emplace(std::string(variant.at("name").as_string()), i);
    if (!fresh)
      problems.add(member_path(path, "name"),
                   fmt::format("'{}' is the name of {} already", earlier->first,
                               item_path("variants", earlier->second)),
                   "Choose another one.");
  }
  if (weights > kAllCalls)
    problems.add("variants", fmt::format("the weights add up to {}, more than all calls", weights),
                 "They are percent; what is left of 100 goes to the prompt itself.");
}

}  // namespace slipway::catalog
