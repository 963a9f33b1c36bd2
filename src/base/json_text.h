// SPDX-License-Identifier: Apache-2.0
// JSON for people's eyes.
#pragma once

#include <string>

#include "base/json.h"

namespace slipway {

// `value` on one line as people write it: 0.9, where boost::json::serialize says 9E-1.
std::string json_text(const json::value& value);

}  // namespace slipway
