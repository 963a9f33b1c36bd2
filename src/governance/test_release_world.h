// SPDX-License-Identifier: Apache-2.0
// A use case with a prompt, a model and a guardrail in a real database, for the tests of releases.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>

#include "base/temporary_directory.h"
#include "catalog/asset_store.h"
#include "catalog/schema.h"
#include "governance/approvals.h"
#include "governance/deployments.h"
#include "governance/evidence.h"
#include "governance/promotions.h"
#include "governance/releases.h"
#include "governance/schema.h"
#include "store/test_database.h"

namespace slipway::governance {

class ReleaseWorld : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Database::open(store::test_database_options(directory_));
    ASSERT_TRUE(opened) << opened.error().describe();
    database_ = std::move(*opened);
    ASSERT_TRUE(migrate_governance(*database_));
    ASSERT_TRUE(catalog::migrate_catalog(*database_));
    assets_ = std::make_unique<catalog::AssetStore>(*database_);
    use_cases_ = std::make_unique<UseCaseStore>(*database_);
    policies_ = std::make_unique<PolicyStore>(*database_,
                                              std::vector<EnvironmentRule>{{"dev"}, {"preprod"}, {"prod"}});
    releases_ = std::make_unique<ReleaseStore>(*database_, *assets_, *use_cases_, kEnvironments);
    evidence_ = std::make_unique<EvidenceStore>(*database_);
    approvals_ = std::make_unique<ApprovalStore>(*database_, *releases_, *policies_, kEnvironments);
    deployments_ = std::make_unique<DeploymentStore>(*database_, kEnvironments);
    promotions_ = std::make_unique<Promotions>(*database_, *releases_, *policies_, *deployments_);
    UseCaseContent content;
    content.name = "Support";
    content.owner = "olga";
    content.purpose = "Answers <b>questions</b> | of *customers*";
    ASSERT_TRUE(use_cases_->create("support", content, actor("olga")));
    set_policy("preprod");
    set_policy("prod");
    push("support/model/main", R"({"connection": "simulated", "model": "simulated-small"})");
    push("shared/guardrail/standard", R"({"rules": [{"type": "words", "words": ["darn"]}]})");
    push("support/prompt/answer", prompt("Be kind and brief."));
  }

  static Actor actor(const std::string& name) { return {"usr_" + name, name, "user"}; }
  static Principal person(const std::string& name, std::vector<std::string> grants) {
    Principal who;
    who.id = "usr_" + name;
    who.name = name;
    who.email = name + "@example.org";
    who.kind = "user";
    for (const std::string& grant : grants) who.grants.push_back(*parse_grant(grant));
    return who;
  }
  static std::string prompt(const std::string& system, const std::string& more = {}) {
    return R"({"model": "main", "guardrails": ["shared/guardrail/standard"], "messages": [{"role": "system", "content": )" +
           json::serialize(json::value(system)) + R"(}])" + more + "}";
  }
  void push(const std::string& name, const std::string& content, const std::string& author = "dora") {
    const auto pushed = assets_->push(
        {"usr_" + author, author, "user"},
        {{*catalog::AssetName::parse(name), json::parse(content).as_object(), std::nullopt}}, "a change");
    ASSERT_TRUE(pushed) << pushed.error().describe();
    for (const catalog::Problem& problem : pushed->problems)
      ADD_FAILURE() << problem.asset << problem.path << problem.message;
  }
  // A release that differs from all before.
  std::int64_t cut(const std::string& by = "rita") {
    push("support/prompt/answer", prompt("Be kind and brief. Version " + std::to_string(++variety_)));
    const auto made = releases_->cut({"support", "next", "", "", {}}, actor(by));
    EXPECT_TRUE(made) << made.error().describe();
    return made ? made->release.number : 0;
  }
  // Environments in any order, unless the test says otherwise.
  void set_policy(const std::string& environment, const std::string& content = "{}") {
    json::object rules = json::parse(content).as_object();
    rules.emplace("require_previous_environment", false);
    const auto set = policies_->set("shared", environment, rules, actor("paul"));
    ASSERT_TRUE(set) << set.error().describe();
  }
  Result<PromotionResult> promote(const std::string& environment, std::int64_t release,
                                  DeployOrder order = {},
                                  const Principal& who = person("petra", {"platform"})) {
    order.release = release;
    return promotions_->promote({"support", environment, order}, who);
  }
  Deployment deployment(const std::string& environment) {
    const auto found = deployments_->get("support", environment);
    EXPECT_TRUE(found) << found.error().describe();
    return found ? *found : Deployment{};
  }
  std::vector<std::string> audited(const std::string& environment = {}) {
    std::vector<std::string> actions;
    const auto read = database_->read([&](soci::session& sql) -> Result<> {
      std::string action;
      std::string where;
      soci::statement statement =
          (sql.prepare << "SELECT action, environment FROM audit_entries ORDER BY seq", soci::into(action),
           soci::into(where));
      statement.execute();
      while (statement.fetch())
        if (environment.empty() || where == environment) actions.push_back(action);
      return {};
    });
    EXPECT_TRUE(read);
    return actions;
  }

  inline static const std::vector<std::string> kEnvironments = {"dev", "preprod", "prod"};
  TemporaryDirectory temporary_{"rel"};
  const std::filesystem::path& directory_ = temporary_.path();
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<catalog::AssetStore> assets_;
  std::unique_ptr<UseCaseStore> use_cases_;
  std::unique_ptr<PolicyStore> policies_;
  std::unique_ptr<ReleaseStore> releases_;
  std::unique_ptr<EvidenceStore> evidence_;
  std::unique_ptr<ApprovalStore> approvals_;
  std::unique_ptr<DeploymentStore> deployments_;
  std::unique_ptr<Promotions> promotions_;
  int variety_ = 0;
};

}  // namespace slipway::governance
