// SPDX-License-Identifier: Apache-2.0
#include "llm/tokens.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/json.h"
#include "llm/tokens/scan.h"

namespace slipway::llm {
namespace {

constexpr Encoding kCl100k = Encoding::kCl100kBase;
constexpr Encoding kO200k = Encoding::kO200kBase;

// What the reference implementation says; tests/data/tokens/make_expected.py makes it.
const json::object& expected() {
  static const json::value document = [] {
    std::ifstream file{SLIPWAY_SOURCE_DIR "/tests/data/tokens/expected.json"};
    std::stringstream text;
    text << file.rdbuf();
    return json::parse(text.str());
  }();
  return document.as_object();
}

std::string text_of(const json::value& row) {
  const json::string& text = row.at(0).as_string();
  return {text.data(), text.size()};
}

template <class T>
std::vector<T> numbers(const json::value& array) {
  return json::value_to<std::vector<T>>(array);
}

TEST(Tokens, CountsAsTheReferenceDoes) {
  const json::array& cases = expected().at("cases").as_array();
  ASSERT_GE(cases.size(), 2000u);
  for (const json::value& row : cases) {
    const std::string text = text_of(row);
    EXPECT_EQ(count_tokens(kCl100k, text), row.at(1).to_number<std::size_t>()) << row;
    EXPECT_EQ(count_tokens(kO200k, text), row.at(2).to_number<std::size_t>()) << row;
  }
}

TEST(Tokens, PatternsMatchAsTheReferenceDoes) {
  const auto piece_ends = [](Encoding encoding, std::string_view text) {
    std::vector<std::size_t> ends;
    tokens::Scanner scanner{encoding, text};
    for (std::string_view piece = scanner.next(); !piece.empty(); piece = scanner.next()) {
      ends.push_back(static_cast<std::size_t>(piece.data() + piece.size() - text.data()));
    }
    return ends;
  };
  for (const json::value& row : expected().at("pieces").as_array()) {
    const std::string text = text_of(row);
    EXPECT_EQ(piece_ends(kCl100k, text), numbers<std::size_t>(row.at(1))) << "cl100k_base " << row;
    EXPECT_EQ(piece_ends(kO200k, text), numbers<std::size_t>(row.at(2))) << "o200k_base " << row;
  }
}

TEST(Tokens, CutsWhereTheReferenceCuts) {
  for (const json::value& row : expected().at("ends").as_array()) {
    const std::string text = text_of(row);
    EXPECT_EQ(token_ends(kCl100k, text), numbers<std::size_t>(row.at(1))) << row;
    EXPECT_EQ(token_ends(kO200k, text), numbers<std::size_t>(row.at(2))) << row;
  }
}

TEST(Tokens, NumbersTokensAsTheReferenceDoes) {
  for (const json::value& row : expected().at("tokens").as_array()) {
    const std::string text = text_of(row);
    EXPECT_EQ(encode(kCl100k, text), numbers<std::uint32_t>(row.at(1))) << row;
    EXPECT_EQ(encode(kO200k, text), numbers<std::uint32_t>(row.at(2))) << row;
  }
}

TEST(Tokens, LongStretchesWithoutABoundary) {
  for (const json::value& row : expected().at("repeated").as_array()) {
    const std::string unit = text_of(row);
    std::string text;
    for (std::int64_t i = row.at(1).as_int64(); i > 0; --i) text += unit;
    EXPECT_EQ(count_tokens(kCl100k, text), row.at(2).to_number<std::size_t>()) << row;
    EXPECT_EQ(count_tokens(kO200k, text), row.at(3).to_number<std::size_t>()) << row;
  }
}

TEST(Tokens, MalformedUtf8CountsAsReplacementCharacters) {
  for (const json::value& row : expected().at("malformed_hex").as_array()) {
    const std::string hex = text_of(row);
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    EXPECT_EQ(count_tokens(kCl100k, bytes), row.at(1).to_number<std::size_t>()) << row;
    EXPECT_EQ(count_tokens(kO200k, bytes), row.at(2).to_number<std::size_t>()) << row;
  }
}

TEST(Tokens, AStretchPastTheLimitIsCountedInParts) {
  const std::size_t limit = std::size_t{256} << 10;
  const std::string part(limit, 'a');
  EXPECT_EQ(count_tokens(kO200k, part + part + "a"), 2 * count_tokens(kO200k, part) + 1);
}

TEST(Tokens, EncodingAndDecodingGiveTheTextBack) {
  for (const json::value& row : expected().at("cases").as_array()) {
    const std::string text = text_of(row);
    for (const Encoding encoding : {kCl100k, kO200k}) {
      const std::vector<std::uint32_t> tokens = encode(encoding, text);
      EXPECT_EQ(tokens.size(), count_tokens(encoding, text));
      EXPECT_EQ(decode(encoding, tokens), text);
    }
  }
}

TEST(Tokens, DecodingRefusesNumbersThatAreNoTokens) {
  const std::vector<std::uint32_t> tokens{15339, 100256};
  const auto text = decode(kCl100k, tokens);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(text.error().message.find("100256"), std::string::npos);
  EXPECT_FALSE(decode(kO200k, std::vector<std::uint32_t>{199998}));
  EXPECT_TRUE(decode(kO200k, std::vector<std::uint32_t>{199997}));
}

TEST(Tokens, PiecesForStreamingAreWholeCharacters) {
  for (const json::value& row : expected().at("cases").as_array()) {
    const std::string text = text_of(row);
    std::string joined;
    for (const std::string_view piece : split_tokens(kO200k, text)) {
      ASSERT_FALSE(piece.empty());
      EXPECT_NE(static_cast<unsigned char>(piece.front()) & 0xC0, 0x80) << row;
      joined += piece;
    }
    EXPECT_EQ(joined, text);
  }
  EXPECT_EQ(split_tokens(kO200k, "Hello, world!"),
            (std::vector<std::string_view>{"Hello", ",", " world", "!"}));
}

TEST(Tokens, ModelsAreCountedInTheirOwnEncoding) {
  EXPECT_EQ(encoding_for_model("gpt-4o-mini-2024-07-18"), kO200k);
  EXPECT_EQ(encoding_for_model("gpt-4-turbo"), kCl100k);
  EXPECT_EQ(encoding_for_model("gpt-4.1-nano"), kO200k);
  EXPECT_EQ(encoding_for_model("openai/GPT-3.5-turbo"), kCl100k);
  EXPECT_EQ(encoding_for_model("ft:gpt-4o-mini:acme::abc"), kO200k);
  EXPECT_EQ(encoding_for_model("text-embedding-3-small"), kCl100k);
  EXPECT_TRUE(model_tokens("o3-mini").exact);
  EXPECT_TRUE(model_tokens("simulated/small").exact);
  EXPECT_EQ(model_tokens("us.deepseek.r1-v1:0").other_percent, model_tokens("deepseek-chat").other_percent);
  EXPECT_FALSE(model_tokens("claude-sonnet-4-5").exact);
  EXPECT_EQ(model_tokens("eu.anthropic.claude-sonnet-4-5-20250929-v1:0").ascii_percent,
            model_tokens("claude-3").ascii_percent);
  EXPECT_FALSE(model_tokens("never-heard-of").exact);
}

TEST(Tokens, EstimatesSayThatTheyAre) {
  const std::string text = "The quick brown fox jumps over the lazy dog.";
  const TokenEstimate exact = count_for_model("gpt-4o", text);
  EXPECT_TRUE(exact.exact);
  EXPECT_EQ(exact.count, 10);
  const TokenEstimate claude = count_for_model("claude-sonnet-4-5", text);
  EXPECT_FALSE(claude.exact);
  EXPECT_GT(claude.count, exact.count);
  EXPECT_EQ(count_for_model("claude-sonnet-4-5", "").count, 0);
  EXPECT_EQ(count_for_model("claude-sonnet-4-5", std::string(1000, ' ')).count,
            static_cast<std::int64_t>(count_tokens(kO200k, std::string(1000, ' '))) * 120 / 100);
}

// The example of OpenAI's cookbook ("How to count tokens with tiktoken"), whose API answers 124 for gpt-4o
// and 129 for gpt-4.
TEST(Tokens, ChatsCountAsOpenAiBillsThem) {
  const auto count = [](std::string_view model) {
    ChatCounter chat{model};
    chat.message("system");
    chat.text(
        "You are a helpful, pattern-following assistant that translates corporate jargon into plain "
        "English.");
    const std::pair<std::string_view, std::string_view> examples[] = {
        {"example_user", "New synergies will help drive top-line growth."},
        {"example_assistant", "Things working well together will increase revenue."},
        {"example_user",
         "Let's circle back when we have more bandwidth to touch base on opportunities for increased "
         "leverage."},
        {"example_assistant", "Let's talk later when we're less busy about how to do better."}};
    for (const auto& [name, text] : examples) {
      chat.message("system", name);
      chat.text(text);
    }
    chat.message("user");
    chat.text("This late pivot means we don't have time to boil the ocean for the client deliverable.");
    return chat.total();
  };
  EXPECT_EQ(count("gpt-4").count, 129);
  EXPECT_EQ(count("gpt-4o").count, 124);
  EXPECT_TRUE(count("gpt-4o").exact);
}

TEST(Tokens, ToolsAndImagesMakeAChatsCountAnEstimate) {
  ChatCounter chat{"gpt-4o"};
  chat.message("user");
  chat.text("What is the weather in Paris?");
  const TokenEstimate before = chat.total();
  chat.tool("get_weather", "Current weather", R"({"type":"object","properties":{"city":{"type":"string"}}})");
  EXPECT_TRUE(before.exact);
  EXPECT_FALSE(chat.total().exact);
  EXPECT_GT(chat.total().count, before.count);
}

}  // namespace
}  // namespace slipway::llm
