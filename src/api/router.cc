// SPDX-License-Identifier: Apache-2.0
#include "api/router.h"

#include <algorithm>
#include <array>

#include "api/console_files.h"
#include "api/handlers.h"
#include "api/operations.h"
#include "base/crypto.h"
#include "base/text.h"

namespace slipway::api {

namespace {

using governance::Permission;

constexpr std::array kCoreRoutes = {
    Route{"POST", "/session", sign_in, Permission::kView, Access::kAnyone},
    Route{"GET", "/sign-in-methods", sign_in_methods, Permission::kView, Access::kAnyone},
    Route{"GET", "/session", get_session, Permission::kView, Access::kSignedIn},
    Route{"DELETE", "/session", sign_out, Permission::kView, Access::kSignedIn},
    Route{"POST", "/session/link", create_sign_in_link, Permission::kManagePeople},
    Route{"PUT", "/me/password", set_password, Permission::kView, Access::kSignedIn},
    Route{"GET", "/overview", get_overview},
    Route{"GET", "/invocations", list_invocations},
    Route{"GET", "/invocations/export", export_invocations},
    Route{"GET", "/invocations/stream", tail_invocations},
    Route{"GET", "/invocations/{id}", get_invocation},
    Route{"GET", "/keys", list_keys},
    Route{"GET", "/keys/{id}", get_key},
    Route{"POST", "/keys", create_key, Permission::kManageKeys},
    Route{"DELETE", "/keys/{id}", revoke_key, Permission::kManageKeys},
    Route{"POST", "/keys/{id}/rotate", rotate_key, Permission::kManageKeys},
    Route{"GET", "/environments", list_environments},
    Route{"GET", "/models", list_models},
    Route{"GET", "/connections", list_connections},
    Route{"GET", "/status", get_status},
    Route{"POST", "/playground/chat/completions", playground_chat, Permission::kTry},
};

using GroupFunction = std::span<const Route> (*)();
constexpr std::array kGroups = {
    GroupFunction{core_routes},     GroupFunction{use_cases_routes},   GroupFunction{policies_routes},
    GroupFunction{people_routes},   GroupFunction{audit_routes},       GroupFunction{oidc_routes},
    GroupFunction{assets_routes},   GroupFunction{prompts_routes},     GroupFunction{feedback_routes},
    GroupFunction{releases_routes}, GroupFunction{deployments_routes}, GroupFunction{datasets_routes},
    GroupFunction{runs_routes},     GroupFunction{gates_routes},
};

// Whether `path` fits `pattern`, segment by segment; fills `found` with what stands in the places of {…}.
bool fits(std::string_view pattern, std::string_view path,
          std::map<std::string, std::string, std::less<>>& found) {
  found.clear();
  for (;;) {
    const std::size_t pattern_end = std::min(pattern.find('/', 1), pattern.size());
    const std::size_t path_end = std::min(path.find('/', 1), path.size());
    if (!path.starts_with('/')) return false;
    const std::string_view wanted = pattern.substr(1, pattern_end - 1);
    const std::string_view given = path.substr(1, path_end - 1);
    if (wanted.starts_with('{')) {
      const auto decoded = url_decode(given);
      if (!decoded || decoded->empty()) return false;
      found.emplace(wanted.substr(1, wanted.size() - 2), *decoded);
    } else if (wanted != given) {
      return false;
    }
    pattern.remove_prefix(pattern_end);
    path.remove_prefix(path_end);
    if (pattern.empty() || path.empty()) return pattern.empty() && path.empty();
  }
}

struct Match {
  const Route* route = nullptr;
  bool path_known = false;
};

Match find_route(std::string_view method, std::string_view path, Request& request) {
  Match match;
  for (const GroupFunction group : kGroups) {
    for (const Route& candidate : group()) {
      if (!fits(candidate.path, path, request.path)) continue;
      match.path_known = true;
      if (candidate.method != method) continue;
      match.route = &candidate;
      return match;
    }
  }
  return match;
}

// The use case and environment that the path names.
governance::Scope scope_of(const Request& request, Permission permission) {
  governance::Scope scope;
  for (const auto& [name, value] : request.path) {
    // What is shared belongs to no use case: everybody sees it, and a grant for all use cases is needed to
    // change it.
    if (name == "owner" && value == "shared" && permission == Permission::kView) continue;
    if (name == "slug" || name == "owner") scope.use_case = value;
    if (name == "environment") scope.environment = value;
  }
  return scope;
}

std::string_view cookie_value(std::string_view cookies, std::string_view name) {
  for (std::string_view pair : split(cookies, ';')) {
    pair = trim(pair);
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

// Who is calling; an error if nobody that may.
rt::Task<Result<Nothing>> identify(Request& request) {
  const std::string_view authorization = request.exchange.headers().find("authorization");
  governance::PrincipalStore& principals = request.services.principals;
  if (authorization.size() > 7 && iequals(authorization.substr(0, 7), "bearer ")) {
    std::function<Result<governance::Principal>()> job =
        [&principals, token = std::string(trim(authorization.substr(7)))] {
          return principals.find_service(token);
        };
    auto service = co_await in_pool<governance::Principal>(request, std::move(job));
    if (!service) co_return fail(service.error());
    request.session.principal = std::move(*service);
    co_return Nothing{};
  }
  request.cookie = cookie_value(request.exchange.headers().find("cookie"), "slipway_session");
  if (request.cookie.empty())
    co_return fail(ErrorCode::kUnauthenticated, "you are not signed in", {},
                   "Sign in, or send a service token.");
  std::function<Result<governance::Session>()> job = [&principals, cookie = request.cookie] {
    return principals.find_session(cookie);
  };
  auto session = co_await in_pool<governance::Session>(request, std::move(job));
  if (!session) co_return fail(session.error());
  request.session = std::move(*session);
  const std::string_view method = request.exchange.method();
  const bool safe = method == "GET" || method == "HEAD";
  if (!safe &&
      !constant_time_equal(request.exchange.headers().find("x-csrf-token"), request.session.csrf_token))
    co_return fail(ErrorCode::kPermissionDenied, "the X-CSRF-Token header is missing or wrong", {},
                   "Reload the page and try again.");
  co_return Nothing{};
}

rt::Task<void> serve_api(net::Exchange& exchange, gateway::Gateway& gateway, Services& services) {
  const std::string_view path = exchange.path().substr(std::string_view("/api/v1").size());
  Request request{exchange, gateway, services, gateway.parts().loop.ids().next().to_string(), {}, {}, {}, {}};
  const std::string_view method = exchange.method() == "HEAD" ? "GET" : exchange.method();
  const auto [route, path_known] = find_route(method, path, request);
  if (route == nullptr) {
    const Error error{ErrorCode::kNotFound,
                      path_known ? "this address does not take " + std::string(exchange.method())
                                 : "there is nothing at this address",
                      {},
                      "The API is described at /api/openapi.yaml."};
    co_await answer_error(request, error);
    co_return;
  }
  auto query = parse_query(exchange.query());
  if (!query) {
    co_await answer_error(request, query.error());
    co_return;
  }
  request.query = std::move(*query);
  if (route->access != Access::kAnyone) {
    const Result<Nothing> known = co_await identify(request);
    if (!known) {
      co_await answer_error(request, known.error());
      co_return;
    }
  }
  if (route->access == Access::kPermitted) {
    const Result<> allowed = request.require(route->permission, scope_of(request, route->permission));
    if (!allowed) {
      co_await answer_error(request, allowed.error());
      co_return;
    }
  }
  co_await route->handler(request);
}

rt::Task<void> serve(net::Exchange& exchange, gateway::Gateway& gateway, Services& services) {
  const std::string_view path = exchange.path();
  if (path == "/v1/feedback" && exchange.method() == "POST") {
    co_await serve_key_feedback(exchange, gateway, services);
  } else if (path.starts_with("/v1/")) {
    co_await gateway.handle(exchange);
  } else if (path.starts_with("/api/v1/")) {
    co_await serve_api(exchange, gateway, services);
  } else {
    const bool done = co_await serve_operations(exchange, services);
    if (!done) co_await serve_console(exchange);
  }
}

}  // namespace

std::span<const Route> core_routes() { return kCoreRoutes; }

net::Handler make_handler(gateway::Gateway& gateway, Services& services) {
  return [&gateway, &services](net::Exchange& exchange) -> rt::Task<void> {
    return serve(exchange, gateway, services);
  };
}

}  // namespace slipway::api
