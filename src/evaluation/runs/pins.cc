// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/pins.h"

#include <utility>

namespace slipway::evaluation {

using catalog::AssetName;

json::object pin_of(const catalog::AssetVersion& version) {
  return {{"asset", version.name.to_string()}, {"version", version.number}, {"digest", version.digest}};
}

Result<json::object> pin_references(catalog::AssetStore& assets, const AssetName& self, std::string_view kind,
                                    const std::vector<std::string>& references) {
  json::object pins;
  for (const std::string& reference : references) {
    SLIPWAY_ASSIGN(const AssetName name, catalog::resolve_reference(self, kind, reference));
    SLIPWAY_ASSIGN(const catalog::AssetVersion version, assets.version(name, "latest"));
    pins.emplace(reference, pin_of(version));
  }
  return pins;
}

Result<json::object> load_pinned(catalog::AssetStore& assets, const json::object& one) {
  SLIPWAY_ASSIGN(const std::string asset, require_string(one, "asset"));
  SLIPWAY_ASSIGN(const AssetName name, AssetName::parse(asset));
  SLIPWAY_ASSIGN(const auto number, optional_integer(one, "version"));
  SLIPWAY_ASSIGN(catalog::AssetVersion version, assets.version(name, std::to_string(number.value_or(0))));
  return std::move(version.content);
}

Result<llm::PromptParts::Contents> load_pins(catalog::AssetStore& assets, const json::object& cell,
                                             std::string_view kind) {
  llm::PromptParts::Contents out;
  SLIPWAY_ASSIGN(const json::object* pins, optional_object(cell, kind));
  if (pins == nullptr) return out;
  for (const json::key_value_pair& member : *pins) {
    SLIPWAY_ASSIGN(json::object content, load_pinned(assets, member.value().as_object()));
    out.emplace(member.key(), std::move(content));
  }
  return out;
}

void put_over(json::object& prompt, const json::object& cell) {
  if (const json::value* model = cell.if_contains("model_override")) {
    prompt["model"] = *model;
    prompt.erase("variants");
  }
  const json::value* parameters = cell.if_contains("parameters");
  if (parameters == nullptr || !parameters->is_object() || parameters->get_object().empty()) return;
  prompt.erase("variants");
  json::value& own = prompt["parameters"];
  if (!own.is_object()) own = json::object{};
  for (const json::key_value_pair& one : parameters->get_object()) own.get_object()[one.key()] = one.value();
}

}  // namespace slipway::evaluation
