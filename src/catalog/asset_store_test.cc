// SPDX-License-Identifier: Apache-2.0
#include "catalog/asset_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/temporary_directory.h"
#include "catalog/canonical.h"
#include "catalog/schema.h"
#include "store/test_database.h"

namespace slipway::catalog {
namespace {

const Author kAda{"u1", "ada", "user"};
const Author kBob{"u2", "bob", "user"};

class AssetStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    auto database = store::Database::open(store::test_database_options(directory_));
    ASSERT_TRUE(database) << database.error().describe();
    database_ = std::move(*database);
    const Result<> migrated = migrate_catalog(*database_);
    ASSERT_TRUE(migrated) << migrated.error().describe();
    AssetPorts ports;
    ports.record = [this](soci::session&, const Author& author, const CatalogEvent& event) -> Result<> {
      recorded_.push_back(author.name + " " + event.action + " " + event.asset.to_string());
      if (refuse_record_) return fail(ErrorCode::kIo, "no audit, no change");
      return {};
    };
    ports.check_owner = [](soci::session&, const std::string& owner) -> Result<> {
      if (owner == "gone") return fail(ErrorCode::kInvalidArgument, "there is no use case 'gone'");
      return {};
    };
    ports.other_uses = [](soci::session&, const AssetName& name) -> Result<std::vector<AssetUse>> {
      if (name.kind != "prompt") return std::vector<AssetUse>{};
      return std::vector<AssetUse>{{"release", "support@1", 0, "entry"}};
    };
    assets_ = std::make_unique<AssetStore>(*database_, std::move(ports));
  }
  void TearDown() override {
    assets_.reset();
    database_.reset();
  }

  static AssetChange change(std::string_view name, std::string_view content,
                            std::optional<std::string> parent = std::nullopt) {
    return {*AssetName::parse(name), json::parse(content).as_object(), std::move(parent)};
  }
  static AssetChange model(std::string_view name, std::string_view upstream = "gpt") {
    return change(name, R"({"connection": "openai", "model": ")" + std::string(upstream) + "\"}");
  }
  static AssetChange prompt(std::string_view name, std::string_view model = "main",
                            std::string_view text = "Hello there") {
    return change(name, R"({"model": ")" + std::string(model) +
                            R"(", "description": "Greets", "messages": [{"role": "user", "content": ")" +
                            std::string(text) + "\"}]}");
  }
  std::vector<PushItem> push(std::vector<AssetChange> changes, const Author& author = kAda) {
    auto pushed = assets_->push(author, std::move(changes), "why");
    EXPECT_TRUE(pushed) << pushed.error().describe();
    if (!pushed) return {};
    for (const Problem& problem : pushed->problems)
      ADD_FAILURE() << problem.asset << ": " << problem.path << ": " << problem.message;
    return pushed->items;
  }
  std::vector<Problem> problems_of(std::vector<AssetChange> changes) {
    const auto pushed = assets_->push(kAda, std::move(changes), "");
    EXPECT_TRUE(pushed) << pushed.error().describe();
    if (!pushed) return {};
    EXPECT_TRUE(pushed->items.empty());
    return pushed->problems;
  }
  std::vector<std::string> listed(AssetFilter filter) {
    const auto page = assets_->list(filter);
    EXPECT_TRUE(page) << page.error().describe();
    std::vector<std::string> names;
    if (page)
      for (const AssetInfo& info : page->items) names.push_back(info.name.to_string());
    return names;
  }
  void run_sql(const std::string& statement) {
    ASSERT_TRUE(database_->write([&](soci::session& sql) -> Result<> {
      sql << statement;
      return {};
    }));
  }

  TemporaryDirectory temporary_{"assets"};
  const std::filesystem::path& directory_ = temporary_.path();
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<AssetStore> assets_;
  std::vector<std::string> recorded_;
  bool refuse_record_ = false;
};

const AssetName kGreet{"support", "prompt", "greet"};
const AssetName kMain{"support", "model", "main"};

