// SPDX-License-Identifier: Apache-2.0
// Assets as they are: lists, versions, differences, uses, schemas.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/asset_handlers.h"
#include "api/asset_json.h"
#include "api/handlers.h"
#include "api/or_null.h"
#include "base/text.h"

namespace slipway::api {

namespace {

using governance::Permission;

constexpr std::array kRoutes = {
    Route{"GET", "/assets", list_assets},
    Route{"POST", "/assets/plan", plan_assets},
    Route{"POST", "/assets/push", push_assets, Permission::kEditAssets},
    Route{"POST", "/assets/validate", validate_asset},
    Route{"GET", "/assets/{owner}/{kind}/{name}", get_asset},
    Route{"PUT", "/assets/{owner}/{kind}/{name}", put_asset, Permission::kEditAssets},
    Route{"GET", "/assets/{owner}/{kind}/{name}/versions", list_asset_versions},
    Route{"GET", "/assets/{owner}/{kind}/{name}/versions/{version}", get_asset_version},
    Route{"GET", "/assets/{owner}/{kind}/{name}/diff", diff_asset},
    Route{"GET", "/assets/{owner}/{kind}/{name}/where-used", asset_where_used},
    Route{"POST", "/assets/{owner}/{kind}/{name}/labels", label_asset, Permission::kEditAssets},
    Route{"POST", "/assets/{owner}/{kind}/{name}/deprecate", deprecate_asset, Permission::kEditAssets},
    Route{"POST", "/assets/{owner}/{kind}/{name}/restore", restore_asset, Permission::kEditAssets},
    // Editors fetch schemas without signing in; there is nothing in them that the source has not.
    Route{"GET", "/schemas", list_schemas, Permission::kView, Access::kAnyone},
    Route{"GET", "/schemas/{kind}", get_schema, Permission::kView, Access::kAnyone},
};

Result<catalog::AssetFilter> read_filter(const Request& request) {
  catalog::AssetFilter filter;
  filter.owner = request.param("owner");
  filter.kind = request.param("kind");
  filter.words = request.param("q");
  filter.label = request.param("label");
  filter.cursor = request.param("cursor");
  if (filter.words.size() > 400)
    return fail(ErrorCode::kInvalidArgument, "a search has at most 400 characters", "q");
  if (!filter.kind.empty() && !catalog::is_kind(filter.kind))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("there is no kind of asset '{}'", ellipsize(filter.kind, 80)), "kind",
                "GET /api/v1/schemas lists them.");
  const std::string_view deprecated = request.param("deprecated");
  if (!deprecated.empty() && deprecated != "true" && deprecated != "false")
    return fail(ErrorCode::kInvalidArgument, "deprecated is true or false", "deprecated");
  if (!deprecated.empty()) filter.deprecated = deprecated == "true";
  SLIPWAY_ASSIGN(filter.limit, request.page_limit());
  filter.visible_owners = visible_owners(request);
  return filter;
}

// Runs a job that makes the answer's body, and answers.
rt::Task<void> answer_from(Request& request, std::function<Result<std::string>()> job) {
  const auto body = co_await in_pool<std::string>(request, std::move(job));
  if (!body)
    co_await answer_error(request, body.error());
  else
    co_await answer(request, 200, *body);
}

}  // namespace

std::span<const Route> assets_routes() { return kRoutes; }

catalog::AssetName asset_in_path(const Request& request) {
  return {request.segment("owner"), request.segment("kind"), request.segment("name")};
}

std::optional<std::vector<std::string>> visible_owners(const Request& request) {
  std::vector<std::string> owners = {std::string(catalog::kSharedOwner)};
  for (const governance::RoleGrant& grant : request.session.principal.grants) {
    if (!governance::may({grant}, Permission::kView)) continue;
    if (grant.use_case.empty()) return std::nullopt;
    owners.push_back(grant.use_case);
  }
  return owners;
}

Result<TargetStates> target_states(catalog::AssetStore& assets,
                                   const std::vector<catalog::Reference>& references) {
  std::vector<catalog::AssetName> targets;
  for (const catalog::Reference& reference : references) targets.push_back(reference.target);
  return assets.existing(targets);
}

Result<std::string> asset_detail(catalog::AssetStore& assets, const catalog::AssetInfo& info) {
  SLIPWAY_ASSIGN(const TargetStates targets, target_states(assets, info.latest.references));
  return json::serialize(asset_detail_json(info, targets));
}

