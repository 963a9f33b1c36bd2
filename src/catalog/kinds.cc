// SPDX-License-Identifier: Apache-2.0
#include "catalog/kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/text.h"
#include "base/yaml_json.h"
#include "catalog/kind_rules.h"
#include "catalog/schema_check.h"
#include "catalog/schema_files.h"
#include "catalog/schema_walk.h"

namespace slipway::catalog {

namespace {

constexpr std::size_t kShownBytes = 80;

// What can't happen: our own schemas are checked by this room's tests.
template <class T>
T must(Result<T> result) {
  if (!result) std::abort();
  return std::move(*result);
}

// Copies every definition that `part` refers to, and what those refer to.
void add_definitions(const json::value& part, const json::object& all, json::object& into) {
  if (part.is_array())
    for (const json::value& item : part.get_array()) add_definitions(item, all, into);
  if (!part.is_object()) return;
  for (const json::key_value_pair& member : part.get_object()) {
    if (member.key() != "$ref" || !member.value().is_string()) {
      add_definitions(member.value(), all, into);
      continue;
    }
    const std::string_view text = member.value().get_string();
    const std::string_view name = text.substr(std::min(text.size(), kDefinitions.size()));
    if (into.contains(name) || !all.contains(name)) continue;
    into.emplace(name, all.at(name));
    add_definitions(all.at(name), all, into);
  }
}

std::map<std::string, SchemaCheck, std::less<>> load_schemas() {
  const json::object definitions = must(parse_json(schema_file("definitions"))).as_object();
  std::map<std::string, SchemaCheck, std::less<>> all;
  for (const std::string& kind : kind_names()) {
    json::object schema = must(parse_json(schema_file(kind))).as_object();
    json::object own = schema.contains("$defs") ? schema.at("$defs").as_object() : json::object{};
    add_definitions(schema, definitions, own);
    if (!own.empty()) schema["$defs"] = std::move(own);
    all.emplace(kind, must(SchemaCheck::prepare(std::move(schema))));
  }
  return all;
}

const SchemaCheck* schema_of(std::string_view kind) {
  static const std::map<std::string, SchemaCheck, std::less<>> kSchemas = load_schemas();
  const auto found = kSchemas.find(kind);
  return found == kSchemas.end() ? nullptr : &found->second;
}

// Schemas that may describe a value, all choices together.
void gather(const json::object& root, const json::value& schema, std::vector<const json::object*>& out) {
  if (!schema.is_object()) return;
  const json::object& words = schema.get_object();
  if (const json::value* ref = words.if_contains("$ref")) {
    const std::string_view name = std::string_view(ref->as_string()).substr(kDefinitions.size());
    gather(root, root.at("$defs").as_object().at(name), out);
  }
  out.push_back(&words);
  for (const std::string_view choice : {"anyOf", "oneOf"})
    if (const json::value* shapes = words.if_contains(choice))
      for (const json::value& shape : shapes->as_array()) gather(root, shape, out);
}

json::value ordered(const json::object& root, const std::vector<const json::object*>& schemas,
                    const json::value& value) {
  std::vector<const json::object*> inner;
  if (value.is_array()) {
    for (const json::object* schema : schemas)
      if (const json::value* items = schema->if_contains("items")) gather(root, *items, inner);
    json::array out;
    for (const json::value& item : value.get_array()) out.push_back(ordered(root, inner, item));
    return out;
  }
  if (!value.is_object()) return value;
  const json::object& members = value.get_object();
  json::object out;
  for (const json::object* schema : schemas) {
    const json::value* properties = schema->if_contains("properties");
    if (properties == nullptr) continue;
    for (const json::key_value_pair& known : properties->as_object()) {
      const json::value* member = members.if_contains(known.key());
      if (member == nullptr || out.contains(known.key())) continue;
      inner.clear();
      gather(root, known.value(), inner);
      out.emplace(known.key(), ordered(root, inner, *member));
    }
  }
  inner.clear();
  for (const json::object* schema : schemas)
    if (const json::value* rest = schema->if_contains("additionalProperties")) gather(root, *rest, inner);
  for (const json::key_value_pair& member : members)
    if (!out.contains(member.key())) out.emplace(member.key(), ordered(root, inner, member.value()));
  return out;
}

}  // namespace

const std::vector<std::string>& kind_names() {
  static const std::vector<std::string> kNames = {"prompt", "model",     "guardrail", "tool",      "flow",
                                                  "agent",  "knowledge", "dataset",   "evaluation"};
  return kNames;
}

bool is_kind(std::string_view kind) { return std::ranges::find(kind_names(), kind) != kind_names().end(); }

std::string_view kind_title(std::string_view kind) {
  const SchemaCheck* schema = schema_of(kind);
  return schema == nullptr ? kind : std::string_view(schema->schema().at("title").as_string());
}

const json::object& kind_schema(std::string_view kind) {
  static const json::object kNone;
  const SchemaCheck* schema = schema_of(kind);
  return schema == nullptr ? kNone : schema->schema();
}

Result<AssetName> resolve_reference(const AssetName& self, std::string_view kind, std::string_view text) {
  AssetName target{self.owner, std::string(kind), std::string(text)};
  if (text.find('/') != std::string_view::npos) {
    SLIPWAY_ASSIGN(target, AssetName::parse(text));
  } else if (auto sound = check_name({std::string(kSharedOwner), target.kind, target.name}); !sound) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is not an asset's name", ellipsize(text, kShownBytes)), {},
                "Write the name of one of the same owner, or owner/kind/name.");
  }
  if (target.kind != kind)
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is a {}; a {} belongs here",
                                                         ellipsize(text, kShownBytes), target.kind, kind));
  if (self.owner.empty() || target.owner == self.owner || target.owner == kSharedOwner) return target;
  if (self.owner == kSharedOwner)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a shared asset can't refer to '{}', which belongs to a use case",
                            ellipsize(text, kShownBytes)),
                {}, "Share that one, too.");
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' belongs to another use case", ellipsize(text, kShownBytes)), {},
              "Share it (owner: shared), or make one of your own.");
}

