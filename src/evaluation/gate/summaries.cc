// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/summaries.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "evaluation/gate/evidence.h"
#include "evaluation/statistics/multiplicity.h"
#include "evaluation/statistics/paired.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kBins = 20;
constexpr double kTwoSided = 0.025;  // on each side of a 95 % interval
constexpr std::array<std::string_view, 4> kShown = {"latency", "first_token", "tokens_per_second", "cost"};

Result<std::optional<Estimate>> estimate_of(const std::vector<double>& values,
                                            const std::vector<std::uint32_t>& clusters,
                                            const std::optional<Bounds>& bounds) {
  if (values.empty()) return std::nullopt;
  MeanOptions options;
  options.bounds = bounds;
  SLIPWAY_ASSIGN(Estimate estimate, clusters.empty() ? estimate_mean(values, options)
                                                     : estimate_clustered_mean(values, clusters, options));
  return estimate;
}

Result<std::optional<Quantiles>> quantiles_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  SLIPWAY_ASSIGN(const std::vector<double> found,
                 quantiles(values, std::vector<double>{0.5, 0.9, 0.95, 0.99}));
  return Quantiles{found[0], found[1], found[2], found[3]};
}

std::vector<std::size_t> counted(const std::vector<double>& values, double low, double high) {
  std::vector<std::size_t> bins(kBins);
  for (const double value : values) {
    const double place = (value - low) / (high - low) * static_cast<double>(kBins);
    ++bins[static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(kBins) - 1))];
  }
  return bins;
}

// Values beyond the 99th percentile of a skewed figure would leave the others one bin: they share the last.
std::optional<Distribution> distribution_of(const std::vector<double>& candidate,
                                            const std::vector<double>& baseline,
                                            const MetricSummary& summary) {
  if (candidate.empty()) return std::nullopt;
  Distribution out;
  if (summary.kind != ScoreKind::kFigure) {
    out.high = 1;
  } else {
    const auto [least, most] = std::ranges::minmax(candidate);
    out.low = least;
    out.high = std::min(most, 1.5 * summary.quantiles->p99);
    if (!baseline.empty()) {
      const auto [other_least, other_most] = std::ranges::minmax(baseline);
      out.low = std::min(out.low, other_least);
      out.high = std::max(out.high, std::min(other_most, 1.5 * summary.baseline_quantiles->p99));
    }
    if (!(out.high > out.low)) {
      out.low -= 0.5;
      out.high = out.low + 1;
    }
  }
  out.candidate = counted(candidate, out.low, out.high);
  if (!baseline.empty()) out.baseline = counted(baseline, out.low, out.high);
  return out;
}

void count_verdicts(const CaseTable& table, std::size_t metric, MetricSummary& summary) {
  for (const GateAnswer& answer : table.run().answers) {
    if (answer.scores.size() <= metric || !answer.scores[metric].passed) continue;
    if (answer.scores[metric].outcome != MetricOutcome::kScored) continue;
    ++(*answer.scores[metric].passed ? summary.passed : summary.failed);
  }
}

Result<> compare_with(const CaseTable& candidate, const CaseSeries& series, const CaseTable& baseline,
                      const CaseSeries& other, MetricSummary& summary) {
  SLIPWAY_ASSIGN(summary.baseline,
                 estimate_of(other.values, clusters_of(baseline, other.rows), other.bounds));
  SLIPWAY_ASSIGN(summary.baseline_quantiles, quantiles_of(other.values));
  const PairedSeries pairs = pair_series(candidate, series, baseline, other);
  if (pairs.rows.empty()) return {};
  SLIPWAY_ASSIGN(const std::vector<double> moved, differences(pairs.baseline, pairs.candidate));
  const std::vector<std::uint32_t> clusters = clusters_of(candidate, pairs.rows);
  ComparisonOptions options;
  options.bounds = series.bounds;
  options.clusters = clusters;
  SLIPWAY_ASSIGN(const PairedComparison comparison, compare_paired(moved, options));
  summary.difference = comparison.difference;
  if (comparison.test.test != PairedTest::kNone) summary.p_value = comparison.test.p_value;
  return {};
}

