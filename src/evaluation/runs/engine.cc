// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "evaluation/judges/judge_plan.h"
#include "evaluation/runs/dataset_feed.h"
#include "evaluation/runs/gateway_desk.h"
#include "evaluation/runs/given_responses.h"
#include "evaluation/runs/http_caller.h"

namespace slipway::evaluation {

namespace {

constexpr std::uint32_t kQueue = 10'000;

// Results of one run on their way to the store.
class StoreSink final : public ResultSink {
 public:
  StoreSink(RunStore& store, std::string run, std::string owner)
      : store_(store), run_(std::move(run)), owner_(std::move(owner)) {}
  Result<SinkAnswer> store(const ResultBatch& batch, const RunTally& tally) override {
    return store_.store(run_, owner_, batch, tally, unix_now_us());
  }

 private:
  RunStore& store_;
  std::string run_;
  std::string owner_;
};

std::string text_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string new_instance(const std::string& node) {
  UuidGenerator ids;
  return node + "/" + ids.next().to_string();
}

}  // namespace

RunEngine::RunEngine(EngineParts parts, EngineLimits limits)
    : parts_(std::move(parts)),
      limits_(std::move(limits)),
      owner_(new_instance(parts_.node)),
      workers_(std::make_unique<rt::BlockingPool>("score", limits_.workers, kQueue)),
      drivers_(std::make_unique<rt::BlockingPool>("runs", limits_.runs, limits_.runs)) {}

RunEngine::~RunEngine() { stop(); }

void RunEngine::look() {
  const std::lock_guard looking(look_mutex_);
  if (!node_released_) node_released_ = parts_.store.release_node(parts_.node).has_value();
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || executing_.size() >= limits_.runs) return;
    }
    auto claimed = parts_.store.claim(owner_, unix_now_us());
    const std::string trouble = claimed ? std::string() : claimed.error().describe();
    if (trouble != std::exchange(trouble_, trouble) && !trouble.empty())
      parts_.log.warning("runs.not_looked_for", {{"error", trouble}});
    if (!claimed || !*claimed) return;
    const std::string id = (*claimed)->id;
    {
      const std::lock_guard lock(mutex_);
      // Ours already: it could not give a sign of life for so long that its lease ran out.
      if (!executing_.emplace(id, nullptr).second) return;
    }
    const Result<> given =
        drivers_->submit([this, run = std::make_shared<const Run>(std::move(**claimed))] { drive(*run); });
    if (given) continue;
    {
      const std::lock_guard lock(mutex_);
      executing_.erase(id);
    }
    const Result<> let_go = parts_.store.release(id, owner_);
    static_cast<void>(let_go);  // otherwise its lease runs out
    return;
  }
}

void RunEngine::cancel(const std::string& run) {
  const std::lock_guard lock(mutex_);
  const auto found = executing_.find(run);
  if (found != executing_.end() && found->second != nullptr) found->second->cancel();
}

std::optional<RunProgress> RunEngine::progress(const std::string& run) const {
  const std::lock_guard lock(mutex_);
  const auto found = executing_.find(run);
  if (found == executing_.end() || found->second == nullptr) return std::nullopt;
  return found->second->progress();
}

void RunEngine::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [id, executor] : executing_)
      if (executor != nullptr) executor->release();
  }
  const std::lock_guard looking(look_mutex_);
  drivers_.reset();
  workers_.reset();
}

void RunEngine::drive(const Run& run) {
  auto prepared = prepare(run);
  if (prepared) {
    execute(run, std::move(*prepared));
  } else {
    RunEnd end;
    end.state = RunState::kFailed;
    end.outcome = RunOutcome::kError;
    end.reason = prepared.error().describe();
    end.tally = run.tally;
    // What the machine does wrong for a moment is no reason to end a run.
    end.released = prepared.error().code == ErrorCode::kUnavailable;
    finish(run, end);
  }
  const std::lock_guard lock(mutex_);
  executing_.erase(run.id);
}

Result<RunEngine::Prepared> RunEngine::prepare(const Run& run) {
  Prepared out;
  std::vector<CellTraits> traits;
  SLIPWAY_ASSIGN(out.caller, make_caller(run, traits));
  SLIPWAY_ASSIGN(out.feed, cases_of_run(parts_.datasets, run.definition));
  SLIPWAY_ASSIGN(out.stored, parts_.store.stored_items(run, shape_of(run)));
  out.budget = std::make_unique<Budget>(budget_of(run.definition), out.stored.tally.cost_nano,
                                        out.stored.tally.calls, judge_calls(run.definition));
  SLIPWAY_ASSIGN(RunJudges judges, make_judges(run, *out.budget));
  SLIPWAY_ASSIGN(out.scorer, parts_.make_scorer(run.definition, traits, std::move(judges)));
  return out;
}

Result<RunJudges> RunEngine::make_judges(const Run& run, Budget& budget) {
  RunJudges out;
  SLIPWAY_ASSIGN(out.panels, load_judges(parts_.assets, run.definition));
  if (out.panels.empty()) return out;
  const ExecutorLimits limits = limits_of(run.definition, limits_.executor);
  DeskSettings settings;
  settings.environment = run.environment;
  settings.use_case = run.use_case;
  settings.run = run.id;
  settings.concurrency = limits_.judges;
  settings.max_concurrent = limits_.max_concurrent;
  settings.attempts = limits.attempts;
  settings.retry_ms = limits.retry_ms;
  settings.retry_longest_ms = limits.retry_longest_ms;
  settings.pause_ms = limits.pause_ms;
  settings.pause_longest_ms = limits.pause_longest_ms;
  settings.patience_ms = limits.patience_ms;
  out.desk = std::make_shared<GatewayDesk>(std::make_unique<GatewayLanes>(parts_.gateways),
                                           std::move(settings), budget);
  return out;
}

