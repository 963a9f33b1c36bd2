// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "gateway/call.h"

namespace slipway::gateway {

namespace {

constexpr std::size_t kBuffersKept = 256;
constexpr std::size_t kBufferKeptBytes = 1u << 20;  // a larger one is given back to the system

}  // namespace

Gateway::Gateway(GatewayParts parts, std::shared_ptr<const Snapshot> snapshot)
    : parts_(std::move(parts)), scanner_(llm::ScanLimits{parts_.limits.json_depth}) {
  publish(std::move(snapshot));
}

void Gateway::publish(std::shared_ptr<const Snapshot> snapshot) {
  snapshot_ = std::make_shared<const std::shared_ptr<const Snapshot>>(std::move(snapshot));
}

std::shared_ptr<const Snapshot> Gateway::snapshot() const { return {snapshot_, snapshot_->get()}; }

std::string Gateway::take_buffer() {
  if (buffers_.empty()) return {};
  std::string buffer = std::move(buffers_.back());
  buffers_.pop_back();
  buffer.clear();
  return buffer;
}

void Gateway::give_buffer(std::string buffer) {
  if (buffer.capacity() > 64 && buffer.capacity() <= kBufferKeptBytes && buffers_.size() < kBuffersKept)
    buffers_.push_back(std::move(buffer));
}

bool Gateway::may_record_unauthenticated(std::int64_t now_us) {
  const std::int64_t second = now_us / 1'000'000;
  if (second != std::exchange(unauthenticated_second_, second)) unauthenticated_count_ = 0;
  return ++unauthenticated_count_ <= parts_.limits.unauthenticated_records_per_second;
}

rt::Task<void> Gateway::handle(net::Exchange& exchange) {
  const std::string_view path = exchange.path();
  const bool post = exchange.method() == "POST";
  const bool get = exchange.method() == "GET" || exchange.method() == "HEAD";
  if (path == "/v1/chat/completions" && post) {
    co_await serve(exchange, Operation::kChat, nullptr, exchange.body(), false);
  } else if (path == "/v1/embeddings" && post) {
    co_await serve(exchange, Operation::kEmbeddings, nullptr, exchange.body(), false);
  } else if ((path == "/v1/models" || path.starts_with("/v1/models/")) && get) {
    co_await serve_models(exchange);
  } else {
    Call call(*this, exchange, Operation::kChat, {});
    const bool known = path == "/v1/chat/completions" || path == "/v1/embeddings" || path == "/v1/models";
    Refusal refusal = not_found(
        known ? "method_not_allowed" : "unknown_url",
        known ? fmt::format("{} does not take {}.", path, exchange.method())
              : fmt::format(
                    "There is no {} {} here. Served are POST /v1/chat/completions, POST /v1/embeddings, GET "
                    "/v1/models and GET /v1/models/{{model}}.",
                    exchange.method(), path));
    if (known) refusal.http_status = 405;
    co_await answer_refusal(call, std::move(refusal));
  }
}

rt::Task<void> Gateway::handle_playground(net::Exchange& exchange, std::shared_ptr<const Key> key,
                                          std::string body) {
  co_await serve(exchange, Operation::kChat, std::move(key), body, true);
}

rt::Task<void> Gateway::serve(net::Exchange& exchange, Operation operation, std::shared_ptr<const Key> key,
                              std::string_view body, bool summary) {
  Call call(*this, exchange, operation, body);
  call.key = std::move(key);
  call.wants_summary = summary;
  co_await walk(call);
}

rt::Task<void> Gateway::handle_local(net::Exchange& exchange, const LocalCall& local,
                                     CallListener& listener) {
  Call call(*this, exchange, Operation::kChat, local.body);
  call.local = &local;
  call.listener = &listener;
  call.key = local_key(*call.snapshot, local);
  if (call.key == nullptr) {
    Refusal refusal =
        unavailable("no_environment",
                    fmt::format("There is no environment '{}' any more. Name it under 'environments' in "
                                "slipway.yaml again, or make the call in another one.",
                                local.environment));
    co_await answer_refusal(call, std::move(refusal));
    co_return;
  }
  co_await walk(call);
}

rt::Task<void> Gateway::walk(Call& call) {
  std::optional<Refusal> refusal = authenticate(call);
  if (!refusal) refusal = read_request(call);
  if (!refusal) refusal = resolve(call);
  if (!refusal) refusal = admit(call);
  if (!refusal) refusal = render(call);
  if (refusal) {
    co_await answer_refusal(call, std::move(*refusal));
    co_return;
  }
  co_await dispatch(call);
}

void Gateway::record_early_refusal(int http_status, std::string_view code, std::string_view sentence) {
  const std::int64_t now_us = unix_now_us();
  telemetry::InvocationRecord record;
  record.id = parts_.loop.ids().next();
  record.started_us = now_us;
  record.status = telemetry::Status::kClientError;
  record.http_status = static_cast<std::uint16_t>(http_status);
  record.surface = "http";
  record.error_code = code;
  record.error_message = sentence;
  parts_.metrics.call_started();
  parts_.metrics.record(record);
  parts_.metrics.call_ended();
  if (may_record_unauthenticated(now_us)) parts_.spool.append(record);
}

}  // namespace slipway::gateway
