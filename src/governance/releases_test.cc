// SPDX-License-Identifier: Apache-2.0
#include "governance/releases.h"

#include "base/text.h"
#include "catalog/canonical.h"
#include "governance/release_notes.h"
#include "governance/test_release_world.h"

namespace slipway::governance {
namespace {

class Releases : public ReleaseWorld {
 protected:
  std::string problem(const CutRequest& request) {
    const auto made = releases_->cut(request, actor("rita"));
    return made ? std::string("made") : made.error().message;
  }
};

TEST_F(Releases, TheClosureIsPinned) {
  const auto made = releases_->cut({"support", "first", "", "", {}}, actor("rita"));
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_TRUE(made->made);
  const ReleaseManifest& release = made->release;
  EXPECT_EQ(release.id(), "support@1");
  EXPECT_EQ(release.entry.to_string(), "support/prompt/answer");
  ASSERT_EQ(release.assets.size(), 3u);
  EXPECT_EQ(release.assets[0].name.to_string(), "shared/guardrail/standard");
  EXPECT_EQ(release.assets[1].name.to_string(), "support/model/main");
  EXPECT_EQ(release.assets[2].version, 1);
  // Stored as made, and its contents are found.
  const auto read = releases_->get("support", 1);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->digest, release.digest);
  EXPECT_EQ(read->assets.size(), 3u);
  EXPECT_EQ(read->author, "rita");
  const auto contents = releases_->load(*read);
  ASSERT_TRUE(contents) << contents.error().describe();
  EXPECT_EQ(contents->back().content.at("model").as_string(), "main");
  EXPECT_EQ(audited().back(), "release.cut");
}

TEST_F(Releases, TheDigestIsTheSameAnywhere) {
  // Versions, authors and messages differ between servers; the digest is over names and contents.
  std::vector<catalog::AssetVersion> assets(1);
  assets[0].name = {"support", "prompt", "answer"};
  assets[0].digest = "sha256:aa";
  const std::string digest = release_digest("support", assets[0].name, assets);
  assets[0].number = 7;
  assets[0].author = "somebody";
  EXPECT_EQ(release_digest("support", assets[0].name, assets), digest);
  EXPECT_NE(release_digest("other", assets[0].name, assets), digest);
  // Written down: a change of this value breaks every digest there is.
  EXPECT_EQ(digest,
            catalog::digest_of(R"({"assets":[{"digest":"sha256:aa","name":"support/prompt/answer"}],)"
                               R"("entry":"support/prompt/answer","format":1,"use_case":"support"})"));
}

TEST_F(Releases, TheSameAgainIsTheLatest) {
  ASSERT_EQ(cut(), 1);
  const auto again = releases_->cut({"support", "again", "", "", {}}, actor("rita"));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->made);
  EXPECT_EQ(again->release.number, 1);
  EXPECT_EQ(cut(), 2);
  // Older versions on request: the same content as release 1, so the same digest.
  const auto old = releases_->cut({"support", "back", "", "", {{"prompt/answer", 2}}}, actor("rita"));
  ASSERT_TRUE(old) << old.error().describe();
  EXPECT_EQ(old->release.number, 3);
  EXPECT_EQ(old->release.digest, releases_->get("support", 1)->digest);
}

TEST_F(Releases, WhatStandsAgainstItIsToldAtOnce) {
  EXPECT_EQ(
      problem({"support", "", "", "", {{"prompt/answer", 9}}}),
      "'support' can't be released: there is no version 9 of support/prompt/answer (entry of the use case)");
  EXPECT_EQ(problem({"support", "", "", "", {{"tool/none", 1}}}),
            "'support' can't be released: version 1 is asked for, but nothing refers to it (versions of "
            "support/tool/none)");
  push("support/model/fast", R"({"connection": "simulated", "model": "simulated-small"})");
  ASSERT_TRUE(assets_->deprecate({"usr_dora", "dora", "user"},
                                 *catalog::AssetName::parse("support/model/main"), "Too slow.",
                                 "support/model/fast"));
  ASSERT_TRUE(assets_->deprecate({"usr_dora", "dora", "user"},
                                 *catalog::AssetName::parse("shared/guardrail/standard"), "Old.", ""));
  const auto preview = releases_->preview({"support", "", "", "", {}});
  ASSERT_TRUE(preview) << preview.error().describe();
  ASSERT_EQ(preview->problems.size(), 2u);
  EXPECT_EQ(preview->problems[0].asset, "support/prompt/answer");
  EXPECT_EQ(preview->problems[0].path, "model");
  EXPECT_EQ(preview->problems[0].message, "support/model/main is deprecated");
  EXPECT_EQ(preview->problems[0].hint, "Too slow. Use support/model/fast instead.");
  EXPECT_TRUE(preview->digest.empty());
  EXPECT_EQ(problem({"support", "", "", "", {}}),
            "'support' can't be released: support/model/main is deprecated (model of support/prompt/answer), "
            "and 1 more problems");
  EXPECT_FALSE(releases_->get("support", 1));
}

