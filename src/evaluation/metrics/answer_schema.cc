// SPDX-License-Identifier: Apache-2.0
// Compiles schemas.
#include "evaluation/metrics/answer_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "evaluation/metrics/answer_schema_nodes.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kNodesLimit = 20'000;
constexpr std::int64_t kPatternBytes = 1 << 20;  // compiled, each

// Words that say nothing about values. Formats are among them, as 2020-12 has it by default.
constexpr std::array<std::string_view, 16> kNotes = {
    "$schema",     "$id",     "$comment",         "$defs",          "definitions", "title",
    "description", "default", "deprecated",       "examples",       "readOnly",    "writeOnly",
    "format",      "example", "contentMediaType", "contentEncoding"};

constexpr std::array<std::pair<std::string_view, SchemaType>, 7> kTypes = {{{"null", kNullType},
                                                                            {"boolean", kBooleanType},
                                                                            {"integer", kIntegerType},
                                                                            {"number", kNumberType},
                                                                            {"string", kStringType},
                                                                            {"array", kArrayType},
                                                                            {"object", kObjectType}}};

std::string step(std::string_view pointer, std::string_view key) {
  std::string out(pointer);
  out += '/';
  for (const char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

std::unexpected<Error> wrong(std::string message, std::string_view pointer, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message),
              pointer.empty() ? "schema" : fmt::format("schema {}", pointer), std::move(hint));
}

using Node = AnswerSchema::Node;

class Compiler {
 public:
  Compiler(const json::value& document, AnswerSchema::Graph& graph) : document_(document), graph_(graph) {}

  // Each place is compiled once, so that references may go in circles.
  Result<const Node*> compile(const json::value& schema, const std::string& pointer) {
    if (const auto found = made_.find(pointer); found != made_.end()) return found->second;
    if (graph_.nodes.size() >= kNodesLimit)
      return wrong(fmt::format("has more than {} parts", kNodesLimit), {});
    graph_.nodes.push_back(std::make_unique<Node>());
    Node& node = *graph_.nodes.back();
    made_.emplace(pointer, &node);
    if (schema.is_bool()) {
      node.never = !schema.get_bool();
      return &node;
    }
    if (!schema.is_object()) return wrong("a schema is a map, true or false", pointer);
    for (const json::key_value_pair& word : schema.get_object()) {
      const std::string_view name = word.key();
      if (name.starts_with("x-") || std::ranges::find(kNotes, name) != kNotes.end()) continue;
      SLIPWAY_ASSIGN(const bool known, take_word(node, name, word.value(), step(pointer, name)));
      if (!known)
        return wrong(fmt::format("the word '{}' is not known", ellipsize(name, 80)), pointer,
                     "It would silently not be checked: leave it out, or use the words of the documentation");
    }
    return &node;
  }

 private:
  Result<bool> take_word(Node& node, std::string_view word, const json::value& argument,
                         const std::string& pointer) {
    for (const auto take : {&Compiler::take_value_word, &Compiler::take_number_word,
                            &Compiler::take_schema_word, &Compiler::take_schemas_word}) {
      SLIPWAY_ASSIGN(const bool known, (this->*take)(node, word, argument, pointer));
      if (known) return true;
    }
    return false;
  }

