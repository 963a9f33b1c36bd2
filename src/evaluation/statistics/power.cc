// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/power.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evaluation/statistics/distributions.h"

namespace slipway::evaluation {

namespace {

Result<> check_options(const PowerOptions& options) {
  if (!(options.alpha > 0 && options.alpha < 0.5))
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no alpha", options.alpha), "alpha",
                "Choose one between 0 and 0.5, such as 0.05");
  if (!(options.power > options.alpha && options.power < 1))
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no power", options.power), "power",
                "Choose one between alpha and 1, such as 0.8");
  return {};
}

Result<> check_positive(double value, std::string_view what) {
  if (value > 0 && std::isfinite(value)) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} is not above 0", value), std::string(what));
}

Result<> check_share(double value, std::string_view what) {
  if (value > 0 && value < 1) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no share between 0 and 1", value),
              std::string(what));
}

// `size`: the effect in deviations.
double power_of_t(double size, double cases, const PowerOptions& options) {
  const double degrees = cases - 1;
  const double centre = size * std::sqrt(cases);
  switch (options.tail) {
    case Tail::kGreater:
      return noncentral_student_sf(student_quantile(1 - options.alpha, degrees), degrees, centre);
    case Tail::kLess:
      return noncentral_student_cdf(student_quantile(options.alpha, degrees), degrees, centre);
    case Tail::kTwoSided: break;
  }
  const double critical = student_quantile(1 - options.alpha / 2, degrees);
  return noncentral_student_sf(critical, degrees, centre) +
         noncentral_student_cdf(-critical, degrees, centre);
}

double power_of_z(double share, double threshold, double cases, const PowerOptions& options) {
  const double null = std::sqrt(threshold * (1 - threshold));
  const double real = std::sqrt(share * (1 - share));
  const double moved = (share - threshold) * std::sqrt(cases);
  switch (options.tail) {
    case Tail::kGreater: return normal_sf((normal_quantile(1 - options.alpha) * null - moved) / real);
    case Tail::kLess: return normal_cdf((normal_quantile(options.alpha) * null - moved) / real);
    case Tail::kTwoSided: break;
  }
  const double critical = normal_quantile(1 - options.alpha / 2) * null;
  return normal_sf((critical - moved) / real) + normal_cdf((-critical - moved) / real);
}

// The fewest cases, from `least` on, with the wanted power.
template <class F>
Result<std::size_t> fewest_cases(std::size_t least, double wanted, F&& power_of) {
  std::size_t high = least;
  while (power_of(static_cast<double>(high)) < wanted) {
    if (high >= kCasesLimit)
      return fail(ErrorCode::kResourceExhausted,
                  fmt::format("more than {} cases would be needed", kCasesLimit), "effect",
                  "Choose a larger effect");
    high *= 2;
  }
  std::size_t low = std::max(least, high / 2);
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (power_of(static_cast<double>(middle)) < wanted)
      low = middle + 1;
    else
      high = middle;
  }
  return high;
}

Result<> check_direction(double effect, Tail tail, std::string_view what) {
  const bool away = tail == Tail::kTwoSided ? effect != 0 : tail == Tail::kGreater ? effect > 0 : effect < 0;
  if (away && std::isfinite(effect)) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is no difference in the direction that is tested", effect), std::string(what));
}

Result<> check_cases(std::size_t cases) {
  if (cases >= 2) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} cases show nothing", cases), "cases",
              "At least 2 are needed");
}

}  // namespace

Result<double> power_of_mean(double effect, double deviation, std::size_t cases,
                             const PowerOptions& options) {
  SLIPWAY_TRY(check_options(options));
  SLIPWAY_TRY(check_positive(deviation, "deviation"));
  SLIPWAY_TRY(check_cases(cases));
  if (!std::isfinite(effect))
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no effect", effect), "effect");
  return power_of_t(effect / deviation, static_cast<double>(cases), options);
}

Result<double> detectable_effect(std::size_t cases, double deviation, const PowerOptions& options) {
  SLIPWAY_TRY(check_options(options));
  SLIPWAY_TRY(check_positive(deviation, "deviation"));
  SLIPWAY_TRY(check_cases(cases));
  const double sign = options.tail == Tail::kLess ? -1 : 1;
  const auto missing = [&](double size) {
    return power_of_t(sign * size, static_cast<double>(cases), options) - options.power;
  };
  double high = 1 / std::sqrt(static_cast<double>(cases));
  while (missing(high) < 0) high *= 2;
  return find_root(missing, 0, high) * deviation;
}

Result<std::size_t> cases_for_mean(double effect, double deviation, const PowerOptions& options) {
  SLIPWAY_TRY(check_options(options));
  SLIPWAY_TRY(check_positive(deviation, "deviation"));
  SLIPWAY_TRY(check_direction(effect, options.tail, "effect"));
  return fewest_cases(2, options.power,
                      [&](double cases) { return power_of_t(effect / deviation, cases, options); });
}

Result<double> power_of_share(double share, double threshold, std::size_t cases,
                              const PowerOptions& options) {
  SLIPWAY_TRY(check_options(options));
  SLIPWAY_TRY(check_share(share, "share"));
  SLIPWAY_TRY(check_share(threshold, "threshold"));
  SLIPWAY_TRY(check_cases(cases));
  return power_of_z(share, threshold, static_cast<double>(cases), options);
}

Result<std::size_t> cases_for_share(double share, double threshold, const PowerOptions& options) {
  SLIPWAY_TRY(check_options(options));
  SLIPWAY_TRY(check_share(share, "share"));
  SLIPWAY_TRY(check_share(threshold, "threshold"));
  SLIPWAY_TRY(check_direction(share - threshold, options.tail, "share"));
  return fewest_cases(2, options.power,
                      [&](double cases) { return power_of_z(share, threshold, cases, options); });
}

Result<double> detectable_share(std::size_t cases, double threshold, const PowerOptions& options) {
  SLIPWAY_TRY(check_options(options));
  SLIPWAY_TRY(check_share(threshold, "threshold"));
  SLIPWAY_TRY(check_cases(cases));
  const bool up = options.tail == Tail::kGreater || (options.tail == Tail::kTwoSided && threshold < 0.5);
  const double room = (up ? 1 - threshold : threshold) * (1 - 1e-9);
  const auto missing = [&](double distance) {
    const double share = up ? threshold + distance : threshold - distance;
    return power_of_z(share, threshold, static_cast<double>(cases), options) - options.power;
  };
  if (missing(room) < 0)
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("{} cases show no difference from {} with a power of {}", cases, threshold,
                            options.power),
                "cases", "Add cases");
  return find_root(missing, 0, room);
}

double paired_deviation(double baseline, double candidate, double correlation) {
  return std::sqrt(
      std::max(0.0, baseline * baseline + candidate * candidate - 2 * correlation * baseline * candidate));
}

}  // namespace slipway::evaluation
