// SPDX-License-Identifier: Apache-2.0
#include "governance/deployments.h"

#include "base/clock.h"
#include "governance/rollout_controller.h"
#include "governance/test_release_world.h"

namespace slipway::governance {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

class Deployments : public ReleaseWorld {
 protected:
  void SetUp() override {
    ReleaseWorld::SetUp();
    for (int i = 0; i < 4; ++i) cut();
  }
  Result<Deployment> act(const std::string& action) {
    return deployments_->act("support", "dev", action, "", actor("petra"));
  }
  Result<Deployment> back(std::int64_t to = 0) {
    return deployments_->roll_back("support", "dev", to, "it was worse", actor("petra"));
  }
  DeployOrder canary(const std::string& plan = "{}") {
    DeployOrder order;
    order.mode = DeployMode::kCanary;
    order.plan = *read_canary_plan(json::parse(plan).as_object(), "canary");
    return order;
  }
  // Active, standby, candidate, previous.
  std::vector<std::int64_t> pointers() {
    const Deployment now = deployment("dev");
    return {now.active, now.standby, now.candidate, now.previous};
  }
  using P = std::vector<std::int64_t>;
};

TEST_F(Deployments, BackToWhatRanBefore) {
  EXPECT_EQ(back().error().code, ErrorCode::kConflict);
  ASSERT_TRUE(promote("dev", 1));
  EXPECT_EQ(back().error().message, "nothing ran in dev before release 1");
  ASSERT_TRUE(promote("dev", 2));
  ASSERT_TRUE(promote("dev", 3));
  EXPECT_EQ(pointers(), (P{3, 0, 0, 2}));
  ASSERT_TRUE(back());
  EXPECT_EQ(pointers(), (P{2, 0, 0, 1})) << "and not forward to 3 the next time";
  ASSERT_TRUE(back());
  EXPECT_EQ(pointers(), (P{1, 0, 0, 0}));
  EXPECT_FALSE(back());
  ASSERT_TRUE(back(3)) << "to any that ran here";
  EXPECT_EQ(pointers(), (P{3, 0, 0, 2}));
  EXPECT_EQ(back(4).error().message, "release 4 never ran in dev");
  EXPECT_EQ(back(3).error().message, "release 3 is what runs in dev");
  EXPECT_EQ(deployments_->roll_back("support", "dev", 0, " ", actor("petra")).error().where, "reason");
  const auto history = deployments_->history("support", "dev", "", 100);
  EXPECT_EQ(history->items.front().action, "rollback");
  EXPECT_EQ(history->items.front().detail, "it was worse");
  EXPECT_EQ(audited("dev").back(), "deployment.rollback");
}

TEST_F(Deployments, WhatRunsIsToldForAStretchOfUseCases) {
  EXPECT_TRUE(deployments_->running("a", "z")->empty());
  ASSERT_TRUE(promote("dev", 2));
  const auto found = deployments_->running("support", "support");
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().environment, "dev");
  EXPECT_EQ(found->front().active, 2);
  EXPECT_TRUE(deployments_->running("supporu", "z")->empty());
  EXPECT_TRUE(deployments_->running("a", "supporo")->empty());
}

TEST_F(Deployments, BlueGreenSwitchesBothWays) {
  DeployOrder order;
  order.mode = DeployMode::kBlueGreen;
  EXPECT_FALSE(promote("dev", 2, order)) << "nothing to be green beside";
  ASSERT_TRUE(promote("dev", 1));
  ASSERT_TRUE(promote("dev", 2, order));
  EXPECT_EQ(pointers(), (P{1, 2, 0, 0}));
  EXPECT_FALSE(act("finish"));
  EXPECT_FALSE(act("step"));
  ASSERT_TRUE(act("switch"));
  EXPECT_EQ(pointers(), (P{2, 1, 0, 1}));
  ASSERT_TRUE(act("switch"));
  EXPECT_EQ(pointers(), (P{1, 2, 0, 0}));
  ASSERT_TRUE(act("switch"));
  ASSERT_TRUE(act("finish"));
  EXPECT_EQ(pointers(), (P{2, 0, 0, 1}));
  EXPECT_EQ(deployment("dev").rollout->state, RolloutState::kFinished);
  // Called off before and after the switch.
  ASSERT_TRUE(promote("dev", 3, order));
  ASSERT_TRUE(act("abort"));
  EXPECT_EQ(pointers(), (P{2, 0, 0, 1}));
  ASSERT_TRUE(promote("dev", 3, order));
  ASSERT_TRUE(act("switch"));
  ASSERT_TRUE(back());
  EXPECT_EQ(pointers(), (P{2, 0, 0, 1}));
  EXPECT_EQ(deployment("dev").rollout->state, RolloutState::kRolledBack);
}

