// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/gate_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "evaluation/gate/failures.h"
#include "evaluation/gate/judge.h"
#include "evaluation/gate/show.h"
#include "evaluation/gate/summaries.h"

namespace slipway::evaluation {

namespace {

RunFacts facts_of(const CaseTable& table) {
  const GateRun& run = table.run();
  RunFacts out;
  out.id = run.id;
  out.name = run.name;
  out.link = run.link;
  out.cases = table.rows().size();
  out.answers = run.answers.size();
  out.missing = run.missing();
  for (const GateAnswer& answer : run.answers) {
    if (!answer.error_code.empty()) ++out.errors;
    if (answer.cost_usd)
      out.cost_usd = out.cost_usd.value_or(0) + *answer.cost_usd;
    else
      ++out.unpriced;
  }
  return out;
}

// What quality stands for: the metric of the first threshold on quality, else the first that isn't a figure.
std::string quality_metric(const GateRules& rules, const GateRun& run) {
  for (const Threshold& threshold : rules.thresholds)
    if (threshold.area == ThresholdArea::kQuality &&
        std::ranges::find(run.metrics, threshold.metric, &GateMetric::name) != run.metrics.end())
      return threshold.metric;
  for (const GateMetric& metric : run.metrics)
    if (metric.kind != ScoreKind::kFigure) return metric.name;
  return {};
}

std::size_t count_of(const std::vector<ThresholdResult>& thresholds, GateVerdict verdict) {
  return static_cast<std::size_t>(std::ranges::count(thresholds, verdict, &ThresholdResult::verdict));
}

std::string named(const std::vector<ThresholdResult>& thresholds, GateVerdict verdict) {
  constexpr std::size_t kNamed = 3;
  std::string out;
  std::size_t count = 0;
  for (const ThresholdResult& one : thresholds) {
    if (one.verdict != verdict) continue;
    if (count++ < kNamed) out += (out.empty() ? "" : ", ") + one.threshold.id;
  }
  return count > kNamed ? fmt::format("{} and {} more", out, count - kNamed) : out;
}

void conclude(GateReport& report) {
  const std::vector<ThresholdResult>& all = report.thresholds;
  const std::size_t skipped = count_of(all, GateVerdict::kSkipped);
  const std::size_t judged = all.size() - skipped;
  if (report.error_share > report.error_share_limit) {
    report.verdict = GateVerdict::kError;
    report.reason =
        fmt::format("{} % of the answers are errors or missing, more than {} %: nothing can be concluded.",
                    show_number(100 * report.error_share), show_number(100 * report.error_share_limit));
    return;
  }
  if (all.empty()) {
    report.verdict = GateVerdict::kError;
    report.reason = "The evaluation states no thresholds: there is nothing to judge by.";
    return;
  }
  report.verdict = GateVerdict::kPass;
  for (const GateVerdict verdict : {GateVerdict::kError, GateVerdict::kFail, GateVerdict::kInconclusive}) {
    const std::size_t count = count_of(all, verdict);
    if (count == 0) continue;
    report.verdict = verdict;
    const std::string names = named(all, verdict);
    switch (verdict) {
      case GateVerdict::kError: report.reason = fmt::format("Could not be judged: {}.", names); break;
      case GateVerdict::kFail:
        report.reason = fmt::format("{} certainly missed: {}.",
                                    show_count(count, "threshold is", "thresholds are"), names);
        break;
      case GateVerdict::kInconclusive:
      case GateVerdict::kPass:
      case GateVerdict::kSkipped:
        report.reason =
            fmt::format("{} open: {}.", show_count(count, "threshold is", "thresholds are"), names);
        break;
    }
    break;
  }
  for (const ThresholdResult& one : all) {
    if (report.verdict != GateVerdict::kInconclusive || one.verdict != GateVerdict::kInconclusive) continue;
    if (one.more_cases)
      report.more_cases = std::max(report.more_cases.value_or(0), *one.more_cases);
    else
      report.more_cases_known = false;
  }
  if (report.verdict != GateVerdict::kPass) return;
  if (judged == 0) {
    report.verdict = GateVerdict::kInconclusive;
    report.more_cases_known = false;
    report.reason = "All thresholds compare with a baseline, and there is none: state a min or max as well.";
    return;
  }
  report.reason =
      fmt::format("{} kept{}.", show_count(judged, "threshold is", "thresholds are"),
                  skipped == 0 ? "" : fmt::format("; {} skipped for want of a baseline", skipped));
}

}  // namespace

std::string_view to_string(GateVerdict verdict) {
  constexpr std::array<std::string_view, 5> kNames = {"pass", "fail", "inconclusive", "error", "skipped"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::string_view to_string(FailureState state) {
  constexpr std::array<std::string_view, 4> kNames = {"new", "persisting", "fixed", "unknown"};
  return kNames[static_cast<std::size_t>(state)];
}

int exit_code(GateVerdict verdict) {
  if (verdict == GateVerdict::kPass) return 0;
  return verdict == GateVerdict::kFail ? 1 : 3;
}

GateVerdict worst_verdict(const std::vector<GateVerdict>& verdicts) {
  for (const GateVerdict one : {GateVerdict::kError, GateVerdict::kFail, GateVerdict::kInconclusive})
    if (std::ranges::find(verdicts, one) != verdicts.end()) return one;
  return std::ranges::find(verdicts, GateVerdict::kPass) != verdicts.end() ? GateVerdict::kPass
                                                                           : GateVerdict::kError;
}

Result<GateReport> judge_gate(const GateQuestion& question) {
  SLIPWAY_TRY(check_gate_run(*question.candidate));
  std::optional<CaseTable> baseline;
  if (question.baseline != nullptr) {
    SLIPWAY_TRY(check_gate_run(*question.baseline));
    if (question.baseline->dataset != question.candidate->dataset)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the runs are of other cases: {} and {}", question.candidate->dataset,
                              question.baseline->dataset),
                  "dataset", "Run the baseline on the candidate's version of the dataset");
    baseline.emplace(*question.baseline);
  }
  const CaseTable candidate(*question.candidate);
  const CaseTable* other = baseline ? &*baseline : nullptr;
  GateReport report;
  report.evaluation = question.evaluation;
  report.environment = question.environment;
  report.dataset = question.candidate->dataset;
  report.alpha = question.rules.alpha;
  report.power = question.rules.power;
  report.error_share = ThresholdJudge::error_share(*question.candidate);
  report.error_share_limit = question.rules.error_share;
  report.candidate = facts_of(candidate);
  if (other != nullptr) report.baseline = facts_of(*other);
  SLIPWAY_ASSIGN(report.thresholds, ThresholdJudge(question.rules, candidate, other).judge());
  conclude(report);
  SLIPWAY_ASSIGN(report.metrics, summarise_metrics(candidate, other));
  SLIPWAY_ASSIGN(Slices slices, slice_metrics(candidate, other, question.limits.slices));
  report.slices = std::move(slices.results);
  report.slices_left_out = slices.left_out;
  Failures failures = group_failures(candidate, other, question.limits);
  report.failures = failures.counts;
  report.groups = std::move(failures.groups);
  report.groups_left_out = failures.groups_left_out;
  report.worst = std::move(failures.worst);
  report.worst_left_out = failures.worst_left_out;
  report.quality_metric = quality_metric(question.rules, *question.candidate);
  std::vector<const GateRun*> runs = {question.candidate};
  if (question.baseline != nullptr) runs.push_back(question.baseline);
  for (const GateRun* variant : question.variants) {
    SLIPWAY_TRY(check_gate_run(*variant));
    runs.push_back(variant);
  }
  report.variants = price_quality(runs, report.quality_metric);
  return report;
}

}  // namespace slipway::evaluation