  Result<bool> take_value_word(Node& node, std::string_view word, const json::value& argument,
                               const std::string& pointer) {
    if (word == "type") {
      node.types = 0;
      const json::array types = argument.is_array() ? argument.get_array() : json::array{argument};
      for (const json::value& type : types) {
        const auto known = std::ranges::find_if(
            kTypes, [&](const auto& one) { return type.is_string() && type.get_string() == one.first; });
        if (known == kTypes.end()) return wrong("is no type", pointer);
        node.types = static_cast<std::uint8_t>(node.types | known->second);
      }
    } else if (word == "const") {
      node.constant = argument;
    } else if (word == "enum") {
      if (!argument.is_array()) return wrong("must be a list", pointer);
      node.choices = argument.get_array();
    } else if (word == "pattern") {
      SLIPWAY_ASSIGN(node.pattern, pattern_of(argument, pointer));
    } else if (word == "uniqueItems") {
      if (!argument.is_bool()) return wrong("must be true or false", pointer);
      node.unique = argument.get_bool();
    } else if (word == "required") {
      SLIPWAY_ASSIGN(node.required, texts_of(argument, pointer));
    } else if (word == "dependentRequired") {
      if (!argument.is_object()) return wrong("must be a map", pointer);
      for (const json::key_value_pair& one : argument.get_object()) {
        SLIPWAY_ASSIGN(auto names, texts_of(one.value(), step(pointer, one.key())));
        node.required_with.emplace(one.key(), std::move(names));
      }
    } else {
      return false;
    }
    return true;
  }

  Result<bool> take_number_word(Node& node, std::string_view word, const json::value& argument,
                                const std::string& pointer) {
    const std::pair<std::string_view, std::optional<double>*> kNumbers[] = {
        {"minimum", &node.minimum},        {"maximum", &node.maximum},     {"exclusiveMinimum", &node.above},
        {"exclusiveMaximum", &node.below}, {"multipleOf", &node.multiple},
    };
    for (const auto& [name, place] : kNumbers) {
      if (word != name) continue;
      if (!argument.is_number()) return wrong("must be a number", pointer);
      *place = argument.to_number<double>();
      if (word == "multipleOf" && !(**place > 0)) return wrong("must be more than 0", pointer);
      return true;
    }
    const std::pair<std::string_view, std::optional<std::uint64_t>*> kCounts[] = {
        {"minLength", &node.min_length},      {"maxLength", &node.max_length},
        {"minItems", &node.min_items},        {"maxItems", &node.max_items},
        {"minProperties", &node.min_members}, {"maxProperties", &node.max_members},
        {"minContains", &node.min_contains},  {"maxContains", &node.max_contains},
    };
    for (const auto& [name, place] : kCounts) {
      if (word != name) continue;
      const double count = argument.is_number() ? argument.to_number<double>() : -1;
      if (!(count >= 0 && count <= 1e15 && std::trunc(count) == count))
        return wrong("must be a whole number of at least 0", pointer);
      *place = static_cast<std::uint64_t>(count);
      return true;
    }
    return false;
  }

  Result<bool> take_schema_word(Node& node, std::string_view word, const json::value& argument,
                                const std::string& pointer) {
    if (word == "$ref") {
      SLIPWAY_ASSIGN(node.reference, reference(argument, pointer));
      return true;
    }
    const std::pair<std::string_view, const Node**> kSchemas[] = {
        {"contains", &node.contains}, {"propertyNames", &node.names}, {"additionalProperties", &node.others},
        {"not", &node.negated},       {"if", &node.condition},        {"then", &node.then},
        {"else", &node.otherwise},
    };
    for (const auto& [name, place] : kSchemas) {
      if (word != name) continue;
      SLIPWAY_ASSIGN(*place, compile(argument, pointer));
      return true;
    }
    if (word != "items") return false;
    // A list is how drafts before 2020-12 wrote prefixItems.
    if (argument.is_array())
      return wrong("is one schema for all items", pointer, "Write prefixItems for a list of schemas");
    SLIPWAY_ASSIGN(node.items, compile(argument, pointer));
    return true;
  }

