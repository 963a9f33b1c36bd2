// SPDX-License-Identifier: Apache-2.0
// Between YAML that people write and JSON that programs keep. Pure functions; any thread.
#pragma once

#include <string>

#include "base/json.h"
#include "base/yaml.h"

namespace slipway {

// By YAML 1.2's core schema: what is not quoted and looks like null, true, false or a number is one. What
// JSON can't say (.inf, .nan) stays text.
json::value yaml_to_json(const YamlNode& node);

// Block style, long texts as literal blocks, members in the order of the object. Reading it back gives the
// same JSON, also with readers of YAML 1.1.
std::string json_to_yaml(const json::value& value);

}  // namespace slipway
