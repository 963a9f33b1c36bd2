// SPDX-License-Identifier: Apache-2.0
#include "evaluation/judges/judge_scorer.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "evaluation/judges/ballot.h"
#include "evaluation/judges/judge_params.h"
#include "evaluation/judges/judge_variables.h"
#include "evaluation/judges/verdict_text.h"

namespace slipway::evaluation {

namespace {

constexpr std::string_view kParams = ".params";
// More than half of several judges.
constexpr double kMajority = 0.5 + 1e-6;

class JudgeScorer final : public Scorer {
 public:
  JudgeScorer(JudgeParams params, JudgePanel panel, std::shared_ptr<JudgeDesk> desk)
      : params_(std::move(params)), panel_(std::move(panel)), desk_(std::move(desk)) {}

  [[nodiscard]] ScoreKind kind() const override {
    return params_.pairwise() || judges() > 1 ? ScoreKind::kShare : panel_.scale.kind();
  }
  [[nodiscard]] std::optional<double> passes_from() const override {
    if (params_.pairwise() || panel_.scale.kind() != ScoreKind::kVerdict) return std::nullopt;
    return judges() > 1 ? kMajority : 1;
  }

  [[nodiscard]] Result<Score> score(const CaseView& view) const override {
    if (panel_.targets.empty() || desk_ == nullptr)
      return fail(ErrorCode::kInternal, "nobody can be asked to judge here");
    std::vector<JudgeDecision> decisions;
    for (const JudgeTarget& target : panel_.targets) {
      SLIPWAY_ASSIGN(const JudgeVariables variables,
                     JudgeVariables::make(view, params_, panel_.scale, target.prompt->program->variables()));
      SLIPWAY_ASSIGN(const std::vector<JudgeVote> votes, vote(target, variables));
      decisions.push_back(decide(target.name, votes, panel_.scale.labelled()));
    }
    return score_of(std::move(decisions));
  }

 private:
  [[nodiscard]] std::size_t judges() const {
    return panel_.targets.empty() ? params_.models.size() : panel_.targets.size();
  }

  // A vote that can't be read is left out as long as more than half can.
  [[nodiscard]] Result<std::vector<JudgeVote>> vote(const JudgeTarget& target,
                                                    const JudgeVariables& variables) const {
    std::vector<JudgeVote> votes;
    std::optional<Error> trouble;
    std::uint32_t lost = 0;
    for (std::uint32_t i = 0; i < params_.votes; ++i) {
      auto one = params_.pairwise() ? compared(target, variables) : asked(target, variables.values());
      if (one) {
        votes.push_back(std::move(*one));
        continue;
      }
      if (one.error().code != ErrorCode::kDataLoss || ++lost * 2 >= params_.votes) return fail(one.error());
      trouble = one.error();
    }
    return votes;
  }

  [[nodiscard]] Result<JudgeVote> compared(const JudgeTarget& target, const JudgeVariables& variables) const {
    const bool first = params_.order != JudgeOrder::kAnswerSecond;
    SLIPWAY_ASSIGN(JudgeVote one, asked(target, variables.values(first)));
    if (params_.order != JudgeOrder::kBoth) {
      one.verdict = of_answer(one.verdict, first);
      return one;
    }
    SLIPWAY_ASSIGN(const JudgeVote other, asked(target, variables.values(false)));
    one.verdict = compare(one.verdict, other.verdict);
    return one;
  }

  // One verdict. kDataLoss: what came back could not be read, time and again.
  [[nodiscard]] Result<JudgeVote> asked(const JudgeTarget& target, const json::object& values) const {
    std::string trouble;
    std::string invocation;
    for (std::uint32_t attempt = 0; attempt < params_.attempts; ++attempt) {
      SLIPWAY_ASSIGN(JudgeReply reply, desk_->ask(target, values));
      auto verdict = read_verdict(reply.text, panel_.scale);
      if (verdict) return JudgeVote{std::move(*verdict), std::move(reply.invocation)};
      trouble = verdict.error().message;
      invocation = std::move(reply.invocation);
    }
    return fail(ErrorCode::kDataLoss,
                fmt::format("{} ({} attempt{})", trouble, params_.attempts, params_.attempts == 1 ? "" : "s"),
                target.name,
                invocation.empty() ? std::string() : "The last answer is the call " + invocation);
  }

  JudgeParams params_;
  JudgePanel panel_;
  std::shared_ptr<JudgeDesk> desk_;
};

}  // namespace

ScorerFactories judge_scorers(JudgePanels panels, std::shared_ptr<JudgeDesk> desk) {
  ScorerFactories factories;
  const auto shared = std::make_shared<const JudgePanels>(std::move(panels));
  const auto add = [&](std::string name) {
    factories[name] = [shared, desk, name](const json::object& object,
                                           const std::string& path) -> Result<std::shared_ptr<const Scorer>> {
      SLIPWAY_ASSIGN(JudgeParams params, JudgeParams::read(name, object, path));
      std::string_view place = path;
      if (place.ends_with(kParams)) place.remove_suffix(kParams.size());
      JudgePanel panel;
      if (const auto found = shared->find(place); found != shared->end())
        panel = found->second;
      else if (params.scale)
        panel.scale = *params.scale;
      else if (params.builtin != nullptr)
        panel.scale = params.builtin->scale;
      return std::make_shared<const JudgeScorer>(std::move(params), std::move(panel), desk);
    };
  };
  add("judge");
  for (const BuiltinJudge& one : builtin_judges()) add(std::string(one.name));
  return factories;
}

ScorerFactories known_scorers(const json::object& definition) {
  JudgePanels panels;
  const json::value* judges = definition.if_contains("judges");
  if (judges != nullptr && judges->is_object())
    for (const json::key_value_pair& member : judges->get_object()) {
      const json::value* scale =
          member.value().is_object() ? member.value().get_object().if_contains("scale") : nullptr;
      if (scale == nullptr) continue;
      if (auto read = JudgeScale::read(*scale, "scale", {}))
        panels.emplace(member.key(), JudgePanel{std::move(*read), {}});
    }
  ScorerFactories factories = judge_scorers(std::move(panels), nullptr);
  for (const auto& [name, factory] : programmatic_scorers()) factories.emplace(name, factory);
  return factories;
}

}  // namespace slipway::evaluation
