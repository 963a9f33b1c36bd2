// SPDX-License-Identifier: Apache-2.0
#include "governance/rollout_controller.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "governance/deployment_rows.h"

namespace slipway::governance {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
// Two looks are at least this far apart, whoever takes them.
constexpr std::int64_t kLookUs = 900'000;
// A look at a rollout without calls.
constexpr std::int64_t kIdleLookUs = 4 * kSecondUs;
// What a look adds to the time of a step at most: time in which no server ran, or by which the clock was set
// forward, is no time in which the candidate has answered calls.
constexpr std::int64_t kCountedUs = 5 * kSecondUs;
constexpr std::int64_t kSettleLeastUs = kSecondUs;
constexpr std::int64_t kSettleMostUs = 30 * kSecondUs;
constexpr double kSettleDurations = 3;
constexpr double kMinuteUs = 60e6;

ReleaseFigures since(ReleaseFigures now, const ReleaseFigures& then) {
  now -= then;
  return now;
}

// A server that was restarted counts from nothing; its earlier figures stay in a row of their own.
bool went_back(const ReleaseFigures& now, const ReleaseFigures& then) {
  return now.calls < then.calls || now.errors < then.errors || now.scores < then.scores;
}

void write_figures(soci::session& sql, const std::string& rollout, const std::string& instance,
                   const std::string& arm, const ReleaseFigures& figures) {
  const std::string text = json::serialize(to_json(figures));
  sql << "INSERT INTO rollout_figures (rollout, instance, arm, figures) VALUES (:rollout, :instance, :arm, "
         ":figures) "
         "ON CONFLICT (rollout, instance, arm) DO UPDATE SET figures = excluded.figures",
      soci::use(rollout), soci::use(instance), soci::use(arm), soci::use(text);
}

void add_scores(ReleaseFigures& figures, const ReleaseFigures& scores) {
  figures.scores += scores.scores;
  figures.score_sum += scores.score_sum;
  figures.score_squares += scores.score_squares;
}

// What the plan and the figures say is to be done now; no action: nothing.
struct Decision {
  std::string_view action;
  std::string why;
};

Decision decide(const Rollout& rollout, const Judgement& judgement) {
  if (judgement.worse) return {"abort", judgement.verdict};
  if (rollout.state != RolloutState::kRunning || !rollout.plan.automatic) return {};
  const CanaryStep& step = rollout.plan.steps[rollout.step];
  if (static_cast<double>(rollout.step_elapsed_us) < step.minutes * kMinuteUs) return {};
  // A step without calls has shown nothing, however long it took.
  if (rollout.comparison.stages.back().candidate.calls < rollout.plan.guards.min_calls) return {};
  const bool last = rollout.step + 1 >= rollout.plan.steps.size();
  return {last ? "finish" : "step", judgement.verdict};
}

}  // namespace

std::int64_t settling_time_us(const ReleaseFigures& active) {
  if (active.calls == 0) return kSettleLeastUs;
  const double mean_us = active.duration_sum / static_cast<double>(active.calls) * 1e6;
  return std::clamp(static_cast<std::int64_t>(kSettleDurations * mean_us), kSettleLeastUs, kSettleMostUs);
}

Result<RolloutController::Counted> RolloutController::count(const Rollout& rollout) const {
  const std::string from = fmt::format("{}@{}", rollout.use_case, rollout.from);
  const std::string to = fmt::format("{}@{}", rollout.use_case, rollout.to);
  Counted counted;
  counted.active = ports_.tally(from, rollout.environment);
  counted.candidate = ports_.tally(to, rollout.environment);
  if (!ports_.scores) return counted;
  SLIPWAY_ASSIGN(counted.active_scores, ports_.scores(from, rollout.environment));
  SLIPWAY_ASSIGN(counted.candidate_scores, ports_.scores(to, rollout.environment));
  return counted;
}

void RolloutController::store_figures(soci::session& sql, const Rollout& rollout, const Counted& counted,
                                      const Counted& base) const {
  write_figures(sql, rollout.id, instance_, "active", since(counted.active, base.active));
  write_figures(sql, rollout.id, instance_, "candidate", since(counted.candidate, base.candidate));
}

Result<ReleaseFigures> RolloutController::total(soci::session& sql, const Rollout& rollout,
                                                std::string_view arm, const ReleaseFigures& scores) {
  ReleaseFigures figures;
  add_scores(figures, scores);
  const std::string which(arm);
  std::string text;
  soci::statement statement =
      (sql.prepare
           << "SELECT figures FROM rollout_figures WHERE rollout = :rollout AND arm = :arm ORDER BY instance",
       soci::use(rollout.id), soci::use(which), soci::into(text));
  statement.execute();
  while (statement.fetch()) {
    SLIPWAY_ASSIGN(const json::value stored, parse_json(text));
    if (stored.is_object()) figures += figures_from_json(stored.as_object());
  }
  return figures;
}

