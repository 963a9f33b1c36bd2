// SPDX-License-Identifier: Apache-2.0
// What differs between the databases: how a session is opened, a transaction begun, and an error read.
// Blocks.
#pragma once

#include <soci/soci.h>

#include <memory>

#include "base/result.h"
#include "store/database.h"

namespace slipway::store {

class Engine {
 public:
  virtual ~Engine() = default;
  // Opens `session` with everything set that every transaction relies on. Throws SOCI's exceptions.
  virtual void open(soci::session& session) const = 0;
  virtual void begin_read(soci::session& session) const = 0;
  // Returns once nobody else writes.
  virtual void begin_write(soci::session& session) const = 0;
  // Whether a session that threw `failure` has lost its connection and must be opened anew.
  [[nodiscard]] virtual bool lost_connection(const std::exception& failure) const = 0;
  [[nodiscard]] virtual Backend backend() const = 0;
};

std::unique_ptr<Engine> sqlite_engine(const DatabaseOptions& options);
std::unique_ptr<Engine> postgresql_engine(const DatabaseOptions& options);

// False where the exception is not of that database.
bool describe_sqlite_error(const std::exception& exception, Error& error);
bool describe_postgresql_error(const std::exception& exception, Error& error);

}  // namespace slipway::store
