// SPDX-License-Identifier: Apache-2.0
// One invocation as it is written down: what was called by whom, what it took, what it cost and how it ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/money.h"

namespace slipway::telemetry {

// How a call ended. Stored as a number: never renumber.
enum class Status : std::uint8_t {
  kOk = 0,
  kClientError = 1,    // refused: bad request, unknown model, no such key (4xx of ours or of the provider)
  kLimited = 2,        // refused by a limit or budget of ours (429) or the provider's
  kUpstreamError = 3,  // the provider failed, was unreachable, cut its stream or timed out
  kInterrupted = 4,    // the client left before the end
  kBlocked = 5,        // a guardrail said no
  kInternalError = 6,
};
inline constexpr int kStatusCount = 7;
std::string_view to_string(
    Status status);  // "ok", "client_error", "limited", "upstream_error", "interrupted", …
std::optional<Status> parse_status(std::string_view text);

// Token classes. They do not overlap: `input` excludes what the caches served or stored, `output` excludes
// reasoning. -1 means unknown. Audio tokens are included in neither.
struct Usage {
  std::int64_t input = -1;
  std::int64_t cache_read = -1;
  std::int64_t cache_write = -1;
  std::int64_t output = -1;
  std::int64_t reasoning = -1;
  std::int64_t audio_input = -1;
  std::int64_t audio_output = -1;
  bool estimated = false;  // counted or estimated by us because the provider did not say
  // The part of `cache_write` kept for an hour, for pricing; the record keeps what it cost. -1: not told.
  std::int64_t cache_write_1h = -1;
};

inline constexpr NanoUsd kUnknownCost = -1;

// Views are valid for the duration of the call that takes the record; the spool copies them.
struct InvocationRecord {
  Uuid id;
  std::int64_t started_us = 0;       // unix microseconds
  std::int64_t duration_us = 0;      // request read to last byte written
  std::int64_t first_token_us = -1;  // request read to first content byte sent on; -1 if not a stream
  std::int64_t upstream_us = -1;     // dispatch to the last byte from the provider, all attempts; -1 if none
  std::int64_t connect_us = -1;      // 0 on a reused connection
  std::int64_t queue_us = -1;        // request read to dispatch: authentication, admission, rewriting
  Status status = Status::kOk;
  std::uint16_t http_status = 0;      // as sent to the client; 0 if it left before
  std::uint16_t upstream_status = 0;  // as the provider sent; 0 if none
  std::uint8_t attempts = 0;
  bool stream = false;
  std::string_view operation;  // OpenTelemetry GenAI: "chat", "embeddings", "list_models"
  std::string_view surface;    // "openai", "anthropic", …
  std::string_view use_case;
  std::string_view environment;
  std::string_view key_id;
  std::string_view key_name;
  std::string_view release;   // "slug@N", empty until releases exist
  std::string_view provider;  // OpenTelemetry gen_ai.provider.name: "openai", "anthropic", "simulated"
  std::string_view connection;
  std::string_view requested_model;
  std::string_view response_model;
  std::string_view finish_reason;  // of the first choice
  std::string_view error_code;     // stable code, empty if ok
  std::string_view error_message;  // a sentence, no secret
  std::string_view request_id;
  std::string_view trace_id;        // 32 hex characters or empty
  std::string_view span_id;         // ours, 16 hex characters
  std::string_view parent_span_id;  // the caller's, 16 hex characters or empty
  std::string_view end_user;        // `user` of the request
  std::string_view peer;            // client address
  std::string_view user_agent;
  Usage usage;
  NanoUsd cost_nano = kUnknownCost;
  bool rollup_only = false;       // capture policy none: counted in the roll-ups, no invocation row
  std::string_view request_body;  // empty unless the capture policy is full
  std::string_view response_body;
};

}  // namespace slipway::telemetry
