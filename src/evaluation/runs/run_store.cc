// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/run_store.h"

#include <fmt/format.h>

#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "base/text.h"
#include "catalog/case_rows.h"
#include "evaluation/runs/result_walk.h"
#include "evaluation/runs/run_rows.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kLargestChunk = 256u << 20;

Error no_such_run(std::string_view id) {
  return {ErrorCode::kNotFound, fmt::format("there is no run '{}'", ellipsize(id, 80)), "id",
          "'slipway eval list' shows the runs."};
}

Error lost(std::string_view id) {
  return {ErrorCode::kConflict, fmt::format("the run {} is executed elsewhere or has ended", id), {}, {}};
}

Result<Run> require_run(soci::session& sql, std::string_view id) {
  auto run = load_run(sql, std::string(id));
  if (!run) return fail(no_such_run(id));
  return std::move(*run);
}

}  // namespace

Result<Run> RunStore::create(Run run, const catalog::Author& author) {
  UuidGenerator ids;
  run.id = ids.next().to_string();
  run.state = RunState::kQueued;
  run.created_us = unix_now_us();
  run.author_id = author.id;
  run.author = author.name;
  return database_.write_quietly([&](soci::session& sql) -> Result<Run> {
    insert_run(sql, run);
    if (record_)
      SLIPWAY_TRY(record_(sql, author,
                          {"run.start", run.id, run.use_case, run.environment,
                           json::object{{"evaluation", run.evaluation},
                                        {"version", run.evaluation_version},
                                        {"target", run.target},
                                        {"results", run.planned}}}));
    return run;
  });
}

Result<Run> RunStore::get(std::string_view id) {
  return database_.read([&](soci::session& sql) { return require_run(sql, id); });
}

Result<RunPage> RunStore::list(const RunFilter& filter) {
  return database_.read([&](soci::session& sql) -> Result<RunPage> {
    RunPage page;
    page.items = list_runs(sql, filter, filter.limit + 1);
    if (page.items.size() > filter.limit) {
      page.items.resize(filter.limit);
      page.next_cursor = page.items.back().id;
    }
    return page;
  });
}

Result<Run> RunStore::cancel(std::string_view id, const catalog::Author& author) {
  return database_.write_quietly([&](soci::session& sql) -> Result<Run> {
    SLIPWAY_ASSIGN(Run run, require_run(sql, id));
    if (run.ended())
      return fail(ErrorCode::kConflict, fmt::format("the run has ended: it is {}", to_string(run.state)),
                  "id");
    run.cancel_requested = true;
    if (run.state == RunState::kQueued) {
      run.state = RunState::kCancelled;
      run.outcome = RunOutcome::kPartial;
      run.reason = fmt::format("it was cancelled; {} of {} results are missing", run.missing(), run.planned);
      run.ended_us = unix_now_us();
    }
    save_state(sql, run);
    if (record_) SLIPWAY_TRY(record_(sql, author, {"run.cancel", run.id, run.use_case, run.environment, {}}));
    return run;
  });
}

Result<Run> RunStore::resume(std::string_view id, const catalog::Author& author) {
  return database_.write_quietly([&](soci::session& sql) -> Result<Run> {
    SLIPWAY_ASSIGN(Run run, require_run(sql, id));
    if (!run.ended())
      return fail(ErrorCode::kConflict, fmt::format("the run is {}", to_string(run.state)), "id",
                  "It goes on by itself.");
    if (run.missing() == 0 && run.tally.errors == 0)
      return fail(ErrorCode::kConflict, "the run has all of its results", "id", "Start a new one.");
    run.state = RunState::kQueued;
    run.outcome = RunOutcome::kNone;
    run.reason.clear();
    run.digest.clear();
    run.ended_us = 0;
    run.cancel_requested = false;
    run.retry_before = next_seq(sql, run.id);
    // Errors are tried again: they count as missing from now on.
    run.tally.done -= run.tally.errors;
    run.tally.errors = 0;
    for (CellTally& cell : run.tally.cells) {
      cell.done -= cell.errors;
      cell.errors = 0;
    }
    save_state(sql, run);
    if (record_)
      SLIPWAY_TRY(record_(
          sql, author,
          {"run.resume", run.id, run.use_case, run.environment, json::object{{"results", run.missing()}}}));
    return run;
  });
}

Result<std::optional<Run>> RunStore::claim(const std::string& owner, std::int64_t now_us) {
  const long long now = now_us;
  const long long until = now_us + lease_us_;
  const auto find = [&](soci::session& sql) -> Result<std::string> {
    std::string id;
    sql << "SELECT id FROM evaluation_runs WHERE state IN ('queued', 'running') AND lease_until_us < :now "
           "ORDER BY id LIMIT 1",
        soci::use(now), soci::into(id);
    return sql.got_data() ? id : std::string();
  };
  // Asked often and in vain: looking takes no writer's turn.
  SLIPWAY_ASSIGN(const std::string seen, database_.read(find));
  if (seen.empty()) return std::nullopt;
  return database_.write_quietly([&](soci::session& sql) -> Result<std::optional<Run>> {
    SLIPWAY_ASSIGN(const std::string id, find(sql));
    if (id.empty()) return std::nullopt;
    SLIPWAY_ASSIGN(Run run, require_run(sql, id));
    run.state = RunState::kRunning;
    if (run.started_us == 0) run.started_us = now_us;
    save_state(sql, run);
    sql << "UPDATE evaluation_runs SET lease_owner = :owner, lease_until_us = :until WHERE id = :id",
        soci::use(owner), soci::use(until), soci::use(id);
    return run;
  });
}

