// SPDX-License-Identifier: Apache-2.0
// What an executor works with, each behind a port of its own: where cases come from, who answers them, who
// scores the answers, and where results go.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "evaluation/judges/judge_note.h"
#include "evaluation/metrics/metric.h"
#include "evaluation/runs/run.h"
#include "evaluation/runs/run_result.h"
#include "telemetry/record.h"

namespace slipway::evaluation {

// One case as it is asked. Immutable once made.
struct RunCase {
  std::int64_t number = 0;  // in its dataset, from 0
  std::string id;
  json::object fields;  // input, expected, context, …; see catalog/case.h

  [[nodiscard]] const json::value* field(std::string_view name) const { return fields.if_contains(name); }
};

// Belongs to one thread at a time.
class CaseFeed {
 public:
  virtual ~CaseFeed() = default;
  // The next case that `wanted` says yes to (asked with the case's number, before the case is read); null at
  // the end.
  virtual Result<std::shared_ptr<const RunCase>> next(const std::function<bool(std::int64_t)>& wanted) = 0;
};

enum class CallEnd : std::uint8_t {
  kAnswered,
  kLimited,    // told to wait (429, overload): never counts against the case
  kFailed,     // the provider's fault: worth another try
  kRefused,    // would be refused again
  kCancelled,  // by us
};

// What came back for one item.
struct CallOutcome {
  CallEnd end = CallEnd::kFailed;
  std::string text;           // the answer
  std::string message;        // JSON of the message where it holds more than a text (tool calls); else empty
  std::string finish_reason;  // as the provider spelled it
  std::string error_code;     // unless answered
  std::string error_message;  // a sentence
  std::int64_t retry_after_ms = 0;  // as told; 0: nothing was said
  bool paid = false;                // a provider may charge for it
  NanoUsd cost_nano = telemetry::kUnknownCost;
  std::int64_t input_tokens = -1;
  std::int64_t output_tokens = -1;
  std::int64_t latency_us = 0;
  std::int64_t first_token_us = -1;
  std::string invocation;  // id; empty: none was recorded
  std::string model;       // that answered
};

// One question to one variant.
struct CallOrder {
  std::uint64_t item = 0;
  std::uint32_t cell = 0;
  std::uint32_t repeat = 0;
  std::shared_ptr<const RunCase> one;
};

class Caller {
 public:
  using Done = std::function<void(const CallOrder& order, CallOutcome outcome)>;
  virtual ~Caller() = default;
  // Asks; each order ends with one call of `done`, on any thread, possibly before this returns. Each is an
  // independent sample: nothing may be answered from a cache.
  virtual void start(std::vector<CallOrder> orders, const Done& done) = 0;
  // Ends what is under way with kCancelled, soon. Any thread.
  virtual void cancel() = 0;
};

// What one metric says of one answer.
struct AnswerScore {
  std::optional<double> value;  // finite
  std::optional<bool> passed;   // nullopt: it only measures
  std::string reason;           // why, for people
  std::string error;            // instead of a value: it could not be told
  bool skipped = false;         // the metric is for other cases: neither value nor error
  bool interrupted = false;     // it was to be asked and was not, because the run ends: nothing is known
  bool unavailable = false;     // with an error: whoever judges can't be reached, or refuses
  std::vector<JudgeNote> notes = {};  // of judges
};

// What an answer of one cell is held against beyond its case.
struct CellTraits {
  std::vector<std::pair<std::string, json::value>> tools;  // name, schema of the arguments
  std::optional<json::value> answer_schema;                // that the prompt asks its model for
};

class AnswerScorer {
 public:
  virtual ~AnswerScorer() = default;
  // In the definition's order. Any thread, several at once.
  [[nodiscard]] virtual std::vector<AnswerScore> score(const CallOrder& order,
                                                       const CallOutcome& outcome) const = 0;
  [[nodiscard]] virtual const std::vector<std::string>& names() const = 0;
  // What each one's values are, in the same order.
  [[nodiscard]] virtual std::vector<ScoreKind> kinds() const = 0;
  // Whether a metric measures the time to the first token, which only a stream tells.
  [[nodiscard]] virtual bool wants_stream() const { return false; }
  // Whether scores wait for calls: each is then asked for by itself, on threads that may wait.
  [[nodiscard]] virtual bool calls() const { return false; }
  // Ends what waits, soon, with interrupted scores. Any thread.
  virtual void cancel() {}
};

// Finished results that are stored together.
struct ResultBatch {
  std::string lines;  // see run_result.h, each with its line end
  std::uint64_t first_item = 0;
  std::uint64_t last_item = 0;
  std::int64_t items = 0;
  std::int64_t errors = 0;
  std::int64_t failed = 0;  // items that a metric said no to
};

struct SinkAnswer {
  bool cancel = false;  // somebody asked for it
};

class ResultSink {
 public:
  virtual ~ResultSink() = default;
  // On disk when this returns: all of it or nothing. kConflict: the run is another node's now, or gone.
  // Without items it only says that the run is alive. One call at a time, from any thread; blocks.
  virtual Result<SinkAnswer> store(const ResultBatch& batch, const RunTally& tally) = 0;
};

}  // namespace slipway::evaluation
