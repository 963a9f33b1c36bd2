// SPDX-License-Identifier: Apache-2.0
#include "governance/policies.h"

#include <rapidcheck.h>

#include "base/text.h"
#include "governance/test_registry.h"

namespace slipway::governance {
namespace {

class PoliciesTest : public RegistryTest {
 protected:
  void SetUp() override {
    RegistryTest::SetUp();
    ASSERT_TRUE(use_cases_->create("support", content(), author_.actor()));
  }
  Result<StoredPolicy> set(std::string_view owner, std::string_view content) {
    return policies_->set(owner, "prod", parse_json(content)->as_object(), admin_.actor());
  }
};

TEST_F(PoliciesTest, DefaultsFollowTheEnvironments) {
  const auto prod = policies_->effective("support", "prod");
  ASSERT_TRUE(prod) << prod.error().describe();
  EXPECT_TRUE(prod->policy.require_approved_use_case);
  EXPECT_TRUE(prod->policy.require_previous_environment);
  EXPECT_EQ(prod->policy.approvals.at("approver"), 1);
  EXPECT_EQ(prod->origins.at("approvals"), "default");
  EXPECT_EQ(prod->origins.size(), 9u);
  const auto dev = policies_->effective("support", "dev");
  EXPECT_FALSE(dev->policy.require_previous_environment) << "there is none before it";
  EXPECT_TRUE(dev->policy.approvals.empty());
  EXPECT_EQ(policies_->get("shared", "prod")->version, 0);
  EXPECT_EQ(policies_->effective("support", "prd").error().hint, "Did you mean 'prod'?");
  EXPECT_EQ(policies_->effective("nobody", "prod").error().code, ErrorCode::kNotFound);
}

TEST_F(PoliciesTest, SharedReplacesTheDefaultAndAUseCaseTightens) {
  ASSERT_TRUE(set("shared", R"({"approvals": [{"role": "approver", "count": 2}], "author_may_approve": true,
                                "evidence_max_age_hours": 48, "gates": ["shared/evaluation/safety"]})"));
  ASSERT_TRUE(set("support", R"({"gates": ["support/evaluation/golden", "shared/evaluation/safety"],
                                 "evidence_max_age_hours": 24, "author_may_approve": true})"));
  const auto effective = policies_->effective("support", "prod");
  EXPECT_EQ(effective->policy.gates.size(), 2u);
  EXPECT_EQ(effective->policy.evidence_max_age_hours, 24);
  EXPECT_EQ(effective->policy.approvals.at("approver"), 2);
  EXPECT_EQ(effective->origins.at("gates"), "support");
  EXPECT_EQ(effective->origins.at("approvals"), "shared");
  EXPECT_EQ(effective->origins.at("author_may_approve"), "shared") << "the use case says the same";
  EXPECT_EQ(effective->origins.at("strategies"), "default");
  // What is tightened for all later holds for those who have said something before.
  ASSERT_TRUE(set("shared", R"({"gates": ["shared/evaluation/fairness"], "evidence_max_age_hours": 12})"));
  const auto later = policies_->effective("support", "prod");
  EXPECT_EQ(later->policy.gates.size(), 3u);
  EXPECT_EQ(later->policy.evidence_max_age_hours, 12);
  EXPECT_EQ(policies_->effective("shared", "prod")->policy.gates.size(), 1u);
}

TEST_F(PoliciesTest, LooseningIsRefusedWithTheRuleAndBothValues) {
  ASSERT_TRUE(set("shared", R"({"gates": ["shared/evaluation/safety"], "strategies": ["canary"],
                                "approvals": [{"role": "approver", "count": 2}], "author_may_approve": false,
                                "evidence_max_age_hours": 48, "require_previous_environment": true,
                                "emergency": {"allowed": false}})"));
  const std::pair<std::string_view, std::string_view> loosenings[] = {
      {"require_approved_use_case", R"({"require_approved_use_case": false})"},
      {"gates", R"({"gates": []})"},
      {"gates", R"({"gates": ["support/evaluation/golden"]})"},
      {"approvals", R"({"approvals": [{"role": "approver", "count": 1}]})"},
      {"approvals", R"({"approvals": [{"role": "platform", "count": 3}]})"},
      {"author_may_approve", R"({"author_may_approve": true})"},
      {"evidence_max_age_hours", R"({"evidence_max_age_hours": 49})"},
      {"evidence_max_age_hours", R"({"evidence_max_age_hours": null})"},
      {"strategies", R"({"strategies": ["canary", "all"]})"},
      {"require_previous_environment", R"({"require_previous_environment": false})"},
      {"emergency", R"({"emergency": {"allowed": true, "roles": ["admin"]}})"},
  };
  for (const auto& [rule, content] : loosenings) {
    const auto refused = set("support", content);
    ASSERT_FALSE(refused) << content;
    EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
    EXPECT_EQ(refused.error().where, rule);
    EXPECT_TRUE(refused.error().message.starts_with("the rule " + std::string(rule)))
        << refused.error().message;
  }
  const auto told = set("support", R"({"evidence_max_age_hours": 49})").error().message;
  EXPECT_NE(told.find("48"), std::string::npos) << told;
  EXPECT_NE(told.find("49"), std::string::npos) << told;
  EXPECT_EQ(policies_->get("support", "prod")->version, 0);
  EXPECT_TRUE(set("support",
                  R"({"approvals": [{"role": "approver", "count": 2}, {"role": "platform", "count": 1}]})"));
}

TEST_F(PoliciesTest, FreezesAddUp) {
  ASSERT_TRUE(set("shared", R"({"freeze": [{"from": "2026-12-20T00:00:00Z", "until": "2027-01-03T00:00:00Z",
                                            "reason": "Holidays"}]})"));
  ASSERT_TRUE(set("support", R"({"freeze": [{"from": "2026-11-27T00:00:00Z", "until": "2026-11-30T00:00:00Z",
                                             "reason": "Sale"}]})"));
  const Policy policy = policies_->effective("support", "prod")->policy;
  EXPECT_EQ(policy.freeze.size(), 2u);
  EXPECT_EQ(policy.frozen(*parse_time_us("2026-12-24T12:00:00Z"))->reason, "Holidays");
  EXPECT_EQ(policy.frozen(*parse_time_us("2026-11-27T00:00:00Z"))->reason, "Sale");
  EXPECT_EQ(policy.frozen(*parse_time_us("2026-11-30T00:00:00Z")), nullptr) << "the end is outside";
}

