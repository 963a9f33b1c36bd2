// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/run_rows.h"

#include <utility>

namespace slipway::evaluation {

namespace {

constexpr std::string_view kColumns =
    "id, use_case, evaluation, evaluation_version, environment, target, state, outcome, reason, definition, "
    "planned, tally, created_us, started_us, ended_us, author_id, author, digest, cancel_requested, "
    "retry_before";

json::object object_of(const std::string& text) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return {};
  return std::move(parsed->get_object());
}

RunOutcome read_outcome(const std::string& text) {
  for (const RunOutcome one : {RunOutcome::kComplete, RunOutcome::kPartial, RunOutcome::kError})
    if (to_string(one) == text) return one;
  return RunOutcome::kNone;
}

// One row on its way from the database.
struct RunRow {
  Run run;
  std::string state, outcome, definition, tally;
  long long version = 0, planned = 0, created = 0, started = 0, ended = 0, cancel = 0, retry = 0;

  void into(soci::statement& statement) {
    const auto take = [&](auto&... fields) { (statement.exchange(soci::into(fields)), ...); };
    take(run.id, run.use_case, run.evaluation, version, run.environment, run.target, state, outcome,
         run.reason, definition, planned, tally, created, started, ended, run.author_id, run.author,
         run.digest, cancel, retry);
  }
  [[nodiscard]] Run finish() const {
    Run out = run;
    out.state = parse_run_state(state).value_or(RunState::kFailed);
    out.outcome = read_outcome(outcome);
    out.definition = object_of(definition);
    out.tally = read_tally(object_of(tally));
    out.evaluation_version = version;
    out.planned = planned;
    out.created_us = created;
    out.started_us = started;
    out.ended_us = ended;
    out.cancel_requested = cancel != 0;
    out.retry_before = retry;
    return out;
  }
};

}  // namespace

void insert_run(soci::session& sql, const Run& run) {
  const std::string state(to_string(run.state));
  const std::string definition = json::serialize(run.definition);
  const std::string tally = json::serialize(tally_json(run.tally));
  const long long version = run.evaluation_version;
  const long long planned = run.planned;
  const long long created = run.created_us;
  sql << "INSERT INTO evaluation_runs (id, use_case, evaluation, evaluation_version, environment, target, "
         "state, "
         "outcome, reason, definition, planned, tally, created_us, started_us, ended_us, author_id, author, "
         "digest, cancel_requested, retry_before, lease_owner, lease_until_us) VALUES (:id, :use_case, "
         ":evaluation, :version, :environment, :target, :state, '', '', :definition, :planned, :tally, "
         ":created, "
         "0, 0, :author_id, :author, '', 0, 0, '', 0)",
      soci::use(run.id), soci::use(run.use_case), soci::use(run.evaluation), soci::use(version),
      soci::use(run.environment), soci::use(run.target), soci::use(state), soci::use(definition),
      soci::use(planned), soci::use(tally), soci::use(created), soci::use(run.author_id),
      soci::use(run.author);
}

std::optional<Run> load_run(soci::session& sql, const std::string& id) {
  RunRow row;
  soci::statement statement(sql);
  row.into(statement);
  statement.exchange(soci::use(id));
  statement.alloc();
  statement.prepare("SELECT " + std::string(kColumns) + " FROM evaluation_runs WHERE id = :id");
  statement.define_and_bind();
  if (!statement.execute(true)) return std::nullopt;
  return row.finish();
}

std::vector<Run> list_runs(soci::session& sql, const RunFilter& filter, std::uint32_t limit) {
  std::string text = "SELECT " + std::string(kColumns) + " FROM evaluation_runs WHERE 1 = 1";
  std::vector<std::string> values;
  const auto where = [&](const char* column, const char* relation, std::string value) {
    text += std::string(" AND ") + column + " " + relation + " :v" + std::to_string(values.size());
    values.push_back(std::move(value));
  };
  if (!filter.use_case.empty()) where("use_case", "=", filter.use_case);
  if (!filter.evaluation.empty()) where("evaluation", "=", filter.evaluation);
  if (!filter.environment.empty()) where("environment", "=", filter.environment);
  if (filter.state) where("state", "=", std::string(to_string(*filter.state)));
  if (!filter.cursor.empty()) where("id", "<", filter.cursor);
  if (filter.visible_use_cases) {
    text += " AND use_case IN (''";
    for (const std::string& one : *filter.visible_use_cases) {
      text += ", :v" + std::to_string(values.size());
      values.push_back(one);
    }
    text += ")";
  }
  text += " ORDER BY id DESC LIMIT " + std::to_string(limit);
  RunRow row;
  soci::statement statement(sql);
  row.into(statement);
  for (const std::string& value : values) statement.exchange(soci::use(value));
  statement.alloc();
  statement.prepare(text);
  statement.define_and_bind();
  statement.execute();
  std::vector<Run> runs;
  while (statement.fetch()) runs.push_back(row.finish());
  return runs;
}

void save_state(soci::session& sql, const Run& run) {
  const std::string state(to_string(run.state));
  const std::string outcome(to_string(run.outcome));
  const std::string tally = json::serialize(tally_json(run.tally));
  const long long started = run.started_us;
  const long long ended = run.ended_us;
  const long long cancel = run.cancel_requested ? 1 : 0;
  const long long retry = run.retry_before;
  sql << "UPDATE evaluation_runs SET state = :state, outcome = :outcome, reason = :reason, tally = :tally, "
         "started_us = :started, ended_us = :ended, digest = :digest, cancel_requested = :cancel, "
         "retry_before = :retry WHERE id = :id",
      soci::use(state), soci::use(outcome), soci::use(run.reason), soci::use(tally), soci::use(started),
      soci::use(ended), soci::use(run.digest), soci::use(cancel), soci::use(retry), soci::use(run.id);
}

void insert_results(soci::session& sql, const std::string& run, std::int64_t seq, const ResultBatch& batch,
                    const std::string& body) {
  const long long at = seq;
  const auto first = static_cast<long long>(batch.first_item);
  const auto last = static_cast<long long>(batch.last_item);
  const long long items = batch.items;
  const long long errors = batch.errors;
  const long long failed = batch.failed;
  sql << "INSERT INTO evaluation_results (run, seq, first_item, last_item, items, errors, failed, body) "
         "VALUES (:run, :seq, :first, :last, :items, :errors, :failed, :body)",
      soci::use(run), soci::use(at), soci::use(first), soci::use(last), soci::use(items), soci::use(errors),
      soci::use(failed), soci::use(body);
}

std::int64_t next_seq(soci::session& sql, const std::string& run) {
  long long seq = 0;
  sql << "SELECT COALESCE(MAX(seq), 0) + 1 FROM evaluation_results WHERE run = :run", soci::use(run),
      soci::into(seq);
  return seq;
}

bool renew_lease(soci::session& sql, const std::string& run, const std::string& owner,
                 std::int64_t until_us) {
  int held = 0;
  sql << "SELECT COUNT(*) FROM evaluation_runs WHERE id = :id AND lease_owner = :owner AND state = 'running'",
      soci::use(run), soci::use(owner), soci::into(held);
  if (held == 0) return false;
  const long long until = until_us;
  sql << "UPDATE evaluation_runs SET lease_until_us = :until WHERE id = :id", soci::use(until),
      soci::use(run);
  return true;
}

}  // namespace slipway::evaluation
