// SPDX-License-Identifier: Apache-2.0
// Turns settings and the keys of the database into what the gateway reads.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/release_loader.h"
#include "base/config.h"
#include "gateway/snapshot.h"
#include "governance/keys.h"
#include "telemetry/price_table.h"

namespace slipway::app {

class SnapshotBuilder {
 public:
  // `simulated_url` is where the built-in provider listens. Fails on settings that name what doesn't exist.
  static Result<std::unique_ptr<SnapshotBuilder>> create(const Config& config, std::string simulated_url);

  // What is deployed joins the snapshots from now on; outlives the builder.
  void serve(ReleaseLoader& releases) { releases_ = &releases; }
  // Reads the keys and builds the next snapshot. Blocks on the database; any thread.
  Result<std::shared_ptr<const gateway::Snapshot>> build(governance::KeyStore& keys);

  // When the key was last used; unix microseconds, 0: not since this process started.
  std::int64_t last_used_us(const std::string& key_id);
  // When keys were last used, for those used since the last call.
  std::vector<std::pair<std::string, std::int64_t>> take_last_used();

 private:
  SnapshotBuilder(const Config& config, std::string simulated_url)
      : config_(config), simulated_url_(std::move(simulated_url)) {}
  Result<> add_connections(gateway::Snapshot& snapshot);
  Result<> add_routes(gateway::Snapshot& snapshot) const;
  // Brings `keys_by_digest_` up to date. The environments of `snapshot` are those that keys may belong to.
  Result<> update_keys(governance::KeyStore& keys, const gateway::Snapshot& snapshot);
  std::shared_ptr<const gateway::Key> make_key(const governance::ApiKey& key, std::int64_t until_us);

  const Config& config_;
  ReleaseLoader* releases_ = nullptr;
  const std::string simulated_url_;
  std::shared_ptr<const telemetry::PriceTable> prices_;
  std::mutex mutex_;
  // What outlives a snapshot.
  std::map<std::string, std::shared_ptr<gateway::KeyUse>> key_use_;
  std::map<std::string, std::int64_t> last_used_noted_;
  std::map<std::string, std::shared_ptr<gateway::ConnectionHealth>> health_;
  std::uint64_t version_ = 0;
  // The keys as of `keys_mark_`; a snapshot takes a copy that shares what did not change.
  gateway::KeyTable keys_by_digest_;
  std::map<std::string, std::vector<Sha256>> digests_of_key_;
  std::int64_t keys_mark_ = 0;
};

}  // namespace slipway::app
