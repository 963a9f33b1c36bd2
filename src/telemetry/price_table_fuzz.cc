// SPDX-License-Identifier: Apache-2.0
// Any text is a table of prices or an error that says where; what was read prices calls without surprises.
#include <cstdlib>

#include "telemetry/cost.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::telemetry;
  const auto table = PriceTable::parse(std::string{data, data + size}, "fuzz.yaml");
  if (!table) {
    if (table.error().where.empty()) std::abort();
    return 0;
  }
  for (const auto& [provider, model, price] : table->list()) {
    if (!model.ends_with('*') && table->find(provider, model, price->valid_from_us) == nullptr) std::abort();
    const Usage usage{.input = 300'000, .cache_read = 1, .cache_write = 2, .output = 3};
    const auto total = cost(*price, usage, 1);
    if (total < 0 && total != kUnknownCost) std::abort();
  }
  return 0;
}
