// SPDX-License-Identifier: Apache-2.0
// Users, service accounts and their roles. Looking takes a role that may read the audit log; changing takes
// an administrator of everything.
#include <fmt/format.h>

#include <array>

#include "api/handlers.h"
#include "api/or_null.h"
#include "base/text.h"

namespace slipway::api {

namespace {

using governance::Permission;
using governance::Principal;
using governance::PrincipalWithToken;
using governance::RoleGrant;

constexpr std::size_t kTextLimit = 200;

json::array sign_in_ways(const Principal& principal) {
  json::array ways;
  if (principal.kind == "service") ways.emplace_back("token");
  if (principal.password_set) ways.emplace_back("password");
  if (principal.identity_linked) ways.emplace_back("oidc");
  return ways;
}

json::object principal_detail_json(const Principal& principal) {
  return {{"id", principal.id},
          {"name", principal.name},
          {"email", text_or_null(principal.email)},
          {"kind", principal.kind},
          {"state", std::string(principal.state())},
          {"grants", grants_json(principal.grants)},
          {"created_at", format_time_us(principal.created_us)},
          {"last_seen_at", time_or_null(principal.last_seen_us)},
          {"sign_in", sign_in_ways(principal)}};
}

std::string with_token_json(const PrincipalWithToken& made) {
  const bool user = made.principal.kind == "user";
  return json::serialize(
      json::object{{"principal", principal_detail_json(made.principal)},
                   {"token", made.token},
                   {"path", user ? json::value("/welcome#token=" + made.token) : json::value(nullptr)}});
}

Result<RoleGrant> read_grant(const json::value& value, const std::string& path, const Config& config) {
  if (!value.is_object())
    return fail(ErrorCode::kInvalidArgument, "a role must be an object such as {\"role\": \"viewer\"}", path);
  const json::object& object = value.as_object();
  RoleGrant grant;
  SLIPWAY_ASSIGN(grant.role, require_string(object, "role", path));
  for (const auto& [name, target] :
       {std::pair{"use_case", &grant.use_case}, std::pair{"environment", &grant.environment},
        std::pair{"discipline", &grant.discipline}}) {
    SLIPWAY_ASSIGN(auto text, optional_string(object, name, path));
    *target = text.value_or("");
  }
  auto read = governance::parse_grant(to_string(grant));
  if (!read) {
    Error error = read.error();
    error.where = path;
    return fail(std::move(error));
  }
  const bool label =
      grant.discipline.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
  if (*read != grant || !label)
    return fail(ErrorCode::kInvalidArgument, "a role's use case, environment or discipline is no name", path);
  if (!grant.environment.empty() && config.environment(grant.environment) == nullptr)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("there is no environment '{}'", ellipsize(grant.environment, 80)), path,
                "GET /api/v1/environments lists them.");
  return grant;
}

Result<std::vector<RoleGrant>> read_grants(const json::object& body, std::string_view field,
                                           const Config& config) {
  std::vector<RoleGrant> grants;
  SLIPWAY_ASSIGN(const json::array* list, optional_array(body, field));
  if (list == nullptr) return grants;
  for (std::size_t i = 0; i < list->size(); ++i) {
    SLIPWAY_ASSIGN(RoleGrant grant, read_grant((*list)[i], fmt::format("{}[{}]", field, i), config));
    grants.push_back(std::move(grant));
  }
  return grants;
}

Result<governance::NewPrincipal> read_new_principal(const Request& request) {
  SLIPWAY_TRY(governance::require_administrator(request.session.principal.grants));
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  governance::NewPrincipal wanted;
  SLIPWAY_ASSIGN(wanted.kind, require_string(body, "kind"));
  SLIPWAY_ASSIGN(wanted.name, require_string(body, "name"));
  SLIPWAY_ASSIGN(const auto email, optional_string(body, "email"));
  wanted.email = email.value_or("");
  SLIPWAY_ASSIGN(wanted.grants, read_grants(body, "grants", request.services.config));
  return wanted;
}

Result<std::vector<RoleGrant>> read_new_roles(const Request& request) {
  SLIPWAY_TRY(governance::require_administrator(request.session.principal.grants));
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  if (!body.contains("roles"))
    return fail(ErrorCode::kInvalidArgument, "send the list of roles that replaces the present one", "roles");
  return read_grants(body, "roles", request.services.config);
}

Result<governance::PrincipalQuery> read_query(const Request& request) {
  governance::PrincipalQuery query;
  query.text = trim(request.param("q"));
  query.kind = request.param("kind");
  query.cursor = request.param("cursor");
  if (query.text.size() > kTextLimit)
    return fail(ErrorCode::kInvalidArgument, fmt::format("a search has at most {} characters", kTextLimit),
                "q");
  if (!query.kind.empty() && query.kind != "user" && query.kind != "service")
    return fail(ErrorCode::kInvalidArgument, "kind must be user or service", "kind");
  SLIPWAY_ASSIGN(query.limit, request.page_limit());
  return query;
}

std::int64_t invitation_us(const Services& services) {
  return static_cast<std::int64_t>(services.config.security.invitation_days) * 86'400'000'000;
}

// The end of every handler here: one principal, or what went wrong.
rt::Task<void> answer_principal(Request& request, Result<Principal> principal) {
  if (!principal)
    co_await answer_error(request, principal.error());
  else
    co_await answer(request, 200, json::serialize(principal_detail_json(*principal)));
}

rt::Task<void> answer_with_token(Request& request, std::function<Result<PrincipalWithToken>()> job) {
  const auto made = co_await in_pool<PrincipalWithToken>(request, std::move(job));
  if (!made)
    co_await answer_error(request, made.error());
  else
    co_await answer(request, 201, with_token_json(*made));
}

rt::Task<void> list_principals(Request& request) {
  const auto query = read_query(request);
  if (!query) {
    co_await answer_error(request, query.error());
    co_return;
  }
  std::function<Result<governance::PrincipalPage>()> job = [&people = request.services.principals,
                                                            wanted = *query] { return people.list(wanted); };
  const auto page = co_await in_pool<governance::PrincipalPage>(request, std::move(job));
  if (!page) {
    co_await answer_error(request, page.error());
    co_return;
  }
  json::array items;
  for (const Principal& principal : page->items) items.emplace_back(principal_detail_json(principal));
  const json::object out{{"items", std::move(items)}, {"next_cursor", text_or_null(page->next_cursor)}};
  co_await answer(request, 200, json::serialize(out));
}

rt::Task<void> get_principal(Request& request) {
  std::function<Result<Principal>()> job = [&people = request.services.principals,
                                            id = request.segment("id")] { return people.get(id); };
  Result<Principal> found = co_await in_pool<Principal>(request, std::move(job));
  co_await answer_principal(request, std::move(found));
}

rt::Task<void> create_principal(Request& request) {
  const auto wanted = read_new_principal(request);
  if (!wanted) {
    co_await answer_error(request, wanted.error());
    co_return;
  }
  std::function<Result<PrincipalWithToken>()> job = [&services = request.services, actor = request.actor(),
                                                     fresh = *wanted] {
    return services.principals.create(actor, fresh, invitation_us(services));
  };
  co_await answer_with_token(request, std::move(job));
}

rt::Task<void> renew_principal_secret(Request& request) {
  const Result<> allowed = governance::require_administrator(request.session.principal.grants);
  if (!allowed) {
    co_await answer_error(request, allowed.error());
    co_return;
  }
  std::function<Result<PrincipalWithToken>()> job = [&services = request.services, actor = request.actor(),
                                                     id = request.segment("id")] {
    return services.principals.renew_secret(actor, id, invitation_us(services));
  };
  co_await answer_with_token(request, std::move(job));
}

rt::Task<void> set_roles(Request& request) {
  const auto roles = read_new_roles(request);
  if (!roles) {
    co_await answer_error(request, roles.error());
    co_return;
  }
  std::function<Result<Principal>()> job = [&people = request.services.principals, actor = request.actor(),
                                            id = request.segment("id"),
                                            wanted = *roles] { return people.set_grants(actor, id, wanted); };
  Result<Principal> changed = co_await in_pool<Principal>(request, std::move(job));
  co_await answer_principal(request, std::move(changed));
}

rt::Task<void> set_active(Request& request, bool active) {
  const Result<> allowed = governance::require_administrator(request.session.principal.grants);
  if (!allowed) {
    co_await answer_error(request, allowed.error());
    co_return;
  }
  std::function<Result<Principal>()> job = [&people = request.services.principals, actor = request.actor(),
                                            id = request.segment("id"), active] {
    return active ? people.activate(actor, id) : people.deactivate(actor, id);
  };
  Result<Principal> changed = co_await in_pool<Principal>(request, std::move(job));
  co_await answer_principal(request, std::move(changed));
}

rt::Task<void> deactivate_principal(Request& request) { return set_active(request, false); }
rt::Task<void> activate_principal(Request& request) { return set_active(request, true); }

constexpr std::array kRoutes = {
    Route{"GET", "/principals", list_principals, Permission::kReadAudit},
    Route{"POST", "/principals", create_principal, Permission::kManagePeople},
    Route{"GET", "/principals/{id}", get_principal, Permission::kReadAudit},
    Route{"PUT", "/principals/{id}/roles", set_roles, Permission::kManagePeople},
    Route{"POST", "/principals/{id}/deactivate", deactivate_principal, Permission::kManagePeople},
    Route{"POST", "/principals/{id}/activate", activate_principal, Permission::kManagePeople},
    Route{"POST", "/principals/{id}/secret", renew_principal_secret, Permission::kManagePeople},
};

}  // namespace

json::array grants_json(const std::vector<RoleGrant>& grants) {
  json::array list;
  for (const RoleGrant& grant : grants)
    list.emplace_back(json::object{{"role", grant.role},
                                   {"use_case", text_or_null(grant.use_case)},
                                   {"environment", text_or_null(grant.environment)},
                                   {"discipline", text_or_null(grant.discipline)}});
  return list;
}

std::span<const Route> people_routes() { return kRoutes; }

}  // namespace slipway::api
