// SPDX-License-Identifier: Apache-2.0
// The byte form of a record in the spool. Version 1 stays readable for ever; fields are only added at the
// end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "telemetry/record.h"

namespace slipway::telemetry {

inline constexpr std::uint8_t kRecordVersion = 1;

// Appends the payload of version kRecordVersion. `bodies` off leaves both bodies out.
void encode_record(std::string& out, const InvocationRecord& record, bool bodies = true);

// Views of `record` point into `payload`. False for an unknown version or malformed bytes.
bool decode_record(std::uint8_t version, std::string_view payload, InvocationRecord& record);

}  // namespace slipway::telemetry
