// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "store/database.h"

namespace slipway::governance {

// Brings the tables of releases, evidence, approvals and deployments up to date.
Result<> migrate_releases(store::Database& database);

}  // namespace slipway::governance
