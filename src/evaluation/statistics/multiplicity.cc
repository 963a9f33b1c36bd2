// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/multiplicity.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace slipway::evaluation {

namespace {

// The places of the p-values from the least to the greatest.
Result<std::vector<std::size_t>> ascending(std::span<const double> p_values) {
  for (std::size_t i = 0; i < p_values.size(); ++i)
    if (!(p_values[i] >= 0 && p_values[i] <= 1))
      return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no p-value", p_values[i]),
                  fmt::format("p_values[{}]", i));
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  return order;
}

}  // namespace

Result<std::vector<double>> holm(std::span<const double> p_values) {
  SLIPWAY_ASSIGN(const auto order, ascending(p_values));
  std::vector<double> out(p_values.size());
  double most = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    most = std::max(most, p_values[order[i]] * static_cast<double>(order.size() - i));
    out[order[i]] = std::min(1.0, most);
  }
  return out;
}

Result<std::vector<double>> benjamini_hochberg(std::span<const double> p_values) {
  SLIPWAY_ASSIGN(const auto order, ascending(p_values));
  std::vector<double> out(p_values.size());
  double least = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    const double factor = static_cast<double>(order.size()) / static_cast<double>(i + 1);
    least = std::min(least, p_values[order[i]] * factor);
    out[order[i]] = least;
  }
  return out;
}

}  // namespace slipway::evaluation
