// SPDX-License-Identifier: Apache-2.0
#include "governance/principals.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "governance/audit_log.h"
#include "governance/test_world.h"
#include "governance/use_cases.h"

namespace slipway::governance {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr const char* kPassword = "correct horse battery";

class PrincipalsTest : public WorldTest {
 protected:
  void SetUp() override {
    WorldTest::SetUp();
    people_ = std::make_unique<PrincipalStore>(*database_, kHourUs);
    ASSERT_TRUE(people_->ensure_administrator());
    const auto page = people_->list({});
    ASSERT_TRUE(page) << page.error().describe();
    ASSERT_EQ(page->items.size(), 1u);
    admin_ = page->items.front();
  }
  PrincipalWithToken invite(const std::string& name, const std::string& email,
                            const std::vector<std::string>& roles = {"viewer"}) {
    NewPrincipal wanted{"user", name, email, {}};
    for (const std::string& role : roles) wanted.grants.push_back(*parse_grant(role));
    auto made = people_->create(admin_.actor(), wanted, kHourUs);
    EXPECT_TRUE(made) << made.error().describe();
    return made ? *made : PrincipalWithToken{};
  }
  // Takes the invitation and sets the password.
  OpenedSession join(const PrincipalWithToken& invited) {
    auto opened = people_->sign_in_with_token(invited.token, "192.0.2.1");
    EXPECT_TRUE(opened) << opened.error().describe();
    const auto set = people_->set_password(opened->session, opened->cookie, std::nullopt, kPassword);
    EXPECT_TRUE(set) << set.error().describe();
    return *opened;
  }
  std::vector<std::string> actions() {
    std::vector<std::string> list;
    EXPECT_TRUE(AuditLog(*database_).for_each({}, [&](const AuditEntry& entry) {
      list.push_back(entry.event.action);
      return true;
    }));
    return list;
  }

