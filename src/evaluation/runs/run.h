// SPDX-License-Identifier: Apache-2.0
// The nouns of a run: one execution of an evaluation. Plain values; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/money.h"
#include "evaluation/judges/rating_tally.h"

namespace slipway::evaluation {

enum class RunState : std::uint8_t { kQueued, kRunning, kFinished, kCancelled, kFailed };
std::string_view to_string(RunState state);  // "queued", "running", …
std::optional<RunState> parse_run_state(std::string_view text);

// What a run that ended is worth: every case has its result; some are missing; or so many failed (or the run
// itself did) that nothing can be concluded.
enum class RunOutcome : std::uint8_t { kNone, kComplete, kPartial, kError };
std::string_view to_string(RunOutcome outcome);  // "", "complete", "partial", "error"

// One metric over the results so far. Errors are in no sum: a NaN never gets here.
struct MetricTally {
  std::int64_t scored = 0;
  std::int64_t passed = 0;
  std::int64_t failed = 0;  // said no; a metric may also only measure
  std::int64_t errors = 0;
  double sum = 0;
  RatingTally ratings = {};  // of several judges
};

// One variant of what is tried: a prompt with a model and parameters.
struct CellTally {
  std::int64_t done = 0;  // answered or given up
  std::int64_t errors = 0;
  std::int64_t latency_us = 0;  // sum over answers
  NanoUsd cost_nano = 0;
  std::vector<MetricTally> metrics;  // as in the definition
};

struct RunTally {
  std::int64_t done = 0;
  std::int64_t errors = 0;    // among them: the provider failed, not the answer
  std::int64_t calls = 0;     // that may have to be paid, repeated ones included
  std::int64_t limited = 0;   // told to wait
  std::int64_t unpriced = 0;  // calls whose cost nobody knows
  NanoUsd cost_nano = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  // Among them, of judges.
  std::int64_t judge_calls = 0;
  NanoUsd judge_cost_nano = 0;
  std::vector<CellTally> cells;
};

struct Run {
  std::string id;  // UUIDv7: newer ones sort behind
  std::string use_case;
  std::string evaluation;  // "owner/evaluation/name"
  std::int64_t evaluation_version = 0;
  std::string environment;
  std::string target;  // for people: "support@3", "support/prompt/answer:4"
  RunState state = RunState::kQueued;
  RunOutcome outcome = RunOutcome::kNone;
  std::string reason;       // why it ended as it did; empty: nothing to say
  json::object definition;  // everything that decides what is done; see plan.h
  std::int64_t planned = 0;
  RunTally tally;
  std::int64_t created_us = 0;
  std::int64_t started_us = 0;
  std::int64_t ended_us = 0;
  std::string author_id;
  std::string author;
  std::string digest;  // "sha256:…" over definition and results, once it has ended
  bool cancel_requested = false;
  std::int64_t retry_before = 0;  // errors stored in chunks before this one are tried again

  [[nodiscard]] std::int64_t missing() const { return planned - tally.done; }
  [[nodiscard]] bool ended() const { return state != RunState::kQueued && state != RunState::kRunning; }
};

json::object tally_json(const RunTally& tally);
RunTally read_tally(const json::object& stored);

}  // namespace slipway::evaluation
