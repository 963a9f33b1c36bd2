// SPDX-License-Identifier: Apache-2.0
#include "store/test_database.h"

#include <soci/postgresql/soci-postgresql.h>

#include <array>
#include <cstdlib>

#include "base/crypto.h"

namespace slipway::store {

DatabaseOptions test_database_options(const std::filesystem::path& directory) {
  DatabaseOptions options;
  options.file = directory / "slipway.db";
  const char* url = std::getenv("SLIPWAY_TEST_POSTGRESQL_URL");
  if (url == nullptr || *url == '\0') return options;
  std::array<std::uint8_t, 8> random{};
  random_bytes(random.data(), random.size());
  const std::string schema = "t" + hex(random.data(), random.size());
  soci::session session(soci::postgresql, std::string(url) + "?connect_timeout=5");
  session << "CREATE SCHEMA " + schema;
  options.url = std::string(url) + "?options=-csearch_path%3D" + schema;
  return options;
}

}  // namespace slipway::store
