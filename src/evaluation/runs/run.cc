// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/run.h"

#include <algorithm>
#include <array>

namespace slipway::evaluation {

namespace {

constexpr std::array<std::string_view, 5> kStates = {"queued", "running", "finished", "cancelled", "failed"};

std::int64_t number(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

const json::array& list(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

CellTally read_cell(const json::object& stored) {
  CellTally cell;
  cell.done = number(stored, "done");
  cell.errors = number(stored, "errors");
  cell.latency_us = number(stored, "latency_us");
  cell.cost_nano = number(stored, "cost_nano");
  for (const json::value& one : list(stored, "metrics")) {
    const json::object& from = one.as_object();
    const json::value* sum = from.if_contains("sum");
    MetricTally& metric = cell.metrics.emplace_back();
    metric = {number(from, "scored"), number(from, "passed"), number(from, "failed"), number(from, "errors"),
              sum != nullptr && sum->is_number() ? sum->to_number<double>() : 0.0};
    if (const json::value* ratings = from.if_contains("ratings"))
      metric.ratings = RatingTally::read(ratings->as_object());
  }
  return cell;
}

}  // namespace

std::string_view to_string(RunState state) { return kStates.at(static_cast<std::size_t>(state)); }

std::optional<RunState> parse_run_state(std::string_view text) {
  const auto found = std::ranges::find(kStates, text);
  if (found == kStates.end()) return std::nullopt;
  return static_cast<RunState>(found - kStates.begin());
}

std::string_view to_string(RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::kNone: return "";
    case RunOutcome::kComplete: return "complete";
    case RunOutcome::kPartial: return "partial";
    case RunOutcome::kError: return "error";
  }
  return "";
}

json::object tally_json(const RunTally& tally) {
  json::array cells;
  for (const CellTally& cell : tally.cells) {
    json::array metrics;
    for (const MetricTally& one : cell.metrics) {
      json::object metric{{"scored", one.scored},
                          {"passed", one.passed},
                          {"failed", one.failed},
                          {"errors", one.errors},
                          {"sum", one.sum}};
      if (!one.ratings.empty()) metric["ratings"] = one.ratings.to_json();
      metrics.push_back(std::move(metric));
    }
    cells.push_back(json::object{{"done", cell.done},
                                 {"errors", cell.errors},
                                 {"latency_us", cell.latency_us},
                                 {"cost_nano", cell.cost_nano},
                                 {"metrics", std::move(metrics)}});
  }
  return {{"done", tally.done},
          {"errors", tally.errors},
          {"calls", tally.calls},
          {"limited", tally.limited},
          {"unpriced", tally.unpriced},
          {"cost_nano", tally.cost_nano},
          {"input_tokens", tally.input_tokens},
          {"output_tokens", tally.output_tokens},
          {"judge_calls", tally.judge_calls},
          {"judge_cost_nano", tally.judge_cost_nano},
          {"cells", std::move(cells)}};
}

RunTally read_tally(const json::object& stored) {
  RunTally tally;
  tally.done = number(stored, "done");
  tally.errors = number(stored, "errors");
  tally.calls = number(stored, "calls");
  tally.limited = number(stored, "limited");
  tally.unpriced = number(stored, "unpriced");
  tally.cost_nano = number(stored, "cost_nano");
  tally.input_tokens = number(stored, "input_tokens");
  tally.output_tokens = number(stored, "output_tokens");
  tally.judge_calls = number(stored, "judge_calls");
  tally.judge_cost_nano = number(stored, "judge_cost_nano");
  for (const json::value& cell : list(stored, "cells")) tally.cells.push_back(read_cell(cell.as_object()));
  return tally;
}

}  // namespace slipway::evaluation
