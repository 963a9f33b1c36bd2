// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/paired.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "evaluation/statistics/random.h"
#include "evaluation/test_expected.h"

namespace slipway::evaluation {
namespace {

constexpr Tail kTails[] = {Tail::kTwoSided, Tail::kGreater, Tail::kLess};
constexpr Bounds kUnit{0, 1};

ComparisonOptions graded() {
  ComparisonOptions options;
  options.bounds = kUnit;
  return options;
}

TEST(Paired, AgreesWithScipy) {
  int permutations = 0;
  for (const json::value& one : expected("statistics", "paired")) {
    const auto values = numbers(one, "values");
    EXPECT_TRUE(is_near(paired_t_test(values, Tail::kTwoSided)->statistic, number(one, "statistic")));
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(is_near(paired_t_test(values, kTails[i])->p_value, number(list(one, "t")[i])));
      EXPECT_TRUE(is_near(wilcoxon_test(values, kTails[i])->p_value, number(list(one, "wilcoxon")[i])))
          << json::serialize(one);
      if (list(one, "permutation").empty()) continue;
      ++permutations;
      EXPECT_TRUE(is_near(permutation_test(values, kTails[i])->p_value, number(list(one, "permutation")[i])));
    }
    const auto shown = non_inferiority(values, number(one, "margin"));
    ASSERT_TRUE(shown);
    EXPECT_TRUE(is_near(*shown->lowest, number(one, "lowest")));
    EXPECT_TRUE(is_near(shown->p_value, number(one, "non_inferior")));
    EXPECT_EQ(shown->shown, shown->p_value < 0.05);
  }
  EXPECT_GT(permutations, 20);
}

TEST(Paired, McnemarAgreesWithStatsmodels) {
  for (const json::value& one : expected("statistics", "mcnemars")) {
    const std::size_t gained = count(one, "gained");
    const std::size_t lost = count(one, "lost");
    EXPECT_TRUE(is_near(mcnemar_exact(gained, lost, 200, Tail::kTwoSided).p_value, number(one, "exact")));
    EXPECT_TRUE(is_near(mcnemar_exact(gained, lost, 200, Tail::kGreater).p_value, number(one, "greater")));
    EXPECT_TRUE(is_near(mcnemar_exact(gained, lost, 200, Tail::kLess).p_value, number(one, "less")));
    const TestResult approximate = mcnemar_chi_squared(gained, lost, 200);
    EXPECT_TRUE(is_near(approximate.p_value, number(one, "chi_squared")));
    EXPECT_TRUE(is_near(approximate.statistic, number(one, "statistic")));
  }
  EXPECT_EQ(mcnemar_exact(0, 0, 10, Tail::kGreater).p_value, 1);
  EXPECT_EQ(mcnemar_chi_squared(0, 0, 10).p_value, 1);
}

TEST(Paired, RandomFlipsComeCloseToAllOfThem) {
  // Twenty differences: t is a good yardstick, and the seed decides the third digit.
  std::vector<double> values;
  SeededRandom random(5);
  for (int i = 0; i < 200; ++i) values.push_back(random.uniform() - 0.45);
  const TestResult flips = *permutation_test(values, Tail::kGreater, 1);
  EXPECT_FALSE(flips.exact);
  EXPECT_NEAR(flips.p_value, paired_t_test(values, Tail::kGreater)->p_value, 0.01);
  EXPECT_EQ(permutation_test(values, Tail::kGreater, 1)->p_value, flips.p_value);
  // However clear, never zero.
  const std::vector<double> clear(100, 0.5);
  EXPECT_EQ(permutation_test(clear, Tail::kGreater)->p_value, 1.0 / (kFlips + 1));
}

TEST(Paired, NothingDiffers) {
  const std::vector<double> zero(12, 0);
  for (const Tail tail : kTails) {
    EXPECT_EQ(paired_t_test(zero, tail)->p_value, 1);
    EXPECT_EQ(wilcoxon_test(zero, tail)->p_value, 1);
    EXPECT_EQ(permutation_test(zero, tail)->p_value, 1);
  }
  const PairedComparison same = *compare_paired(zero, graded());
  EXPECT_EQ(same.test.p_value, 1);
  EXPECT_EQ(same.difference.mean, 0);
  EXPECT_GT(same.difference.interval->high - same.difference.interval->low, 0.3);
  // Twelve equal pairs don't show that it is no more than 0.05 worse; 200 do show 0.05.
  EXPECT_FALSE(non_inferiority(zero, 0.05, graded())->shown);
  const std::vector<double> many(200, 0);
  EXPECT_TRUE(non_inferiority(many, 0.05, graded())->shown);
  EXPECT_TRUE(is_near(non_inferiority(many, 0.05, graded())->p_value, std::pow(0.95, 200)));
}

TEST(Paired, AllDifferencesAreEqual) {
  const std::vector<double> values(10, 0.25);
  EXPECT_FALSE(paired_t_test(values, Tail::kTwoSided));
  EXPECT_TRUE(is_near(permutation_test(values, Tail::kGreater)->p_value, 1.0 / 1024));
  const PairedComparison better = *compare_paired(values, graded());
  EXPECT_EQ(better.test.test, PairedTest::kPermutation);
  EXPECT_LT(better.difference.interval->low, 0.25);
  // Without bounds there is no interval, and non-inferiority isn't shown.
  const NonInferiority unknown = *non_inferiority(values, 0.1);
  EXPECT_FALSE(unknown.shown);
  EXPECT_FALSE(unknown.lowest);
  EXPECT_EQ(unknown.p_value, 1);
  // Every pair lost, and every pair won.
  const std::vector<double> lost(30, -1);
  EXPECT_FALSE(non_inferiority(lost, 0.1, graded())->shown);
  const std::vector<double> won(30, 1);
  EXPECT_TRUE(non_inferiority(won, 0.1, graded())->shown);
  const double one[] = {1};
  EXPECT_FALSE(non_inferiority(one, 0.1, graded())->shown);
}

TEST(Paired, TheTestFollowsFromTheScores) {
  std::vector<double> values(20, 0);
  values[1] = 1;
  values[2] = -1;
  EXPECT_EQ(compare_paired(values, graded())->test.test, PairedTest::kMcnemar);
  EXPECT_EQ(compare_paired(values)->test.test, PairedTest::kPermutation);
  values[3] = 0.5;
  EXPECT_EQ(compare_paired(values, graded())->test.test, PairedTest::kPermutation);
  std::vector<double> many(kPermutationMost + 1, 0);
  many[0] = 0.5;
  EXPECT_EQ(compare_paired(many, graded())->test.test, PairedTest::kStudent);
  std::vector<std::uint32_t> clusters(20);
  for (std::uint32_t i = 0; i < 20; ++i) clusters[i] = i / 2;
  ComparisonOptions options = graded();
  options.clusters = clusters;
  EXPECT_EQ(compare_paired(values, options)->test.test, PairedTest::kClustered);
}

TEST(Paired, ClusteredAgreesWithStatsmodels) {
  for (const json::value& one : expected("statistics", "clustered")) {
    const auto clusters = numbers<std::uint32_t>(one, "clusters");
    ComparisonOptions options;
    options.clusters = clusters;
    const auto found = compare_paired(numbers(one, "values"), options);
    ASSERT_TRUE(found);
    EXPECT_TRUE(is_near(found->test.statistic, number(one, "t")));
    EXPECT_TRUE(is_near(found->test.p_value, number(one, "p"), 1e-8));
  }
}

TEST(Paired, RefusesWhatIsNoComparison) {
  const double a[] = {1, 2};
  const double b[] = {1};
  EXPECT_NE(differences(a, b).error().message.find("1 scores of the candidate for 2"), std::string::npos);
  const double nan[] = {1, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_NE(differences(a, nan).error().describe().find("candidate[1]"), std::string::npos);
  EXPECT_EQ(*differences(a, a), (std::vector<double>{0, 0}));
  EXPECT_FALSE(paired_t_test(b, Tail::kTwoSided));
  for (const auto& empty : {wilcoxon_test({}, Tail::kLess), permutation_test({}, Tail::kLess)})
    EXPECT_FALSE(empty);
  EXPECT_FALSE(compare_paired({}));
  EXPECT_FALSE(non_inferiority(a, 0));
  EXPECT_FALSE(non_inferiority(a, std::numeric_limits<double>::infinity()));
}

RC_GTEST_PROP(Paired, OppositeDifferencesSwapTheSides, (std::uint64_t seed)) {
  SeededRandom random(seed);
  std::vector<double> values(*rc::gen::inRange<std::size_t>(2, 60));
  for (double& value : values) value = static_cast<double>(random.below(9)) - 3.5;
  std::vector<double> opposite(values);
  for (double& value : opposite) value = -value;
  RC_ASSERT(bool(is_near(wilcoxon_test(values, Tail::kGreater)->p_value,
                         wilcoxon_test(opposite, Tail::kLess)->p_value)));
  RC_ASSERT(bool(is_near(wilcoxon_test(values, Tail::kTwoSided)->p_value,
                         wilcoxon_test(opposite, Tail::kTwoSided)->p_value)));
  if (values.size() <= kPermutationExact)
    RC_ASSERT(bool(is_near(permutation_test(values, Tail::kGreater)->p_value,
                           permutation_test(opposite, Tail::kLess)->p_value)));
}

}  // namespace
}  // namespace slipway::evaluation