  Result<bool> take_schemas_word(Node& node, std::string_view word, const json::value& argument,
                                 const std::string& pointer) {
    const std::pair<std::string_view, std::vector<const Node*>*> kLists[] = {
        {"prefixItems", &node.first_items}, {"allOf", &node.all}, {"anyOf", &node.any}, {"oneOf", &node.one}};
    for (const auto& [name, place] : kLists) {
      if (word != name) continue;
      if (!argument.is_array() || argument.get_array().empty())
        return wrong("must be a list of schemas", pointer);
      for (std::size_t i = 0; i < argument.get_array().size(); ++i) {
        SLIPWAY_ASSIGN(const Node* part, compile(argument.get_array()[i], step(pointer, std::to_string(i))));
        place->push_back(part);
      }
      return true;
    }
    const bool by_pattern = word == "patternProperties";
    if (!by_pattern && word != "properties" && word != "dependentSchemas") return false;
    if (!argument.is_object()) return wrong("must be a map of schemas", pointer);
    for (const json::key_value_pair& one : argument.get_object()) {
      SLIPWAY_ASSIGN(const Node* part, compile(one.value(), step(pointer, one.key())));
      if (by_pattern) {
        SLIPWAY_ASSIGN(const RE2* pattern, pattern_of(json::value(one.key()), pointer));
        node.members_like.emplace_back(pattern, part);
      } else {
        (word == "properties" ? node.members : node.members_with).emplace(one.key(), part);
      }
    }
    return true;
  }

  Result<const Node*> reference(const json::value& argument, const std::string& pointer) {
    const std::string text = argument.is_string() ? std::string(argument.get_string()) : std::string();
    if (!text.starts_with('#') || (text.size() > 1 && text[1] != '/'))
      return wrong(fmt::format("'{}' does not lead into this schema", ellipsize(text, 80)), pointer,
                   "References are '#' and a JSON pointer, as in '#/$defs/address'");
    const auto target_pointer = url_decode(std::string_view(text).substr(1));
    const json::value* target = target_pointer ? at_pointer(document_, *target_pointer) : nullptr;
    if (target == nullptr) return wrong(fmt::format("there is no '{}'", ellipsize(text, 80)), pointer);
    return compile(*target, *target_pointer);
  }

  Result<const RE2*> pattern_of(const json::value& argument, const std::string& pointer) {
    if (!argument.is_string()) return wrong("must be a text", pointer);
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(kPatternBytes);
    const std::string text(argument.get_string());
    graph_.patterns.push_back(std::make_unique<RE2>(text, options));
    const RE2& made = *graph_.patterns.back();
    if (made.ok()) return &made;
    return wrong(fmt::format("'{}' is no pattern that can be used: {}", ellipsize(text, 80), made.error()),
                 pointer, "Patterns are RE2's: no look-around, no back-references");
  }

  static Result<std::vector<std::string>> texts_of(const json::value& argument, const std::string& pointer) {
    std::vector<std::string> out;
    if (!argument.is_array()) return wrong("must be a list of names", pointer);
    for (const json::value& one : argument.get_array()) {
      if (!one.is_string()) return wrong("must be a list of names", pointer);
      out.emplace_back(one.get_string());
    }
    return out;
  }

  const json::value& document_;
  AnswerSchema::Graph& graph_;
  std::map<std::string, const Node*> made_;
};

}  // namespace

Result<AnswerSchema> AnswerSchema::compile(const json::value& schema) {
  auto graph = std::make_shared<Graph>();
  Compiler compiler(schema, *graph);
  SLIPWAY_ASSIGN(graph->root, compiler.compile(schema, {}));
  return AnswerSchema(std::move(graph));
}

const json::value* at_pointer(const json::value& document, std::string_view pointer) {
  const json::value* here = &document;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    std::string key;
    for (std::size_t i = 0; i < end; ++i) {
      if (pointer[i] != '~') {
        key += pointer[i];
        continue;
      }
      ++i;
      if (i >= end || (pointer[i] != '0' && pointer[i] != '1')) return nullptr;
      key += pointer[i] == '0' ? '~' : '/';
    }
    pointer.remove_prefix(end);
    if (const json::object* map = here->if_object()) {
      here = map->if_contains(key);
    } else if (const json::array* list = here->if_array()) {
      const auto index = parse_integer<std::size_t>(key);
      const bool sound = index && *index < list->size() && (key.size() == 1 || key.front() != '0');
      here = sound ? &(*list)[*index] : nullptr;
    } else {
      return nullptr;
    }
    if (here == nullptr) return nullptr;
  }
  return here;
}

}  // namespace slipway::evaluation