TEST_F(Releases, TheEntryIsFoundOrAskedFor) {
  push("support/prompt/other", prompt("Other"));
  EXPECT_TRUE(problem({"support", "", "", "", {}}).starts_with("'support' has 2 prompts and flows"));
  EXPECT_EQ(releases_->cut({"support", "", "other", "", {}}, actor("rita"))->release.entry.name, "other");
  EXPECT_EQ(releases_->cut({"support", "", "prompt/answer", "", {}}, actor("rita"))->release.entry.name,
            "answer");
  push("support/prompt/main", prompt("Main"));
  EXPECT_EQ(releases_->cut({"support", "", "", "", {}}, actor("rita"))->release.entry.name, "main");
  EXPECT_EQ(problem({"support", "", "model/main", "", {}}), "calls can't begin with a model");
  EXPECT_EQ(problem({"support", "", "elsewhere/prompt/x", "", {}}),
            "elsewhere/prompt/x belongs to another use case");
  UseCaseContent content;
  content.name = "Empty";
  ASSERT_TRUE(use_cases_->create("empty", content, actor("olga")));
  EXPECT_EQ(problem({"empty", "", "", "", {}}), "'empty' has no prompt and no flow yet");
  EXPECT_EQ(releases_->preview({"empty", "", "", "", {}})->problems.front().path, "entry");
  EXPECT_EQ(releases_->preview({"nowhere", "", "", "", {}}).error().code, ErrorCode::kNotFound);
}

TEST_F(Releases, PreviewStoresNothing) {
  const auto preview = releases_->preview({"support", "m", "", "", {}});
  ASSERT_TRUE(preview);
  EXPECT_FALSE(preview->unchanged);
  EXPECT_EQ(preview->assets.size(), 3u);
  EXPECT_FALSE(releases_->get("support", 1));
  const auto made = releases_->cut({"support", "m", "", "", {}}, actor("rita"));
  EXPECT_EQ(made->release.digest, preview->digest);
  EXPECT_TRUE(releases_->preview({"support", "m", "", "", {}})->unchanged);
}

TEST_F(Releases, PagesAndUses) {
  for (int i = 0; i < 5; ++i) cut();
  const auto first = releases_->list("support", "", 2);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->items[0].number, 5);
  const auto second = releases_->list("support", first->next_cursor, 2);
  EXPECT_EQ(second->items[0].number, 3);
  const auto third = releases_->list("support", second->next_cursor, 2);
  EXPECT_EQ(third->items.size(), 1u);
  EXPECT_TRUE(third->next_cursor.empty());
  EXPECT_EQ(releases_->list("support", "x", 2).error().where, "cursor");
  EXPECT_EQ(releases_->get("support", 6).error().hint, "The newest is support@5.");
  ASSERT_TRUE(promote("dev", 4));
  const auto uses = database_->read([&](soci::session& sql) {
    return releases_->uses(sql, *catalog::AssetName::parse("support/model/main"));
  });
  ASSERT_TRUE(uses);
  ASSERT_EQ(uses->size(), 6u);
  EXPECT_EQ(uses->front().id, "support in dev");
  EXPECT_EQ(uses->at(1).id, "support@5");
}

