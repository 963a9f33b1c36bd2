// SPDX-License-Identifier: Apache-2.0
#include "governance/reviews.h"

#include "base/clock.h"
#include "governance/test_registry.h"

namespace slipway::governance {
namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;

class ReviewsTest : public RegistryTest {
 protected:
  Result<UseCase> decide(const Principal& who, const std::string& decision, const std::string& comment = "",
                         std::vector<std::string> conditions = {}) {
    ReviewDecision wanted;
    wanted.discipline = "legal";
    wanted.decision = decision;
    wanted.comment = comment;
    wanted.conditions = std::move(conditions);
    return reviews_->decide("support", wanted, who);
  }
  ReviewState legal() { return use_cases_->get("support")->reviews.front().state; }
};

TEST_F(ReviewsTest, AllRequiredReviewsTogetherApprove) {
  EXPECT_EQ(submitted().required_reviews, (std::vector<std::string>{"legal", "security", "risk"}));
  ASSERT_TRUE(approve("legal"));
  ASSERT_TRUE(approve("security"));
  EXPECT_EQ(use_cases_->get("support")->state, UseCaseState::kInReview);
  const std::int64_t until = unix_now_us() + 10 * kDayUs;
  const auto done = approve("risk", "support", until);
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(done->state, UseCaseState::kApproved);
  EXPECT_EQ(done->approved_until_us, until) << "the first expiry ends it";
  EXPECT_EQ(done->reviews_open, 0u);
  EXPECT_EQ(audit().back().action, "use_case.review");
  EXPECT_NE(audit().back().detail.find(R"("to":"approved")"), std::string::npos);
}

TEST_F(ReviewsTest, NobodyReviewsWhatIsTheirs) {
  submitted();
  // Even with every role.
  Principal creator = author_;
  creator.grants = admin_.grants;
  EXPECT_EQ(decide(creator, "approve").error().code, ErrorCode::kPermissionDenied);
  for (const Principal& owner : {person("owen", {"admin"}), person("Owen", {"reviewer:legal"})}) {
    const auto refused = decide(owner, "approve");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
    EXPECT_NE(refused.error().message.find("you own"), std::string::npos);
  }
  const Principal editor = person("edda", {"admin"});
  ASSERT_TRUE(use_cases_->update("support", 2, {{"known_limits", "some"}}, editor.actor()));
  EXPECT_EQ(decide(editor, "approve").error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(decide(author_, "approve").error().code, ErrorCode::kPermissionDenied);
  EXPECT_TRUE(decide(admin_, "approve"));
}

TEST_F(ReviewsTest, DisciplinesAndUseCasesBoundTheRole) {
  submitted();
  EXPECT_FALSE(decide(person("sam", {"reviewer:security"}), "approve"));
  EXPECT_FALSE(decide(person("lea", {"reviewer:legal@other"}), "approve"));
  EXPECT_FALSE(decide(person("dan", {"developer", "approver"}), "approve"));
  EXPECT_TRUE(decide(person("lou", {"reviewer:legal@support"}), "approve"));
}

TEST_F(ReviewsTest, DecisionsAreChecked) {
  ASSERT_TRUE(use_cases_->create("support", content(), author_.actor()));
  EXPECT_EQ(decide(reviewer_, "approve").error().code, ErrorCode::kConflict) << "a draft";
  ASSERT_TRUE(use_cases_->submit("support", author_.actor()));
  EXPECT_EQ(decide(reviewer_, "maybe").error().where, "decision");
  EXPECT_EQ(decide(reviewer_, "reject").error().where, "comment");
  EXPECT_EQ(decide(reviewer_, "approve_with_conditions").error().where, "conditions");
  EXPECT_EQ(decide(reviewer_, "approve", "", {"x"}).error().where, "conditions");
  EXPECT_EQ(approve("lgal").error().hint, "Did you mean 'legal'?");
  EXPECT_EQ(approve("ethics").error().code, ErrorCode::kConflict) << "the tier asks for none";
  EXPECT_EQ(approve("legal", "support", 1).error().where, "expires_at");
  EXPECT_EQ(approve("legal", "support", unix_now_us() + 366 * kDayUs).error().where, "expires_at");
  ReviewDecision blind{.discipline = "legal",
                       .decision = "approve",
                       .comment = "",
                       .conditions = {},
                       .expires_us = 0,
                       .version = 1};
  EXPECT_EQ(reviews_->decide("support", blind, reviewer_).error().code, ErrorCode::kConflict);
  blind.version = 2;
  EXPECT_TRUE(reviews_->decide("support", blind, reviewer_));
}

TEST_F(ReviewsTest, AChangeOfWhatWasReviewedOutdatesIt) {
  std::int64_t version = approved().version;
  for (const json::object& harmless : {json::object{{"mitigations", "more"}}, json::object{{"owner", "olga"}},
                                       json::object{{"kpis", json::array{}}, {"name", "Helper"}}}) {
    const auto kept = use_cases_->update("support", version, harmless, author_.actor());
    ASSERT_TRUE(kept) << kept.error().describe();
    EXPECT_EQ(kept->state, UseCaseState::kApproved);
    version = kept->version;
  }
  const auto changed =
      use_cases_->update("support", version, {{"purpose", "Answers everything."}}, author_.actor());
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->state, UseCaseState::kInReview);
  EXPECT_EQ(changed->reviews_open, 3u);
  EXPECT_EQ(changed->approved_until_us, 0);
  EXPECT_EQ(legal(), ReviewState::kOutdated);
  EXPECT_NE(audit().back().detail.find(R"("reviews_outdated":true)"), std::string::npos);
  // Reviewed again, it is approved again. The old text back would be, too: that is what was reviewed.
  for (const char* discipline : {"legal", "security", "risk"}) ASSERT_TRUE(approve(discipline));
  EXPECT_EQ(use_cases_->get("support")->state, UseCaseState::kApproved);
  // Another tier asks for another review.
  json::object answers = content_json(*use_cases_->get("support")).at("answers").as_object();
  answers["data"] = "special";
  const auto high = use_cases_->update("support", changed->version, {{"answers", answers}}, author_.actor());
  ASSERT_TRUE(high) << high.error().describe();
  EXPECT_EQ(high->tier, "high");
  EXPECT_EQ(high->required_reviews.back(), "ethics");
  EXPECT_EQ(high->reviews_open, 4u);
}

TEST_F(ReviewsTest, ARejectionIsAskedForAgain) {
  submitted();
  ASSERT_TRUE(decide(reviewer_, "reject", "Says nothing about minors."));
  EXPECT_EQ(legal(), ReviewState::kRejected);
  EXPECT_EQ(use_cases_->get("support")->reviews_open, 2u) << "it is decided";
  ASSERT_TRUE(approve("security"));
  ASSERT_TRUE(approve("risk"));
  EXPECT_EQ(use_cases_->get("support")->state, UseCaseState::kInReview);
  ASSERT_TRUE(
      use_cases_->update("support", 2, {{"mitigations", "Minors are told to ask."}}, author_.actor()));
  EXPECT_EQ(legal(), ReviewState::kRejected);
  ASSERT_TRUE(use_cases_->submit("support", author_.actor()));
  EXPECT_EQ(legal(), ReviewState::kOutdated);
  const auto done = decide(reviewer_, "approve_with_conditions", "Fine.", {"Check again in spring."});
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(done->state, UseCaseState::kApproved);
  EXPECT_EQ(done->reviews.front().conditions, std::vector<std::string>{"Check again in spring."});
}

TEST_F(ReviewsTest, AnApprovalEndsByItself) {
  approved();
  const auto state = [this] {
    return *database_->read([](soci::session& sql) { return UseCaseStore::state(sql, "support"); });
  };
  EXPECT_EQ(state(), UseCaseState::kApproved);
  EXPECT_EQ(*use_cases_->note_expired(), 0u);
  const std::string past = std::to_string(unix_now_us() - 1);
  execute("UPDATE use_case_reviews SET expires_us = " + past + " WHERE discipline = 'security'");
  execute("UPDATE use_cases SET review_until_us = " + past);
  // Nobody has looked yet, and it is over all the same.
  EXPECT_EQ(state(), UseCaseState::kInReview);
  const auto read = use_cases_->get("support");
  EXPECT_EQ(read->state, UseCaseState::kInReview);
  EXPECT_EQ(read->reviews_open, 1u);
  EXPECT_EQ(use_cases_->list({.state = UseCaseState::kApproved}, {}, 5)->total, 0u);
  EXPECT_EQ(use_cases_->list({.state = UseCaseState::kInReview}, {}, 5)->total, 1u);
  EXPECT_EQ(use_cases_->list({.review_due = true}, {}, 5)->total, 1u);
  EXPECT_FALSE(keys_->create({.name = "app", .use_case = "support", .environment = "prod"}, admin_.actor()));
  EXPECT_EQ(*use_cases_->note_expired(), 1u);
  EXPECT_EQ(*use_cases_->note_expired(), 0u) << "once";
  EXPECT_EQ(audit().back().action, "use_case.expire");
  EXPECT_EQ(audit().back().actor, "slipway");
  EXPECT_NE(audit().back().detail.find("security"), std::string::npos);
  EXPECT_EQ(use_cases_->list({.review_due = true}, {}, 5)->total, 1u);
  ASSERT_TRUE(approve("security"));
  EXPECT_EQ(state(), UseCaseState::kApproved);
}

TEST_F(ReviewsTest, TheQueueHoldsWhatICanDecide) {
  submitted();
  const auto mine = reviews_->pending(person("lea", {"reviewer:legal"}), true);
  ASSERT_TRUE(mine);
  ASSERT_EQ(mine->size(), 1u);
  EXPECT_EQ(mine->front().discipline, "legal");
  EXPECT_EQ(mine->front().requested_by, "ada");
  EXPECT_EQ(mine->front().tier, "limited");
  EXPECT_TRUE(reviews_->pending(author_, true)->empty());
  const auto others = reviews_->pending(author_, false);
  ASSERT_EQ(others->size(), 3u);
  EXPECT_FALSE(others->front().why_not.empty());
  EXPECT_TRUE(reviews_->pending(person("zoe", {"reviewer@other"}), false)->empty());
  ASSERT_TRUE(approve("legal"));
  EXPECT_EQ(reviews_->pending(reviewer_, true)->size(), 2u);
  // What runs out soon is offered for renewal.
  execute("UPDATE use_case_reviews SET decided_us = " + std::to_string(unix_now_us() - 100 * kDayUs) +
          ", expires_us = " + std::to_string(unix_now_us() + 5 * kDayUs));
  const auto renewal = reviews_->pending(reviewer_, true);
  ASSERT_EQ(renewal->size(), 3u);
  EXPECT_TRUE(std::ranges::any_of(*renewal, [](const PendingDecision& item) {
    return item.title.starts_with("Renew the legal review");
  }));
}

}  // namespace
}  // namespace slipway::governance
