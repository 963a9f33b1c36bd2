// SPDX-License-Identifier: Apache-2.0
#include "governance/deployment_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace slipway::governance {

namespace {

constexpr std::array<std::string_view, 3> kModes = {"all", "blue_green", "canary"};
constexpr std::array<std::string_view, 4> kStates = {"running", "paused", "rolled_back", "finished"};
// What makes a release the active one by going forward.
constexpr std::string_view kForward = "'promote', 'switch', 'finish'";

template <class Enum, std::size_t kSize>
std::optional<Enum> find_name(const std::array<std::string_view, kSize>& names, std::string_view text) {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

Result<json::object> stored_object(const std::string& text, const std::string& rollout) {
  auto parsed = parse_json(text, {64, 8u << 20});
  if (!parsed || !parsed->is_object())
    return fail(ErrorCode::kDataLoss, "a stored rollout can't be read", rollout,
                "Restore a backup and run slipway audit verify.");
  return std::move(parsed->as_object());
}

struct RolloutRow {
  Rollout rollout;
  std::string mode, state, plan, comparison, seen;
  long long from = 0, to = 0, step = 0, elapsed = 0, age = 0, started = 0, looked = 0, ended = 0;

  Result<Rollout> take() {
    const auto known_mode = parse_deploy_mode(mode);
    const auto known_state = find_name<RolloutState>(kStates, state);
    if (!known_mode || !known_state)
      return fail(ErrorCode::kDataLoss, fmt::format("a rollout is {} and {}", mode, state), rollout.id);
    rollout.mode = *known_mode;
    rollout.state = *known_state;
    rollout.from = from;
    rollout.to = to;
    rollout.step = static_cast<std::size_t>(std::max(step, 0LL));
    rollout.step_elapsed_us = elapsed;
    rollout.split_age_us = age;
    rollout.started_us = started;
    rollout.looked_us = looked;
    rollout.ended_us = ended;
    SLIPWAY_ASSIGN(const json::object plan_object, stored_object(plan, rollout.id));
    SLIPWAY_ASSIGN(rollout.plan, read_canary_plan(plan_object, "plan"));
    rollout.step = std::min(rollout.step, rollout.plan.steps.size() - 1);
    SLIPWAY_ASSIGN(const json::object comparison_object, stored_object(comparison, rollout.id));
    rollout.comparison = comparison_from_json(comparison_object);
    SLIPWAY_ASSIGN(const json::object seen_object, stored_object(seen, rollout.id));
    const auto figures = [&seen_object](std::string_view arm) {
      const json::value* found = seen_object.if_contains(arm);
      return found != nullptr && found->is_object() ? figures_from_json(found->as_object())
                                                    : ReleaseFigures{};
    };
    rollout.seen_active = figures("active");
    rollout.seen_candidate = figures("candidate");
    return rollout;
  }
};

Result<std::vector<Rollout>> fetch_rollouts(soci::session& sql, const std::string& where,
                                            const std::string& value) {
  std::vector<RolloutRow> rows;
  RolloutRow row;
  soci::statement statement(sql);
  statement.exchange(soci::into(row.rollout.id));
  statement.exchange(soci::into(row.rollout.use_case));
  statement.exchange(soci::into(row.rollout.environment));
  statement.exchange(soci::into(row.mode));
  statement.exchange(soci::into(row.state));
  statement.exchange(soci::into(row.from));
  statement.exchange(soci::into(row.to));
  statement.exchange(soci::into(row.plan));
  statement.exchange(soci::into(row.step));
  statement.exchange(soci::into(row.elapsed));
  statement.exchange(soci::into(row.age));
  statement.exchange(soci::into(row.started));
  statement.exchange(soci::into(row.rollout.started_by));
  statement.exchange(soci::into(row.comparison));
  statement.exchange(soci::into(row.seen));
  statement.exchange(soci::into(row.rollout.verdict));
  statement.exchange(soci::into(row.looked));
  statement.exchange(soci::into(row.ended));
  if (!value.empty()) statement.exchange(soci::use(value));
  statement.alloc();
  statement.prepare(
      "SELECT id, use_case, environment, mode, state, from_release, to_release, plan, step, step_elapsed_us, "
      "split_age_us, "
      "started_us, started_by, comparison, seen, verdict, looked_us, ended_us FROM rollouts " +
      where);
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch()) rows.push_back(row);
  std::vector<Rollout> rollouts;
  for (RolloutRow& one : rows) {
    SLIPWAY_ASSIGN(Rollout rollout, one.take());
    rollouts.push_back(std::move(rollout));
  }
  return rollouts;
}

std::string seen_text(const Rollout& rollout) {
  return json::serialize(
      json::object{{"active", to_json(rollout.seen_active)}, {"candidate", to_json(rollout.seen_candidate)}});
}

}  // namespace

