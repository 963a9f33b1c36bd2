// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/config.h"
#include "base/json.h"

namespace slipway::app {

// Verifies the audit log of the data directory, with its own anchors and the lines given; a running server
// may go on meanwhile. kNotFound if there is no database. Changes nothing.
Result<json::object> verify_audit(const Config& config, const std::string& anchors);

}  // namespace slipway::app