rt::Task<void> list_assets(Request& request) {
  const auto filter = read_filter(request);
  if (!filter) {
    co_await answer_error(request, filter.error());
    co_return;
  }
  std::function<Result<std::string>()> job = [&assets = request.services.assets,
                                              wanted = *filter]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const catalog::AssetPage page, assets.list(wanted));
    json::array items;
    for (const catalog::AssetInfo& info : page.items) items.emplace_back(asset_json(info));
    return json::serialize(json::object{
        {"items", std::move(items)}, {"next_cursor", text_or_null(page.next_cursor)}, {"total", page.total}});
  };
  co_await answer_from(request, std::move(job));
}

rt::Task<void> get_asset(Request& request) {
  std::function<Result<std::string>()> job = [&assets = request.services.assets,
                                              name = asset_in_path(request)]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const catalog::AssetInfo info, assets.find(name));
    return asset_detail(assets, info);
  };
  co_await answer_from(request, std::move(job));
}

rt::Task<void> list_asset_versions(Request& request) {
  const auto limit = request.page_limit();
  if (!limit) {
    co_await answer_error(request, limit.error());
    co_return;
  }
  std::function<Result<std::string>()> job =
      [&assets = request.services.assets, name = asset_in_path(request),
       cursor = std::string(request.param("cursor")), count = *limit]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const catalog::VersionPage page, assets.history(name, cursor, count));
    json::array items;
    for (const catalog::AssetVersion& version : page.items) items.emplace_back(version_info_json(version));
    return json::serialize(
        json::object{{"items", std::move(items)}, {"next_cursor", text_or_null(page.next_cursor)}});
  };
  co_await answer_from(request, std::move(job));
}

rt::Task<void> get_asset_version(Request& request) {
  std::function<Result<std::string>()> job = [&assets = request.services.assets,
                                              name = asset_in_path(request),
                                              which = request.segment("version")]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const catalog::AssetVersion version, assets.version(name, which));
    SLIPWAY_ASSIGN(const TargetStates targets, target_states(assets, version.references));
    return json::serialize(version_json(version, targets));
  };
  co_await answer_from(request, std::move(job));
}

rt::Task<void> diff_asset(Request& request) {
  std::function<Result<std::string>()> job =
      [&assets = request.services.assets, name = asset_in_path(request),
       from = std::string(request.param("from")),
       to = std::string(request.param("to"))]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const catalog::AssetDiff diff, assets.diff(name, from, to));
    return json::serialize(json::object{
        {"from", diff.from}, {"to", diff.to}, {"changes", changes_json(diff.changes)}, {"text", diff.text}});
  };
  co_await answer_from(request, std::move(job));
}

rt::Task<void> asset_where_used(Request& request) {
  std::function<Result<std::string>()> job = [&assets = request.services.assets,
                                              name = asset_in_path(request),
                                              visible = visible_owners(request)]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const std::vector<catalog::AssetUse> uses, assets.where_used(name));
    json::array items;
    for (const catalog::AssetUse& use : uses)
      if (may_see_use(visible, use)) items.emplace_back(asset_use_json(use));
    return items_json(std::move(items));
  };
  co_await answer_from(request, std::move(job));
}

bool may_see_use(const std::optional<std::vector<std::string>>& visible, const catalog::AssetUse& use) {
  if (!visible) return true;
  // "owner/kind/name", "use-case@3", "use-case in prod".
  const std::string_view owner = std::string_view(use.id).substr(0, use.id.find_first_of("/@ "));
  return std::ranges::find(*visible, owner) != visible->end();
}

rt::Task<void> list_schemas(Request& request) {
  json::array items;
  for (const std::string& kind : catalog::kind_names())
    items.emplace_back(json::object{
        {"kind", kind}, {"title", catalog::kind_title(kind)}, {"url", "/api/v1/schemas/" + kind}});
  co_await answer(request, 200, items_json(std::move(items)));
}

rt::Task<void> get_schema(Request& request) {
  const std::string& kind = request.segment("kind");
  if (catalog::is_kind(kind)) {
    co_await answer(request, 200, json::serialize(catalog::kind_schema(kind)));
    co_return;
  }
  const Error error = problem(ErrorCode::kNotFound, "there is no kind of asset '" + ellipsize(kind, 80) + "'",
                              {}, "GET /api/v1/schemas lists them.");
  co_await answer_error(request, error);
}

}  // namespace slipway::api
