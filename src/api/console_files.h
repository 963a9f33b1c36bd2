// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/server.h"

namespace slipway::api {

// Serves the console from the binary: its files by name, its pages by the one HTML file they share.
rt::Task<void> serve_console(net::Exchange& exchange);

}  // namespace slipway::api
