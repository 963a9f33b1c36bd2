// SPDX-License-Identifier: Apache-2.0
#include "governance/keys.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "base/temporary_directory.h"
#include "governance/principals.h"
#include "governance/schema.h"
#include "governance/use_cases.h"
#include "store/test_database.h"

namespace slipway::governance {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;

class GovernanceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Database::open(store::test_database_options(directory_));
    ASSERT_TRUE(opened) << opened.error().describe();
    database_ = std::move(*opened);
    const auto migrated = migrate_governance(*database_);
    ASSERT_TRUE(migrated) << migrated.error().describe();
  }

  NewKey wanted(std::string name = "ci") {
    NewKey key;
    key.name = std::move(name);
    key.use_case = "support";
    key.environment = "dev";
    key.allowed_models = {"gpt-4o*", "simulated/\"odd\""};
    key.max_concurrent = 7;
    return key;
  }
  void register_use_case() { ASSERT_TRUE(UseCaseStore(*database_).ensure("support", "Support", "anna")); }
  PolicyStore& policies() {
    if (!policies_) policies_ = std::make_unique<PolicyStore>(*database_, kEnvironments);
    return *policies_;
  }

  TemporaryDirectory temporary_{"gov"};
  const std::filesystem::path& directory_ = temporary_.path();
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<PolicyStore> policies_;
  const std::vector<EnvironmentRule> kEnvironments = {{"dev", false}, {"dev2", false}, {"prod", true}};
  const Actor kActor{"p1", "admin", "user"};
};

TEST_F(GovernanceTest, AKeyIsStoredAsADigestOnly) {
  register_use_case();
  KeyStore keys(*database_, policies());
  const auto made = keys.create(wanted(), kActor);
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_TRUE(made->secret.starts_with("sk-slp-"));
  EXPECT_GE(made->secret.size(), 7u + 43u);  // 256 bits
  const auto live = keys.load_live(0);
  ASSERT_TRUE(live);
  ASSERT_EQ(live->keys.size(), 1u);
  ASSERT_EQ(live->keys.front().digests.size(), 1u);
  EXPECT_EQ(live->keys.front().digests.front().digest, sha256(made->secret));
  EXPECT_EQ(live->keys.front().key.allowed_models, wanted().allowed_models);
  EXPECT_EQ(live->keys.front().key.max_concurrent, 7u);
  std::string stored;
  const auto read = database_->read([&](soci::session& sql) -> Result<> {
    sql << "SELECT id || name || prefix || hash || previous_hash || allowed_models || created_by FROM "
           "api_keys",
        soci::into(stored);
    return {};
  });
  ASSERT_TRUE(read) << read.error().describe();
  database_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    FILE* file = std::fopen(entry.path().c_str(), "rb");
    ASSERT_NE(file, nullptr);
    char block[65536];
    while (const std::size_t got = std::fread(block, 1, sizeof(block), file)) stored.append(block, got);
    std::fclose(file);
  }
  EXPECT_EQ(stored.find(made->secret), std::string::npos);
  EXPECT_NE(stored.find(hex(sha256(made->secret))), std::string::npos);
}

TEST_F(GovernanceTest, ARotatedSecretWorksForItsGraceOnly) {
  register_use_case();
  KeyStore keys(*database_, policies());
  const auto made = keys.create(wanted(), kActor);
  ASSERT_TRUE(made);
  const auto rotated = keys.rotate(made->key.id, 60, kActor);
  ASSERT_TRUE(rotated) << rotated.error().describe();
  EXPECT_NE(rotated->secret, made->secret);
  auto live = keys.load_live(0);
  ASSERT_TRUE(live);
  ASSERT_EQ(live->keys.size(), 1u);
  const auto& digests = live->keys.front().digests;
  ASSERT_EQ(digests.size(), 2u);
  EXPECT_EQ(digests[0].digest, sha256(rotated->secret));
  EXPECT_EQ(digests[0].until_us, 0);
  EXPECT_EQ(digests[1].digest, sha256(made->secret));
  EXPECT_GT(digests[1].until_us, unix_now_us());
  EXPECT_LE(digests[1].until_us, unix_now_us() + 60'000'000);
  ASSERT_TRUE(keys.rotate(made->key.id, 0, kActor));
  live = keys.load_live(0);
  ASSERT_TRUE(live);
  ASSERT_EQ(live->keys.size(), 1u);
  EXPECT_EQ(live->keys.front().digests.size(), 1u);
}

