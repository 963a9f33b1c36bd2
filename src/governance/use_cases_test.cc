// SPDX-License-Identifier: Apache-2.0
#include "governance/use_cases.h"

#include "base/clock.h"
#include "governance/test_registry.h"
#include "governance/use_case_export.h"

namespace slipway::governance {
namespace {

class UseCasesTest : public RegistryTest {};

TEST_F(UseCasesTest, SlugsAreProperUniqueAndNotOurOwnWords) {
  for (const char* bad :
       {"", "Support", "9lives", "a_b", "a b", "ünder", "shared", "default", "export", "new"}) {
    const auto made = use_cases_->create(bad, content(), author_.actor());
    ASSERT_FALSE(made) << bad;
    EXPECT_EQ(made.error().where, "slug");
  }
  ASSERT_TRUE(use_cases_->create("support", content(), author_.actor()));
  const auto again = use_cases_->create("support", content("Other"), author_.actor());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(use_cases_->ensure("support", "Other", "bert"));
  EXPECT_EQ(use_cases_->get("support")->owner, "owen");
  EXPECT_EQ(use_cases_->get("nothing").error().code, ErrorCode::kNotFound);
}

TEST_F(UseCasesTest, EveryFieldComesBack) {
  UseCaseContent wanted = content();
  wanted.mitigations = "A person reads along.\nTwice.";
  wanted.known_limits = "Knows no prices.";
  wanted.entry = "prompt/answer";
  wanted.kpis = {{"Tickets solved", 40, "%", "at_least", "without a person"},
                 {"Cost", 0.02, "USD", "at_most", ""}};
  wanted.thresholds = {{"groundedness", ">=", 0.9, ""}};
  wanted.cost_tags = {{"team", "service"}};
  wanted.links = {{"Board", "https://example.com/board?a=1"}};
  ASSERT_TRUE(use_cases_->create("support", wanted, author_.actor()));
  const auto read = use_cases_->get("support");
  ASSERT_TRUE(read);
  EXPECT_EQ(static_cast<const UseCaseContent&>(*read), wanted);
  EXPECT_EQ(read->tier, "limited");
  EXPECT_EQ(read->state, UseCaseState::kDraft);
  EXPECT_EQ(read->version, 1);
  EXPECT_EQ(read->reviews_open, 3u);
  EXPECT_EQ(audit().back().action, "use_case.create");
  EXPECT_EQ(audit().back().actor, "ada");
}

struct BadField {
  std::string_view json, where;
};

TEST_F(UseCasesTest, BadFieldsAreNamed) {
  const BadField bad[] = {
      {R"({"name": ""})", "name"},
      {R"({"pupose": "x"})", "pupose"},
      {R"({"purpose": 3})", "purpose"},
      {R"({"data_classes": ["a", "a"]})", "data_classes[1]"},
      {R"({"kpis": [{"name": "n", "target": "many"}]})", "kpis[0].target"},
      {R"({"kpis": [{"name": "n", "target": 1, "direction": "up"}]})", "kpis[0].direction"},
      {R"({"thresholds": [{"metric": "m", "op": "=", "value": 1}]})", "thresholds[0].op"},
      {R"({"links": [{"title": "t", "url": "javascript:alert"}]})", "links[0].url"},
      {R"({"links": [{"title": "t", "href": "https://x"}]})", "links[0].href"},
      {R"({"entry": "dataset/x"})", "entry"},
      {R"({"cost_tags": {"team": ""}})", "cost_tags.team"},
      {R"({"answers": {"people": "martians"}})", "answers.people"},
  };
  ASSERT_TRUE(use_cases_->create("support", content(), author_.actor()));
  for (const BadField& one : bad) {
    const auto changed = use_cases_->update("support", 1, parse_json(one.json)->as_object(), author_.actor());
    ASSERT_FALSE(changed) << one.json;
    EXPECT_EQ(changed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(changed.error().where, one.where);
  }
  json::object longer{{"purpose", std::string(8'001, 'x')}};
  EXPECT_EQ(use_cases_->update("support", 1, longer, author_.actor()).error().where, "purpose");
  EXPECT_EQ(use_cases_->get("support")->version, 1);
}

TEST_F(UseCasesTest, TwoEditorsAtOnceAreTold) {
  ASSERT_TRUE(use_cases_->create("support", content(), author_.actor()));
  const auto first = use_cases_->update("support", 1, {{"known_limits", "one"}}, author_.actor());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->version, 2);
  const auto second = use_cases_->update("support", 1, {{"known_limits", "two"}}, author_.actor());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  // The same again changes nothing, and leaves no entry.
  const std::size_t entries = audit().size();
  EXPECT_EQ(use_cases_->update("support", 2, {{"known_limits", "one"}}, author_.actor())->version, 2);
  EXPECT_EQ(audit().size(), entries);
  EXPECT_NE(audit().back().detail.find(R"("known_limits":{"from":"","to":"one"})"), std::string::npos);
}

TEST_F(UseCasesTest, WhatIsNotCompleteOrForbiddenIsNotSubmitted) {
  UseCaseContent part = content();
  part.answers.erase("data");
  ASSERT_TRUE(use_cases_->create("support", part, author_.actor()));
  const auto incomplete = use_cases_->submit("support", author_.actor());
  ASSERT_FALSE(incomplete);
  EXPECT_EQ(incomplete.error().code, ErrorCode::kConflict);
  EXPECT_NE(incomplete.error().message.find("answers.data is missing"), std::string::npos);
  UseCaseContent evil = content();
  evil.answers["domain"] = "prohibited";
  ASSERT_TRUE(use_cases_->create("evil", evil, author_.actor()));
  const auto refused = use_cases_->submit("evil", author_.actor());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("forbidden"), std::string::npos);
}

TEST_F(UseCasesTest, RetiringEndsItsKeysAndItsLife) {
  approved();
  const auto key =
      keys_->create({.name = "app", .use_case = "support", .environment = "prod"}, admin_.actor());
  ASSERT_TRUE(key) << key.error().describe();
  const auto before = keys_->load_live(0);
  ASSERT_EQ(before->keys.size(), 1u);
  EXPECT_FALSE(use_cases_->retire("support", " ", author_.actor()));
  ASSERT_TRUE(use_cases_->retire("support", "Replaced by the new shop.", author_.actor()));
  EXPECT_TRUE(keys_->load_live(0)->keys.empty());
  const auto change = keys_->load_live(before->mark);
  ASSERT_EQ(change->keys.size(), 1u) << "a snapshot hears of it";
  EXPECT_TRUE(change->keys.front().digests.empty());
  EXPECT_EQ(audit().back().action, "use_case.retire");
  EXPECT_EQ(use_cases_->get("support")->state, UseCaseState::kRetired);
  EXPECT_EQ(use_cases_->update("support", 99, {{"purpose", "x"}}, author_.actor()).error().code,
            ErrorCode::kConflict);
  EXPECT_EQ(use_cases_->submit("support", author_.actor()).error().code, ErrorCode::kConflict);
  EXPECT_EQ(keys_->create({.name = "app", .use_case = "support", .environment = "dev"}, admin_.actor())
                .error()
                .code,
            ErrorCode::kConflict);
}

TEST_F(UseCasesTest, ProdKeysNeedAnApprovedUseCase) {
  const auto key = [this](const std::string& environment) {
    return keys_->create({.name = "app", .use_case = "support", .environment = environment}, author_.actor());
  };
  ASSERT_TRUE(use_cases_->create("support", content(), author_.actor()));
  EXPECT_TRUE(key("dev"));
  auto refused = key("prod");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_NE(refused.error().message.find("a draft"), std::string::npos);
  ASSERT_TRUE(use_cases_->submit("support", author_.actor()));
  EXPECT_NE(key("prod").error().message.find("in review"), std::string::npos);
  for (const char* discipline : {"legal", "security", "risk"}) ASSERT_TRUE(approve(discipline));
  EXPECT_TRUE(key("prod"));
  // A policy can ask for it elsewhere, too.
  ASSERT_TRUE(use_cases_->create("other", content(), author_.actor()));
  ASSERT_TRUE(policies_->set("other", "preprod", {{"require_approved_use_case", true}}, admin_.actor()));
  EXPECT_FALSE(keys_->create({.name = "a", .use_case = "other", .environment = "preprod"}, author_.actor()));
  EXPECT_TRUE(key("preprod"));
  // And none can waive what the settings demand.
  ASSERT_TRUE(policies_->set("shared", "prod", {{"require_approved_use_case", false}}, admin_.actor()));
  EXPECT_FALSE(keys_->create({.name = "a", .use_case = "other", .environment = "prod"}, author_.actor()));
}

TEST_F(UseCasesTest, ListsFilterAndPage) {
  for (int i = 0; i < 25; ++i) {
    UseCaseContent one = content("Case " + std::to_string(i));
    one.owner = i % 2 == 0 ? "owen" : "olga";
    if (i % 5 == 0) one.answers["data"] = "special";
    if (i == 7) one.purpose = "Sums up 100% of Legal_texts";
    ASSERT_TRUE(use_cases_->create("case-" + std::to_string(10 + i), one, author_.actor()));
  }
  std::vector<std::string> slugs;
  std::string cursor;
  do {
    const auto page = use_cases_->list({}, cursor, 10);
    ASSERT_TRUE(page) << page.error().describe();
    EXPECT_EQ(page->total, 25u);
    for (const UseCase& use_case : page->items) slugs.push_back(use_case.slug);
    cursor = page->next_cursor;
  } while (!cursor.empty());
  EXPECT_EQ(slugs.size(), 25u);
  EXPECT_TRUE(std::ranges::is_sorted(slugs));
  const auto total = [this](UseCaseFilter filter) { return use_cases_->list(filter, {}, 5)->total; };
  EXPECT_EQ(total({.words = "legal_TEXTS 100%"}), 1u);
  EXPECT_EQ(total({.words = "l_g"}), 0u) << "no wildcards";
  EXPECT_EQ(total({.words = "' OR 1=1"}), 0u);
  EXPECT_EQ(total({.tier = "high"}), 5u);
  EXPECT_EQ(total({.owner = "olga"}), 12u);
  EXPECT_EQ(total({.state = UseCaseState::kDraft}), 25u);
  EXPECT_EQ(total({.review_due = true}), 0u) << "drafts have asked for nothing yet";
  EXPECT_EQ(total({.only = std::vector<std::string>{"case-10", "case-11", "x') OR ('1'='1"}}), 2u);
  ASSERT_TRUE(use_cases_->submit("case-11", author_.actor()));
  EXPECT_EQ(total({.review_due = true}), 1u);
  EXPECT_EQ(total({.state = UseCaseState::kInReview}), 1u);
}

TEST_F(UseCasesTest, AnotherQuestionnaireJudgesAnew) {
  approved();
  const auto strict = Questionnaire::parse(R"(version: strict
tiers:
  - {name: limited, label: L, required_reviews: [legal]}
  - {name: extreme, label: E, required_reviews: [legal, ethics]}
questions:
  - id: people
    text: Who?
    options: [{value: customers, label: C, tier: extreme}]
)",
                                           "strict.yaml");
  ASSERT_TRUE(strict);
  UseCaseStore judged(*database_, *strict);
  EXPECT_EQ(*judged.reassess(), 1u);
  const auto now = judged.get("support");
  EXPECT_EQ(now->tier, "extreme");
  EXPECT_EQ(now->state, UseCaseState::kInReview);
  EXPECT_EQ(now->reviews_open, 1u) << "the legal review still holds";
  EXPECT_EQ(audit().back().action, "use_case.reassess");
  EXPECT_EQ(audit().back().actor, "slipway");
  EXPECT_EQ(*judged.reassess(), 0u);
}

TEST_F(UseCasesTest, ExportsAreSafeToOpen) {
  UseCaseContent one = content("=HYPERLINK(\"http://evil\")");
  one.purpose = "a | b\n# <script>alert(1)</script>\n\"quoted\"";
  ASSERT_TRUE(use_cases_->create("support", one, author_.actor()));
  const std::vector<UseCase> all = {*use_cases_->get("support")};
  const Questionnaire& questions = use_cases_->questionnaire();
  const std::string csv = export_registry(all, questions, RegistryFormat::kCsv, unix_now_us());
  EXPECT_NE(csv.find("\"'=HYPERLINK(\"\"http://evil\"\")\""), std::string::npos) << csv;
  EXPECT_NE(csv.find("\"\"quoted\"\""), std::string::npos);
  const std::string text = export_registry(all, questions, RegistryFormat::kMarkdown, unix_now_us());
  EXPECT_EQ(text.find("<script"), text.find("\\<script") + 1) << text;
  EXPECT_EQ(text.find("\n# ", 2), std::string::npos) << text;
  EXPECT_NE(text.find("## =HYPERLINK"), std::string::npos) << text;
  EXPECT_NE(text.find("| legal | missing |  |"), std::string::npos) << text;
  const auto parsed = parse_json(export_registry(all, questions, RegistryFormat::kJson, unix_now_us()));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->at("use_cases").as_array().at(0).at("purpose").as_string(), one.purpose);
}

}  // namespace
}  // namespace slipway::governance
