// SPDX-License-Identifier: Apache-2.0
// The registry of use cases. Blocks on the database; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/database.h"

namespace slipway::governance {

struct UseCase {
  std::string slug;
  std::string name;
  std::string owner;
  std::int64_t created_us = 0;  // unix
};

// ^[a-z][a-z0-9-]{0,62}$
bool is_valid_slug(std::string_view slug);

class UseCaseStore {
 public:
  explicit UseCaseStore(store::Database& database) : database_(database) {}
  // kInvalidArgument for a malformed slug or name, kConflict if the slug is taken.
  Result<UseCase> create(std::string_view slug, std::string_view name, std::string_view owner);
  // Makes it if it does not exist.
  Result<> ensure(std::string_view slug, std::string_view name, std::string_view owner);
  Result<std::vector<UseCase>> list();  // by slug

 private:
  store::Database& database_;
};

}  // namespace slipway::governance
