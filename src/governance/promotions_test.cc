// SPDX-License-Identifier: Apache-2.0
#include "governance/promotions.h"

#include <algorithm>
#include <barrier>
#include <thread>

#include "base/clock.h"
#include "base/text.h"
#include "governance/test_release_world.h"

namespace slipway::governance {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;

class PromotionsTest : public ReleaseWorld {
 protected:
  // The answer to one rule: "ok", "no", or "-" where it was not asked.
  std::string rule(const std::string& environment, std::int64_t release, const std::string& name,
                   DeployOrder order = {}, const Principal& who = person("petra", {"platform"})) {
    order.release = release;
    const auto result = promotions_->preview({"support", environment, order}, who);
    EXPECT_TRUE(result) << result.error().describe();
    if (!result) return "failed";
    allowed_ = result->answer.allowed;
    const auto found = std::ranges::find(result->answer.checks, name, &PromotionCheck::name);
    if (found == result->answer.checks.end()) return "-";
    detail_ = found->detail;
    return found->ok ? "ok" : "no";
  }
  Result<Evidence> attach(std::int64_t number, Verdict result, std::int64_t age_us = 0, char run = 'a',
                          const std::string& name = "shared/evaluation/safety") {
    const auto release = releases_->get("support", number);
    Evidence evidence;
    evidence.name = name;
    evidence.digest = "sha256:" + std::string(64, run);
    evidence.subject = release->digest;
    evidence.result = result;
    evidence.produced_us = unix_now_us() - age_us;
    return evidence_->attach(*release, evidence, actor("ci"));
  }
  Result<> approve(std::int64_t number, const Principal& who, const std::string& decision = "approve") {
    return approvals_->decide("support", number, "prod", decision, decision == "reject" ? "no good" : "",
                              who);
  }
  bool allowed_ = false;
  std::string detail_;
};

TEST_F(PromotionsTest, WithoutEvidenceTheAnswerIsNo) {
  set_policy("prod", R"({"gates": ["shared/evaluation/safety"], "evidence_max_age_hours": 24})");
  ASSERT_EQ(cut(), 1);
  EXPECT_EQ(rule("prod", 1, "gate shared/evaluation/safety"), "no");
  EXPECT_FALSE(allowed_);
  EXPECT_EQ(promote("prod", 1).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(attach(1, Verdict::kPass, 25 * kHourUs, 'a'));
  EXPECT_EQ(rule("prod", 1, "gate shared/evaluation/safety"), "no");
  EXPECT_EQ(detail_, "The evidence is 25 hours old, at most 24 are allowed: run it again.");
  ASSERT_TRUE(attach(1, Verdict::kPass, 2 * kHourUs, 'b'));
  EXPECT_EQ(rule("prod", 1, "gate shared/evaluation/safety"), "ok");
  EXPECT_TRUE(allowed_);
  // The newest decides; inconclusive and error are no passes.
  for (const auto& [verdict, run] :
       {std::pair{Verdict::kInconclusive, 'c'}, {Verdict::kError, 'd'}, {Verdict::kFail, 'e'}}) {
    ASSERT_TRUE(attach(1, verdict, 0, run));
    EXPECT_EQ(rule("prod", 1, "gate shared/evaluation/safety"), "no") << to_string(verdict);
  }
  ASSERT_TRUE(attach(1, Verdict::kPass, 0, 'f'));
  const auto done = promote("prod", 1);
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_TRUE(done->changed);
  EXPECT_EQ(deployment("prod").active, 1);
  // The next release has none of it.
  ASSERT_EQ(cut(), 2);
  EXPECT_EQ(rule("prod", 2, "gate shared/evaluation/safety"), "no");
}

TEST_F(PromotionsTest, ForeignEvidenceIsRefused) {
  ASSERT_EQ(cut(), 1);
  ASSERT_EQ(cut(), 2);
  Evidence evidence;
  evidence.name = "shared/evaluation/safety";
  evidence.digest = "sha256:" + std::string(64, 'a');
  evidence.subject = releases_->get("support", 1)->digest;
  evidence.result = Verdict::kPass;
  const auto second = *releases_->get("support", 2);
  EXPECT_EQ(evidence_->attach(second, evidence, actor("ci")).error().code, ErrorCode::kConflict);
  evidence.subject = second.digest;
  ASSERT_TRUE(evidence_->attach(second, evidence, actor("ci")));
  // The same run again changes nothing; the same run with another result is refused.
  ASSERT_TRUE(evidence_->attach(second, evidence, actor("ci")));
  EXPECT_EQ(evidence_->about(second)->size(), 1u);
  evidence.result = Verdict::kFail;
  EXPECT_EQ(evidence_->attach(second, evidence, actor("ci")).error().code, ErrorCode::kConflict);
  const auto where = [&](auto change) {
    Evidence wrong = evidence;
    change(wrong);
    const auto attached = evidence_->attach(second, wrong, actor("ci"));
    return attached ? std::string("accepted") : attached.error().where;
  };
  EXPECT_EQ(where([](Evidence& e) { e.name = "support/prompt/answer"; }), "name");
  EXPECT_EQ(where([](Evidence& e) { e.name = "other/evaluation/x"; }), "name");
  EXPECT_EQ(where([](Evidence& e) { e.digest = "sha256:12"; }), "digest");
  EXPECT_EQ(where([](Evidence& e) { e.produced_us = unix_now_us() + kHourUs; }), "produced_at");
  EXPECT_EQ(where([](Evidence& e) { e.url = "javascript:alert(1)"; }), "url");
}

TEST_F(PromotionsTest, EvidenceOfAClockThatWasWrongIsStale) {
  const std::int64_t now_us = unix_now_us();
  Evidence evidence;
  evidence.produced_us = now_us - 2 * kHourUs;
  EXPECT_FALSE(evidence.stale(3, now_us));
  EXPECT_TRUE(evidence.stale(1, now_us));
  EXPECT_FALSE(evidence.stale(std::nullopt, now_us));
  // The clock was a day ahead and has been set back: nobody knows how old this is.
  evidence.produced_us = now_us + 24 * kHourUs;
  EXPECT_TRUE(evidence.stale(3, now_us));
  EXPECT_FALSE(evidence.stale(3, now_us + 25 * kHourUs));
}

TEST_F(PromotionsTest, NobodyApprovesWhatTheyWrote) {
  set_policy("prod", R"({"approvals": [{"role": "approver", "count": 2}]})");
  ASSERT_EQ(cut("rita"), 1);
  // rita cut it, dora wrote the prompt.
  EXPECT_EQ(approve(1, person("rita", {"approver"})).error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(approve(1, person("dora", {"approver"})).error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(approve(1, person("vera", {"viewer"})).error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(approve(1, person("anna", {"approver/dev"})).error().code, ErrorCode::kPermissionDenied);
  ASSERT_TRUE(approve(1, person("anna", {"approver"})));
  ASSERT_TRUE(approve(1, person("anna", {"approver"})));  // still one vote
  EXPECT_EQ(rule("prod", 1, "approvals approver"), "no");
  EXPECT_EQ(detail_, "1 of 2 approvals.");
  ASSERT_TRUE(approve(1, person("bert", {"approver@support/prod"})));
  EXPECT_EQ(rule("prod", 1, "approvals approver"), "ok");
  EXPECT_TRUE(allowed_);
  ASSERT_TRUE(approve(1, person("cora", {"approver"}), "reject"));
  EXPECT_EQ(rule("prod", 1, "rejection"), "no");
  EXPECT_FALSE(allowed_);
  ASSERT_TRUE(approve(1, person("cora", {"approver"})));
  ASSERT_TRUE(promote("prod", 1));
  // What dora wrote runs there now, so a release that changes something else is not hers.
  push("support/model/main", R"({"connection": "simulated", "model": "simulated-large"})", "max");
  ASSERT_EQ(releases_->cut({"support", "", "", "", {}}, actor("rita"))->release.number, 2);
  EXPECT_TRUE(approve(2, person("dora", {"approver"})));
  EXPECT_FALSE(approve(2, person("max", {"approver"})));
  set_policy("prod", R"({"approvals": [{"role": "approver", "count": 2}], "author_may_approve": true})");
  EXPECT_TRUE(approve(2, person("max", {"approver"})));
  EXPECT_EQ(rule("prod", 2, "approvals approver"), "ok");
  set_policy("prod", R"({"approvals": [{"role": "approver", "count": 2}], "author_may_approve": false})");
  EXPECT_EQ(rule("prod", 2, "approvals approver"), "no") << "an author's vote no longer counts";
}

TEST_F(PromotionsTest, APersonFillsOnePlaceOnly) {
  Policy policy;
  policy.approvals = {{"approver", 1}, {"reviewer", 1}};
  const auto vote = [](const std::string& name, std::vector<std::string> roles) {
    ReleaseApproval approval;
    approval.decision = "approve";
    approval.by_id = approval.by = name;
    approval.roles = std::move(roles);
    return approval;
  };
  const auto counted = [&](const std::vector<ReleaseApproval>& votes) {
    const auto counts = count_approvals(votes, {}, policy);
    return std::pair{counts.at("approver"), counts.at("reviewer")};
  };
  EXPECT_EQ(counted({vote("a", {"approver", "reviewer"})}), (std::pair<std::int64_t, std::int64_t>{1, 0}));
  // The first would take the place that only the second can fill.
  EXPECT_EQ(counted({vote("a", {"approver", "reviewer"}), vote("b", {"approver"})}),
            (std::pair<std::int64_t, std::int64_t>{1, 1}));
  EXPECT_EQ(counted({vote("a", {"approver"}), vote("b", {"approver"})}),
            (std::pair<std::int64_t, std::int64_t>{1, 0}));
  EXPECT_EQ(counted({vote("a", {"admin"}), vote("b", {"reviewer"})}),
            (std::pair<std::int64_t, std::int64_t>{1, 1}));
}

TEST_F(PromotionsTest, TheEnvironmentsComeInOrder) {
  set_policy("preprod", R"({"require_previous_environment": true})");
  ASSERT_EQ(cut(), 1);
  ASSERT_EQ(cut(), 2);
  EXPECT_EQ(rule("preprod", 1, "previous_environment"), "no");
  ASSERT_TRUE(promote("dev", 2));
  EXPECT_EQ(rule("preprod", 1, "previous_environment"), "no");
  EXPECT_EQ(detail_, "dev runs release 2, not 1.");
  EXPECT_EQ(rule("preprod", 2, "previous_environment"), "ok");
  EXPECT_EQ(rule("dev", 2, "previous_environment"), "-");
}

TEST_F(PromotionsTest, FreezesAndTheEmergencyPath) {
  const std::string from = format_time_us(unix_now_us() - kHourUs);
  const std::string until = format_time_us(unix_now_us() + kHourUs);
  set_policy("prod",
             R"({"require_approved_use_case": true, "freeze": [{"from": ")" + from + R"(", "until": ")" +
                 until +
                 R"(", "reason": "Christmas"}], "emergency": {"allowed": true, "roles": ["platform"]}})");
  ASSERT_EQ(cut(), 1);
  EXPECT_EQ(rule("prod", 1, "freeze"), "no");
  EXPECT_EQ(rule("prod", 1, "use_case"), "no");
  DeployOrder order;
  order.emergency = "The old one leaks data";
  EXPECT_EQ(rule("prod", 1, "emergency", order, person("dora", {"developer"})), "no");
  EXPECT_FALSE(allowed_);
  EXPECT_EQ(rule("prod", 1, "emergency", order), "ok");
  EXPECT_TRUE(allowed_);
  const auto done = promote("prod", 1, order);
  ASSERT_TRUE(done) << done.error().describe();
  const auto history = deployments_->history("support", "prod", "", 10);
  EXPECT_TRUE(history->items.front().emergency);
  EXPECT_EQ(history->items.front().detail, "The old one leaks data");
  EXPECT_EQ(audited("prod").back(), "deployment.emergency_promote");
  // Not even then over a rollout that is under way.
  set_policy("prod", R"({"emergency": {"allowed": true, "roles": ["platform"]}})");
  ASSERT_EQ(cut(), 2);
  ASSERT_EQ(cut(), 3);
  DeployOrder canary;
  canary.mode = DeployMode::kCanary;
  ASSERT_TRUE(promote("prod", 2, canary));
  EXPECT_EQ(rule("prod", 3, "rollout", order), "no");
  EXPECT_FALSE(allowed_);
}

TEST_F(PromotionsTest, PromotingWhatRunsChangesNothing) {
  ASSERT_EQ(cut(), 1);
  ASSERT_TRUE(promote("dev", 1));
  const auto again = promote("dev", 1);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->answer.allowed);
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(deployments_->history("support", "dev", "", 10)->items.size(), 1u);
  EXPECT_EQ(promote("nowhere", 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(promote("dev", 9).error().code, ErrorCode::kNotFound);
}

TEST_F(PromotionsTest, OfTwoAtOnceOneWinsAndTheOtherIsTold) {
  constexpr int kRounds = 20;
  for (int i = 0; i < 3; ++i) cut();
  for (int round = 0; round < kRounds; ++round) {
    const std::int64_t running = deployment("dev").active;
    std::barrier start(2);
    std::vector<Result<PromotionResult>> results(2, fail(ErrorCode::kInternal, "not run"));
    std::vector<std::thread> threads;
    std::vector<std::int64_t> wanted;
    for (const std::int64_t release : {1, 2, 3})
      if (release != running && wanted.size() < 2) wanted.push_back(release);
    for (std::size_t i = 0; i < 2; ++i)
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        results[i] = promote("dev", wanted[i]);
      });
    for (std::thread& thread : threads) thread.join();
    const int won = (results[0] ? 1 : 0) + (results[1] ? 1 : 0);
    ASSERT_GE(won, 1);
    for (const auto& result : results) {
      if (!result) {
        EXPECT_EQ(result.error().code, ErrorCode::kConflict) << result.error().describe();
        EXPECT_NE(result.error().message.find("by somebody else"), std::string::npos);
      }
    }
  }
  // Every event starts where the one before ended.
  const auto history = deployments_->history("support", "dev", "", 100);
  std::int64_t next = deployment("dev").active;
  for (const DeploymentEvent& event : history->items) {
    EXPECT_EQ(event.release, next);
    next = event.from_release;
  }
  EXPECT_EQ(next, 0);
}

