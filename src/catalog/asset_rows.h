// SPDX-License-Identifier: Apache-2.0
// The store's rows, read and written within the caller's transaction. Used by AssetStore only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/asset_store.h"

namespace slipway::catalog {

struct AssetRow {
  std::int64_t id = 0;
  std::int64_t latest = 0;
  std::string description;
  std::optional<Deprecation> deprecated;
};

std::optional<AssetRow> find_asset(soci::session& sql, const AssetName& name);
// kNotFound with the nearest name that there is.
Result<AssetRow> require_asset(soci::session& sql, const AssetName& name);

// Without content, labels and references. kNotFound if there is no such number.
Result<AssetVersion> load_version(soci::session& sql, std::int64_t asset, const AssetName& name,
                                  std::int64_t number);
// Fills content and references; kDataLoss if the bytes do not have the version's digest.
Result<> load_content(soci::session& sql, AssetVersion& version);

std::map<std::string, std::int64_t> load_labels(soci::session& sql, std::int64_t asset);
// A number, a label or "latest" as a number; kNotFound names the labels there are.
Result<std::int64_t> resolve_version(soci::session& sql, const AssetRow& row, const AssetName& name,
                                     std::string_view which);
std::vector<std::string> labels_at(const std::map<std::string, std::int64_t>& labels, std::int64_t number);

// SQL put together from pieces, with its values.
class SqlText {
 public:
  explicit SqlText(std::string text) : text_(std::move(text)) {}
  SqlText& add(std::string_view text);  // as it stands
  SqlText& value(std::string value);    // a place for a value
  // Prepares `statement`, which must not outlive this; its results are bound by the caller before.
  void prepare(soci::statement& statement);

 private:
  std::string text_;
  std::vector<std::unique_ptr<std::string>> values_;  // bound by address
};

}  // namespace slipway::catalog
