// SPDX-License-Identifier: Apache-2.0
#include "catalog/schema_walk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "catalog/canonical.h"

namespace slipway::catalog {

namespace {

// What a problem says about whether this shape was meant at all.
constexpr std::uint32_t kOtherType = 1'000;
constexpr std::uint32_t kOtherConstant = 100;
constexpr std::uint32_t kOtherMembers = 10;

constexpr std::size_t kShownBytes = 80;
constexpr std::size_t kProblemsLimit = 200;  // of one asset: nobody reads more

std::string shown(const json::value& value) {
  if (value.is_string()) return fmt::format("'{}'", ellipsize(value.get_string(), kShownBytes));
  return ellipsize(canonical_json(value), kShownBytes);
}

bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return a.to_number<double>() == b.to_number<double>();
  return a == b;
}

bool is_whole(const json::value& value) {
  return value.is_int64() || value.is_uint64() ||
         (value.is_double() && std::isfinite(value.get_double()) &&
          std::trunc(value.get_double()) == value.get_double());
}

bool has_type(const json::value& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return is_whole(value);
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_bool();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  return type == "null" && value.is_null();
}

std::string_view type_name_in_words(std::string_view type) {
  if (type == "string") return "text";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  if (type == "array") return "a list";
  if (type == "object") return "a map";
  return "empty";
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string_view plural(std::uint64_t count) { return count == 1 ? "" : "s"; }

std::uint64_t count_of(const json::value& argument) { return argument.to_number<std::uint64_t>(); }

const YamlNode* member_node(const YamlNode* node, std::string_view key) {
  return node == nullptr ? nullptr : node->find(key);
}

const YamlNode* item_node(const YamlNode* node, std::size_t index) {
  return node == nullptr || index >= node->items.size() ? nullptr : &node->items[index];
}

bool matches(const RE2& pattern, std::string_view text) {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

std::vector<std::string> texts(const json::array& values) {
  std::vector<std::string> out;
  for (const json::value& value : values)
    out.push_back(value.is_string() ? std::string(value.get_string()) : canonical_json(value));
  return out;
}

}  // namespace

std::uint64_t WalkFindings::weight() const {
  std::uint64_t sum = 0;
  for (const WeighedProblem& problem : problems) sum += problem.weight;
  return sum;
}

void WalkFindings::add(WalkFindings other) {
  std::ranges::move(other.problems, std::back_inserter(problems));
  std::ranges::move(other.references, std::back_inserter(references));
  std::ranges::move(other.templates, std::back_inserter(templates));
}

WalkFindings SchemaWalk::run(const json::value& value, const YamlNode* positions) {
  WalkFindings out;
  visit(root_, {value, positions, {}}, out);
  return out;
}

void SchemaWalk::report(WalkFindings& out, const Place& place, std::string message, std::string hint,
                        std::uint32_t weight) {
  if (out.problems.size() >= kProblemsLimit) return;
  Problem problem;
  problem.path = place.path;
  problem.message = std::move(message);
  problem.hint = std::move(hint);
  if (place.node != nullptr) {
    problem.line = place.node->line;
    problem.column = place.node->column;
  }
  out.problems.push_back({std::move(problem), weight});
}

void SchemaWalk::visit(const json::value& schema, const Place& place, WalkFindings& out) {
  if (schema.is_bool()) {
    if (!schema.get_bool()) report(out, place, "nothing may stand here");
    return;
  }
  const json::object& words = schema.get_object();
  // What is wrong with the type makes all else about the value beside the point.
  const std::size_t before = out.problems.size();
  if (const json::value* type = words.if_contains("type")) check_type(*type, place, out);
  if (out.problems.size() != before) return;
  for (const json::key_value_pair& word : words) visit_word(word.key(), word.value(), words, place, out);
}

void SchemaWalk::visit_word(std::string_view word, const json::value& argument, const json::object& schema,
                            const Place& place, WalkFindings& out) {
  if (word == "$ref") {
    const std::string_view name = std::string_view(argument.get_string()).substr(kDefinitions.size());
    visit(root_.get_object().at("$defs").get_object().at(name), place, out);
    return;
  }
  static_cast<void>(visit_scalar(word, argument, schema, place, out) ||
                    visit_list(word, argument, place, out) || visit_map(word, argument, schema, place, out) ||
                    visit_choice(word, argument, schema, place, out));
}

bool SchemaWalk::visit_scalar(std::string_view word, const json::value& argument, const json::object& schema,
                              const Place& place, WalkFindings& out) {
  const json::value& value = place.value;
  if (word == "const") {
    if (!same(value, argument))
      report(out, place, fmt::format("must be {}, but is {}", shown(argument), shown(value)), {},
             kOtherConstant);
    return true;
  }
  if (word == "enum") {
    check_enum(argument.get_array(), place, out);
    return true;
  }
  if (value.is_string()) {
    const std::string_view text = value.get_string();
    if (word == "x-reference")
      out.references.push_back(
          {place.path, std::string(text), std::string(argument.get_string()), place.node});
    else if (word == "x-template")
      out.templates.push_back({place.path, std::string(text), {}, place.node});
    else if (word == "pattern")
      check_pattern(argument.get_string(), schema, place, out);
    else if (word == "minLength" && characters(text) < count_of(argument))
      report(out, place,
             text.empty() ? std::string("must not be empty")
                          : fmt::format("must have at least {} characters", count_of(argument)));
    else if (word == "maxLength" && characters(text) > count_of(argument))
      report(out, place,
             fmt::format("has {} characters, at most {} are allowed", characters(text), count_of(argument)));
  }
  if (value.is_number()) {
    const double number = value.to_number<double>();
    if (word == "minimum" && number < argument.to_number<double>())
      report(out, place, fmt::format("must be at least {}, but is {}", shown(argument), shown(value)));
    else if (word == "maximum" && number > argument.to_number<double>())
      report(out, place, fmt::format("must be at most {}, but is {}", shown(argument), shown(value)));
    else if (word == "exclusiveMinimum" && number <= argument.to_number<double>())
      report(out, place, fmt::format("must be more than {}, but is {}", shown(argument), shown(value)));
  }
  return false;
}

bool SchemaWalk::visit_list(std::string_view word, const json::value& argument, const Place& place,
                            WalkFindings& out) {
  if (!place.value.is_array()) return false;
  const json::array& items = place.value.get_array();
  if (word == "minItems" && items.size() < count_of(argument)) {
    report(out, place,
           fmt::format("must have at least {} item{}", count_of(argument), plural(count_of(argument))));
  } else if (word == "maxItems" && items.size() > count_of(argument)) {
    report(out, place, fmt::format("has {} items, at most {} are allowed", items.size(), count_of(argument)));
  } else if (word == "items") {
    for (std::size_t i = 0; i < items.size(); ++i)
      visit(argument, {items[i], item_node(place.node, i), item_path(place.path, i)}, out);
  } else if (word == "uniqueItems" && argument.get_bool()) {
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto [earlier, fresh] = seen.emplace(canonical_json(items[i]), i);
      if (!fresh)
        report(out, {items[i], item_node(place.node, i), item_path(place.path, i)},
               fmt::format("is the same as item {} of the list", earlier->second));
    }
  } else {
    return false;
  }
  return true;
}

bool SchemaWalk::visit_map(std::string_view word, const json::value& argument, const json::object& schema,
                           const Place& place, WalkFindings& out) {
  if (!place.value.is_object()) return false;
  const json::object& members = place.value.get_object();
  if (word == "properties") {
    for (const json::key_value_pair& known : argument.get_object())
      if (const json::value* value = members.if_contains(known.key()))
        visit(known.value(),
              {*value, member_node(place.node, known.key()), member_path(place.path, known.key())}, out);
  } else if (word == "required") {
    for (const json::value& key : argument.get_array()) {
      const std::string_view name = key.get_string();
      if (!members.contains(name))
        report(out, {place.value, place.node, member_path(place.path, name)},
               fmt::format("'{}' is missing", name), {}, kOtherMembers);
    }
  } else if (word == "minProperties" && members.size() < count_of(argument)) {
    report(out, place,
           fmt::format("must have at least {} member{}", count_of(argument), plural(count_of(argument))));
  } else if (word == "maxProperties" && members.size() > count_of(argument)) {
    report(out, place,
           fmt::format("has {} members, at most {} {} allowed", members.size(), count_of(argument),
                       count_of(argument) == 1 ? "is" : "are"));
  } else if (word == "propertyNames") {
    check_names(argument, place, out);
  } else if (word == "additionalProperties") {
    check_unknown(argument, schema, place, out);
  } else {
    return false;
  }
  return true;
}

bool SchemaWalk::visit_choice(std::string_view word, const json::value& argument, const json::object& schema,
                              const Place& place, WalkFindings& out) {
  if (word == "allOf") {
    for (const json::value& part : argument.get_array()) visit(part, place, out);
  } else if (word == "anyOf" || word == "oneOf") {
    check_any(argument.get_array(), word == "oneOf", place, out);
  } else if (word == "not") {
    WalkFindings inner;
    visit(argument, place, inner);
    if (inner.problems.empty()) {
      const json::value* required =
          argument.is_object() ? argument.get_object().if_contains("required") : nullptr;
      report(out, place,
             required == nullptr ? std::string("must not have this shape")
                                 : fmt::format("'{}' can't stand here together with the other members",
                                               fmt::join(texts(required->get_array()), "', '")),
             {}, kOtherMembers);
    }
  } else if (word == "if") {
    WalkFindings inner;
    visit(argument, place, inner);
    const json::value* then = schema.if_contains("then");
    if (inner.problems.empty() && then != nullptr) visit(*then, place, out);
  } else {
    return false;
  }
  return true;
}

void SchemaWalk::check_type(const json::value& type, const Place& place, WalkFindings& out) {
  std::vector<std::string_view> types;
  if (type.is_string()) types.push_back(type.get_string());
  if (type.is_array())
    for (const json::value& one : type.get_array()) types.push_back(one.get_string());
  if (std::ranges::any_of(types, [&](std::string_view one) { return has_type(place.value, one); })) return;
  std::vector<std::string_view> words;
  for (const std::string_view one : types) words.push_back(type_name_in_words(one));
  const bool want_text = std::ranges::find(types, "string") != types.end();
  const bool is_scalar = place.value.is_bool() || place.value.is_number();
  const bool fraction = types.size() == 1 && types[0] == "integer" && place.value.is_number();
  report(out, place,
         fmt::format("must be {}, but is {}", fmt::join(words, " or "),
                     fraction ? shown(place.value) : std::string(type_in_words(place.value))),
         want_text && is_scalar ? fmt::format("Put it in quotes: \"{}\".", canonical_json(place.value))
                                : std::string(),
         kOtherType);
}

void SchemaWalk::check_enum(const json::array& values, const Place& place, WalkFindings& out) {
  if (std::ranges::any_of(values, [&](const json::value& one) { return same(one, place.value); })) return;
  if (values.size() == 1) {
    report(out, place, fmt::format("must be {}, but is {}", shown(values[0]), shown(place.value)));
    return;
  }
  const std::vector<std::string> words = texts(values);
  std::string hint;
  if (place.value.is_string())
    if (const auto close = nearest(place.value.get_string(), words))
      hint = fmt::format("Did you mean '{}'?", *close);
  report(out, place, fmt::format("must be one of {}, but is {}", fmt::join(words, ", "), shown(place.value)),
         hint);
}

void SchemaWalk::check_pattern(std::string_view pattern, const json::object& schema, const Place& place,
                               WalkFindings& out) {
  const auto found = patterns_.find(pattern);
  if (found == patterns_.end() || matches(*found->second, place.value.get_string())) return;
  const json::value* says = schema.if_contains("x-pattern-says");
  report(out, place,
         fmt::format(
             "{} is not {}", shown(place.value),
             says == nullptr ? fmt::format("of the form {}", pattern) : std::string(says->get_string())));
}

void SchemaWalk::check_names(const json::value& names, const Place& place, WalkFindings& out) {
  for (const json::key_value_pair& member : place.value.get_object()) {
    const json::value name(member.key());
    visit(names, {name, member_node(place.node, member.key()), member_path(place.path, member.key())}, out);
  }
}

void SchemaWalk::check_unknown(const json::value& rest, const json::object& schema, const Place& place,
                               WalkFindings& out) {
  const json::value* known = schema.if_contains("properties");
  for (const json::key_value_pair& member : place.value.get_object()) {
    const std::string_view key = member.key();
    if (known != nullptr && known->get_object().contains(key)) continue;
    const Place inner{member.value(), member_node(place.node, key), member_path(place.path, key)};
    if (!rest.is_bool() || rest.get_bool()) {
      visit(rest, inner, out);
      continue;
    }
    std::vector<std::string> names;
    if (known != nullptr)
      for (const json::key_value_pair& one : known->get_object()) names.emplace_back(one.key());
    const auto close = nearest(key, names);
    const std::size_t before = out.problems.size();
    report(out, inner, fmt::format("there is no '{}' here", ellipsize(key, kShownBytes)),
           close ? fmt::format("Did you mean '{}'?", *close)
                 : fmt::format("What may stand here: {}.", fmt::join(names, ", ")),
           kOtherMembers);
    // The name is what is wrong, not what stands behind it.
    if (place.node == nullptr || out.problems.size() == before) continue;
    for (const YamlNode::Member& at : place.node->members) {
      if (at.key != key) continue;
      out.problems.back().problem.line = at.line;
      out.problems.back().problem.column = at.column;
    }
  }
}

void SchemaWalk::check_any(const json::array& shapes, bool just_one, const Place& place, WalkFindings& out) {
  std::vector<WalkFindings> tried;
  std::size_t fitting = 0;
  for (const json::value& shape : shapes) {
    WalkFindings inner;
    visit(shape, place, inner);
    if (inner.problems.empty()) {
      if (fitting++ == 0) out.add(std::move(inner));
      if (!just_one) return;
    } else {
      tried.push_back(std::move(inner));
    }
  }
  if (fitting > 1 && just_one) report(out, place, "can be read in two ways");
  if (fitting > 0) return;
  const auto wrong_type = [&](const WalkFindings& one) {
    return one.problems.size() == 1 && one.problems[0].weight == kOtherType &&
           one.problems[0].problem.path == place.path;
  };
  // Markers of the likeliest shape are kept: an asset with one mistake still has its references.
  if (!std::ranges::all_of(tried, wrong_type)) {
    out.add(std::move(*std::ranges::min_element(tried, {}, &WalkFindings::weight)));
    return;
  }
  std::vector<std::string_view> words;
  for (const json::value& shape : shapes) {
    const json::value* type = shape.is_object() ? shape.get_object().if_contains("type") : nullptr;
    if (type == nullptr || !type->is_string()) continue;
    const std::string_view word = type_name_in_words(type->get_string());
    if (std::ranges::find(words, word) == words.end()) words.push_back(word);
  }
  report(out, place,
         fmt::format("must be {}, but is {}", fmt::join(words, " or "), type_in_words(place.value)), {},
         kOtherType);
}

}  // namespace slipway::catalog
