// SPDX-License-Identifier: Apache-2.0
// What the command line needs of the catalogue and of governance to check a project without a server.
#pragma once

#include "cli/cli.h"

namespace slipway::app {

cli::AssetHooks asset_hooks();
cli::RegistryHooks registry_hooks();

}  // namespace slipway::app
