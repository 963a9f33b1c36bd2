// SPDX-License-Identifier: Apache-2.0
// Invocations and overviews as JSON text, named as in api/openapi.yaml.
#pragma once

#include <cstdint>
#include <string>

#include "telemetry/query.h"
#include "telemetry/spool.h"
#include "telemetry/store.h"

namespace slipway::telemetry {

// Appends an Invocation; with `bodies` an InvocationDetail (bodies are null where none are kept).
void append_json(std::string& out, const Invocation& invocation, bool bodies);
// An InvocationPage.
void append_json(std::string& out, const InvocationPage& page);
// Totals.
void append_json(std::string& out, const OverviewFigures& figures);
// An Overview. `previous` are the totals of the range of equal length before.
void append_json(std::string& out, const Overview& overview, const OverviewFigures& previous,
                 const StoreStats& store, const SpoolStats& spool);

// Microseconds as milliseconds with up to three decimals: 1500 → "1.5".
void append_milliseconds(std::string& out, std::int64_t us);

}  // namespace slipway::telemetry