Result<Rollout> RolloutController::observe_rollout(soci::session& sql, Rollout rollout,
                                                   const Counted& counted, std::int64_t now_us,
                                                   Judgement& judgement) {
  // Scores are counted from the beginning of the release: those of before the rollout are left out.
  if (rollout.looked_us == rollout.started_us) {
    add_scores(rollout.seen_active, counted.active_scores);
    add_scores(rollout.seen_candidate, counted.candidate_scores);
  }
  const std::int64_t passed_us = std::clamp<std::int64_t>(now_us - rollout.looked_us, 0, kCountedUs);
  rollout.looked_us = now_us;
  rollout.split_age_us += passed_us;
  if (rollout.state == RolloutState::kRunning) rollout.step_elapsed_us += passed_us;
  SLIPWAY_ASSIGN(const ReleaseFigures active, total(sql, rollout, "active", counted.active_scores));
  SLIPWAY_ASSIGN(const ReleaseFigures candidate, total(sql, rollout, "candidate", counted.candidate_scores));
  const bool sound = !went_back(active, rollout.seen_active) && !went_back(candidate, rollout.seen_candidate);
  if (sound && rollout.split_age_us >= settling_time_us(active))
    observe(rollout.comparison, since(active, rollout.seen_active), since(candidate, rollout.seen_candidate));
  rollout.seen_active = active;
  rollout.seen_candidate = candidate;
  judgement = judge(rollout.comparison, rollout.plan.guards);
  rollout.verdict = judgement.verdict;
  update_rollout(sql, rollout);
  return rollout;
}

Result<std::optional<RolloutMove>> RolloutController::look_at(const Rollout& known, std::int64_t now_us) {
  SLIPWAY_ASSIGN(const Counted counted, count(known));
  const auto [memory, first] = memories_.try_emplace(known.id, Memory{counted, counted});
  // While nothing happens there is nothing to write down every second.
  const bool idle = !first && counted == memory->second.last;
  const std::int64_t since_look_us = now_us - known.looked_us;
  if (idle && since_look_us >= 0 && since_look_us < kIdleLookUs) return std::optional<RolloutMove>();
  const Counted& base = memory->second.base;
  memory->second.last = counted;
  // Quietly: what has been counted changes no snapshot.
  SLIPWAY_ASSIGN(auto found, database_.write_quietly([&](soci::session& sql) {
    store_figures(sql, known, counted, base);
    return look_within(sql, known, counted, now_us);
  }));
  if (!found.move) return std::optional<RolloutMove>();
  SLIPWAY_ASSIGN(const bool done,
                 database_.write([&](soci::session& sql) { return carry_out(sql, known.id, found); }));
  return done ? std::move(found.move) : std::optional<RolloutMove>();
}

Result<RolloutController::Found> RolloutController::look_within(soci::session& sql, const Rollout& known,
                                                                const Counted& counted,
                                                                std::int64_t now_us) const {
  // A look that seems to lie in the future was taken before the clock was set back.
  const std::int64_t since_look_us = now_us - known.looked_us;
  if (since_look_us >= 0 && since_look_us < kLookUs) return Found{};
  SLIPWAY_ASSIGN(std::optional<Rollout> now, read_rollout(sql, known.id));
  // Somebody else has taken this look, or it is over.
  if (!now || !now->open() || now->looked_us != known.looked_us) return Found{};
  Judgement judgement;
  SLIPWAY_ASSIGN(const Rollout rollout, observe_rollout(sql, std::move(*now), counted, now_us, judgement));
  const Decision decision = decide(rollout, judgement);
  if (decision.action.empty()) return Found{};
  return Found{RolloutMove{rollout.use_case, rollout.environment, std::string(decision.action), decision.why},
               rollout.step};
}

Result<bool> RolloutController::carry_out(soci::session& sql, const std::string& id, const Found& found) {
  const RolloutMove& move = *found.move;
  SLIPWAY_ASSIGN(const std::optional<Rollout> now, read_rollout(sql, id));
  if (!now || !now->open() || now->step != found.step) return false;  // a person was faster
  if (move.action != "abort" && now->state != RolloutState::kRunning) return false;
  SLIPWAY_TRY(deployments_.act(sql, move.use_case, move.environment, move.action, move.why, system_actor()));
  return true;
}

Result<std::vector<RolloutMove>> RolloutController::look(std::int64_t now_us) {
  SLIPWAY_ASSIGN(const std::vector<Rollout> rollouts, deployments_.open_rollouts());
  std::erase_if(memories_, [&](const auto& memory) {
    return std::ranges::find(rollouts, memory.first, &Rollout::id) == rollouts.end();
  });
  std::vector<RolloutMove> moves;
  std::optional<Error> failure;
  for (const Rollout& rollout : rollouts) {
    if (rollout.mode != DeployMode::kCanary) continue;
    auto move = look_at(rollout, now_us);
    if (!move && !failure) failure = move.error();
    if (move && *move) moves.push_back(std::move(**move));
  }
  if (failure && moves.empty()) return fail(*failure);
  return moves;
}

}  // namespace slipway::governance
