// SPDX-License-Identifier: Apache-2.0
// Every request that is not the gateway's finds its handler here.
#pragma once

#include "api/services.h"
#include "net/server.h"

namespace slipway::api {

// The handler of one loop's server: /v1/… to the gateway, /api/v1/… to the control API, operations, and the
// console.
net::Handler make_handler(gateway::Gateway& gateway, Services& services);

}  // namespace slipway::api
