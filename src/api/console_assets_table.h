// SPDX-License-Identifier: Apache-2.0
// What the generated table gives to console_assets.cc. For nobody else.
#pragma once

#include <span>

#include "api/console_assets.h"

namespace slipway::api {

std::span<const ConsoleAsset> console_assets();  // ordered by path

}  // namespace slipway::api
