// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/descriptive.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "evaluation/statistics/random.h"
#include "evaluation/test_expected.h"

namespace slipway::evaluation {
namespace {

TEST(Descriptive, AgreesWithScipy) {
  for (const json::value& one : expected("statistics", "describe")) {
    const auto values = numbers(one, "values");
    const auto moments = moments_of(values);
    ASSERT_TRUE(moments);
    EXPECT_TRUE(is_near(moments->mean(), number(one, "mean")));
    EXPECT_TRUE(is_near(moments->variance(), number(one, "variance")));
    // Of values near 1e12 SciPy's way keeps four digits of the third moment.
    EXPECT_TRUE(is_near(moments->skewness(), number(one, "skewness"), moments->mean() > 1e9 ? 1e-3 : 1e-9));
    const auto shares = numbers(one, "shares");
    const auto found = quantiles(values, shares);
    ASSERT_TRUE(found);
    for (std::size_t i = 0; i < shares.size(); ++i)
      EXPECT_TRUE(is_near((*found)[i], number(list(one, "quantiles")[i])));
    const auto bins = histogram(values, 7);
    ASSERT_TRUE(bins);
    EXPECT_EQ(bins->counts, numbers<std::size_t>(one, "counts"));
  }
}

TEST(Descriptive, RefusesWhatIsNoNumberAndSaysWhere) {
  const double bad[] = {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                        -std::numeric_limits<double>::infinity()};
  for (const double value : bad) {
    const std::vector<double> values = {1, 2, value};
    const double shares[] = {0.5};
    for (const Error& error : {moments_of(values).error(), quantiles(values, shares).error(),
                               histogram(values, 3).error(), require_finite(values, "latencies").error()}) {
      EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
      EXPECT_NE(error.describe().find("[2]"), std::string::npos) << error.describe();
    }
  }
}

TEST(Descriptive, NothingAndOneValue) {
  const auto none = moments_of({});
  EXPECT_EQ(none->count(), 0U);
  EXPECT_EQ(none->variance(), 0);
  const double shares[] = {0, 0.5, 1};
  EXPECT_FALSE(quantiles({}, shares));
  EXPECT_FALSE(histogram({}, 3));
  const double one[] = {4};
  EXPECT_EQ(moments_of(one)->variance(), 0);
  EXPECT_EQ(quantiles(one, shares)->at(1), 4);
  EXPECT_EQ(histogram(one, 2)->counts, (std::vector<std::size_t>{0, 1}));
  EXPECT_FALSE(histogram(one, 0));
  EXPECT_FALSE(histogram(one, kBinsLimit + 1));
  const double wrong[] = {1.5};
  EXPECT_FALSE(quantiles(one, wrong));
  // A distance that no double holds.
  const double far[] = {-1.7e308, 0, 1.7e308};
  EXPECT_EQ(histogram(far, 3)->counts, (std::vector<std::size_t>{1, 1, 1}));
}

RC_GTEST_PROP(Descriptive, PartsMergeToTheWhole, (std::vector<std::int32_t> ints, std::uint64_t seed)) {
  SeededRandom random(seed);
  Moments whole;
  Moments parts[3];
  for (const std::int32_t value : ints) {
    whole.add(value);
    parts[random.below(3)].add(value);
  }
  Moments merged;
  for (const Moments& part : parts) merged.merge(part);
  RC_ASSERT(merged.count() == whole.count());
  RC_ASSERT(merged.min() == whole.min() && merged.max() == whole.max());
  RC_ASSERT(bool(is_near(merged.mean(), whole.mean(), 1e-6)) || std::abs(whole.mean()) < 1);
  RC_ASSERT(bool(is_near(merged.variance(), whole.variance())));
  RC_ASSERT(std::abs(merged.skewness() - whole.skewness()) < 1e-6);
}

}  // namespace
}  // namespace slipway::evaluation
