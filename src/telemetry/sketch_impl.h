// SPDX-License-Identifier: Apache-2.0
// The template of sketch.h; include that.
#pragma once

#include "base/bytes.h"
#include "telemetry/sketch.h"

namespace slipway::telemetry {

template <class Visit>
bool visit_sketch(std::string_view blob, Visit visit) {
  ByteReader reader(blob);
  std::uint64_t bucket = 0;
  while (reader.remaining() > 0) {
    bucket += reader.varint();
    const std::uint64_t count = reader.varint();
    if (!reader.ok() || bucket >= sketch::kBuckets) return false;
    visit(static_cast<std::size_t>(bucket), count);
  }
  return reader.ok();
}

}  // namespace slipway::telemetry
