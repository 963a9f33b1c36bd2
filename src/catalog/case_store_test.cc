// SPDX-License-Identifier: Apache-2.0
#include "catalog/case_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/temporary_directory.h"
#include "catalog/dataset_store.h"
#include "catalog/schema.h"
#include "catalog/upload_store.h"
#include "store/test_database.h"

namespace slipway::catalog {
namespace {

const Author kAda{"u1", "ada", "user"};
const AssetName kGolden{"shared", "dataset", "golden"};

json::object case_number(int number, std::string_view text = "What about parcel") {
  return {{"id", fmt::format("case-{:05}", number)},
          {"input", fmt::format("{} {}? {}", text, number,
                                std::string(static_cast<std::size_t>(number % 50) * 7, 'x'))},
          {"split", number % 5 == 0 ? "test" : "train"},
          {"tags", json::array{number % 2 == 0 ? "even" : "odd"}}};
}

class CaseStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    auto database = store::Database::open(store::test_database_options(directory_));
    ASSERT_TRUE(database) << database.error().describe();
    database_ = std::move(*database);
    ASSERT_TRUE(migrate_catalog(*database_));
    assets_ = std::make_unique<AssetStore>(*database_);
    cases_ = std::make_unique<CaseStore>(*database_);
    datasets_ = std::make_unique<DatasetStore>(*assets_, *cases_);
  }
  void TearDown() override {
    datasets_.reset();
    cases_.reset();
    assets_.reset();
    database_.reset();
  }

  Case make(json::object fields) { return *make_case(std::move(fields), {}); }
  CaseSummary store(int from, int to) {
    const auto writer = cases_->begin();
    for (int i = from; i < to; ++i) EXPECT_TRUE(writer->add(make(case_number(i))));
    return *writer->finish();
  }
  std::vector<ChunkPlace> places(const CaseSummary& summary) {
    return cases_->walk(cases_content(summary))->places();
  }
  std::int64_t count(const std::string& table) {
    return *database_->read([&](soci::session& sql) -> Result<std::int64_t> {
      long long rows = 0;
      sql << "SELECT COUNT(*) FROM " + table, soci::into(rows);
      return rows;
    });
  }
  Result<ImportedDataset> import(std::string_view text, ImportMode mode = ImportMode::kReplace) {
    DatasetChange change;
    change.name = kGolden;
    return datasets_->import(kAda, change, mode, source_of(text), {});
  }

  TemporaryDirectory temporary_{"cases"};
  const std::filesystem::path& directory_ = temporary_.path();
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<AssetStore> assets_;
  std::unique_ptr<CaseStore> cases_;
  std::unique_ptr<DatasetStore> datasets_;
};

