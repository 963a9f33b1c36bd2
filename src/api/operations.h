// SPDX-License-Identifier: Apache-2.0
// /healthz, /readyz and /metrics: for machines that watch this one.
#pragma once

#include <string>
#include <vector>

#include "api/services.h"
#include "net/server.h"

namespace slipway::api {

struct Check {
  std::string name;
  std::string state;   // "ok", "warn", "fail"
  std::string detail;  // what is wrong and how to mend it
};

// Cheap; any thread.
std::vector<Check> run_checks(Services& services);

// True if the path was one of these and has been answered.
rt::Task<bool> serve_operations(net::Exchange& exchange, Services& services);

}  // namespace slipway::api
