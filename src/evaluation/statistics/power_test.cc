// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/power.h"

#include <gtest/gtest.h>

#include "evaluation/statistics/multiplicity.h"
#include "evaluation/test_expected.h"

namespace slipway::evaluation {
namespace {

PowerOptions towards(Tail tail, double alpha = 0.05, double power = 0.8) { return {alpha, power, tail}; }

TEST(Power, AgreesWithStatsmodels) {
  for (const json::value& one : expected("statistics", "power")) {
    const std::size_t n = count(one, "n");
    const double effect = number(one, "effect");
    const double alpha = number(one, "alpha");
    // Both noncentral t distributions are good to about 1e-9 themselves.
    const auto near = [&](Tail tail, double real, std::string_view key) {
      return is_near(*power_of_mean(real * 3, 3, n, towards(tail, alpha)), number(one, key), 1e-7);
    };
    EXPECT_TRUE(near(Tail::kTwoSided, effect, "two_sided"));
    EXPECT_TRUE(near(Tail::kGreater, effect, "greater"));
    EXPECT_TRUE(near(Tail::kLess, -effect, "less"));
  }
  for (const json::value& one : expected("statistics", "solve")) {
    const std::size_t n = count(one, "n");
    const double power = number(one, "power");
    const auto two = detectable_effect(n, 2, towards(Tail::kTwoSided, 0.05, power));
    EXPECT_TRUE(is_near(*two, 2 * number(one, "effect"), 1e-6));
    const auto up = detectable_effect(n, 2, towards(Tail::kGreater, 0.05, power));
    EXPECT_TRUE(is_near(*up, 2 * number(one, "greater"), 1e-6));
    const auto down = detectable_effect(n, 2, towards(Tail::kLess, 0.05, power));
    EXPECT_TRUE(is_near(*down, *up, 1e-6));
  }
  for (const json::value& one : expected("statistics", "cases"))
    EXPECT_EQ(*cases_for_mean(number(one, "effect") * 0.4, 0.4), count(one, "n"));
  for (const json::value& one : expected("statistics", "shares"))
    EXPECT_TRUE(is_near(*power_of_share(number(one, "share"), number(one, "threshold"), count(one, "n"),
                                        towards(Tail::kGreater)),
                        number(one, "greater"), 1e-9));
}

TEST(Power, TheFewestCasesAreJustEnough) {
  for (const Tail tail : {Tail::kTwoSided, Tail::kGreater, Tail::kLess}) {
    const double sign = tail == Tail::kLess ? -1 : 1;
    const std::size_t n = *cases_for_mean(sign * 0.05, 0.3, towards(tail));
    EXPECT_GE(*power_of_mean(sign * 0.05, 0.3, n, towards(tail)), 0.8);
    EXPECT_LT(*power_of_mean(sign * 0.05, 0.3, n - 1, towards(tail)), 0.8);
    const double share = 0.9 + sign * 0.03;
    const std::size_t m = *cases_for_share(share, 0.9, towards(tail));
    EXPECT_GE(*power_of_share(share, 0.9, m, towards(tail)), 0.8);
    EXPECT_LT(*power_of_share(share, 0.9, m - 1, towards(tail)), 0.8);
    // What m cases show is what needs m cases, or one less.
    const double distance = *detectable_share(m, 0.9, towards(tail));
    const double from = tail == Tail::kGreater ? 0.9 + distance : 0.9 - distance;
    EXPECT_TRUE(is_near(*power_of_share(from, 0.9, m, towards(tail)), 0.8, 1e-6));
  }
  EXPECT_EQ(*cases_for_mean(100, 0.1), 2U);
}

TEST(Power, SaysWhichArgumentIsWrong) {
  const auto where = [](const auto& result) { return result ? std::string("none") : result.error().where; };
  EXPECT_EQ(where(cases_for_mean(0, 1)), "effect");
  EXPECT_EQ(where(cases_for_mean(-1, 1, towards(Tail::kGreater))), "effect");
  EXPECT_EQ(where(cases_for_mean(1, 0)), "deviation");
  EXPECT_EQ(where(cases_for_mean(1e-9, 1)), "effect");
  EXPECT_EQ(cases_for_mean(1e-9, 1).error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(where(power_of_mean(1, 1, 1)), "cases");
  EXPECT_EQ(where(detectable_effect(10, 1, towards(Tail::kLess, 0.6))), "alpha");
  EXPECT_EQ(where(detectable_effect(10, 1, towards(Tail::kLess, 0.05, 0.01))), "power");
  EXPECT_EQ(where(power_of_share(1, 0.5, 10)), "share");
  EXPECT_EQ(where(power_of_share(0.5, 0, 10)), "threshold");
  EXPECT_EQ(where(cases_for_share(0.5, 0.5)), "share");
  EXPECT_EQ(where(detectable_share(2, 0.99, towards(Tail::kGreater))), "cases");
}

TEST(Power, CorrelationMakesPairsStrong) {
  EXPECT_NEAR(paired_deviation(0.3, 0.3, 0), 0.3 * std::sqrt(2), 1e-12);
  EXPECT_NEAR(paired_deviation(0.3, 0.3, 1), 0, 1e-8);
}

TEST(Multiplicity, AgreesWithStatsmodels) {
  for (const json::value& one : expected("statistics", "multiplicity")) {
    const auto p = numbers(one, "p");
    const auto by_holm = holm(p);
    const auto by_bh = benjamini_hochberg(p);
    for (std::size_t i = 0; i < p.size(); ++i) {
      EXPECT_TRUE(is_near((*by_holm)[i], number(list(one, "holm")[i])));
      EXPECT_TRUE(is_near((*by_bh)[i], number(list(one, "bh")[i])));
    }
  }
  EXPECT_TRUE(holm({})->empty());
  const double wrong[] = {0.5, 1.5};
  EXPECT_EQ(holm(wrong).error().where, "p_values[1]");
  EXPECT_FALSE(benjamini_hochberg(wrong));
}

}  // namespace
}  // namespace slipway::evaluation
