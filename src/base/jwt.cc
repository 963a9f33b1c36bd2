// SPDX-License-Identifier: Apache-2.0
#include "base/jwt.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include <algorithm>
#include <optional>

#include "base/crypto.h"
#include "base/text.h"

namespace slipway {

namespace {

constexpr std::size_t kTokenLimit = 64u << 10;
constexpr std::size_t kSetLimit = 256u << 10;
constexpr std::size_t kKeysLimit = 64;
constexpr JsonLimits kPartLimits{.depth = 16, .size_bytes = kTokenLimit};
constexpr int kRsaBitsMin = 2'048;
constexpr int kRsaBitsMax = 8'192;  // a larger one costs more time than an answer is worth
constexpr std::size_t kCoordinate = 32;

template <auto Function>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Number number_of(std::string_view bytes) {
  return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

std::string text_field(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::optional<std::string> bytes_field(const json::object& object, std::string_view name) {
  auto bytes = unbase64url(text_field(object, name));
  if (!bytes || bytes->empty()) return std::nullopt;
  return bytes;
}

KeyHandle from_params(const char* kind, ParamBuilder builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return KeyHandle(key);
}

KeyHandle rsa_key(const json::object& jwk) {
  const auto modulus = bytes_field(jwk, "n");
  const auto exponent = bytes_field(jwk, "e");
  if (!modulus || !exponent || modulus->size() > kRsaBitsMax / 8 + 1 || exponent->size() > 8) return nullptr;
  const Number n = number_of(*modulus);
  const Number e = number_of(*exponent);
  ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || BN_num_bits(n.get()) < kRsaBitsMin || BN_num_bits(n.get()) > kRsaBitsMax ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return nullptr;
  return from_params("RSA", std::move(builder));  // uses n and e before they go
}

KeyHandle p256_key(const json::object& jwk) {
  const auto x = bytes_field(jwk, "x");
  const auto y = bytes_field(jwk, "y");
  if (text_field(jwk, "crv") != "P-256" || !x || !y || x->size() != kCoordinate || y->size() != kCoordinate)
    return nullptr;
  const std::string point = '\x04' + *x + *y;  // uncompressed; OpenSSL checks that it lies on the curve
  ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1)
    return nullptr;
  return from_params("EC", std::move(builder));
}

KeyHandle ed25519_key(const json::object& jwk) {
  const auto x = bytes_field(jwk, "x");
  if (text_field(jwk, "crv") != "Ed25519" || !x || x->size() != kCoordinate) return nullptr;
  return KeyHandle(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*x), x->size()));
}

// ES256 signatures are two numbers side by side; OpenSSL wants them as DER.
std::optional<std::string> to_der(std::string_view signature) {
  if (signature.size() != 2 * kCoordinate) return std::nullopt;
  const EcSignature pair(ECDSA_SIG_new());
  Number r = number_of(signature.substr(0, kCoordinate));
  Number s = number_of(signature.substr(kCoordinate));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return std::nullopt;
  static_cast<void>(r.release());  // the pair's now
  static_cast<void>(s.release());
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &out);
  if (size <= 0) return std::nullopt;
  std::string der(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
  OPENSSL_free(out);
  return der;
}

std::unexpected<Error> no_token(std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("the ID token {}", why), "id_token");
}

Result<json::object> decode_part(std::string_view part, std::string_view name) {
  const auto text = unbase64url(part);
  if (!text) return no_token(fmt::format("has a {} that is not base64url", name));
  SLIPWAY_ASSIGN(json::value value, parse_json(*text, kPartLimits));
  if (!value.is_object()) return no_token(fmt::format("has a {} that is no JSON object", name));
  return std::move(value.as_object());
}

std::unexpected<Error> wrong_claim(std::string message, std::string hint) {
  return fail(ErrorCode::kUnauthenticated, std::move(message), "id_token", std::move(hint));
}

std::optional<std::int64_t> seconds_claim(const json::object& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->as_int64();
  // NumericDate may have a fraction (RFC 7519, section 2).
  if (value->is_double() && value->as_double() > -1e12 && value->as_double() < 1e12)
    return static_cast<std::int64_t>(value->as_double());
  return std::nullopt;
}

std::vector<std::string> audiences(const json::object& claims) {
  std::vector<std::string> list;
  const json::value* value = claims.if_contains("aud");
  if (value == nullptr) return list;
  if (value->is_string()) list.emplace_back(value->as_string());
  if (value->is_array())
    for (const json::value& item : value->as_array())
      if (item.is_string()) list.emplace_back(item.as_string());
  return list;
}

}  // namespace

struct JsonWebKeys::Key {
  std::string id;
  std::string algorithm;
  KeyHandle handle;

  [[nodiscard]] bool verify(std::string_view signed_text, std::string_view signature) const {
    const DigestContext context(EVP_MD_CTX_new());
    const EVP_MD* digest = algorithm == "EdDSA" ? nullptr : EVP_sha256();
    std::string given(signature);
    if (algorithm == "ES256") {
      auto der = to_der(signature);
      if (!der) return false;
      given = std::move(*der);
    }
    return context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, handle.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(given), given.size(), bytes_of(signed_text),
                            signed_text.size()) == 1;
  }
};