std::string_view to_string(DeployMode mode) { return kModes[static_cast<std::size_t>(mode)]; }
std::optional<DeployMode> parse_deploy_mode(std::string_view text) {
  return find_name<DeployMode>(kModes, text);
}
std::string_view to_string(RolloutState state) { return kStates[static_cast<std::size_t>(state)]; }

double Rollout::percent() const {
  if (mode == DeployMode::kBlueGreen) return 0;
  if (state == RolloutState::kFinished) return 100;
  return state == RolloutState::kRolledBack || plan.steps.empty() ? 0 : plan.steps[step].percent;
}

Deployment read_deployment(soci::session& sql, const std::string& use_case, const std::string& environment) {
  Deployment deployment;
  deployment.use_case = use_case;
  deployment.environment = environment;
  long long active = 0;
  long long standby = 0;
  long long candidate = 0;
  long long previous = 0;
  long long since = 0;
  long long points = 0;
  long long version = 0;
  std::string rollout;
  sql << "SELECT active, standby, candidate, previous, active_since_us, active_by, candidate_basis_points, "
         "salt, rollout, "
         "version FROM deployments WHERE use_case = :use_case AND environment = :environment",
      soci::use(use_case), soci::use(environment), soci::into(active), soci::into(standby),
      soci::into(candidate), soci::into(previous), soci::into(since), soci::into(deployment.active_by),
      soci::into(points), soci::into(deployment.salt), soci::into(rollout), soci::into(version);
  deployment.active = active;
  deployment.standby = standby;
  deployment.candidate = candidate;
  deployment.previous = previous;
  deployment.active_since_us = since;
  deployment.candidate_basis_points = static_cast<std::uint32_t>(points);
  deployment.version = version;
  if (!rollout.empty()) {
    deployment.rollout.emplace();
    deployment.rollout->id = rollout;
  }
  return deployment;
}

Result<> write_deployment(soci::session& sql, Deployment& deployment) {
  const long long active = deployment.active;
  const long long standby = deployment.standby;
  const long long candidate = deployment.candidate;
  const long long previous = deployment.previous;
  const long long since = deployment.active_since_us;
  const long long points = deployment.candidate_basis_points;
  const long long seen = deployment.version;
  const long long version = seen + 1;
  const std::string rollout = deployment.rollout ? deployment.rollout->id : std::string();
  if (seen == 0)
    sql << "INSERT INTO deployments (use_case, environment, active, active_since_us, active_by, standby, "
           "candidate, "
           "candidate_basis_points, previous, salt, rollout, version, changed) VALUES (:use_case, "
           ":environment, 0, 0, '', 0, 0, 0, 0, '', '', 0, 0) ON CONFLICT (use_case, environment) DO NOTHING",
        soci::use(deployment.use_case), soci::use(deployment.environment);
  soci::statement update =
      (sql.prepare
           << "UPDATE deployments SET active = :active, active_since_us = :since, active_by = :by, standby = "
              ":standby, candidate = :candidate, candidate_basis_points = :points, previous = :previous, "
              "salt = "
              ":salt, rollout = :rollout, version = :version, changed = (SELECT COALESCE(MAX(changed), 0) + "
              "1 "
              "FROM deployments) WHERE use_case = :use_case AND environment = "
              ":environment AND version = :seen",
       soci::use(active), soci::use(since), soci::use(deployment.active_by), soci::use(standby),
       soci::use(candidate), soci::use(points), soci::use(previous), soci::use(deployment.salt),
       soci::use(rollout), soci::use(version), soci::use(deployment.use_case),
       soci::use(deployment.environment), soci::use(seen));
  update.execute(true);
  if (update.get_affected_rows() != 1)
    return fail(ErrorCode::kConflict,
                fmt::format("what runs of {} in {} has just been changed by somebody else",
                            deployment.use_case, deployment.environment),
                "environment", "Look at it again: slipway deployments " + deployment.use_case + ".");
  deployment.version = version;
  return {};
}

Result<std::optional<Rollout>> read_rollout(soci::session& sql, const std::string& id) {
  SLIPWAY_ASSIGN(std::vector<Rollout> found, fetch_rollouts(sql, "WHERE id = :id", id));
  if (found.empty()) return std::optional<Rollout>();
  return std::optional<Rollout>(std::move(found.front()));
}

Result<std::vector<Rollout>> read_open_rollouts(soci::session& sql) {
  return fetch_rollouts(sql, "WHERE state IN ('running', 'paused') ORDER BY use_case, environment", {});
}

