// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "store/database.h"

namespace slipway::catalog {

// Brings the tables of cases up to date. Called by migrate_catalog().
Result<> migrate_cases(store::Database& database);

}  // namespace slipway::catalog