Result<MetricSummary> summarise(const CaseTable& candidate, const CaseTable* baseline,
                                const std::string& name) {
  MetricSummary summary;
  summary.name = name;
  const std::optional<std::size_t> metric = candidate.metric(name);
  summary.measure = !metric;
  if (metric) {
    summary.kind = candidate.run().metrics[*metric].kind;
    count_verdicts(candidate, *metric, summary);
  }
  const CaseSeries series = series_of(candidate, *source_of(candidate, name));
  summary.scored = series.scored;
  summary.errors = series.errors;
  summary.skipped = series.skipped;
  SLIPWAY_ASSIGN(summary.candidate,
                 estimate_of(series.values, clusters_of(candidate, series.rows), series.bounds));
  SLIPWAY_ASSIGN(summary.quantiles, quantiles_of(series.values));
  std::vector<double> others;
  if (baseline != nullptr) {
    if (const auto source = source_of(*baseline, name)) {
      const CaseSeries other = series_of(*baseline, *source);
      SLIPWAY_TRY(compare_with(candidate, series, *baseline, other, summary));
      others = other.values;
    }
  }
  summary.distribution = distribution_of(series.values, others, summary);
  return summary;
}

// The rows of each tag, the most frequent tags first.
std::vector<std::pair<std::string_view, std::vector<std::uint32_t>>> rows_by_tag(const CaseTable& table) {
  std::map<std::string_view, std::vector<std::uint32_t>> tags;
  for (std::uint32_t row = 0; row < table.rows().size(); ++row)
    for (const std::string& tag : table.run().answers[table.rows()[row].answers.front()].tags) {
      std::vector<std::uint32_t>& rows = tags[tag];
      if (rows.empty() || rows.back() != row) rows.push_back(row);
    }
  std::vector<std::pair<std::string_view, std::vector<std::uint32_t>>> out(tags.begin(), tags.end());
  std::erase_if(out, [](const auto& tag) { return tag.second.size() < kSliceLeast; });
  std::ranges::stable_sort(out,
                           [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });
  return out;
}

// What a metric gives for each row of the candidate's table; NaN marks "nothing" and goes nowhere.
struct Column {
  std::string name;
  std::optional<Bounds> bounds;
  std::vector<double> candidate;
  std::vector<double> baseline;  // empty: none
};

Column column_of(const CaseTable& candidate, const CaseTable* baseline, const std::string& name) {
  Column out;
  out.name = name;
  const CaseSeries series = series_of(candidate, *source_of(candidate, name));
  out.bounds = series.bounds;
  out.candidate.assign(candidate.rows().size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < series.rows.size(); ++i) out.candidate[series.rows[i]] = series.values[i];
  if (baseline == nullptr) return out;
  const auto source = source_of(*baseline, name);
  if (!source) return out;
  out.baseline.assign(candidate.rows().size(), std::numeric_limits<double>::quiet_NaN());
  const PairedSeries pairs = pair_series(candidate, series, *baseline, series_of(*baseline, *source));
  for (std::size_t i = 0; i < pairs.rows.size(); ++i) out.baseline[pairs.rows[i]] = pairs.baseline[i];
  return out;
}

Result<std::optional<SliceResult>> slice_of(const CaseTable& table, std::string_view tag,
                                            const std::vector<std::uint32_t>& tagged, const Column& column) {
  std::vector<std::uint32_t> rows;
  std::vector<double> values;
  std::vector<std::uint32_t> paired;
  std::vector<double> moved;
  for (const std::uint32_t row : tagged) {
    if (std::isnan(column.candidate[row])) continue;
    rows.push_back(row);
    values.push_back(column.candidate[row]);
    if (column.baseline.empty() || std::isnan(column.baseline[row])) continue;
    paired.push_back(row);
    moved.push_back(column.candidate[row] - column.baseline[row]);
  }
  if (values.size() < kSliceLeast) return std::nullopt;
  SliceResult out;
  out.tag = tag;
  out.metric = column.name;
  out.cases = values.size();
  SLIPWAY_ASSIGN(const MeanEvidence evidence,
                 MeanEvidence::make(values, clusters_of(table, rows), column.bounds));
  out.mean = evidence.mean();
  out.interval = evidence.interval(kTwoSided);
  if (moved.size() < kSliceLeast) return out;
  const std::vector<std::uint32_t> clusters = clusters_of(table, paired);
  std::optional<Bounds> bounds;
  if (column.bounds) bounds = Bounds{-1, 1};
  SLIPWAY_ASSIGN(const MeanEvidence change, MeanEvidence::make(moved, clusters, bounds));
  out.difference = change.mean();
  out.difference_interval = change.interval(kTwoSided);
  const auto gained = static_cast<std::size_t>(std::ranges::count(moved, 1.0));
  const auto lost = static_cast<std::size_t>(std::ranges::count(moved, -1.0));
  const auto equal = static_cast<std::size_t>(std::ranges::count(moved, 0.0));
  if (clusters.empty() && column.bounds && gained + lost + equal == moved.size())
    out.p_value = mcnemar_exact(gained, lost, moved.size(), Tail::kTwoSided).p_value;
  else
    out.p_value = std::min(1.0, 2 * std::min(change.symmetric_p(0, true), change.symmetric_p(0, false)));
  return out;
}

