// SPDX-License-Identifier: Apache-2.0
#include "base/jwt.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <memory>

#include "base/crypto.h"

namespace slipway {
namespace {

std::string number_param(EVP_PKEY* key, const char* name, int size = 0) {
  BIGNUM* number = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key, name, &number), 1);
  std::string bytes(static_cast<std::size_t>(size != 0 ? size : BN_num_bytes(number)), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  BN_free(number);
  return bytes;
}

// A provider's side: makes keys and signs with them, by OpenSSL's own means.
class Signer {
 public:
  explicit Signer(std::string algorithm, std::string id = "k1", std::size_t bits = 2048)
      : algorithm_(std::move(algorithm)), id_(std::move(id)) {
    if (algorithm_ == "RS256") key_ = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits);
    if (algorithm_ == "ES256") key_ = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    if (algorithm_ == "EdDSA") key_ = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  }
  ~Signer() { EVP_PKEY_free(key_); }
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  [[nodiscard]] json::object jwk() const {
    json::object key{{"kid", id_}, {"use", "sig"}};
    if (algorithm_ == "RS256") {
      key["kty"] = "RSA";
      key["n"] = base64url(number_param(key_, OSSL_PKEY_PARAM_RSA_N));
      key["e"] = base64url(number_param(key_, OSSL_PKEY_PARAM_RSA_E));
    } else if (algorithm_ == "ES256") {
      key["kty"] = "EC";
      key["crv"] = "P-256";
      key["x"] = base64url(number_param(key_, OSSL_PKEY_PARAM_EC_PUB_X, 32));
      key["y"] = base64url(number_param(key_, OSSL_PKEY_PARAM_EC_PUB_Y, 32));
    } else {
      std::string raw(32, '\0');
      std::size_t size = raw.size();
      EXPECT_EQ(EVP_PKEY_get_raw_public_key(key_, reinterpret_cast<unsigned char*>(raw.data()), &size), 1);
      key["kty"] = "OKP";
      key["crv"] = "Ed25519";
      key["x"] = base64url(raw);
    }
    return key;
  }
  [[nodiscard]] std::string sign(const json::object& claims, json::object header = {}) const {
    if (!header.contains("alg")) header["alg"] = algorithm_;
    if (!header.contains("kid")) header["kid"] = id_;
    const std::string text = base64url(json::serialize(header)) + "." + base64url(json::serialize(claims));
    return text + "." + base64url(signature(text));
  }

 private:
  [[nodiscard]] std::string signature(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::string out(512, '\0');
    std::size_t size = out.size();
    EXPECT_EQ(
        EVP_DigestSignInit(context, nullptr, algorithm_ == "EdDSA" ? nullptr : EVP_sha256(), nullptr, key_),
        1);
    EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                             reinterpret_cast<const unsigned char*>(text.data()), text.size()),
              1);
    EVP_MD_CTX_free(context);
    out.resize(size);
    if (algorithm_ != "ES256") return out;
    const auto* der = reinterpret_cast<const unsigned char*>(out.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size));
    std::string raw(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), reinterpret_cast<unsigned char*>(raw.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
    ECDSA_SIG_free(pair);
    return raw;
  }
  std::string algorithm_;
  std::string id_;
  EVP_PKEY* key_ = nullptr;
};

std::string set_of(std::initializer_list<json::object> keys) {
  json::array list;
  for (const json::object& key : keys) list.emplace_back(key);
  return json::serialize(json::object{{"keys", list}});
}

constexpr std::int64_t kNow = 1'780'000'000;

json::object claims(const json::object& changes = {}) {
  json::object all{{"iss", "https://login.example.com"},
                   {"aud", "slipway"},
                   {"sub", "248289761001"},
                   {"nonce", "n-0S6"},
                   {"iat", kNow},
                   {"exp", kNow + 300}};
  for (const auto& [name, value] : changes) {
    if (value.is_null())
      all.erase(name);
    else
      all[name] = value;
  }
  return all;
}

Result<> check(const json::object& changes) {
  return check_id_token(claims(changes), {"https://login.example.com", "slipway", "n-0S6", kNow, 60});
}

TEST(JsonWebToken, EachAlgorithmIsVerifiedAndEachChangeIsSeen) {
  for (const char* algorithm : {"RS256", "ES256", "EdDSA"}) {
    SCOPED_TRACE(algorithm);
    const Signer signer(algorithm);
    const Signer other(algorithm);
    const auto keys = JsonWebKeys::parse(set_of({signer.jwk()}));
    ASSERT_TRUE(keys) << keys.error().describe();
    const std::string token = signer.sign(claims());
    const auto read = keys->verify(token);
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(*read, claims());
    EXPECT_EQ(keys->verify(other.sign(claims())).error().code, ErrorCode::kUnauthenticated);
    // Any character of header and payload, and the signature's first.
    const std::size_t last_dot = token.rfind('.');
    for (std::size_t i = 0; i <= last_dot + 1; ++i) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      if (i == token.find('.') || i == last_dot) continue;
      EXPECT_FALSE(keys->verify(changed)) << i;
    }
    EXPECT_FALSE(keys->verify(token.substr(0, last_dot + 1)));
    EXPECT_FALSE(keys->verify(token + "."));
    EXPECT_FALSE(keys->verify(token + "=="));
  }
}

