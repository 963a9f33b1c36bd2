// SPDX-License-Identifier: Apache-2.0
// New versions of assets: validate, plan, push.
#include <fmt/format.h>

#include <set>

#include "api/asset_handlers.h"
#include "api/asset_json.h"
#include "api/problem.h"
#include "base/text.h"
#include "base/yaml_json.h"
#include "catalog/canonical.h"
#include "governance/asset_ports.h"

namespace slipway::api {

namespace {

using governance::Permission;

constexpr std::size_t kJsonDepth = 64;

struct Push {
  std::vector<catalog::AssetChange> changes;
  std::string message;
};

// null: there was none before; left out: not to be checked.
Result<std::optional<std::string>> read_parent(const json::object& body, std::string_view path) {
  const json::value* parent = body.if_contains("parent");
  if (parent == nullptr) return std::optional<std::string>();
  if (parent->is_null()) return std::optional<std::string>(std::string());
  if (!parent->is_string())
    return fail(ErrorCode::kInvalidArgument, "must be a version's digest or null",
                path.empty() ? "parent" : fmt::format("{}.parent", path));
  return std::optional<std::string>(std::string(parent->get_string()));
}

Result<json::object> read_large_body(const Request& request) {
  JsonLimits limits;
  limits.depth = kJsonDepth;
  limits.size_bytes = request.services.config.catalog.push_bytes;
  SLIPWAY_ASSIGN(json::value body, parse_json(request.exchange.body(), limits));
  if (!body.is_object()) return fail(ErrorCode::kInvalidArgument, "the body must be a JSON object", "body");
  return std::move(body.as_object());
}

Result<catalog::AssetChange> read_change(json::value& item, const std::string& path) {
  if (!item.is_object())
    return fail(ErrorCode::kInvalidArgument, "must be an asset with owner, kind, name and content", path);
  json::object& object = item.get_object();
  catalog::AssetChange change;
  SLIPWAY_ASSIGN(change.name.owner, require_string(object, "owner", path));
  SLIPWAY_ASSIGN(change.name.kind, require_string(object, "kind", path));
  SLIPWAY_ASSIGN(change.name.name, require_string(object, "name", path));
  SLIPWAY_ASSIGN(const json::object* content, optional_object(object, "content", path));
  if (content == nullptr)
    return fail(ErrorCode::kInvalidArgument, "the content is missing", path + ".content");
  SLIPWAY_ASSIGN(change.parent, read_parent(object, path));
  change.content = std::move(object["content"].get_object());
  return change;
}

Result<Push> read_push(const Request& request, Permission needed) {
  SLIPWAY_ASSIGN(json::object body, read_large_body(request));
  Push push;
  SLIPWAY_ASSIGN(const auto message, optional_string(body, "message"));
  push.message = message.value_or("");
  json::value* assets = body.if_contains("assets");
  if (assets == nullptr || !assets->is_array() || assets->get_array().empty())
    return fail(ErrorCode::kInvalidArgument, "there must be at least one asset", "assets");
  std::set<std::string> owners;
  json::array& items = assets->get_array();
  for (std::size_t i = 0; i < items.size(); ++i) {
    SLIPWAY_ASSIGN(catalog::AssetChange change, read_change(items[i], fmt::format("assets[{}]", i)));
    owners.insert(change.name.owner);
    push.changes.push_back(std::move(change));
  }
  for (const std::string& owner : owners)
    if (needed != Permission::kView || owner != catalog::kSharedOwner)
      SLIPWAY_TRY(request.require(needed, {.use_case = owner, .environment = {}, .discipline = {}}));
  return push;
}

std::string in_words(const catalog::Problem& problem) {
  std::string text = problem.message;
  if (!problem.hint.empty()) text += (text.ends_with('.') ? " " : ". ") + problem.hint;
  return text;
}

// `one_asset`: the request names the asset already.
rt::Task<void> answer_problems(Request& request, std::vector<catalog::Problem> problems, bool one_asset) {
  std::vector<FieldError> errors;
  for (const catalog::Problem& found : problems) {
    std::string field = found.path;
    if (!one_asset) field = field.empty() ? found.asset : found.asset + ": " + field;
    errors.push_back({std::move(field), in_words(found)});
  }
  std::string detail =
      fmt::format("{} problem{}; nothing was stored.", errors.size(), errors.size() == 1 ? "" : "s");
  if (!errors.empty())
    detail += fmt::format(" {}{}{}", errors[0].field, errors[0].field.empty() ? "" : ": ", errors[0].detail);
  std::string body = problem_json(detail, errors, request.request_id);
  co_await answer_with(request, http_status(ErrorCode::kInvalidArgument), std::move(body),
                       "application/problem+json", {}, {});
}

rt::Task<Result<catalog::PushResult>> store(Request& request, Push push) {
  std::function<Result<catalog::PushResult>()> job = [&assets = request.services.assets,
                                                      author = governance::author_of(request.actor()),
                                                      wanted = std::move(push)]() mutable {
    return assets.push(author, std::move(wanted.changes), std::move(wanted.message));
  };
  Result<catalog::PushResult> result = co_await in_pool<catalog::PushResult>(request, std::move(job));
  co_return result;
}

// A content given as JSON or as YAML.
struct GivenContent {
  catalog::AssetName name;
  json::object content;
  std::optional<YamlNode> positions;
  std::vector<catalog::Problem> problems;  // of the YAML itself
};

// "asset.yaml:3:5" at the end of an error's place.
void place_problem(const Error& error, catalog::Problem& problem) {
  const std::vector<std::string_view> parts = split(error.where, ':');
  if (parts.size() < 3) return;
  problem.line = parse_integer<std::uint32_t>(parts[parts.size() - 2]).value_or(0);
  problem.column = parse_integer<std::uint32_t>(parts.back()).value_or(0);
}

Result<GivenContent> read_content(const Request& request) {
  SLIPWAY_ASSIGN(json::object body, read_large_body(request));
  GivenContent given;
  SLIPWAY_ASSIGN(given.name.kind, require_string(body, "kind"));
  SLIPWAY_ASSIGN(const auto owner, optional_string(body, "owner"));
  SLIPWAY_ASSIGN(const auto name, optional_string(body, "name"));
  SLIPWAY_ASSIGN(const auto text, optional_string(body, "yaml"));
  SLIPWAY_ASSIGN(const json::object* content, optional_object(body, "content"));
  given.name.owner = owner.value_or("");
  given.name.name = name.value_or("");
  if (!catalog::is_kind(given.name.kind))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("there is no kind of asset '{}'", ellipsize(given.name.kind, 80)), "kind",
                "GET /api/v1/schemas lists them.");
  if (text.has_value() == (content != nullptr))
    return fail(ErrorCode::kInvalidArgument, "give either content or yaml", "content");
  if (content != nullptr) {
    given.content = std::move(body["content"].get_object());
    return given;
  }
  YamlLimits limits;
  limits.size_bytes = request.services.config.catalog.asset_bytes;
  auto node = parse_yaml(*text, "yaml", limits);
  catalog::Problem trouble;
  if (!node) {
    trouble.message = node.error().message;
    trouble.hint = node.error().hint;
    place_problem(node.error(), trouble);
    given.problems.push_back(std::move(trouble));
  } else if (!node->is_map()) {
    trouble.message = fmt::format("must be a map of fields, but is {}", node->kind_name());
    given.problems.push_back(std::move(trouble));
  } else {
    given.content = std::move(yaml_to_json(*node).as_object());
    given.positions = std::move(*node);
  }
  return given;
}

Result<std::string> judge(catalog::AssetStore& assets, GivenContent& given) {
  const bool readable = given.problems.empty();
  given.content = catalog::with_format(std::move(given.content));
  if (readable) {
    SLIPWAY_ASSIGN(given.problems,
                   assets.check(given.name, given.content, given.positions ? &*given.positions : nullptr));
  }
  json::array problems;
  for (const catalog::Problem& found : given.problems) problems.emplace_back(asset_problem_json(found));
  json::object out{{"problems", std::move(problems)}, {"digest", nullptr}, {"content", nullptr}};
  if (given.problems.empty()) out["digest"] = catalog::digest_of(catalog::canonical_json(given.content));
  if (readable) out["content"] = std::move(given.content);
  return json::serialize(out);
}

}  // namespace

