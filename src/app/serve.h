// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/config.h"

namespace slipway::app {

// Serves until SIGINT or SIGTERM, then stops in order. Gives the process's exit code.
int serve(LoadedConfig loaded);

}  // namespace slipway::app
