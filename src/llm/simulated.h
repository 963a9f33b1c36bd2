// SPDX-License-Identifier: Apache-2.0
// The simulated provider: an HTTP server's handler that speaks OpenAI's and Anthropic's dialects without a
// model behind it. A real instrument: the same seed and request give the same answer, usage counts are right
// by the tokenizer, and it fails on demand, on the wire, in the ways providers do.
//
// Serves POST /v1/chat/completions, /v1/embeddings and /v1/messages, GET /v1/models and /v1/models/{id}; each
// also without /v1. Every answer's model is "simulated/<requested model>".
//
// A request may ask for a fault or timing with the header `x-simulate: status=429; retry-after=2`, with a
// suffix to the model's name (`gpt-4o?status=429&retry-after=2`) or with a body field (`"simulate":
// {"status": 429}`). simulation_settings() lists the names. README.md explains them and the script.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "llm/call.h"
#include "net/server.h"
#include "rt/task.h"

namespace re2 {
class RE2;
}

namespace slipway::llm {

// How one answer is sent and how it goes wrong. -1 and empty: not asked for.
struct Simulation {
  double tokens_per_second = 0;      // 0: as fast as possible
  std::int64_t first_token_ms = 0;   // from the request to the first piece of content
  std::int64_t jitter_ms = 0;        // up to this much is added to each token's time
  std::int64_t slow_headers_ms = 0;  // silence before the response's headers
  int status = 0;                    // answer with this status and an error body
  std::int64_t retry_after_s = -1;
  std::vector<std::pair<std::string, std::string>> headers;  // added to the answer
  std::string message;                                       // of the error
  std::string content_type;                                  // in place of the right one
  std::int64_t stall_after = -1;         // after so many tokens: silence until the client leaves
  std::int64_t cut_after = -1;           // after so many tokens: the connection is closed in mid-answer
  std::int64_t malformed_after = -1;     // after so many tokens: an event that is not JSON, then the rest
  std::int64_t error_after = -1;         // after so many tokens: an error event, then the end
  bool truncate_json = false;            // a whole answer stops in the middle, with its length stated right
  bool no_done = false;                  // the stream ends without its terminator
  std::string usage;                     // "", "missing", "null" (a final chunk with usage null)
  std::int64_t cached_tokens = -1;       // so much of the prompt came from a cache
  std::int64_t cache_write_tokens = -1;  // so much was stored
  std::int64_t piece_bytes = 0;          // > 0: a stream is written in pieces of so many bytes
  std::int64_t every = 1;                // the fault is for each n-th request only
};

// Sets one setting by its name ("status", "retry-after", "cut-after", …; '_' is as good as '-').
// kInvalidArgument names the setting and what it takes.
Result<> set_simulation(Simulation& simulation, std::string_view name, std::string_view value);
std::vector<std::string> simulation_settings();

struct SimulatedToolCall {
  std::string name;
  std::string arguments;  // JSON text, a template
};

// A scripted answer. All conditions given must hold; without any the rule always matches.
struct SimulatedRule {
  std::string name;
  std::string contains;                   // in the last user message, whatever the case
  std::shared_ptr<const re2::RE2> regex;  // over the last user message; its groups are {{1}}, {{2}}, …
  std::string model;                      // the requested model, '*' stands for anything
  std::optional<bool> tool_result;        // the last message brings results of tools
  std::string reply;      // a template: {{user}}, {{system}}, {{model}}, {{messages}}, {{1}} …
  std::string reasoning;  // a template
  std::vector<SimulatedToolCall> tool_calls;
  std::string stop;  // "stop", "length", "content_filter", "refusal"; empty: what the answer calls for
  std::vector<std::pair<std::string, std::string>> settings;  // simulation settings on top of the defaults
};

struct SimulatedOptions {
  std::uint64_t seed = 1;
  Simulation defaults;
  std::vector<SimulatedRule> rules;  // the first that matches answers
  std::vector<std::string> models = {"simulated-small", "simulated-large", "simulated-embedding"};
  std::size_t embedding_dimensions = 256;  // where neither request nor model says otherwise
};

// Reads a script (README.md shows one) on top of `options`. kInvalidArgument with `name`:line for what is
// wrong.
Result<SimulatedOptions> parse_simulated_script(std::string_view yaml, std::string_view name,
                                                SimulatedOptions options = {});

// Stable for a seed, of length one, and near for similar texts: hashed words, word pairs and character
// trigrams.
std::vector<float> simulated_embedding(std::string_view text, std::size_t dimensions, std::uint64_t seed);

// An instance that satisfies a JSON Schema of the kinds used for structured output (types, enum, const,
// required, items, bounds, formats, anyOf, allOf, $ref within the document). Deterministic.
json::value simulated_instance(const json::value& schema, std::uint64_t seed);

// May serve any number of loops at once: requests share only counters and immutable options.
class SimulatedProvider {
 public:
  explicit SimulatedProvider(SimulatedOptions options, Logger log = {});

  rt::Task<void> serve(net::Exchange& exchange);
  // A handler that calls serve(); must not outlive this provider.
  [[nodiscard]] net::Handler handler();

  [[nodiscard]] std::uint64_t requests() const { return requests_.load(std::memory_order_relaxed); }
  // Answers that ended because the client had left.
  [[nodiscard]] std::uint64_t abandoned() const { return abandoned_.load(std::memory_order_relaxed); }

 private:
  struct Call;
  rt::Task<void> serve_chat(net::Exchange& exchange, std::string_view dialect);
  rt::Task<void> serve_embeddings(net::Exchange& exchange);
  rt::Task<void> serve_models(net::Exchange& exchange, std::string_view id);
  rt::Task<void> answer_whole(net::Exchange& exchange, Call& call);
  rt::Task<void> answer_stream(net::Exchange& exchange, Call& call);
  rt::Task<void> refuse(net::Exchange& exchange, std::string_view dialect, const ProviderError& error,
                        const Simulation& simulation);
  // Sleeps until `due_ns` on the monotonic clock; false when the client has left meanwhile.
  rt::Task<bool> sleep_until(net::Exchange& exchange, std::int64_t due_ns);
  rt::Task<bool> stall(net::Exchange& exchange);

  SimulatedOptions options_;
  const Simulation plain_;  // nothing special asked for
  Logger log_;
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> abandoned_{0};
};

}  // namespace slipway::llm
