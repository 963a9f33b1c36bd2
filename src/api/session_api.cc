// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api/handlers.h"
#include "api/or_null.h"
#include "base/clock.h"

namespace slipway::api {

namespace {

json::object principal_json(const governance::Principal& principal) {
  json::array roles;
  for (const governance::RoleGrant& grant : principal.grants) roles.emplace_back(to_string(grant));
  return {{"id", principal.id},     {"name", principal.name},    {"email", text_or_null(principal.email)},
          {"kind", principal.kind}, {"roles", std::move(roles)}, {"grants", grants_json(principal.grants)}};
}

std::string session_json(const Request& request, const governance::Session& session) {
  json::array environments;
  for (const EnvironmentConfig& environment : request.services.config.environments)
    environments.emplace_back(
        json::object{{"name", environment.name}, {"capture", std::string(to_string(environment.capture))}});
  return json::serialize(json::object{{"principal", principal_json(session.principal)},
                                      {"csrf_token", session.csrf_token},
                                      {"version", kVersion},
                                      {"simulated_only", request.services.simulated_only},
                                      {"password_set", session.principal.password_set},
                                      {"environments", std::move(environments)}});
}

std::string link_json(const std::string& token) {
  return json::serialize(json::object{{"token", token}, {"path", "/sign-in#token=" + token}});
}

struct Credentials {
  std::string login;
  std::string password;
  std::string token;
};

Result<Credentials> read_credentials(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  SLIPWAY_ASSIGN(const auto email, optional_string(body, "email"));
  SLIPWAY_ASSIGN(const auto username, optional_string(body, "username"));
  SLIPWAY_ASSIGN(const auto password, optional_string(body, "password"));
  SLIPWAY_ASSIGN(const auto token, optional_string(body, "token"));
  Credentials credentials{email ? *email : username.value_or(""), password.value_or(""), token.value_or("")};
  if (credentials.token.empty() && (credentials.login.empty() || credentials.password.empty()))
    return fail(ErrorCode::kInvalidArgument, "send either a token, or a name and a password", "token");
  return credentials;
}

}  // namespace

std::string session_cookie(const Request& request, std::string_view value, std::int64_t max_age_s) {
  return fmt::format("slipway_session={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", value, max_age_s,
                     request.exchange.secure() ? "; Secure" : "");
}

std::int64_t session_seconds(const Services& services) {
  return static_cast<std::int64_t>(services.config.security.session_hours) * 3600;
}

rt::Task<void> sign_in(Request& request) {
  auto credentials = read_credentials(request);
  if (!credentials) {
    co_await answer_error(request, credentials.error());
    co_return;
  }
  Services& services = request.services;
  const std::string address(request.exchange.peer_address());
  if (!services.sign_in_guard.may_try(address, unix_now_us())) {
    co_await answer_error(request, problem(ErrorCode::kResourceExhausted, "too many failed sign-ins", {},
                                           "Wait a minute and try again."));
    co_return;
  }
  if (credentials->token.empty() && !services.config.security.passwords) {
    co_await answer_error(request,
                          problem(ErrorCode::kPermissionDenied, "nobody signs in with a password here", {},
                                  "Use the identity provider, or a one-time link."));
    co_return;
  }
  std::function<Result<governance::OpenedSession>()> job = [&services, given = *credentials, address] {
    return given.token.empty()
               ? services.principals.sign_in_with_password(given.login, given.password, address)
               : services.principals.sign_in_with_token(given.token, address);
  };
  auto opened = co_await in_pool<governance::OpenedSession>(request, std::move(job));
  if (!opened) {
    if (opened.error().code == ErrorCode::kUnauthenticated)
      services.sign_in_guard.failed(address, unix_now_us());
    co_await answer_error(request, opened.error());
    co_return;
  }
  co_await answer_with(request, 200, session_json(request, opened->session), "application/json", "set-cookie",
                       session_cookie(request, opened->cookie, session_seconds(services)));
}

rt::Task<void> sign_in_methods(Request& request) {
  const OidcConfig& oidc = request.services.config.oidc;
  const json::object methods{
      {"password", request.services.config.security.passwords},
      {"oidc", oidc.issuer.empty() ? json::value(nullptr) : json::value(json::object{{"name", oidc.name}})}};
  co_await answer(request, 200, json::serialize(methods));
}

rt::Task<void> get_session(Request& request) {
  co_await answer(request, 200, session_json(request, request.session));
}

rt::Task<void> sign_out(Request& request) {
  std::function<Result<Nothing>()> job = [&services = request.services, session = request.session,
                                          cookie = request.cookie]() -> Result<Nothing> {
    SLIPWAY_TRY(services.principals.sign_out(session, cookie));
    return Nothing{};
  };
  const auto done = co_await in_pool<Nothing>(request, std::move(job));
  if (!done) {
    co_await answer_error(request, done.error());
    co_return;
  }
  co_await answer_with(request, 204, {}, "application/json", "set-cookie", session_cookie(request, "", 0));
}

rt::Task<void> set_password(Request& request) {
  const auto body = request.body_object();
  const auto replacement =
      body ? require_string(*body, "new_password") : Result<std::string>(fail(body.error()));
  const auto current = body ? optional_string(*body, "current_password")
                            : Result<std::optional<std::string>>(fail(body.error()));
  if (!replacement || !current) {
    co_await answer_error(request, first_error(replacement, current));
    co_return;
  }
  if (request.cookie.empty()) {
    co_await answer_error(request,
                          problem(ErrorCode::kPermissionDenied, "a service has no password", {}, {}));
    co_return;
  }
  std::function<Result<Nothing>()> job = [&services = request.services, session = request.session,
                                          cookie = request.cookie, old = *current,
                                          chosen = *replacement]() -> Result<Nothing> {
    SLIPWAY_TRY(services.principals.set_password(session, cookie, old, chosen));
    return Nothing{};
  };
  const auto done = co_await in_pool<Nothing>(request, std::move(job));
  if (!done)
    co_await answer_error(request, done.error());
  else
    co_await answer_nothing(request);
}

rt::Task<void> create_sign_in_link(Request& request) {
  const Result<> allowed = governance::require_administrator(request.session.principal.grants);
  if (!allowed) {
    co_await answer_error(request, allowed.error());
    co_return;
  }
  const std::int64_t valid_us =
      static_cast<std::int64_t>(request.services.config.security.sign_in_minutes) * 60'000'000;
  std::function<Result<std::string>()> job = [&services = request.services, valid_us,
                                              actor = request.actor()] {
    return services.principals.make_sign_in_token(valid_us, actor);
  };
  const auto token = co_await in_pool<std::string>(request, std::move(job));
  if (!token)
    co_await answer_error(request, token.error());
  else
    co_await answer(request, 201, link_json(*token));
}

}  // namespace slipway::api