TEST_F(CaseStoreTest, ASetIsWrittenReadAndFoundByItsDigest) {
  const CaseSummary summary = store(0, 3'000);
  EXPECT_EQ(summary.count, 3'000);
  EXPECT_EQ(summary.splits.at("test"), 600);
  EXPECT_EQ(summary.tags.at("odd"), 1'500);
  CaseWalk walk = *cases_->walk(cases_content(summary));
  EXPECT_GT(walk.places().size(), 3u);
  std::string all;
  int number = 0;
  while (const auto chunk = *walk.next())
    for_each_line(*chunk, [&](std::string_view line) {
      EXPECT_EQ(line, make(case_number(number++)).line);
      all += line;
      all += '\n';
      return true;
    });
  EXPECT_EQ(number, 3'000);
  EXPECT_EQ(summary.digest, "sha256:" + hex(sha256(all)));
  EXPECT_EQ(cases_->find(summary.digest)->count, 3'000);
  EXPECT_EQ(cases_->find("sha256:0").error().code, ErrorCode::kNotFound);
}

TEST_F(CaseStoreTest, TheSameCasesAreKeptOnce) {
  const CaseSummary one = store(0, 1'000);
  const std::int64_t chunks = count("catalog_case_chunks");
  const CaseSummary two = store(0, 1'000);
  EXPECT_EQ(one.digest, two.digest);
  EXPECT_EQ(count("catalog_case_chunks"), chunks);
  EXPECT_EQ(count("catalog_case_sets"), 1);
}

TEST_F(CaseStoreTest, AnEditRewritesOnlyWhatIsAroundIt) {
  const CaseSummary before = store(0, 5'000);
  CaseEdits edits;
  edits.replace.push_back(make(case_number(2'500, "Where is")));
  edits.remove.emplace_back("case-01000");
  edits.add.push_back(make({{"id", "new"}, {"input", "Hello"}}));
  const auto after = cases_->edit(cases_content(before), std::move(edits));
  ASSERT_TRUE(after) << after.error().describe();
  EXPECT_EQ(after->count, 5'000);
  std::set<std::string> known;
  for (const ChunkPlace& place : places(before)) known.insert(place.digest);
  std::size_t fresh = 0;
  for (const ChunkPlace& place : places(*after)) fresh += known.contains(place.digest) ? 0 : 1;
  EXPECT_GT(places(*after).size(), 12u);
  EXPECT_LE(fresh, 6u);
  // The digest is that of the cases, however they came to be there.
  const auto writer = cases_->begin();
  for (int i = 0; i < 5'000; ++i) {
    if (i == 1'000) continue;
    ASSERT_TRUE(writer->add(make(case_number(i, i == 2'500 ? "Where is" : "What about parcel"))));
  }
  ASSERT_TRUE(writer->add(make({{"id", "new"}, {"input", "Hello"}})));
  EXPECT_EQ(writer->finish()->digest, after->digest);

  const auto diff = cases_->diff(cases_content(before), cases_content(*after), {}, 100);
  ASSERT_TRUE(diff) << diff.error().describe();
  EXPECT_EQ(diff->added, 1);
  EXPECT_EQ(diff->removed, 1);
  EXPECT_EQ(diff->changed, 1);
  EXPECT_EQ(diff->unchanged, 4'998);
  ASSERT_EQ(diff->items.size(), 3u);
  EXPECT_EQ(diff->items[0].id, "case-02500");
  EXPECT_EQ(diff->items[0].before, make(case_number(2'500)).line);
  EXPECT_EQ(diff->items[1].id, "new");
  EXPECT_EQ(diff->items[2].op, CaseChangeOp::kRemoved);
  const auto first = cases_->diff(cases_content(before), cases_content(*after), {}, 2);
  const auto second = cases_->diff(cases_content(before), cases_content(*after), first->next_cursor, 2);
  ASSERT_EQ(second->items.size(), 1u);
  EXPECT_EQ(second->items[0].id, "case-01000");
  EXPECT_TRUE(second->next_cursor.empty());
}

TEST_F(CaseStoreTest, EditsThatCantBeAreRefused) {
  const json::object content = cases_content(store(0, 10));
  const auto refused = [&](CaseEdits edits) { return cases_->edit(content, std::move(edits)).error(); };
  CaseEdits add;
  add.add.push_back(make(case_number(3)));
  EXPECT_EQ(refused(std::move(add)).code, ErrorCode::kConflict);
  CaseEdits gone;
  gone.remove.emplace_back("case-99999");
  EXPECT_EQ(refused(std::move(gone)).code, ErrorCode::kNotFound);
  CaseEdits all;
  for (int i = 0; i < 10; ++i) all.remove.push_back(fmt::format("case-{:05}", i));
  EXPECT_EQ(refused(std::move(all)).code, ErrorCode::kInvalidArgument);
}

TEST_F(CaseStoreTest, PagesAndFilters) {
  const json::object content = cases_content(store(0, 2'000));
  std::int64_t found = 0;
  std::string cursor;
  do {
    const auto page = cases_->page(content, {.tag = "odd", .split = "test"}, cursor, 37);
    ASSERT_TRUE(page);
    EXPECT_LE(page->items.size(), 37u);
    EXPECT_EQ(page->total, 2'000);
    found += static_cast<std::int64_t>(page->items.size());
    cursor = page->next_cursor;
  } while (!cursor.empty());
  EXPECT_EQ(found, 200);
  const auto text = cases_->page(content, {.text = "PARCEL 777?"}, {}, 10);
  ASSERT_EQ(text->items.size(), 1u);
  EXPECT_EQ(text->items[0].first, 777);
  EXPECT_EQ(cases_->page(content, {}, "1999", 10)->items.size(), 1u);
  EXPECT_EQ(cases_->page(content, {}, "x", 10).error().where, "cursor");
  EXPECT_EQ(*cases_->get(content, "case-01234"), make(case_number(1'234)).line);
  EXPECT_EQ(cases_->get(content, "nobody").error().code, ErrorCode::kNotFound);
}

TEST_F(CaseStoreTest, CasesInsideOfAContentAreReadTheSameWay) {
  const json::object inside{{"cases", json::array{case_number(1), case_number(2)}}};
  const auto page = cases_->page(inside, {.tag = "even"}, {}, 10);
  ASSERT_TRUE(page) << page.error().describe();
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(*cases_->get(inside, "case-00001"), make(case_number(1)).line);
  const auto diff = cases_->diff(inside, cases_content(store(0, 3)), {}, 10);
  EXPECT_EQ(diff->added, 1);
  EXPECT_EQ(diff->unchanged, 2);
}

TEST_F(CaseStoreTest, DamageIsFound) {
  const CaseSummary summary = store(0, 10);
  ASSERT_TRUE(database_->write([&](soci::session& sql) -> Result<> {
    std::string body;
    sql << "SELECT body FROM catalog_case_chunks", soci::into(body);
    body[body.size() / 2] = body[body.size() / 2] == 'A' ? 'B' : 'A';
    sql << "UPDATE catalog_case_chunks SET body = :body", soci::use(body);
    return {};
  }));
  CaseWalk walk = *cases_->walk(cases_content(summary));
  EXPECT_EQ(walk.next().error().code, ErrorCode::kDataLoss);
}

TEST_F(CaseStoreTest, WhatNobodyUsesIsCollected) {
  {
    const auto writer = cases_->begin();  // cut off half-way
    for (int i = 0; i < 60'000; ++i) ASSERT_TRUE(writer->add(make(case_number(i, "Aborted"))));
  }
  store(0, 1'000);
  EXPECT_GT(count("catalog_case_sets"), 1);
  const auto imported = import("{\"id\":\"1\",\"input\":\"a\"}\n");
  ASSERT_TRUE(imported && imported->item) << imported.error().describe();
  EXPECT_EQ(cases_->collect(unix_now_us() - 3'600'000'000)->sets, 0);
  const auto collected = cases_->collect(unix_now_us() + 1);
  ASSERT_TRUE(collected);
  EXPECT_EQ(collected->sets, 2);
  EXPECT_EQ(count("catalog_case_sets"), 1);
  EXPECT_EQ(count("catalog_case_chunks"), 1);
  EXPECT_EQ(datasets_->cases().find(imported->summary.digest)->count, 1);
}

TEST_F(CaseStoreTest, ImportsMakeVersions) {
  const auto first = import("{\"id\":\"1\",\"input\":\"a\"}\n{\"id\":\"2\",\"input\":\"b\"}\n");
  ASSERT_TRUE(first && first->item);
  EXPECT_EQ(first->item->version, 1);
  const auto again = import("id,input\n1,a\n2,b\n");
  EXPECT_EQ(again->item->action, PlanAction::kUnchanged);
  const auto more = import("{\"id\":\"3\",\"input\":\"c\"}\n", ImportMode::kAppend);
  ASSERT_TRUE(more && more->item);
  EXPECT_EQ(more->item->version, 2);
  EXPECT_EQ(more->summary.count, 3);
  const auto bad = import("{\"id\":\"3\",\"input\":\"c\"}\n", ImportMode::kAppend);
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->report.problems.size(), 1u);
  EXPECT_EQ(datasets_->version(kGolden, "latest")->number, 2);
  // Somebody else was faster.
  DatasetChange late{kGolden, first->item->digest, "late", {}};
  CaseEdits edits;
  edits.remove.emplace_back("1");
  EXPECT_EQ(datasets_->edit(kAda, late, std::move(edits)).error().code, ErrorCode::kConflict);
}

TEST_F(CaseStoreTest, AVersionNeedsItsCasesAndTheirCounts) {
  json::object content =
      cases_content(*summarize_cases(source_of("{\"input\":\"x\"}"), {}, *std::make_unique<ImportReport>()));
  const auto plan = assets_->plan({{kGolden, content, std::nullopt}});
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->problems.empty());
  const auto missing = assets_->push(kAda, {{kGolden, content, std::nullopt}}, "");
  ASSERT_TRUE(missing);
  ASSERT_EQ(missing->problems.size(), 1u);
  EXPECT_EQ(missing->problems[0].path, "cases_digest");
  ASSERT_TRUE(
      datasets_->import(kAda, std::nullopt, ImportMode::kReplace, source_of("{\"input\":\"x\"}"), {}));
  json::object wrong = content;
  wrong["count"] = 7;
  EXPECT_EQ(assets_->push(kAda, {{kGolden, wrong, std::nullopt}}, "")->problems.at(0).path, "count");
  EXPECT_EQ(assets_->push(kAda, {{kGolden, content, std::nullopt}}, "")->items.size(), 1u);
}

TEST_F(CaseStoreTest, TheSameCasesInsideOfAPushAreNoChange) {
  ASSERT_TRUE(import("{\"id\":\"1\",\"input\":\"a\"}\n{\"input\":\"b\",\"split\":\"test\"}\n"));
  json::object inside{{"cases", json::array{json::object{{"id", "1"}, {"input", "a"}},
                                            json::object{{"split", "test"}, {"input", "b"}}}}};
  const auto plan = assets_->plan({{kGolden, inside, std::nullopt}});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->items.at(0).action, PlanAction::kUnchanged);
  EXPECT_EQ(assets_->push(kAda, {{kGolden, inside, std::nullopt}}, "")->items.at(0).action,
            PlanAction::kUnchanged);
  inside["cases"].as_array().emplace_back(json::object{{"input", "c"}});
  EXPECT_EQ(assets_->push(kAda, {{kGolden, inside, std::nullopt}}, "")->items.at(0).version, 2);
  EXPECT_EQ(cases_->walk(datasets_->version(kGolden, "latest")->content)->count(), 3);
}

TEST_F(CaseStoreTest, SplitsKeepClustersTogetherAndFollowTheSeed) {
  std::string file;
  for (int i = 0; i < 2'000; ++i)
    file += fmt::format("{{\"id\":\"{}\",\"input\":\"x{}\",\"cluster\":\"c{}\"}}\n", i, i, i / 4);
  ASSERT_TRUE(import(file));
  const SplitPlan plan{{{"train", 0.8}, {"test", 0.2}}, 7, false};
  const auto split = datasets_->split(kAda, {kGolden, {}, {}, {}}, plan);
  ASSERT_TRUE(split) << split.error().describe();
  EXPECT_NEAR(static_cast<double>(split->summary.splits.at("test")), 400, 80);
  EXPECT_EQ(split->summary.splits.at("test") % 4, 0);
  EXPECT_EQ(datasets_->split(kAda, {kGolden, {}, {}, {}}, plan)->item.action, PlanAction::kUnchanged);
  EXPECT_EQ(datasets_->split(kAda, {kGolden, {}, {}, {}}, {{{"a", 0.5}, {"b", 0.6}}, 7, false}).error().where,
            "shares");
}

TEST_F(CaseStoreTest, UploadsComeInPiecesAndGoOnWhereTheyEnded) {
  UploadStore uploads(*database_, 100);
  const auto upload = uploads.create("shared", "u1", "golden.jsonl");
  ASSERT_TRUE(upload);
  EXPECT_EQ(uploads.append("shared", upload->id, 0, "{\"input\":")->bytes, 9);
  EXPECT_EQ(uploads.append("shared", upload->id, 0, "{\"input\":")->bytes, 9);  // sent again
  const auto gap = uploads.append("shared", upload->id, 12, "x");
  EXPECT_EQ(gap.error().code, ErrorCode::kConflict);
  EXPECT_EQ(gap.error().hint, "Go on at offset 9.");
  EXPECT_EQ(uploads.append("shared", upload->id, 9, std::string(92, 'x')).error().code,
            ErrorCode::kResourceExhausted);
  ASSERT_TRUE(uploads.append("shared", upload->id, 9, "\"x\"}\n"));
  EXPECT_EQ(uploads.find("other", upload->id).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(uploads.begin_import("shared", upload->id));
  EXPECT_EQ(uploads.begin_import("shared", upload->id).error().code, ErrorCode::kConflict);
  const auto done =
      datasets_->import(kAda, std::nullopt, ImportMode::kReplace, uploads.source(upload->id), {});
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(done->summary.count, 1);
  ASSERT_TRUE(uploads.end_import(upload->id, true, 1, {{"result", "x"}}));
  EXPECT_EQ(uploads.find("shared", upload->id)->state, "done");
  EXPECT_EQ(count("catalog_upload_pieces"), 0);
  EXPECT_EQ(*uploads.collect(unix_now_us() + 1), 1);
}

}  // namespace
}  // namespace slipway::catalog
