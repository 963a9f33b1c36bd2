// SPDX-License-Identifier: Apache-2.0
#include "governance/canary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace slipway::governance {

namespace {

// How many times as high the odds of a failure may be, and how much we believe in each beforehand. Small
// factors for slow creeping, 50 for a candidate that is simply broken.
constexpr std::array<double, Comparison::kFactors> kFactors = {1.5, 2, 3, 5, 10, 50};
constexpr std::array<double, Comparison::kFactors> kBeliefs = {0.15, 0.3, 0.2, 0.15, 0.1, 0.1};
// Below so many values a mean says nothing: the normal approximation is too rough.
constexpr double kValuesForAMean = 30;
constexpr double kScoresForAMean = 10;
// Sizes of differences the mixtures expect: a quarter in duration or cost (as logarithm), a tenth of a score,
// two failures in a hundred.
constexpr double kScaleOfRatios = 0.25;
constexpr double kScaleOfScores = 0.1;
constexpr double kScaleOfRates = 0.02;
// The variance of the most uncertain score there is (0 or 1): one such score is added to each mean, so that
// three equal ratings are no certainty.
constexpr double kScoreVariance = 0.25;

enum Metric : std::size_t { kErrorRate, kLatency, kCost, kFeedback };

// Adds the logarithms of the likelihood ratios of one slice: Fisher's noncentral hypergeometric distribution
// against the central one.
void add_ratios(std::array<double, Comparison::kFactors>& logs, std::int64_t active_calls,
                std::int64_t active_errors, std::int64_t candidate_calls, std::int64_t candidate_errors) {
  const std::int64_t errors = active_errors + candidate_errors;
  const std::int64_t low = std::max<std::int64_t>(0, errors - active_calls);
  const std::int64_t high = std::min(errors, candidate_calls);
  if (low >= high) return;  // no other outcome was possible
  // Sums relative to the term at `low`, in logarithms: the terms may be astronomically far apart.
  const auto add = [](double a, double b) { return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b))); };
  std::array<double, Comparison::kFactors> log_factors{};
  std::ranges::transform(kFactors, log_factors.begin(), [](double factor) { return std::log(factor); });
  std::array<double, Comparison::kFactors> log_tilted{};
  double log_central = 0;
  double log_term = 0;
  for (std::int64_t k = low; k < high; ++k) {
    log_term += std::log(static_cast<double>(candidate_calls - k) * static_cast<double>(errors - k) /
                         (static_cast<double>(k + 1) * static_cast<double>(active_calls - errors + k + 1)));
    log_central = add(log_central, log_term);
    for (std::size_t i = 0; i < kFactors.size(); ++i)
      log_tilted[i] = add(log_tilted[i], log_term + static_cast<double>(k + 1 - low) * log_factors[i]);
  }
  for (std::size_t i = 0; i < kFactors.size(); ++i)
    logs[i] += static_cast<double>(candidate_errors - low) * log_factors[i] - (log_tilted[i] - log_central);
}

double log_mixture(const std::array<double, Comparison::kFactors>& logs) {
  const double top = *std::ranges::max_element(logs);
  double sum = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) sum += kBeliefs[i] * std::exp(logs[i] - top);
  return top + std::log(sum);
}

double log_normal_cdf(double z) {
  if (z > -25) return std::log(0.5 * std::erfc(-z / std::numbers::sqrt2));
  return -z * z / 2 - std::log(-z * std::sqrt(2 * std::numbers::pi));
}

// A difference known with so much information (one over its variance).
struct Score {
  double information = 0;
  double weighted = 0;  // difference times information

  void add(double difference, double variance) {
    if (!(variance > 0) || !std::isfinite(variance)) return;
    information += 1 / variance;
    weighted += difference / variance;
  }
  [[nodiscard]] double difference() const { return information > 0 ? weighted / information : 0; }
  // Log evidence that the difference is above `limit`: a half normal of this scale over by how much.
  [[nodiscard]] double log_evidence_above(double limit, double scale) const {
    return Score{information, weighted - limit * information}.log_evidence(scale);
  }
  // Log evidence that the difference is below `limit`.
  [[nodiscard]] double log_evidence_below(double limit, double scale) const {
    return Score{information, limit * information - weighted}.log_evidence(scale);
  }

 private:
  [[nodiscard]] double log_evidence(double scale) const {
    const double spread = 1 + scale * scale * information;
    const double z = scale * weighted / std::sqrt(spread);
    return std::log(2.0) + log_normal_cdf(z) + z * z / 2 - std::log(spread) / 2;
  }
};

// What a metric averages.
struct Values {
  double count = 0;
  double sum = 0;
  double squares = 0;

  [[nodiscard]] double mean() const { return sum / count; }
  [[nodiscard]] double variance() const {
    return std::max(0.0, (squares - count * mean() * mean()) / (count - 1));
  }
};

