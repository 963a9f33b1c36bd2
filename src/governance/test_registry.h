// SPDX-License-Identifier: Apache-2.0
// A registry on a database of its own, with people to act on it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/temporary_directory.h"
#include "governance/keys.h"
#include "governance/policies.h"
#include "governance/reviews.h"
#include "governance/schema.h"
#include "governance/use_cases.h"
#include "store/test_database.h"

namespace slipway::governance {

class RegistryTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Database::open(store::test_database_options(directory_));
    ASSERT_TRUE(opened) << opened.error().describe();
    database_ = std::move(*opened);
    const auto migrated = migrate_governance(*database_);
    ASSERT_TRUE(migrated) << migrated.error().describe();
    use_cases_ = std::make_unique<UseCaseStore>(*database_);
    reviews_ = std::make_unique<ReviewStore>(*database_, *use_cases_);
    policies_ = std::make_unique<PolicyStore>(
        *database_, std::vector<EnvironmentRule>{{"dev", false}, {"preprod", false}, {"prod", true}});
    keys_ = std::make_unique<KeyStore>(*database_, *policies_);
  }

  static Principal person(const std::string& name, std::initializer_list<std::string_view> roles) {
    Principal who;
    who.id = "id-" + name;
    who.name = name;
    who.email = name + "@example.com";
    who.kind = "user";
    for (const std::string_view role : roles) who.grants.push_back(parse_grant(role).value());
    return who;
  }

  // Everything that submitting needs, of the tier "limited".
  static UseCaseContent content(const std::string& name = "Support assistant") {
    UseCaseContent made;
    made.name = name;
    made.owner = "owen";
    made.purpose = "Answers questions of customers about their orders.";
    made.users_affected = "Customers of the web shop.";
    made.data_classes = {"personal"};
    made.answers = {{"people", "customers"},        {"autonomy", "shown"},    {"data", "personal"},
                    {"domain", "customer_service"}, {"exposure", "partners"}, {"disclosure", "told"}};
    return made;
  }

  UseCase submitted(const std::string& slug = "support") {
    EXPECT_TRUE(use_cases_->create(slug, content(), author_.actor()));
    auto done = use_cases_->submit(slug, author_.actor());
    EXPECT_TRUE(done) << done.error().describe();
    return std::move(*done);
  }

  Result<UseCase> approve(const std::string& discipline, const std::string& slug = "support",
                          std::int64_t expires_us = 0) {
    ReviewDecision decision;
    decision.discipline = discipline;
    decision.decision = "approve";
    decision.expires_us = expires_us;
    return reviews_->decide(slug, decision, reviewer_);
  }

  UseCase approved(const std::string& slug = "support") {
    UseCase use_case = submitted(slug);
    const std::vector<std::string> disciplines = use_case.required_reviews;
    for (const std::string& discipline : disciplines) {
      auto done = approve(discipline, slug);
      EXPECT_TRUE(done) << done.error().describe();
      use_case = std::move(*done);
    }
    return use_case;
  }

  struct Entry {
    std::string action, actor, object, detail;
  };
  std::vector<Entry> audit() {
    std::vector<Entry> entries;
    const auto read = database_->read([&](soci::session& sql) -> Result<> {
      Entry entry;
      soci::statement statement =
          (sql.prepare << "SELECT action, actor_name, object, detail FROM audit_entries ORDER BY seq",
           soci::into(entry.action), soci::into(entry.actor), soci::into(entry.object),
           soci::into(entry.detail));
      statement.execute();
      while (statement.fetch()) entries.push_back(entry);
      return {};
    });
    EXPECT_TRUE(read);
    return entries;
  }
  void execute(const std::string& statement) {
    const auto done = database_->write([&](soci::session& sql) -> Result<> {
      sql << statement;
      return {};
    });
    ASSERT_TRUE(done) << done.error().describe();
  }

  TemporaryDirectory temporary_{"reg"};
  const std::filesystem::path& directory_ = temporary_.path();
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<UseCaseStore> use_cases_;
  std::unique_ptr<ReviewStore> reviews_;
  std::unique_ptr<PolicyStore> policies_;
  std::unique_ptr<KeyStore> keys_;
  const Principal author_ = person("ada", {"developer"});
  const Principal reviewer_ = person("rita", {"reviewer"});
  const Principal admin_ = person("root", {"admin"});
};

}  // namespace slipway::governance
