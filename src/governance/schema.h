// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "store/database.h"

namespace slipway::governance {

// Brings this room's tables up to date.
Result<> migrate_governance(store::Database& database);

}  // namespace slipway::governance
