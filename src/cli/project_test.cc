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
    auto project = read_project(folder_, complaints);
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
  const auto project = read_project(folder_ + "/prompts", complaints);
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