TEST_F(Deployments, ACanaryTakesItsSteps) {
  ASSERT_TRUE(promote("dev", 1));
  ASSERT_TRUE(promote("dev", 2, canary()));
  EXPECT_EQ(pointers(), (P{1, 0, 2, 0}));
  EXPECT_EQ(deployment("dev").candidate_basis_points, 500u);
  const std::string salt = deployment("dev").salt;
  EXPECT_FALSE(salt.empty());
  EXPECT_FALSE(promote("dev", 3)) << "one at a time";
  ASSERT_TRUE(act("step"));
  EXPECT_EQ(deployment("dev").candidate_basis_points, 2'500u);
  EXPECT_EQ(deployment("dev").salt, salt) << "who had the candidate keeps it";
  ASSERT_TRUE(act("pause"));
  EXPECT_FALSE(act("pause"));
  ASSERT_TRUE(act("resume"));
  ASSERT_TRUE(act("step"));
  ASSERT_TRUE(act("step"));  // the last one finishes
  EXPECT_EQ(pointers(), (P{2, 0, 0, 1}));
  EXPECT_FALSE(act("step"));
  ASSERT_TRUE(promote("dev", 3, canary()));
  EXPECT_NE(deployment("dev").salt, salt);
  const auto live = deployments_->load_live();
  ASSERT_TRUE(live);
  ASSERT_EQ(live->deployments.size(), 1u);
  EXPECT_EQ(live->deployments.front().candidate, 3);
  ASSERT_TRUE(back());
  EXPECT_EQ(pointers(), (P{2, 0, 0, 1})) << "a rollback calls off what is under way";
  EXPECT_EQ(deployment("dev").candidate_basis_points, 0u);
}

TEST_F(Deployments, AChangeIsWholeOrNotAtAll) {
  ASSERT_TRUE(promote("dev", 1));
  const std::size_t entries = audited().size();
  // The audit entry can't be written: neither the pointer nor the history may move.
  ASSERT_TRUE(database_->write([](soci::session& sql) -> Result<> {
    sql << "ALTER TABLE audit_entries RENAME TO audit_entries_gone";
    return {};
  }));
  EXPECT_FALSE(promote("dev", 2));
  EXPECT_FALSE(promote("dev", 2, canary()));
  ASSERT_TRUE(database_->write([](soci::session& sql) -> Result<> {
    sql << "ALTER TABLE audit_entries_gone RENAME TO audit_entries";
    return {};
  }));
  EXPECT_EQ(pointers(), (P{1, 0, 0, 0}));
  EXPECT_EQ(deployments_->history("support", "dev", "", 10)->items.size(), 1u);
  EXPECT_TRUE(deployments_->open_rollouts()->empty());
  EXPECT_EQ(audited().size(), entries);
}

TEST_F(Deployments, WhatHasChangedIsLoadedAlone) {
  ASSERT_TRUE(promote("dev", 1));
  ASSERT_TRUE(promote("prod", 1));
  const auto all = deployments_->load_live();
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->everything);
  EXPECT_EQ(all->deployments.size(), 2u);
  const auto nothing = deployments_->load_live(all->mark);
  EXPECT_FALSE(nothing->everything);
  EXPECT_TRUE(nothing->deployments.empty());
  ASSERT_TRUE(promote("dev", 2));
  const auto one = deployments_->load_live(all->mark);
  ASSERT_EQ(one->deployments.size(), 1u);
  EXPECT_EQ(one->deployments[0].environment, "dev");
  EXPECT_EQ(one->deployments[0].active, 2);
  EXPECT_GT(one->mark, all->mark);
  // A database that was put back does not know the mark.
  const auto again = deployments_->load_live(one->mark + 5);
  EXPECT_TRUE(again->everything);
  EXPECT_EQ(again->deployments.size(), 2u);
}

