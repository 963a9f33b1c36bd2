// SPDX-License-Identifier: Apache-2.0
#include "telemetry/text_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/text.h"

namespace slipway::telemetry {
namespace {

std::vector<std::string> words_of(std::string_view folded) {
  std::vector<std::string> words;
  visit_words(folded, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}
bool matches(std::string_view query, std::string_view body) {
  const TextQuery parsed(query);
  return parsed.match(searchable(body)) == parsed.all();
}

TEST(TextIndexTest, FoldsEscapesCaseAndSpace) {
  EXPECT_EQ(searchable(R"({"A":"One\n\tTWO \"x\" caf\u00C9 \u041f"})"), R"({"a":"one two "x" café п"})");
  EXPECT_EQ(searchable("ÀÉÎ ΑΒΓ ДЁЖ"), "àéî αβγ дёж");
  EXPECT_EQ(searchable(R"("\ud83d\ude00")"), "\"\xF0\x9F\x98\x80\"");
  EXPECT_EQ(searchable(R"(\u12 \q \)"), R"(\u12 \q \)");
}

TEST(TextIndexTest, FoldingNeverGrowsAndNeverCrashes) {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::uint64_t n = random() % 60; n > 0; --n) {
      static constexpr std::string_view kPieces[] = {
          "\\", "u", "\\u", "00e9", "\\ud83d", "\xc3", "\xd0\x94", " ", "A", "data:", "\"content\":\"", "\n"};
      if (random() % 4 == 0)
        text += static_cast<char>(random());
      else
        text += kPieces[random() % std::size(kPieces)];
    }
    EXPECT_LE(searchable(text).size(), text.size() + 8);
  }
}

TEST(TextIndexTest, SplitsWords) {
  EXPECT_EQ(words_of("gpt-4o costs $2"), (std::vector<std::string>{"gpt", "4o", "costs", "2"}));
  EXPECT_EQ(words_of("東京abc"), (std::vector<std::string>{"東", "京", "abc"}));
}

TEST(TextIndexTest, JoinsWhatAStreamCutApart) {
  const std::string stream =
      "data: {\"choices\":[{\"delta\":{\"content\":\"Unbe\"}}]}\n\n"
      "data: {\"choices\":[{\"delta\":{\"content\":\"lievable \\\"new\"}}]}\n\n"
      "data: {\"choices\":[{\"delta\":{\"content\":\"s\\\"\"}}]}\n\ndata: [DONE]\n\n";
  EXPECT_TRUE(matches("unbelievable", stream));
  EXPECT_TRUE(matches("news", stream));
  EXPECT_FALSE(matches("lievable", stream));
}

TEST(TextIndexTest, WordsArePhrasesArePunctuation) {
  const std::string body = R"({"content":"The Quick brown fox; order-4711 is OK. 東京タワー"})";
  EXPECT_TRUE(matches("QUICK fox", body));
  EXPECT_TRUE(matches("fox quick", body));
  EXPECT_FALSE(matches("quic", body)) << "words, not parts of words";
  EXPECT_FALSE(matches("quick wolf", body));
  EXPECT_TRUE(matches("\"quick brown\"", body));
  EXPECT_FALSE(matches("\"brown quick\"", body));
  EXPECT_FALSE(matches("\"uick brown\"", body));
  EXPECT_TRUE(matches("order-4711", body));
  EXPECT_TRUE(matches("東京", body));
  EXPECT_TRUE(matches("京タ", body));
  EXPECT_FALSE(matches("京東", body));
  EXPECT_TRUE(TextQuery("   ").empty());
  EXPECT_TRUE(TextQuery("\"\"").empty());
}

TEST(TextIndexTest, BloomNeverDeniesWhatMatches) {
  std::mt19937 random(5);
  static constexpr std::string_view kAlphabet[] = {"a", "b", "é", "東", "-", " ", "Z", "1"};
  for (int round = 0; round < 3000; ++round) {
    std::string body;
    for (int i = 0; i < 40; ++i) body += kAlphabet[random() % std::size(kAlphabet)];
    const std::string folded = searchable(body);
    WordSet words;
    words.add_words(folded);
    const std::string bloom = words.bloom();
    std::string query;
    const std::size_t begin = random() % body.size();
    for (std::size_t i = begin; i < std::min(body.size(), begin + random() % 8); ++i) query += body[i];
    if (random() % 2 == 0) query = "\"" + query + "\"";
    if (!is_valid_utf8(query)) continue;
    const TextQuery parsed(query);
    const std::uint64_t found = parsed.match(folded);
    if (found == parsed.all()) {
      EXPECT_TRUE(parsed.bloom_may_match(bloom, 0)) << body << " / " << query;
    }
  }
}

TEST(TextIndexTest, BloomRarelyLies) {
  WordSet words;
  for (int i = 0; i < 20'000; ++i) words.add(word_hash("word" + std::to_string(i)));
  EXPECT_EQ(words.size(), 20'000u);
  const std::string bloom = words.bloom();
  int lies = 0;
  for (int i = 0; i < 20'000; ++i) {
    EXPECT_TRUE(bloom_may_contain(bloom, word_hash("word" + std::to_string(i))));
    lies += bloom_may_contain(bloom, word_hash("other" + std::to_string(i))) ? 1 : 0;
  }
  EXPECT_LT(lies, 400);
}

}  // namespace
}  // namespace slipway::telemetry