TEST_F(GovernanceTest, ARevokedKeyIsNoLongerActiveAndCannotComeBack) {
  register_use_case();
  KeyStore keys(*database_, policies());
  const auto made = keys.create(wanted(), kActor);
  ASSERT_TRUE(made);
  ASSERT_TRUE(keys.revoke(made->key.id, kActor));
  EXPECT_TRUE(keys.revoke(made->key.id, kActor)) << "revoking twice is fine";
  EXPECT_TRUE(keys.load_live(0)->keys.empty());
  EXPECT_EQ(keys.list({})->items.front().state(unix_now_us()), "revoked");
  const auto rotated = keys.rotate(made->key.id, 0, kActor);
  ASSERT_FALSE(rotated);
  EXPECT_EQ(rotated.error().code, ErrorCode::kConflict);
  const auto unknown = keys.revoke("key_none", kActor);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
}

TEST_F(GovernanceTest, OnlyKeysThatHaveChangedAreReadAgain) {
  register_use_case();
  KeyStore keys(*database_, policies());
  const auto first = keys.create(wanted("first"), kActor);
  const auto second = keys.create(wanted("second"), kActor);
  ASSERT_TRUE(first && second);
  const auto all = keys.load_live(0);
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->everything);
  EXPECT_EQ(all->keys.size(), 2u);
  auto since = keys.load_live(all->mark);
  ASSERT_TRUE(since);
  EXPECT_FALSE(since->everything);
  EXPECT_TRUE(since->keys.empty());
  ASSERT_TRUE(keys.note_used({{first->key.id, 5}})) << "a snapshot does not depend on it";
  ASSERT_TRUE(keys.revoke(second->key.id, kActor));
  since = keys.load_live(all->mark);
  ASSERT_TRUE(since);
  ASSERT_EQ(since->keys.size(), 1u);
  EXPECT_EQ(since->keys.front().key.id, second->key.id);
  EXPECT_TRUE(since->keys.front().digests.empty());
  ASSERT_TRUE(keys.rotate(first->key.id, 60, kActor));
  const auto last = keys.load_live(since->mark);
  ASSERT_TRUE(last);
  ASSERT_EQ(last->keys.size(), 1u);
  EXPECT_EQ(last->keys.front().digests.size(), 2u);
  // A database that was put back counts from an earlier mark.
  EXPECT_TRUE(keys.load_live(last->mark + 1)->everything);
}

TEST_F(GovernanceTest, KeysAreListedInPagesAndFound) {
  register_use_case();
  KeyStore keys(*database_, policies());
  for (const char* const name : {"ci", "shop", "Shop 100%", "old"})
    ASSERT_TRUE(keys.create(wanted(name), kActor));
  NewKey elsewhere = wanted("shop in prod");
  elsewhere.environment = "dev2";
  ASSERT_TRUE(keys.create(elsewhere, kActor));
  const auto names = [&](KeyQuery query) {
    std::vector<std::string> found;
    do {
      const auto page = keys.list(query);
      EXPECT_TRUE(page) << page.error().describe();
      if (!page) break;
      EXPECT_LE(page->items.size(), query.limit);
      for (const ApiKey& key : page->items) found.push_back(key.name);
      query.cursor = page->next_cursor;
    } while (!query.cursor.empty());
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names({.limit = 2}), (Names{"shop in prod", "old", "Shop 100%", "shop", "ci"}));
  EXPECT_EQ(names({.text = "SHOP", .limit = 1}), (Names{"shop in prod", "Shop 100%", "shop"}));
  EXPECT_EQ(names({.text = "100%"}), Names{"Shop 100%"});
  EXPECT_EQ(names({.text = "sup"}).size(), 5u) << "of the use case 'support'";
  EXPECT_EQ(names({.environment = "dev2"}), Names{"shop in prod"});
  const auto old = keys.list({.text = "old"});
  ASSERT_TRUE(old);
  ASSERT_TRUE(keys.revoke(old->items.front().id, kActor));
  EXPECT_EQ(names({.active = true, .limit = 2}), (Names{"shop in prod", "Shop 100%", "shop", "ci"}));
  EXPECT_EQ(names({.active = false}), Names{"old"});
  EXPECT_EQ(keys.list({})->active, 4u);
  EXPECT_EQ(keys.list({.active = true})->inactive, 1u) << "counted whatever state is shown";
  EXPECT_EQ(keys.list({.cursor = "zz"}).error().where, "cursor");
}