TEST_F(Deployments, ListsEveryEnvironmentInOrder) {
  ASSERT_TRUE(promote("preprod", 2));
  const auto all = deployments_->list("support");
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ(all->at(0).active, 0);
  EXPECT_EQ(all->at(1).active, 2);
  EXPECT_EQ(all->at(1).active_by, "petra");
  EXPECT_EQ(deployments_->list("nowhere").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(deployments_->get("support", "moon").error().code, ErrorCode::kNotFound);
}

// ---- the controller

class Controller : public Deployments {
 protected:
  void SetUp() override {
    Deployments::SetUp();
    ASSERT_TRUE(promote("dev", 1));
    now_us_ = unix_now_us();
  }
  RolloutController make(const std::string& instance) {
    return RolloutController(
        *database_, *deployments_,
        {.tally = [this, instance](const std::string& release,
                                   const std::string&) { return tallies_[instance][release]; },
         .scores = [this](const std::string& release, const std::string&) -> Result<ReleaseFigures> {
           return scores_[release];
         }},
        instance);
  }
  void calls(const std::string& instance, const std::string& release, std::int64_t count, std::int64_t errors,
             double seconds = 0.1) {
    ReleaseFigures figures;
    figures.calls = count;
    figures.errors = errors;
    figures.duration_sum = seconds * static_cast<double>(count);
    figures.duration_squares = 1.5 * seconds * seconds * static_cast<double>(count);
    tallies_[instance][release] += figures;
  }
  std::vector<RolloutMove> look(RolloutController& controller, std::int64_t after_us = kSecondUs) {
    now_us_ += after_us;
    auto moves = controller.look(now_us_);
    EXPECT_TRUE(moves) << moves.error().describe();
    return moves ? std::move(*moves) : std::vector<RolloutMove>{};
  }
  std::map<std::string, std::map<std::string, ReleaseFigures>> tallies_;
  void scores(const std::string& release, std::int64_t good, std::int64_t bad) {
    ReleaseFigures& figures = scores_[release];
    figures.scores += good + bad;
    figures.score_sum += static_cast<double>(good);
    figures.score_squares += static_cast<double>(good);
  }
  std::map<std::string, ReleaseFigures> scores_;
  std::int64_t now_us_ = 0;
};

TEST_F(Controller, ScoresOfBeforeDoNotCount) {
  RolloutController controller = make("one");
  scores("support@1", 0, 5'000);  // people were unhappy last month
  scores("support@2", 9'000, 0);  // and liked what was tried once before
  ASSERT_TRUE(promote("dev", 2, canary()));
  look(controller);
  std::vector<RolloutMove> moves;
  for (int second = 0; second < 120 && moves.empty(); ++second) {
    scores("support@1", 9, 1);
    scores("support@2", 1, 1);
    calls("one", "support@1", 20, 0);
    calls("one", "support@2", 2, 0);
    moves = look(controller);
  }
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_TRUE(moves.front().why.starts_with("Worse: the mean feedback is 0.50 against 0.90"))
      << moves.front().why;
}

TEST_F(Controller, ABrokenCandidateIsRolledBack) {
  RolloutController controller = make("one");
  calls("one", "support@1", 1'000'000, 900'000);  // long before: must not count
  ASSERT_TRUE(promote("dev", 2, canary()));
  EXPECT_TRUE(look(controller).empty());
  std::vector<RolloutMove> moves;
  for (int second = 0; second < 60 && moves.empty(); ++second) {
    calls("one", "support@1", 95, 1);
    calls("one", "support@2", 5, 4);
    moves = look(controller);
  }
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_EQ(moves.front().action, "abort");
  EXPECT_EQ(pointers(), (P{1, 0, 0, 0}));
  const Deployment now = deployment("dev");
  EXPECT_EQ(now.rollout->state, RolloutState::kRolledBack);
  EXPECT_TRUE(now.rollout->verdict.starts_with("Worse: the error rate is 80.00 %")) << now.rollout->verdict;
  const auto event = deployments_->history("support", "dev", "", 1)->items.front();
  EXPECT_EQ(event.action, "auto_rollback");
  EXPECT_EQ(event.by, "slipway");
  EXPECT_EQ(event.detail, now.rollout->verdict);
  EXPECT_TRUE(look(controller).empty());
}

TEST_F(Controller, AGoodCandidateStepsUpAndFinishes) {
  RolloutController controller = make("one");
  ASSERT_TRUE(promote(
      "dev", 2, canary(R"({"steps": [{"percent": 10, "minutes": 0.2}, {"percent": 50, "minutes": 0.2}]})")));
  std::vector<std::string> actions;
  for (int second = 0; second < 60; ++second) {
    calls("one", "support@1", 90, 1);
    calls("one", "support@2", 10, second % 10 == 0 ? 1 : 0);
    for (const RolloutMove& move : look(controller)) actions.push_back(move.action);
  }
  EXPECT_EQ(actions, (std::vector<std::string>{"step", "finish"}));
  EXPECT_EQ(pointers(), (P{2, 0, 0, 1}));
  EXPECT_EQ(deployment("dev").rollout->state, RolloutState::kFinished);
}

TEST_F(Controller, WithoutCallsPausedOrByHandNothingMoves) {
  RolloutController controller = make("one");
  ASSERT_TRUE(promote("dev", 2, canary(R"({"steps": [{"percent": 10, "minutes": 0}], "automatic": true})")));
  for (int second = 0; second < 30; ++second) EXPECT_TRUE(look(controller).empty()) << "without a call";
  ASSERT_TRUE(act("pause"));
  for (int second = 0; second < 30; ++second) {
    calls("one", "support@1", 90, 1);
    calls("one", "support@2", 10, 0);
    EXPECT_TRUE(look(controller).empty()) << "while paused";
  }
  ASSERT_TRUE(act("resume"));
  calls("one", "support@1", 90, 1);
  EXPECT_EQ(look(controller).size(), 1u);
  ASSERT_TRUE(promote("dev", 3, canary(R"({"steps": [{"percent": 10, "minutes": 0}], "automatic": false})")));
  for (int second = 0; second < 30; ++second) {
    calls("one", "support@2", 90, 1);
    calls("one", "support@3", 10, 0);
    EXPECT_TRUE(look(controller).empty()) << "by hand";
  }
  // The guards hold all the same.
  std::vector<RolloutMove> moves;
  for (int second = 0; second < 30 && moves.empty(); ++second) {
    calls("one", "support@2", 90, 1);
    calls("one", "support@3", 10, 9);
    moves = look(controller);
  }
  EXPECT_EQ(moves.size(), 1u);
}

TEST_F(Controller, TwoServersAndARestartAddUp) {
  RolloutController one = make("one");
  RolloutController two = make("two");
  ASSERT_TRUE(promote("dev", 2, canary()));
  look(one);
  ASSERT_TRUE(two.look(now_us_));
  for (int second = 0; second < 20; ++second) {
    for (const char* instance : {"one", "two"}) {
      calls(instance, "support@1", 50, 0);
      calls(instance, "support@2", 5, 0);
    }
    look(one);
    ASSERT_TRUE(two.look(now_us_)) << "the same second: the turn is taken, the figures are kept";
  }
  const ReleaseFigures before = deployment("dev").rollout->seen_candidate;
  EXPECT_GE(before.calls, 195);
  EXPECT_LE(before.calls, 200);
  // One is restarted: a new instance that counts from nothing.
  RolloutController again = make("three");
  look(again);
  for (int second = 0; second < 3; ++second) {
    calls("three", "support@2", 10, 0);
    look(again);
  }
  EXPECT_EQ(deployment("dev").rollout->seen_candidate.calls, 200 + 30);
  EXPECT_EQ(deployment("dev").rollout->state, RolloutState::kRunning);
}

TEST_F(Controller, TheFirstAnswersAreNotCompared) {
  // Calls take ten seconds, failures no time at all: the candidate's first results are failures only.
  RolloutController controller = make("one");
  ASSERT_TRUE(promote("dev", 2, canary()));
  look(controller);
  for (int second = 0; second < 100; ++second) {
    calls("one", "support@1", 93, 0, 10);
    calls("one", "support@1", 2, 2, 0);
    if (second >= 10) calls("one", "support@2", 5, 0, 10);
    if (second % 10 == 0) calls("one", "support@2", 1, 1, 0);
    EXPECT_TRUE(look(controller).empty()) << second << ": " << deployment("dev").rollout->verdict;
  }
}

TEST_F(Controller, AClockThatIsSetIsNoTimeThatPassed) {
  RolloutController controller = make("one");
  ASSERT_TRUE(promote("dev", 2,
                      canary(R"({"steps": [{"percent": 10, "minutes": 10}], "guards": {"min_calls": 0}})")));
  look(controller);
  const auto busy = [&](std::int64_t after_us) {
    calls("one", "support@1", 90, 1);
    calls("one", "support@2", 10, 0);
    return look(controller, after_us);
  };
  EXPECT_TRUE(busy(3'600 * kSecondUs).empty()) << "an hour forward";
  EXPECT_LE(deployment("dev").rollout->step_elapsed_us, 10 * kSecondUs);
  const std::int64_t calls_before = deployment("dev").rollout->seen_active.calls;
  EXPECT_TRUE(busy(-7'200 * kSecondUs).empty()) << "two hours back";
  EXPECT_TRUE(busy(kSecondUs).empty());
  EXPECT_GT(deployment("dev").rollout->seen_active.calls, calls_before) << "it looks on";
}

}  // namespace
}  // namespace slipway::governance
