// SPDX-License-Identifier: Apache-2.0
// What a run tries, from exact versions to something that can be called. Blocks on the catalogue.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "catalog/asset_store.h"
#include "evaluation/runs/gateway_caller.h"

namespace slipway::evaluation {

struct ReleasePrompt {
  std::shared_ptr<const llm::PromptProgram> program;
  json::object content;                                     // of the prompt that is its entry
  std::map<std::string, json::object, std::less<>> assets;  // all, by "owner/kind/name"
};

// What is known above this room.
struct ReleasePorts {
  // A release as it can be called; kInvalidArgument says why it can't.
  std::function<Result<ReleasePrompt>(const std::string& use_case, std::int64_t number)> prompt;
  // Which release is "active" or the "candidate" in an environment; kNotFound if none is.
  std::function<Result<std::int64_t>(const std::string& use_case, const std::string& environment,
                                     const std::string& which)>
      deployed;
  // A release's digest; kNotFound.
  std::function<Result<std::string>(const std::string& use_case, std::int64_t number)> digest;
};

// A cell of a definition (see plan.h).
Result<CellTarget> load_cell(catalog::AssetStore& assets, const ReleasePorts& releases,
                             const std::string& use_case, const json::object& cell);

// ---- making cells; `self` is the evaluation, where references begin

// "name", "owner/prompt/name", either with ":version" behind it.
struct AssetWish {
  catalog::AssetName name;
  std::string which = "latest";
};
Result<AssetWish> read_wish(const catalog::AssetName& self, std::string_view kind, std::string_view text);
struct PromptWish {
  AssetWish prompt;
  std::optional<AssetWish> model;  // instead of the prompt's own
  json::object parameters;         // over the prompt's own
  std::string variant;
};
// Pins everything that is referred to.
Result<json::object> make_prompt_cell(catalog::AssetStore& assets, const PromptWish& wish);
Result<json::object> make_model_cell(catalog::AssetStore& assets, const AssetWish& wish);

}  // namespace slipway::evaluation
