// SPDX-License-Identifier: Apache-2.0
// The first words of a call for lists: what the user said last and what came back. Best effort on OpenAI- and
// Anthropic-shaped bodies; empty for anything else.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace slipway::telemetry {

class PreviewMaker {
 public:
  // At most 200 characters each, white space squeezed.
  std::string input(std::string_view request_body);
  std::string output(std::string_view response_body);

 private:
  simdjson::dom::parser parser_;
};

}  // namespace slipway::telemetry
