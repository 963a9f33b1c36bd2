// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gateway/call.h"

namespace slipway::gateway {

// Appends `event: slipway.summary`: what a playground call took and cost (PlaygroundSummary in
// api/openapi.yaml).
void append_summary_event(const Call& call, std::string& out);

}  // namespace slipway::gateway
