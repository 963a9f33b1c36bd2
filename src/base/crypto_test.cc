// SPDX-License-Identifier: Apache-2.0
#include "base/crypto.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace slipway {
namespace {

TEST(Crypto, DigestsMatchPublishedVectors) {
  // FIPS 180-2 appendix B.1, RFC 4231 §4.3.
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Crypto, EncodingsGoBothWays) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(unhex(hex(all.data(), all.size())), all);
  EXPECT_EQ(unbase64(base64(all)), all);
  EXPECT_EQ(base64("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
  EXPECT_EQ(base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(unhex("abc"), std::nullopt);
  EXPECT_EQ(unhex("zz"), std::nullopt);
  EXPECT_EQ(unbase64("a"), std::nullopt);
  EXPECT_EQ(unbase64("!!!!"), std::nullopt);
}

TEST(Crypto, TokensAreLongAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_token(32));
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(seen.begin()->size(), 43u);
}

TEST(Crypto, ComparesInConstantTime) {
  EXPECT_TRUE(constant_time_equal("same", "same"));
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_FALSE(constant_time_equal("same", "sane"));
  EXPECT_FALSE(constant_time_equal("same", "sam"));
}

TEST(Crypto, PasswordsVerifyOnlyAgainstThemselves) {
  const auto stored = hash_password("correct horse");
  ASSERT_TRUE(stored) << stored.error().describe();
  EXPECT_TRUE(stored->starts_with("$argon2id$"));
  EXPECT_TRUE(verify_password(*stored, "correct horse"));
  EXPECT_FALSE(verify_password(*stored, "correct hors"));
  EXPECT_FALSE(verify_password("", "correct horse"));
  EXPECT_FALSE(verify_password("$argon2id$nonsense", "correct horse"));
}

TEST(Crypto, SealedSecretsOpenOnlyWhereTheyBelong) {
  std::array<std::uint8_t, 32> key{};
  random_bytes(key.data(), key.size());
  const SecretBox box(key);
  const std::string sealed = box.seal("sk-secret", "connection/prod/openai");
  EXPECT_EQ(sealed.find("sk-secret"), std::string::npos);
  EXPECT_NE(sealed, box.seal("sk-secret", "connection/prod/openai")) << "a fresh nonce each time";
  EXPECT_EQ(box.open(sealed, "connection/prod/openai").value(), "sk-secret");
  EXPECT_FALSE(box.open(sealed, "connection/dev/openai"));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string damaged = sealed;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(box.open(damaged, "connection/prod/openai")) << i;
  }
  EXPECT_FALSE(box.open("short", "x"));
  EXPECT_FALSE(SecretBox({}).open(sealed, "connection/prod/openai"));
}

}  // namespace
}  // namespace slipway