std::vector<Problem> validate(const AssetName& self, const json::object& content, const YamlNode* positions,
                              const TemplateInspector& inspect) {
  ProblemList problems(positions);
  const SchemaCheck* schema = schema_of(self.kind);
  if (schema == nullptr) {
    problems.add({}, fmt::format("there is no kind of asset '{}'", ellipsize(self.kind, kShownBytes)));
    return problems.take();
  }
  const json::value value(content);
  SchemaFindings found = schema->check(value, positions);
  problems.append(std::move(found.problems));
  if (problems.empty()) check_kind_rules(self, content, problems);
  check_values(value, {}, problems);
  for (const MarkedText& reference : found.references) {
    const auto target = resolve_reference(self, reference.kind, reference.text);
    if (!target) problems.add(reference.path, target.error().message, target.error().hint);
  }
  if (inspect && problems.empty()) check_templates(content, found.templates, inspect, problems);
  return problems.take();
}

std::vector<Problem> validate(std::string_view kind, const json::object& content, const YamlNode* positions) {
  return validate(AssetName{{}, std::string(kind), {}}, content, positions, nullptr);
}

std::vector<Reference> references_of(const AssetName& self, const json::object& content) {
  std::vector<Reference> out;
  const SchemaCheck* schema = schema_of(self.kind);
  if (schema == nullptr) return out;
  for (MarkedText& reference : schema->check(json::value(content), nullptr).references) {
    auto target = resolve_reference(self, reference.kind, reference.text);
    if (target) out.push_back({std::move(reference.path), std::move(*target)});
  }
  return out;
}

json::value in_reading_order(std::string_view kind, const json::object& content) {
  const SchemaCheck* schema = schema_of(kind);
  if (schema == nullptr) return content;
  std::vector<const json::object*> schemas;
  gather(schema->schema(), schema->document(), schemas);
  return ordered(schema->schema(), schemas, content);
}

std::string to_yaml(std::string_view kind, const json::object& content) {
  return json_to_yaml(in_reading_order(kind, content));
}

json::object with_format(json::object content) {
  if (!content.contains("format")) content.emplace("format", kFormat);
  return content;
}

Result<json::object> read_format(std::string_view kind, json::object stored) {
  const json::value* format = stored.if_contains("format");
  if (format == nullptr || !format->is_int64())
    return fail(ErrorCode::kDataLoss, fmt::format("a stored {} does not say its format", kind));
  if (format->get_int64() > kFormat)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("this {} has format {}, this program knows formats up to {}", kind,
                            format->get_int64(), kFormat),
                {}, "Start the newer Slipway that wrote it.");
  // Readers of earlier formats go here, one step each: 1 → 2, 2 → 3. tests/data/formats keeps one stored
  // version of every format there ever was.
  return stored;
}

}  // namespace slipway::catalog