TEST_F(AssetStoreTest, KeepsVersionsAndWhoMadeThem) {
  // The prompt stands before the model it refers to: the order in a push does not matter.
  auto items = push({prompt("support/prompt/greet"), model("support/model/main")});
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].version, 1);
  EXPECT_EQ(items[0].action, PlanAction::kCreate);
  items = push({prompt("support/prompt/greet", "main", "Good morning")}, kBob);
  EXPECT_EQ(items[0].version, 2);
  EXPECT_EQ(items[0].action, PlanAction::kUpdate);

  const auto info = assets_->find(kGreet);
  ASSERT_TRUE(info) << info.error().describe();
  EXPECT_EQ(info->description, "Greets");
  EXPECT_EQ(info->latest.number, 2);
  EXPECT_EQ(info->latest.author, "bob");
  EXPECT_EQ(info->latest.message, "why");
  EXPECT_EQ(info->latest.digest, digest_of(canonical_json(info->latest.content)));
  EXPECT_EQ(info->latest.content.at("format").as_int64(), kFormat);
  ASSERT_EQ(info->latest.references.size(), 1u);
  EXPECT_EQ(info->latest.references[0], (Reference{"model", kMain}));
  const auto first = assets_->version(kGreet, "1");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->parent, "");
  EXPECT_EQ(info->latest.parent, first->digest);
  EXPECT_EQ(recorded_, (std::vector<std::string>{"ada asset.push support/prompt/greet",
                                                 "ada asset.push support/model/main",
                                                 "bob asset.push support/prompt/greet"}));
}

TEST_F(AssetStoreTest, PushingTwiceChangesNothing) {
  push({model("support/model/main"), prompt("support/prompt/greet")});
  const auto items = push({model("support/model/main"), prompt("support/prompt/greet")}, kBob);
  for (const PushItem& item : items) {
    EXPECT_EQ(item.action, PlanAction::kUnchanged);
    EXPECT_EQ(item.version, 1);
  }
  EXPECT_EQ(recorded_.size(), 2u);
  EXPECT_EQ(assets_->find(kGreet)->latest.author, "ada");
}

TEST_F(AssetStoreTest, AnOldContentMayComeBack) {
  push({model("support/model/main", "a")});
  push({model("support/model/main", "b")});
  const auto items = push({model("support/model/main", "a")});
  EXPECT_EQ(items[0].version, 3);
  EXPECT_EQ(assets_->version(kMain, "3")->digest, assets_->version(kMain, "1")->digest);
}

TEST_F(AssetStoreTest, TwoPeopleAtOnceAreTold) {
  const std::string first = push({model("support/model/main", "a")})[0].digest;
  push({change("support/model/main", R"({"connection": "openai", "model": "b"})", first)}, kBob);
  const auto late =
      assets_->push(kAda,
                    {model("support/model/other"),
                     change("support/model/main", R"({"connection": "openai", "model": "c"})", first)},
                    "");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kConflict);
  EXPECT_NE(late.error().message.find("support/model/main was changed by bob at 20"), std::string::npos)
      << late.error().message;
  EXPECT_FALSE(assets_->find({"support", "model", "other"}));  // all or none
  const auto twice =
      assets_->push(kAda, {change("support/model/main", R"({"connection": "x", "model": "c"})", "")}, "");
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("was made by bob"), std::string::npos);
  const auto gone =
      assets_->push(kAda, {change("support/model/new", R"({"connection": "x", "model": "c"})", first)}, "");
  ASSERT_FALSE(gone);
  // The same content is no conflict, whoever was faster.
  const auto same = assets_->push(
      kAda, {change("support/model/main", R"({"connection": "openai", "model": "b"})", first)}, "");
  ASSERT_TRUE(same);
  EXPECT_EQ(same->items[0].action, PlanAction::kUnchanged);
}

TEST_F(AssetStoreTest, OfManyAtOnceOneWins) {
  const std::string first = push({model("support/model/main", "0")})[0].digest;
  std::atomic<int> won{0};
  std::atomic<int> told{0};
  std::vector<std::thread> threads;
  for (int i = 1; i <= 8; ++i)
    threads.emplace_back([&, i] {
      const auto pushed =
          assets_->push(kAda,
                        {change("support/model/main",
                                R"({"connection": "openai", "model": ")" + std::to_string(i) + "\"}", first)},
                        "");
      if (pushed)
        ++won;
      else if (pushed.error().code == ErrorCode::kConflict)
        ++told;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(told, 7);
  EXPECT_EQ(assets_->find(kMain)->latest.number, 2);
}

TEST_F(AssetStoreTest, RefusesWhatIsNotClosed) {
  auto problems = problems_of({prompt("support/prompt/greet")});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].asset, "support/prompt/greet");
  EXPECT_EQ(problems[0].path, "model");
  EXPECT_EQ(problems[0].message, "there is no support/model/main");
  problems = problems_of({model("gone/model/main")});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].message, "there is no use case 'gone'");
  problems = problems_of({model("support/model/main"), model("support/model/main")});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].message, "is there twice");
  AssetChange odd = model("support/model/main");
  odd.name.name = "Main";
  EXPECT_EQ(problems_of({odd})[0].path, "name");
  EXPECT_TRUE(recorded_.empty());
  EXPECT_EQ(listed({}).size(), 0u);
}

