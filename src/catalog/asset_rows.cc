// SPDX-License-Identifier: Apache-2.0
#include "catalog/asset_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "catalog/canonical.h"

namespace slipway::catalog {

namespace {

constexpr std::size_t kShownBytes = 80;
constexpr std::size_t kNamesCompared = 1'000;  // for "did you mean"
constexpr JsonLimits kStoredLimits = {128, 64u << 20};

}  // namespace

std::optional<AssetRow> find_asset(soci::session& sql, const AssetName& name) {
  long long id = 0;
  long long latest = 0;
  long long deprecated_us = 0;
  AssetRow row;
  Deprecation deprecation;
  sql << "SELECT id, latest, description, deprecated_us, deprecated_by, deprecated_reason, replaced_by "
         "FROM catalog_assets WHERE owner = :owner AND kind = :kind AND name = :name",
      soci::use(name.owner), soci::use(name.kind), soci::use(name.name), soci::into(id), soci::into(latest),
      soci::into(row.description), soci::into(deprecated_us), soci::into(deprecation.by),
      soci::into(deprecation.reason), soci::into(deprecation.replaced_by);
  if (!sql.got_data()) return std::nullopt;
  row.id = id;
  row.latest = latest;
  if (deprecated_us != 0) {
    deprecation.at_us = deprecated_us;
    row.deprecated = std::move(deprecation);
  }
  return row;
}

Result<AssetRow> require_asset(soci::session& sql, const AssetName& name) {
  if (auto row = find_asset(sql, name)) return std::move(*row);
  std::vector<std::string> names;
  std::string one;
  soci::statement statement =
      (sql.prepare << "SELECT name FROM catalog_assets WHERE owner = :owner AND kind = :kind ORDER BY name",
       soci::use(name.owner), soci::use(name.kind), soci::into(one));
  statement.execute();
  while (names.size() < kNamesCompared && statement.fetch()) names.push_back(one);
  const auto close = nearest(name.name, names);
  return fail(ErrorCode::kNotFound, fmt::format("there is no asset '{}'", ellipsize(name.to_string(), 200)),
              {}, close ? fmt::format("Did you mean '{}'?", *close) : std::string());
}

Result<AssetVersion> load_version(soci::session& sql, std::int64_t asset, const AssetName& name,
                                  std::int64_t number) {
  AssetVersion version;
  const long long id = asset;
  const long long wanted = number;
  long long created = 0;
  sql << "SELECT digest, parent, message, author, created_us FROM catalog_versions "
         "WHERE asset = :asset AND number = :number",
      soci::use(id), soci::use(wanted), soci::into(version.digest), soci::into(version.parent),
      soci::into(version.message), soci::into(version.author), soci::into(created);
  if (!sql.got_data())
    return fail(ErrorCode::kNotFound, fmt::format("{} has no version {}", name.to_string(), number));
  version.name = name;
  version.number = number;
  version.created_us = created;
  return version;
}

Result<> load_content(soci::session& sql, AssetVersion& version) {
  const auto damaged = [&version](std::string_view how) {
    return fail(
        ErrorCode::kDataLoss,
        fmt::format("the stored content of {} version {} {}", version.name.to_string(), version.number, how),
        "database", "Somebody changed the database, or it is damaged: restore it from a backup.");
  };
  std::string text;
  sql << "SELECT content FROM catalog_contents WHERE digest = :digest", soci::use(version.digest),
      soci::into(text);
  if (!sql.got_data()) return damaged("is gone");
  if (digest_of(text) != version.digest) return damaged("is not what was pushed: its digest differs");
  SLIPWAY_ASSIGN(json::value value, parse_json(text, kStoredLimits));
  if (!value.is_object()) return damaged("is not a map");
  SLIPWAY_ASSIGN(version.content, read_format(version.name.kind, std::move(value.as_object())));
  version.references = references_of(version.name, version.content);
  return {};
}

std::map<std::string, std::int64_t> load_labels(soci::session& sql, std::int64_t asset) {
  std::map<std::string, std::int64_t> labels;
  const long long id = asset;
  std::string label;
  long long number = 0;
  soci::statement statement = (sql.prepare << "SELECT label, number FROM catalog_labels WHERE asset = :asset",
                               soci::use(id), soci::into(label), soci::into(number));
  statement.execute();
  while (statement.fetch()) labels.emplace(label, number);
  return labels;
}

Result<std::int64_t> resolve_version(soci::session& sql, const AssetRow& row, const AssetName& name,
                                     std::string_view which) {
  if (which.empty() || which == "latest") return row.latest;
  if (const auto number = parse_integer<std::int64_t>(which)) {
    if (*number >= 1 && *number <= row.latest) return *number;
    return fail(ErrorCode::kNotFound, fmt::format("{} has no version {}", name.to_string(), *number), {},
                fmt::format("Its latest is {}.", row.latest));
  }
  const auto labels = load_labels(sql, row.id);
  if (const auto found = labels.find(std::string(which)); found != labels.end()) return found->second;
  std::vector<std::string> there = {"latest"};
  for (const auto& [label, number] : labels) there.push_back(label);
  return fail(
      ErrorCode::kNotFound,
      fmt::format("{} has no version '{}'", name.to_string(), ellipsize(which, kShownBytes)), {},
      fmt::format("There are numbers up to {} and the labels {}.", row.latest, fmt::join(there, ", ")));
}

std::vector<std::string> labels_at(const std::map<std::string, std::int64_t>& labels, std::int64_t number) {
  std::vector<std::string> out;
  for (const auto& [label, at] : labels)
    if (at == number) out.push_back(label);
  return out;
}

SqlText& SqlText::add(std::string_view text) {
  text_ += text;
  return *this;
}

SqlText& SqlText::value(std::string value) {
  text_ += fmt::format(":v{}", values_.size());
  values_.push_back(std::make_unique<std::string>(std::move(value)));
  return *this;
}

void SqlText::prepare(soci::statement& statement) {
  for (const auto& value : values_) statement.exchange(soci::use(*value));
  statement.alloc();
  statement.prepare(text_);
  statement.define_and_bind();
}

}  // namespace slipway::catalog
