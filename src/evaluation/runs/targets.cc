// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/targets.h"

#include <fmt/format.h>

#include <utility>

#include "base/json_text.h"
#include "base/text.h"
#include "evaluation/runs/pins.h"

namespace slipway::evaluation {

namespace {

using catalog::AssetName;

// What answers are held against beyond their cases: the tools' schemas, and the answer's own.
CellTraits traits_of(const json::object& prompt, const llm::PromptParts::Contents& tools) {
  CellTraits traits;
  for (const auto& [reference, content] : tools)
    if (const json::value* parameters = content.if_contains("parameters"))
      traits.tools.emplace_back(reference.substr(reference.rfind('/') + 1), *parameters);
  const json::value* output = prompt.if_contains("output");
  if (output != nullptr && output->is_object())
    if (const json::value* schema = output->get_object().if_contains("schema"))
      traits.answer_schema = *schema;
  return traits;
}

Result<CellTarget> load_prompt(catalog::AssetStore& assets, const json::object& cell) {
  SLIPWAY_ASSIGN(const json::object* prompt, optional_object(cell, "prompt"));
  SLIPWAY_ASSIGN(json::object content, load_pinned(assets, *prompt));
  put_over(content, cell);
  llm::PromptParts parts;
  SLIPWAY_ASSIGN(parts.models, load_pins(assets, cell, "models"));
  SLIPWAY_ASSIGN(parts.tools, load_pins(assets, cell, "tools"));
  SLIPWAY_ASSIGN(llm::PromptProgram program, llm::PromptProgram::compile(content, parts));
  CellTarget target;
  SLIPWAY_ASSIGN(const auto variant, optional_string(cell, "variant"));
  target.variant = program.find_variant(variant.value_or(""));
  if (!target.variant)
    return fail(ErrorCode::kInvalidArgument, fmt::format("the prompt has no variant '{}'", *variant),
                "variant");
  auto served = std::make_shared<gateway::ServedRelease>();
  served->id = std::string(cell.at("label").as_string());
  served->trial = true;
  served->program = std::make_shared<const llm::PromptProgram>(std::move(program));
  target.release = std::move(served);
  target.traits = traits_of(content, parts.tools);
  return target;
}

Result<CellTarget> load_model(catalog::AssetStore& assets, const json::object& cell) {
  SLIPWAY_ASSIGN(const json::object* model, optional_object(cell, "model"));
  SLIPWAY_ASSIGN(const json::object content, load_pinned(assets, *model));
  CellTarget target;
  SLIPWAY_ASSIGN(const std::string connection, require_string(content, "connection"));
  SLIPWAY_ASSIGN(const std::string name, require_string(content, "model"));
  target.model = connection + "/" + name;
  SLIPWAY_ASSIGN(const json::object* parameters, optional_object(content, "parameters"));
  if (parameters != nullptr) target.parameters = *parameters;
  return target;
}

}  // namespace

Result<CellTarget> load_cell(catalog::AssetStore& assets, const ReleasePorts& releases,
                             const std::string& use_case, const json::object& cell) {
  if (const json::value* release = cell.if_contains("release")) {
    const std::int64_t number = release->as_int64();
    SLIPWAY_ASSIGN(ReleasePrompt prompt, releases.prompt(use_case, number));
    auto served = std::make_shared<gateway::ServedRelease>();
    served->id = fmt::format("{}@{}", use_case, number);
    served->program = std::move(prompt.program);
    llm::PromptParts::Contents tools;
    for (const std::string& reference : llm::references_of_prompt(prompt.content).tools) {
      const auto found = prompt.assets.find(llm::full_asset_name(use_case, "tool", reference));
      if (found != prompt.assets.end()) tools.emplace(reference, found->second);
    }
    return CellTarget{std::move(served), {}, {}, {}, traits_of(prompt.content, tools)};
  }
  if (cell.contains("prompt")) return load_prompt(assets, cell);
  if (cell.contains("model")) return load_model(assets, cell);
  return fail(ErrorCode::kInternal, "this cell is not answered by a model", "cells");
}

Result<AssetWish> read_wish(const AssetName& self, std::string_view kind, std::string_view text) {
  AssetWish wish;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    wish.which = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  SLIPWAY_ASSIGN(wish.name, catalog::resolve_reference(self, kind, text));
  return wish;
}

Result<json::object> make_prompt_cell(catalog::AssetStore& assets, const PromptWish& wish) {
  SLIPWAY_ASSIGN(const catalog::AssetVersion version, assets.version(wish.prompt.name, wish.prompt.which));
  json::object cell{{"prompt", pin_of(version)}};
  std::string label = fmt::format("{}:{}", version.name.to_string(), version.number);
  json::object content = version.content;
  if (wish.model) {
    SLIPWAY_ASSIGN(const catalog::AssetVersion model, assets.version(wish.model->name, wish.model->which));
    cell["model_override"] = model.name.to_string();
    label += fmt::format(" × {}:{}", model.name.to_string(), model.number);
  }
  if (!wish.parameters.empty()) {
    cell["parameters"] = wish.parameters;
    label += " × " + ellipsize(json_text(wish.parameters), 200);
  }
  if (!wish.variant.empty()) {
    cell["variant"] = wish.variant;
    label += " (" + wish.variant + ")";
  }
  put_over(content, cell);
  const llm::PromptReferences references = llm::references_of_prompt(content);
  SLIPWAY_ASSIGN(cell["models"], pin_references(assets, version.name, "model", references.models));
  SLIPWAY_ASSIGN(cell["tools"], pin_references(assets, version.name, "tool", references.tools));
  if (wish.model) {  // the version that was asked for
    SLIPWAY_ASSIGN(const catalog::AssetVersion model, assets.version(wish.model->name, wish.model->which));
    cell["models"].as_object()[model.name.to_string()] = pin_of(model);
  }
  cell["label"] = label;
  return cell;
}

Result<json::object> make_model_cell(catalog::AssetStore& assets, const AssetWish& wish) {
  SLIPWAY_ASSIGN(const catalog::AssetVersion version, assets.version(wish.name, wish.which));
  return json::object{{"model", pin_of(version)},
                      {"label", fmt::format("{}:{}", version.name.to_string(), version.number)}};
}

}  // namespace slipway::evaluation
