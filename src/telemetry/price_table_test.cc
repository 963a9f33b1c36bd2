// SPDX-License-Identifier: Apache-2.0
#include "telemetry/price_table.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace slipway::telemetry {
namespace {

std::int64_t day(std::string_view date) { return *parse_time_us(std::string{date} + "T00:00:00Z"); }
const std::int64_t kLate = day("2026-11-23");

const PriceTable& builtin() {
  static const PriceTable table = PriceTable::builtin().value();
  return table;
}

Error refused(std::string_view entries) {
  const auto table = PriceTable::parse("as_of: 2026-01-01\nprices:\n" + std::string{entries}, "test.yaml");
  EXPECT_FALSE(table) << entries;
  return table ? Error{} : table.error();
}

TEST(PriceTable, BuiltInPricesAreThere) {
  const Price* price = builtin().find("openai", "gpt-4o", kLate);
  ASSERT_NE(price, nullptr);
  EXPECT_EQ(price->rates.input, 2'500'000);
  EXPECT_EQ(price->rates.cache_read, 1'250'000);
  EXPECT_EQ(price->rates.output, 10'000'000);
  EXPECT_EQ(price->rates.reasoning, 10'000'000) << "reasoning costs what output costs unless said otherwise";
  EXPECT_EQ(price->rates.cache_write, kUnknownRate);
  EXPECT_FALSE(price->example);
  EXPECT_EQ(builtin().as_of(), "2026-10-07");
  for (const auto& [provider, model] :
       std::vector<std::pair<std::string, std::string>>{{"anthropic", "claude-sonnet-4-5-20250929"},
                                                        {"aws.bedrock", "amazon.nova-pro-v1:0"},
                                                        {"gcp.gemini", "models/gemini-2.5-flash"},
                                                        {"mistral_ai", "mistral-large-latest"},
                                                        {"cohere", "command-a-03-2025"},
                                                        {"deepseek", "deepseek-chat"},
                                                        {"x_ai", "grok-4"},
                                                        {"aws.bedrock", "us.meta.llama3-3-70b-instruct-v1:0"},
                                                        {"gcp.vertex_ai", "claude-haiku-4-5@20251001"}}) {
    EXPECT_NE(builtin().find(provider, model, kLate), nullptr) << provider << " " << model;
  }
}

TEST(PriceTable, EveryBuiltInEntryIsPlausible) {
  const auto all = builtin().list();
  EXPECT_GT(all.size(), 200u);
  for (const auto& [provider, model, price] : all) {
    const Rates& rates = price->rates;
    EXPECT_GT(rates.input, 0) << model;
    EXPECT_TRUE(rates.output == kUnknownRate || rates.output >= rates.input) << model;
    EXPECT_TRUE(rates.cache_read == kUnknownRate || rates.cache_read < rates.input) << model;
    EXPECT_LE(rates.input, 200'000'000) << model;
    for (const PriceTier& tier : price->tiers) {
      EXPECT_GT(tier.rates.input, rates.input) << model;
      EXPECT_GE(tier.rates.output, rates.output) << model;
      EXPECT_EQ(tier.rates.reasoning, tier.rates.output) << model;
    }
    EXPECT_EQ(price->example, provider == "simulated") << model;
  }
}

TEST(PriceTable, WhatIsNotListedIsUnknown) {
  EXPECT_EQ(builtin().find("openai", "gpt-4o-something-new", kLate), nullptr);
  EXPECT_EQ(builtin().find("openai", "gpt-9", kLate), nullptr);
  EXPECT_EQ(builtin().find("openai", "", kLate), nullptr);
  EXPECT_EQ(builtin().find("anthropic", "gpt-4o", kLate), nullptr);
  EXPECT_EQ(builtin().find("nobody", "gpt-4o", kLate), nullptr);
}

TEST(PriceTable, DatedNamesFitUnlessListed) {
  const Price* alias = builtin().find("openai", "gpt-4o-mini", kLate);
  EXPECT_EQ(builtin().find("openai", "gpt-4o-mini-2024-07-18", kLate), alias);
  EXPECT_EQ(builtin().find("openai", "GPT-4o-Mini", kLate), alias);
  EXPECT_EQ(builtin().find("openai", "gpt-4o-2024-05-13", kLate)->rates.input, 5'000'000);
  EXPECT_EQ(builtin().find("openai", "gpt-4-0613", kLate), builtin().find("openai", "gpt-4", kLate));
  EXPECT_EQ(builtin().find("anthropic", "claude-opus-4-1-20250805", kLate)->rates.input, 15'000'000);
  EXPECT_EQ(builtin().find("anthropic", "claude-3-5-haiku-latest", kLate)->rates.input, 800'000);
  EXPECT_EQ(builtin().find("aws.bedrock", "anthropic.claude-3-haiku-20240307-v1:0", kLate)->rates.input,
            250'000);
}

TEST(PriceTable, BedrockRegionsHaveTheirOwnPriceOrTheGlobalOne) {
  const auto input = [](std::string_view model) {
    return builtin().find("aws.bedrock", model, kLate)->rates.input;
  };
  EXPECT_EQ(input("global.anthropic.claude-sonnet-4-5-20250929-v1:0"), 3'000'000);
  EXPECT_EQ(input("eu.anthropic.claude-sonnet-4-5-20250929-v1:0"), 3'300'000);
  EXPECT_EQ(input("eu.amazon.nova-lite-v1:0"), 60'000);
  EXPECT_EQ(builtin().find("openai", "eu.gpt-4o", kLate), nullptr);
}

TEST(PriceTable, TheDayOfTheCallDecides) {
  EXPECT_EQ(builtin().find("openai", "o3", day("2025-06-09"))->rates.input, 10'000'000);
  EXPECT_EQ(builtin().find("openai", "o3", day("2025-06-10") - 1)->rates.input, 10'000'000);
  EXPECT_EQ(builtin().find("openai", "o3", day("2025-06-10"))->rates.input, 2'000'000);
  EXPECT_EQ(builtin().find("openai", "o3", kLate)->rates.input, 2'000'000);
  EXPECT_EQ(builtin().find("deepseek", "deepseek-chat", day("2020-01-01")), nullptr)
      << "before its first price";
}

TEST(PriceTable, TheSimulatedProviderHasAnExamplePrice) {
  const Price* price = builtin().find("simulated", "whatever-it-is-called", kLate);
  ASSERT_NE(price, nullptr);
  EXPECT_TRUE(price->example);
  EXPECT_GT(price->rates.input, 0);
}

TEST(PriceTable, RatesAreExact) {
  const auto table = PriceTable::parse(
      "as_of: 2026-01-01\nprices:\n- {provider: p, models: m, input: 0.000001, output: 1000000, cache_read: "
      "0, "
      "reasoning: 12.5}\n",
      "test.yaml");
  ASSERT_TRUE(table) << table.error().describe();
  const Price* price = table->find("p", "m", 0);
  EXPECT_EQ(price->rates.input, 1);
  EXPECT_EQ(price->rates.output, 1'000'000'000'000);
  EXPECT_EQ(price->rates.cache_read, 0);
  EXPECT_EQ(price->rates.reasoning, 12'500'000);
  EXPECT_EQ(price->where, "test.yaml:3");
}

TEST(PriceTable, TheLongestPrefixWins) {
  const auto table = PriceTable::parse(
      "as_of: 2026-01-01\nprices:\n- {provider: p, models: \"*\", input: 1}\n- {provider: p, models: "
      "\"big-*\", input: 2}\n"
      "- {provider: p, models: \"big-blue-*\", input: 3}\n- {provider: p, models: big-red, input: 4}\n",
      "test.yaml");
  ASSERT_TRUE(table) << table.error().describe();
  EXPECT_EQ(table->find("p", "small", 0)->rates.input, 1'000'000);
  EXPECT_EQ(table->find("p", "big-green", 0)->rates.input, 2'000'000);
  EXPECT_EQ(table->find("p", "big-blue-1", 0)->rates.input, 3'000'000);
  EXPECT_EQ(table->find("p", "big-red", 0)->rates.input, 4'000'000);
}

TEST(PriceTable, OverridesDecideAndLeaveTheRest) {
  const auto entries = parse_yaml(
      "- {provider: openai, models: [gpt-4o], input: 1, output: 2}\n"
      "- {provider: openai, models: [o3], valid_from: 2026-12-01, input: 1, output: 2}\n"
      "- {provider: openai, models: [\"my-*\"], input: 0, output: 0}\n",
      "slipway.yaml");
  const auto table = builtin().with_overrides(*entries, "slipway.yaml");
  ASSERT_TRUE(table) << table.error().describe();
  EXPECT_EQ(table->find("openai", "gpt-4o", kLate)->rates.input, 1'000'000);
  EXPECT_EQ(table->find("openai", "gpt-4o", kLate)->where, "slipway.yaml:1");
  EXPECT_EQ(table->find("openai", "gpt-4o-2024-05-13", kLate)->rates.input, 1'000'000);
  EXPECT_EQ(table->find("openai", "o3", kLate)->rates.input, 2'000'000) << "the new price is not valid yet";
  EXPECT_EQ(table->find("openai", "o3", day("2026-12-01"))->rates.input, 1'000'000);
  EXPECT_EQ(table->find("openai", "my-own", kLate)->rates.input, 0) << "free on purpose";
  EXPECT_EQ(table->find("openai", "gpt-4o-mini", kLate)->rates.input, 150'000);
  EXPECT_EQ(builtin().find("openai", "gpt-4o", kLate)->rates.input, 2'500'000)
      << "the table underneath is unchanged";
  EXPECT_EQ(table->as_of(), "2026-10-07");
  EXPECT_EQ(builtin().with_overrides(YamlNode{}, "")->find("openai", "o3", kLate)->rates.input, 2'000'000);
}

TEST(PriceTable, MistakesAreNamedWithLineAndField) {
  const Error typo = refused("- {provider: p, models: m, input: 1}\n- {provider: p, models: n, inptu: 1}\n");
  EXPECT_EQ(typo.where.substr(0, 12), "test.yaml:4:");
  EXPECT_NE(typo.message.find("prices[1].inptu"), std::string::npos);
  EXPECT_NE(typo.hint.find("input"), std::string::npos);

  const Error rate = refused("- provider: p\n  models: m\n  input: -1\n");
  EXPECT_EQ(rate.where.substr(0, 12), "test.yaml:5:");
  EXPECT_NE(rate.message.find("prices[0].input"), std::string::npos);

  for (const std::string_view bad :
       {"1.2345678", "1e3", "1;5", ".5", "1.", "abc", "1000001", "99999999", "[1]", "\"\""}) {
    EXPECT_NE(refused("- {provider: p, models: m, input: " + std::string{bad} + "}\n").message.find("input"),
              std::string::npos)
        << bad;
  }
  EXPECT_NE(refused("- {provider: p, models: m}\n").message.find("input is missing"), std::string::npos);
  EXPECT_NE(refused("- {models: m, input: 1}\n").message.find("provider is missing"), std::string::npos);
  EXPECT_NE(refused("- {provider: p, models: [], input: 1}\n").message.find("models"), std::string::npos);
  EXPECT_NE(
      refused("- {provider: p, models: m, input: 1, valid_from: 2025-02-30}\n").message.find("valid_from"),
      std::string::npos);
  EXPECT_NE(refused("- {provider: p, models: m, input: 1, tiers: [{input: 2}]}\n")
                .message.find("above_input_tokens"),
            std::string::npos);
  EXPECT_NE(refused("- {provider: p, models: m, input: 1, tiers: [{above_input_tokens: 9, input: 2}, "
                    "{above_input_tokens: 9, input: 3}]}\n")
                .message.find("twice"),
            std::string::npos);
  EXPECT_NE(refused("- {provider: p, models: m, input: 1}\n- {provider: p, models: M, input: 2}\n")
                .message.find("second"),
            std::string::npos);
  EXPECT_NE(refused("- 5\n").message.find("prices[0] must be a map"), std::string::npos);
  EXPECT_FALSE(builtin().with_overrides(*parse_yaml("openai: 5", "x"), "x"));
}

}  // namespace
}  // namespace slipway::telemetry
