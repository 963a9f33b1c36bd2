// SPDX-License-Identifier: Apache-2.0
// Calls that begin in this process: the runs of an evaluation. They go down the same line as any other, with
// its limits, its cost and its records, only without a socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/money.h"
#include "gateway/snapshot.h"
#include "net/server.h"
#include "rt/cancel.h"
#include "rt/task.h"
#include "telemetry/record.h"

namespace slipway::gateway {

class Gateway;

struct LocalCall {
  std::string environment;
  std::string use_case;  // whose call it is
  std::string key_name;  // as records show it
  std::string surface;   // of the record: "evaluation"
  std::string body;      // a chat completion request in OpenAI's shape
  // Who is calling on behalf of whom: kept as the end user. Empty: nobody.
  std::string end_user;
  // Answers instead of what the body's model names; null: the model decides.
  std::shared_ptr<const ServedRelease> release;
  std::optional<std::size_t> variant;  // of that release's prompt; nullopt: by weight
  std::string subject;                 // who a choice by weight sticks to; empty: the end user
  std::uint32_t max_concurrent = 0;    // calls in flight of `use`; 0: no limit of its own
  std::shared_ptr<KeyUse> use;
};

// Hears how a call ended, on its loop, before its last byte is handed over.
class CallListener {
 public:
  virtual ~CallListener() = default;
  virtual void recorded(const telemetry::InvocationRecord& record) = 0;
};

struct LocalAnswer {
  int http_status = 0;  // 0: the call was cancelled before it was answered
  std::string body;     // JSON, or the events of a stream
  std::uint32_t retry_after_s = 0;
  bool complete = false;  // a stream that came to its end, or a whole answer
  // Of the record.
  telemetry::Status status = telemetry::Status::kInterrupted;
  std::string invocation;
  std::string error_code;
  std::string error_message;
  std::string finish_reason;
  std::string response_model;
  std::string variant;
  telemetry::Usage usage;
  NanoUsd cost_nano = telemetry::kUnknownCost;
  std::int64_t duration_us = 0;
  std::int64_t first_token_us = -1;
  bool sent_upstream = false;  // it may have been paid for
};

// On the gateway's loop. `cancel` ends the call early; it outlives the task.
rt::Task<LocalAnswer> call_locally(Gateway& gateway, LocalCall call, rt::CancelSource& cancel);

// The key that stands in for a real one; null where the environment is gone. It lives as long as the
// snapshot.
std::shared_ptr<const Key> local_key(const Snapshot& snapshot, const LocalCall& call);

}  // namespace slipway::gateway
