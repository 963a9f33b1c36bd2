// SPDX-License-Identifier: Apache-2.0
#include "governance/deployments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/ids.h"
#include "base/text.h"
#include "governance/deployment_rows.h"
#include "governance/use_cases.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kReasonBytes = 2'000;
constexpr std::size_t kSaltBytes = 9;

std::unexpected<Error> conflict(std::string message, std::string hint = {}) {
  return fail(ErrorCode::kConflict, std::move(message), "environment", std::move(hint));
}

std::uint32_t basis_points(double percent) {
  return static_cast<std::uint32_t>(std::clamp(std::llround(percent * 100), 1LL, 10'000LL));
}

// One change being made: the deployment before and after, what to call it and what to say.
class Change {
 public:
  Change(soci::session& sql, Deployment& deployment, const Actor& actor)
      : sql_(sql), deployment_(deployment), actor_(actor), now_us_(unix_now_us()) {}

  void activate(std::int64_t release) {
    deployment_.active = release;
    deployment_.active_since_us = now_us_;
    deployment_.active_by = actor_.name;
  }
  void end_rollout(RolloutState state) {
    deployment_.rollout->state = state;
    deployment_.rollout->ended_us = now_us_;
    deployment_.candidate = 0;
    deployment_.candidate_basis_points = 0;
    deployment_.standby = 0;
  }
  // Writes everything: the pointer, the rollout, the event and the audit entry.
  Result<> commit(std::string action, std::int64_t release, std::int64_t from, std::string detail,
                  json::object audit_detail = {}, bool emergency = false) {
    // A clock that was set back must not make the history look as if it had been reordered.
    const auto last = read_events(sql_, deployment_.use_case, deployment_.environment, INT64_MAX, 1);
    const std::int64_t at_us = last.empty() ? now_us_ : std::max(now_us_, last.front().at_us);
    SLIPWAY_TRY(write_deployment(sql_, deployment_));
    if (deployment_.rollout) update_rollout(sql_, *deployment_.rollout);
    audit_detail["from"] = from;
    audit_detail["to"] = release;
    if (!detail.empty()) audit_detail["reason"] = detail;
    append_event(sql_, deployment_.use_case, deployment_.environment,
                 {0, at_us, actor_.name, action, release, from, std::move(detail), emergency});
    return append_audit(sql_, actor_,
                        {fmt::format("deployment.{}{}", emergency ? "emergency_" : "", action), "deployment",
                         fmt::format("{}@{}", deployment_.use_case, release), deployment_.use_case,
                         deployment_.environment, std::move(audit_detail)});
  }

 private:
  soci::session& sql_;
  Deployment& deployment_;
  const Actor& actor_;
  std::int64_t now_us_;
};

Rollout new_rollout(const Deployment& deployment, const DeployOrder& order, const Actor& actor) {
  UuidGenerator ids;
  Rollout rollout;
  rollout.id = "rol_" + ids.next().to_string();
  rollout.use_case = deployment.use_case;
  rollout.environment = deployment.environment;
  rollout.mode = order.mode;
  rollout.from = deployment.active;
  rollout.to = order.release;
  rollout.plan = order.plan;
  rollout.started_us = unix_now_us();
  rollout.looked_us = rollout.started_us;
  rollout.started_by = actor.name;
  return rollout;
}

std::string_view action_for(bool automatic, std::string_view by_hand, std::string_view by_itself) {
  return automatic ? by_itself : by_hand;
}

bool open_rollout(const Deployment& deployment) { return deployment.rollout && deployment.rollout->open(); }

Result<> call_off(soci::session& sql, Deployment& deployment, std::string action, std::string_view reason,
                  const Actor& actor) {
  const Rollout& rollout = *deployment.rollout;
  const std::int64_t from = rollout.from;
  const std::int64_t to = rollout.to;
  Change change(sql, deployment, actor);
  if (deployment.active == to && from != to) {  // blue-green that has switched
    change.activate(from);
    deployment.previous = predecessor(sql, deployment.use_case, deployment.environment, from);
  }
  change.end_rollout(RolloutState::kRolledBack);
  return change.commit(std::move(action), from, to, std::string(reason));
}

Result<> switch_over(soci::session& sql, Deployment& deployment, std::string_view reason,
                     const Actor& actor) {
  const Rollout& rollout = *deployment.rollout;
  if (rollout.mode != DeployMode::kBlueGreen)
    return conflict("a canary takes steps, it does not switch", "Use step, finish or abort.");
  Change change(sql, deployment, actor);
  const bool back = deployment.active == rollout.to;
  const std::int64_t target = back ? rollout.from : rollout.to;
  const std::int64_t old = deployment.active;
  change.activate(target);
  deployment.standby = old;
  deployment.previous = back ? predecessor(sql, deployment.use_case, deployment.environment, target) : old;
  return change.commit(back ? "switch_back" : "switch", target, old, std::string(reason));
}

Result<> finish(soci::session& sql, Deployment& deployment, std::string_view reason, const Actor& actor) {
  const Rollout rollout = *deployment.rollout;
  if (rollout.mode == DeployMode::kBlueGreen && deployment.active != rollout.to)
    return conflict(fmt::format("release {} waits warm and has not been switched to", rollout.to),
                    "Switch first, or abort.");
  Change change(sql, deployment, actor);
  if (rollout.mode == DeployMode::kCanary) {
    deployment.previous = deployment.active;
    change.activate(rollout.to);
  }
  change.end_rollout(RolloutState::kFinished);
  return change.commit("finish", rollout.to, rollout.from, std::string(reason));
}

Result<> step_up(soci::session& sql, Deployment& deployment, std::string_view reason, const Actor& actor) {
  Rollout& rollout = *deployment.rollout;
  if (rollout.mode != DeployMode::kCanary)
    return conflict("a blue-green rollout has no steps", "Use switch, finish or abort.");
  if (rollout.step + 1 >= rollout.plan.steps.size()) return finish(sql, deployment, reason, actor);
  ++rollout.step;
  rollout.step_elapsed_us = 0;
  rollout.split_age_us = 0;
  begin_stage(rollout.comparison);
  const double percent = rollout.plan.steps[rollout.step].percent;
  deployment.candidate_basis_points = basis_points(percent);
  std::string detail = fmt::format("{} % of the calls", percent);
  if (!reason.empty()) detail += fmt::format(": {}", reason);
  Change change(sql, deployment, actor);
  return change.commit("step", rollout.to, rollout.from, std::move(detail), {{"percent", percent}});
}

Result<> pause_or_resume(soci::session& sql, Deployment& deployment, bool pause, std::string_view reason,
                         const Actor& actor) {
  Rollout& rollout = *deployment.rollout;
  const RolloutState wanted = pause ? RolloutState::kPaused : RolloutState::kRunning;
  if (rollout.state == wanted)
    return conflict(pause ? "the rollout is paused already" : "the rollout is not paused");
  rollout.state = wanted;
  Change change(sql, deployment, actor);
  return change.commit(pause ? "pause" : "resume", rollout.to, rollout.from, std::string(reason));
}

Result<> put_all(soci::session& sql, Deployment& deployment, const DeployOrder& order, const Actor& actor,
                 json::object audit_detail) {
  Change change(sql, deployment, actor);
  const std::int64_t old = deployment.active;
  deployment.previous = old;
  change.activate(order.release);
  const bool emergency = !order.emergency.empty();
  // The event keeps the word by which rollbacks find their way; the audit entry has a louder one.
  if (emergency) audit_detail["emergency"] = true;
  return change.commit("promote", order.release, old, order.emergency, std::move(audit_detail), emergency);
}

Result<> start_rollout(soci::session& sql, Deployment& deployment, const DeployOrder& order,
                       const Actor& actor, json::object audit_detail) {
  if (deployment.active == 0)
    return conflict(
        fmt::format("nothing runs in {} that a new release could be compared with", deployment.environment),
        "Promote with the mode all.");
  deployment.rollout = new_rollout(deployment, order, actor);
  insert_rollout(sql, *deployment.rollout);
  std::string detail;
  if (order.mode == DeployMode::kCanary) {
    deployment.candidate = order.release;
    deployment.candidate_basis_points = basis_points(order.plan.steps.front().percent);
    deployment.salt = random_token(kSaltBytes);
    detail = fmt::format("{} % of the calls", order.plan.steps.front().percent);
    audit_detail["plan"] = to_json(order.plan);
  } else {
    deployment.standby = order.release;
  }
  const bool emergency = !order.emergency.empty();
  if (emergency) {
    audit_detail["emergency"] = true;
    detail += (detail.empty() ? "" : ": ") + order.emergency;
  }
  Change change(sql, deployment, actor);
  return change.commit(order.mode == DeployMode::kCanary ? "start_canary" : "start_blue_green", order.release,
                       deployment.active, std::move(detail), std::move(audit_detail), emergency);
}

}  // namespace

Result<> DeploymentStore::check_environment(std::string_view environment) const {
  if (std::ranges::find(environments_, environment) != environments_.end()) return {};
  return fail(ErrorCode::kNotFound, fmt::format("there is no environment '{}'", ellipsize(environment, 80)),
              "environment", fmt::format("There are {}.", fmt::join(environments_, ", ")));
}

Result<Deployment> DeploymentStore::get(soci::session& sql, std::string_view use_case,
                                        std::string_view environment) const {
  SLIPWAY_TRY(check_environment(environment));
  Deployment deployment = read_deployment(sql, std::string(use_case), std::string(environment));
  if (deployment.rollout) {
    SLIPWAY_ASSIGN(deployment.rollout, read_rollout(sql, deployment.rollout->id));
  }
  return deployment;
}

Result<Deployment> DeploymentStore::get(std::string_view use_case, std::string_view environment) {
  return database_.read([&](soci::session& sql) -> Result<Deployment> {
    SLIPWAY_TRY(UseCaseStore::state(sql, use_case));
    return get(sql, use_case, environment);
  });
}

Result<std::vector<Deployment>> DeploymentStore::list(std::string_view use_case) {
  return database_.read([&](soci::session& sql) -> Result<std::vector<Deployment>> {
    SLIPWAY_TRY(UseCaseStore::state(sql, use_case));
    std::vector<Deployment> all;
    for (const std::string& environment : environments_) {
      SLIPWAY_ASSIGN(Deployment deployment, get(sql, use_case, environment));
      all.push_back(std::move(deployment));
    }
    return all;
  });
}

Result<std::vector<LiveDeployment>> DeploymentStore::running(std::string_view first, std::string_view last) {
  return database_.read([&](soci::session& sql) -> Result<std::vector<LiveDeployment>> {
    const std::string from(first);
    const std::string to(last);
    std::vector<LiveDeployment> found;
    LiveDeployment row;
    long long active = 0;
    soci::statement statement =
        (sql.prepare << "SELECT use_case, environment, active FROM deployments WHERE use_case >= :first AND "
                        "use_case <= :last AND active > 0",
         soci::use(from), soci::use(to), soci::into(row.use_case), soci::into(row.environment),
         soci::into(active));
    statement.execute();
    while (statement.fetch()) {
      row.active = active;
      found.push_back(row);
    }
    return found;
  });
}

Result<DeploymentEventPage> DeploymentStore::history(std::string_view use_case, std::string_view environment,
                                                     std::string_view cursor, std::uint32_t limit) {
  SLIPWAY_TRY(check_environment(environment));
  long long below = INT64_MAX;
  if (!cursor.empty()) {
    const auto parsed = parse_integer<std::int64_t>(cursor);
    if (!parsed)
      return fail(ErrorCode::kInvalidArgument, "this is no cursor of a page of the history", "cursor");
    below = *parsed;
  }
  return database_.read([&](soci::session& sql) -> Result<DeploymentEventPage> {
    SLIPWAY_TRY(UseCaseStore::state(sql, use_case));
    DeploymentEventPage page;
    page.items = read_events(sql, std::string(use_case), std::string(environment), below,
                             static_cast<long long>(limit) + 1);
    if (page.items.size() > limit) {
      page.items.resize(limit);
      page.next_cursor = std::to_string(page.items.back().seq);
    }
    return page;
  });
}

Result<LiveChanges> DeploymentStore::load_live(std::int64_t mark) {
  return database_.read([mark](soci::session& sql) -> Result<LiveChanges> {
    LiveChanges changes;
    long long newest = 0;
    sql << "SELECT COALESCE(MAX(changed), 0) FROM deployments", soci::into(newest);
    changes.mark = newest;
    // A database that was put back to an earlier state counts from there again.
    changes.everything = mark == 0 || mark > newest;
    const long long after = changes.everything ? 0 : mark;
    LiveDeployment row;
    long long active = 0;
    long long candidate = 0;
    long long standby = 0;
    long long points = 0;
    soci::statement statement =
        (sql.prepare
             << "SELECT use_case, environment, active, candidate, standby, candidate_basis_points, salt FROM "
                "deployments WHERE changed > :after",
         soci::use(after), soci::into(row.use_case), soci::into(row.environment), soci::into(active),
         soci::into(candidate), soci::into(standby), soci::into(points), soci::into(row.salt));
    statement.execute();
    while (statement.fetch()) {
      row.active = active;
      row.candidate = candidate;
      row.standby = standby;
      row.candidate_basis_points = static_cast<std::uint32_t>(points);
      changes.deployments.push_back(row);
    }
    return changes;
  });
}

Result<std::vector<Rollout>> DeploymentStore::open_rollouts() {
  return database_.read([](soci::session& sql) { return read_open_rollouts(sql); });
}

Result<Deployment> DeploymentStore::deploy(soci::session& sql, std::string_view use_case,
                                           std::string_view environment, const DeployOrder& order,
                                           std::int64_t seen_version, const Actor& actor) {
  SLIPWAY_ASSIGN(Deployment deployment, get(sql, use_case, environment));
  if (deployment.version != seen_version)
    return conflict(
        fmt::format("what runs of {} in {} has just been changed by somebody else", use_case, environment),
        fmt::format("Look at it again: slipway deployments {}.", use_case));
  if (open_rollout(deployment))
    return conflict(
        fmt::format("a rollout of release {} is under way in {}", deployment.rollout->to, environment),
        "Finish or abort it first.");
  json::object detail{{"mode", std::string(to_string(order.mode))}};
  if (order.mode == DeployMode::kAll) {
    SLIPWAY_TRY(put_all(sql, deployment, order, actor, std::move(detail)));
  } else {
    SLIPWAY_TRY(start_rollout(sql, deployment, order, actor, std::move(detail)));
  }
  return get(sql, use_case, environment);
}

Result<Deployment> DeploymentStore::roll_back(std::string_view use_case, std::string_view environment,
                                              std::int64_t to, std::string_view reason, const Actor& actor) {
  if (trim(reason).empty() || reason.size() > kReasonBytes)
    return fail(ErrorCode::kInvalidArgument, fmt::format("a reason has 1 to {} bytes", kReasonBytes),
                "reason", "Say why: others will ask.");
  return database_.write([&](soci::session& sql) -> Result<Deployment> {
    SLIPWAY_TRY(UseCaseStore::state(sql, use_case));
    SLIPWAY_ASSIGN(Deployment deployment, get(sql, use_case, environment));
    if (deployment.active == 0)
      return conflict(fmt::format("nothing of {} runs in {}", use_case, environment));
    if (open_rollout(deployment)) {
      SLIPWAY_TRY(call_off(sql, deployment, "rollback", reason, actor));
      // Without a wish of its own, calling off is what was asked for.
      if (to == 0 || to == deployment.active) return get(sql, use_case, environment);
    }
    const std::int64_t target = to != 0 ? to : deployment.previous;
    if (target == 0)
      return conflict(fmt::format("nothing ran in {} before release {}", environment, deployment.active),
                      "Promote another release.");
    if (target == deployment.active)
      return conflict(fmt::format("release {} is what runs in {}", target, environment));
    if (!has_run(sql, deployment.use_case, deployment.environment, target))
      return conflict(fmt::format("release {} never ran in {}", target, environment),
                      "A rollback leads to what ran before; anything else is a promotion.");
    const std::int64_t old = deployment.active;
    Change change(sql, deployment, actor);
    change.activate(target);
    deployment.previous = predecessor(sql, deployment.use_case, deployment.environment, target);
    SLIPWAY_TRY(change.commit("rollback", target, old, std::string(trim(reason))));
    return get(sql, use_case, environment);
  });
}

Result<Deployment> DeploymentStore::act(std::string_view use_case, std::string_view environment,
                                        std::string_view action, std::string_view reason,
                                        const Actor& actor) {
  if (reason.size() > kReasonBytes)
    return fail(ErrorCode::kInvalidArgument, fmt::format("a reason has at most {} bytes", kReasonBytes),
                "reason");
  return database_.write([&](soci::session& sql) -> Result<Deployment> {
    SLIPWAY_TRY(UseCaseStore::state(sql, use_case));
    return act(sql, use_case, environment, action, reason, actor);
  });
}

Result<Deployment> DeploymentStore::act(soci::session& sql, std::string_view use_case,
                                        std::string_view environment, std::string_view action,
                                        std::string_view reason, const Actor& actor) {
  SLIPWAY_ASSIGN(Deployment deployment, get(sql, use_case, environment));
  if (!open_rollout(deployment))
    return conflict(fmt::format("no rollout of {} is under way in {}", use_case, environment),
                    "Start one: slipway promote --canary or --blue-green.");
  const bool automatic = actor.kind == system_actor().kind;
  if (action == "switch") {
    SLIPWAY_TRY(switch_over(sql, deployment, reason, actor));
  } else if (action == "step") {
    SLIPWAY_TRY(step_up(sql, deployment, reason, actor));
  } else if (action == "finish") {
    SLIPWAY_TRY(finish(sql, deployment, reason, actor));
  } else if (action == "abort") {
    SLIPWAY_TRY(call_off(sql, deployment, std::string(action_for(automatic, "abort", "auto_rollback")),
                         reason, actor));
  } else if (action == "pause" || action == "resume") {
    SLIPWAY_TRY(pause_or_resume(sql, deployment, action == "pause", reason, actor));
  } else {
    return fail(ErrorCode::kInvalidArgument, fmt::format("there is no action '{}'", ellipsize(action, 60)),
                "action", "There are switch, step, finish, abort, pause and resume.");
  }
  return get(sql, use_case, environment);
}

}  // namespace slipway::governance