TEST(JsonWebToken, TheHeaderCannotChooseAWeakerWay) {
  const Signer rsa("RS256", "r");
  const Signer ec("ES256", "e");
  const auto keys = JsonWebKeys::parse(set_of({rsa.jwk(), ec.jwk()}));
  ASSERT_TRUE(keys);
  const std::string payload = base64url(json::serialize(claims()));
  for (const char* algorithm : {"none", "None", "HS256", "RS512", "", "ES256K"}) {
    const std::string header = base64url(fmt::format(R"({{"alg":"{}","kid":"r"}})", algorithm));
    const auto refused = keys->verify(header + "." + payload + ".");
    ASSERT_FALSE(refused) << algorithm;
    EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated) << algorithm;
  }
  // The public key as an HMAC secret: the classic confusion.
  const std::string head = base64url(R"({"alg":"HS256","kid":"r"})") + "." + payload;
  const Sha256 mac = hmac_sha256(std::string(rsa.jwk()["n"].as_string()), head);
  EXPECT_FALSE(keys->verify(head + "." + base64url({reinterpret_cast<const char*>(mac.data()), mac.size()})));
  // A key of one kind under the name of another.
  EXPECT_EQ(keys->verify(rsa.sign(claims(), {{"alg", "ES256"}})).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(keys->verify(rsa.sign(claims(), {{"crit", json::array{"exp"}}})).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(keys->verify(rsa.sign(claims(), {{"kid", "unknown"}})).error().code, ErrorCode::kNotFound);
}

TEST(JsonWebToken, AKeySetMayHoldMoreThanWeUse) {
  const Signer signer("ES256", "");
  const Signer short_one("RS256", "short", 1024);
  json::object encryption = Signer("RS256", "enc").jwk();
  encryption["use"] = "enc";
  json::object other_algorithm = Signer("RS256", "ps").jwk();
  other_algorithm["alg"] = "PS256";
  const json::object secret{{"kty", "oct"}, {"k", "AAAA"}};
  const json::object off_curve{{"kty", "EC"},
                               {"crv", "P-256"},
                               {"x", base64url(std::string(32, 'x'))},
                               {"y", base64url(std::string(32, 'y'))}};
  const auto keys = JsonWebKeys::parse(
      set_of({encryption, other_algorithm, secret, off_curve, short_one.jwk(), signer.jwk()}));
  ASSERT_TRUE(keys) << keys.error().describe();
  EXPECT_TRUE(keys->verify(signer.sign(claims()))) << "without a key id any key of the kind may have signed";
  EXPECT_EQ(keys->verify(short_one.sign(claims())).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(JsonWebKeys::parse(set_of({encryption, secret, off_curve})));
  for (const char* text : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[1,null,{"kty":"RSA"}]})"})
    EXPECT_FALSE(JsonWebKeys::parse(text)) << text;
}

TEST(JsonWebToken, WhatIsNoTokenIsRefused) {
  const Signer signer("EdDSA");
  const auto keys = JsonWebKeys::parse(set_of({signer.jwk()}));
  for (const std::string& text :
       {std::string(), std::string("a.b"), std::string("a.b.c.d"), std::string("..."),
        std::string("!!.e30.AA"), std::string("e30.e30."), std::string(70'000, 'x')})
    EXPECT_FALSE(keys->verify(text)) << text.substr(0, 20);
}

// RFC 8037, appendix A.4: a signature made by somebody else.
TEST(JsonWebToken, TheExampleOfTheStandardIsRight) {
  const auto keys = JsonWebKeys::parse(
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  ASSERT_TRUE(keys);
  const auto read = keys->verify(
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6d"
      "WbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  // The payload is the text "Example of Ed25519 signing": rightly signed, but no claims.
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument) << read.error().describe();
}

TEST(IdToken, EveryClaimIsChecked) {
  EXPECT_TRUE(check({}));
  EXPECT_TRUE(check({{"aud", json::array{"slipway"}}}));
  EXPECT_TRUE(check({{"aud", json::array{"other", "slipway"}}, {"azp", "slipway"}}));
  EXPECT_TRUE(check({{"exp", kNow - 59}})) << "within the clocks' difference";
  EXPECT_TRUE(check({{"iat", kNow + 59}}));
  EXPECT_TRUE(check({{"exp", kNow + 1.5}}));
  const json::object wrong[] = {
      {{"iss", "https://login.example.com/"}},
      {{"iss", nullptr}},
      {{"aud", "other"}},
      {{"aud", nullptr}},
      {{"aud", json::array{"other", "slipway"}}},
      {{"azp", "other"}},
      {{"exp", kNow - 60}},
      {{"exp", nullptr}},
      {{"exp", "soon"}},
      {{"iat", kNow + 61}},
      {{"iat", nullptr}},
      {{"nbf", kNow + 61}},
      {{"nonce", "other"}},
      {{"nonce", nullptr}},
      {{"sub", nullptr}},
      {{"sub", ""}},
  };
  for (const json::object& changes : wrong) {
    const auto refused = check(changes);
    ASSERT_FALSE(refused) << json::serialize(changes);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated);
  }
  EXPECT_FALSE(
      check_id_token(claims({{"nonce", ""}}), {"https://login.example.com", "slipway", "", kNow, 60}))
      << "an empty nonce is none";
}

}  // namespace
}  // namespace slipway
