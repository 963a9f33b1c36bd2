// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/case_table.h"

#include <algorithm>
#include <utility>

namespace slipway::evaluation {

namespace {

using State = AnswerValue::State;
constexpr Bounds kUnit{0, 1};

Source measure(std::optional<double> GateAnswer::* member) {
  return {[member](const GateAnswer& answer) {
            const std::optional<double>& figure = answer.*member;
            // Not every provider says everything: what nobody knows is no error of the run's.
            if (!answer.error_code.empty()) return AnswerValue{};
            return figure ? AnswerValue{State::kValue, *figure} : AnswerValue{};
          },
          std::nullopt};
}

std::optional<Source> measure_of(std::string_view name) {
  if (name == "latency") return measure(&GateAnswer::latency_s);
  if (name == "first_token") return measure(&GateAnswer::first_token_s);
  if (name == "tokens_per_second") return measure(&GateAnswer::tokens_per_second);
  if (name == "cost") return measure(&GateAnswer::cost_usd);
  if (name == "error_share")
    return Source{[](const GateAnswer& answer) {
                    return AnswerValue{State::kValue, answer.error_code.empty() ? 0.0 : 1.0};
                  },
                  kUnit};
  return std::nullopt;
}

}  // namespace

CaseTable::CaseTable(const GateRun& run) : run_(&run) {
  index_.reserve(run.answers.size());
  for (std::uint32_t i = 0; i < run.answers.size(); ++i) {
    const GateAnswer& answer = run.answers[i];
    const auto [at, added] = index_.try_emplace(answer.case_id, static_cast<std::uint32_t>(rows_.size()));
    if (added) rows_.push_back({answer.case_id, answer.cluster, {}});
    rows_[at->second].answers.push_back(i);
  }
}

std::optional<std::uint32_t> CaseTable::find(std::string_view case_id) const {
  const auto found = index_.find(case_id);
  return found == index_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::size_t> CaseTable::metric(std::string_view name) const {
  const auto found = std::ranges::find(run_->metrics, name, &GateMetric::name);
  if (found == run_->metrics.end()) return std::nullopt;
  return static_cast<std::size_t>(found - run_->metrics.begin());
}

std::optional<Source> source_of(const CaseTable& table, std::string_view name, ThresholdOf of) {
  const std::optional<std::size_t> metric = table.metric(name);
  if (!metric) return of == ThresholdOf::kPassed ? std::nullopt : measure_of(name);
  Source out;
  const bool passed = of == ThresholdOf::kPassed;
  if (passed) {
    // A metric that only measures has no verdicts.
    const bool gives_verdicts = std::ranges::any_of(table.run().answers, [&](const GateAnswer& answer) {
      return answer.scores.size() > *metric && answer.scores[*metric].passed.has_value();
    });
    if (!gives_verdicts) return std::nullopt;
  }
  if (passed || table.run().metrics[*metric].kind != ScoreKind::kFigure) out.bounds = kUnit;
  out.value = [index = *metric, passed](const GateAnswer& answer) {
    if (!answer.error_code.empty()) return AnswerValue{};
    const GateScore& score = answer.scores[index];
    if (score.outcome == MetricOutcome::kSkipped) return AnswerValue{};
    if (score.outcome == MetricOutcome::kError) return AnswerValue{State::kError, 0};
    if (!passed) return AnswerValue{State::kValue, score.value};
    return score.passed ? AnswerValue{State::kValue, *score.passed ? 1.0 : 0.0} : AnswerValue{};
  };
  return out;
}

CaseSeries series_of(const CaseTable& table, const Source& source) {
  CaseSeries out;
  out.bounds = source.bounds;
  for (std::uint32_t row = 0; row < table.rows().size(); ++row) {
    double sum = 0;
    std::size_t count = 0;
    for (const std::uint32_t answer : table.rows()[row].answers) {
      const AnswerValue value = source.value(table.run().answers[answer]);
      if (value.state == State::kValue) {
        sum += value.value;
        ++count;
      } else if (value.state == State::kError) {
        ++out.errors;
      } else {
        ++out.skipped;
      }
    }
    if (count == 0) continue;
    out.scored += count;
    out.rows.push_back(row);
    out.values.push_back(sum / static_cast<double>(count));
  }
  return out;
}

std::vector<std::uint32_t> clusters_of(const CaseTable& table, const std::vector<std::uint32_t>& rows) {
  std::vector<std::uint32_t> out;
  out.reserve(rows.size());
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  std::uint32_t next = 0;
  for (const std::uint32_t row : rows) {
    const std::string_view cluster = table.rows()[row].cluster;
    if (cluster.empty()) {
      out.push_back(next++);
      continue;
    }
    const auto [at, added] = numbers.try_emplace(cluster, next);
    if (added) ++next;
    out.push_back(at->second);
  }
  if (next == rows.size()) out.clear();
  return out;
}

PairedSeries pair_series(const CaseTable& candidate, const CaseSeries& candidate_series,
                         const CaseTable& baseline, const CaseSeries& baseline_series) {
  constexpr std::uint32_t kNone = ~std::uint32_t{0};
  std::vector<std::uint32_t> at(baseline.rows().size(), kNone);
  for (std::uint32_t i = 0; i < baseline_series.rows.size(); ++i) at[baseline_series.rows[i]] = i;
  PairedSeries out;
  for (std::size_t i = 0; i < candidate_series.rows.size(); ++i) {
    const std::uint32_t row = candidate_series.rows[i];
    const auto other = baseline.find(candidate.rows()[row].id);
    if (!other || at[*other] == kNone) continue;
    out.rows.push_back(row);
    out.candidate.push_back(candidate_series.values[i]);
    out.baseline.push_back(baseline_series.values[at[*other]]);
  }
  return out;
}

}  // namespace slipway::evaluation
