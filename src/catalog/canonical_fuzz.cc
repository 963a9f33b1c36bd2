// SPDX-License-Identifier: Apache-2.0
// Any bytes as JSON: the canonical text must be JSON, say the same, and be its own canonical text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "catalog/canonical.h"
#include "catalog/diff.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = slipway::parse_json({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const std::string canonical = slipway::catalog::canonical_json(*value);
  const auto again = slipway::parse_json(canonical);
  if (!again || slipway::catalog::canonical_json(*again) != canonical) std::abort();
  if (!slipway::catalog::diff_content(*value, *again).empty()) std::abort();
  return 0;
}
