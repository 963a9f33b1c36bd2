// SPDX-License-Identifier: Apache-2.0
#include "cli/project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/temporary_directory.h"
#include "cli/project_git.h"

namespace slipway::cli {
namespace {

using testing::HasSubstr;

class ProjectFolder : public testing::Test {
 protected:
  ProjectFolder() { write("project.yaml", "owner: support\n"); }

  void write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  Project read() {
    Complaints complaints;
    auto project = read_project(folder_, {}, complaints);
    EXPECT_TRUE(project) << project.error().describe();
    for (const Error& complaint : complaints) ADD_FAILURE() << complaint.describe();
    return std::move(*project);
  }

  TemporaryDirectory temporary_{"project"};
  std::string folder_ = temporary_.path().string();
};

TEST_F(ProjectFolder, IsFoundFromWithin) {
  write("prompts/answer.yaml", "model: main\n");
  write("models/main.yml", "model: x\n");
  Complaints complaints;
  const auto project = read_project(folder_ + "/prompts", {}, complaints);
  ASSERT_TRUE(project) << project.error().describe();
  EXPECT_EQ(project->owner, "support");
  ASSERT_NE(project->find("prompt/answer"), nullptr);
  EXPECT_EQ(project->find("model/main")->file, "models/main.yml");
  EXPECT_EQ(project->find("model/other"), nullptr);
}

TEST_F(ProjectFolder, KnowsWhereEverythingStands) {
  write("prompts/answer.yaml",
        "model: main\nmessages:\n  - role: user\n    content: x\n  - {role: system}\n");
  const Project project = read();
  const ProjectAsset& asset = *project.find("prompt/answer");
  EXPECT_EQ(place_of(asset, "model"), "prompts/answer.yaml:1:1");
  EXPECT_EQ(place_of(asset, "messages[0].content"), "prompts/answer.yaml:4:5");
  EXPECT_EQ(place_of(asset, "messages[1].role"), "prompts/answer.yaml:5:6");
  // The nearest thing around what is not there.
  EXPECT_EQ(place_of(asset, "messages[0].missing"), "prompts/answer.yaml:3:5");
  EXPECT_EQ(place_of(asset, "messages[7]"), "prompts/answer.yaml:2:1");
  EXPECT_EQ(place_of(asset, ""), "prompts/answer.yaml:1:1");
}

TEST_F(ProjectFolder, TakesCasesIn) {
  write("datasets/golden.yaml", "description: d\nfile: golden.jsonl\n");
  write("datasets/golden.jsonl", "\n{\"input\": 1}\n\n{\"input\": 2}");
  const Project project = read();
  const ProjectAsset& asset = *project.find("dataset/golden");
  EXPECT_EQ(json::serialize(asset.content), R"({"description":"d","cases":[{"input":1},{"input":2}]})");
  EXPECT_EQ(place_of(asset, "cases[1].input"), "datasets/golden.jsonl:4");
  EXPECT_EQ(place_of(asset, "description"), "datasets/golden.yaml:1:1");
}

TEST_F(ProjectFolder, KeepsItsLock) {
  const Project project = read();
  ASSERT_TRUE(read_lock(project));
  EXPECT_TRUE(read_lock(project)->empty());
  for (const Lock& lock : {Lock{}, Lock{{"model/main", {1, "sha256:a"}}, {"prompt/x", {12, "sha256:b"}}}}) {
    ASSERT_TRUE(write_lock(project, lock));
    const auto again = read_lock(project);
    ASSERT_TRUE(again) << again.error().describe();
    ASSERT_EQ(again->size(), lock.size());
    for (const auto& [key, locked] : lock) {
      EXPECT_EQ(again->at(key).version, locked.version);
      EXPECT_EQ(again->at(key).digest, locked.digest);
    }
  }
}

TEST_F(ProjectFolder, KeepsWhatIsNoAssetApartInItsLock) {
  const Project project = read();
  ASSERT_TRUE(write_lock(project, {{"use case", {3, "sha256:a"}}, {"policy for prod", {1, "sha256:b"}}}));
  const auto again = read_lock(project);
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(again->at("use case").version, 3);
  EXPECT_EQ(again->at("policy for prod").digest, "sha256:b");
  // As an older program writes it.
  write("slipway.lock",
        R"({"owner": "support", "assets": {"prompt/a": {"version": 1, "digest": "sha256:c"}}})");
  EXPECT_EQ(read_lock(project)->size(), 1u);
}

TEST_F(ProjectFolder, SummarizesManyCases) {
  write("datasets/many.yaml", "file: many.jsonl\n");
  std::string lines;
  for (std::size_t i = 0; i <= kInsideCases; ++i) lines += "{}\n";
  write("datasets/many.jsonl", lines);
  const CasesContentFunction count = [&](const CasesFile& file) -> Result<json::object> {
    EXPECT_EQ(file.format, "jsonl");
    EXPECT_THAT(file.path, testing::EndsWith("datasets/many.jsonl"));
    return json::object{{"count", 10'001}, {"cases_digest", "sha256:x"}};
  };
  Complaints complaints;
  auto project = read_project(folder_, count, complaints);
  ASSERT_TRUE(project && complaints.empty());
  EXPECT_TRUE(project->assets[0].cases_apart);
  EXPECT_EQ(project->assets[0].content, (json::object{{"count", 10'001}, {"cases_digest", "sha256:x"}}));
  // One fewer is part of the content.
  write("datasets/many.jsonl", lines.substr(3));
  project = read_project(folder_, count, complaints);
  EXPECT_FALSE(project->assets[0].cases_apart);
  EXPECT_EQ(project->assets[0].content.at("cases").as_array().size(), kInsideCases);
  // What is wrong is told with the file's name and line.
  write("datasets/many.jsonl", lines);
  project = read_project(
      folder_,
      [](const CasesFile& file) -> Result<json::object> {
        return fail(ErrorCode::kInvalidArgument, "is wrong", file.path + ", line 7: input");
      },
      complaints);
  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_EQ(complaints[0].where, "datasets/many.jsonl:7: input");
}

TEST_F(ProjectFolder, TakesOnePolicyAnEnvironment) {
  write("policies/prod.yaml", "owner: support\nenvironment: prod\nformat: 1\ngates: []\n");
  EXPECT_EQ(read().policies.at("prod").content, (json::object{{"gates", json::array()}}));
  write("policies/prod.yml", "gates: []\n");
  write("policies/dev.yaml", "environment: prod\n");
  Complaints complaints;
  ASSERT_TRUE(read_project(folder_, {}, complaints));
  ASSERT_EQ(complaints.size(), 2u);
  EXPECT_EQ(complaints[0].where, "policies/dev.yaml:1:1");
  EXPECT_THAT(complaints[1].message, HasSubstr("second policy for prod: policies/prod.yaml"));
}

TEST_F(ProjectFolder, NamesAssetsByFile) {
  EXPECT_EQ(full_asset_name("a/prompt/b").value_or(""), "a/prompt/b");
  EXPECT_EQ(full_asset_name(folder_ + "/prompts/answer.yaml").value_or(""), "support/prompt/answer");
  for (const std::string& wrong : {std::string("a"), std::string("a//b"), std::string("a/b/c/d"),
                                   std::string(), folder_ + "/other/answer.yaml"})
    EXPECT_FALSE(full_asset_name(wrong)) << wrong;
}

TEST_F(ProjectFolder, HasNoHistoryWithoutARepository) {
  const GitHistory git(folder_);
  EXPECT_TRUE(git.commits("project.yaml").empty());
  EXPECT_TRUE(git.known_files().empty());
  EXPECT_FALSE(git.content("HEAD", "project.yaml"));
  EXPECT_FALSE(git.shallow());
}

TEST(FileOf, IsEmptyForWhatCanNotBe) {
  EXPECT_EQ(file_of("prompt/answer"), "prompts/answer.yaml");
  EXPECT_EQ(file_of("knowledge/base.v2"), "knowledge/base.v2.yaml");
  for (const char* key : {"", "prompt", "prompt/", "other/answer", "prompt/../../x", "prompt/.x", "prompt/A"})
    EXPECT_EQ(file_of(key), "") << key;
}

TEST(CheckOwner, TakesSlugs) {
  for (const char* owner : {"shared", "support-assistant", "a1"})
    EXPECT_TRUE(check_owner(owner, "x")) << owner;
  for (const char* owner : {"", "Support", "a_b", "a.b", "../x", "a/b"}) {
    const auto checked = check_owner(owner, "here");
    ASSERT_FALSE(checked) << owner;
    EXPECT_THAT(checked.error().describe(), HasSubstr("here: '"));
  }
}

}  // namespace
}  // namespace slipway::cli
