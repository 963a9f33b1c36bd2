// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "store/database.h"

namespace slipway::catalog {

// Brings this room's tables up to date.
Result<> migrate_catalog(store::Database& database);

}  // namespace slipway::catalog
