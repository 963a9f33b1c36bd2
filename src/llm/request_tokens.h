// SPDX-License-Identifier: Apache-2.0
// What a chat request in OpenAI's shape weighs.
#pragma once

#include <string_view>

#include "base/json.h"
#include "llm/tokens.h"

namespace slipway::llm {

// Messages with their texts, pictures and tool calls, and the tools that are offered. Parts that are not of
// the right shape count nothing.
TokenEstimate count_chat_request(std::string_view model, const json::object& request);

}  // namespace slipway::llm
