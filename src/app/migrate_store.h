// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/config.h"

namespace slipway::app {

// `slipway migrate`: copies the embedded store of a stopped server into the PostgreSQL database at `url`,
// checks counts and digests, and prints what it did. Gives the exit code (DESIGN §7).
int migrate_store(const LoadedConfig& loaded, const std::string& url, bool json);

}  // namespace slipway::app