Result<JsonWebKeys> JsonWebKeys::parse(std::string_view text) {
  SLIPWAY_ASSIGN(const json::value value, parse_json(text, {.depth = 16, .size_bytes = kSetLimit}));
  const json::value* list = value.is_object() ? value.as_object().if_contains("keys") : nullptr;
  if (list == nullptr || !list->is_array())
    return fail(ErrorCode::kInvalidArgument, "this is no set of keys: it has no list \"keys\"", "jwks");
  JsonWebKeys set;
  for (const json::value& item : list->as_array()) {
    if (!item.is_object() || set.keys_.size() == kKeysLimit) continue;
    const json::object& jwk = item.as_object();
    const std::string kind = text_field(jwk, "kty");
    const std::string use = text_field(jwk, "use");
    auto key = std::make_shared<Key>();
    key->id = text_field(jwk, "kid");
    if (kind == "RSA") {
      key->algorithm = "RS256";
      key->handle = rsa_key(jwk);
    } else if (kind == "EC") {
      key->algorithm = "ES256";
      key->handle = p256_key(jwk);
    } else if (kind == "OKP") {
      key->algorithm = "EdDSA";
      key->handle = ed25519_key(jwk);
    }
    const std::string algorithm = text_field(jwk, "alg");
    const bool fits = (use.empty() || use == "sig") && (algorithm.empty() || algorithm == key->algorithm);
    if (key->handle && fits) set.keys_.push_back(std::move(key));
  }
  if (set.keys_.empty())
    return fail(ErrorCode::kInvalidArgument, "the set holds no key for RS256, ES256 or EdDSA", "jwks",
                "The identity provider must sign ID tokens with one of these.");
  return set;
}

Result<json::object> JsonWebKeys::verify(std::string_view token) const {
  if (token.size() > kTokenLimit) return no_token("is too long");
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return no_token("has not three parts");
  SLIPWAY_ASSIGN(const json::object header, decode_part(token.substr(0, first), "header"));
  const auto signature = unbase64url(token.substr(second + 1));
  if (!signature) return no_token("has a signature that is not base64url");
  const std::string algorithm = text_field(header, "alg");
  if (algorithm != "RS256" && algorithm != "ES256" && algorithm != "EdDSA")
    return fail(ErrorCode::kUnauthenticated,
                fmt::format("the ID token is signed with '{}'", ellipsize(algorithm, 40)), "id_token",
                "Let the identity provider use RS256, ES256 or EdDSA for this client.");
  if (header.contains("crit")) return no_token("has a critical header field that is not known here");
  const std::string id = text_field(header, "kid");
  bool any = false;
  for (const auto& key : keys_) {
    if (key->algorithm != algorithm || (!id.empty() && key->id != id)) continue;
    any = true;
    if (key->verify(token.substr(0, second), *signature))
      return decode_part(token.substr(first + 1, second - first - 1), "payload");
  }
  if (!any)
    return fail(ErrorCode::kNotFound,
                fmt::format("the identity provider has no {} key '{}'", algorithm, ellipsize(id, 80)),
                "id_token");
  return fail(ErrorCode::kUnauthenticated, "the ID token's signature is wrong", "id_token",
              "Somebody changed it on its way, or oidc.issuer names another provider.");
}

Result<> check_id_token(const json::object& claims, const IdTokenExpectation& expected) {
  const std::string issuer = text_field(claims, "iss");
  if (issuer != expected.issuer)
    return wrong_claim(
        fmt::format("the ID token is of '{}', not of '{}'", ellipsize(issuer, 200), expected.issuer),
        "Set oidc.issuer exactly as the identity provider spells it.");
  const std::vector<std::string> list = audiences(claims);
  const std::string party = text_field(claims, "azp");
  if (std::ranges::find(list, expected.audience) == list.end() ||
      (!party.empty() && party != expected.audience) || (list.size() > 1 && party.empty()))
    return wrong_claim("the ID token was made for another client", "Check oidc.client_id.");
  const auto expires = seconds_claim(claims, "exp");
  const auto issued = seconds_claim(claims, "iat");
  const auto not_before = seconds_claim(claims, "nbf");
  if (!expires || !issued) return wrong_claim("the ID token does not say from when to when it holds", {});
  if (*expires + expected.skew_s <= expected.now_s)
    return wrong_claim("the ID token has expired",
                       "Sign in again; if that does not help, check both clocks.");
  if (std::max(*issued, not_before.value_or(*issued)) > expected.now_s + expected.skew_s)
    return wrong_claim("the ID token is of the future",
                       "Check this server's clock and the identity provider's.");
  if (expected.nonce.empty() || !constant_time_equal(text_field(claims, "nonce"), expected.nonce))
    return wrong_claim("the ID token belongs to another sign-in", "Begin the sign-in again.");
  if (text_field(claims, "sub").empty()) return wrong_claim("the ID token does not say who it is about", {});
  return {};
}

}  // namespace slipway
