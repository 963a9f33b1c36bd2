// SPDX-License-Identifier: Apache-2.0
// The two addresses a browser passes on its way to the identity provider and back.
#include <fmt/format.h>

#include <array>

#include "api/handlers.h"
#include "api/oidc.h"
#include "api/problem.h"
#include "base/clock.h"
#include "base/text.h"

namespace slipway::api {

namespace {

using governance::OpenedSession;
using governance::Permission;

constexpr std::string_view kTripCookie = "slipway_oidc";
constexpr std::int64_t kTripSeconds = 600;
constexpr std::size_t kSentenceLimit = 600;

std::string_view cookie_of(const Request& request, std::string_view name) {
  for (std::string_view pair : split(request.exchange.headers().find("cookie"), ';')) {
    pair = trim(pair);
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

// Lax, not Strict: the provider's redirect has to bring it back.
std::string trip_cookie(const Request& request, std::string_view value, std::int64_t max_age_s) {
  return fmt::format("{}={}; Path=/api/v1/oidc; HttpOnly; SameSite=Lax; Max-Age={}{}", kTripCookie, value,
                     max_age_s, request.exchange.secure() ? "; Secure" : "");
}

// What is registered at the provider, which refuses every other address, whatever a client writes into Host.
std::string redirect_uri(const Request& request) {
  std::string base = request.services.config.server.public_url;
  if (base.empty())
    base = fmt::format("{}://{}", request.exchange.secure() ? "https" : "http",
                       request.exchange.headers().find("host"));
  while (base.ends_with('/')) base.pop_back();
  return base + "/api/v1/oidc/callback";
}

rt::Task<void> redirect(Request& request, std::string location, std::vector<std::string> cookies) {
  std::vector<net::Header> headers = {{"location", location},
                                      {"x-request-id", request.request_id},
                                      {"cache-control", "no-store"},
                                      {"referrer-policy", "no-referrer"}};
  for (const std::string& cookie : cookies) headers.push_back({"set-cookie", cookie});
  const Result<> sent = co_await request.exchange.send(302, headers, {});
  static_cast<void>(sent);  // the client has left; nothing is owed to it
}

// A person sees the sentence on the sign-in page, which finds it in a cookie: as a part of the address
// anybody could write it. A program gets a problem.
rt::Task<void> refuse(Request& request, Error error) {
  request.services.log.warning("oidc.refused",
                               {{"request_id", request.request_id}, {"error", error.describe()}});
  if (!request.exchange.headers().find("accept").contains("text/html")) {
    co_await answer_error(request, std::move(error));
    co_return;
  }
  std::string sentence = error.message;
  if (!sentence.empty() && sentence[0] >= 'a' && sentence[0] <= 'z')
    sentence[0] = static_cast<char>(sentence[0] - 32);
  if (!error.hint.empty()) sentence += ". " + error.hint;
  std::vector<std::string> cookies = {
      trip_cookie(request, "", 0), fmt::format("slipway_notice={}; Path=/sign-in; SameSite=Lax; Max-Age=60{}",
                                               url_encode(ellipsize(sentence, kSentenceLimit)),
                                               request.exchange.secure() ? "; Secure" : "")};
  co_await redirect(request, "/sign-in", std::move(cookies));
}

Error no_provider() {
  return {
      ErrorCode::kNotFound, "no identity provider is set up here", {}, "Set oidc.issuer and oidc.client_id."};
}

rt::Task<void> oidc_start(Request& request) {
  Oidc* const oidc = request.services.oidc;
  if (oidc == nullptr) {
    co_await refuse(request, no_provider());
    co_return;
  }
  const auto begun = co_await oidc->begin(request.gateway.parts().client, redirect_uri(request),
                                          std::string(request.param("next")));
  if (!begun) {
    co_await refuse(request, begun.error());
    co_return;
  }
  std::vector<std::string> cookies = {trip_cookie(request, begun->cookie, kTripSeconds)};
  co_await redirect(request, begun->location, std::move(cookies));
}

// Checks the token and opens the session, on the pool.
rt::Task<Result<OpenedSession>> open_session(Request& request, const Oidc& oidc, OidcToken token) {
  std::function<Result<OpenedSession>()> job =
      [&oidc, &people = request.services.principals, given = std::move(token),
       address = std::string(request.exchange.peer_address())]() -> Result<OpenedSession> {
    SLIPWAY_ASSIGN(const governance::ExternalIdentity identity, oidc.identify(given, unix_now_us()));
    return people.sign_in_with_identity(identity, address);
  };
  Result<OpenedSession> opened = co_await in_pool<OpenedSession>(request, std::move(job));
  co_return opened;
}

rt::Task<Result<OpenedSession>> finish(Request& request, Oidc& oidc, OidcTrip trip) {
  net::Client& client = request.gateway.parts().client;
  const auto token = co_await oidc.exchange(client, redirect_uri(request), std::string(request.param("code")),
                                            std::move(trip));
  if (!token) co_return fail(token.error());
  Result<OpenedSession> opened = co_await open_session(request, oidc, *token);
  if (opened || opened.error().code != ErrorCode::kNotFound) co_return opened;
  // Signed with a key we have not seen: the provider may have changed its keys.
  OidcToken again = *token;
  auto keys = co_await oidc.refresh_keys(client);
  if (!keys) co_return fail(keys.error());
  again.keys = std::move(*keys);
  opened = co_await open_session(request, oidc, std::move(again));
  co_return opened;
}

rt::Task<void> oidc_callback(Request& request) {
  Oidc* const oidc = request.services.oidc;
  if (oidc == nullptr) {
    co_await refuse(request, no_provider());
    co_return;
  }
  auto trip = oidc->come_back(cookie_of(request, kTripCookie), request.query);
  if (!trip) {
    co_await refuse(request, trip.error());
    co_return;
  }
  std::string next = trip->next;
  const auto opened = co_await finish(request, *oidc, std::move(*trip));
  if (!opened) {
    co_await refuse(request, opened.error());
    co_return;
  }
  std::vector<std::string> cookies = {
      session_cookie(request, opened->cookie, session_seconds(request.services)),
      trip_cookie(request, "", 0)};
  co_await redirect(request, std::move(next), std::move(cookies));
}

constexpr std::array kRoutes = {
    Route{"GET", "/oidc/start", oidc_start, Permission::kView, Access::kAnyone},
    Route{"GET", "/oidc/callback", oidc_callback, Permission::kView, Access::kAnyone},
};

}  // namespace

std::span<const Route> oidc_routes() { return kRoutes; }

}  // namespace slipway::api