rt::Task<void> plan_assets(Request& request) {
  auto push = read_push(request, Permission::kView);
  if (!push) {
    co_await answer_error(request, push.error());
    co_return;
  }
  std::function<Result<std::string>()> job = [&assets = request.services.assets,
                                              wanted = std::move(*push)]() mutable -> Result<std::string> {
    SLIPWAY_ASSIGN(const catalog::PlanResult plan, assets.plan(std::move(wanted.changes)));
    json::array items;
    for (const catalog::PlanItem& item : plan.items) items.emplace_back(plan_item_json(item));
    json::array problems;
    for (const catalog::Problem& found : plan.problems) problems.emplace_back(asset_problem_json(found));
    return json::serialize(json::object{{"items", std::move(items)}, {"problems", std::move(problems)}});
  };
  const auto body = co_await in_pool<std::string>(request, std::move(job));
  if (!body)
    co_await answer_error(request, body.error());
  else
    co_await answer(request, 200, *body);
}

rt::Task<void> push_assets(Request& request) {
  auto push = read_push(request, Permission::kEditAssets);
  if (!push) {
    co_await answer_error(request, push.error());
    co_return;
  }
  auto result = co_await store(request, std::move(*push));
  if (!result) {
    co_await answer_error(request, result.error());
  } else if (!result->problems.empty()) {
    co_await answer_problems(request, std::move(result->problems), false);
  } else {
    json::array items;
    for (const catalog::PushItem& item : result->items) items.emplace_back(push_item_json(item));
    co_await answer(request, 200, items_json(std::move(items)));
  }
}

