// SPDX-License-Identifier: Apache-2.0
// What may change about an asset that is stored: labels, deprecation.
#include "api/asset_handlers.h"
#include "governance/asset_ports.h"

namespace slipway::api {

namespace {

using Change = std::function<Result<catalog::AssetInfo>(catalog::AssetStore&, const catalog::Author&,
                                                        const catalog::AssetName&)>;

// Makes the change and answers with the asset as it is now.
rt::Task<void> change_asset(Request& request, Change change) {
  std::function<Result<std::string>()> job =
      [&assets = request.services.assets, author = governance::author_of(request.actor()),
       name = asset_in_path(request), made = std::move(change)]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const catalog::AssetInfo info, made(assets, author, name));
    return asset_detail(assets, info);
  };
  const auto body = co_await in_pool<std::string>(request, std::move(job));
  if (!body)
    co_await answer_error(request, body.error());
  else
    co_await answer(request, 200, *body);
}

struct Label {
  std::string name;
  std::optional<std::int64_t> version;
};

Result<Label> read_label(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  Label label;
  SLIPWAY_ASSIGN(label.name, require_string(body, "label"));
  const json::value* version = body.if_contains("version");
  if (version == nullptr || (!version->is_null() && !version->is_int64()))
    return fail(ErrorCode::kInvalidArgument, "must be a version's number, or null to take the label away",
                "version");
  if (version->is_int64()) label.version = version->get_int64();
  return label;
}

struct Farewell {
  std::string reason;
  std::string replaced_by;
};

Result<Farewell> read_farewell(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  Farewell farewell;
  SLIPWAY_ASSIGN(farewell.reason, require_string(body, "reason"));
  SLIPWAY_ASSIGN(const auto heir, optional_string(body, "replaced_by"));
  farewell.replaced_by = heir.value_or("");
  return farewell;
}

}  // namespace

rt::Task<void> label_asset(Request& request) {
  const auto label = read_label(request);
  if (!label) {
    co_await answer_error(request, label.error());
    co_return;
  }
  Change change = [wanted = *label](catalog::AssetStore& assets, const catalog::Author& author,
                                    const catalog::AssetName& name) {
    return assets.set_label(author, name, wanted.name, wanted.version);
  };
  co_await change_asset(request, std::move(change));
}

rt::Task<void> deprecate_asset(Request& request) {
  const auto farewell = read_farewell(request);
  if (!farewell) {
    co_await answer_error(request, farewell.error());
    co_return;
  }
  Change change = [wanted = *farewell](catalog::AssetStore& assets, const catalog::Author& author,
                                       const catalog::AssetName& name) {
    return assets.deprecate(author, name, wanted.reason, wanted.replaced_by);
  };
  co_await change_asset(request, std::move(change));
}

rt::Task<void> restore_asset(Request& request) {
  Change change = [](catalog::AssetStore& assets, const catalog::Author& author,
                     const catalog::AssetName& name) { return assets.restore(author, name); };
  co_await change_asset(request, std::move(change));
}

}  // namespace slipway::api
