// SPDX-License-Identifier: Apache-2.0
// Prompts rendered for people: on the page that tries them, by the command line, in the playground.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/request.h"
#include "llm/prompt.h"

namespace slipway::api {

// Which prompt, and what it is filled with.
struct PromptOrder {
  std::string asset;                    // "owner/prompt/name", with ":3" or ":label" behind it
  std::optional<json::object> content;  // instead of `asset`
  std::string owner;                    // where the references of `content` begin
  std::string variant;                  // empty: the prompt itself
  json::object call;                    // variables, messages and whatever else a caller may send
};

struct RenderedOrder {
  std::string request;  // the chat completion request, with the provider's name of the model
  std::optional<llm::ModelTarget> target;  // nullopt: the model is not stored
  std::vector<llm::PromptVariable> variables;
};

// PromptRender of the contract. kInvalidArgument names the field.
Result<PromptOrder> read_prompt_order(const json::object& body);
// kPermissionDenied where the caller may not see the prompt's owner.
Result<> may_see_prompt(const Request& request, const PromptOrder& order);
// Blocks on the catalogue. Errors name the field: of the prompt, or of the caller's.
Result<RenderedOrder> render_order(catalog::AssetStore& assets, const PromptOrder& order);

}  // namespace slipway::api
