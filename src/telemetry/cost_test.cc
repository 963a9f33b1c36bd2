// SPDX-License-Identifier: Apache-2.0
#include "telemetry/cost.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace slipway::telemetry {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

Price simple() {
  Price price;
  price.rates = {.input = 2'500'000,
                 .cache_read = 1'250'000,
                 .cache_write = 3'125'000,
                 .cache_write_1h = 5'000'000,
                 .output = 10'000'000,
                 .reasoning = 10'000'000,
                 .audio_input = 40'000'000,
                 .audio_output = 80'000'000};
  return price;
}

Price tiered() {
  Price price = simple();
  PriceTier tier{200'000, price.rates};
  tier.rates.input = 5'000'000;
  tier.rates.cache_read = 2'500'000;
  tier.rates.output = 15'000'000;
  price.tiers.push_back(tier);
  return price;
}

TEST(Cost, SumsEachClassOnce) {
  // 1,000 read anew, 4,000 from the cache, 500 written: 2.5 + 5 + 5 thousandths of a dollar.
  EXPECT_EQ(cost(simple(), Usage{.input = 1000, .cache_read = 4000, .output = 500}), 12'500'000);
  EXPECT_EQ(cost(simple(), Usage{.input = 0, .output = 0}), 0);
  EXPECT_EQ(cost(simple(), Usage{.input = 0, .cache_write = 10, .output = 0, .reasoning = 7}, 4),
            (6 * 3'125'000 + 4 * 5'000'000 + 7 * 10'000'000) / 1000);
  EXPECT_EQ(cost(simple(), Usage{.input = 0, .output = 0, .audio_input = 2, .audio_output = 3}), 320'000);
}

TEST(Cost, RoundsOnceAndHalfUp) {
  Price price;
  price.rates.input = 300;
  price.rates.output = 400;
  EXPECT_EQ(cost(price, Usage{.input = 1, .output = 1}), 1)
      << "700 pico-dollars; class by class it would be none";
  EXPECT_EQ(cost(price, Usage{.input = 1, .output = 0}), 0);
  price.rates.input = 500;
  EXPECT_EQ(cost(price, Usage{.input = 1, .output = 0}), 1);
}

TEST(Cost, TheUnknownStaysUnknown) {
  EXPECT_EQ(cost(nullptr, Usage{.input = 1, .output = 1}), kUnknownCost);
  EXPECT_EQ(cost(simple(), Usage{}), kUnknownCost);
  EXPECT_EQ(cost(simple(), Usage{.input = 5}), kUnknownCost) << "output unknown, but it has a price";
  EXPECT_EQ(cost(simple(), Usage{.output = 5}), kUnknownCost);
  Price plain;
  plain.rates.input = 1'000'000;
  plain.rates.output = 1'000'000;
  EXPECT_EQ(cost(plain, Usage{.input = 1, .cache_read = 1, .output = 1}), kUnknownCost)
      << "no price for cached tokens";
  EXPECT_EQ(cost(plain, Usage{.input = 1, .cache_read = 0, .output = 1}), 2000);
  Price embeddings;
  embeddings.rates.input = 20'000;
  EXPECT_EQ(cost(embeddings, Usage{.input = 1000}), 20'000);
}

TEST(Cost, NonsenseIsUnknown) {
  EXPECT_EQ(cost(simple(), Usage{.input = -2, .output = 1}), kUnknownCost);
  EXPECT_EQ(cost(simple(), Usage{.input = 1, .cache_read = -7, .output = 1}), kUnknownCost);
  EXPECT_EQ(cost(simple(), Usage{.input = 1, .output = -3}), kUnknownCost);
  EXPECT_EQ(cost(simple(), Usage{.input = 1, .cache_write = 3, .output = 1}, 4), kUnknownCost);
  EXPECT_EQ(cost(simple(), Usage{.input = 1, .cache_write = 3, .output = 1}, -1), kUnknownCost);
  EXPECT_EQ(cost(simple(), Usage{.input = kMax, .output = kMax}), kUnknownCost)
      << "beyond nine billion dollars";
  EXPECT_EQ(
      cost(tiered(),
           Usage{.input = kMax, .cache_read = kMax, .cache_write = kMax, .output = 0, .audio_input = kMax}),
      kUnknownCost);
}

TEST(Cost, SumsTooLargeForAnythingAreUnknown) {
  Price price;
  price.rates = {.input = kMax, .cache_read = kMax, .output = kMax, .reasoning = kMax};
  EXPECT_EQ(cost(price, Usage{.input = kMax, .cache_read = kMax, .output = kMax, .reasoning = kMax}),
            kUnknownCost);
}

TEST(Cost, ATierBeginsAboveItsThreshold) {
  EXPECT_EQ(cost(tiered(), Usage{.input = 200'000, .output = 0}), 500'000'000);
  EXPECT_EQ(cost(tiered(), Usage{.input = 200'001, .output = 0}), 1'000'005'000);
  // What counts is the whole input, from wherever it was read.
  EXPECT_EQ(cost(tiered(), Usage{.input = 1, .cache_read = 200'000, .output = 0}), 500'005'000);
}

Usage some_usage() {
  const auto tokens = [] { return *rc::gen::inRange<std::int64_t>(0, 400'000); };
  return Usage{.input = tokens(),
               .cache_read = tokens(),
               .cache_write = tokens(),
               .output = tokens(),
               .reasoning = tokens(),
               .audio_input = tokens(),
               .audio_output = tokens()};
}

constexpr std::int64_t Usage::* kClasses[] = {&Usage::input,       &Usage::cache_read, &Usage::cache_write,
                                              &Usage::output,      &Usage::reasoning,  &Usage::audio_input,
                                              &Usage::audio_output};

RC_GTEST_PROP(CostProperties, IsTheSumOfItsClasses, ()) {
  const Usage usage = some_usage();
  const Price price = simple();
  NanoUsd sum = 0;
  for (const auto field : kClasses) {
    Usage alone{.input = 0, .output = 0};
    alone.*field = usage.*field;
    sum += cost(price, alone);
  }
  const NanoUsd whole = cost(price, usage);
  RC_ASSERT(whole >= 0);
  // Every rate of this price is a whole number of nano-dollars, so nothing is lost to rounding.
  RC_ASSERT(whole == sum);
}

RC_GTEST_PROP(CostProperties, MoreTokensNeverCostLess, ()) {
  const Usage usage = some_usage();
  Usage more = usage;
  more.*kClasses[*rc::gen::inRange<std::size_t>(0, std::size(kClasses))] +=
      *rc::gen::inRange<std::int64_t>(0, 100'000);
  RC_ASSERT(cost(tiered(), more) >= cost(tiered(), usage));
}

RC_GTEST_PROP(CostProperties, ServingFromTheCacheNeverCostsMore, ()) {
  Usage usage = some_usage();
  const NanoUsd before = cost(tiered(), usage);
  const auto moved = *rc::gen::inRange<std::int64_t>(0, usage.input + 1);
  usage.input -= moved;
  usage.cache_read += moved;
  RC_ASSERT(cost(tiered(), usage) <= before);
}

RC_GTEST_PROP(CostProperties, AnythingAtAllIsUnknownOrNotNegative, ()) {
  Usage usage;
  for (const auto field : kClasses) usage.*field = *rc::gen::arbitrary<std::int64_t>();
  Price price = tiered();
  price.rates.input = *rc::gen::arbitrary<PicoUsd>();
  price.rates.output = *rc::gen::arbitrary<PicoUsd>();
  const NanoUsd total = cost(price, usage, *rc::gen::arbitrary<std::int64_t>());
  RC_ASSERT(total == kUnknownCost || total >= 0);
}

}  // namespace
}  // namespace slipway::telemetry
