// SPDX-License-Identifier: Apache-2.0
#include "catalog/asset_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "catalog/asset_rows.h"
#include "catalog/kind_rules.h"

namespace slipway::catalog {

namespace {

constexpr std::size_t kReasonCharacters = 2'000;
constexpr std::size_t kLabelLimit = 32;
constexpr std::size_t kLabelsOfAsset = 100;

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= kLabelLimit && text.front() >= 'a' && text.front() <= 'z' &&
         std::ranges::all_of(
             text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

Result<AssetInfo> load_info(soci::session& sql, const AssetName& name) {
  SLIPWAY_ASSIGN(const AssetRow row, require_asset(sql, name));
  AssetInfo info;
  info.name = name;
  info.description = row.description;
  info.deprecated = row.deprecated;
  info.labels = load_labels(sql, row.id);
  SLIPWAY_ASSIGN(info.latest, load_version(sql, row.id, name, row.latest));
  info.latest.labels = labels_at(info.labels, row.latest);
  SLIPWAY_TRY(load_content(sql, info.latest));
  return info;
}

// Nothing in `deprecation`: none.
void set_deprecation(soci::session& sql, std::int64_t asset, const Deprecation& deprecation) {
  const long long id = asset;
  const long long at = deprecation.at_us;
  sql << "UPDATE catalog_assets SET deprecated_us = :at, deprecated_by = :by, deprecated_reason = :reason, "
         "replaced_by = :replaced WHERE id = :id",
      soci::use(at), soci::use(deprecation.by), soci::use(deprecation.reason),
      soci::use(deprecation.replaced_by), soci::use(id);
}

void store_label(soci::session& sql, std::int64_t asset, const std::string& label,
                 std::optional<std::int64_t> number) {
  const long long id = asset;
  if (!number) {
    sql << "DELETE FROM catalog_labels WHERE asset = :asset AND label = :label", soci::use(id),
        soci::use(label);
    return;
  }
  const long long at = *number;
  sql << "INSERT INTO catalog_labels (asset, label, number) VALUES (:asset, :label, :number) "
         "ON CONFLICT (asset, label) DO UPDATE SET number = excluded.number",
      soci::use(id), soci::use(label), soci::use(at);
}

json::value number_or_null(std::optional<std::int64_t> number) {
  return number ? json::value(*number) : json::value(nullptr);
}

}  // namespace

std::string_view to_string(PlanAction action) {
  switch (action) {
    case PlanAction::kCreate: return "create";
    case PlanAction::kUpdate: return "update";
    case PlanAction::kUnchanged: return "unchanged";
    case PlanAction::kConflict: return "conflict";
  }
  return "unchanged";
}

AssetStore::AssetStore(store::Database& database, AssetPorts ports, AssetLimits limits)
    : database_(database), ports_(std::move(ports)), limits_(limits) {}

Result<AssetInfo> AssetStore::find(const AssetName& name) {
  SLIPWAY_TRY(check_name(name));
  return database_.read([&](soci::session& sql) { return load_info(sql, name); });
}

Result<AssetVersion> AssetStore::version(const AssetName& name, std::string_view which) {
  return database_.read([&](soci::session& sql) { return version(sql, name, which); });
}

Result<AssetVersion> AssetStore::version(soci::session& sql, const AssetName& name, std::string_view which) {
  SLIPWAY_TRY(check_name(name));
  SLIPWAY_ASSIGN(const AssetRow row, require_asset(sql, name));
  SLIPWAY_ASSIGN(const std::int64_t number, resolve_version(sql, row, name, which));
  SLIPWAY_ASSIGN(AssetVersion found, load_version(sql, row.id, name, number));
  found.labels = labels_at(load_labels(sql, row.id), number);
  SLIPWAY_TRY(load_content(sql, found));
  return found;
}

Result<std::optional<Deprecation>> AssetStore::deprecation(soci::session& sql, const AssetName& name) {
  SLIPWAY_ASSIGN(const AssetRow row, require_asset(sql, name));
  return row.deprecated;
}

Result<std::map<AssetName, bool>> AssetStore::existing(std::span<const AssetName> names) {
  return database_.read([&](soci::session& sql) -> Result<std::map<AssetName, bool>> {
    std::map<AssetName, bool> out;
    for (const AssetName& name : names)
      if (const auto row = find_asset(sql, name)) out.emplace(name, row->deprecated.has_value());
    return out;
  });
}

Result<std::vector<Problem>> AssetStore::check(const AssetName& name, const json::object& content,
                                               const YamlNode* positions) {
  std::vector<Problem> problems = validate(name, content, positions, ports_.inspect_template);
  if (name.owner.empty()) return problems;
  std::vector<AssetName> targets;
  const std::vector<Reference> references = references_of(name, content);
  for (const Reference& reference : references) targets.push_back(reference.target);
  SLIPWAY_ASSIGN(const auto there, existing(targets));
  ProblemList missing(positions);
  for (const Reference& reference : references)
    if (!there.contains(reference.target))
      missing.add(reference.path, fmt::format("there is no {}", reference.target.to_string()),
                  "Push it first, or together with this one.");
  std::ranges::move(missing.take(), std::back_inserter(problems));
  return problems;
}

Result<AssetInfo> AssetStore::set_label(const Author& author, const AssetName& name, std::string_view label,
                                        std::optional<std::int64_t> number) {
  SLIPWAY_TRY(check_name(name));
  if (!is_label(label) || label == "latest")
    return fail(ErrorCode::kInvalidArgument,
                label == "latest" ? std::string("'latest' is always the newest version")
                                  : fmt::format("'{}' can't be a label", ellipsize(label, 80)),
                "label",
                "Use a lower-case letter followed by up to 31 lower-case letters, digits and hyphens, as in "
                "stable.");
  const std::string wanted(label);
  return database_.write_quietly([&](soci::session& sql) -> Result<AssetInfo> {
    SLIPWAY_ASSIGN(const AssetRow row, require_asset(sql, name));
    if (number && (*number < 1 || *number > row.latest))
      return fail(ErrorCode::kInvalidArgument, fmt::format("{} has no version {}", name.to_string(), *number),
                  "version", fmt::format("Its latest is {}.", row.latest));
    const auto labels = load_labels(sql, row.id);
    const auto before = labels.find(wanted);
    if (!number && before == labels.end())
      return fail(ErrorCode::kNotFound, fmt::format("{} has no label '{}'", name.to_string(), wanted));
    if (before == labels.end() && labels.size() >= kLabelsOfAsset)
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("{} has {} labels, no more are allowed", name.to_string(), kLabelsOfAsset),
                  "label", "Take away one that is no longer needed.");
    store_label(sql, row.id, wanted, number);
    if (ports_.record) {
      json::object detail{{"label", wanted}, {"version", number_or_null(number)}};
      if (before != labels.end()) detail["before"] = before->second;
      SLIPWAY_TRY(ports_.record(sql, author, {"asset.label", name, std::move(detail)}));
    }
    return load_info(sql, name);
  });
}

Result<AssetInfo> AssetStore::deprecate(const Author& author, const AssetName& name, std::string_view reason,
                                        std::string_view replaced_by) {
  SLIPWAY_TRY(check_name(name));
  const std::string_view shown = trim(reason);
  if (shown.empty() || shown.size() > kReasonCharacters)
    return fail(ErrorCode::kInvalidArgument, "a reason has 1 to 2000 characters", "reason",
                "Say why nothing new should use it.");
  const Deprecation deprecation{std::string(shown), author.name, unix_now_us(), std::string(replaced_by)};
  return database_.write_quietly([&](soci::session& sql) -> Result<AssetInfo> {
    SLIPWAY_ASSIGN(const AssetRow row, require_asset(sql, name));
    if (!replaced_by.empty()) {
      auto heir = AssetName::parse(replaced_by);
      if (heir && (*heir == name || !find_asset(sql, *heir)))
        heir = fail(ErrorCode::kInvalidArgument,
                    *heir == name ? std::string("an asset can't replace itself")
                                  : fmt::format("there is no asset '{}'", heir->to_string()));
      if (!heir)
        return fail(ErrorCode::kInvalidArgument, heir.error().message, "replaced_by", heir.error().hint);
    }
    set_deprecation(sql, row.id, deprecation);
    if (ports_.record)
      SLIPWAY_TRY(
          ports_.record(sql, author,
                        {"asset.deprecate",
                         name,
                         {{"reason", deprecation.reason}, {"replaced_by", deprecation.replaced_by}}}));
    return load_info(sql, name);
  });
}

Result<AssetInfo> AssetStore::restore(const Author& author, const AssetName& name) {
  SLIPWAY_TRY(check_name(name));
  return database_.write_quietly([&](soci::session& sql) -> Result<AssetInfo> {
    SLIPWAY_ASSIGN(const AssetRow row, require_asset(sql, name));
    if (!row.deprecated)
      return fail(ErrorCode::kConflict, fmt::format("{} is not deprecated", name.to_string()));
    set_deprecation(sql, row.id, {});
    if (ports_.record)
      SLIPWAY_TRY(ports_.record(sql, author, {"asset.restore", name, {{"reason", row.deprecated->reason}}}));
    return load_info(sql, name);
  });
}

}  // namespace slipway::catalog
