// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "evaluation/statistics/distributions.h"

namespace slipway::evaluation {

namespace {

// How much two labels of `labels` count as agreement, 0…1.
double kappa_weight(std::size_t a, std::size_t b, std::size_t labels, KappaWeights weights) {
  if (a == b) return 1;
  if (weights == KappaWeights::kNone) return 0;
  const double distance =
      (a > b ? static_cast<double>(a - b) : static_cast<double>(b - a)) / static_cast<double>(labels - 1);
  return 1 - (weights == KappaWeights::kLinear ? distance : distance * distance);
}

}  // namespace

Result<Kappa> cohen_kappa(std::span<const std::uint32_t> first, std::span<const std::uint32_t> second,
                          KappaWeights weights, double confidence) {
  SLIPWAY_TRY(check_confidence(confidence));
  if (first.size() != second.size())
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} labels of one judge, {} of the other", first.size(), second.size()),
                "labels");
  if (first.empty()) return fail(ErrorCode::kInvalidArgument, "there are no labels", "labels");
  const std::size_t labels =
      std::max(*std::ranges::max_element(first), *std::ranges::max_element(second)) + std::size_t{1};
  if (labels > kLabelsLimit)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} labels are more than {}", labels, kLabelsLimit),
                "labels");
  std::vector<std::size_t> table(labels * labels);
  for (std::size_t i = 0; i < first.size(); ++i) ++table[first[i] * labels + second[i]];
  return cohen_kappa(table, labels, weights, confidence);
}

Result<Kappa> cohen_kappa(std::span<const std::size_t> counts, std::size_t labels, KappaWeights weights,
                          double confidence) {
  SLIPWAY_TRY(check_confidence(confidence));
  if (labels == 0 || labels > kLabelsLimit || counts.size() != labels * labels)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} counts are no table of {} labels", counts.size(), labels), "labels");
  Kappa out;
  out.count = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
  if (out.count == 0) return fail(ErrorCode::kInvalidArgument, "there are no labels", "labels");
  const auto n = static_cast<double>(out.count);
  std::vector<double> table(labels * labels);
  std::vector<double> rows(labels);
  std::vector<double> columns(labels);
  for (std::size_t a = 0; a < labels; ++a) {
    for (std::size_t b = 0; b < labels; ++b) {
      const double share = static_cast<double>(counts[a * labels + b]) / n;
      table[a * labels + b] = share;
      rows[a] += share;
      columns[b] += share;
    }
  }
  std::size_t equal = 0;
  for (std::size_t a = 0; a < labels; ++a) equal += counts[a * labels + a];
  out.agreement = static_cast<double>(equal) / n;
  double observed = 0;
  double expected = 0;
  std::vector<double> of_row(labels);
  std::vector<double> of_column(labels);
  for (std::size_t a = 0; a < labels; ++a) {
    for (std::size_t b = 0; b < labels; ++b) {
      const double weight = kappa_weight(a, b, labels, weights);
      observed += weight * table[a * labels + b];
      expected += weight * rows[a] * columns[b];
      of_row[a] += weight * columns[b];
      of_column[b] += weight * rows[a];
    }
  }
  const double room = 1 - expected;
  if (!(room > 1e-12))
    return fail(ErrorCode::kInvalidArgument, "both judges always give the same label", "labels",
                "Agreement beyond chance shows on cases of different kinds only");
  out.kappa = (observed - expected) / room;
  double sum = 0;
  for (std::size_t a = 0; a < labels; ++a) {
    for (std::size_t b = 0; b < labels; ++b) {
      const double part = kappa_weight(a, b, labels, weights) - (of_row[a] + of_column[b]) * (1 - out.kappa);
      sum += table[a * labels + b] * part * part;
    }
  }
  const double centre = out.kappa - expected * (1 - out.kappa);
  out.standard_error = std::sqrt(std::max(0.0, (sum - centre * centre) / n)) / room;
  const double z = normal_quantile((1 + confidence) / 2);
  out.interval = {std::max(-1.0, out.kappa - z * out.standard_error),
                  std::min(1.0, out.kappa + z * out.standard_error)};
  // Perfect agreement has no measured error: as many cases as chance may have hidden disagree.
  if (out.agreement > 1 - 1e-12)
    out.interval.low = std::max(-1.0, 1 - share_at_most(0, out.count, confidence) / room);
  return out;
}

Result<double> krippendorff_alpha(std::span<const std::vector<std::optional<double>>> judges, Scale scale) {
  if (judges.empty()) return fail(ErrorCode::kInvalidArgument, "there are no judges", "judges");
  const std::size_t cases = judges.front().size();
  for (const auto& judge : judges)
    if (judge.size() != cases)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("one judge rated {} cases, another {}", cases, judge.size()), "judges");
  std::vector<RatedAlike> rated(cases);
  for (std::size_t i = 0; i < cases; ++i) {
    rated[i].cases = 1;
    for (const auto& judge : judges) rated[i].ratings.push_back(judge[i]);
  }
  return krippendorff_alpha(rated, scale);
}

Result<double> krippendorff_alpha(std::span<const RatedAlike> cases, Scale scale) {
  std::vector<double> values;
  std::vector<std::pair<std::vector<double>, double>> ratings;  // of the cases with two or more, and how many
  double total = 0;
  for (const RatedAlike& alike : cases) {
    std::vector<double> of_case;
    for (const std::optional<double>& rating : alike.ratings)
      if (rating) of_case.push_back(*rating);
    SLIPWAY_TRY(require_finite(of_case, "ratings"));
    if (of_case.size() < 2 || alike.cases == 0) continue;
    values.insert(values.end(), of_case.begin(), of_case.end());
    const auto many = static_cast<double>(alike.cases);
    total += many * static_cast<double>(of_case.size());
    ratings.emplace_back(std::move(of_case), many);
  }
  if (ratings.empty())
    return fail(ErrorCode::kInvalidArgument, "no case has two ratings", "judges",
                "Agreement needs cases that several judges have rated");
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
  if (values.size() == 1)
    return fail(ErrorCode::kInvalidArgument, "all ratings are equal", "judges",
                "Agreement beyond chance shows on cases of different kinds only");
  if (values.size() > kRatingsLimit)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} different ratings are more than {}", values.size(), kRatingsLimit), "judges",
                "Round them");
  const std::size_t n = values.size();
  std::vector<double> frequency(n);
  std::vector<double> coincidences(n * n);
  for (const auto& [of_case, many] : ratings) {
    std::vector<std::size_t> places;
    for (const double value : of_case)
      places.push_back(static_cast<std::size_t>(std::ranges::lower_bound(values, value) - values.begin()));
    const double weight = many / static_cast<double>(places.size() - 1);
    for (std::size_t i = 0; i < places.size(); ++i) {
      frequency[places[i]] += many;
      for (std::size_t j = 0; j < places.size(); ++j)
        if (i != j) coincidences[places[i] * n + places[j]] += weight;
    }
  }
  double observed = 0;
  double expected = 0;
  for (std::size_t a = 0; a < n; ++a) {
    double between = frequency[a] / 2;  // ordinal: how many ratings lie from a to b, the ends by half
    for (std::size_t b = a + 1; b < n; ++b) {
      double distance = 1;
      if (scale == Scale::kInterval) distance = values[b] - values[a];
      if (scale == Scale::kOrdinal) distance = between + frequency[b] / 2;
      between += frequency[b];
      observed += coincidences[a * n + b] * distance * distance;
      expected += frequency[a] * frequency[b] * distance * distance;
    }
  }
  return 1 - (total - 1) * observed / expected;
}

}  // namespace slipway::evaluation
