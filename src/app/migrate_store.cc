// SPDX-License-Identifier: Apache-2.0
#include "app/migrate_store.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "app/application.h"
#include "base/json.h"
#include "store/copy.h"

namespace slipway::app {

namespace {

Result<std::vector<store::CopiedTable>> migrate(const Config& config, const std::string& url, bool quiet) {
  const std::filesystem::path file = std::filesystem::path(config.data_dir) / kStoreFile;
  if (!std::filesystem::exists(file))
    return fail(ErrorCode::kNotFound, "there is no embedded store", file.string(),
                "Name the directory of the server with --data-dir.");
  // Held until the end: what a running server writes meanwhile would be left behind.
  SLIPWAY_ASSIGN(const auto directory, DataDirectory::open(config.data_dir));
  SLIPWAY_ASSIGN(const auto from, store::Database::open({.file = file}));
  SLIPWAY_TRY(migrate_rooms(*from));
  SLIPWAY_ASSIGN(const auto to, store::Database::open({.file = {}, .url = url}));
  SLIPWAY_TRY(migrate_rooms(*to));
  return store::copy_database(*from, *to, [quiet](const std::string& table) {
    if (!quiet) fmt::print(stderr, "Copying {}\n", table);
  });
}

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound: return 2;
    case ErrorCode::kUnavailable: return 3;
    default: return 1;
  }
}

}  // namespace

int migrate_store(const LoadedConfig& loaded, const std::string& url, bool json) {
  const auto copied = migrate(loaded.config, url, json);
  if (!copied) {
    const Error& error = copied.error();
    if (json)
      fmt::print(
          stderr, "{}\n",
          json::serialize(json::object{{"error", json::object{{"code", std::string(to_string(error.code))},
                                                              {"message", error.describe()}}}}));
    else
      fmt::print(stderr, "slipway: {}\n", error.describe());
    return exit_code(error.code);
  }
  std::int64_t rows = 0;
  json::array tables;
  for (const store::CopiedTable& table : *copied) {
    rows += table.rows;
    tables.emplace_back(json::object{{"name", table.name}, {"rows", table.rows}, {"digest", table.digest}});
    if (!json) fmt::print("{:<32} {:>9} rows  {}\n", table.name, table.rows, table.digest.substr(0, 16));
  }
  if (json) {
    fmt::print("{}\n", json::serialize(json::object{{"rows", rows}, {"tables", std::move(tables)}}));
  } else {
    fmt::print(
        "\n{} rows in {} tables are in the new database, with the same digests on both sides.\n"
        "Set store.url and start Slipway again. Records of calls stay in the data directory.\n",
        rows, copied->size());
  }
  return 0;
}

}  // namespace slipway::app
