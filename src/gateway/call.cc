// SPDX-License-Identifier: Apache-2.0
#include "gateway/call.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"

namespace slipway::gateway {

namespace {

constexpr std::size_t kRequestIdLimit = 128;

// A request id given by the client is kept if it is short printable ASCII; it ends up in logs and headers.
bool acceptable_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdLimit &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127 && c != '"' && c != '\\'; });
}

std::int64_t microseconds(std::int64_t from_ns, std::int64_t to_ns) {
  return to_ns == 0 || from_ns == 0 ? -1 : std::max<std::int64_t>(0, (to_ns - from_ns) / 1000);
}

// The body as kept: whole, or cut at the limit with a mark that says so.
std::string_view limited_body(std::string_view body, std::size_t limit, std::string& storage) {
  if (body.size() <= limit) return body;
  storage = fmt::format("{}\n[cut here by Slipway: {} bytes in all]", body.substr(0, limit), body.size());
  return storage;
}

}  // namespace

std::string_view to_string(Operation operation) {
  switch (operation) {
    case Operation::kChat: return "chat";
    case Operation::kEmbeddings: return "embeddings";
    case Operation::kListModels: return "list_models";
  }
  return "chat";
}

Call::Call(Gateway& owner, net::Exchange& http, Operation what, std::string_view request_body)
    : gateway(owner),
      exchange(http),
      operation(what),
      body(request_body),
      started_us(unix_now_us() - (mono_now_ns() - http.received_ns()) / 1000),
      snapshot(owner.snapshot()),
      request(request_body),
      captured(owner.take_buffer()) {
  const GatewayParts& parts = owner.parts();
  id = parts.loop.ids().next_at(started_us);
  id.write_to(id_text.data());
  const std::string_view parent =
      parts.limits.accept_traceparent ? http.headers().find("traceparent") : std::string_view{};
  trace = continue_trace(parent, parts.loop.ids());
  const std::string_view wanted = http.headers().find("x-request-id");
  request_id = acceptable_request_id(wanted) ? wanted : std::string_view(id_text.data(), id_text.size());
  parts.metrics.call_started();
}

Call::~Call() {
  record();
  gateway.parts().metrics.call_ended();
  gateway.give_buffer(std::move(captured));
}

bool Call::captures_bodies() const {
  return environment != nullptr && environment->capture == CapturePolicy::kFull;
}

bool Call::strict() const { return environment != nullptr && environment->durability == Durability::kStrict; }

void Call::note(const Refusal& refusal) {
  status = refusal.status;
  error_code = refusal.code;
  error_message = refusal.message;
}

void Call::capture(std::string_view bytes) {
  if (!captures_bodies()) return;
  const std::size_t limit = gateway.parts().limits.capture_bytes;
  // One byte over the limit is kept, so that make_record() sees that there was more.
  if (captured.size() <= limit) captured.append(bytes.substr(0, limit + 1 - captured.size()));
}

telemetry::InvocationRecord Call::make_record() {
  account(*this);
  const std::int64_t now_ns = mono_now_ns();
  telemetry::InvocationRecord record;
  record.id = id;
  record.started_us = started_us;
  record.duration_us = microseconds(exchange.received_ns(), now_ns);
  record.first_token_us = microseconds(exchange.received_ns(), first_token_ns);
  record.upstream_us =
      microseconds(dispatched_ns, upstream_done_ns != 0 || dispatched_ns == 0 ? upstream_done_ns : now_ns);
  record.connect_us = connect_us;
  record.queue_us = microseconds(exchange.received_ns(), dispatched_ns);
  record.status = status;
  record.http_status = static_cast<std::uint16_t>(http_status);
  record.upstream_status = static_cast<std::uint16_t>(upstream_status);
  record.attempts = attempts;
  record.stream = scan.stream;
  record.operation = to_string(operation);
  record.surface = local != nullptr ? std::string_view(local->surface) : "openai";
  if (key != nullptr) {
    record.use_case = key->use_case;
    record.environment = key->environment;
    record.key_id = key->id;
    record.key_name = key->name;
  }
  if (target.connection != nullptr) {
    record.provider = target.connection->provider;
    record.connection = target.connection->name;
  }
  if (release != nullptr && !release->trial) record.release = release->id;
  record.requested_model = model;
  record.response_model = response_model;
  record.finish_reason = finish_reason;
  record.error_code = error_code;
  record.error_message = error_message;
  record.request_id = request_id;
  record.trace_id = trace.trace();
  record.span_id = trace.span();
  record.parent_span_id = trace.parent();
  record.end_user = end_user;
  record.peer = exchange.peer_address();
  record.user_agent = exchange.headers().find("user-agent");
  record.usage = usage;
  record.cost_nano = cost_nano;
  return record;
}

void Call::count(const telemetry::InvocationRecord& done) {
  using telemetry::Status;
  gateway.parts().metrics.record(done);
  if (listener != nullptr) listener->recorded(done);
  if (release == nullptr || release->tally == nullptr) return;
  // A client that leaves says nothing about the release.
  const bool error = done.status != Status::kOk && done.status != Status::kInterrupted;
  release->tally->add(gateway.parts().shard, {error, std::max<std::int64_t>(done.duration_us, 0),
                                              done.cost_nano, done.first_token_us});
}

void Call::record() {
  if (std::exchange(recorded_, true)) return;
  const GatewayParts& parts = gateway.parts();
  telemetry::InvocationRecord record = make_record();
  count(record);
  if (key == nullptr && !gateway.may_record_unauthenticated(started_us)) return;
  std::string request_storage;
  std::string response_storage;
  if (environment != nullptr && environment->capture == CapturePolicy::kNone) record.rollup_only = true;
  if (captures_bodies()) {
    record.request_body = limited_body(body, parts.limits.capture_bytes, request_storage);
    record.response_body = limited_body(response_body.empty() ? captured : response_body,
                                        parts.limits.capture_bytes, response_storage);
  }
  parts.spool.append(record);
}

rt::Task<Result<>> Call::record_durably() {
  if (recorded_) co_return Result<>{};
  const GatewayParts& parts = gateway.parts();
  telemetry::InvocationRecord record = make_record();
  if (environment->capture == CapturePolicy::kNone) record.rollup_only = true;
  std::string request_storage;
  std::string response_storage;
  if (captures_bodies()) {
    record.request_body = limited_body(body, parts.limits.capture_bytes, request_storage);
    record.response_body = limited_body(response_body.empty() ? captured : response_body,
                                        parts.limits.capture_bytes, response_storage);
  }
  Result<> kept = co_await parts.spool.append_durable(record);
  if (kept) {
    recorded_ = true;
    count(record);
  }
  co_return kept;
}

}  // namespace slipway::gateway