TEST_F(AssetStoreTest, RefusesCircles) {
  push({model("support/model/main"), prompt("support/prompt/greet")});
  push({change("support/agent/a", R"({"prompt": "greet"})")});
  push({change("support/agent/b", R"({"prompt": "greet", "agents": ["a"]})")});
  const auto problems = problems_of({change("support/agent/a", R"({"prompt": "greet", "agents": ["b"]})")});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].message,
            "the references go in a circle: support/agent/a → support/agent/b → support/agent/a");
  EXPECT_EQ(problems_of({change("support/agent/c", R"({"prompt": "greet", "agents": ["c"]})")}).size(), 1u);
  // Two ways to the same asset are no circle.
  push({change("support/agent/c", R"({"prompt": "greet", "agents": ["a", "b"]})")});
}

TEST_F(AssetStoreTest, LimitsAnAssetsSize) {
  const std::string text(2u << 20, 'x');
  const auto problems =
      problems_of({model("support/model/main"), prompt("support/prompt/greet", "main", text)});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].hint.find("catalog.asset_size"), std::string::npos);
  std::vector<AssetChange> many;
  for (int i = 0; i < 5'001; ++i) many.push_back(model("support/model/m" + std::to_string(i)));
  const auto refused = assets_->push(kAda, std::move(many), "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where, "assets");
}

TEST_F(AssetStoreTest, NothingChangesWithoutAnAuditEntry) {
  refuse_record_ = true;
  EXPECT_FALSE(assets_->push(kAda, {model("support/model/main")}, ""));
  EXPECT_FALSE(assets_->find(kMain));
  refuse_record_ = false;
  push({model("support/model/main")});
  refuse_record_ = true;
  EXPECT_FALSE(assets_->set_label(kAda, kMain, "stable", 1));
  EXPECT_FALSE(assets_->deprecate(kAda, kMain, "old", ""));
  refuse_record_ = false;
  EXPECT_TRUE(assets_->find(kMain)->labels.empty());
  EXPECT_FALSE(assets_->find(kMain)->deprecated);
}

TEST_F(AssetStoreTest, PlansWithoutChanging) {
  const std::string first =
      push({model("support/model/main", "a"), prompt("support/prompt/greet")})[0].digest;
  push({model("support/model/main", "b")}, kBob);
  const auto plan =
      assets_->plan({change("support/model/main", R"({"connection": "openai", "model": "c"})", first),
                     prompt("support/prompt/greet", "main", "Hello you"),
                     prompt("support/prompt/new", "gone"), model("support/model/main2")});
  ASSERT_TRUE(plan) << plan.error().describe();
  ASSERT_EQ(plan->items.size(), 4u);
  EXPECT_EQ(plan->items[0].action, PlanAction::kConflict);
  EXPECT_EQ(plan->items[0].latest->author, "bob");
  EXPECT_EQ(plan->items[1].action, PlanAction::kUpdate);
  EXPECT_EQ(plan->items[1].version, 2);
  ASSERT_EQ(plan->items[1].changes.size(), 1u);
  EXPECT_EQ(plan->items[1].changes[0].path, "messages[0].content");
  EXPECT_EQ(plan->items[1].changes[0].words.size(), 3u);
  EXPECT_EQ(plan->items[3].action, PlanAction::kCreate);
  ASSERT_EQ(plan->problems.size(), 1u);
  EXPECT_EQ(plan->problems[0].asset, "support/prompt/new");
  EXPECT_EQ(assets_->find(kGreet)->latest.number, 1);
}

TEST_F(AssetStoreTest, FindsVersionsByNumberLabelAndLatest) {
  push({model("support/model/main", "a")});
  push({model("support/model/main", "b")});
  ASSERT_TRUE(assets_->set_label(kAda, kMain, "stable", 1));
  EXPECT_EQ(assets_->version(kMain, "stable")->number, 1);
  EXPECT_EQ(assets_->version(kMain, "latest")->number, 2);
  EXPECT_EQ(assets_->version(kMain, "2")->number, 2);
  EXPECT_EQ(assets_->version(kMain, "stable")->labels, std::vector<std::string>{"stable"});
  const auto none = assets_->version(kMain, "beta");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().hint, "There are numbers up to 2 and the labels latest, stable.");
  EXPECT_FALSE(assets_->version(kMain, "3"));
  EXPECT_FALSE(assets_->version(kMain, "0"));
  ASSERT_TRUE(assets_->set_label(kAda, kMain, "stable", 2));
  EXPECT_EQ(assets_->find(kMain)->labels.at("stable"), 2);
  ASSERT_TRUE(assets_->set_label(kAda, kMain, "stable", std::nullopt));
  EXPECT_FALSE(assets_->version(kMain, "stable"));
  EXPECT_FALSE(assets_->set_label(kAda, kMain, "latest", 1));
  EXPECT_FALSE(assets_->set_label(kAda, kMain, "1st", 1));
  EXPECT_FALSE(assets_->set_label(kAda, kMain, "x", 9));
  const auto close = assets_->find({"support", "model", "mian"});
  ASSERT_FALSE(close);
  EXPECT_EQ(close.error().hint, "Did you mean 'main'?");
}

