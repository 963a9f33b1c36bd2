// SPDX-License-Identifier: Apache-2.0
// Versioned assets. A version never changes; its content is found by digest, and the digest is checked when
// it is loaded. Every function blocks on the database: call it from rt::BlockingPool. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "catalog/asset_name.h"
#include "catalog/diff.h"
#include "catalog/kinds.h"
#include "store/database.h"

namespace slipway::catalog {

// Who changes something.
struct Author {
  std::string id;
  std::string name;
  std::string kind;  // "user", "service", "system"
};

struct Deprecation {
  std::string reason;
  std::string by;
  std::int64_t at_us = 0;   // unix
  std::string replaced_by;  // "owner/kind/name" or empty
};

struct AssetVersion {
  AssetName name;
  std::int64_t number = 0;
  std::string digest;    // "sha256:…" of the canonical JSON as stored
  json::object content;  // in today's format; empty in lists and histories
  std::string message;
  std::string author;
  std::int64_t created_us = 0;  // unix
  std::string parent;           // digest of the version before; empty for the first
  std::vector<std::string> labels;
  std::vector<Reference> references;  // of `content`
};

struct AssetInfo {
  AssetName name;
  std::string description;
  AssetVersion latest;
  std::map<std::string, std::int64_t> labels;
  std::optional<Deprecation> deprecated;
};

// One asset to store.
struct AssetChange {
  AssetName name;
  json::object content;
  // The digest this was made from, empty for "there was none". Not checked where it is left out.
  std::optional<std::string> parent;
};

enum class PlanAction : std::uint8_t { kCreate, kUpdate, kUnchanged, kConflict };
std::string_view to_string(PlanAction action);

struct PlanItem {
  AssetName name;
  PlanAction action = PlanAction::kCreate;
  std::int64_t version = 0;  // the number it would get, or has
  std::string digest;
  std::optional<AssetVersion> latest;  // without content
  std::vector<ContentChange> changes;  // empty for a new asset
};

struct PlanResult {
  std::vector<PlanItem> items;  // in the order of the changes; those with a malformed name are left out
  std::vector<Problem> problems;
};

struct PushItem {
  AssetName name;
  std::int64_t version = 0;
  std::string digest;
  PlanAction action = PlanAction::kCreate;
};

// Either all items, or problems and nothing was stored.
struct PushResult {
  std::vector<PushItem> items;
  std::vector<Problem> problems;
};

struct AssetFilter {
  std::string owner = {};
  std::string kind = {};
  std::string words = {};  // beginnings of words that must all occur in name, description or content
  std::string label = {};
  std::optional<bool> deprecated = {};
  std::optional<std::vector<std::string>> visible_owners = {};  // none but these, if given
  std::string cursor = {};
  std::uint32_t limit = 100;
};

struct AssetPage {
  std::vector<AssetInfo> items;  // by owner, kind and name
  std::string next_cursor;       // empty at the end
  std::int64_t total = 0;        // on all pages
};

struct VersionPage {
  std::vector<AssetVersion> items;  // newest first
  std::string next_cursor;
};

struct AssetDiff {
  std::int64_t from = 0;  // 0: nothing, the asset's beginning
  std::int64_t to = 0;
  std::vector<ContentChange> changes;
  std::string text;  // unified diff of the YAML
};

// Something that refers to an asset.
struct AssetUse {
  std::string type;          // "asset", "release", "deployment"
  std::string id;            // "support-assistant/prompt/answer", "support-assistant@3"
  std::int64_t version = 0;  // 0: it has none
  std::string path;
};

// A change for the audit log.
struct CatalogEvent {
  std::string action;  // "asset.push", "asset.label", "asset.deprecate", "asset.restore"
  AssetName asset;
  json::object detail;
};

// What the store is given from above; each may be left empty.
struct AssetPorts {
  TemplateInspector inspect_template;
  // Writes an audit entry within the change's transaction.
  std::function<Result<>(soci::session&, const Author&, const CatalogEvent&)> record;
  // Whether a use case may own assets; the error is shown. Not asked about "shared".
  std::function<Result<>(soci::session&, const std::string& owner)> check_owner;
  // Uses that other rooms know of: releases and deployments.
  std::function<Result<std::vector<AssetUse>>(soci::session&, const AssetName&)> other_uses;
};

struct AssetLimits {
  std::uint64_t asset_bytes = 1u << 20;  // canonical JSON
  std::uint32_t push_assets = 5'000;
};

class AssetStore {
 public:
  explicit AssetStore(store::Database& database, AssetPorts ports = {}, AssetLimits limits = {});

  // With its latest content and references. kNotFound names close ones.
  Result<AssetInfo> find(const AssetName& name);
  // `which`: a number, a label or "latest". kNotFound, or kDataLoss if the stored bytes are not those that
  // were stored.
  Result<AssetVersion> version(const AssetName& name, std::string_view which);
  Result<AssetVersion> version(soci::session& sql, const AssetName& name, std::string_view which);
  Result<std::optional<Deprecation>> deprecation(soci::session& sql, const AssetName& name);
  // Which of `names` exist, and whether each is deprecated.
  Result<std::map<AssetName, bool>> existing(std::span<const AssetName> names);

  // What push() would do. Conflicts are items, everything else that stands against it is a problem.
  Result<PlanResult> plan(std::vector<AssetChange> changes);
  // All or none, each with an audit entry. What is the same as the latest version is left alone. kConflict
  // says who was faster if a `parent` is not the latest version.
  Result<PushResult> push(const Author& author, std::vector<AssetChange> changes, std::string message);
  // Everything wrong with one content; references to assets that are not stored are problems if `name` has an
  // owner.
  Result<std::vector<Problem>> check(const AssetName& name, const json::object& content,
                                     const YamlNode* positions = nullptr);

  Result<AssetPage> list(const AssetFilter& filter);
  Result<VersionPage> history(const AssetName& name, std::string_view cursor, std::uint32_t limit);
  // `from` empty: the version before `to`.
  Result<AssetDiff> diff(const AssetName& name, std::string_view from, std::string_view to);
  Result<std::vector<AssetUse>> where_used(const AssetName& name);

  // Points `label` at a version, or takes it away (no number).
  Result<AssetInfo> set_label(const Author& author, const AssetName& name, std::string_view label,
                              std::optional<std::int64_t> number);
  // `replaced_by`: "owner/kind/name" or empty.
  Result<AssetInfo> deprecate(const Author& author, const AssetName& name, std::string_view reason,
                              std::string_view replaced_by);
  Result<AssetInfo> restore(const Author& author, const AssetName& name);

  [[nodiscard]] const AssetLimits& limits() const { return limits_; }

 private:
  store::Database& database_;
  AssetPorts ports_;
  AssetLimits limits_;
};

}  // namespace slipway::catalog
