// SPDX-License-Identifier: Apache-2.0
#include "app/release_loader.h"

#include <gtest/gtest.h>

#include "app/template_inspector.h"

namespace slipway::app {
namespace {

json::object object(std::string_view text) { return parse_json(text)->as_object(); }

class ReleaseLoaderTest : public testing::Test {
 protected:
  ReleaseLoaderTest() {
    ReleasePorts ports;
    ports.live = [this](std::int64_t mark) -> Result<LiveMoves> {
      if (changes_ && mark == mark_) return LiveMoves{*changes_, ++mark_, false};
      return LiveMoves{live_, ++mark_, true};
    };
    ports.contents = [this](const std::string& use_case, std::int64_t number) -> Result<ReleaseContents> {
      ++asked_;
      if (away_) return fail(ErrorCode::kUnavailable, "the database is away");
      if (number == 13) return fail(ErrorCode::kDataLoss, "the digest does not match");
      ReleaseContents contents;
      contents.entry = use_case + "/prompt/answer";
      contents.assets[contents.entry] = object(R"({"model": "shared/model/main", "tools": ["look-up"],
          "messages": [{"role": "system", "content": "Release )" +
                                               std::to_string(number) + R"("}]})");
      contents.assets["shared/model/main"] = object(R"({"connection": "openai", "model": "gpt-4o"})");
      contents.assets[use_case + "/tool/look-up"] = object(R"({"description": "x", "parameters": {}})");
      if (number == 14) contents.assets.erase("shared/model/main");
      return contents;
    };
    loader_ = std::make_unique<ReleaseLoader>(std::move(ports), Logger());
  }
  gateway::Snapshot filled() {
    gateway::Snapshot snapshot;
    for (const char* const name : {"dev", "prod"}) {
      snapshot.environments.push_back(std::make_unique<gateway::Environment>());
      snapshot.environments.back()->name = name;
    }
    const auto done = loader_->fill(snapshot);
    EXPECT_TRUE(done) << done.error().describe();
    return snapshot;
  }