TEST_F(AssetStoreTest, DeprecatesAndRestores) {
  push({model("support/model/main"), model("support/model/next")});
  EXPECT_FALSE(assets_->deprecate(kAda, kMain, "  ", ""));
  EXPECT_FALSE(assets_->deprecate(kAda, kMain, "old", "support/model/gone"));
  EXPECT_FALSE(assets_->deprecate(kAda, kMain, "old", "support/model/main"));
  const auto info = assets_->deprecate(kBob, kMain, "old", "support/model/next");
  ASSERT_TRUE(info) << info.error().describe();
  ASSERT_TRUE(info->deprecated);
  EXPECT_EQ(info->deprecated->by, "bob");
  EXPECT_EQ(info->deprecated->replaced_by, "support/model/next");
  EXPECT_EQ(listed({.deprecated = true}), std::vector<std::string>{"support/model/main"});
  EXPECT_EQ(listed({.deprecated = false}), std::vector<std::string>{"support/model/next"});
  ASSERT_TRUE(assets_->restore(kBob, kMain));
  EXPECT_FALSE(assets_->restore(kBob, kMain));
  EXPECT_EQ(recorded_.back(), "bob asset.restore support/model/main");
}

TEST_F(AssetStoreTest, FindsByBeginningsOfWords) {
  push({model("support/model/main"), prompt("support/prompt/greet", "main", "Grüße aus MÜNCHEN"),
        prompt("support/prompt/parcels", "main", "Wo ist mein Paket"),
        change("shared/model/japan",
               R"({"connection": "x", "model": "y", "description": "日本語のモデル"})")});
  EXPECT_EQ(listed({.words = "paket"}), std::vector<std::string>{"support/prompt/parcels"});
  EXPECT_EQ(listed({.words = "pak WO"}), std::vector<std::string>{"support/prompt/parcels"});
  EXPECT_EQ(listed({.words = "münch"}), std::vector<std::string>{"support/prompt/greet"});
  EXPECT_EQ(listed({.words = "本語"}), std::vector<std::string>{"shared/model/japan"});
  EXPECT_EQ(listed({.words = "parcels"}), std::vector<std::string>{"support/prompt/parcels"});  // its name
  EXPECT_EQ(listed({.words = "aket"}), std::vector<std::string>{});
  EXPECT_EQ(listed({.words = "%"}), std::vector<std::string>{});
  EXPECT_EQ(listed({.owner = "shared", .words = "gpt"}), std::vector<std::string>{});
  push({prompt("support/prompt/parcels", "main", "Etwas anderes")});
  EXPECT_EQ(listed({.words = "paket"}), std::vector<std::string>{});
  EXPECT_EQ(listed({.words = "etwas"}), std::vector<std::string>{"support/prompt/parcels"});
}

