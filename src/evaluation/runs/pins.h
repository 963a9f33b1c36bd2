// SPDX-License-Identifier: Apache-2.0
// Exact versions of assets, as definitions of runs keep them: {"asset", "version", "digest"}. Blocks on the
// catalogue.
#pragma once

#include <string_view>
#include <vector>

#include "catalog/asset_store.h"
#include "llm/prompt.h"

namespace slipway::evaluation {

json::object pin_of(const catalog::AssetVersion& version);
// The exact versions of what `self` refers to, by the reference as it is written there.
Result<json::object> pin_references(catalog::AssetStore& assets, const catalog::AssetName& self,
                                    std::string_view kind, const std::vector<std::string>& references);
Result<json::object> load_pinned(catalog::AssetStore& assets, const json::object& pin);
// What the member `kind` of a cell pins, by reference; nothing where it has none.
Result<llm::PromptParts::Contents> load_pins(catalog::AssetStore& assets, const json::object& cell,
                                             std::string_view kind);

// What a cell puts over a prompt: its `model_override` and `parameters`.
void put_over(json::object& prompt, const json::object& cell);

}  // namespace slipway::evaluation
