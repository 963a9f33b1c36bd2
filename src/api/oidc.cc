// SPDX-License-Identifier: Apache-2.0
#include "api/oidc.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "base/text.h"

namespace slipway::api {

namespace {

constexpr std::int64_t kTripUs = 10 * 60 * 1'000'000ll;  // from the sign-in page to the provider and back
constexpr std::int64_t kMetadataNs = 3'600'000'000'000;
constexpr std::int64_t kKeysNs =
    10'000'000'000;  // a token with an unknown key must not make us ask every time
constexpr std::size_t kAnswerLimit = 256u << 10;
constexpr std::size_t kCodeLimit = 4u << 10;
constexpr std::size_t kNextLimit = 2'000;
constexpr std::string_view kCookieContext = "oidc sign-in";

std::unexpected<Error> begin_again(std::string message) {
  return fail(ErrorCode::kUnauthenticated, std::move(message), {}, "Begin the sign-in again.");
}

std::unexpected<Error> unusable(std::string message, std::string hint = "Check the setting oidc.issuer.") {
  return fail(ErrorCode::kUnavailable, "the identity provider " + message, {}, std::move(hint));
}

std::string text_field(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

bool flag_field(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->as_bool();
}

std::vector<std::string> texts_field(const json::object& object, std::string_view name) {
  std::vector<std::string> list;
  if (const json::value* value = object.if_contains(name); value != nullptr && value->is_array())
    for (const json::value& item : value->as_array())
      if (item.is_string()) list.emplace_back(item.as_string());
  return list;
}

// A provider's words in our sentence: short, and without what could move a cursor.
std::string tamed(std::string_view text) {
  std::string clean = to_valid_utf8(text);
  std::erase_if(clean, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return ellipsize(clean, 300);
}

std::string hint_for(std::string_view code) {
  if (code == "invalid_client" || code == "unauthorized_client")
    return "Check oidc.client_id and oidc.client_secret against the client registered there.";
  if (code == "invalid_grant") return "Begin the sign-in again; the code holds for a short time and once.";
  if (code == "redirect_uri_mismatch" || code == "invalid_redirect_uri")
    return "Register this server's /api/v1/oidc/callback there, and set server.public_url.";
  if (code == "invalid_scope") return "Check oidc.scopes.";
  if (code == "access_denied")
    return "Agree to the sign-in there, or ask who administers the identity provider.";
  return "Ask who administers the identity provider, or begin again.";
}

Error provider_said(std::string_view code, std::string_view description) {
  std::string message = fmt::format("the identity provider says: {}", tamed(code));
  if (!description.empty()) message += fmt::format(" ({})", tamed(description));
  return {ErrorCode::kPermissionDenied, std::move(message), {}, hint_for(code)};
}

// RFC 6749, section 2.3.1: id and secret are form-encoded before they are joined.
std::string basic_authorization(const OidcConfig& config) {
  return "Basic " + base64(url_encode(config.client_id) + ":" + url_encode(config.client_secret));
}

std::string form_of(std::initializer_list<std::pair<std::string_view, std::string>> fields) {
  std::string form;
  for (const auto& [name, value] : fields)
    form += fmt::format("{}{}={}", form.empty() ? "" : "&", name, url_encode(value));
  return form;
}

std::string seal_trip(const SecretBox& box, const OidcTrip& trip) {
  const std::string text = json::serialize(json::object{{"state", trip.state},
                                                        {"nonce", trip.nonce},
                                                        {"verifier", trip.verifier},
                                                        {"next", trip.next},
                                                        {"until", trip.until_us}});
  return base64url(box.seal(text, kCookieContext));
}

Result<OidcTrip> open_trip(const SecretBox& box, std::string_view cookie) {
  const auto sealed = unbase64url(cookie);
  if (cookie.empty() || !sealed) return begin_again("this sign-in was not begun in this browser");
  const auto text = box.open(*sealed, kCookieContext);
  if (!text) return begin_again("this sign-in was not begun in this browser");
  SLIPWAY_ASSIGN(const json::value value, parse_json(*text));
  const json::object& object = value.as_object();  // sealed by us
  OidcTrip trip{text_field(object, "state"), text_field(object, "nonce"), text_field(object, "verifier"),
                text_field(object, "next"), 0};
  SLIPWAY_ASSIGN(const auto until, optional_integer(object, "until"));
  trip.until_us = until.value_or(0);
  return trip;
}

struct Address {
  net::Origin origin;
  std::string target;
};

Result<Address> parse_address(const std::string& url, const OidcConfig& config) {
  const std::size_t scheme = url.find("://");
  const std::size_t path =
      scheme == std::string::npos ? std::string::npos : url.find_first_of("/?", scheme + 3);
  Address address;
  SLIPWAY_ASSIGN(address.origin, net::parse_origin(url.substr(0, path)));
  if (!address.origin.tls && !config.allow_private)
    return unusable(fmt::format("has an address that is not https: {}", tamed(url)));
  address.target = path == std::string::npos ? "/" : url.substr(path);
  if (address.target.starts_with('?')) address.target.insert(0, "/");
  const bool sound = std::ranges::all_of(address.target, [](char c) { return c > ' ' && c < 0x7f; });
  if (!sound) return unusable(fmt::format("has a malformed address: {}", tamed(url)));
  address.origin.ca_file = config.ca_file;
  address.origin.private_allowed = config.allow_private;
  return address;
}

// "groups", or "realm_access.roles" inside objects; a claim of the whole name goes first.
std::vector<std::string> groups_in(const json::object& claims, std::string_view path) {
  const json::object* at = &claims;
  const json::value* value = at->if_contains(path);
  if (value == nullptr) {
    for (const std::string_view step : split(path, '.')) {
      value = at->if_contains(step);
      if (value == nullptr) return {};
      static const json::object kNothing;
      at = value->is_object() ? &value->as_object() : &kNothing;
    }
  }
  std::vector<std::string> groups;
  if (value->is_string()) groups.emplace_back(value->as_string());
  if (value->is_array())
    for (const json::value& item : value->as_array())
      if (item.is_string()) groups.emplace_back(item.as_string());
  return groups;
}

bool domain_allowed(const std::vector<std::string>& domains, std::string_view email) {
  const std::string domain = to_lower(email.substr(std::min(email.size(), email.rfind('@') + 1)));
  return std::ranges::any_of(domains,
                             [&](const std::string& allowed) { return to_lower(allowed) == domain; });
}

Error naming(Error error, std::string_view setting) {
  error.where = setting;
  return error;
}

}  // namespace

struct Oidc::Provider {
  std::string authorization_endpoint;
  std::string token_endpoint;
  std::string jwks_uri;
  bool secret_in_form = false;    // client_secret_post is all it takes
  bool issuer_in_answer = false;  // RFC 9207
  JsonWebKeys keys;
  std::int64_t fetched_ns = 0;
  std::int64_t keys_fetched_ns = 0;
};

std::string safe_next(std::string_view next) {
  const bool sound = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') &&
                     next.size() <= kNextLimit && !next.starts_with("/api/") &&
                     !next.starts_with("/sign-in") &&
                     std::ranges::all_of(next, [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
  return sound ? std::string(next) : "/";
}

Result<std::unique_ptr<Oidc>> Oidc::create(const OidcConfig& config, std::string_view cookie_key) {
  std::array<std::uint8_t, 32> key{};
  if (cookie_key.size() != key.size())
    return fail(ErrorCode::kInternal, "the key for sign-in cookies has not 32 bytes");
  std::memcpy(key.data(), cookie_key.data(), key.size());
  std::unique_ptr<Oidc> oidc(new Oidc(config, SecretBox(key)));
  SLIPWAY_TRY(parse_address(config.issuer, config));
  for (const std::string& entry : config.role_mapping) {
    const std::size_t equals = entry.rfind('=');
    auto grant = governance::parse_grant(entry.substr(equals + 1));
    if (!grant) return fail(naming(grant.error(), "oidc.role_mapping"));
    oidc->mapping_.emplace_back(trim(entry.substr(0, equals)), std::move(*grant));
  }
  for (const std::string& text : config.default_roles) {
    auto grant = governance::parse_grant(text);
    if (!grant) return fail(naming(grant.error(), "oidc.default_roles"));
    oidc->default_grants_.push_back(std::move(*grant));
  }
  return oidc;
}

rt::Task<Result<std::string>> Oidc::fetch(net::Client& client, std::string url, std::string form,
                                          std::string authorization) {
  const Result<Address> address = parse_address(url, config_);
  if (!address) co_return fail(address.error());
  std::vector<net::Header> headers = {{"accept", "application/json"}, {"user-agent", "slipway"}};
  if (!form.empty()) headers.push_back({"content-type", "application/x-www-form-urlencoded"});
  if (!authorization.empty()) headers.push_back({"authorization", authorization});
  net::OutgoingRequest request;
  request.method = form.empty() ? "GET" : "POST";
  request.target = address->target;
  request.headers = headers;
  request.body = form;
  net::ClientClocks clocks;
  clocks.connect_ms = clocks.first_byte_ms = clocks.idle_ms = clocks.total_ms = config_.timeout_ms;
  const auto sent = co_await client.send(address->origin, request, clocks, nullptr);
  if (!sent) {
    const bool is_private = sent.error().code == ErrorCode::kPermissionDenied;
    co_return unusable(fmt::format("can't be reached at {}: {}", url, sent.error().message),
                       is_private ? "Set oidc.allow_private if it really is on your own network."
                                  : "Check oidc.issuer, and that this server may connect to it.");
  }
  const Result<std::string_view> body = co_await (*sent)->read_all(kAnswerLimit);
  if (!body) co_return unusable(fmt::format("broke off its answer at {}: {}", url, body.error().message));
  if ((*sent)->status() == 200) co_return std::string(*body);
  // RFC 6749, section 5.2: an error of the token endpoint is JSON.
  const auto parsed = parse_json(*body, {.depth = 8, .size_bytes = kAnswerLimit});
  if (parsed && parsed->is_object())
    if (const std::string code = text_field(parsed->as_object(), "error"); !code.empty())
      co_return fail(provider_said(code, text_field(parsed->as_object(), "error_description")));
  co_return unusable(fmt::format("answered {} at {}", (*sent)->status(), url));
}

Result<Oidc::Provider> Oidc::read_metadata(std::string_view text) const {
  const auto parsed = parse_json(text, {.depth = 16, .size_bytes = kAnswerLimit});
  if (!parsed || !parsed->is_object()) return unusable("does not describe itself as JSON");
  const json::object& object = parsed->as_object();
  if (const std::string issuer = text_field(object, "issuer"); issuer != config_.issuer)
    return unusable(fmt::format("calls itself '{}', not '{}'", tamed(issuer), config_.issuer),
                    "Set oidc.issuer exactly as the identity provider spells it.");
  Provider provider;
  provider.authorization_endpoint = text_field(object, "authorization_endpoint");
  provider.token_endpoint = text_field(object, "token_endpoint");
  provider.jwks_uri = text_field(object, "jwks_uri");
  for (const std::string* const url :
       {&provider.authorization_endpoint, &provider.token_endpoint, &provider.jwks_uri}) {
    if (url->empty())
      return unusable("does not name all of authorization_endpoint, token_endpoint and jwks_uri");
    SLIPWAY_TRY(parse_address(*url, config_));
  }
  const auto methods = texts_field(object, "token_endpoint_auth_methods_supported");
  provider.secret_in_form = !methods.empty() &&
                            std::ranges::find(methods, "client_secret_basic") == methods.end() &&
                            std::ranges::find(methods, "client_secret_post") != methods.end();
  provider.issuer_in_answer = flag_field(object, "authorization_response_iss_parameter_supported");
  provider.fetched_ns = mono_now_ns();
  return provider;
}

Oidc::ProviderHandle Oidc::known() {
  const std::lock_guard lock(mutex_);
  return provider_;
}

rt::Task<Result<Oidc::ProviderHandle>> Oidc::provider(net::Client& client, bool fresh) {
  const ProviderHandle before = known();
  const std::int64_t now_ns = mono_now_ns();
  if (before) {
    if (!fresh && now_ns - before->fetched_ns < kMetadataNs) co_return before;
    if (fresh && now_ns - before->keys_fetched_ns < kKeysNs) co_return before;
  }
  std::string issuer = config_.issuer;
  while (issuer.ends_with('/')) issuer.pop_back();
  const auto text =
      co_await fetch(client, issuer + "/.well-known/openid-configuration", std::string(), std::string());
  if (!text) co_return fail(text.error());
  auto read = read_metadata(*text);
  if (!read) co_return fail(read.error());
  const auto keys_text = co_await fetch(client, read->jwks_uri, std::string(), std::string());
  if (!keys_text) co_return fail(keys_text.error());
  auto keys = JsonWebKeys::parse(*keys_text);
  if (!keys)
    co_return unusable(fmt::format("has keys that can't be used: {}", keys.error().message),
                       keys.error().hint);
  read->keys = std::move(*keys);
  read->keys_fetched_ns = mono_now_ns();
  auto made = std::make_shared<const Provider>(std::move(*read));
  const std::lock_guard lock(mutex_);
  provider_ = made;
  co_return made;
}

rt::Task<Result<OidcBeginning>> Oidc::begin(net::Client& client, std::string redirect_uri, std::string next) {
  const auto found = co_await provider(client, false);
  if (!found) co_return fail(found.error());
  OidcTrip trip{random_token(32), random_token(32), random_token(32), safe_next(next),
                unix_now_us() + kTripUs};
  const Sha256 digest = sha256(trip.verifier);
  const std::string challenge = base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
  OidcBeginning beginning;
  const std::string& endpoint = (*found)->authorization_endpoint;
  beginning.location = endpoint + (endpoint.contains('?') ? "&" : "?") +
                       form_of({{"response_type", "code"},
                                {"client_id", config_.client_id},
                                {"redirect_uri", redirect_uri},
                                {"scope", fmt::format("{}", fmt::join(config_.scopes, " "))},
                                {"state", trip.state},
                                {"nonce", trip.nonce},
                                {"code_challenge", challenge},
                                {"code_challenge_method", "S256"}});
  beginning.cookie = seal_trip(box_, trip);
  co_return beginning;
}

Result<OidcTrip> Oidc::come_back(std::string_view cookie,
                                 const std::map<std::string, std::string, std::less<>>& query) const {
  const auto param = [&](std::string_view name) {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  };
  SLIPWAY_ASSIGN(OidcTrip trip, open_trip(box_, cookie));
  if (trip.until_us < unix_now_us()) return begin_again("the sign-in took too long");
  if (!constant_time_equal(param("state"), trip.state))
    return begin_again("the identity provider answered another sign-in than the one begun here");
  // Only now: words of a stranger must not show as if they were the provider's.
  if (const std::string code = param("error"); !code.empty())
    return fail(provider_said(code, param("error_description")));
  if (const std::string issuer = param("iss"); !issuer.empty() && issuer != config_.issuer)
    return begin_again(fmt::format("the answer comes from '{}', another identity provider", tamed(issuer)));
  if (param("code").empty() || param("code").size() > kCodeLimit)
    return begin_again("the identity provider sent no code");
  return trip;
}

rt::Task<Result<OidcToken>> Oidc::exchange(net::Client& client, std::string redirect_uri, std::string code,
                                           OidcTrip trip) {
  const auto found = co_await provider(client, false);
  if (!found) co_return fail(found.error());
  const Provider& provider = **found;
  std::string form = form_of({{"grant_type", "authorization_code"},
                              {"code", code},
                              {"redirect_uri", redirect_uri},
                              {"code_verifier", trip.verifier}});
  std::string authorization;
  if (config_.client_secret.empty() || provider.secret_in_form)
    form += "&" + form_of({{"client_id", config_.client_id}});
  if (!config_.client_secret.empty()) {
    if (provider.secret_in_form)
      form += "&" + form_of({{"client_secret", config_.client_secret}});
    else
      authorization = basic_authorization(config_);
  }
  const auto text = co_await fetch(client, provider.token_endpoint, form, authorization);
  if (!text) co_return fail(text.error());
  const auto parsed = parse_json(*text, {.depth = 8, .size_bytes = kAnswerLimit});
  OidcToken token;
  if (parsed && parsed->is_object()) token.text = text_field(parsed->as_object(), "id_token");
  if (token.text.empty())
    co_return unusable("sent no ID token", "Check that oidc.scopes holds openid and the client may use it.");
  token.keys = provider.keys;
  token.nonce = trip.nonce;
  co_return token;
}

rt::Task<Result<JsonWebKeys>> Oidc::refresh_keys(net::Client& client) {
  const auto found = co_await provider(client, true);
  if (!found) co_return fail(found.error());
  co_return (*found)->keys;
}

Result<std::vector<governance::RoleGrant>> Oidc::mapped_grants(const json::object& claims) const {
  std::vector<governance::RoleGrant> grants;
  const std::vector<std::string> groups = groups_in(claims, config_.roles_claim);
  for (const auto& [group, grant] : mapping_)
    if (std::ranges::find(groups, group) != groups.end() && std::ranges::find(grants, grant) == grants.end())
      grants.push_back(grant);
  return grants;
}

Result<governance::ExternalIdentity> Oidc::identify(const OidcToken& token, std::int64_t now_us) const {
  SLIPWAY_ASSIGN(const json::object claims, token.keys.verify(token.text));
  IdTokenExpectation expected;
  expected.issuer = config_.issuer;
  expected.audience = config_.client_id;
  expected.nonce = token.nonce;
  expected.now_s = now_us / 1'000'000;
  expected.skew_s = config_.clock_skew_s;
  SLIPWAY_TRY(check_id_token(claims, expected));
  governance::ExternalIdentity identity;
  identity.issuer = config_.issuer;
  identity.subject = text_field(claims, "sub");
  identity.name = text_field(claims, "name");
  if (identity.name.empty()) identity.name = text_field(claims, "preferred_username");
  // An address that nobody has verified may be somebody else's.
  if (flag_field(claims, "email_verified")) identity.email = to_lower(trim(text_field(claims, "email")));
  if (!identity.email.contains('@')) identity.email.clear();
  if (!config_.allowed_domains.empty() && !domain_allowed(config_.allowed_domains, identity.email))
    return fail(ErrorCode::kPermissionDenied,
                identity.email.empty()
                    ? std::string("the identity provider tells no verified e-mail address")
                    : fmt::format("{} is not of a domain that may sign in", identity.email),
                {}, "The setting oidc.allowed_domains lists them.");
  if (!config_.roles_claim.empty()) {
    SLIPWAY_ASSIGN(identity.grants, mapped_grants(claims));
  }
  identity.default_grants = default_grants_;
  return identity;
}

}  // namespace slipway::api
