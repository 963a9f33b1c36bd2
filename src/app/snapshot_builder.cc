// SPDX-License-Identifier: Apache-2.0
#include "app/snapshot_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace slipway::app {

Result<std::unique_ptr<SnapshotBuilder>> SnapshotBuilder::create(const Config& config,
                                                                 std::string simulated_url) {
  std::unique_ptr<SnapshotBuilder> builder(new SnapshotBuilder(config, std::move(simulated_url)));
  SLIPWAY_ASSIGN(const telemetry::PriceTable builtin, telemetry::PriceTable::builtin());
  SLIPWAY_ASSIGN(telemetry::PriceTable table,
                 builtin.with_overrides(config.prices.node, config.prices.source));
  builder->prices_ = std::make_shared<const telemetry::PriceTable>(std::move(table));
  gateway::Snapshot trial;  // what is wrong with the settings is said at the start
  SLIPWAY_TRY(builder->add_connections(trial));
  SLIPWAY_TRY(builder->add_routes(trial));
  return builder;
}

Result<> SnapshotBuilder::add_connections(gateway::Snapshot& snapshot) {
  for (const EnvironmentConfig& config : config_.environments) {
    auto environment = std::make_unique<gateway::Environment>();
    environment->name = config.name;
    environment->capture = config.capture;
    environment->durability = config.durability;
    snapshot.environments.push_back(std::move(environment));
  }
  for (const ConnectionConfig& config : config_.connections) {
    const bool built_in = config.dialect == Dialect::kSimulated && config.base_url.empty();
    SLIPWAY_ASSIGN(auto connection,
                   gateway::make_connection(config, built_in ? simulated_url_ : std::string()));
    auto& health = health_[config.name];
    if (health == nullptr) health = connection->health;
    connection->health = health;
    for (const auto& environment : snapshot.environments)
      if (config.environments.empty() ||
          std::ranges::find(config.environments, environment->name) != config.environments.end())
        environment->connections.push_back(connection.get());
    snapshot.connections.push_back(std::move(connection));
  }
  return {};
}

Result<> SnapshotBuilder::add_routes(gateway::Snapshot& snapshot) const {
  for (const ModelRouteConfig& route : config_.models) {
    const auto found = std::ranges::find_if(
        snapshot.connections, [&](const auto& connection) { return connection->name == route.connection; });
    if (found == snapshot.connections.end())
      return fail(ErrorCode::kInvalidArgument, fmt::format("there is no connection '{}'", route.connection),
                  fmt::format("models.{}.connection", route.name), "Name one of the connections.");
    const std::string& upstream = route.model.empty() ? route.name : route.model;
    for (const auto& environment : snapshot.environments)
      if (std::ranges::find(environment->connections, found->get()) != environment->connections.end())
        // The configuration outlives every snapshot, so the name may be a view.
        environment->routes[route.name] = gateway::Target{found->get(), upstream};
  }
  return {};
}

std::shared_ptr<const gateway::Key> SnapshotBuilder::make_key(const governance::ApiKey& from,
                                                              std::int64_t until_us) {
  auto key = std::make_shared<gateway::Key>();
  key->id = from.id;
  key->name = from.name;
  key->use_case = from.use_case;
  key->environment = from.environment;
  key->allowed_models = from.allowed_models;
  key->expires_at_us = from.expires_us;
  if (until_us != 0 && (key->expires_at_us == 0 || until_us < key->expires_at_us))
    key->expires_at_us = until_us;
  key->max_concurrent =
      from.max_concurrent != 0 ? from.max_concurrent : config_.gateway.max_concurrent_per_key;
  auto& use = key_use_[key->id];
  if (use == nullptr) use = std::make_shared<gateway::KeyUse>();
  key->use = use;
  return key;
}

Result<> SnapshotBuilder::update_keys(governance::KeyStore& keys, const gateway::Snapshot& snapshot) {
  SLIPWAY_ASSIGN(const governance::LiveKeys live, keys.load_live(keys_mark_));
  if (live.everything) {
    keys_by_digest_ = {};
    digests_of_key_.clear();
  }
  if (!live.keys.empty()) {
    gateway::KeyTable::Edit edit(keys_by_digest_);
    for (const governance::LiveKey& one : live.keys) {
      for (const Sha256& before : std::exchange(digests_of_key_[one.key.id], {})) edit.erase(before);
      // With its environment gone from the settings a key opens nothing.
      if (snapshot.environment(one.key.environment) == nullptr) continue;
      for (const auto& [digest, until_us] : one.digests) {
        edit.put(digest, make_key(one.key, until_us));
        digests_of_key_[one.key.id].push_back(digest);
      }
    }
    keys_by_digest_ = std::move(edit).done();
  }
  keys_mark_ = live.mark;
  return {};
}

Result<std::shared_ptr<const gateway::Snapshot>> SnapshotBuilder::build(governance::KeyStore& keys) {
  const std::lock_guard lock(mutex_);
  auto snapshot = std::make_shared<gateway::Snapshot>();
  snapshot->version = ++version_;
  snapshot->prices = prices_;
  SLIPWAY_TRY(add_connections(*snapshot));
  SLIPWAY_TRY(add_routes(*snapshot));
  SLIPWAY_TRY(update_keys(keys, *snapshot));
  snapshot->keys = keys_by_digest_;
  if (releases_ != nullptr) SLIPWAY_TRY(releases_->fill(*snapshot));
  return snapshot;
}

std::int64_t SnapshotBuilder::last_used_us(const std::string& key_id) {
  const std::lock_guard lock(mutex_);
  const auto found = key_use_.find(key_id);
  return found == key_use_.end() ? 0 : found->second->last_used_us.load(std::memory_order_relaxed);
}

std::vector<std::pair<std::string, std::int64_t>> SnapshotBuilder::take_last_used() {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::int64_t>> used;
  for (const auto& [id, use] : key_use_) {
    const std::int64_t at_us = use->last_used_us.load(std::memory_order_relaxed);
    if (at_us > std::exchange(last_used_noted_[id], at_us)) used.emplace_back(id, at_us);
  }
  return used;
}

}  // namespace slipway::app
