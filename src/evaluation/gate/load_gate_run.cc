// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/load_gate_run.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"
#include "evaluation/runs/dataset_feed.h"
#include "evaluation/runs/plan.h"
#include "evaluation/runs/result_walk.h"

namespace slipway::evaluation {

namespace {

constexpr double kMicro = 1e-6;
constexpr double kNano = 1e-9;
constexpr std::string_view kMetricError = "metric_error";

const json::object* object_in(const json::object& holder, std::string_view name) {
  const json::value* found = holder.if_contains(name);
  return found == nullptr ? nullptr : found->if_object();
}

std::string text_in(const json::object& holder, std::string_view name) {
  const json::value* found = holder.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::optional<double> number_in(const json::object& holder, std::string_view name) {
  const json::value* found = holder.if_contains(name);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->to_number<double>();
}

std::int64_t integer_in(const json::object& holder, std::string_view name) {
  const json::value* found = holder.if_contains(name);
  return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

// A text as it is, anything else as JSON.
std::string shown(const json::value* value) {
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? std::string(value->get_string()) : json_text(*value);
}

Result<std::vector<GateMetric>> metrics_of(const json::object& definition) {
  SLIPWAY_ASSIGN(const json::array* names, optional_array(definition, "metric_names"));
  SLIPWAY_ASSIGN(const json::array* kinds, optional_array(definition, "metric_kinds"));
  std::vector<GateMetric> out;
  if (names == nullptr || kinds == nullptr || names->size() != kinds->size())
    return fail(ErrorCode::kInvalidArgument, "the run does not say what its metrics are", "metric_kinds",
                "Run the evaluation again: this run was started by an older version.");
  for (std::size_t i = 0; i < names->size(); ++i) {
    if (!(*names)[i].is_string() || !(*kinds)[i].is_string()) continue;
    const auto kind = parse_score_kind((*kinds)[i].get_string());
    if (!kind) continue;
    out.push_back({std::string((*names)[i].get_string()), *kind});
  }
  if (out.size() != names->size())
    return fail(ErrorCode::kDataLoss, "the definition of a run can't be read", "metric_kinds");
  return out;
}

GateScore read_score(const json::object& stored) {
  GateScore out;
  out.reason = text_in(stored, "reason");
  if (std::string error = text_in(stored, "error"); !error.empty()) {
    out.outcome = MetricOutcome::kError;
    out.reason = std::move(error);
    out.error_code = kMetricError;
    return out;
  }
  const auto value = number_in(stored, "value");
  if (!value) return out;
  out.outcome = MetricOutcome::kScored;
  out.value = *value;
  if (const json::value* passed = stored.if_contains("passed"); passed != nullptr && passed->is_bool())
    out.passed = passed->get_bool();
  return out;
}

// Reads stored lines; knows the places of metrics.
class LineReader {
 public:
  explicit LineReader(const std::vector<GateMetric>& metrics) {
    for (std::size_t i = 0; i < metrics.size(); ++i) places_.emplace(metrics[i].name, i);
  }

  [[nodiscard]] GateAnswer read(const json::object& line) const {
    GateAnswer out;
    out.case_id = text_in(line, "case");
    out.repeat = static_cast<std::uint32_t>(integer_in(line, "repeat"));
    out.cluster = text_in(line, "cluster");
    if (const json::value* tags = line.if_contains("tags"); tags != nullptr && tags->is_array())
      for (const json::value& tag : tags->get_array())
        if (tag.is_string()) out.tags.emplace_back(tag.get_string());
    if (const json::object* error = object_in(line, "error")) {
      out.error_code = text_in(*error, "code");
      if (out.error_code.empty()) out.error_code = "error";
      out.error_message = text_in(*error, "message");
    } else {
      read_scores(line, out);
    }
    out.link = text_in(line, "invocation");
    if (const auto cost = number_in(line, "cost_nano")) out.cost_usd = *cost * kNano;
    if (out.error_code.empty()) read_clocks(line, out);
    return out;
  }

 private:
  void read_scores(const json::object& line, GateAnswer& out) const {
    out.scores.resize(places_.size());
    const json::value* scores = line.if_contains("scores");
    if (scores == nullptr || !scores->is_array()) return;
    for (const json::value& one : scores->get_array()) {
      if (!one.is_object()) continue;
      const auto place = places_.find(text_in(one.get_object(), "metric"));
      if (place != places_.end()) out.scores[place->second] = read_score(one.get_object());
    }
  }

  static void read_clocks(const json::object& line, GateAnswer& out) {
    // Responses that somebody brought along took a time that nobody knows.
    const auto latency = number_in(line, "latency_us");
    const auto first = number_in(line, "first_token_us");
    if (latency && *latency > 0) out.latency_s = *latency * kMicro;
    if (first) out.first_token_s = *first * kMicro;
    const auto tokens = number_in(line, "output_tokens");
    if (!tokens || !out.latency_s) return;
    const double seconds = *out.latency_s - out.first_token_s.value_or(0);
    if (seconds > 0) out.tokens_per_second = *tokens / seconds;
  }

  std::unordered_map<std::string, std::size_t> places_;
};

Result<std::optional<json::object>> next_line(ResultWalk& walk) {
  SLIPWAY_ASSIGN(const auto found, walk.next());
  if (!found) return std::nullopt;
  auto parsed = parse_json(found->second);
  if (!parsed || !parsed->is_object())
    return fail(ErrorCode::kDataLoss, "a stored result can't be read", "evaluation",
                "Restore the database from a backup; 'slipway doctor' tells more.");
  return std::move(parsed->get_object());
}

std::string dataset_of(const json::object& definition) {
  const json::object* dataset = object_in(definition, "dataset");
  if (dataset == nullptr) return {};
  std::string out = text_in(*dataset, "asset") + "@" + std::to_string(integer_in(*dataset, "version"));
  if (const std::string split = text_in(*dataset, "split"); !split.empty()) out += " " + split;
  return out;
}

// What the worst cases lack, by the number of their case.
using Wanted = std::map<std::int64_t, WorstCase*>;

Result<> add_case_texts(const Wanted& wanted, const Run& run, catalog::DatasetStore& datasets,
                        const GateLimits& limits) {
  const json::object* dataset = object_in(run.definition, "dataset");
  if (dataset == nullptr) return {};
  SLIPWAY_ASSIGN(const catalog::AssetName name, catalog::AssetName::parse(text_in(*dataset, "asset")));
  SLIPWAY_ASSIGN(const catalog::AssetVersion version,
                 datasets.version(name, std::to_string(integer_in(*dataset, "version"))));
  SLIPWAY_ASSIGN(catalog::CaseWalk walk, datasets.cases().walk(version.content));
  DatasetFeed feed(std::move(walk), text_in(*dataset, "split"));
  for (;;) {
    SLIPWAY_ASSIGN(const auto one, feed.next([&](std::int64_t number) { return wanted.contains(number); }));
    if (one == nullptr) return {};
    WorstCase& worst = *wanted.at(one->number);
    worst.input = ellipsize(shown(one->field("input")), limits.text_bytes);
    worst.expected = ellipsize(shown(one->field("expected")), limits.text_bytes);
  }
}

Result<> add_answers(const Wanted& wanted, const Run& run, RunStore& store, const GateLimits& limits) {
  const RunShape shape = shape_of(run);
  const std::uint64_t in_case = std::uint64_t{shape.cells} * shape.repeats;
  SLIPWAY_ASSIGN(
      ResultWalk walk,
      ResultWalk::begin(store, run.id, static_cast<std::uint64_t>(wanted.begin()->first) * in_case));
  for (;;) {
    SLIPWAY_ASSIGN(const auto found, walk.next());
    if (!found || static_cast<std::int64_t>(found->first / in_case) > wanted.rbegin()->first) return {};
    const auto place = wanted.find(static_cast<std::int64_t>(found->first / in_case));
    if (place == wanted.end() || shape.cell_of(found->first) != 0) continue;
    const auto parsed = parse_json(found->second);
    if (!parsed || !parsed->is_object()) continue;  // it has been read before
    const json::object& line = parsed->get_object();
    WorstCase& worst = *place->second;
    // Of several answers the one that the report links to.
    if (!worst.link.empty() && text_in(line, "invocation") != worst.link) continue;
    if (worst.answer.empty()) worst.answer = ellipsize(text_in(line, "answer"), limits.text_bytes);
  }
}

}  // namespace

Result<LoadedGateRun> load_gate_run(RunStore& store, const Run& run) {
  LoadedGateRun out;
  out.run.id = run.id;
  out.run.name = run.target;
  out.run.dataset = dataset_of(run.definition);
  SLIPWAY_ASSIGN(out.run.metrics, metrics_of(run.definition));
  const RunShape shape = shape_of(run);
  out.run.planned = static_cast<std::size_t>(run.planned) / std::max<std::uint32_t>(shape.cells, 1);
  if (out.run.planned > kGateAnswersLimit)
    return fail(ErrorCode::kResourceExhausted, "the run has more answers than a gate looks at", "evaluation",
                "Evaluate a split.");
  out.run.answers.reserve(out.run.planned);
  const LineReader reader(out.run.metrics);
  SLIPWAY_ASSIGN(ResultWalk walk, ResultWalk::begin(store, run.id));
  std::int64_t last = -1;
  for (;;) {
    SLIPWAY_ASSIGN(const auto line, next_line(walk));
    if (!line) return out;
    if (integer_in(*line, "cell") != 0) continue;
    // Results come by their case's number.
    if (const std::int64_t number = integer_in(*line, "number"); number != last) {
      out.numbers.push_back(number);
      last = number;
    }
    out.run.answers.push_back(reader.read(*line));
  }
}

Result<> add_texts(GateReport& report, const LoadedGateRun& candidate, const Run& run, RunStore& store,
                   catalog::DatasetStore& datasets, const GateLimits& limits) {
  Wanted wanted;
  for (WorstCase& worst : report.worst)
    if (worst.row < candidate.numbers.size()) wanted.emplace(candidate.numbers[worst.row], &worst);
  if (wanted.empty()) return {};
  SLIPWAY_TRY(add_case_texts(wanted, run, datasets, limits));
  return add_answers(wanted, run, store, limits);
}

}  // namespace slipway::evaluation