Values values_of(Metric metric, const ReleaseFigures& figures) {
  const auto real = [](std::int64_t count) { return static_cast<double>(count); };
  switch (metric) {
    case kErrorRate: return {real(figures.calls), real(figures.errors), real(figures.errors)};
    case kLatency: return {real(figures.calls), figures.duration_sum, figures.duration_squares};
    case kCost: return {real(figures.costed), figures.cost_sum, figures.cost_squares};
    case kFeedback: return {real(figures.scores), figures.score_sum, figures.score_squares};
  }
  return {};
}

// The difference of two shares, each with half a failure added, so that none is certain of its zero.
void add_rates(Score& score, const Values& active, const Values& candidate) {
  if (active.count == 0 || candidate.count == 0) return;
  const auto variance = [](const Values& values) {
    const double rate = (values.sum + 0.5) / (values.count + 1);
    return rate * (1 - rate) / values.count;
  };
  score.add(candidate.mean() - active.mean(), variance(candidate) + variance(active));
}

// How much lower the candidate's scores are.
void add_scores(Score& score, const Values& active, const Values& candidate) {
  if (std::min(active.count, candidate.count) < kScoresForAMean) return;
  const auto variance = [](const Values& values) {
    return (values.variance() + kScoreVariance / values.count) / values.count;
  };
  score.add(active.mean() - candidate.mean(), variance(candidate) + variance(active));
}

// The logarithm of the ratio of two means, by the delta method.
void add_ratio_of_means(Score& score, const Values& active, const Values& candidate) {
  if (std::min(active.count, candidate.count) < kValuesForAMean) return;
  if (!(active.mean() > 0) || !(candidate.mean() > 0)) return;
  const auto variance = [](const Values& values) {
    return values.variance() / (values.count * values.mean() * values.mean());
  };
  // Values that never vary differ for certain; the evidence for it still grows with their number only.
  const double least = 1e-6 / std::min(active.count, candidate.count);
  score.add(std::log(candidate.mean() / active.mean()),
            std::max(variance(active) + variance(candidate), least));
}

Score score_of(const Comparison& comparison, Metric metric) {
  Score score;
  for (const Comparison::Stage& stage : comparison.stages) {
    const Values active = values_of(metric, stage.active);
    const Values candidate = values_of(metric, stage.candidate);
    switch (metric) {
      case kErrorRate: add_rates(score, active, candidate); break;
      case kFeedback: add_scores(score, active, candidate); break;
      case kLatency:
      case kCost: add_ratio_of_means(score, active, candidate); break;
    }
  }
  return score;
}

// A mean value of the metric for people.
std::string shown(Metric metric, double value) {
  switch (metric) {
    case kErrorRate: return fmt::format("{:.2f} %", value * 100);
    case kLatency: return fmt::format("{:.0f} ms", value * 1000);
    case kCost: return fmt::format("${:.6f}", value);
    case kFeedback: return fmt::format("{:.2f}", value);
  }
  return {};
}

std::string_view spoken(Metric metric) {
  constexpr std::array<std::string_view, 4> kWords = {"error rate", "mean duration", "mean cost",
                                                      "mean feedback"};
  return kWords[metric];
}

MetricJudgement describe(Metric metric, const ReleaseFigures& a, const ReleaseFigures& c) {
  constexpr std::array<std::string_view, 4> kNames = {"error_rate", "latency", "cost", "feedback"};
  const Values active = values_of(metric, a);
  const Values candidate = values_of(metric, c);
  MetricJudgement judgement;
  judgement.metric = kNames[metric];
  judgement.calls_active = static_cast<std::int64_t>(active.count);
  judgement.calls_candidate = static_cast<std::int64_t>(candidate.count);
  if (active.count > 0) judgement.active = active.mean();
  if (candidate.count > 0) judgement.candidate = candidate.mean();
  return judgement;
}

std::string sentence(const Judgement& judgement, const ReleaseFigures& active,
                     const ReleaseFigures& candidate, std::int64_t min_calls, const std::string& worst) {
  if (!worst.empty()) return worst;
  if (candidate.calls < min_calls)
    return fmt::format("Too early to say: {} of at least {} calls of the candidate.", candidate.calls,
                       min_calls);
  const auto fine = std::ranges::count(judgement.metrics, MetricState::kFine, &MetricJudgement::state);
  if (!judgement.metrics.empty() && fine == std::ssize(judgement.metrics))
    return fmt::format("The candidate is as good as what runs, by {} and {} calls.", candidate.calls,
                       active.calls);
  return fmt::format("No guard is broken after {} calls of the candidate and {} of what runs.",
                     candidate.calls, active.calls);
}

}  // namespace

ReleaseFigures& ReleaseFigures::operator+=(const ReleaseFigures& other) {
  calls += other.calls;
  errors += other.errors;
  duration_sum += other.duration_sum;
  duration_squares += other.duration_squares;
  costed += other.costed;
  cost_sum += other.cost_sum;
  cost_squares += other.cost_squares;
  scores += other.scores;
  score_sum += other.score_sum;
  score_squares += other.score_squares;
  return *this;
}

