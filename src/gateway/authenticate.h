// SPDX-License-Identifier: Apache-2.0
// Who a request's API key belongs to; for the line of a call and for what applications tell us beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "gateway/refusal.h"
#include "gateway/snapshot.h"
#include "net/http.h"

namespace slipway::gateway {

struct Caller {
  std::shared_ptr<const Key> key;
  const Environment* environment = nullptr;  // the key's; lives as long as the snapshot
  std::optional<Refusal> refusal;            // instead of a key
};

// Reads Authorization: Bearer, x-api-key or api-key, and notes that the key was used. Any thread.
Caller find_caller(const Snapshot& snapshot, const net::HeaderView& headers, std::int64_t now_us);

}  // namespace slipway::gateway