TEST_F(GovernanceTest, BadKeysAreRefusedNamingTheField) {
  register_use_case();
  KeyStore keys(*database_, policies());
  NewKey nameless = wanted("  ");
  EXPECT_EQ(keys.create(nameless, kActor).error().where, "name");
  NewKey late = wanted();
  late.expires_us = 1;
  EXPECT_EQ(keys.create(late, kActor).error().where, "expires_at");
  NewKey lost = wanted();
  lost.use_case = "nowhere";
  const auto refused = keys.create(lost, kActor);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(keys.list({})->items.empty());
}

TEST_F(GovernanceTest, LastUseOnlyMovesForward) {
  register_use_case();
  KeyStore keys(*database_, policies());
  const auto made = keys.create(wanted(), kActor);
  ASSERT_TRUE(made);
  ASSERT_TRUE(keys.note_used({{made->key.id, 2'000}}));
  ASSERT_TRUE(keys.note_used({{made->key.id, 1'000}}));
  EXPECT_EQ(keys.list({})->items.front().last_used_us, 2'000);
}

TEST_F(GovernanceTest, AOneTimeTokenOpensOneSession) {
  PrincipalStore principals(*database_, kHourUs);
  ASSERT_TRUE(principals.ensure_administrator());
  ASSERT_TRUE(principals.ensure_administrator());
  const auto token = principals.make_sign_in_token(kHourUs);
  ASSERT_TRUE(token);
  const auto opened = principals.sign_in_with_token(*token);
  ASSERT_TRUE(opened) << opened.error().describe();
  EXPECT_EQ(opened->session.principal.name, "admin");
  EXPECT_FALSE(opened->session.principal.password_set);
  const auto again = principals.sign_in_with_token(*token);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kUnauthenticated);
  const auto found = principals.find_session(opened->cookie);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->csrf_token, opened->session.csrf_token);
  ASSERT_TRUE(principals.sign_out(opened->session, opened->cookie));
  EXPECT_FALSE(principals.find_session(opened->cookie));
  const auto stale = principals.make_sign_in_token(-1);
  ASSERT_TRUE(stale);
  EXPECT_FALSE(principals.sign_in_with_token(*stale));
}

TEST_F(GovernanceTest, SettingAPasswordEndsOtherSessions) {
  PrincipalStore principals(*database_, kHourUs);
  ASSERT_TRUE(principals.ensure_administrator());
  const auto first = principals.sign_in_with_token(*principals.make_sign_in_token(kHourUs));
  const auto second = principals.sign_in_with_token(*principals.make_sign_in_token(kHourUs));
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(principals.set_password(first->session, first->cookie, std::nullopt, "short"));
  ASSERT_TRUE(principals.set_password(first->session, first->cookie, std::nullopt, "correct horse battery"));
  EXPECT_TRUE(principals.find_session(first->cookie));
  EXPECT_FALSE(principals.find_session(second->cookie));
  EXPECT_FALSE(principals.sign_in_with_password("admin", "wrong horse battery"));
  EXPECT_FALSE(principals.sign_in_with_password("nobody", "correct horse battery"));
  const auto third = principals.sign_in_with_password("admin", "correct horse battery");
  ASSERT_TRUE(third) << third.error().describe();
  const auto refused =
      principals.set_password(third->session, third->cookie, "not the old one", "another good password");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
}

TEST_F(GovernanceTest, AServiceTokenReplacesTheOneBefore) {
  PrincipalStore principals(*database_, kHourUs);
  const auto first = principals.make_service_token("cli");
  const auto second = principals.make_service_token("cli");
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(*principals.is_service_token(*first));
  EXPECT_TRUE(*principals.is_service_token(*second));
  EXPECT_EQ(principals.find_service(*second)->kind, "service");
}

TEST_F(GovernanceTest, ASessionEnds) {
  PrincipalStore principals(*database_, 1);
  ASSERT_TRUE(principals.ensure_administrator());
  const auto opened = principals.sign_in_with_token(*principals.make_sign_in_token(kHourUs));
  ASSERT_TRUE(opened);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_FALSE(principals.find_session(opened->cookie));
}

}  // namespace
}  // namespace slipway::governance