rt::Task<void> put_asset(Request& request) {
  const auto read = [&request]() -> Result<Push> {
    SLIPWAY_ASSIGN(json::object body, read_large_body(request));
    Push push;
    SLIPWAY_ASSIGN(const auto message, optional_string(body, "message"));
    push.message = message.value_or("");
    SLIPWAY_ASSIGN(const json::object* content, optional_object(body, "content"));
    if (content == nullptr) return fail(ErrorCode::kInvalidArgument, "the content is missing", "content");
    catalog::AssetChange change;
    change.name = asset_in_path(request);
    SLIPWAY_ASSIGN(change.parent, read_parent(body, {}));
    change.content = std::move(body["content"].get_object());
    push.changes.push_back(std::move(change));
    return push;
  };
  auto push = read();
  if (!push) {
    co_await answer_error(request, push.error());
    co_return;
  }
  auto result = co_await store(request, std::move(*push));
  if (!result)
    co_await answer_error(request, result.error());
  else if (!result->problems.empty())
    co_await answer_problems(request, std::move(result->problems), true);
  else
    co_await answer(request, 200, json::serialize(push_item_json(result->items.front())));
}

rt::Task<void> validate_asset(Request& request) {
  auto given = read_content(request);
  if (given && !given->name.owner.empty() && given->name.owner != catalog::kSharedOwner) {
    // What a reference says of existence, only those may know who may see the owner's assets.
    const Result<> allowed = request.require(
        Permission::kView, {.use_case = given->name.owner, .environment = {}, .discipline = {}});
    if (!allowed) given = fail(allowed.error());
  }
  if (!given) {
    co_await answer_error(request, given.error());
    co_return;
  }
  std::function<Result<std::string>()> job = [&assets = request.services.assets,
                                              content = std::move(*given)]() mutable {
    return judge(assets, content);
  };
  const auto body = co_await in_pool<std::string>(request, std::move(job));
  if (!body)
    co_await answer_error(request, body.error());
  else
    co_await answer(request, 200, *body);
}

}  // namespace slipway::api