ReleaseFigures& ReleaseFigures::operator-=(const ReleaseFigures& other) {
  calls -= other.calls;
  errors -= other.errors;
  duration_sum -= other.duration_sum;
  duration_squares -= other.duration_squares;
  costed -= other.costed;
  cost_sum -= other.cost_sum;
  cost_squares -= other.cost_squares;
  scores -= other.scores;
  score_sum -= other.score_sum;
  score_squares -= other.score_squares;
  return *this;
}

ReleaseFigures Comparison::active() const {
  ReleaseFigures all;
  for (const Stage& stage : stages) all += stage.active;
  return all;
}

ReleaseFigures Comparison::candidate() const {
  ReleaseFigures all;
  for (const Stage& stage : stages) all += stage.candidate;
  return all;
}

void observe(Comparison& comparison, const ReleaseFigures& active, const ReleaseFigures& candidate) {
  comparison.stages.back().active += active;
  comparison.stages.back().candidate += candidate;
  const auto calls_a = static_cast<double>(active.calls);
  const auto calls_c = static_cast<double>(candidate.calls);
  if (calls_a <= 0 || calls_c <= 0) return;
  add_ratios(comparison.log_ratios, active.calls, active.errors, candidate.calls, candidate.errors);
  const double weight = calls_a * calls_c / (calls_a + calls_c);
  comparison.difference_weight += weight;
  comparison.difference_sum += weight * (static_cast<double>(candidate.errors) / calls_c -
                                         static_cast<double>(active.errors) / calls_a);
}

void begin_stage(Comparison& comparison) { comparison.stages.emplace_back(); }

std::string_view to_string(MetricState state) {
  constexpr std::array<std::string_view, 3> kNames = {"undecided", "fine", "worse"};
  return kNames[static_cast<std::size_t>(state)];
}

Judgement judge(Comparison& comparison, const CanaryGuards& guards) {
  const std::array<std::optional<double>, 4> limits = {guards.error_rate, guards.latency, guards.cost,
                                                       guards.feedback};
  constexpr std::array kScales = {kScaleOfRates, kScaleOfRatios, kScaleOfRatios, kScaleOfScores};
  const auto others = std::ranges::count_if(limits.begin() + 1, limits.end(),
                                            [](const auto& limit) { return limit.has_value(); });
  const ReleaseFigures active = comparison.active();
  const ReleaseFigures candidate = comparison.candidate();
  Judgement judgement;
  std::string worst;
  for (const Metric metric : {kErrorRate, kLatency, kCost, kFeedback}) {
    if (!limits[metric]) continue;
    // Failures matter most: their guard gets half of alpha, the others share the rest.
    double share = 1;
    if (metric == kErrorRate && others > 0) share = 0.5;
    if (metric != kErrorRate) share = (limits[kErrorRate] ? 0.5 : 1.0) / static_cast<double>(others);
    const double enough = -std::log(guards.alpha * share);
    const bool by_ratio = metric == kLatency || metric == kCost;
    const double limit = by_ratio ? std::log(*limits[metric]) : *limits[metric];
    const Score score = score_of(comparison, metric);
    const double evidence = metric == kErrorRate    ? log_mixture(comparison.log_ratios)
                            : score.information > 0 ? score.log_evidence_above(limit, kScales[metric])
                                                    : 0;
    double& peak = comparison.peaks[metric];
    peak = std::max(peak, evidence);
    double difference = score.difference();
    if (metric == kErrorRate)
      difference =
          comparison.difference_weight > 0 ? comparison.difference_sum / comparison.difference_weight : 0;

    MetricJudgement item = describe(metric, active, candidate);
    if (item.calls_active > 0 && item.calls_candidate > 0)
      item.p_value = std::min(1.0, std::exp(-peak) / share);
    const std::int64_t needed =
        metric == kFeedback ? static_cast<std::int64_t>(kScoresForAMean) : guards.min_calls;
    if (peak >= enough && difference > limit) {
      item.state = MetricState::kWorse;
      if (worst.empty())
        worst = fmt::format("Worse: the {} is {} against {}, by {} and {} {} (p = {:.2g}).", spoken(metric),
                            shown(metric, item.candidate.value_or(0)), shown(metric, item.active.value_or(0)),
                            item.calls_candidate, item.calls_active, metric == kFeedback ? "scores" : "calls",
                            item.p_value.value_or(0));
    } else if (item.calls_candidate >= needed && score.information > 0 &&
               score.log_evidence_below(limit, kScales[metric]) >= enough) {
      item.state = MetricState::kFine;
    }
    judgement.worse = judgement.worse || item.state == MetricState::kWorse;
    judgement.metrics.push_back(item);
  }
  judgement.verdict = sentence(judgement, active, candidate, guards.min_calls, worst);
  return judgement;
}

}  // namespace slipway::governance
