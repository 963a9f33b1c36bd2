// SPDX-License-Identifier: Apache-2.0
// Releases: what ships, as exact versions that never change. Blocks on the database; thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "catalog/asset_store.h"
#include "governance/audit.h"
#include "governance/release_closure.h"
#include "governance/use_cases.h"
#include "store/database.h"

namespace slipway::governance {

struct PinnedAsset {
  catalog::AssetName name;
  std::int64_t version = 0;  // on this server
  std::string digest;
  std::string author;  // of the version
};

struct ReleaseManifest {
  std::string use_case;
  std::int64_t number = 0;
  std::string digest;
  catalog::AssetName entry;
  std::vector<PinnedAsset> assets;  // by name
  std::string message;
  std::string known_limits;
  std::string author_id;
  std::string author;
  std::int64_t created_us = 0;

  [[nodiscard]] std::string id() const { return use_case + "@" + std::to_string(number); }
  [[nodiscard]] const PinnedAsset* find(const catalog::AssetName& name) const;
};

struct CutRequest {
  std::string use_case;
  std::string message;
  std::string entry;  // empty: the use case's, else the only prompt or flow, else the one called main
  std::string known_limits;
  std::map<std::string, std::int64_t> versions;  // "owner/kind/name", or "kind/name" of the use case
};

struct CutResult {
  ReleaseManifest release;
  bool made = false;  // false: the latest release is the same
};

struct CutPreview {
  std::string digest;  // empty if there are problems
  bool unchanged = false;
  std::vector<PinnedAsset> assets;
  std::map<catalog::AssetName, std::int64_t> latest;
  std::vector<catalog::Problem> problems;
  json::object notes;  // as release_notes.h makes them
};

struct ReleasePage {
  std::vector<ReleaseManifest> items;  // newest first
  std::string next_cursor;             // empty: the last page
};

class ReleaseStore {
 public:
  ReleaseStore(store::Database& database, catalog::AssetStore& assets, UseCaseStore& use_cases,
               std::vector<std::string> environments)
      : database_(database), assets_(assets), use_cases_(use_cases), environments_(std::move(environments)) {}

  // kInvalidArgument with the first problem if something stands against it, kConflict for a retired use case,
  // kNotFound for an unknown one. Cutting what is the same as the latest release gives that one.
  Result<CutResult> cut(const CutRequest& request, const Actor& actor);
  // The same without storing anything; problems are part of the answer.
  Result<CutPreview> preview(const CutRequest& request);

  Result<ReleaseManifest> get(std::string_view use_case, std::int64_t number);  // kNotFound
  Result<ReleaseManifest> get(soci::session& sql, std::string_view use_case, std::int64_t number) const;
  Result<ReleasePage> list(std::string_view use_case, std::string_view cursor, std::uint32_t limit);
  // The notes as they were written when it was cut.
  Result<json::object> notes(std::string_view use_case, std::int64_t number);
  // The assets' contents. kDataLoss if a stored asset is no longer what the release pinned.
  Result<std::vector<catalog::AssetVersion>> load(const ReleaseManifest& release);
  Result<std::vector<catalog::AssetVersion>> load(soci::session& sql, const ReleaseManifest& release) const;
  // Latest versions of what a release pins.
  Result<std::map<catalog::AssetName, std::int64_t>> latest_versions(soci::session& sql,
                                                                     const ReleaseManifest& release) const;
  // What differs between what runs (0: nothing) and another release, as one section of the notes.
  Result<json::object> compare(std::string_view use_case, std::int64_t from, std::int64_t to);
  // Releases and deployments that use an asset, for the catalogue's "where used".
  Result<std::vector<catalog::AssetUse>> uses(soci::session& sql, const catalog::AssetName& name) const;

 private:
  struct Draft;
  Result<Draft> draft(soci::session& sql, const CutRequest& request, const UseCase& use_case,
                      const catalog::AssetName& entry) const;
  Result<catalog::AssetName> entry_of(const CutRequest& request, const UseCase& use_case);

  store::Database& database_;
  catalog::AssetStore& assets_;
  UseCaseStore& use_cases_;
  std::vector<std::string> environments_;  // in their order
};

}  // namespace slipway::governance
