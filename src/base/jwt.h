// SPDX-License-Identifier: Apache-2.0
// ID tokens of OpenID Connect: signed JSON (RFC 7515 compact form) and the keys to check it with (RFC 7517).
// RS256, ES256 and EdDSA (Ed25519); everything else, "none" first of all, is refused. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway {

class JsonWebKeys {
 public:
  // A JWK set. Keys of other kinds or for other uses are left out; none that fits is kInvalidArgument.
  static Result<JsonWebKeys> parse(std::string_view text);
  // The claims, once the signature is right. kNotFound if no key has the token's key id: the set may be old.
  // kUnauthenticated for a wrong signature, kInvalidArgument for what is no such token.
  [[nodiscard]] Result<json::object> verify(std::string_view token) const;

 private:
  struct Key;
  std::vector<std::shared_ptr<const Key>> keys_;
};

// What an ID token has to say (OpenID Connect Core 1.0, section 3.1.3.7).
struct IdTokenExpectation {
  std::string issuer;
  std::string audience;  // our client id
  std::string nonce;
  std::int64_t now_s = 0;
  std::int64_t skew_s = 60;  // how far the provider's clock may be off
};
// kUnauthenticated, saying which claim is wrong and how.
Result<> check_id_token(const json::object& claims, const IdTokenExpectation& expected);

}  // namespace slipway
