// SPDX-License-Identifier: Apache-2.0
#include "api/router.h"

#include <array>

#include "api/console_files.h"
#include "api/handlers.h"
#include "api/operations.h"
#include "base/crypto.h"
#include "base/text.h"

namespace slipway::api {

namespace {

enum class Access : std::uint8_t { kAnyone, kSignedIn };

struct Route {
  std::string_view method;
  std::string_view path;  // after /api/v1; one {id} at most
  HandlerFunction handler;
  Access access = Access::kSignedIn;
};

constexpr std::array kRoutes = {
    Route{"POST", "/session", sign_in, Access::kAnyone},
    Route{"GET", "/session", get_session},
    Route{"DELETE", "/session", sign_out},
    Route{"POST", "/session/link", create_sign_in_link},
    Route{"PUT", "/me/password", set_password},
    Route{"GET", "/overview", get_overview},
    Route{"GET", "/invocations", list_invocations},
    Route{"GET", "/invocations/export", export_invocations},
    Route{"GET", "/invocations/stream", tail_invocations},
    Route{"GET", "/invocations/{id}", get_invocation},
    Route{"GET", "/keys", list_keys},
    Route{"POST", "/keys", create_key},
    Route{"DELETE", "/keys/{id}", revoke_key},
    Route{"POST", "/keys/{id}/rotate", rotate_key},
    Route{"GET", "/use-cases", list_use_cases},
    Route{"POST", "/use-cases", create_use_case},
    Route{"GET", "/environments", list_environments},
    Route{"GET", "/models", list_models},
    Route{"GET", "/connections", list_connections},
    Route{"GET", "/status", get_status},
    Route{"POST", "/playground/chat/completions", playground_chat},
};

// Whether `path` fits `pattern`; fills `id` with what stands in the place of {id}.
bool fits(std::string_view pattern, std::string_view path, std::string& id) {
  constexpr std::string_view kId = "{id}";
  const std::size_t at = pattern.find(kId);
  if (at == std::string_view::npos) return pattern == path;
  const std::string_view before = pattern.substr(0, at);
  const std::string_view after = pattern.substr(at + kId.size());
  if (!path.starts_with(before) || !path.ends_with(after) || path.size() <= before.size() + after.size())
    return false;
  const std::string_view middle = path.substr(before.size(), path.size() - before.size() - after.size());
  if (middle.find('/') != std::string_view::npos) return false;
  id = url_decode(middle).value_or("");
  return true;
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
  const Route* route = nullptr;
  bool path_known = false;
  const std::string_view method = exchange.method() == "HEAD" ? "GET" : exchange.method();
  for (const Route& candidate : kRoutes) {
    if (!fits(candidate.path, path, request.id)) continue;
    path_known = true;
    if (candidate.method == method) {
      route = &candidate;
      break;
    }
  }
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
  if (route->access == Access::kSignedIn) {
    const Result<Nothing> known = co_await identify(request);
    if (!known) {
      co_await answer_error(request, known.error());
      co_return;
    }
  }
  co_await route->handler(request);
}

rt::Task<void> serve(net::Exchange& exchange, gateway::Gateway& gateway, Services& services) {
  const std::string_view path = exchange.path();
  if (path.starts_with("/v1/")) {
    co_await gateway.handle(exchange);
  } else if (path.starts_with("/api/v1/")) {
    co_await serve_api(exchange, gateway, services);
  } else {
    const bool done = co_await serve_operations(exchange, services);
    if (!done) co_await serve_console(exchange);
  }
}

}  // namespace

net::Handler make_handler(gateway::Gateway& gateway, Services& services) {
  return [&gateway, &services](net::Exchange& exchange) -> rt::Task<void> {
    return serve(exchange, gateway, services);
  };
}

}  // namespace slipway::api