void insert_rollout(soci::session& sql, const Rollout& rollout) {
  const std::string mode(to_string(rollout.mode));
  const long long from = rollout.from;
  const long long to = rollout.to;
  const long long started = rollout.started_us;
  const std::string plan = json::serialize(to_json(rollout.plan));
  const long long looked = rollout.looked_us;
  sql << "INSERT INTO rollouts (id, use_case, environment, mode, state, from_release, to_release, plan, "
         "step, "
         "step_elapsed_us, split_age_us, started_us, started_by, comparison, seen, verdict, looked_us, "
         "ended_us) VALUES (:id, "
         ":use_case, :environment, :mode, 'running', :from_release, :to_release, :plan, 0, 0, 0, :started, "
         ":by, '{}', "
         "'{}', '', :looked, 0)",
      soci::use(rollout.id), soci::use(rollout.use_case), soci::use(rollout.environment), soci::use(mode),
      soci::use(from), soci::use(to), soci::use(plan), soci::use(started), soci::use(rollout.started_by),
      soci::use(looked);
  update_rollout(sql, rollout);
}

void update_rollout(soci::session& sql, const Rollout& rollout) {
  const std::string state(to_string(rollout.state));
  const auto step = static_cast<long long>(rollout.step);
  const long long elapsed = rollout.step_elapsed_us;
  const long long age = rollout.split_age_us;
  const std::string comparison = json::serialize(to_json(rollout.comparison));
  const std::string seen = seen_text(rollout);
  const long long looked = rollout.looked_us;
  const long long ended = rollout.ended_us;
  sql << "UPDATE rollouts SET state = :state, step = :step, step_elapsed_us = :elapsed, split_age_us = :age, "
         "comparison "
         "= :comparison, seen = :seen, verdict = :verdict, looked_us = :looked, ended_us = :ended WHERE id = "
         ":id",
      soci::use(state), soci::use(step), soci::use(elapsed), soci::use(age), soci::use(comparison),
      soci::use(seen), soci::use(rollout.verdict), soci::use(looked), soci::use(ended), soci::use(rollout.id);
}

void append_event(soci::session& sql, const std::string& use_case, const std::string& environment,
                  DeploymentEvent event) {
  long long last = 0;
  sql << "SELECT COALESCE(MAX(seq), 0) FROM deployment_events WHERE use_case = :use_case AND environment = "
         ":environment",
      soci::use(use_case), soci::use(environment), soci::into(last);
  const long long seq = last + 1;
  const long long at = event.at_us;
  const long long release = event.release;
  const long long from = event.from_release;
  const long long emergency = event.emergency ? 1 : 0;
  sql << "INSERT INTO deployment_events (use_case, environment, seq, at_us, actor, action, release_number, "
         "from_release, "
         "detail, emergency) VALUES (:use_case, :environment, :seq, :at, :by, :action, :release, "
         ":from_release, :detail, "
         ":emergency)",
      soci::use(use_case), soci::use(environment), soci::use(seq), soci::use(at), soci::use(event.by),
      soci::use(event.action), soci::use(release), soci::use(from), soci::use(event.detail),
      soci::use(emergency);
}

std::vector<DeploymentEvent> read_events(soci::session& sql, const std::string& use_case,
                                         const std::string& environment, long long below, long long limit) {
  std::vector<DeploymentEvent> events;
  DeploymentEvent row;
  long long seq = 0;
  long long at = 0;
  long long release = 0;
  long long from = 0;
  long long emergency = 0;
  soci::statement statement =
      (sql.prepare
           << "SELECT seq, at_us, actor, action, release_number, from_release, detail, emergency FROM "
              "deployment_events WHERE use_case = :use_case AND environment = :environment AND seq < :below "
              "ORDER BY seq DESC LIMIT :limit",
       soci::use(use_case), soci::use(environment), soci::use(below), soci::use(limit), soci::into(seq),
       soci::into(at), soci::into(row.by), soci::into(row.action), soci::into(release), soci::into(from),
       soci::into(row.detail), soci::into(emergency));
  statement.execute();
  while (statement.fetch()) {
    row.seq = seq;
    row.at_us = at;
    row.release = release;
    row.from_release = from;
    row.emergency = emergency != 0;
    events.push_back(row);
  }
  return events;
}

std::int64_t predecessor(soci::session& sql, const std::string& use_case, const std::string& environment,
                         std::int64_t release) {
  const long long number = release;
  long long from = 0;
  sql << fmt::format(
      "SELECT from_release FROM deployment_events WHERE use_case = :use_case AND environment = :environment "
      "AND "
      "release_number = :release AND action IN ({}) ORDER BY seq DESC LIMIT 1",
      kForward),
      soci::use(use_case), soci::use(environment), soci::use(number), soci::into(from);
  return from;
}

bool has_run(soci::session& sql, const std::string& use_case, const std::string& environment,
             std::int64_t release) {
  const long long number = release;
  long long count = 0;
  sql << fmt::format(
      "SELECT COUNT(*) FROM deployment_events WHERE use_case = :use_case AND environment = :environment AND "
      "release_number = :release AND action IN ({})",
      kForward),
      soci::use(use_case), soci::use(environment), soci::use(number), soci::into(count);
  return count > 0;
}

}  // namespace slipway::governance