TEST_F(PromotionsTest, TheQueueOfApprovals) {
  set_policy("prod",
             R"({"approvals": [{"role": "approver", "count": 1}], "require_previous_environment": true})");
  ASSERT_EQ(cut("rita"), 1);
  const Principal anna = person("anna", {"approver"});
  EXPECT_TRUE(approvals_->pending(anna, true)->empty()) << "it is not in preprod yet";
  ASSERT_TRUE(promote("dev", 1));
  ASSERT_TRUE(promote("preprod", 1));
  const auto waiting = approvals_->pending(anna, true);
  ASSERT_TRUE(waiting) << waiting.error().describe();
  ASSERT_EQ(waiting->size(), 1u);
  EXPECT_EQ(waiting->front().type, "release_approval");
  EXPECT_EQ(waiting->front().release, 1);
  EXPECT_EQ(waiting->front().environment, "prod");
  const Principal dora = person("dora", {"approver"});
  EXPECT_TRUE(approvals_->pending(dora, true)->empty());
  EXPECT_FALSE(approvals_->pending(dora, false)->front().why_not.empty());
  EXPECT_TRUE(approvals_->pending(person("eve", {"approver@other"}), false)->empty()) << "not hers to see";
  ASSERT_TRUE(approve(1, anna));
  EXPECT_TRUE(approvals_->pending(anna, false)->empty());
}

TEST_F(PromotionsTest, MayAnswersForEveryEnvironment) {
  set_policy("prod", R"({"strategies": ["canary"], "gates": ["shared/evaluation/safety"]})");
  ASSERT_EQ(cut(), 1);
  const auto answers = promotions_->may(*releases_->get("support", 1), person("petra", {"platform"}));
  ASSERT_TRUE(answers) << answers.error().describe();
  ASSERT_EQ(answers->size(), 3u);
  EXPECT_TRUE(answers->at(0).second.allowed);
  EXPECT_FALSE(answers->at(2).second.allowed);
}

}  // namespace
}  // namespace slipway::governance
