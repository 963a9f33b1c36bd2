// SPDX-License-Identifier: Apache-2.0
// Tests of the rooms above run on both databases.
#pragma once

#include <filesystem>

#include "store/database.h"

namespace slipway::store {

// An empty database: a file in `directory`, or where $SLIPWAY_TEST_POSTGRESQL_URL is set a schema of its own
// in that PostgreSQL database (a temporary one: nobody drops the schema). Throws if that can't be reached.
DatabaseOptions test_database_options(const std::filesystem::path& directory);

}  // namespace slipway::store
