// SPDX-License-Identifier: Apache-2.0
// Tables of the embedded telemetry store. kSchemaVersion is kept in PRAGMA user_version.
#pragma once

#include "base/result.h"
#include "telemetry/sqlite.h"

namespace slipway::telemetry {

inline constexpr int kSchemaVersion = 2;

// Grains of the roll-ups, microseconds.
inline constexpr std::int64_t kMinuteUs = 60'000'000;
inline constexpr std::int64_t kHourUs = 60 * kMinuteUs;
inline constexpr std::int64_t kDayUs = 24 * kHourUs;

// The six roll-up tables: `wide` has all dimensions, `slim` use case, environment, status and
// release only.
inline constexpr const char* kRollupTables[2][3] = {{"wide_minute", "wide_hour", "wide_day"},
                                                    {"slim_minute", "slim_hour", "slim_day"}};
inline constexpr std::int64_t kGrainsUs[3] = {kMinuteUs, kHourUs, kDayUs};

// Creates the tables, brings those of an earlier version up to this one, or checks that this program can read
// them. kConflict for a database from a newer version.
Result<> prepare_schema(Connection& connection);

}  // namespace slipway::telemetry
