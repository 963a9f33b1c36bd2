// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/agreement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "evaluation/statistics/calibration.h"
#include "evaluation/test_expected.h"

namespace slipway::evaluation {
namespace {

TEST(Kappa, AgreesWithStatsmodels) {
  for (const json::value& one : expected("statistics", "kappa")) {
    const auto first = numbers<std::uint32_t>(one, "first");
    const auto second = numbers<std::uint32_t>(one, "second");
    const std::pair<KappaWeights, std::string_view> kinds[] = {{KappaWeights::kNone, "none"},
                                                               {KappaWeights::kLinear, "linear"},
                                                               {KappaWeights::kQuadratic, "quadratic"}};
    for (const auto& [weights, key] : kinds) {
      const auto found = cohen_kappa(first, second, weights);
      ASSERT_TRUE(found);
      EXPECT_TRUE(is_near(found->kappa, number(list(one, key)[0])));
      EXPECT_TRUE(is_near(found->standard_error, number(list(one, key)[1])));
      EXPECT_LT(found->interval.low, found->interval.high);
    }
  }
}

TEST(Kappa, OfCountsIsThatOfLabels) {
  const std::uint32_t first[] = {0, 1, 1, 2, 0, 1, 2, 2, 0};
  const std::uint32_t second[] = {0, 1, 0, 2, 0, 2, 2, 1, 0};
  std::vector<std::size_t> table(9);
  for (std::size_t i = 0; i < std::size(first); ++i) table[first[i] * 3 + second[i]] += 1'000;
  const auto counted = cohen_kappa(table, 3, KappaWeights::kLinear);
  const auto listed = cohen_kappa(first, second, KappaWeights::kLinear);
  ASSERT_TRUE(counted && listed);
  EXPECT_NEAR(counted->kappa, listed->kappa, 1e-12);
  EXPECT_NEAR(counted->standard_error, listed->standard_error / std::sqrt(1'000), 1e-12);
  EXPECT_EQ(counted->count, 9'000u);
  EXPECT_EQ(counted->agreement, 6.0 / 9);
  EXPECT_FALSE(cohen_kappa(table, 2));
  EXPECT_FALSE(cohen_kappa(std::vector<std::size_t>(4), 2));
}

TEST(Alpha, OfCountsIsThatOfCases) {
  const std::vector<std::vector<std::optional<double>>> judges = {
      {1, 2, 2, 3, std::nullopt, 1, 1}, {1, 2, 3, 3, 2, std::nullopt, 1}, {2, 2, 3, 3, 2, 1, 1}};
  std::vector<RatedAlike> counted;
  for (std::size_t i = 0; i < 6; ++i) counted.push_back({{judges[0][i], judges[1][i], judges[2][i]}, 1});
  counted.push_back({{1, 1, 1}, 1});
  for (const Scale scale : {Scale::kNominal, Scale::kOrdinal, Scale::kInterval})
    EXPECT_NEAR(*krippendorff_alpha(counted, scale), *krippendorff_alpha(judges, scale), 1e-12);
  // Cases that are rated alike count as often as there are of them.
  std::vector<std::vector<std::optional<double>>> longer = judges;
  for (int i = 0; i < 4; ++i)
    for (auto& judge : longer) judge.emplace_back(1);
  counted.back().cases = 5;
  for (const Scale scale : {Scale::kNominal, Scale::kOrdinal, Scale::kInterval})
    EXPECT_NEAR(*krippendorff_alpha(counted, scale), *krippendorff_alpha(longer, scale), 1e-12);
}

TEST(Kappa, WhereChanceAgreesPerfectly) {
  const std::uint32_t yes[] = {1, 1, 1};
  const std::uint32_t mixed[] = {1, 0, 1};
  EXPECT_FALSE(cohen_kappa(yes, yes));
  EXPECT_FALSE(cohen_kappa({}, {}));
  EXPECT_FALSE(cohen_kappa(yes, std::span(mixed).first(2)));
  const std::uint32_t much[] = {1'000'000, 0, 1};
  EXPECT_FALSE(cohen_kappa(much, yes));
  // A judge that always says yes agrees no better than chance.
  EXPECT_NEAR(cohen_kappa(yes, mixed)->kappa, 0, 1e-12);
  // Perfect agreement on three cases is no certainty.
  EXPECT_EQ(cohen_kappa(mixed, mixed)->kappa, 1);
  EXPECT_LT(cohen_kappa(mixed, mixed)->interval.low, 0);
}

TEST(Krippendorff, AgreesWithThePackage) {
  for (const json::value& one : expected("statistics", "alpha")) {
    std::vector<std::vector<std::optional<double>>> judges;
    for (const json::value& row : list(one, "ratings")) {
      auto& judge = judges.emplace_back();
      for (const json::value& rating : row.as_array())
        judge.push_back(rating.is_null() ? std::nullopt : std::optional(number(rating)));
    }
    EXPECT_TRUE(is_near(*krippendorff_alpha(judges, Scale::kNominal), number(one, "nominal")));
    EXPECT_TRUE(is_near(*krippendorff_alpha(judges, Scale::kOrdinal), number(one, "ordinal")));
    EXPECT_TRUE(is_near(*krippendorff_alpha(judges, Scale::kInterval), number(one, "interval")));
  }
}

TEST(Krippendorff, RefusesWhatSaysNothing) {
  using Rows = std::vector<std::vector<std::optional<double>>>;
  const auto message = [](const Rows& rows) {
    const auto found = krippendorff_alpha(rows, Scale::kNominal);
    return found ? std::string("none") : found.error().message;
  };
  EXPECT_EQ(message({}), "there are no judges");
  EXPECT_EQ(message({{1, 2}, {1}}), "one judge rated 2 cases, another 1");
  EXPECT_EQ(message({{1, std::nullopt}, {std::nullopt, 1}}), "no case has two ratings");
  EXPECT_EQ(message({{1, 1}, {1, 1}}), "all ratings are equal");
  EXPECT_EQ(message({{1, std::numeric_limits<double>::quiet_NaN()}, {1, 2}}), "nan is not a finite number");
  EXPECT_EQ(message({{1, 2}, {1, 2}}), "none");
}

TEST(Calibration, AJudgeThatAlwaysSaysYesIsFoundOut) {
  const Confusion yes{40, 10, 0, 0};
  const JudgeQuality quality = *judge_quality(yes);
  EXPECT_EQ(quality.accuracy.mean, 0.8);
  EXPECT_EQ(quality.sensitivity->mean, 1);
  EXPECT_EQ(quality.specificity->mean, 0);
  EXPECT_EQ(quality.youden, 0);
  EXPECT_EQ(quality.sensitivity->interval, *wilson(40, 40));
  const auto corrected = rogan_gladen(90, 100, yes);
  EXPECT_NE(corrected.error().message.find("calls 100 % of the good and 100 % of the bad cases good"),
            std::string::npos);
  EXPECT_FALSE(judge_quality({}));
  EXPECT_FALSE(judge_quality({3, 0, 0, 1})->specificity);
  EXPECT_FALSE(rogan_gladen(1, 2, {3, 0, 0, 1}));
  EXPECT_FALSE(rogan_gladen(3, 2, {3, 1, 1, 1}));
}

TEST(Calibration, RoganGladenUndoesTheJudgesErrors) {
  // True rate 0.7, sensitivity 0.9, specificity 0.8: measured 0.69.
  const CorrectedRate found = *rogan_gladen(690, 1000, {90, 20, 80, 10});
  EXPECT_NEAR(found.corrected, 0.7, 1e-12);
  EXPECT_LT(found.interval.low, 0.65);
  EXPECT_GT(found.interval.high, 0.75);
  // Rates beyond what the judge's errors can make are cut, and the interval holds what is left.
  const CorrectedRate high = *rogan_gladen(100, 100, {9, 2, 8, 1});
  EXPECT_EQ(high.corrected, 1);
  EXPECT_EQ(high.interval.high, 1);
  EXPECT_LT(high.interval.low, 1);
}

TEST(Calibration, RoganGladenCoversTheTruth) {
  std::mt19937_64 random(11);
  for (const double rate : {0.1, 0.5, 0.95}) {
    int covered = 0;
    constexpr int kRuns = 2'000;
    for (int run = 0; run < kRuns; ++run) {
      const auto draw = [&](int n, double p) {
        return static_cast<std::size_t>(std::binomial_distribution<int>(n, p)(random));
      };
      const std::size_t right_good = draw(60, 0.92);
      const std::size_t right_bad = draw(60, 0.85);
      const double measured = rate * 0.92 + (1 - rate) * 0.15;
      const auto found =
          rogan_gladen(draw(300, measured), 300, {right_good, 60 - right_bad, right_bad, 60 - right_good});
      covered += found->interval.low <= rate && rate <= found->interval.high ? 1 : 0;
    }
    EXPECT_GT(covered, kRuns * 0.93) << rate;
    EXPECT_LT(covered, kRuns * 0.985) << rate;
  }
}

TEST(Calibration, PredictionPoweredAgreesWithNumpy) {
  for (const json::value& one : expected("statistics", "powered")) {
    for (const bool tune : {false, true}) {
      PoweredOptions options;
      options.tune = tune;
      const auto found = prediction_powered_mean(numbers(one, "labels"), numbers(one, "judged"),
                                                 numbers(one, "unlabelled"), options);
      ASSERT_TRUE(found);
      const json::array& values = list(one, tune ? "tuned" : "plain");
      EXPECT_TRUE(is_near(found->lambda, number(values[0])));
      EXPECT_TRUE(is_near(found->mean, number(values[1])));
      EXPECT_TRUE(is_near(found->standard_error, number(values[2])));
    }
  }
}

TEST(Calibration, PredictionPoweredIsNeverCertain) {
  const std::vector<double> labels = {1, 1, 1, 1, 1, 1};
  const std::vector<double> others(50, 1);
  EXPECT_FALSE(prediction_powered_mean(labels, labels, others));
  PoweredOptions options;
  options.bounds = Bounds{0, 1};
  const PoweredMean found = *prediction_powered_mean(labels, labels, others, options);
  EXPECT_LT(found.interval.low, 0.7);
  EXPECT_EQ(found.interval.high, 1);
  EXPECT_FALSE(prediction_powered_mean(std::span(labels).first(4), std::span(labels).first(4), others));
  EXPECT_FALSE(prediction_powered_mean(labels, std::span(labels).first(5), others));
}

}  // namespace
}  // namespace slipway::evaluation
