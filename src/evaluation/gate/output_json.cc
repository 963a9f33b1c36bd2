// SPDX-License-Identifier: Apache-2.0
#include <utility>
#include <vector>

#include "base/text.h"
#include "evaluation/gate/embedded.h"
#include "evaluation/gate/outputs.h"

namespace slipway::evaluation {

namespace {

// Boost.JSON writes strings as they are.
json::value text(std::string_view raw) { return json::value(to_valid_utf8(raw)); }

void put(json::object& out, std::string_view key, const std::optional<double>& number) {
  if (number) out[key] = *number;
}
void put(json::object& out, std::string_view key, const std::optional<std::size_t>& number) {
  if (number) out[key] = *number;
}
void put(json::object& out, std::string_view key, const std::optional<Interval>& interval) {
  if (interval) out[key] = json::object{{"low", interval->low}, {"high", interval->high}};
}

template <class T, class F>
json::array list(const std::vector<T>& items, F&& one) {
  json::array out;
  for (const T& item : items) out.emplace_back(one(item));
  return out;
}

json::array texts(const std::vector<std::string>& items) {
  return list(items, [](const std::string& item) { return text(item); });
}
json::array counts(const std::vector<std::size_t>& items) {
  return list(items, [](std::size_t item) { return json::value(item); });
}

json::object run_json(const RunFacts& run) {
  json::object out{{"id", text(run.id)},     {"name", text(run.name)},  {"link", text(run.link)},
                   {"cases", run.cases},     {"answers", run.answers},  {"errors", run.errors},
                   {"missing", run.missing}, {"unpriced", run.unpriced}};
  put(out, "cost_usd", run.cost_usd);
  return out;
}

json::object threshold_json(const ThresholdResult& one) {
  json::object out{{"id", text(one.threshold.id)},
                   {"metric", text(one.threshold.metric)},
                   {"area", to_string(one.threshold.area)},
                   {"kind", to_string(one.threshold.kind)},
                   {"limit", one.threshold.limit},
                   {"wanted", text(one.threshold.describe())},
                   {"verdict", to_string(one.verdict)},
                   {"reason", text(one.reason)},
                   {"cases", one.cases},
                   {"clusters", one.clusters},
                   {"errors", one.errors},
                   {"test", one.test}};
  put(out, "estimate", one.estimate);
  put(out, "interval", one.interval);
  put(out, "baseline", one.baseline);
  put(out, "difference", one.difference);
  put(out, "difference_interval", one.difference_interval);
  put(out, "p_missed", one.p_missed);
  put(out, "p_missed_holm", one.p_missed_holm);
  put(out, "p_kept", one.p_kept);
  put(out, "noticeable", one.noticeable);
  put(out, "more_cases", one.more_cases);
  return out;
}

json::object estimate_json(const Estimate& estimate) {
  json::object out{{"count", estimate.count},
                   {"clusters", estimate.clusters},
                   {"mean", estimate.mean},
                   {"method", to_string(estimate.method)}};
  put(out, "standard_error", estimate.standard_error);
  put(out, "interval", estimate.interval);
  if (!estimate.note.empty()) out["note"] = text(estimate.note);
  return out;
}

json::object quantiles_json(const Quantiles& quantiles) {
  return {{"p50", quantiles.p50}, {"p90", quantiles.p90}, {"p95", quantiles.p95}, {"p99", quantiles.p99}};
}

json::object metric_json(const MetricSummary& metric) {
  json::object out{{"name", text(metric.name)}, {"kind", to_string(metric.kind)}, {"measure", metric.measure},
                   {"scored", metric.scored},   {"errors", metric.errors},        {"skipped", metric.skipped},
                   {"passed", metric.passed},   {"failed", metric.failed}};
  if (metric.candidate) out["candidate"] = estimate_json(*metric.candidate);
  if (metric.baseline) out["baseline"] = estimate_json(*metric.baseline);
  if (metric.difference) out["difference"] = estimate_json(*metric.difference);
  put(out, "p_value", metric.p_value);
  if (metric.quantiles) out["quantiles"] = quantiles_json(*metric.quantiles);
  if (metric.baseline_quantiles) out["baseline_quantiles"] = quantiles_json(*metric.baseline_quantiles);
  if (metric.distribution)
    out["distribution"] = json::object{{"low", metric.distribution->low},
                                       {"high", metric.distribution->high},
                                       {"candidate", counts(metric.distribution->candidate)},
                                       {"baseline", counts(metric.distribution->baseline)}};
  return out;
}

json::object slice_json(const SliceResult& slice) {
  json::object out{
      {"tag", text(slice.tag)}, {"metric", text(slice.metric)}, {"cases", slice.cases}, {"mean", slice.mean}};
  put(out, "interval", slice.interval);
  put(out, "difference", slice.difference);
  put(out, "difference_interval", slice.difference_interval);
  put(out, "p_value", slice.p_value);
  put(out, "p_holm", slice.p_holm);
  put(out, "p_benjamini_hochberg", slice.p_benjamini_hochberg);
  return out;
}

json::object group_json(const FailureGroup& group) {
  const auto tags = list(group.tags, [](const std::pair<std::string, std::size_t>& tag) {
    return json::object{{"tag", text(tag.first)}, {"cases", tag.second}};
  });
  return {{"state", to_string(group.state)},
          {"metric", text(group.metric)},
          {"error_code", text(group.error_code)},
          {"reason", text(group.reason)},
          {"pattern", text(group.pattern)},
          {"cases", group.cases},
          {"tags", tags},
          {"examples", texts(group.examples)}};
}

json::object worst_json(const WorstCase& one) {
  return {{"case", text(one.case_id)},      {"state", to_string(one.state)}, {"tags", texts(one.tags)},
          {"failed", texts(one.failed)},    {"reason", text(one.reason)},    {"input", text(one.input)},
          {"expected", text(one.expected)}, {"answer", text(one.answer)},    {"link", text(one.link)}};
}

json::object variant_json(const VariantPoint& point) {
  json::object out{{"name", text(point.name)},
                   {"cost_usd", point.cost_usd},
                   {"quality", point.quality},
                   {"cases", point.cases},
                   {"best", point.best}};
  put(out, "quality_interval", point.quality_interval);
  return out;
}

}  // namespace

json::object gate_json(const GateReport& report) {
  json::object out{{"format", 1},
                   {"verdict", to_string(report.verdict)},
                   {"exit_code", exit_code(report.verdict)},
                   {"reason", text(report.reason)},
                   {"evaluation", text(report.evaluation)},
                   {"dataset", text(report.dataset)},
                   {"environment", text(report.environment)},
                   {"alpha", report.alpha},
                   {"power", report.power},
                   {"error_share", report.error_share},
                   {"error_share_limit", report.error_share_limit},
                   {"more_cases_known", report.more_cases_known},
                   {"candidate", run_json(report.candidate)}};
  put(out, "more_cases", report.more_cases);
  if (report.baseline) out["baseline"] = run_json(*report.baseline);
  out["thresholds"] = list(report.thresholds, threshold_json);
  out["metrics"] = list(report.metrics, metric_json);
  out["slices"] = list(report.slices, slice_json);
  out["slices_left_out"] = report.slices_left_out;
  out["failures"] = json::object{{"new", report.failures.fresh},
                                 {"persisting", report.failures.persisting},
                                 {"fixed", report.failures.fixed},
                                 {"unknown", report.failures.unknown},
                                 {"groups", list(report.groups, group_json)},
                                 {"groups_left_out", report.groups_left_out}};
  out["worst"] = list(report.worst, worst_json);
  out["worst_left_out"] = report.worst_left_out;
  out["quality_metric"] = text(report.quality_metric);
  out["variants"] = list(report.variants, variant_json);
  return out;
}

std::string_view gate_json_schema() { return embedded_report_schema(); }

}  // namespace slipway::evaluation