TEST_F(PoliciesTest, BadRulesAreNamed) {
  const std::pair<std::string_view, std::string_view> bad[] = {
      {"gate", R"({"gate": []})"},
      {"gates[0]", R"({"gates": ["safety"]})"},
      {"gates[1]", R"({"gates": ["shared/evaluation/x", "other/evaluation/x"]})"},
      {"approvals[0].cuont", R"({"approvals": [{"role": "approver", "cuont": 1}]})"},
      {"emergency.alowed", R"({"emergency": {"alowed": true}})"},
      {"emergency.roles[1]", R"({"emergency": {"allowed": true, "roles": ["admin", "chief"]}})"},
      {"approvals[0].role", R"({"approvals": [{"role": "aprover", "count": 1}]})"},
      {"approvals[0].count", R"({"approvals": [{"role": "approver", "count": 21}]})"},
      {"freeze[0].from", R"({"freeze": [{"from": "soon", "until": "2027-01-03T00:00:00Z", "reason": "r"}]})"},
      {"freeze[0].until",
       R"({"freeze": [{"from": "2027-01-03T00:00:00Z", "until": "2026-01-03T00:00:00Z", "reason": "r"}]})"},
      {"strategies[0]", R"({"strategies": ["blue"]})"},
      {"strategies", R"({"strategies": []})"},
      {"evidence_max_age_hours", R"({"evidence_max_age_hours": 0})"},
      {"emergency.allowed", R"({"emergency": {"roles": ["admin"]}})"},
      {"emergency.roles", R"({"emergency": {"allowed": true}})"},
      {"author_may_approve", R"({"author_may_approve": "no"})"},
  };
  for (const auto& [where, content] : bad) {
    const auto refused = set("support", content);
    ASSERT_FALSE(refused) << content;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument) << content;
    EXPECT_EQ(refused.error().where, where) << content;
  }
}

TEST_F(PoliciesTest, AStoredGateOfAUseCaseStaysInForce) {
  // Whoever reads a stored policy again does not know whose it is.
  const json::object content{{"gates", json::array{"support/evaluation/golden"}}};
  EXPECT_EQ(replace_rules({}, content).gates, std::vector<std::string>{"support/evaluation/golden"});
  EXPECT_EQ(policy_json(replace_rules({}, content)).at("gates"), content.at("gates"));
}

TEST_F(PoliciesTest, VersionsAreKeptAndTheSameAgainIsNone) {
  EXPECT_EQ(set("shared", R"({"evidence_max_age_hours": 48})")->version, 1);
  EXPECT_EQ(set("shared", R"({"evidence_max_age_hours": 48})")->version, 1);
  EXPECT_EQ(set("shared", R"({"evidence_max_age_hours": 24})")->version, 2);
  const auto versions = policies_->history("shared", "prod");
  ASSERT_EQ(versions->size(), 2u);
  EXPECT_EQ(versions->at(1).content.at("evidence_max_age_hours").as_int64(), 48);
  EXPECT_EQ(audit().back().action, "policy.set");
  EXPECT_EQ(audit().back().object, "shared/prod");
  EXPECT_EQ(audit().back().actor, "root");
}

Policy arbitrary_policy() {
  const auto some = [](std::vector<std::string> of) {
    std::vector<std::string> out;
    for (std::string& one : of)
      if (*rc::gen::arbitrary<bool>()) out.push_back(std::move(one));
    return out;
  };
  Policy policy;
  policy.require_approved_use_case = *rc::gen::arbitrary<bool>();
  policy.gates = some({"shared/evaluation/a", "shared/evaluation/b"});
  for (const std::string& role : some({"approver", "platform"}))
    policy.approvals[role] = *rc::gen::inRange<std::int64_t>(1, 4);
  policy.author_may_approve = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) policy.evidence_max_age_hours = *rc::gen::inRange<std::int64_t>(1, 9);
  for (const std::string& window : some({"1", "2"})) policy.freeze.push_back({1, 2, window});
  policy.strategies = some({"all", "blue_green", "canary"});
  policy.require_previous_environment = *rc::gen::arbitrary<bool>();
  policy.emergency = {*rc::gen::arbitrary<bool>(), some({"admin", "platform"})};
  return policy;
}

// What makes "tighter" an order: without these, a use case could loosen by detours.
TEST(PolicyOrder, TheTightestOfTwoIsAMeet) {
  EXPECT_TRUE(rc::check([] {
    const Policy a = arbitrary_policy();
    const Policy b = arbitrary_policy();
    const Policy c = arbitrary_policy();
    RC_ASSERT(tightest(a, a) == a);
    RC_ASSERT(tightest(a, b) == tightest(b, a));
    RC_ASSERT(tightest(a, tightest(b, c)) == tightest(tightest(a, b), c));
    RC_ASSERT(tightest(a, tightest(a, b)) == tightest(a, b));
  }));
}

}  // namespace
}  // namespace slipway::governance
