// SPDX-License-Identifier: Apache-2.0
// Scorers of what a call did beside its text: tools, retrieval, time and money.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "evaluation/metrics/retrieval_metrics.h"
#include "evaluation/metrics/scorers.h"
#include "evaluation/metrics/structure_metrics.h"

namespace slipway::evaluation {

namespace {

using Made = Result<std::shared_ptr<const Scorer>>;

constexpr std::uint64_t kRanksMost = 10'000;

Made make_finish_reason(Params& params) {
  SLIPWAY_ASSIGN(auto reasons, params.texts("value", "values"));
  if (reasons.empty()) reasons = {"end"};
  return make_scorer(ScoreKind::kVerdict, [reasons](const CaseView& view) -> Result<Score> {
    if (view.finish_reason.empty() || view.finish_reason == "unknown")
      return fail(ErrorCode::kInvalidArgument, "it is not known why the answer ended", "finish_reason");
    const bool wanted = std::ranges::find(reasons, view.finish_reason) != reasons.end();
    return verdict(wanted, fmt::format("The answer ended with '{}'.", view.finish_reason),
                   fmt::format("The answer ended with '{}', not with {}.", view.finish_reason,
                               fmt::join(reasons, " or ")));
  });
}

Made make_tool_calls_valid(Params& params) {
  SLIPWAY_ASSIGN(const bool required, params.flag("required"));
  return make_scorer(ScoreKind::kVerdict, [required](const CaseView& view) -> Result<Score> {
    if (view.tools == nullptr)
      return fail(ErrorCode::kInvalidArgument, "the target has no tools", "tool_calls_valid");
    return score_tool_calls_valid(view.tool_calls, *view.tools, required);
  });
}

Made make_tool_calls(Params& params) {
  SLIPWAY_ASSIGN(auto expected, ExpectedValue::read(params, "", "values"));
  ToolMatch options;
  SLIPWAY_ASSIGN(options.arguments, params.flag("arguments", true));
  SLIPWAY_ASSIGN(options.ordered, params.flag("ordered"));
  SLIPWAY_ASSIGN(const auto tolerance, params.number("tolerance", 0, 1e300));
  options.tolerance = tolerance.value_or(0);
  return make_scorer(ScoreKind::kShare, [expected, options](const CaseView& view) -> Result<Score> {
    SLIPWAY_ASSIGN(const json::value* value, expected.of(view.expected));
    SLIPWAY_ASSIGN(const auto calls, tool_calls_from_json(*value));
    return score_tool_calls(view.tool_calls, calls, options);
  });
}

// The ids that a case expects: one, a list, or a map of ids and how relevant each is.
Result<Relevance> relevance_of(const ExpectedValue& expected, const CaseView& view) {
  SLIPWAY_ASSIGN(const json::value* value, expected.of(view.expected));
  Relevance out;
  if (const json::object* grades = value->if_object()) {
    for (const json::key_value_pair& one : *grades) {
      if (!one.value().is_number())
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("the relevance of '{}' is no number", std::string_view(one.key())),
                    "expected");
      out.emplace(one.key(), std::clamp(one.value().to_number<double>(), 0.0, 100.0));
    }
    return out;
  }
  SLIPWAY_ASSIGN(const auto ids, expected.texts_of(view.expected));
  for (const std::string& id : ids) out.emplace(id, 1);
  return out;
}

using RankScoring = Result<Score> (*)(std::span<const std::string>, const Relevance&, std::size_t);

ScorerFactory ranking(RankScoring scoring, ScoreKind kind = ScoreKind::kShare) {
  return factory_of([scoring, kind](Params& params) -> Made {
    SLIPWAY_ASSIGN(auto expected, ExpectedValue::read(params, "", "values"));
    SLIPWAY_ASSIGN(const auto k, params.count("k", kRanksMost));
    return make_scorer(kind, [expected, k, scoring](const CaseView& view) -> Result<Score> {
      if (!view.has_retrieved)
        return fail(ErrorCode::kInvalidArgument, "nothing was retrieved for this case", "retrieval",
                    "The target must use a knowledge base, or give the ids that it found");
      SLIPWAY_ASSIGN(const auto relevant, relevance_of(expected, view));
      return scoring(view.retrieved, relevant, k.value_or(0));
    });
  });
}

Result<Score> score_hit(std::span<const std::string> found, const Relevance& relevant, std::size_t k) {
  SLIPWAY_ASSIGN(auto score, score_reciprocal_rank(found, relevant, k));
  score.value = score.value > 0 ? 1 : 0;
  return score;
}

ScorerFactory citing(bool recall) {
  return factory_of([recall](Params& params) -> Made {
    SLIPWAY_ASSIGN(auto expected, ExpectedValue::read(params, "", "values"));
    SLIPWAY_ASSIGN(const auto open, params.text("open"));
    SLIPWAY_ASSIGN(const auto close, params.text("close"));
    const std::string from = open.value_or("[");
    const std::string to = close.value_or("]");
    if (from.empty() || to.empty())
      return fail(ErrorCode::kInvalidArgument, "must not be empty",
                  params.at(from.empty() ? "open" : "close"));
    return make_scorer(ScoreKind::kShare, [=](const CaseView& view) -> Result<Score> {
      std::vector<std::string> inside;
      if (!view.citations) inside = citations_in(view.answer, from, to);
      const std::span<const std::string> cited =
          view.citations ? *view.citations : std::span<const std::string>(inside);
      SLIPWAY_ASSIGN(const auto ids, expected.texts_of(view.expected));
      if (!recall) return score_citation_precision(cited, ids);
      return score_citation_recall(cited, ids);
    });
  });
}

template <class F>
ScorerFactory figure(std::string_view name, std::string_view unit, F value_of) {
  return figure_of([=](const CaseView& view) -> Result<Score> {
    const std::optional<double> value = value_of(view);
    if (!value)
      return fail(ErrorCode::kInvalidArgument, fmt::format("the {} of this call is not known", name),
                  std::string(name));
    return Score{*value, fmt::format("The {} is {:.6g} {}.", name, *value, unit)};
  });
}

std::optional<double> tokens_per_second(const CaseView& view) {
  if (!view.output_tokens || !view.latency_s) return std::nullopt;
  // Of the time in which tokens came: from the first one on where that is known.
  const double seconds = *view.latency_s - view.first_token_s.value_or(0);
  if (!(seconds > 0)) return std::nullopt;
  return *view.output_tokens / seconds;
}

}  // namespace

void add_call_scorers(ScorerFactories& factories) {
  factories["finish_reason"] = factory_of(make_finish_reason);
  factories["tool_calls_valid"] = factory_of(make_tool_calls_valid);
  factories["tool_calls"] = factory_of(make_tool_calls);
  factories["precision_at_k"] = ranking(score_precision_at);
  factories["recall_at_k"] = ranking(score_recall_at);
  factories["reciprocal_rank"] = ranking(score_reciprocal_rank);
  factories["ndcg"] = ranking(score_ndcg);
  factories["retrieval_hit"] = ranking(score_hit, ScoreKind::kVerdict);
  factories["citation_precision"] = citing(false);
  factories["citation_recall"] = citing(true);
  factories["latency"] = figure("latency", "s", [](const CaseView& view) { return view.latency_s; });
  factories["first_token"] =
      figure("time to the first token", "s", [](const CaseView& view) { return view.first_token_s; });
  factories["tokens_per_second"] = figure("rate of tokens", "tokens/s", tokens_per_second);
  factories["cost"] = figure("cost", "US dollars", [](const CaseView& view) { return view.cost_usd; });
}

}  // namespace slipway::evaluation
