// SPDX-License-Identifier: Apache-2.0
#include "catalog/schema_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "catalog/schema_walk.h"

namespace slipway::catalog {

namespace {

// Words that say something about a value, each with the schemas it holds inside.
enum class Inside : std::uint8_t { kNothing, kSchema, kSchemas, kSchemasByName };
struct Word {
  std::string_view name;
  Inside inside;
};
constexpr std::array kWords = {
    Word{"$schema", Inside::kNothing},
    Word{"$id", Inside::kNothing},
    Word{"$ref", Inside::kNothing},
    Word{"$defs", Inside::kSchemasByName},
    Word{"title", Inside::kNothing},
    Word{"description", Inside::kNothing},
    Word{"x-reference", Inside::kNothing},
    Word{"x-template", Inside::kNothing},
    Word{"x-pattern-says", Inside::kNothing},
    Word{"type", Inside::kNothing},
    Word{"const", Inside::kNothing},
    Word{"enum", Inside::kNothing},
    Word{"pattern", Inside::kNothing},
    Word{"minLength", Inside::kNothing},
    Word{"maxLength", Inside::kNothing},
    Word{"minimum", Inside::kNothing},
    Word{"maximum", Inside::kNothing},
    Word{"exclusiveMinimum", Inside::kNothing},
    Word{"minItems", Inside::kNothing},
    Word{"maxItems", Inside::kNothing},
    Word{"uniqueItems", Inside::kNothing},
    Word{"items", Inside::kSchema},
    Word{"required", Inside::kNothing},
    Word{"minProperties", Inside::kNothing},
    Word{"maxProperties", Inside::kNothing},
    Word{"properties", Inside::kSchemasByName},
    Word{"propertyNames", Inside::kSchema},
    Word{"additionalProperties", Inside::kSchema},
    Word{"allOf", Inside::kSchemas},
    Word{"anyOf", Inside::kSchemas},
    Word{"oneOf", Inside::kSchemas},
    Word{"not", Inside::kSchema},
    Word{"if", Inside::kSchema},
    Word{"then", Inside::kSchema},
};

bool is_identifier(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '$';
  });
}

}  // namespace

std::string member_path(std::string_view path, std::string_view key) {
  if (is_identifier(key)) return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  std::string out(path);
  out += '[';
  append_json_string(out, ellipsize(key, 80));
  return out + "]";
}

std::string item_path(std::string_view path, std::size_t index) { return fmt::format("{}[{}]", path, index); }

std::string_view type_in_words(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return "empty";
    case json::kind::bool_: return "true or false";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_: return "a number";
    case json::kind::string: return "text";
    case json::kind::array: return "a list";
    case json::kind::object: return "a map";
  }
  return "unknown";
}

Result<SchemaCheck> SchemaCheck::prepare(json::object schema) {
  SchemaCheck check(std::move(schema));
  SLIPWAY_TRY(check.prepare_part(check.schema_));
  return check;
}

Result<> SchemaCheck::prepare_part(const json::value& schema) {
  if (schema.is_bool()) return {};
  if (!schema.is_object()) return fail(ErrorCode::kInternal, "a schema is a map, true or false");
  for (const json::key_value_pair& member : schema.get_object()) {
    const std::string_view name = member.key();
    const auto word = std::ranges::find(kWords, name, &Word::name);
    if (word == kWords.end())
      return fail(ErrorCode::kInternal, fmt::format("the word '{}' is not known", name), "schema");
    SLIPWAY_TRY(prepare_word(name, member.value()));
    switch (word->inside) {
      case Inside::kNothing: break;
      case Inside::kSchema: SLIPWAY_TRY(prepare_part(member.value())); break;
      case Inside::kSchemas:
        for (const json::value& part : member.value().as_array()) SLIPWAY_TRY(prepare_part(part));
        break;
      case Inside::kSchemasByName:
        for (const json::key_value_pair& part : member.value().as_object())
          SLIPWAY_TRY(prepare_part(part.value()));
        break;
    }
  }
  return {};
}

Result<> SchemaCheck::prepare_word(std::string_view word, const json::value& argument) {
  if (word == "$ref") {
    const json::value* defs = schema().if_contains("$defs");
    const std::string_view text = argument.as_string();
    if (!text.starts_with(kDefinitions) || defs == nullptr ||
        !defs->as_object().contains(text.substr(kDefinitions.size())))
      return fail(ErrorCode::kInternal, fmt::format("there is no '{}'", text), "schema");
  }
  if (word == "pattern") {
    const std::string text(argument.as_string());
    auto pattern = std::make_shared<const RE2>(text, RE2::Quiet);
    if (!pattern->ok())
      return fail(ErrorCode::kInternal, fmt::format("'{}' is no pattern: {}", text, pattern->error()),
                  "schema");
    patterns_.emplace(text, std::move(pattern));
  }
  return {};
}

SchemaFindings SchemaCheck::check(const json::value& value, const YamlNode* positions) const {
  SchemaWalk walk(schema_, patterns_);
  WalkFindings found = walk.run(value, positions);
  SchemaFindings out;
  out.references = std::move(found.references);
  out.templates = std::move(found.templates);
  for (WeighedProblem& problem : found.problems) out.problems.push_back(std::move(problem.problem));
  return out;
}

}  // namespace slipway::catalog
