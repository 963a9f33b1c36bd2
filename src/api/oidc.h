// SPDX-License-Identifier: Apache-2.0
// Sign-in with an identity provider: OpenID Connect Core 1.0, authorization code flow with PKCE, state and
// nonce. Begin and finish run on the loop of their request; what they learn of the provider is shared by all
// loops.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/crypto.h"
#include "base/jwt.h"
#include "base/result.h"
#include "governance/principals.h"
#include "net/client.h"
#include "rt/task.h"

namespace slipway::api {

// What the browser takes along to the provider and back, sealed in a cookie: nobody else can finish the
// sign-in.
struct OidcTrip {
  std::string state;
  std::string nonce;
  std::string verifier;  // of PKCE
  std::string next;      // path of the console to return to
  std::int64_t until_us = 0;
};

struct OidcBeginning {
  std::string location;  // at the provider
  std::string cookie;
};

// A token that the provider gave, with what is needed to check it; checking takes processor time: on the
// pool.
struct OidcToken {
  std::string text;
  JsonWebKeys keys;
  std::string nonce;
};

class Oidc {
 public:
  // kInvalidArgument names the setting that is wrong. `cookie_key` (32 bytes) is the same on every node.
  static Result<std::unique_ptr<Oidc>> create(const OidcConfig& config, std::string_view cookie_key);

  // kUnavailable if the provider can't be reached or its metadata can't be used.
  rt::Task<Result<OidcBeginning>> begin(net::Client& client, std::string redirect_uri, std::string next);
  // The trip that belongs to a cookie and to the answer's parameters. kUnauthenticated if they don't fit or
  // it took too long; what the provider refused is kPermissionDenied with its words.
  Result<OidcTrip> come_back(std::string_view cookie,
                             const std::map<std::string, std::string, std::less<>>& query) const;
  // Exchanges the code for an ID token.
  rt::Task<Result<OidcToken>> exchange(net::Client& client, std::string redirect_uri, std::string code,
                                       OidcTrip trip);
  // Whom the token is about, once signature and claims are right. Blocks (for microseconds): on the pool.
  // kNotFound if the provider has other keys by now: call refresh_keys() and exchange nothing, but check
  // again.
  Result<governance::ExternalIdentity> identify(const OidcToken& token, std::int64_t now_us) const;
  // The provider's present keys, asked for at most every ten seconds.
  rt::Task<Result<JsonWebKeys>> refresh_keys(net::Client& client);

  [[nodiscard]] const OidcConfig& config() const { return config_; }

 private:
  struct Provider;
  using ProviderHandle = std::shared_ptr<const Provider>;

  Oidc(OidcConfig config, SecretBox box) : config_(std::move(config)), box_(box) {}
  rt::Task<Result<ProviderHandle>> provider(net::Client& client, bool fresh);
  rt::Task<Result<std::string>> fetch(net::Client& client, std::string url, std::string form,
                                      std::string authorization);
  [[nodiscard]] Result<Provider> read_metadata(std::string_view text) const;
  [[nodiscard]] Result<std::vector<governance::RoleGrant>> mapped_grants(const json::object& claims) const;
  ProviderHandle known();

  OidcConfig config_;
  SecretBox box_;
  std::vector<std::pair<std::string, governance::RoleGrant>> mapping_;
  std::vector<governance::RoleGrant> default_grants_;
  std::mutex mutex_;  // held to copy a handle only
  ProviderHandle provider_;
};

// A path of this server's console, or "/" for anything that could lead elsewhere.
std::string safe_next(std::string_view next);

}  // namespace slipway::api
