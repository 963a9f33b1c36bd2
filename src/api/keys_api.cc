// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "api/handlers.h"
#include "api/or_null.h"
#include "api/publish.h"
#include "base/clock.h"
#include "base/text.h"

namespace slipway::api {

namespace {

constexpr std::size_t kTextLimit = 400;

json::object key_json(const governance::ApiKey& key) {
  json::array models;
  for (const std::string& model : key.allowed_models) models.emplace_back(model);
  const std::int64_t now_us = unix_now_us();
  return {
      {"id", key.id},
      {"name", key.name},
      {"prefix", key.prefix},
      {"use_case", key.use_case},
      {"environment", key.environment},
      {"allowed_models", std::move(models)},
      {"max_concurrent", number_or_null(key.max_concurrent)},
      {"state", std::string(key.state(now_us))},
      {"created_at", format_time_us(key.created_us)},
      {"created_by", key.created_by},
      {"expires_at", time_or_null(key.expires_us)},
      {"last_used_at", time_or_null(key.last_used_us)},
      {"revoked_at", time_or_null(key.revoked_us)},
      {"previous_secret_until", time_or_null(key.previous_until_us > now_us ? key.previous_until_us : 0)}};
}

Result<governance::NewKey> read_new_key(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  governance::NewKey wanted;
  SLIPWAY_ASSIGN(wanted.name, require_string(body, "name"));
  SLIPWAY_ASSIGN(wanted.use_case, require_string(body, "use_case"));
  SLIPWAY_ASSIGN(wanted.environment, require_string(body, "environment"));
  if (request.services.config.environment(wanted.environment) == nullptr)
    return fail(ErrorCode::kInvalidArgument,
                "there is no environment '" + ellipsize(wanted.environment, 80) + "'", "environment",
                "GET /api/v1/environments lists them.");
  SLIPWAY_ASSIGN(const json::array* models, optional_array(body, "allowed_models"));
  if (models != nullptr) {
    for (const json::value& model : *models) {
      if (!model.is_string())
        return fail(ErrorCode::kInvalidArgument, "a model pattern must be a string", "allowed_models");
      wanted.allowed_models.emplace_back(model.as_string());
    }
  }
  SLIPWAY_ASSIGN(const auto expires, optional_string(body, "expires_at"));
  if (expires) {
    const auto at = parse_time_us(*expires);
    if (!at) return fail(ErrorCode::kInvalidArgument, "not a time in RFC 3339", "expires_at");
    wanted.expires_us = *at;
  }
  SLIPWAY_ASSIGN(const auto concurrent, optional_integer(body, "max_concurrent"));
  if (concurrent) {
    if (*concurrent < 1 || *concurrent > 100'000)
      return fail(ErrorCode::kInvalidArgument, "max_concurrent lies between 1 and 100000", "max_concurrent");
    wanted.max_concurrent = static_cast<std::uint32_t>(*concurrent);
  }
  SLIPWAY_TRY(
      request.require(governance::Permission::kManageKeys, {wanted.use_case, wanted.environment, {}}));
  return wanted;
}

Result<governance::KeyQuery> read_query(const Request& request) {
  governance::KeyQuery query;
  query.text = trim(request.param("q"));
  query.use_case = request.param("use_case");
  query.environment = request.param("environment");
  query.cursor = request.param("cursor");
  if (query.text.size() > kTextLimit)
    return fail(ErrorCode::kInvalidArgument, fmt::format("a search has at most {} characters", kTextLimit),
                "q");
  const std::string_view state = request.param("state");
  if (!state.empty() && state != "active" && state != "inactive")
    return fail(ErrorCode::kInvalidArgument, "state must be active or inactive", "state");
  if (!state.empty()) query.active = state == "active";
  SLIPWAY_ASSIGN(query.limit, request.page_limit());
  return query;
}

// Who may manage a key follows from its use case and environment.
Result<> check_scope(Services& services, const std::vector<governance::RoleGrant>& grants,
                     std::string_view id) {
  SLIPWAY_ASSIGN(const governance::ApiKey key, services.keys.get(id));
  return governance::require(grants, governance::Permission::kManageKeys,
                             {key.use_case, key.environment, {}});
}

// The secret is known only now: whoever asked for it gets it, even if it can't be brought into force yet.
Answer with_secret(Services& services, const governance::KeyWithSecret& made) {
  return publish(services, {{"key", key_json(made.key)}, {"secret", made.secret}});
}

}  // namespace

rt::Task<void> list_keys(Request& request) {
  const auto query = read_query(request);
  if (!query) {
    co_await answer_error(request, query.error());
    co_return;
  }
  std::function<Result<governance::KeyPage>()> job = [&services = request.services,
                                                      wanted = *query]() -> Result<governance::KeyPage> {
    SLIPWAY_ASSIGN(governance::KeyPage found, services.keys.list(wanted));
    for (governance::ApiKey& key : found.items)
      key.last_used_us = std::max(key.last_used_us, services.key_last_used(key.id));
    return found;
  };
  const auto page = co_await in_pool<governance::KeyPage>(request, std::move(job));
  if (!page) {
    co_await answer_error(request, page.error());
    co_return;
  }
  json::array items;
  for (const governance::ApiKey& key : page->items) items.emplace_back(key_json(key));
  const json::object out{{"items", std::move(items)},
                         {"next_cursor", text_or_null(page->next_cursor)},
                         {"active", page->active},
                         {"inactive", page->inactive}};
  co_await answer(request, 200, json::serialize(out));
}

rt::Task<void> get_key(Request& request) {
  std::function<Result<governance::ApiKey>()> job =
      [&services = request.services, id = request.segment("id")]() -> Result<governance::ApiKey> {
    SLIPWAY_ASSIGN(governance::ApiKey key, services.keys.get(id));
    key.last_used_us = std::max(key.last_used_us, services.key_last_used(key.id));
    return key;
  };
  const auto key = co_await in_pool<governance::ApiKey>(request, std::move(job));
  if (!key)
    co_await answer_error(request, key.error());
  else
    co_await answer(request, 200, json::serialize(key_json(*key)));
}

rt::Task<void> create_key(Request& request) {
  auto wanted = read_new_key(request);
  if (!wanted) {
    co_await answer_error(request, wanted.error());
    co_return;
  }
  std::function<Result<Answer>()> job = [&services = request.services, new_key = *wanted,
                                         actor = request.actor()]() -> Result<Answer> {
    SLIPWAY_ASSIGN(const auto made, services.keys.create(new_key, actor));
    return with_secret(services, made);
  };
  const auto made = co_await in_pool<Answer>(request, std::move(job));
  if (!made)
    co_await answer_error(request, made.error());
  else
    co_await answer(request, 201, json::serialize(made->body));
}

rt::Task<void> rotate_key(Request& request) {
  const auto body = request.body_object();
  const auto grace = body ? optional_integer(*body, "grace_seconds")
                          : Result<std::optional<std::int64_t>>(fail(body.error()));
  if (!grace) {
    co_await answer_error(request, grace.error());
    co_return;
  }
  const std::int64_t grace_s = grace->value_or(86'400);
  if (grace_s < 0 || grace_s > 2'592'000) {
    co_await answer_error(
        request, problem(ErrorCode::kInvalidArgument, "grace_seconds lies between 0 and 2592000 (30 days)",
                         "grace_seconds", {}));
    co_return;
  }
  std::function<Result<Answer>()> job = [&services = request.services, id = request.segment("id"),
                                         who = request.session.principal, grace_s]() -> Result<Answer> {
    SLIPWAY_TRY(check_scope(services, who.grants, id));
    SLIPWAY_ASSIGN(const auto rotated,
                   services.keys.rotate(id, static_cast<std::uint32_t>(grace_s), who.actor()));
    return with_secret(services, rotated);
  };
  const auto rotated = co_await in_pool<Answer>(request, std::move(job));
  if (!rotated)
    co_await answer_error(request, rotated.error());
  else
    co_await answer(request, rotated->status, json::serialize(rotated->body));
}

rt::Task<void> revoke_key(Request& request) {
  std::function<Result<Nothing>()> job = [&services = request.services, id = request.segment("id"),
                                          who = request.session.principal]() -> Result<Nothing> {
    SLIPWAY_TRY(check_scope(services, who.grants, id));
    SLIPWAY_TRY(services.keys.revoke(id, who.actor()));
    SLIPWAY_TRY(services.republish());
    return Nothing{};
  };
  const auto done = co_await in_pool<Nothing>(request, std::move(job));
  if (!done)
    co_await answer_error(request, done.error());
  else
    co_await answer_nothing(request);
}

}  // namespace slipway::api
