// SPDX-License-Identifier: Apache-2.0
// The context of one call on its way down the line. Every step reads what earlier steps found and either goes
// on or returns a Refusal. However the call ends, its record is written from the destructor.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/gateway.h"
#include "gateway/local_call.h"
#include "gateway/refusal.h"
#include "gateway/snapshot.h"
#include "gateway/trace.h"
#include "llm/openai_scan.h"
#include "net/server.h"
#include "telemetry/record.h"

namespace slipway::gateway {

// Holds one place among a key's and a loop's concurrent calls.
class Admission {
 public:
  Admission() = default;
  Admission(std::shared_ptr<KeyUse> key, std::uint32_t* loop_in_flight)
      : key_(std::move(key)), loop_in_flight_(loop_in_flight) {}
  Admission(Admission&& other) noexcept
      : key_(std::move(other.key_)), loop_in_flight_(std::exchange(other.loop_in_flight_, nullptr)) {}
  Admission& operator=(Admission&& other) noexcept {
    std::swap(key_, other.key_);
    std::swap(loop_in_flight_, other.loop_in_flight_);
    return *this;
  }
  ~Admission() {
    if (key_) key_->in_flight.fetch_sub(1, std::memory_order_relaxed);
    if (loop_in_flight_ != nullptr) --*loop_in_flight_;
  }

 private:
  std::shared_ptr<KeyUse> key_;
  std::uint32_t* loop_in_flight_ = nullptr;
};

// Lives in the coroutine that serves the call, on its loop.
class Call {
 public:
  Call(Gateway& gateway, net::Exchange& exchange, Operation operation, std::string_view body);
  ~Call();  // records, unless that has happened
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  Gateway& gateway;
  net::Exchange& exchange;
  const Operation operation;
  const std::string_view body;
  const std::int64_t started_us;  // unix, when the request's last byte had been read
  std::shared_ptr<const Snapshot> snapshot;
  bool wants_summary = false;  // the playground: a last event says what the call took
  // A call from inside the house; both outlive it. Null for one that came over a socket.
  const LocalCall* local = nullptr;
  CallListener* listener = nullptr;

  // authenticate
  std::shared_ptr<const Key> key;
  const Environment* environment = nullptr;  // the key's, in `snapshot`; set whenever `key` is
  // read
  llm::RequestScan scan;  // views that outlive the scanner are in `model` and `end_user`
  std::string model;
  std::string end_user;
  bool client_asked_usage = false;
  // resolve
  Target target;
  const UseCaseEntry* use_case = nullptr;  // the call is to a use case; lives as long as the snapshot
  // render: which release and variant of its prompt answer
  const ServedRelease* release = nullptr;
  std::size_t variant = 0;
  std::string rendered;
  std::string_view request;  // what goes upstream: the body, or what was rendered
  // admit
  Admission admission;

  // What the record and the answer's headers need.
  Uuid id;
  std::array<char, 36> id_text{};
  TraceContext trace;
  std::string request_id;
  telemetry::Status status = telemetry::Status::kInterrupted;  // until something better is known
  int http_status = 0;
  int upstream_status = 0;
  std::uint8_t attempts = 0;
  std::int64_t dispatched_ns = 0;
  std::int64_t upstream_done_ns = 0;
  std::int64_t connect_us = -1;
  std::int64_t first_token_ns = 0;
  telemetry::Usage usage;
  NanoUsd cost_nano = telemetry::kUnknownCost;
  std::string response_model;
  std::string finish_reason;
  std::string error_code;
  std::string error_message;
  std::string captured;                   // the answer's body as sent, up to the capture limit
  std::string output_text;                // of an unfinished stream, to count what was spent
  std::string_view response_body;         // `captured`, or the upstream's buffer while it lives
  bool account_input_if_unknown = false;  // something was sent upstream: estimate what it was not told

  // The capture policy, the durability and the identity of the caller; defaults before authentication.
  [[nodiscard]] bool captures_bodies() const;
  [[nodiscard]] bool strict() const;

  // What is to answer is given by the caller, not found by the request's model.
  [[nodiscard]] bool pinned() const { return local != nullptr && local->release != nullptr; }

  // Fills status, code and message from a refusal.
  void note(const Refusal& refusal);
  // Appends to `captured` within the limit.
  void capture(std::string_view bytes);
  // Writes the record, once. With `strict` durability the error must keep the answer's last byte back.
  rt::Task<Result<>> record_durably();
  void record();

 private:
  [[nodiscard]] telemetry::InvocationRecord make_record();
  void count(const telemetry::InvocationRecord& record);  // metrics and the release's tally
  bool recorded_ = false;
};

// ---- the steps, one file each
// ------------------------------------------------------------------------------------

// authenticate.cc: Authorization: Bearer, x-api-key or api-key → Key.
std::optional<Refusal> authenticate(Call& call);
// read.cc: the few fields of the body the line needs; refuses what is not a valid request.
std::optional<Refusal> read_request(Call& call);
// resolve.cc: model name → use case, or connection and upstream model, as the key allows.
std::optional<Refusal> resolve(Call& call);
// admit.cc: concurrency of the key and of the loop.
std::optional<Refusal> admit(Call& call);
// render.cc: a call to a use case becomes the request its release's prompt makes of it.
std::optional<Refusal> render(Call& call);
// dispatch.cc: sends upstream and relays the answer; answers the client in every case.
rt::Task<void> dispatch(Call& call);
// account.cc: completes unknown usage by counting, and prices it.
void account(Call& call);

// answer.cc: the ways a call is answered.
rt::Task<void> answer_refusal(Call& call, Refusal refusal);
rt::Task<void> answer_json(Call& call, int status, std::string_view body, std::uint32_t retry_after_s = 0);

}  // namespace slipway::gateway
