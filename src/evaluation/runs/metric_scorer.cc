// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/metric_scorer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "evaluation/metrics/metric.h"

namespace slipway::evaluation {

namespace {

constexpr double kMicro = 1e-6;
constexpr double kNano = 1e-9;
constexpr std::array<std::string_view, 2> kOfStreams = {"first_token", "tokens_per_second"};
constexpr std::array<std::string_view, 1> kOfTools = {"tool_calls_valid"};
constexpr std::array<std::string_view, 1> kOfSchemas = {"json_schema"};

// What all answers of one cell are held against, compiled once.
struct CompiledCell {
  ToolSchemas tools;
  std::optional<AnswerSchema> answer;
};

bool documents_have_texts(const json::value& documents) {
  return documents.is_array() && std::ranges::any_of(documents.get_array(), [](const json::value& one) {
           const json::object* object = one.if_object();
           return object != nullptr && (object->contains("text") || object->contains("content"));
         });
}

std::vector<std::string> texts_of(const json::value* value) {
  std::vector<std::string> out;
  if (value == nullptr || !value->is_array()) return out;
  for (const json::value& one : value->get_array()) {
    if (one.is_string()) out.emplace_back(one.get_string());
    if (one.is_object())
      if (const json::value* id = one.get_object().if_contains("id"); id != nullptr && id->is_string())
        out.emplace_back(id->get_string());
  }
  return out;
}

// What an answer brings beside its text: its message's tool calls, retrieved documents and citations.
struct Beside {
  std::vector<ToolCall> calls;
  std::vector<std::string> retrieved;
  bool has_retrieved = false;
  std::optional<json::value> documents;  // retrieved, where their texts are known
  std::optional<std::vector<std::string>> citations;

  explicit Beside(const std::string& message) {
    if (message.empty()) return;
    const auto parsed = parse_json(message);
    if (!parsed || !parsed->is_object()) return;
    const json::object& object = parsed->get_object();
    if (const json::value* tools = object.if_contains("tool_calls"))
      if (auto read = tool_calls_from_json(*tools)) calls = std::move(*read);
    if (const json::value* found = object.if_contains("retrieved")) {
      has_retrieved = true;
      retrieved = texts_of(found);
      if (documents_have_texts(*found)) documents = *found;
    }
    if (const json::value* cited = object.if_contains("citations")) citations = texts_of(cited);
  }
};

// Whether one of `names` is a metric somewhere in it, sets included.
bool uses(const json::value& metrics, std::span<const std::string_view> names) {
  if (metrics.is_array())
    return std::ranges::any_of(metrics.get_array(), [&](const json::value& one) { return uses(one, names); });
  if (!metrics.is_object()) return false;
  const json::object& object = metrics.get_object();
  if (const json::value* metric = object.if_contains("metric"); metric != nullptr && metric->is_string())
    return std::ranges::find(names, std::string_view(metric->get_string())) != names.end();
  for (const std::string_view set : {"all", "any"})
    if (const json::value* members = object.if_contains(set); members != nullptr && uses(*members, names))
      return true;
  return false;
}

class MetricScorer final : public AnswerScorer {
 public:
  MetricScorer(std::vector<MetricSpec> specs, std::vector<CompiledCell> cells, bool stream,
               std::shared_ptr<JudgeDesk> desk)
      : specs_(std::move(specs)), cells_(std::move(cells)), stream_(stream), desk_(std::move(desk)) {
    for (const MetricSpec& spec : specs_) names_.push_back(spec.name());
  }

