// SPDX-License-Identifier: Apache-2.0
#include "api/prompt_work.h"

#include <fmt/format.h>

#include "base/text.h"
#include "catalog/asset_store.h"

namespace slipway::api {

namespace {

struct Source {
  catalog::AssetName self;
  json::object content;
};

// "owner/prompt/name:which"
struct Wanted {
  catalog::AssetName name;
  std::string which = "latest";
};

Result<Wanted> read_wanted(std::string_view text) {
  Wanted wanted;
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) wanted.which = text.substr(colon + 1);
  SLIPWAY_ASSIGN(wanted.name, catalog::AssetName::parse(text.substr(0, colon)));
  if (wanted.name.kind != "prompt")
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no prompt", wanted.name.to_string()),
                "asset");
  return wanted;
}

Result<Source> load(catalog::AssetStore& assets, const PromptOrder& order) {
  if (order.content) return Source{{order.owner, "prompt", ""}, *order.content};
  SLIPWAY_ASSIGN(const Wanted wanted, read_wanted(order.asset));
  SLIPWAY_ASSIGN(const catalog::AssetVersion version, assets.version(wanted.name, wanted.which));
  return Source{wanted.name, version.content};
}

// The newest versions of what is referred to; what is not stored is left out.
Result<llm::PromptParts::Contents> find_parts(catalog::AssetStore& assets, const catalog::AssetName& self,
                                              std::string_view kind,
                                              const std::vector<std::string>& references) {
  llm::PromptParts::Contents found;
  for (const std::string& reference : references) {
    const std::string full = llm::full_asset_name(self.owner, kind, reference);
    const auto name = catalog::AssetName::parse(full);
    if (!name) continue;  // a bare name without an owner to complete it
    if (!self.owner.empty()) SLIPWAY_TRY(catalog::resolve_reference(self, kind, reference));
    auto version = assets.version(*name, "latest");
    if (!version && version.error().code == ErrorCode::kNotFound) continue;
    if (!version) return fail(version.error());
    found.emplace(reference, std::move(version->content));
  }
  return found;
}

}  // namespace

Result<PromptOrder> read_prompt_order(const json::object& body) {
  PromptOrder order;
  SLIPWAY_ASSIGN(const auto asset, optional_string(body, "asset"));
  order.asset = asset.value_or("");
  SLIPWAY_ASSIGN(const json::object* content, optional_object(body, "content"));
  if (content != nullptr) order.content = *content;
  if (order.asset.empty() == !order.content)
    return fail(ErrorCode::kInvalidArgument, "name an asset or send a content", "asset",
                "As in {\"asset\": \"support-assistant/prompt/answer\", \"variables\": {}}.");
  SLIPWAY_ASSIGN(const auto owner, optional_string(body, "owner"));
  order.owner = owner.value_or("");
  SLIPWAY_ASSIGN(const auto variant, optional_string(body, "variant"));
  order.variant = variant.value_or("");
  for (const std::string_view field : {"variables", "messages"})
    if (const json::value* value = body.if_contains(field); value != nullptr) order.call[field] = *value;
  return order;
}

Result<> may_see_prompt(const Request& request, const PromptOrder& order) {
  std::string owner = order.owner;
  if (!order.content) {
    SLIPWAY_ASSIGN(const Wanted wanted, read_wanted(order.asset));
    owner = wanted.name.owner;
  }
  if (owner.empty() || owner == catalog::kSharedOwner) return {};
  return request.require(governance::Permission::kView, {owner, {}, {}});
}

Result<RenderedOrder> render_order(catalog::AssetStore& assets, const PromptOrder& order) {
  SLIPWAY_ASSIGN(const Source source, load(assets, order));
  const llm::PromptReferences references = llm::references_of_prompt(source.content);
  llm::PromptParts parts;
  SLIPWAY_ASSIGN(parts.models, find_parts(assets, source.self, "model", references.models));
  SLIPWAY_ASSIGN(parts.tools, find_parts(assets, source.self, "tool", references.tools));
  auto program = llm::PromptProgram::compile(source.content, parts);
  if (!program) {
    Error error = std::move(program).error();
    error.code = ErrorCode::kInvalidArgument;  // a limit of a prompt is its author's to mend
    error.where = error.where.empty() ? "content" : "content." + error.where;
    return fail(std::move(error));
  }
  const auto variant = program->find_variant(order.variant);
  if (!variant) {
    std::string names;
    for (std::size_t i = 1; i < program->variant_count(); ++i)
      names += (names.empty() ? "" : ", ") + program->variant_name(i);
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the prompt has no variant '{}'", ellipsize(order.variant, 80)), "variant",
                names.empty() ? "It has none at all." : "It has " + names + ".");
  }
  RenderedOrder done;
  done.variables = program->variables();
  if (const llm::ModelTarget* target = program->target(*variant)) done.target = *target;
  SLIPWAY_ASSIGN(done.request, program->render(*variant, order.call,
                                               done.target ? std::string_view(done.target->model) : ""));
  return done;
}

}  // namespace slipway::api