  std::unique_ptr<PrincipalStore> people_;
  Principal admin_;
};

TEST_F(PrincipalsTest, AnInvitationLetsInOnceAndAPasswordAfterwards) {
  const auto made = invite("Anna", " Anna@Example.COM ", {"reviewer:legal", "reviewer:legal"});
  EXPECT_EQ(made.principal.state(), "invited");
  EXPECT_EQ(made.principal.email, "anna@example.com");
  EXPECT_EQ(made.principal.grants.size(), 1u);
  const auto opened = join(made);
  EXPECT_FALSE(people_->sign_in_with_token(made.token));
  EXPECT_EQ(people_->get(made.principal.id)->state(), "active");
  EXPECT_GT(people_->get(made.principal.id)->last_seen_us, 0);
  for (const char* login : {"anna@example.com", "ANNA@example.com", "Anna"})
    EXPECT_TRUE(people_->sign_in_with_password(login, kPassword)) << login;
  EXPECT_TRUE(people_->find_session(opened.cookie));
  // Two of the same name: only the address tells who is meant.
  join(invite("Anna", "other@example.com"));
  EXPECT_FALSE(people_->sign_in_with_password("Anna", kPassword));
  EXPECT_TRUE(people_->sign_in_with_password("other@example.com", kPassword));
}

TEST_F(PrincipalsTest, WhatIsNoPersonIsRefusedNamingTheField) {
  const auto field = [&](NewPrincipal wanted) {
    const auto made = people_->create(admin_.actor(), wanted, kHourUs);
    return made ? std::string("accepted") : made.error().where;
  };
  EXPECT_EQ(field({"robot", "R2", "", {}}), "kind");
  EXPECT_EQ(field({"user", "  ", "a@b.c", {}}), "name");
  EXPECT_EQ(field({"user", "a@b.c", "a@b.c", {}}), "name");
  EXPECT_EQ(field({"user", std::string(101, 'x'), "a@b.c", {}}), "name");
  for (const char* email : {"", "anna", "@b.c", "a@", "a@b@c", "a b@c.d", "a:b@c.d", "a\n@b.c"})
    EXPECT_EQ(field({"user", "Anna", email, {}}), "email") << email;
  EXPECT_EQ(field({"service", "ci", "a@b.c", {}}), "email");
  EXPECT_EQ(field({"user", "Anna", "a@b.c", {{"viewer", "nowhere", "", ""}}}), "roles");
  EXPECT_EQ(field({"user", "Anna", "a@b.c", std::vector<RoleGrant>(101, {"viewer", "", "", ""})}), "accepted")
      << "the same role again is one role";
  EXPECT_EQ(field({"user", "Other", "A@B.C", {}}), "email");
  EXPECT_EQ(people_->list({})->items.size(), 2u);
}

TEST_F(PrincipalsTest, DeactivationEndsEverythingAtOnce) {
  const auto anna = invite("Anna", "anna@example.com");
  const auto session = join(anna);
  NewPrincipal robot{"service", "ci", "", {{"developer", "", "", ""}}};
  const auto service = people_->create(admin_.actor(), robot, kHourUs);
  ASSERT_TRUE(service) << service.error().describe();
  ASSERT_TRUE(people_->find_service(service->token));
  const auto late = invite("Late", "late@example.com");
  for (const std::string& id : {anna.principal.id, service->principal.id, late.principal.id}) {
    const auto done = people_->deactivate(admin_.actor(), id);
    ASSERT_TRUE(done) << done.error().describe();
    EXPECT_EQ(done->state(), "inactive");
  }
  EXPECT_FALSE(people_->find_session(session.cookie));
  EXPECT_FALSE(people_->find_service(service->token));
  EXPECT_FALSE(people_->sign_in_with_token(late.token));
  EXPECT_FALSE(people_->sign_in_with_password("anna@example.com", kPassword));
  EXPECT_FALSE(people_->renew_secret(admin_.actor(), anna.principal.id, kHourUs));
  ASSERT_TRUE(people_->activate(admin_.actor(), anna.principal.id));
  EXPECT_TRUE(people_->sign_in_with_password("anna@example.com", kPassword));
  EXPECT_FALSE(people_->find_session(session.cookie)) << "what was ended stays ended";
  ASSERT_TRUE(people_->activate(admin_.actor(), service->principal.id));
  EXPECT_FALSE(people_->find_service(service->token));
  const auto renewed = people_->renew_secret(admin_.actor(), service->principal.id, kHourUs);
  ASSERT_TRUE(renewed);
  EXPECT_TRUE(people_->find_service(renewed->token));
}

TEST_F(PrincipalsTest, TheLastAdministratorStays) {
  const Actor local{"robot", "local command line", "service"};
  const auto invited = invite("Berta", "berta@example.com", {"admin"});
  const auto kept = [&](const Result<Principal>& done) {
    return !done && done.error().code == ErrorCode::kConflict;
  };
  // Who has not come yet, and who administers one use case only, can't manage people.
  UseCaseContent support;
  support.name = "Support";
  support.owner = "anna";
  ASSERT_TRUE(UseCaseStore(*database_).create("support", support, local));
  join(invite("Carl", "carl@example.com", {"admin@support", "admin/dev"}));
  EXPECT_TRUE(kept(people_->deactivate(local, admin_.id)));
  EXPECT_TRUE(kept(people_->set_grants(local, admin_.id, {{"viewer", "", "", ""}})));
  EXPECT_TRUE(kept(people_->set_grants(local, admin_.id, {{"admin", "support", "", ""}})));
  EXPECT_TRUE(people_->set_grants(local, admin_.id, {{"admin", "", "", ""}, {"viewer", "", "", ""}}));
  join(invited);
  EXPECT_TRUE(people_->deactivate(local, admin_.id));
  EXPECT_TRUE(kept(people_->deactivate(local, invited.principal.id)));
  // The link printed at the server's start is for whoever is left.
  const auto token = people_->make_sign_in_token(kHourUs);
  ASSERT_TRUE(token);
  EXPECT_EQ(people_->sign_in_with_token(*token)->session.principal.name, "Berta");
}

TEST_F(PrincipalsTest, NobodyActsOnThemselves) {
  const auto other = invite("Berta", "berta@example.com", {"admin"});
  join(other);
  const auto refused = [&](const auto& done) {
    return !done && done.error().code == ErrorCode::kPermissionDenied;
  };
  const Actor self = other.principal.actor();
  EXPECT_TRUE(refused(people_->set_grants(self, self.id, {{"admin", "", "", ""}})));
  EXPECT_TRUE(refused(people_->deactivate(self, self.id)));
  EXPECT_TRUE(refused(people_->renew_secret(self, self.id, kHourUs)));
  EXPECT_TRUE(people_->set_grants(admin_.actor(), self.id, {{"viewer", "", "", ""}}));
  EXPECT_EQ(people_->get("nobody").error().code, ErrorCode::kNotFound);
}

TEST_F(PrincipalsTest, ANewLinkEndsPasswordAndSessions) {
  const auto anna = invite("Anna", "anna@example.com");
  const auto session = join(anna);
  const auto renewed = people_->renew_secret(admin_.actor(), anna.principal.id, kHourUs);
  ASSERT_TRUE(renewed) << renewed.error().describe();
  EXPECT_EQ(renewed->principal.state(), "invited");
  EXPECT_FALSE(people_->find_session(session.cookie));
  EXPECT_FALSE(people_->sign_in_with_password("anna@example.com", kPassword));
  const auto again = people_->renew_secret(admin_.actor(), anna.principal.id, kHourUs);
  ASSERT_TRUE(again);
  EXPECT_FALSE(people_->sign_in_with_token(renewed->token)) << "only the newest link is in force";
  join(*again);
}

TEST_F(PrincipalsTest, AListIsSearchedAndPaged) {
  for (int i = 0; i < 25; ++i)
    invite("Person " + std::to_string(i % 5), "p" + std::to_string(i) + "@example.com");
  ASSERT_TRUE(people_->create(admin_.actor(), {"service", "zebra_100%", "", {}}, kHourUs));
  std::set<std::string> seen;
  std::vector<std::string> names;
  PrincipalQuery query{.text = {}, .kind = {}, .cursor = {}, .limit = 4};
  do {
    const auto page = people_->list(query);
    ASSERT_TRUE(page) << page.error().describe();
    ASSERT_LE(page->items.size(), 4u);
    for (const Principal& item : page->items) {
      EXPECT_TRUE(seen.insert(item.id).second);
      names.push_back(to_lower(item.name));
    }
    query.cursor = page->next_cursor;
  } while (!query.cursor.empty());
  EXPECT_EQ(names.size(), 27u);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  const auto count = [&](std::string text, std::string kind = {}) {
    return people_->list({.text = std::move(text), .kind = std::move(kind), .cursor = {}, .limit = 500})
        ->items.size();
  };
  EXPECT_EQ(count("PERSON 3"), 5u);
  EXPECT_EQ(count("p7@exam"), 1u);
  EXPECT_EQ(count("_100%"), 1u);
  EXPECT_EQ(count("%"), 1u);
  EXPECT_EQ(count("service"), 0u) << "what fills the address of a service is not searched";
  EXPECT_EQ(count("", "service"), 1u);
  EXPECT_EQ(people_->list({.text = {}, .kind = {}, .cursor = "zz", .limit = 4}).error().where, "cursor");
}

TEST_F(PrincipalsTest, FailedSignInsAreToldOnceAMinute) {
  const auto anna = invite("Anna", "anna@example.com");
  join(anna);
  const std::size_t before = actions().size();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(people_->sign_in_with_password("Anna", "wrong", "192.0.2.9"));
  EXPECT_FALSE(people_->sign_in_with_password("my secret typed in the wrong field", "Anna"));
  const auto after = actions();
  // A minute may turn between two of them.
  ASSERT_GE(after.size(), before + 1);
  ASSERT_LE(after.size(), before + 2);
  EXPECT_EQ(after.back(), "session.sign_in_failed");
}

TEST_F(PrincipalsTest, EveryChangeIsInTheAuditLog) {
  const auto anna = invite("Anna", "anna@example.com");
  const auto session = join(anna);
  ASSERT_TRUE(people_->set_grants(admin_.actor(), anna.principal.id, {{"data", "", "", ""}}));
  ASSERT_TRUE(people_->set_grants(admin_.actor(), anna.principal.id, {{"data", "", "", ""}}));  // no change
  ASSERT_TRUE(people_->sign_out(session.session, session.cookie));
  ASSERT_TRUE(people_->deactivate(admin_.actor(), anna.principal.id));
  ASSERT_TRUE(people_->activate(admin_.actor(), anna.principal.id));
  ASSERT_TRUE(people_->renew_secret(admin_.actor(), anna.principal.id, kHourUs));
  const std::vector<std::string> expected = {
      "principal.create",       "principal.invite",    "session.sign_in",
      "principal.set_password", "principal.set_roles", "session.sign_out",
      "principal.deactivate",   "principal.activate",  "principal.renew_secret"};
  EXPECT_EQ(actions(), expected);
  EXPECT_TRUE(AuditLog(*database_).verify({})->ok());
}

ExternalIdentity known_to_provider(std::string subject, std::string email) {
  ExternalIdentity identity;
  identity.issuer = "https://login.example.com";
  identity.subject = std::move(subject);
  identity.email = std::move(email);
  identity.name = "Dora";
  return identity;
}

TEST_F(PrincipalsTest, AnIdentityIsLinkedByItsVerifiedAddressAndKnownByItsSubject) {
  const auto dora = invite("Dora", "dora@example.com", {"data"});
  EXPECT_EQ(people_->sign_in_with_identity(known_to_provider("s1", "")).error().code,
            ErrorCode::kPermissionDenied);
  EXPECT_EQ(people_->sign_in_with_identity(known_to_provider("s1", "stranger@example.com")).error().code,
            ErrorCode::kPermissionDenied);
  auto opened = people_->sign_in_with_identity(known_to_provider("s1", "dora@example.com"));
  ASSERT_TRUE(opened) << opened.error().describe();
  EXPECT_EQ(opened->session.principal.id, dora.principal.id);
  EXPECT_EQ(people_->get(dora.principal.id)->state(), "active");
  EXPECT_FALSE(people_->sign_in_with_token(dora.token)) << "the invitation is taken";
  // From now on the subject counts, whatever the address.
  opened = people_->sign_in_with_identity(known_to_provider("s1", "married@example.com"));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->session.principal.id, dora.principal.id);
  const auto thief = people_->sign_in_with_identity(known_to_provider("s2", "dora@example.com"));
  ASSERT_FALSE(thief);
  EXPECT_EQ(thief.error().code, ErrorCode::kPermissionDenied);
  ASSERT_TRUE(people_->deactivate(admin_.actor(), dora.principal.id));
  EXPECT_FALSE(people_->sign_in_with_identity(known_to_provider("s1", "dora@example.com")));
  EXPECT_EQ(actions().back(), "session.sign_in_failed");
}

