// SPDX-License-Identifier: Apache-2.0
#include "app/snapshot_builder.h"

#include <fmt/format.h>

#include <algorithm>

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

void SnapshotBuilder::add_key(gateway::Snapshot& snapshot, const governance::ActiveDigest& active) {
  const gateway::Environment* environment = snapshot.environment(active.key.environment);
  if (environment == nullptr) return;  // its environment is gone from the settings: the key opens nothing
  auto key = std::make_shared<gateway::Key>();
  key->id = active.key.id;
  key->name = active.key.name;
  key->use_case = active.key.use_case;
  key->environment = environment;
  key->allowed_models = active.key.allowed_models;
  key->expires_at_us = active.key.expires_us;
  if (active.until_us != 0 && (key->expires_at_us == 0 || active.until_us < key->expires_at_us))
    key->expires_at_us = active.until_us;
  key->max_concurrent =
      active.key.max_concurrent != 0 ? active.key.max_concurrent : config_.gateway.max_concurrent_per_key;
  auto& use = key_use_[key->id];
  if (use == nullptr) use = std::make_shared<gateway::KeyUse>();
  key->use = use;
  snapshot.keys.emplace(active.digest, std::move(key));
}

Result<std::shared_ptr<const gateway::Snapshot>> SnapshotBuilder::build(governance::KeyStore& keys) {
  SLIPWAY_ASSIGN(const auto digests, keys.load_active());
  const std::lock_guard lock(mutex_);
  auto snapshot = std::make_shared<gateway::Snapshot>();
  snapshot->version = ++version_;
  snapshot->prices = prices_;
  SLIPWAY_TRY(add_connections(*snapshot));
  SLIPWAY_TRY(add_routes(*snapshot));
  for (const governance::ActiveDigest& active : digests) add_key(*snapshot, active);
  if (releases_ != nullptr) SLIPWAY_TRY(releases_->fill(*snapshot));
  return snapshot;
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
