// SPDX-License-Identifier: Apache-2.0
// What stands against a push: the part that needs the database. Used by AssetStore only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/asset_store.h"

namespace slipway::catalog {

// One change, checked by itself.
struct PreparedAsset {
  AssetName name;
  std::optional<std::string> parent;
  json::object content;  // with its format
  std::string canonical;
  std::string digest;
  std::vector<Reference> references;
};

// The stored asset that a change meets.
struct LatestAsset {
  std::int64_t id = 0;
  AssetVersion version;  // without content
};

std::optional<LatestAsset> load_latest(soci::session& sql, const AssetName& name);

// A dataset's file in a project brings its cases inside; where the latest version keeps the same ones beside
// it, they are the same dataset, not a change.
Result<> align_cases(soci::session& sql, PreparedAsset& asset);

// Owners that may not own, references to nothing, cycles among references, cases that are not stored.
class PushCheck {
 public:
  PushCheck(soci::session& sql, const AssetPorts& ports, const std::vector<PreparedAsset>& assets);
  // `store`: the versions are about to be stored, so that datasets need their cases; they keep them from then
  // on. A plan may come before its files.
  std::vector<Problem> run(bool store);

 private:
  void check_cases(bool store);
  void check_owners();
  void check_references();
  void check_cycles();
  // Goes through what `name` refers to; true if it comes back to `name` itself or to something on the way.
  bool find_cycle(const AssetName& name, std::vector<AssetName>& way);
  [[nodiscard]] bool exists(const AssetName& name);
  const std::vector<Reference>& references(const AssetName& name);

  soci::session& sql_;
  const AssetPorts& ports_;
  const std::vector<PreparedAsset>& assets_;
  std::map<AssetName, const PreparedAsset*> pushed_;
  std::map<AssetName, bool> stored_;
  std::map<AssetName, std::vector<Reference>> stored_references_;
  std::set<AssetName> done_;
  std::vector<Problem> problems_;
};

// Whether assets of that kind can refer to others at all.
bool kind_refers(std::string_view kind);

}  // namespace slipway::catalog
