// SPDX-License-Identifier: Apache-2.0
// schemas/*.json as they are in the source tree.
#pragma once

#include <string_view>

namespace slipway::catalog {

// The text of schemas/NAME.json; empty if there is none.
std::string_view schema_file(std::string_view name);

}  // namespace slipway::catalog
