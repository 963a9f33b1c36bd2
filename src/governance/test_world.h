// SPDX-License-Identifier: Apache-2.0
// A database in a temporary directory with this room's tables, for tests.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/temporary_directory.h"
#include "governance/schema.h"
#include "store/database.h"
#include "store/test_database.h"

namespace slipway::governance {

class WorldTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Database::open(store::test_database_options(directory_));
    ASSERT_TRUE(opened) << opened.error().describe();
    database_ = std::move(*opened);
    const auto migrated = migrate_governance(*database_);
    ASSERT_TRUE(migrated) << migrated.error().describe();
  }
  // As somebody with the file in their hands would.
  void tamper(const std::string& statement) {
    const auto done = database_->write([&](soci::session& sql) -> Result<> {
      sql << statement;
      return {};
    });
    ASSERT_TRUE(done) << done.error().describe();
  }

  TemporaryDirectory temporary_{"gov"};
  const std::filesystem::path& directory_ = temporary_.path();
  std::unique_ptr<store::Database> database_;
};

}  // namespace slipway::governance