TEST_F(Releases, ATamperedReleaseIsNotLoaded) {
  ASSERT_EQ(cut(), 1);
  ASSERT_TRUE(database_->write([](soci::session& sql) -> Result<> {
    sql << "UPDATE release_assets SET version = 1 WHERE asset = 'support/prompt/answer'";
    return {};
  }));
  const auto loaded = releases_->load(*releases_->get("support", 1));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kDataLoss);
  const auto promoted = promote("dev", 1);
  ASSERT_FALSE(promoted);
  EXPECT_NE(promoted.error().message.find("is not what the release pinned"), std::string::npos);
}

TEST_F(Releases, TheNotesSayWhatChangesWhere) {
  ASSERT_EQ(cut(), 1);
  ASSERT_TRUE(promote("dev", 1));
  ASSERT_TRUE(promote("preprod", 1));
  push("support/prompt/answer",
       prompt("Be kind and very brief, <i>please</i>.", R"(, "parameters": {"temperature": 0.2})"));
  push("support/tool/lookup", R"({"description": "Looks up", "parameters": {"type": "object"}})");
  push("support/prompt/answer", prompt("Be kind and very brief, <i>please</i>. ```",
                                       R"(, "parameters": {"temperature": 0.2}, "tools": ["lookup"])"));
  const auto made = releases_->cut(
      {"support", "Shorter *answers*", "", "Not for <script>alert(1)</script>", {}}, actor("rita"));
  ASSERT_TRUE(made) << made.error().describe();
  const auto notes = releases_->notes("support", 2);
  ASSERT_TRUE(notes);
  const json::array& comparisons = notes->at("comparisons").as_array();
  ASSERT_EQ(comparisons.size(), 1u);  // dev and preprod run the same
  EXPECT_EQ(json::serialize(comparisons[0].at("environments")), R"(["dev","preprod"])");
  EXPECT_EQ(comparisons[0].at("against").as_int64(), 1);
  EXPECT_EQ(comparisons[0].at("added").as_array()[0].at("asset").as_string(), "support/tool/lookup");
  const json::object& changed = comparisons[0].at("changed").as_array()[0].as_object();
  EXPECT_EQ(changed.at("asset").as_string(), "support/prompt/answer");
  std::set<std::string> paths;
  for (const json::value& change : changed.at("changes").as_array())
    paths.emplace(change.at("path").as_string());
  EXPECT_TRUE(paths.contains("messages[0].content")) << json::serialize(changed);

  const std::string markdown = notes_markdown(*notes);
  EXPECT_NE(markdown.find("# Release support@2"), std::string::npos);
  EXPECT_NE(markdown.find("### Against dev, preprod (release 1)"), std::string::npos);
  EXPECT_NE(markdown.find("{+very +}"), std::string::npos) << markdown;
  EXPECT_NE(markdown.find("````text"), std::string::npos) << "a fence that the prompt's own can't close";
  EXPECT_NE(markdown.find("Shorter \\*answers\\*"), std::string::npos);
  EXPECT_EQ(markdown.find("<script>"), std::string::npos);
  EXPECT_NE(markdown.find("## Responsible AI"), std::string::npos);

  const std::string html = notes_html(*notes);
  EXPECT_NE(html.find("<ins>very </ins>"), std::string::npos) << html;
  EXPECT_NE(html.find("&lt;script&gt;alert(1)&lt;/script&gt;"), std::string::npos);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("<i>"), std::string::npos);
  EXPECT_EQ(html.find("http"), html.find("http-equiv")) << "nothing is loaded from elsewhere";
  // What has changed since is not in notes written before.
  ASSERT_TRUE(promote("dev", 2));
  EXPECT_EQ(json::serialize(*releases_->notes("support", 2)), json::serialize(*notes));
}

TEST_F(Releases, TheFirstNotesCompareWithNothing) {
  const auto preview = releases_->preview({"support", "", "", "", {}});
  ASSERT_TRUE(preview);
  const std::string markdown = notes_markdown(preview->notes);
  EXPECT_NE(markdown.find("### Nothing ran before"), std::string::npos) << markdown;
  EXPECT_NE(markdown.find("No evidence is attached."), std::string::npos);
}

}  // namespace
}  // namespace slipway::governance