Result<> adjust(std::vector<SliceResult>& slices) {
  std::vector<double> p_values;
  for (const SliceResult& slice : slices)
    if (slice.p_value) p_values.push_back(*slice.p_value);
  SLIPWAY_ASSIGN(const std::vector<double> strict, holm(p_values));
  SLIPWAY_ASSIGN(const std::vector<double> loose, benjamini_hochberg(p_values));
  std::size_t at = 0;
  for (SliceResult& slice : slices) {
    if (!slice.p_value) continue;
    slice.p_holm = strict[at];
    slice.p_benjamini_hochberg = loose[at++];
  }
  return {};
}

}  // namespace

Result<std::vector<MetricSummary>> summarise_metrics(const CaseTable& candidate, const CaseTable* baseline) {
  std::vector<MetricSummary> out;
  for (const GateMetric& metric : candidate.run().metrics) {
    SLIPWAY_ASSIGN(MetricSummary summary, summarise(candidate, baseline, metric.name));
    out.push_back(std::move(summary));
  }
  for (const std::string_view name : kShown) {
    if (candidate.metric(name)) continue;  // the evaluation's own goes before
    SLIPWAY_ASSIGN(MetricSummary summary, summarise(candidate, baseline, std::string(name)));
    if (summary.scored > 0) out.push_back(std::move(summary));
  }
  return out;
}

Result<Slices> slice_metrics(const CaseTable& candidate, const CaseTable* baseline, std::size_t tags_limit) {
  Slices out;
  auto tags = rows_by_tag(candidate);
  if (tags.size() > tags_limit) {
    out.left_out = tags.size() - tags_limit;
    tags.resize(tags_limit);
  }
  if (tags.empty()) return out;
  for (const GateMetric& metric : candidate.run().metrics) {
    const Column column = column_of(candidate, baseline, metric.name);
    for (const auto& [tag, rows] : tags) {
      SLIPWAY_ASSIGN(std::optional<SliceResult> slice, slice_of(candidate, tag, rows, column));
      if (slice) out.results.push_back(std::move(*slice));
    }
  }
  SLIPWAY_TRY(adjust(out.results));
  std::ranges::stable_sort(out.results, {}, [](const SliceResult& slice) {
    return slice.p_value ? *slice.p_value : 2 + slice.mean;
  });
  return out;
}

std::vector<VariantPoint> price_quality(const std::vector<const GateRun*>& runs, const std::string& metric) {
  std::vector<VariantPoint> out;
  for (const GateRun* run : runs) {
    const CaseTable table(*run);
    const auto quality = source_of(table, metric);
    const auto cost = source_of(table, "cost");
    if (!quality || !cost) continue;
    const CaseSeries prices = series_of(table, *cost);
    const CaseSeries scores = series_of(table, *quality);
    const auto price = estimate_of(prices.values, {}, std::nullopt);
    const auto score = estimate_of(scores.values, clusters_of(table, scores.rows), scores.bounds);
    if (!price || !score || !*price || !*score) continue;
    out.push_back(
        {run->name, (*price)->mean, (*score)->mean, (*score)->interval, scores.values.size(), false});
  }
  for (VariantPoint& one : out)
    one.best = std::ranges::none_of(out, [&one](const VariantPoint& other) {
      return other.cost_usd <= one.cost_usd && other.quality >= one.quality &&
             (other.cost_usd < one.cost_usd || other.quality > one.quality);
    });
  return out;
}

}  // namespace slipway::evaluation
