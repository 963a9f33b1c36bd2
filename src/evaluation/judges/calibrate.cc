// SPDX-License-Identifier: Apache-2.0
#include "evaluation/judges/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/json_text.h"
#include "base/text.h"
#include "evaluation/judges/judge_params.h"
#include "evaluation/judges/judge_scorer.h"
#include "evaluation/judges/judge_variables.h"
#include "evaluation/runs/dataset_feed.h"
#include "evaluation/runs/plan.h"
#include "evaluation/runs/result_walk.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kShownBytes = 80;
constexpr std::array<std::string_view, 9> kMembers = {"input", "expected", "context",    "tags",    "id",
                                                      "split", "cluster",  "provenance", "metadata"};
constexpr std::array<std::string_view, 8> kGood = {"yes",  "true",    "pass",  "passed",
                                                   "good", "correct", "right", "ok"};
constexpr std::array<std::string_view, 8> kBad = {"no",  "false",     "fail",  "failed",
                                                  "bad", "incorrect", "wrong", "not ok"};

struct CalibratedMetric {
  std::size_t index = 0;
  MetricSpec spec;
  std::optional<JudgeScale> scale;
  std::string labels;  // that its parameters name
};

Result<CalibratedMetric> find_metric(const json::object& definition, const std::string& name) {
  const json::value* metrics = definition.if_contains("metrics");
  if (metrics == nullptr) return fail(ErrorCode::kInternal, "the run's definition has no metrics");
  SLIPWAY_ASSIGN(std::vector<MetricSpec> specs,
                 parse_metrics(*metrics, "metrics", known_scorers(definition)));
  const auto found = std::ranges::find(specs, name, &MetricSpec::name);
  if (found == specs.end()) {
    std::vector<std::string> names;
    for (const MetricSpec& one : specs) names.push_back(one.name());
    const auto close = nearest(name, names);
    return fail(ErrorCode::kNotFound, fmt::format("the run has no metric '{}'", ellipsize(name, kShownBytes)),
                "metric", close ? fmt::format("Did you mean '{}'?", *close) : std::string());
  }
  if (!found->gives_verdicts())
    return fail(ErrorCode::kInvalidArgument, fmt::format("the metric '{}' only measures", name), "metric",
                "Give it a threshold, from which on a case passes, and run it again");
  const auto index = static_cast<std::size_t>(found - specs.begin());
  CalibratedMetric out{index, std::move(*found), {}, {}};
  const json::value& entry = metrics->get_array()[index];
  if (const auto judge = judge_entry(entry.as_object()))
    if (const auto params = JudgeParams::read(judge->metric, judge->params, "params"))
      out.labels = params->labels_field;
  const json::value* judges = definition.if_contains("judges");
  const json::value* planned = judges == nullptr || !judges->is_object()
                                   ? nullptr
                                   : judges->get_object().if_contains(fmt::format("metrics[{}]", index));
  if (planned != nullptr) {
    SLIPWAY_ASSIGN(out.scale, JudgeScale::read(planned->as_object().at("scale"), "scale", {}));
  }
  return out;
}

// What the metric said: nullopt where it could not tell.
std::optional<bool> verdict_in(const json::object& result, const std::string& metric) {
  const json::value* scores = result.if_contains("scores");
  if (scores == nullptr || !scores->is_array()) return std::nullopt;
  for (const json::value& score : scores->get_array()) {
    const json::object& one = score.as_object();
    if (std::string_view(one.at("metric").as_string()) != metric) continue;
    const json::value* passed = one.if_contains("passed");
    if (passed != nullptr && passed->is_bool()) return passed->get_bool();
  }
  return std::nullopt;
}

// Walks results and cases together: both are in the order of the cases.
class Walker {
 public:
  Walker(const CalibratedMetric& metric, const RunShape& shape, Calibration& out)
      : metric_(metric), shape_(shape), out_(out) {}

  Result<> take(std::uint64_t item, const std::string& line, CaseFeed& cases) {
    if (shape_.cell_of(item) != out_.cell || item % shape_.repeats != 0) return {};
    SLIPWAY_ASSIGN(const json::value parsed, parse_json(line));
    const auto verdict = verdict_in(parsed.as_object(), out_.metric);
    if (!verdict) {
      ++out_.unjudged;
      return {};
    }
    ++out_.judged;
    if (*verdict) ++out_.passed;
    const auto number = static_cast<std::int64_t>(item / shape_.repeats / shape_.cells);
    SLIPWAY_ASSIGN(const auto one, cases.next([number](std::int64_t at) { return at == number; }));
    if (one == nullptr) return fail(ErrorCode::kDataLoss, "a result's case is not in its dataset", "dataset");
    const json::value* label = label_of_case(one->fields, out_.labels);
    if (label == nullptr) return {};
    const auto says = person_says(*label, metric_.spec, metric_.scale ? &*metric_.scale : nullptr);
    if (!says) {
      if (out_.unreadable++ == 0) out_.unreadable_label = ellipsize(json_text(*label), kShownBytes);
      return {};
    }
    Confusion& confusion = out_.confusion;
    if (*says)
      ++(*verdict ? confusion.true_positives : confusion.false_negatives);
    else
      ++(*verdict ? confusion.false_positives : confusion.true_negatives);
    return {};
  }

 private:
  const CalibratedMetric& metric_;
  const RunShape& shape_;
  Calibration& out_;
};

std::string percent(const Estimate& estimate) { return fmt::format("{:.0f} %", estimate.mean * 100); }