  [[nodiscard]] std::vector<AnswerScore> score(const CallOrder& order,
                                               const CallOutcome& outcome) const override {
    const RunCase& one = *order.one;
    const Beside beside(outcome.message);
    const std::vector<std::string> tags = texts_of(one.field("tags"));
    CaseView view;
    view.answer = outcome.text;
    view.input = one.field("input");
    view.expected = one.field("expected");
    view.context = one.field("context");
    view.fields = &one.fields;
    view.tags = tags;
    if (const json::value* split = one.field("split"); split != nullptr && split->is_string())
      view.split = split->get_string();
    view.finish_reason = outcome.finish_reason;
    view.tool_calls = beside.calls;
    if (order.cell < cells_.size()) {
      view.tools = &cells_[order.cell].tools;
      if (cells_[order.cell].answer) view.answer_schema = &*cells_[order.cell].answer;
    }
    view.retrieved = beside.retrieved;
    view.has_retrieved = beside.has_retrieved;
    if (beside.documents) view.retrieved_documents = &*beside.documents;
    if (beside.citations) view.citations = *beside.citations;
    if (outcome.latency_us > 0) view.latency_s = static_cast<double>(outcome.latency_us) * kMicro;
    if (outcome.first_token_us >= 0)
      view.first_token_s = static_cast<double>(outcome.first_token_us) * kMicro;
    if (outcome.output_tokens >= 0) view.output_tokens = static_cast<double>(outcome.output_tokens);
    if (outcome.cost_nano >= 0) view.cost_usd = static_cast<double>(outcome.cost_nano) * kNano;
    std::vector<AnswerScore> scores;
    scores.reserve(specs_.size());
    for (const MetricSpec& spec : specs_) {
      scores.push_back(score_one(spec, view));
      if (scores.back().interrupted) break;  // the others would be asked for nothing
    }
    return scores;
  }
  [[nodiscard]] const std::vector<std::string>& names() const override { return names_; }
  [[nodiscard]] std::vector<ScoreKind> kinds() const override {
    std::vector<ScoreKind> out;
    out.reserve(specs_.size());
    for (const MetricSpec& spec : specs_) out.push_back(spec.kind());
    return out;
  }
  [[nodiscard]] bool wants_stream() const override { return stream_; }
  [[nodiscard]] bool calls() const override { return desk_ != nullptr; }
  void cancel() override {
    if (desk_ != nullptr) desk_->cancel();
  }

 private:
  static AnswerScore score_one(const MetricSpec& spec, const CaseView& view) {
    const MetricScore got = spec.score(view);
    AnswerScore out;
    out.skipped = got.outcome == MetricOutcome::kSkipped;
    if (got.outcome == MetricOutcome::kError) {
      out.error = got.error ? got.error->describe() : std::string("the metric failed");
      out.interrupted = got.error && got.error->code == ErrorCode::kCancelled;
      out.unavailable = got.error && (got.error->code == ErrorCode::kUnavailable ||
                                      got.error->code == ErrorCode::kPermissionDenied);
    }
    if (got.outcome != MetricOutcome::kScored) return out;
    out.value = got.value;
    out.passed = got.passed;
    out.reason = got.reason;
    out.notes = got.notes;
    return out;
  }

  std::vector<MetricSpec> specs_;
  std::vector<CompiledCell> cells_;
  std::vector<std::string> names_;
  bool stream_;
  std::shared_ptr<JudgeDesk> desk_;  // null: nobody is asked
};

}  // namespace

Result<std::unique_ptr<AnswerScorer>> make_metric_scorer(const json::object& definition,
                                                         const std::vector<CellTraits>& cells,
                                                         RunJudges judges) {
  const json::value* metrics = definition.if_contains("metrics");
  if (metrics == nullptr)
    return fail(ErrorCode::kInvalidArgument, "the evaluation has no metrics", "metrics");
  ScorerFactories factories;
  if (judges.desk == nullptr) {
    factories = known_scorers(definition);
  } else {
    factories = judge_scorers(std::move(judges.panels), judges.desk);
    for (const auto& [name, factory] : programmatic_scorers()) factories.emplace(name, factory);
  }
  SLIPWAY_ASSIGN(std::vector<MetricSpec> specs, parse_metrics(*metrics, "metrics", factories));
  std::vector<CompiledCell> compiled;
  const bool tools = uses(*metrics, kOfTools);
  for (const CellTraits& cell : cells) {
    CompiledCell& one = compiled.emplace_back();
    for (const auto& [name, schema] : cell.tools) {
      if (!tools) break;  // a schema that nobody asks about need not be one we can check
      SLIPWAY_ASSIGN(AnswerSchema made, AnswerSchema::compile(schema));
      one.tools.emplace(name, std::move(made));
    }
    if (cell.answer_schema && uses(*metrics, kOfSchemas)) {
      SLIPWAY_ASSIGN(one.answer, AnswerSchema::compile(*cell.answer_schema));
    }
  }
  return std::make_unique<MetricScorer>(std::move(specs), std::move(compiled), uses(*metrics, kOfStreams),
                                        std::move(judges.desk));
}

}  // namespace slipway::evaluation
