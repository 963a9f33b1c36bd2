// SPDX-License-Identifier: Apache-2.0
#include "catalog/diff.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "catalog/edit_script.h"

namespace slipway::catalog {
namespace {

struct Told {
  std::string path;
  std::string op;
  bool operator==(const Told&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Told& told) {
    return out << told.op << " " << told.path;
  }
};

std::vector<Told> told(std::string_view before, std::string_view after) {
  std::vector<Told> out;
  for (const ContentChange& change : diff_content(json::parse(before), json::parse(after)))
    out.push_back({change.path, std::string(to_string(change.op))});
  return out;
}

TEST(Diff, TellsMembersApart) {
  EXPECT_EQ(told(R"({"a": 1, "b": {"c": 2}, "d": 3})", R"({"a": 1.0, "b": {"c": 4}, "e": 5})"),
            (std::vector<Told>{{"b.c", "change"}, {"d", "remove"}, {"e", "add"}}));
}

TEST(Diff, FindsItemsThatMovedDown) {
  EXPECT_EQ(told(R"([{"x": 1}, {"x": 2}])", R"([{"x": 0}, {"x": 1}, {"x": 2}])"),
            (std::vector<Told>{{"[0]", "add"}}));
  EXPECT_EQ(told(R"([1, 2, 3])", R"([1, 3])"), (std::vector<Told>{{"[1]", "remove"}}));
  EXPECT_EQ(told(R"({"m": [{"r": "s", "c": "a b"}, 2]})", R"({"m": [{"r": "s", "c": "a c"}, 2]})"),
            (std::vector<Told>{{"m[0].c", "change"}}));
}

TEST(Diff, ShowsWords) {
  const std::vector<Piece> pieces =
      diff_words("Answer in English, kindly.", "Answer in plain English, briefly.");
  EXPECT_EQ(pieces, (std::vector<Piece>{{PieceOp::kEqual, "Answer in "},
                                        {PieceOp::kInsert, "plain "},
                                        {PieceOp::kEqual, "English, "},
                                        {PieceOp::kDelete, "kindly"},
                                        {PieceOp::kInsert, "briefly"},
                                        {PieceOp::kEqual, "."}}));
  const auto changes = diff_content(json::parse(R"({"a": "x y"})"), json::parse(R"({"a": "x z"})"));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].words.size(), 3u);
}

TEST(Diff, UnifiedLikeEveryToolReadsIt) {
  EXPECT_EQ(
      unified_diff("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n", "a\nb\nC\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\n", "old",
                   "new"),
      "--- old\n+++ new\n@@ -1,6 +1,6 @@\n a\n b\n-c\n+C\n d\n e\n f\n@@ -10,3 +10,4 @@\n j\n k\n l\n+m\n");
  EXPECT_EQ(unified_diff("", "x\n", "old", "new"), "--- old\n+++ new\n@@ -0,0 +1 @@\n+x\n");
  EXPECT_EQ(unified_diff("x", "x\n", "old", "new"),
            "--- old\n+++ new\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n");
  EXPECT_EQ(unified_diff("same\n", "same\n", "old", "new"), "");
}

TEST(Diff, TextsThatShareHardlyAWordAreReplacedAsAWhole) {
  std::string before;
  std::string after;
  for (int i = 0; i < 40; ++i) {
    before += (i % 10 == 0 ? "same" : "a" + std::to_string(i)) + ", ";
    after += (i % 10 == 0 ? "same" : "b" + std::to_string(i)) + ", ";
  }
  EXPECT_EQ(diff_words(before, after),
            (std::vector<Piece>{{PieceOp::kDelete, before}, {PieceOp::kInsert, after}}));
  EXPECT_GT(diff_words(before, after + before).size(), 1u);
  EXPECT_EQ(diff_words(before, after + before).back().op, PieceOp::kEqual);
}

TEST(Diff, WorkIsBounded) {
  std::string before;
  std::string after;
  for (int i = 0; i < 100'000; ++i) {
    before += "a" + std::to_string(i) + " ";
    after += "b" + std::to_string(i) + " ";
  }
  const std::vector<Piece> pieces = diff_words(before, after);
  ASSERT_GE(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].op, PieceOp::kDelete);
}

std::string text_of(const std::vector<Piece>& pieces, PieceOp left_out) {
  std::string out;
  for (const Piece& piece : pieces)
    if (piece.op != left_out) out += piece.text;
  return out;
}

RC_GTEST_PROP(Diff, PiecesMakeBothTexts, ()) {
  const auto texts = rc::gen::container<std::string>(rc::gen::element('a', 'b', ' ', '.', '\n'));
  const std::string before = *texts;
  const std::string after = *texts;
  const std::vector<Piece> pieces = diff_words(before, after);
  RC_ASSERT(text_of(pieces, PieceOp::kInsert) == before);
  RC_ASSERT(text_of(pieces, PieceOp::kDelete) == after);
  for (std::size_t i = 1; i < pieces.size(); ++i) RC_ASSERT(pieces[i].op != pieces[i - 1].op);
}

std::size_t longest_common(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = a.size(); i-- > 0;)
    for (std::size_t j = b.size(); j-- > 0;)
      table[i][j] = a[i] == b[j] ? table[i + 1][j + 1] + 1 : std::max(table[i + 1][j], table[i][j + 1]);
  return table[0][0];
}

RC_GTEST_PROP(Diff, KeepsAsMuchAsCanBeKept, ()) {
  const auto numbers = rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange(0u, 4u));
  const std::vector<std::uint32_t> before = *numbers;
  const std::vector<std::uint32_t> after = *numbers;
  std::size_t kept = 0;
  for (const Edit& edit : edit_script(before, after, 10'000))
    if (edit.op == Edit::Op::kKeep) kept += edit.count;
  RC_ASSERT(kept == longest_common(before, after));
}

}  // namespace
}  // namespace slipway::catalog
