// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/gate_run.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <unordered_set>

#include "base/text.h"

namespace slipway::evaluation {

namespace {

std::unexpected<Error> bad(std::string message, const std::string& where) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), where);
}

Result<> check_figure(const std::optional<double>& figure, std::string_view what, const std::string& where) {
  if (!figure || (std::isfinite(*figure) && *figure >= 0)) return {};
  return bad(fmt::format("the {} of an answer is a number from 0 on", what), where);
}

Result<> check_answer(const GateRun& run, const GateAnswer& answer, const std::string& where) {
  if (answer.case_id.empty()) return bad("an answer names no case", where);
  SLIPWAY_TRY(check_figure(answer.latency_s, "latency", where));
  SLIPWAY_TRY(check_figure(answer.first_token_s, "time to first token", where));
  SLIPWAY_TRY(check_figure(answer.tokens_per_second, "tokens per second", where));
  SLIPWAY_TRY(check_figure(answer.cost_usd, "cost", where));
  if (!answer.error_code.empty()) return {};
  if (answer.scores.size() != run.metrics.size())
    return bad(fmt::format("{} scores for {} metrics", answer.scores.size(), run.metrics.size()), where);
  for (std::size_t i = 0; i < answer.scores.size(); ++i) {
    const GateScore& score = answer.scores[i];
    if (score.outcome != MetricOutcome::kScored) continue;
    const bool share = run.metrics[i].kind != ScoreKind::kFigure;
    if (!std::isfinite(score.value) || (share && (score.value < 0 || score.value > 1)))
      return bad(fmt::format("{} is no score of the metric '{}'", score.value, run.metrics[i].name), where);
  }
  return {};
}

}  // namespace

Result<> check_gate_run(const GateRun& run) {
  if (run.answers.empty())
    return fail(ErrorCode::kInvalidArgument, fmt::format("the run {} has no answers", run.id), "run",
                "Let it end, or look at why it didn't begin");
  if (run.answers.size() > kGateAnswersLimit)
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("the run {} has more than {} answers", run.id, kGateAnswersLimit), "run",
                "Judge a sample of the cases");
  std::unordered_set<std::string> seen;
  seen.reserve(run.answers.size());
  for (const GateAnswer& answer : run.answers) {
    const std::string where = fmt::format("case {}", ellipsize(answer.case_id, 100));
    SLIPWAY_TRY(check_answer(run, answer, where));
    if (!seen.insert(fmt::format("{}\n{}", answer.repeat, answer.case_id)).second)
      return bad(fmt::format("its answer {} is there twice", answer.repeat), where);
  }
  return {};
}

}  // namespace slipway::evaluation
