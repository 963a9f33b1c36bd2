// SPDX-License-Identifier: Apache-2.0
// One vocabulary for what answers are judged by: an entry of an evaluation's `metrics` is compiled to a
// MetricSpec once, and scores any number of cases from any thread. docs/evaluation-metrics.md has the list.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "evaluation/metrics/answer_schema.h"
#include "evaluation/metrics/text_metrics.h"
#include "evaluation/metrics/tool_metrics.h"
#include "evaluation/statistics/intervals.h"

namespace slipway::evaluation {

// One case and what came of it. Views only: everything outlives the call of score().
struct CaseView {
  std::string_view answer;
  const json::value* input = nullptr;     // the case's own members; nullptr where it has none
  const json::value* expected = nullptr;  //
  const json::value* context = nullptr;   //
  const json::object* fields = nullptr;   // the whole case
  std::span<const std::string> tags;
  std::string_view split;
  std::string_view finish_reason;  // as llm::to_string(StopReason): "end", "max_tokens", "tool_calls", …
  std::span<const ToolCall> tool_calls;
  const ToolSchemas* tools = nullptr;                // what could be called
  const AnswerSchema* answer_schema = nullptr;       // that the target itself asks its model for
  std::span<const std::string> retrieved;            // ids of documents by rank
  bool has_retrieved = false;                        // retrieval took place, if only to find nothing
  const json::value* retrieved_documents = nullptr;  // a list: with their texts, as far as they are known
  std::optional<std::span<const std::string>> citations;  // ids, if the answer has them beside its text
  std::optional<double> latency_s;                        // to the last byte
  std::optional<double> first_token_s;
  std::optional<double> output_tokens;
  std::optional<double> cost_usd;
};

// What a metric's values are: this decides on intervals and tests.
enum class ScoreKind : std::uint8_t {
  kVerdict,  // 0 or 1
  kShare,    // between 0 and 1
  kFigure,   // any number: seconds, US dollars, grades
};
std::string_view to_string(ScoreKind kind);  // "verdict", "share", "figure"
std::optional<ScoreKind> parse_score_kind(std::string_view text);

// One kind of metric with its parameters, compiled. Those that need a call (judge, embedding, webhook) are
// made by factories that whoever can call them registers; they may block.
class Scorer {
 public:
  virtual ~Scorer() = default;
  [[nodiscard]] virtual ScoreKind kind() const = 0;
  // From which score on a case passes if nothing else is said; nullopt: the metric only measures.
  [[nodiscard]] virtual std::optional<double> passes_from() const {
    return kind() == ScoreKind::kVerdict ? std::optional<double>(1) : std::nullopt;
  }
  // An Error where the case doesn't have what the metric needs, or a call failed: never a value in its place.
  [[nodiscard]] virtual Result<Score> score(const CaseView& view) const = 0;
};
// The parameters of an entry, and what leads to them ("metrics[2].params").
using ScorerFactory =
    std::function<Result<std::shared_ptr<const Scorer>>(const json::object& params, const std::string& path)>;
using ScorerFactories = std::map<std::string, ScorerFactory, std::less<>>;
// Everything that needs no call.
const ScorerFactories& programmatic_scorers();

enum class MetricOutcome : std::uint8_t { kScored, kError, kSkipped };
struct MetricScore {
  MetricOutcome outcome = MetricOutcome::kSkipped;
  double value = 0;              // finite; only with kScored
  std::optional<bool> passed;    // nullopt where the metric has no threshold
  std::string reason;            // one sentence
  std::optional<Error> error;    // only with kError
  std::vector<JudgeNote> notes;  // of judges

  static MetricScore of_error(Error error);
};

class MetricSpec {
 public:
  // Parses one entry: {"metric", "params", "name", "weight", "negate", "threshold", "for", "judge"} or a set
  // of them, {"all": […], "name", …} or {"any": […], "name", …}. `path` leads to it, as "metrics[2]".
  // kInvalidArgument with the field that is wrong; kNotFound for a metric that `factories` does not have.
  static Result<MetricSpec> parse(const json::value& entry, const std::string& path,
                                  const ScorerFactories& factories = programmatic_scorers());

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& metric() const { return metric_; }  // "all" or "any" for sets
  [[nodiscard]] double weight() const { return weight_; }
  [[nodiscard]] ScoreKind kind() const { return kind_; }
  [[nodiscard]] std::optional<Bounds> bounds() const;  // of the values; nullopt for figures
  [[nodiscard]] bool gives_verdicts() const;           // `passed` is known of each scored case
  [[nodiscard]] bool negated() const { return negate_; }
  // Whether a case with this value, as results have it, passes; nullopt where the metric only measures.
  [[nodiscard]] std::optional<bool> passes(double value) const;

  // Whether the case is one of those it is for.
  [[nodiscard]] bool applies(const CaseView& view) const;
  [[nodiscard]] MetricScore score(const CaseView& view) const;

 private:
  MetricSpec() = default;
  Result<> read_common(const json::object& entry, const std::string& path);
  Result<> read_slices(const json::value& slices, const std::string& path);
  [[nodiscard]] MetricScore score_one(const CaseView& view) const;
  [[nodiscard]] MetricScore score_set(const CaseView& view) const;

  std::string name_;
  std::string metric_;
  double weight_ = 1;
  bool negate_ = false;
  ScoreKind kind_ = ScoreKind::kVerdict;
  std::optional<double> threshold_;
  std::optional<double> passes_from_;  // without a threshold
  std::optional<double> min_;          // of figures
  std::optional<double> max_;
  std::vector<std::string> tags_;
  std::vector<std::string> splits_;
  std::shared_ptr<const Scorer> scorer_;  // nullptr for sets
  std::vector<MetricSpec> members_;
};

// All entries of an evaluation's `metrics`; their names are unique.
inline constexpr std::size_t kMetricsLimit = 100;
Result<std::vector<MetricSpec>> parse_metrics(const json::value& metrics, const std::string& path = "metrics",
                                              const ScorerFactories& factories = programmatic_scorers());

// The weighted mean of the values of those that were scored (figures left out, weights of 0 as well);
// nullopt if there is none.
std::optional<double> weighted_score(std::span<const MetricSpec> specs, std::span<const MetricScore> scores);

}  // namespace slipway::evaluation