Result<> RunStore::release_node(const std::string& node) {
  const std::string like = node + "/%";
  return database_.write_quietly([&](soci::session& sql) -> Result<> {
    sql << "UPDATE evaluation_runs SET lease_owner = '', lease_until_us = 0 WHERE state = 'running' AND "
           "lease_owner LIKE :node",
        soci::use(like);
    return {};
  });
}

Result<> RunStore::release(const std::string& id, const std::string& owner) {
  return database_.write_quietly([&](soci::session& sql) -> Result<> {
    sql << "UPDATE evaluation_runs SET lease_owner = '', lease_until_us = 0 WHERE id = :id AND lease_owner = "
           ":owner",
        soci::use(id), soci::use(owner);
    return {};
  });
}

Result<SinkAnswer> RunStore::store(const std::string& id, const std::string& owner, const ResultBatch& batch,
                                   const RunTally& tally, std::int64_t now_us) {
  std::string body;
  if (batch.items != 0) {
    SLIPWAY_ASSIGN(body, catalog::pack(batch.lines));
  }
  const std::string tally_text = json::serialize(tally_json(tally));
  return database_.write_quietly([&](soci::session& sql) -> Result<SinkAnswer> {
    if (!renew_lease(sql, id, owner, now_us + lease_us_)) return fail(lost(id));
    if (batch.items != 0) insert_results(sql, id, next_seq(sql, id), batch, body);
    int cancel = 0;
    sql << "UPDATE evaluation_runs SET tally = :tally WHERE id = :id", soci::use(tally_text), soci::use(id);
    sql << "SELECT cancel_requested FROM evaluation_runs WHERE id = :id", soci::use(id), soci::into(cancel);
    return SinkAnswer{cancel != 0};
  });
}

Result<> RunStore::end(const Run& run, const std::string& owner, const RunEnding& ending) {
  SLIPWAY_ASSIGN(const std::string digest, run_digest(*this, run));
  return database_.write_quietly([&](soci::session& sql) -> Result<> {
    if (!renew_lease(sql, run.id, owner, 0)) return fail(lost(run.id));
    SLIPWAY_ASSIGN(Run now, require_run(sql, run.id));
    now.state = ending.state;
    now.outcome = ending.outcome;
    now.reason = ending.reason;
    now.tally = ending.tally;
    now.ended_us = ending.at_us;
    now.digest = digest;
    save_state(sql, now);
    if (!record_) return {};
    return record_(sql, {now.author_id, now.author, "user"},
                   {"run.end", run.id, run.use_case, run.environment,
                    json::object{{"state", to_string(now.state)},
                                 {"outcome", to_string(now.outcome)},
                                 {"digest", digest},
                                 {"errors", now.tally.errors},
                                 {"missing", now.missing()}}});
  });
}

Result<StoredItems> RunStore::stored_items(const Run& run, const RunShape& shape) {
  StoredItems out{{}, run.tally};
  SLIPWAY_ASSIGN(const std::vector<ResultPlace> there, places(run.id));
  out.tally.cells.resize(shape.cells);
  for (const ResultPlace& place : there) {
    SLIPWAY_ASSIGN(const std::string text, lines(run.id, place.seq));
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      SLIPWAY_ASSIGN(const ResultHead head, read_head(rest.substr(0, end)));
      if (!head.error || place.seq >= run.retry_before) out.done.insert(head.item);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  return out;
}

Result<std::vector<ResultPlace>> RunStore::places(std::string_view id) {
  const std::string wanted(id);
  return database_.read([&](soci::session& sql) -> Result<std::vector<ResultPlace>> {
    long long seq = 0;
    long long first = 0;
    long long last = 0;
    long long items = 0;
    long long errors = 0;
    long long failed = 0;
    soci::statement statement =
        (sql.prepare << "SELECT seq, first_item, last_item, items, errors, failed FROM evaluation_results "
                        "WHERE run = :run ORDER BY seq",
         soci::use(wanted), soci::into(seq), soci::into(first), soci::into(last), soci::into(items),
         soci::into(errors), soci::into(failed));
    statement.execute();
    std::vector<ResultPlace> out;
    while (statement.fetch())
      out.push_back(
          {seq, static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(last), items, errors, failed});
    return out;
  });
}

Result<std::string> RunStore::lines(std::string_view id, std::int64_t seq) {
  const std::string wanted(id);
  const long long at = seq;
  std::string body;
  SLIPWAY_TRY(database_.read([&](soci::session& sql) -> Result<> {
    sql << "SELECT body FROM evaluation_results WHERE run = :run AND seq = :seq", soci::use(wanted),
        soci::use(at), soci::into(body);
    if (!sql.got_data()) return fail(ErrorCode::kDataLoss, "stored results are gone", "evaluation");
    return {};
  }));
  return catalog::unpack(body, kLargestChunk);
}

}  // namespace slipway::evaluation
