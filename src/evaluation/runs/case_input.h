// SPDX-License-Identifier: Apache-2.0
// How a case's input becomes a call. Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "llm/prompt.h"

namespace slipway::evaluation {

// What a caller of a use case would send: `variables` and `messages`.
//
//   messages (a list)           the conversation
//   an object                   variables by name; its member `messages`, if it is a list, is the
//   conversation a text                      the one variable that must be given and has no default; where
//   there is none,
//                               the user's message
//
// kInvalidArgument for a text where several variables must be given.
Result<json::object> call_of_input(const json::value& input,
                                   const std::vector<llm::PromptVariable>& variables);
// The same for a model without a prompt: nothing but messages.
Result<json::array> messages_of_input(const json::value& input);

}  // namespace slipway::evaluation