std::string in_words(const Calibration& out) {
  const JudgeQuality& quality = out.quality;
  if (!quality.sensitivity || !quality.specificity)
    return fmt::format(
        "People call all {} labelled cases {}: whether the judge can tell them from {} ones is not known. "
        "Label some of the other kind.",
        out.labelled(), quality.sensitivity ? "good" : "bad", quality.sensitivity ? "bad" : "good");
  if (out.useful == false) {
    const bool always = out.passed == out.judged || out.passed == 0;
    return fmt::format(
        "The judge is worth nothing here: {}it passes {} of the good and {} of the bad cases, no better than "
        "chance. What it measured can't be corrected: change its prompt or its model.",
        always ? fmt::format("it always says {}, so ", out.passed == 0 ? "no" : "yes") : "",
        percent(*quality.sensitivity), fmt::format("{:.0f} %", (1 - quality.specificity->mean) * 100));
  }
  return fmt::format("The judge passes {} of the good and finds {} of the bad cases.",
                     percent(*quality.sensitivity), percent(*quality.specificity));
}

}  // namespace

const json::value* label_of_case(const json::object& fields, const std::string& where) {
  const auto there = [&](const std::string& pointer) -> const json::value* {
    const json::value* found = member_of_case(fields, pointer);
    if (found == nullptr || found->is_null() || (found->is_string() && found->get_string().empty()))
      return nullptr;
    return found;
  };
  const std::string pointer = pointer_of(where);
  const std::string_view first = std::string_view(pointer).substr(1, pointer.find('/', 1) - 1);
  if (where.starts_with('/') || std::ranges::find(kMembers, first) != kMembers.end()) return there(pointer);
  if (const json::value* found = there("/metadata" + pointer)) return found;
  return there("/expected" + pointer);
}

std::optional<bool> person_says(const json::value& label, const MetricSpec& spec, const JudgeScale* scale) {
  // What the judge itself could have said means what it means there.
  std::optional<double> value;
  if (label.is_string() && scale != nullptr && scale->labelled())
    if (const JudgeLabel* known = scale->find(label.get_string())) value = known->value;
  if (label.is_number()) {
    const auto number = label.to_number<double>();
    if (scale != nullptr && !scale->labelled())
      value = scale->value_of(number);
    else if (number >= 0 && number <= 1)
      value = number;
  }
  if (value) return spec.passes(spec.negated() ? 1 - *value : *value);
  if (label.is_bool()) return label.get_bool();
  if (!label.is_string()) return std::nullopt;
  const std::string word = to_lower(trim(std::string_view(label.get_string())));
  if (std::ranges::find(kGood, word) != kGood.end()) return true;
  if (std::ranges::find(kBad, word) != kBad.end()) return false;
  return std::nullopt;
}

Result<> conclude_calibration(Calibration& out) {
  if (out.labelled() == 0)
    return fail(
        ErrorCode::kInvalidArgument,
        out.unreadable != 0
            ? fmt::format("the labels under '{}' mean nothing here, as {}", out.labels, out.unreadable_label)
            : fmt::format("no case that '{}' judged has a label under '{}'", out.metric, out.labels),
        "labels",
        "Write true or false (or one of the judge's own labels) into the cases, as metadata.human, and name "
        "it");
  SLIPWAY_ASSIGN(out.quality, judge_quality(out.confusion));
  SLIPWAY_ASSIGN(out.measured,
                 estimate_share(static_cast<std::size_t>(out.passed), static_cast<std::size_t>(out.judged)));
  SLIPWAY_ASSIGN(out.people,
                 estimate_share(out.confusion.positives(), static_cast<std::size_t>(out.labelled())));
  if (out.quality.sensitivity && out.quality.specificity) out.useful = out.quality.youden > 1e-12;
  out.note = in_words(out);
  out.corrected_cases = out.judged - out.labelled();
  if (out.useful != true) return {};
  if (out.corrected_cases == 0) {
    out.note += " Every case has a label: people's own rate needs no correction.";
    return {};
  }
  const auto said_yes =
      static_cast<std::size_t>(out.passed) - out.confusion.true_positives - out.confusion.false_positives;
  SLIPWAY_ASSIGN(out.corrected,
                 rogan_gladen(said_yes, static_cast<std::size_t>(out.corrected_cases), out.confusion));
  return {};
}

Result<Calibration> calibrate_run(RunStore& store, catalog::DatasetStore& datasets, const Run& run,
                                  const CalibrationRequest& request) {
  SLIPWAY_ASSIGN(const CalibratedMetric metric, find_metric(run.definition, request.metric));
  Calibration out;
  out.metric = request.metric;
  out.labels = request.labels.empty() ? metric.labels : request.labels;
  out.cell = request.cell;
  if (out.labels.empty())
    return fail(ErrorCode::kInvalidArgument, "where people's labels stand is not said", "labels",
                "Name a member of the cases, as human for metadata.human");
  const RunShape shape = shape_of(run);
  if (out.cell >= shape.cells)
    return fail(ErrorCode::kInvalidArgument, fmt::format("the run has {} variants", shape.cells), "cell");
  SLIPWAY_ASSIGN(const std::unique_ptr<CaseFeed> cases, cases_of_run(datasets, run.definition));
  SLIPWAY_ASSIGN(ResultWalk walk, ResultWalk::begin(store, run.id));
  Walker walker(metric, shape, out);
  for (;;) {
    SLIPWAY_ASSIGN(const auto next, walk.next());
    if (!next) break;
    SLIPWAY_TRY(walker.take(next->first, next->second, *cases));
  }
  SLIPWAY_TRY(conclude_calibration(out));
  return out;
}

}  // namespace slipway::evaluation