TEST_F(AssetStoreTest, PagesThroughAll) {
  std::vector<AssetChange> changes;
  for (int i = 0; i < 25; ++i)
    changes.push_back(model("owner-" + std::to_string(i % 3) + "/model/m" + std::to_string(i)));
  push(std::move(changes));
  AssetFilter filter;
  filter.limit = 10;
  std::vector<std::string> names;
  for (int page = 0; page < 3; ++page) {
    const auto got = assets_->list(filter);
    ASSERT_TRUE(got) << got.error().describe();
    EXPECT_EQ(got->total, 25);
    for (const AssetInfo& info : got->items) names.push_back(info.name.to_string());
    EXPECT_EQ(got->next_cursor.empty(), page == 2);
    filter.cursor = got->next_cursor;
  }
  EXPECT_EQ(names.size(), 25u);
  EXPECT_TRUE(std::ranges::is_sorted(names));
  EXPECT_EQ(listed({.visible_owners = std::vector<std::string>{"owner-1"}}).size(), 8u);
  EXPECT_EQ(listed({.visible_owners = std::vector<std::string>{}}).size(), 0u);
  AssetFilter wrong;
  wrong.cursor = "nonsense";
  EXPECT_FALSE(assets_->list(wrong));
  ASSERT_TRUE(assets_->set_label(kAda, {"owner-0", "model", "m0"}, "stable", 1));
  const auto labelled = assets_->list({.label = "stable"});
  ASSERT_TRUE(labelled);
  ASSERT_EQ(labelled->items.size(), 1u);
  EXPECT_EQ(labelled->items[0].labels.at("stable"), 1);
  EXPECT_EQ(labelled->items[0].latest.labels, std::vector<std::string>{"stable"});
}

TEST_F(AssetStoreTest, TellsHistoryDifferencesAndUses) {
  push({model("support/model/main"), prompt("support/prompt/greet")});
  for (int i = 2; i <= 5; ++i) push({prompt("support/prompt/greet", "main", "Hello " + std::to_string(i))});
  auto page = assets_->history(kGreet, "", 3);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 3u);
  EXPECT_EQ(page->items[0].number, 5);
  page = assets_->history(kGreet, page->next_cursor, 3);
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->next_cursor, "");
  EXPECT_FALSE(assets_->history(kGreet, "x", 3));

  auto diff = assets_->diff(kGreet, "", "latest");
  ASSERT_TRUE(diff) << diff.error().describe();
  EXPECT_EQ(diff->from, 4);
  EXPECT_EQ(diff->changes.size(), 1u);
  EXPECT_NE(diff->text.find("--- support/prompt/greet:4\n+++ support/prompt/greet:5\n"), std::string::npos);
  EXPECT_NE(diff->text.find("-    content: Hello 4\n+    content: Hello 5\n"), std::string::npos)
      << diff->text;
  diff = assets_->diff(kGreet, "", "1");
  EXPECT_EQ(diff->from, 0);
  EXPECT_FALSE(diff->changes.empty());

  const auto uses = assets_->where_used(kMain);
  ASSERT_TRUE(uses);
  ASSERT_EQ(uses->size(), 1u);
  EXPECT_EQ((*uses)[0].id, "support/prompt/greet");
  EXPECT_EQ((*uses)[0].version, 5);
  EXPECT_EQ((*uses)[0].path, "model");
  EXPECT_EQ(assets_->where_used(kGreet)->at(0).id, "support@1");
  // A new version that refers to something else is no longer a use.
  push({model("support/model/other"), prompt("support/prompt/greet", "other")});
  EXPECT_TRUE(assets_->where_used(kMain)->empty());
}

TEST_F(AssetStoreTest, FindsTampering) {
  push({model("support/model/main")});
  run_sql("UPDATE catalog_contents SET content = '{\"connection\":\"evil\",\"format\":1,\"model\":\"gpt\"}'");
  const auto loaded = assets_->version(kMain, "latest");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kDataLoss);
  EXPECT_NE(loaded.error().message.find("support/model/main version 1"), std::string::npos);
}

TEST_F(AssetStoreTest, ChecksOneContentWithPositions) {
  push({model("support/model/main")});
  const auto node = parse_yaml("model: mian\nmessages:\n  - {role: user, content: x}\n", "x.yaml");
  ASSERT_TRUE(node);
  const json::object content =
      json::parse(R"({"model": "mian", "messages": [{"role": "user", "content": "x"}]})").as_object();
  const auto problems = assets_->check(kGreet, content, &*node);
  ASSERT_TRUE(problems);
  ASSERT_EQ(problems->size(), 1u);
  EXPECT_EQ((*problems)[0].line, 1u);
  EXPECT_EQ((*problems)[0].column, 8u);
  EXPECT_EQ((*problems)[0].message, "there is no support/model/mian");
  EXPECT_TRUE(assets_->check({{}, "prompt", {}}, content)->empty());
}

}  // namespace
}  // namespace slipway::catalog
