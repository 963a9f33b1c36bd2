// SPDX-License-Identifier: Apache-2.0
// What was asked and what was answered, out of the bodies that a call left. Pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"

namespace slipway::evaluation {

// The input of a case: variables where a use case was called with some, a text where it is one message, else
// the messages (Anthropic's system first). nullopt for what can't be read: cut off, or no text.
std::optional<json::value> asked(std::string_view request_body);
// The answer's text, or its message where it calls tools; of a stream, the texts joined. nullopt if none.
std::optional<json::value> answered(std::string_view response_body);

}  // namespace slipway::evaluation
