// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "store/database.h"

namespace slipway::evaluation {

// Brings the tables of evaluations up to date.
Result<> migrate_evaluation(store::Database& database);

}  // namespace slipway::evaluation
