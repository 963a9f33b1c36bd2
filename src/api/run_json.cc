// SPDX-License-Identifier: Apache-2.0
#include "api/run_json.h"

#include <cmath>

#include "api/or_null.h"
#include "base/money.h"
#include "base/text.h"

namespace slipway::api {

namespace {

using evaluation::CellTally;
using evaluation::MetricTally;
using evaluation::Run;
using evaluation::RunTally;

json::value share(double part, std::int64_t whole) {
  if (whole == 0 || !std::isfinite(part)) return nullptr;
  return part / static_cast<double>(whole);
}

std::string text_at(const json::object& definition, std::string_view list, std::size_t index,
                    std::string_view field) {
  const json::value* all = definition.if_contains(list);
  if (all == nullptr || !all->is_array() || index >= all->get_array().size()) return {};
  const json::value& one = all->get_array()[index];
  if (one.is_string()) return std::string(one.get_string());
  if (!one.is_object()) return {};
  const json::value* text = one.get_object().if_contains(field);
  return text != nullptr && text->is_string() ? std::string(text->get_string()) : std::string();
}

json::object agreement_json(const evaluation::JudgeAgreement& agreement) {
  json::array judges;
  for (const std::string& one : agreement.judges) judges.emplace_back(one);
  json::object out{{"judges", std::move(judges)},
                   {"cases", agreement.cases},
                   {"alpha", nullptr},
                   {"kappa", nullptr},
                   {"note", agreement.note}};
  if (agreement.alpha) out["alpha"] = *agreement.alpha;
  if (agreement.kappa)
    out["kappa"] = json::object{{"value", agreement.kappa->kappa},
                                {"low", agreement.kappa->interval.low},
                                {"high", agreement.kappa->interval.high},
                                {"equal", agreement.kappa->agreement}};
  return out;
}

json::object metric_json(const MetricTally& tally, std::string name) {
  json::object out{{"metric", std::move(name)},
                   {"scored", tally.scored},
                   {"passed", tally.passed},
                   {"failed", tally.failed},
                   {"errors", tally.errors},
                   {"mean", share(tally.sum, tally.scored)},
                   {"pass_rate", share(static_cast<double>(tally.passed), tally.passed + tally.failed)}};
  if (const auto agreement = tally.ratings.agreement()) out["agreement"] = agreement_json(*agreement);
  return out;
}

json::array cells_json(const json::object& definition, const RunTally& tally) {
  json::array cells;
  for (std::size_t i = 0; i < tally.cells.size(); ++i) {
    const CellTally& cell = tally.cells[i];
    json::array metrics;
    for (std::size_t m = 0; m < cell.metrics.size(); ++m)
      metrics.push_back(metric_json(cell.metrics[m], text_at(definition, "metric_names", m, {})));
    cells.push_back(json::object{
        {"label", text_at(definition, "cells", i, "label")},
        {"done", cell.done},
        {"errors", cell.errors},
        {"mean_latency_ms", share(static_cast<double>(cell.latency_us) / 1'000, cell.done - cell.errors)},
        {"cost_usd", format_usd(cell.cost_nano)},
        {"metrics", std::move(metrics)}});
  }
  return cells;
}

}  // namespace

json::object run_json(const Run& run, const std::optional<evaluation::RunProgress>& progress, bool whole) {
  const RunTally& tally = progress ? progress->tally : run.tally;
  json::object out{{"id", run.id},
                   {"use_case", run.use_case},
                   {"evaluation", run.evaluation},
                   {"evaluation_version", run.evaluation_version},
                   {"environment", run.environment},
                   {"target", run.target},
                   {"state", to_string(run.state)},
                   {"outcome", nullptr},
                   {"reason", run.reason},
                   {"planned", run.planned},
                   {"done", tally.done},
                   {"errors", tally.errors},
                   {"missing", run.planned - tally.done},
                   {"calls", tally.calls},
                   {"limited", tally.limited},
                   {"unpriced_calls", tally.unpriced},
                   {"cost_usd", format_usd(tally.cost_nano)},
                   {"judge_calls", tally.judge_calls},
                   {"judge_cost_usd", format_usd(tally.judge_cost_nano)},
                   {"input_tokens", tally.input_tokens},
                   {"output_tokens", tally.output_tokens},
                   {"created_at", format_time_us(run.created_us)},
                   {"started_at", time_or_null(run.started_us)},
                   {"ended_at", time_or_null(run.ended_us)},
                   {"author", run.author},
                   {"digest", nullptr},
                   {"cancel_requested", run.cancel_requested},
                   {"cells", cells_json(run.definition, tally)},
                   {"progress", nullptr}};
  if (run.outcome != evaluation::RunOutcome::kNone) out["outcome"] = to_string(run.outcome);
  if (!run.digest.empty()) out["digest"] = run.digest;
  if (progress)
    out["progress"] = json::object{{"window", progress->window},
                                   {"in_flight", progress->in_flight},
                                   {"judging", progress->judging},
                                   {"paused_ms", progress->paused_ms}};
  if (whole) out["definition"] = run.definition;
  return out;
}

Result<json::object> result_json(std::string_view line) {
  SLIPWAY_ASSIGN(json::value parsed, parse_json(line));
  json::object out = std::move(parsed.as_object());
  const auto convert = [&out](std::string_view from, std::string_view to, auto&& make) {
    const auto found = out.find(from);
    if (found == out.end()) return;
    json::value value = make(found->value().to_number<std::int64_t>());
    out.erase(found);
    out[to] = std::move(value);
  };
  const auto milliseconds = [](std::int64_t us) { return json::value(static_cast<double>(us) / 1'000); };
  convert("cost_nano", "cost_usd", [](std::int64_t nano) { return json::value(format_usd(nano)); });
  convert("latency_us", "latency_ms", milliseconds);
  convert("first_token_us", "first_token_ms", milliseconds);
  return out;
}

}  // namespace slipway::api
