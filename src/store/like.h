// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace slipway::store {

// A pattern of LIKE for what contains `text` as it is written; goes with `ESCAPE '\\'`.
std::string contains_pattern(std::string_view text);

}  // namespace slipway::store
