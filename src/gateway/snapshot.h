// SPDX-License-Identifier: Apache-2.0
// Everything a call needs to know, immutable. `app` fills it from governance and configuration and publishes
// a new one whenever keys, connections, limits or prices change; a call keeps the one it started with.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/config.h"
#include "base/crypto.h"
#include "base/result.h"
#include "base/shared_map.h"
#include "gateway/release.h"
#include "llm/dialect.h"
#include "net/client.h"
#include "telemetry/price_table.h"

namespace slipway::gateway {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};
template <class T>
using StringMap = std::unordered_map<std::string, T, StringHash, std::equal_to<>>;
using UseCaseTable = SharedMap<std::string, UseCaseEntry, StringHash>;

// How one connection fares; written by every loop, outlives snapshots.
struct ConnectionHealth {
  std::atomic<std::uint64_t> successes{0};
  std::atomic<std::uint64_t> failures{0};
  std::atomic<bool> last_call_failed{false};
};

struct Connection {
  std::string name;
  std::string provider;                // gen_ai.provider.name
  Dialect dialect = Dialect::kOpenai;  // on the wire: the simulated provider speaks OpenAI's
  bool simulated = false;
  const llm::Dialect* wire = nullptr;  // how requests and answers are written
  std::string secret;
  net::Origin origin;
  std::string chat_target;        // origin's prefix and the dialect's path
  std::string embeddings_target;  // empty: the provider has none
  std::string models_target;
  std::vector<std::pair<std::string, std::string>> headers;  // authentication and version
  net::ClientClocks clocks;
  std::vector<std::string> models;  // names or globs it serves, empty: all
  std::shared_ptr<ConnectionHealth> health;
};

// Takes a connection's settings apart once. `base_url` replaces the configured one if not empty (the
// simulated provider's is known only at run time). kInvalidArgument names the setting.
Result<std::unique_ptr<Connection>> make_connection(const ConnectionConfig& config,
                                                    std::string_view base_url = {});

// Where a model name leads.
struct Target {
  const Connection* connection = nullptr;
  std::string_view upstream_model;
};

struct Environment {
  std::string name;
  CapturePolicy capture = CapturePolicy::kFull;
  Durability durability = Durability::kNormal;
  std::vector<const Connection*> connections;
  StringMap<Target> routes;  // configured names
  UseCaseTable use_cases;    // those with a release here

  // A configured name, `connection/model`, or a name some connection serves (exact names before globs before
  // connections that serve everything, real providers before the simulated one). A null connection if none
  // does. `model` must outlive the target.
  [[nodiscard]] Target resolve(std::string_view model) const;
  // Whether somebody configured that name: a route, or a connection whose list has it.
  [[nodiscard]] bool names(std::string_view model) const;
};

// Counts of a key that survive snapshots; shared by all loops.
struct KeyUse {
  std::atomic<std::uint32_t> in_flight{0};
  std::atomic<std::int64_t> last_used_us{0};
};

struct Key {
  std::string id;
  std::string name;
  std::string use_case;
  std::string environment;                  // its name: a key outlives the snapshot it was first in
  std::vector<std::string> allowed_models;  // globs, empty: all
  std::int64_t expires_at_us = 0;           // unix, 0: never
  std::uint32_t max_concurrent = 0;
  std::shared_ptr<KeyUse> use;

  [[nodiscard]] bool allows(std::string_view model) const;
};

using KeyTable = SharedMap<Sha256, std::shared_ptr<const Key>, Sha256Hash>;

struct Snapshot {
  std::uint64_t version = 0;
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<std::unique_ptr<Environment>> environments;
  KeyTable keys;  // by SHA-256 of the secret
  std::shared_ptr<const telemetry::PriceTable> prices;

  [[nodiscard]] const Environment* environment(std::string_view name) const;
};

}  // namespace slipway::gateway
