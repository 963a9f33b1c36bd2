// SPDX-License-Identifier: Apache-2.0
#include "base/yaml.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Yaml, KeepsOrderAndPositions) {
  const auto root = parse_yaml("b: 1\na:\n  - x\n  - \"7\"\n", "f.yaml");
  ASSERT_TRUE(root) << root.error().describe();
  ASSERT_EQ(root->members.size(), 2u);
  EXPECT_EQ(root->members[0].key, "b");
  EXPECT_EQ(root->members[1].line, 2u);
  const YamlNode* list = root->find("a");
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(list->items.size(), 2u);
  EXPECT_EQ(list->items[0].scalar, "x");
  EXPECT_FALSE(list->items[0].quoted);
  EXPECT_TRUE(list->items[1].quoted);
  EXPECT_EQ(list->items[1].line, 4u);
  EXPECT_EQ(list->items[1].column, 5u);
}

TEST(Yaml, AnEmptyTextIsNull) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n"}) {
    const auto root = parse_yaml(text, "f");
    ASSERT_TRUE(root) << text;
    EXPECT_TRUE(root->is_null()) << text;
  }
}

TEST(Yaml, RefusesDuplicatesAndSaysWhereBothStand) {
  const auto root = parse_yaml("a: 1\nb: 2\na: 3\n", "f.yaml");
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().where, "f.yaml:3:1");
  EXPECT_NE(root.error().message.find("line 1"), std::string::npos);
}

TEST(Yaml, RefusesWhatCannotBeRead) {
  for (const char* text :
       {"a: [1, 2", "a: b: c", "? [x]\n: 1\n", "a: 1\n---\nb: 2\n", "a: *nobody\n", "\ta: 1\n", "}"}) {
    const auto root = parse_yaml(text, "f.yaml");
    ASSERT_FALSE(root) << text;
    EXPECT_EQ(root.error().code, ErrorCode::kInvalidArgument) << text;
    EXPECT_TRUE(root.error().where.starts_with("f.yaml")) << text;
  }
  EXPECT_FALSE(parse_yaml(std::string_view("a: \0", 4), "f"));
}

TEST(Yaml, ExpandsAliases) {
  const auto root = parse_yaml("a: &x {k: v}\nb: *x\n", "f");
  ASSERT_TRUE(root) << root.error().describe();
  ASSERT_NE(root->find("b"), nullptr);
  ASSERT_NE(root->find("b")->find("k"), nullptr);
  EXPECT_EQ(root->find("b")->find("k")->scalar, "v");
}

TEST(Yaml, ABillionLaughsAreRefused) {
  std::string text = "a0: &a0 [lol, lol]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before + "]\n";
  }
  const auto root = parse_yaml(text, "bomb.yaml", {.size_bytes = 1 << 20, .depth = 64, .nodes = 50'000});
  ASSERT_FALSE(root);
  EXPECT_NE(root.error().message.find("aliases expanded"), std::string::npos);
  EXPECT_FALSE(parse_yaml("a: &a [*a]\n", "f"));
}

TEST(Yaml, LongTextRepeatedByAliasesIsRefused) {
  std::string text = "a: &a " + std::string(600, 'x') + "\nb: [";
  for (int i = 0; i < 20; ++i) text += "*a,";
  text += "]\n";
  EXPECT_FALSE(parse_yaml(text, "f", {.size_bytes = 4096, .depth = 8, .nodes = 1000}));
}

TEST(Yaml, DepthAndSizeAreLimited) {
  const std::string deep = "a: " + std::string(40, '[') + std::string(40, ']');
  ASSERT_FALSE(parse_yaml(deep, "f"));
  EXPECT_TRUE(parse_yaml(deep, "f", {.size_bytes = 1000, .depth = 41, .nodes = 1000}));
  const auto large = parse_yaml(std::string(2000, '#'), "f", {.size_bytes = 1000, .depth = 8, .nodes = 10});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace slipway