Result<std::unique_ptr<Caller>> RunEngine::make_caller(const Run& run, std::vector<CellTraits>& traits) {
  SLIPWAY_ASSIGN(const json::object* target, optional_object(run.definition, "target"));
  if (target == nullptr) return fail(ErrorCode::kInternal, "the run's definition has no target");
  const std::string kind = text_in(*target, "kind");
  if (kind == "http") {
    SLIPWAY_ASSIGN(const json::object* http, optional_object(*target, "http"));
    SLIPWAY_ASSIGN(HttpTarget made, HttpTarget::read(http == nullptr ? json::object{} : *http));
    made.origin().private_allowed =
        std::ranges::find(limits_.private_hosts, made.origin().host) != limits_.private_hosts.end();
    made.origin().key += made.origin().private_allowed ? "" : " public";
    return std::make_unique<HttpCaller>(parts_.gateways, std::move(made), limits_.http_clocks,
                                        limits_.http_answer_bytes);
  }
  if (kind == "responses") {
    const std::string upload = text_in(*target, "upload");
    if (upload.empty()) return std::make_unique<CaseResponses>();
    SLIPWAY_ASSIGN(
        std::unique_ptr<Caller> given,
        GivenResponses::open(parts_.uploads.source(upload),
                             [&uploads = parts_.uploads, upload](std::uint64_t byte) -> Result<FilePiece> {
                               SLIPWAY_ASSIGN(catalog::UploadPiece piece, uploads.piece(upload, byte));
                               return FilePiece{piece.first_byte, std::move(piece.text)};
                             }));
    return given;
  }
  GatewayTarget out;
  out.environment = run.environment;
  out.use_case = run.use_case;
  out.run = run.id;
  out.max_concurrent = limits_.max_concurrent;
  out.use = std::make_shared<gateway::KeyUse>();
  SLIPWAY_ASSIGN(const auto stream, optional_bool(run.definition, "stream"));
  out.stream = stream.value_or(false);
  SLIPWAY_ASSIGN(const json::array* cells, optional_array(run.definition, "cells"));
  if (cells == nullptr) return fail(ErrorCode::kInternal, "the run's definition has no cells");
  for (const json::value& cell : *cells) {
    SLIPWAY_ASSIGN(CellTarget loaded,
                   load_cell(parts_.assets, parts_.releases, run.use_case, cell.as_object()));
    traits.push_back(loaded.traits);
    out.cells.push_back(std::move(loaded));
  }
  return std::make_unique<GatewayCaller>(parts_.gateways, std::move(out));
}

void RunEngine::execute(const Run& run, Prepared prepared) {
  StoreSink sink(parts_.store, run.id, owner_);
  ExecutorLimits limits = limits_of(run.definition, limits_.executor);
  limits.result.keep_texts = parts_.keeps_texts(run.environment);
  limits.judges = limits_.judges;
  // A run's own: one whose judges wait for their provider keeps no other from judging.
  std::unique_ptr<rt::BlockingPool> judges;
  if (prepared.scorer->calls())
    judges = std::make_unique<rt::BlockingPool>("judge", limits_.judges, limits_.judges);
  Executor executor(
      {*prepared.feed, *prepared.caller, *prepared.scorer, sink, *prepared.budget, *workers_, judges.get()},
      limits, shape_of(run), std::move(prepared.stored.done), std::move(prepared.stored.tally));
  {
    const std::lock_guard lock(mutex_);
    executing_[run.id] = &executor;
    if (stopping_) executor.release();
  }
  if (run.cancel_requested) executor.cancel();
  parts_.log.info("run.started",
                  {{"run", run.id}, {"evaluation", run.evaluation}, {"missing", run.missing()}});
  const RunEnd end = executor.run();
  {
    const std::lock_guard lock(mutex_);
    executing_[run.id] = nullptr;
  }
  finish(run, end);
}

void RunEngine::finish(const Run& run, const RunEnd& end) {
  if (end.abandoned) {
    parts_.log.warning("run.lost", {{"run", run.id}, {"reason", end.reason}});
    return;
  }
  if (end.released) {
    if (!end.reason.empty()) parts_.log.error("run.suspended", {{"run", run.id}, {"reason", end.reason}});
    const Result<> released = parts_.store.release(run.id, owner_);
    static_cast<void>(released);  // otherwise its lease runs out
    return;
  }
  RunEnding ending{end.state, end.outcome, end.reason, end.tally, unix_now_us()};
  const Result<> ended = parts_.store.end(run, owner_, ending);
  if (!ended)
    parts_.log.error("run.not_ended", {{"run", run.id}, {"error", ended.error().describe()}});
  else
    parts_.log.info("run.ended", {{"run", run.id},
                                  {"state", to_string(end.state)},
                                  {"outcome", to_string(end.outcome)},
                                  {"done", end.tally.done},
                                  {"errors", end.tally.errors},
                                  {"reason", end.reason}});
}

}  // namespace slipway::evaluation