TEST_F(PrincipalsTest, AnIdentityMayBringRoles) {
  ExternalIdentity identity = known_to_provider("s3", "");
  identity.default_grants = {{"viewer", "", "", ""}};
  auto opened = people_->sign_in_with_identity(identity);
  ASSERT_TRUE(opened) << opened.error().describe();
  EXPECT_EQ(opened->session.principal.email, "");
  EXPECT_EQ(opened->session.principal.grants, identity.default_grants);
  // Without a word of the provider's about roles, those given here stay.
  ASSERT_TRUE(people_->set_grants(admin_.actor(), opened->session.principal.id, {{"data", "", "", ""}}));
  EXPECT_EQ(people_->sign_in_with_identity(identity)->session.principal.grants.front().role, "data");
  identity.grants = {{"platform", "", "dev", ""}};
  EXPECT_EQ(people_->sign_in_with_identity(identity)->session.principal.grants, *identity.grants);
  identity.grants = std::vector<RoleGrant>{};
  EXPECT_EQ(people_->sign_in_with_identity(identity)->session.principal.grants, identity.default_grants);
  identity.default_grants.clear();
  EXPECT_EQ(people_->sign_in_with_identity(identity).error().code, ErrorCode::kPermissionDenied);
}

TEST_F(PrincipalsTest, ASharedSecretStays) {
  const auto first = people_->shared_secret("cookies");
  ASSERT_TRUE(first) << first.error().describe();
  EXPECT_EQ(first->size(), 32u);
  EXPECT_EQ(*people_->shared_secret("cookies"), *first);
  EXPECT_NE(*people_->shared_secret("other"), *first);
}

}  // namespace
}  // namespace slipway::governance
