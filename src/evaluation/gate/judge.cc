// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evaluation/gate/show.h"
#include "evaluation/statistics/multiplicity.h"
#include "evaluation/statistics/paired.h"
#include "evaluation/statistics/power.h"

namespace slipway::evaluation {

namespace {

// "Nothing worse was found": max_drop 0 and its kin.
bool finds_nothing(const Threshold& threshold) { return threshold.relative() && threshold.limit == 0; }

bool in_shares(const Threshold& threshold) {
  return threshold.kind == ThresholdKind::kMaxDropShare || threshold.kind == ThresholdKind::kMaxRiseShare;
}

void set_error(ThresholdResult& result, std::string reason) {
  result.verdict = GateVerdict::kError;
  result.reason = std::move(reason);
}

// The sum of the differences in each cluster; the differences themselves where there are none.
std::vector<double> unit_sums(const std::vector<double>& values, const std::vector<std::uint32_t>& clusters) {
  if (clusters.empty()) return values;
  std::vector<double> sums(*std::ranges::max_element(clusters) + std::size_t{1});
  for (std::size_t i = 0; i < values.size(); ++i) sums[clusters[i]] += values[i];
  return sums;
}

struct HarmTest {
  double p_value = 1;
  std::string name;
};

// Whether the differences show a change for the worse: the test that fits equal runs best.
Result<HarmTest> harm_test(const std::vector<double>& differences, const std::vector<std::uint32_t>& clusters,
                           const std::optional<Bounds>& bounds, bool worse_below,
                           const MeanEvidence& evidence) {
  const Tail tail = worse_below ? Tail::kLess : Tail::kGreater;
  const bool binary = clusters.empty() && bounds && std::ranges::all_of(differences, [](double value) {
                        return value == 0 || value == 1 || value == -1;
                      });
  if (binary) {
    const auto gained = static_cast<std::size_t>(std::ranges::count(differences, 1.0));
    const auto lost = static_cast<std::size_t>(std::ranges::count(differences, -1.0));
    return HarmTest{mcnemar_exact(gained, lost, differences.size(), tail).p_value, "mcnemar"};
  }
  const std::vector<double> sums = unit_sums(differences, clusters);
  // The others as compare_paired does: exact tests of scores that come in steps have less power than
  // promised.
  if (sums.size() - static_cast<std::size_t>(std::ranges::count(sums, 0.0)) <= kPermutationExact) {
    SLIPWAY_ASSIGN(const TestResult test, permutation_test(sums, tail));
    return HarmTest{test.p_value, "permutation"};
  }
  const bool student = evidence.method() == EvidenceMethod::kSkewT;
  const std::string_view t = clusters.empty() ? "paired_t" : "clustered_t";
  return HarmTest{evidence.symmetric_p(0, !worse_below),
                  std::string(student ? t : to_string(evidence.method()))};
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

ThresholdJudge::ThresholdJudge(const GateRules& rules, const CaseTable& candidate, const CaseTable* baseline)
    : rules_(rules), candidate_(candidate), baseline_(baseline) {}

double ThresholdJudge::error_share(const GateRun& run) {
  const auto errors = static_cast<std::size_t>(std::ranges::count_if(
      run.answers, [](const GateAnswer& answer) { return !answer.error_code.empty(); }));
  return static_cast<double>(errors + run.missing()) /
         static_cast<double>(run.answers.size() + run.missing());
}

std::size_t ThresholdJudge::least_cases(const Threshold& threshold) const {
  if (threshold.min_cases) return *threshold.min_cases;
  return finds_nothing(threshold) ? std::max(rules_.min_cases, kLeastToFindNothing) : rules_.min_cases;
}

Result<std::vector<ThresholdResult>> ThresholdJudge::judge() {
  std::vector<ThresholdResult> results;
  for (const Threshold& threshold : rules_.thresholds) {
    ThresholdResult result;
    result.threshold = threshold;
    SLIPWAY_TRY(judge_one(result));
    results.push_back(std::move(result));
  }
  SLIPWAY_TRY(settle_all(results));
  return results;
}

Result<> ThresholdJudge::judge_one(ThresholdResult& result) {
  const Threshold& threshold = result.threshold;
  if (threshold.metric == "error_share" && threshold.kind == ThresholdKind::kMax &&
      !candidate_.metric("error_share")) {
    judge_errors(result);
    return {};
  }
  const std::optional<Source> source = source_of(candidate_, threshold.metric, threshold.of);
  if (!source) {
    const bool known = candidate_.metric(threshold.metric).has_value();
    set_error(result, known ? fmt::format("The metric {} only measures: its answers don't pass or fail.",
                                          threshold.metric)
                            : fmt::format("The run has no metric {}.", threshold.metric));
    return {};
  }
  if (threshold.relative()) return judge_relative(result, *source);
  if (threshold.of == ThresholdOf::kPercentile) return judge_percentile(result, *source);
  return judge_absolute(result, *source);
}

// What is missing of this run, not what to expect of others: there is nothing to be uncertain about.
void ThresholdJudge::judge_errors(ThresholdResult& result) const {
  const GateRun& run = candidate_.run();
  const double share = error_share(run);
  result.cases = candidate_.rows().size();
  result.estimate = share;
  result.test = "count";
  const std::size_t total = run.answers.size() + run.missing();
  result.errors = static_cast<std::size_t>(std::llround(share * static_cast<double>(total)));
  if (const auto interval = wilson(result.errors, total, 1 - 2 * rules_.alpha)) result.interval = *interval;
  const bool kept = share <= result.threshold.limit;
  result.verdict = kept ? GateVerdict::kPass : GateVerdict::kError;
  result.reason = fmt::format("{} of {} answers are errors or missing{}.", show_whole(result.errors),
                              show_whole(total), kept ? "" : ": too many to conclude anything");
}

bool ThresholdJudge::enough_values(ThresholdResult& result, const CaseSeries& series) const {
  result.errors = series.errors;
  if (series.values.empty()) {
    set_error(result, series.errors > 0
                          ? fmt::format("{} could not be computed for any answer.", result.threshold.metric)
                          : fmt::format("No answer has a value of {}.", result.threshold.metric));
    return false;
  }
  const double share =
      static_cast<double>(series.errors) / static_cast<double>(series.errors + series.scored);
  if (share > rules_.error_share) {
    set_error(result, fmt::format("{} could not be computed for {} of {} answers.", result.threshold.metric,
                                  show_whole(series.errors), show_whole(series.errors + series.scored)));
    return false;
  }
  return true;
}

Result<> ThresholdJudge::judge_absolute(ThresholdResult& result, const Source& source) {
  const CaseSeries series = series_of(candidate_, source);
  if (!enough_values(result, series)) return {};
  SLIPWAY_ASSIGN(MeanEvidence evidence,
                 MeanEvidence::make(series.values, clusters_of(candidate_, series.rows), series.bounds));
  const Threshold& threshold = result.threshold;
  const bool above = threshold.good_above();
  result.cases = evidence.count();
  result.clusters = evidence.clustered() ? evidence.units() : 0;
  result.estimate = evidence.mean();
  result.interval = evidence.interval(rules_.alpha);
  result.test = to_string(evidence.method());
  result.p_kept = above ? evidence.p_above(threshold.limit) : evidence.p_below(threshold.limit);
  result.p_missed = above ? evidence.p_below(threshold.limit) : evidence.p_above(threshold.limit);
  deciding_.emplace(threshold.id, Deciding{std::move(evidence), threshold.limit});
  return {};
}

// "The 95th percentile is at most x" says that at least 95 % are at most x: a share. The interval comes from
// the share's by inversion (Woodruff 1952, JASA 47:260).
Result<> ThresholdJudge::judge_percentile(ThresholdResult& result, const Source& source) {
  const Threshold& threshold = result.threshold;
  const bool at_least = threshold.kind == ThresholdKind::kMin;
  const auto within = [&source, at_least](double limit) {
    Source out;
    out.bounds = Bounds{0, 1};
    out.value = [&source, at_least, limit](const GateAnswer& answer) {
      AnswerValue value = source.value(answer);
      if (value.state == AnswerValue::State::kValue)
        value.value = (at_least ? value.value >= limit : value.value <= limit) ? 1 : 0;
      return value;
    };
    return out;
  };
  const CaseSeries series = series_of(candidate_, within(threshold.limit));
  if (!enough_values(result, series)) return {};
  std::vector<double> values;
  for (const GateAnswer& answer : candidate_.run().answers)
    if (const AnswerValue value = source.value(answer); value.state == AnswerValue::State::kValue)
      values.push_back(value.value);
  const std::vector<std::uint32_t> clusters = clusters_of(candidate_, series.rows);
  SLIPWAY_ASSIGN(MeanEvidence evidence, MeanEvidence::make(series.values, clusters, series.bounds));
  const double q = threshold.percentile;
  const double needed = at_least ? 1 - q : q;
  result.cases = evidence.count();
  result.clusters = evidence.clustered() ? evidence.units() : 0;
  SLIPWAY_ASSIGN(const std::vector<double> found, quantiles(values, std::vector<double>{q}));
  result.estimate = found.front();
  const CaseSeries around = series_of(candidate_, within(found.front()));
  SLIPWAY_ASSIGN(const MeanEvidence spread, MeanEvidence::make(around.values, clusters, around.bounds));
  if (const auto share = spread.interval(rules_.alpha)) {
    const double down = spread.mean() - share->low;
    const double up = share->high - spread.mean();
    const std::vector<double> shares = {std::clamp(q - (at_least ? up : down), 0.0, 1.0),
                                        std::clamp(q + (at_least ? down : up), 0.0, 1.0)};
    SLIPWAY_ASSIGN(const std::vector<double> ends, quantiles(values, shares));
    result.interval = Interval{ends[0], ends[1]};
  }
  result.test = to_string(evidence.method());
  result.p_kept = evidence.p_above(needed);
  result.p_missed = evidence.p_below(needed);
  deciding_.emplace(threshold.id, Deciding{std::move(evidence), needed});
  return {};
}

Result<> ThresholdJudge::judge_relative(ThresholdResult& result, const Source& source) {
  const Threshold& threshold = result.threshold;
  const CaseSeries series = series_of(candidate_, source);
  if (!enough_values(result, series)) return {};
  result.estimate = mean_of(series.values);
  result.cases = series.values.size();
  if (baseline_ == nullptr) {
    result.verdict = GateVerdict::kSkipped;
    result.reason = "There is nothing to compare with yet.";
    return {};
  }
  const std::optional<Source> other = source_of(*baseline_, threshold.metric, threshold.of);
  if (!other) {
    set_error(result, fmt::format("The baseline's run has no {}: run it again with this evaluation.",
                                  threshold.metric));
    return {};
  }
  if (const double share = error_share(baseline_->run()); share > rules_.error_share) {
    set_error(result, fmt::format("{} % of the baseline's answers are errors or missing: run it again.",
                                  show_number(100 * share)));
    return {};
  }
  const CaseSeries base = series_of(*baseline_, *other);
  const PairedSeries pairs = pair_series(candidate_, series, *baseline_, base);
  const double lost = 1 - static_cast<double>(pairs.rows.size()) / static_cast<double>(series.values.size());
  if (pairs.rows.empty() || lost > 2 * rules_.error_share + 1e-9) {
    set_error(result,
              fmt::format("Only {} of {} have a value in both runs: run the baseline again.",
                          show_whole(pairs.rows.size()), show_count(series.values.size(), "case", "cases")));
    return {};
  }
  return compare(result, pairs, series.bounds);
}

Result<> ThresholdJudge::compare(ThresholdResult& result, const PairedSeries& pairs,
                                 const std::optional<Bounds>& bounds) {
  const Threshold& threshold = result.threshold;
  const bool above = threshold.good_above();
  // Shares of the baseline's mean are a difference to a multiple of it.
  const double factor = in_shares(threshold) ? 1 + (above ? -threshold.limit : threshold.limit) : 1;
  const double limit = in_shares(threshold) ? 0 : above ? -threshold.limit : threshold.limit;
  std::vector<double> plain;
  std::vector<double> judged;
  for (std::size_t i = 0; i < pairs.rows.size(); ++i) {
    plain.push_back(pairs.candidate[i] - pairs.baseline[i]);
    judged.push_back(pairs.candidate[i] - factor * pairs.baseline[i]);
  }
  std::optional<Bounds> plain_bounds;
  std::optional<Bounds> judged_bounds;
  if (bounds) {
    plain_bounds = Bounds{bounds->low - bounds->high, bounds->high - bounds->low};
    judged_bounds = Bounds{bounds->low - factor * bounds->high, bounds->high - factor * bounds->low};
  }
  const std::vector<std::uint32_t> clusters = clusters_of(candidate_, pairs.rows);
  SLIPWAY_ASSIGN(const MeanEvidence shown, MeanEvidence::make(plain, clusters, plain_bounds));
  SLIPWAY_ASSIGN(MeanEvidence evidence, MeanEvidence::make(judged, clusters, judged_bounds));
  result.cases = pairs.rows.size();
  result.clusters = evidence.clustered() ? evidence.units() : 0;
  result.estimate = mean_of(pairs.candidate);
  result.baseline = mean_of(pairs.baseline);
  const double unit = in_shares(threshold) && *result.baseline != 0 ? std::abs(*result.baseline) : 1;
  result.difference = shown.mean() / unit;
  if (const auto interval = shown.interval(rules_.alpha))
    result.difference_interval = Interval{interval->low / unit, interval->high / unit};
  if (finds_nothing(threshold)) {
    SLIPWAY_ASSIGN(const HarmTest test, harm_test(plain, clusters, bounds, above, shown));
    result.p_missed = test.p_value;
    result.test = test.name;
    if (shown.deviation() > 0 && shown.units() > 1) {
      const auto effect =
          detectable_effect(shown.units(), shown.deviation(), {rules_.alpha, rules_.power, Tail::kGreater});
      if (effect) result.noticeable = *effect / unit;
    }
  } else {
    result.p_kept = above ? evidence.p_above(limit) : evidence.p_below(limit);
    result.p_missed = above ? evidence.p_below(limit) : evidence.p_above(limit);
    result.test = to_string(evidence.method());
  }
  deciding_.emplace(threshold.id, Deciding{std::move(evidence), limit});
  return {};
}

Result<> ThresholdJudge::settle_all(std::vector<ThresholdResult>& results) {
  std::vector<double> p_values;
  std::vector<ThresholdResult*> tested;
  for (ThresholdResult& result : results) {
    if (!result.p_missed) continue;
    const std::size_t least = least_cases(result.threshold);
    if (result.cases < least) {
      result.verdict = GateVerdict::kInconclusive;
      result.more_cases = least - result.cases;
      result.reason =
          fmt::format("{} {}: a verdict needs at least {}.", show_count(result.cases, "case", "cases"),
                      result.cases == 1 ? "was scored" : "were scored", show_whole(least));
      continue;
    }
    p_values.push_back(*result.p_missed);
    tested.push_back(&result);
  }
  SLIPWAY_ASSIGN(const std::vector<double> adjusted, holm(p_values));
  for (std::size_t i = 0; i < tested.size(); ++i) settle(*tested[i], adjusted[i], tested.size());
  return {};
}

// Fails with Holm's p-values: the chance of even one wrong fail stays below alpha. Passes with each one's
// own: all have to pass, so that a wrong pass of the whole takes one wrong pass of a threshold that is
// missed, which has a chance of alpha at most (Berger 1982's intersection-union test).
void ThresholdJudge::settle(ThresholdResult& result, double p_holm, std::size_t tests) const {
  const Threshold& threshold = result.threshold;
  result.p_missed_holm = p_holm;
  if (p_holm <= rules_.alpha) {
    result.verdict = GateVerdict::kFail;
    result.reason =
        threshold.relative()
            ? fmt::format("Certainly {} than allowed: {}.", threshold.good_above() ? "lower" : "higher",
                          show_difference(threshold, *result.difference))
            : fmt::format("{} is certainly {} {}.", show_value(threshold.metric, *result.estimate),
                          threshold.good_above() ? "below" : "above",
                          show_value(threshold.metric, threshold.limit));
    if (finds_nothing(threshold))
      result.reason =
          fmt::format("Certainly {} than the baseline: {}.", threshold.good_above() ? "lower" : "higher",
                      show_difference(threshold, *result.difference));
    return;
  }
  if (finds_nothing(threshold)) {
    result.verdict = GateVerdict::kPass;
    result.reason = fmt::format("Nothing shows that it is {}.", threshold.good_above() ? "lower" : "higher");
    if (result.noticeable)
      result.reason += fmt::format(" A change of {} would have shown.",
                                   in_shares(threshold) ? show_number(100 * *result.noticeable) + " %"
                                                        : show_value(threshold.metric, *result.noticeable));
    return;
  }
  if (result.p_kept && *result.p_kept <= rules_.alpha) {
    result.verdict = GateVerdict::kPass;
    result.reason =
        threshold.relative()
            ? fmt::format("Certainly no {} than allowed: {}.", threshold.good_above() ? "lower" : "higher",
                          show_difference(threshold, *result.difference))
            : fmt::format("{} is certainly {} {}.", show_value(threshold.metric, *result.estimate),
                          threshold.good_above() ? "above" : "below",
                          show_value(threshold.metric, threshold.limit));
    return;
  }
  say_open(result, tests);
}

void ThresholdJudge::say_open(ThresholdResult& result, std::size_t tests) const {
  result.verdict = GateVerdict::kInconclusive;
  const Deciding& deciding = deciding_.at(result.threshold.id);
  const MeanEvidence& evidence = deciding.evidence;
  if (evidence.method() == EvidenceMethod::kNone) {
    result.reason =
        evidence.units() < 2
            ? "All cases belong to one cluster: nothing says how much others differ from it."
            : "All values are equal, and nothing says how far others may lie: state a percentile.";
    return;
  }
  const bool good_above = result.threshold.good_above() || result.threshold.of == ThresholdOf::kPercentile;
  const bool good = (evidence.mean() > deciding.limit) == good_above;
  // Holm's step is not known before: the strictest one is promised.
  const double alpha = good ? rules_.alpha : rules_.alpha / static_cast<double>(tests);
  if (const auto units = evidence.units_to_decide(deciding.limit, alpha, rules_.power)) {
    const double size = static_cast<double>(evidence.count()) / static_cast<double>(evidence.units());
    const auto cases = static_cast<std::size_t>(std::ceil(static_cast<double>(*units) * size));
    result.more_cases = cases > result.cases ? cases - result.cases : 1;
  }
  result.reason =
      good ? "It looks kept, but too few cases say so." : "It looks missed, but too few cases say so.";
  if (!good && result.p_missed && *result.p_missed <= rules_.alpha)
    result.reason =
        fmt::format("Alone it would be missed; among {} thresholds that is not certain enough.", tests);
  if (!result.more_cases)
    result.reason = "The value lies too near the limit for any number of cases to tell.";
}

}  // namespace slipway::evaluation