  std::vector<LivePointer> live_;
  std::optional<std::vector<LivePointer>> changes_;  // since the last question
  std::int64_t mark_ = 0;
  int asked_ = 0;
  bool away_ = false;
  std::unique_ptr<ReleaseLoader> loader_;
};

TEST_F(ReleaseLoaderTest, ServesWhatIsDeployed) {
  live_ = {{"support", "dev", 2, 0, 0, 0, ""},
           {"support", "prod", 1, 2, 0, 500, "s"},
           {"x", "gone", 1, 0, 0, 0, ""}};
  const auto snapshot = filled();
  const auto& dev = *snapshot.environment("dev")->use_cases.find("support");
  EXPECT_EQ(dev.active->id, "support@2");
  EXPECT_EQ(dev.candidate, nullptr);
  EXPECT_EQ(*dev.active->program->target(0), (llm::ModelTarget{"openai", "gpt-4o"}));
  const auto& prod = *snapshot.environment("prod")->use_cases.find("support");
  EXPECT_EQ(prod.active->id, "support@1");
  EXPECT_EQ(prod.candidate->id, "support@2");
  EXPECT_EQ(prod.candidate_basis_points, 500u);
  EXPECT_EQ(prod.salt, "s");
  EXPECT_EQ(prod.candidate->program, dev.active->program);
  EXPECT_NE(prod.candidate->tally, dev.active->tally);
  EXPECT_EQ(loader_->tally("support@2", "prod"), prod.candidate->tally);
  EXPECT_EQ(loader_->tally("support@9", "prod"), nullptr);
}

TEST_F(ReleaseLoaderTest, CompilesEachReleaseOnceAndKeepsItsTally) {
  live_ = {{"support", "prod", 1, 0, 2, 0, ""}};
  auto first = filled();
  EXPECT_EQ(asked_, 2);  // the standby is kept warm
  const auto& before = first.environment("prod")->use_cases.find("support")->active;
  before->tally->add(0, {.duration_us = 5});
  live_ = {{"support", "prod", 2, 0, 1, 0, ""}};
  const auto second = filled();
  EXPECT_EQ(asked_, 2);
  EXPECT_EQ(second.environment("prod")->use_cases.find("support")->active->id, "support@2");
  live_ = {{"support", "prod", 1, 0, 0, 0, ""}};
  const auto third = filled();
  EXPECT_EQ(third.environment("prod")->use_cases.find("support")->active->tally->sum().calls, 1u);
}

TEST_F(ReleaseLoaderTest, RefusesWhatCannotBeServedAndServesTheRest) {
  live_ = {{"a", "dev", 13, 0, 0, 0, ""}, {"b", "dev", 14, 0, 0, 0, ""}, {"c", "dev", 1, 0, 0, 0, ""}};
  const auto snapshot = filled();
  const auto& cases = snapshot.environment("dev")->use_cases;
  EXPECT_EQ(cases.find("a")->active->program, nullptr);
  EXPECT_EQ(cases.find("a")->active->problem, "the digest does not match");
  EXPECT_EQ(cases.find("b")->active->program, nullptr);
  EXPECT_NE(cases.find("b")->active->problem.find("does not hold shared/model/main"), std::string::npos);
  EXPECT_NE(cases.find("c")->active->program, nullptr);
  // What failed is tried again with the next snapshot.
  const int before = asked_;
  filled();
  EXPECT_EQ(asked_, before + 2);
}

TEST_F(ReleaseLoaderTest, TriesWhatFailedOnceASnapshotThoughItsPointerStays) {
  live_ = {{"a", "dev", 13, 0, 0, 0, ""}, {"c", "dev", 1, 0, 0, 0, ""}};
  filled();
  changes_.emplace();
  int before = asked_;
  filled();
  EXPECT_EQ(asked_, before + 1);
  changes_ = {{"a", "dev", 13, 0, 0, 0, ""}};
  before = asked_;
  filled();
  EXPECT_EQ(asked_, before + 1) << "also where it is among what moved";
}

TEST_F(ReleaseLoaderTest, TakesWhatHasChanged) {
  live_ = {{"a", "dev", 1, 0, 0, 0, ""}, {"a", "prod", 1, 0, 0, 0, ""}, {"b", "dev", 1, 0, 0, 0, ""}};
  filled();
  changes_.emplace();
  EXPECT_EQ(filled().environment("dev")->use_cases.size(), 2u);
  changes_ = {{"a", "dev", 2, 3, 0, 100, "s"}};
  auto snapshot = filled();
  EXPECT_EQ(snapshot.environment("dev")->use_cases.find("a")->active->id, "a@2");
  EXPECT_EQ(snapshot.environment("dev")->use_cases.find("a")->candidate->id, "a@3");
  EXPECT_EQ(snapshot.environment("dev")->use_cases.find("b")->active->id, "b@1");
  EXPECT_EQ(snapshot.environment("prod")->use_cases.find("a")->active->id, "a@1");
  EXPECT_EQ(asked_, 4);
  // Release 1 is still known from prod, 2 and 3 are forgotten once nothing points at them.
  changes_ = {{"a", "dev", 1, 0, 0, 0, ""}};
  filled();
  EXPECT_EQ(asked_, 4);
  changes_ = {{"a", "dev", 2, 0, 0, 0, ""}};
  filled();
  EXPECT_EQ(asked_, 5);
  // A change that can't be taken yet is taken the next time.
  away_ = true;
  changes_ = {{"b", "dev", 2, 0, 0, 0, ""}};
  gateway::Snapshot none;
  none.environments.push_back(std::make_unique<gateway::Environment>());
  none.environments.back()->name = "dev";
  EXPECT_FALSE(loader_->fill(none));
  away_ = false;
  live_ = {{"b", "dev", 2, 0, 0, 0, ""}};
  EXPECT_EQ(filled().environment("dev")->use_cases.find("b")->active->id, "b@2");
}

TEST_F(ReleaseLoaderTest, AStoreThatIsAwayIsNoBrokenRelease) {
  live_ = {{"a", "dev", 1, 0, 0, 0, ""}};
  filled();
  live_ = {{"a", "dev", 2, 0, 0, 0, ""}};
  away_ = true;
  gateway::Snapshot snapshot;
  snapshot.environments.push_back(std::make_unique<gateway::Environment>());
  snapshot.environments.back()->name = "dev";
  const auto refused = loader_->fill(snapshot);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  live_ = {{"a", "dev", 1, 0, 0, 0, ""}};
  EXPECT_NE(filled().environment("dev")->use_cases.find("a")->active->program, nullptr);  // still known
  live_ = {{"a", "dev", 2, 0, 0, 0, ""}};
  away_ = false;
  EXPECT_EQ(filled().environment("dev")->use_cases.find("a")->active->id, "a@2");
}

TEST(CompileRelease, SaysWhatCanNotAnswer) {
  EXPECT_EQ(compile_release({"a/flow/x", {}}).error().message,
            "its entry is a flow, and only prompts can answer calls");
  EXPECT_EQ(compile_release({"a/prompt/x", {}}).error().message, "the release does not hold its entry");
  EXPECT_FALSE(compile_release({"nonsense", {}}));
}

TEST(TemplateInspector, TellsFaultsAndNames) {
  const auto good = inspect_template("{{a.b}} {{#list}}{{inner}}{{/list}} {{a}}{{^none}}{{x}}{{/none}}");
  EXPECT_TRUE(good.faults.empty());
  EXPECT_EQ(good.variables, (std::vector<std::string>{"a", "list", "none", "x"}));
  const auto bad = inspect_template("one\ntwo {{");
  ASSERT_EQ(bad.faults.size(), 1u);
  EXPECT_EQ(bad.faults[0].line, 2u);
}

}  // namespace
}  // namespace slipway::app
