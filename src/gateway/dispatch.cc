// SPDX-License-Identifier: Apache-2.0
#include "gateway/dispatch.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "gateway/stream_relay.h"

namespace slipway::gateway {

namespace {

constexpr std::size_t kRefusalBodyLimit = 1u << 20;

// Bytes pass, but for the model's name and the question for usage.
void pass_request(Call& call, UpstreamRequest& request) {
  const Connection& connection = *call.target.connection;
  const bool same_model = call.target.upstream_model == call.model;
  // Usage is always asked for: a stream without it could not be priced.
  const bool asks_usage = call.operation == Operation::kChat && call.scan.stream && !call.scan.include_usage;
  if (same_model && !asks_usage) {
    request.body = call.request;
  } else {
    request.owned_body = call.gateway.take_buffer();
    llm::rewrite_request(call.request, call.scan,
                         same_model ? std::string_view{} : call.target.upstream_model, asks_usage,
                         request.owned_body);
    request.body = request.owned_body;
  }
  request.target = call.operation == Operation::kChat ? connection.chat_target : connection.embeddings_target;
  request.headers.reserve(connection.headers.size() + 5);
  request.headers.push_back({"content-type", "application/json"});
  for (const auto& [name, value] : connection.headers) request.headers.push_back({name, value});
  // The simulated provider fails on demand.
  if (connection.simulated) {
    if (const std::string_view demand = call.exchange.headers().find("x-simulate"); !demand.empty())
      request.headers.push_back({"x-simulate", demand});
  }
}

std::optional<Refusal> translate_request(Call& call, UpstreamRequest& request) {
  const Connection& connection = *call.target.connection;
  auto decoded = llm::find_dialect("openai")->decode_request(call.request);
  if (!decoded) return invalid_request("invalid_value", decoded.error().describe(), decoded.error().where);
  decoded->model = call.target.upstream_model;
  llm::Credentials credentials;
  credentials.secret = connection.secret;
  auto encoded = connection.wire->encode_request(*decoded, credentials);
  if (!encoded)
    return invalid_request("unsupported_by_provider",
                           fmt::format("This request can't be sent to the connection '{}' ({}): {}",
                                       connection.name, connection.wire->name(), encoded.error().describe()),
                           encoded.error().where);
  request.owned_body = std::move(encoded->body);
  request.body = request.owned_body;
  request.owned_target = connection.origin.prefix + encoded->path;
  request.target = request.owned_target;
  request.owned_headers = std::move(encoded->headers);
  for (const auto& [name, value] : request.owned_headers) request.headers.push_back({name, value});
  return std::nullopt;
}

// {"error": {…}}: what clients of OpenAI's API can read.
bool has_error_object(std::string_view body) {
  const auto parsed = parse_json(body);
  if (!parsed || !parsed->is_object()) return false;
  const json::value* error = parsed->as_object().if_contains("error");
  return error != nullptr && error->is_object();
}

}  // namespace

bool passes(const Call& call) { return call.target.connection->dialect != Dialect::kAnthropic; }

rt::Task<void> dispatch(Call& call) {
  UpstreamRequest request;
  if (passes(call)) {
    pass_request(call, request);
  } else if (auto refusal = translate_request(call, request)) {
    co_await answer_refusal(call, std::move(*refusal));
    co_return;
  }
  request.headers.push_back({"accept", call.scan.stream ? "text/event-stream" : "application/json"});
  request.headers.push_back({"user-agent", "slipway/0.1"});
  request.headers.push_back({"traceparent", call.trace.traceparent()});
  if (call.scan.stream && call.operation == Operation::kChat)
    co_await relay_stream(call, request);
  else
    co_await relay_answer(call, request);
  call.gateway.give_buffer(std::move(request.owned_body));
}

rt::Task<Result<std::unique_ptr<net::ClientResponse>>> send_upstream(Call& call,
                                                                     const UpstreamRequest& request,
                                                                     rt::CancelSource& cancel) {
  const Connection& connection = *call.target.connection;
  net::OutgoingRequest outgoing;
  outgoing.method = "POST";
  outgoing.target = request.target;
  outgoing.headers = request.headers;
  outgoing.body = request.body;
  call.dispatched_ns = mono_now_ns();
  call.attempts = 1;
  call.account_input_if_unknown = true;
  auto sent =
      co_await call.gateway.parts().client.send(connection.origin, outgoing, connection.clocks, &cancel);
  if (sent) {
    call.upstream_status = (*sent)->status();
    call.connect_us =
        (*sent)->reused_connection() ? 0 : ((*sent)->connected_ns() - call.dispatched_ns) / 1000;
    const bool failed = call.upstream_status >= 500;
    connection.health->last_call_failed.store(failed, std::memory_order_relaxed);
    (failed ? connection.health->failures : connection.health->successes)
        .fetch_add(1, std::memory_order_relaxed);
  } else if (sent.error().code != ErrorCode::kCancelled) {
    connection.health->last_call_failed.store(true, std::memory_order_relaxed);
    connection.health->failures.fetch_add(1, std::memory_order_relaxed);
  }
  co_return sent;
}

std::optional<Refusal> note_upstream_failure(Call& call, const Error& error) {
  call.upstream_done_ns = mono_now_ns();
  if (call.exchange.cancel().cancelled()) {
    call.status = telemetry::Status::kInterrupted;
    call.error_code = "client_left";
    call.error_message = "The client closed the connection before the answer was complete.";
    return std::nullopt;
  }
  // A connection that failed before any answer was not paid for, as far as anybody can know.
  if (call.upstream_status == 0 && error.code == ErrorCode::kUnavailable)
    call.account_input_if_unknown = false;
  Refusal refusal = upstream_failed(error, call.target.connection->name);
  call.note(refusal);
  return refusal;
}

RefusedAnswer read_refusal(Call& call, int status, std::string_view retry_after, std::string_view body) {
  const Connection& connection = *call.target.connection;
  const llm::ProviderError error = connection.wire->decode_error(status, retry_after, body);
  RefusedAnswer answer;
  Refusal& refusal = answer.refusal;
  refusal.http_status = status;
  refusal.code = error.code.empty() ? std::string(llm::to_string(error.error_class)) : error.code;
  refusal.type = error.type.empty() ? "upstream_error" : error.type;
  refusal.message = error.message.empty()
                        ? fmt::format("The provider behind connection '{}' answered {} without a message.",
                                      connection.name, status)
                        : error.message;
  refusal.param = error.param;
  if (error.retry_after_ms >= 0)
    refusal.retry_after_s = static_cast<std::uint32_t>((error.retry_after_ms + 999) / 1000);
  using telemetry::Status;
  if (status == 429) {
    refusal.status = Status::kLimited;
  } else if (status == 401 || status == 403) {
    // Our credentials, not the client's: a 401 would send its user looking in the wrong place.
    refusal.status = Status::kUpstreamError;
    refusal.http_status = 502;
    refusal.type = "upstream_error";
    refusal.code = "upstream_authentication";
    refusal.message = fmt::format(
        "The provider refused the credentials of the connection '{}' (HTTP {}): {} An operator "
        "should check connections.{}.api_key.",
        connection.name, status, refusal.message, connection.name);
  } else if (status >= 500) {
    refusal.status = Status::kUpstreamError;
  } else if (status < 400) {
    refusal.status = Status::kUpstreamError;
    refusal.http_status = 502;
    refusal.code = "upstream_unexpected_status";
    refusal.message = fmt::format(
        "The provider behind connection '{}' answered with the unexpected status {}. Check its "
        "base_url.",
        connection.name, status);
  } else {
    refusal.status = Status::kClientError;
  }
  call.note(refusal);
  // A refusal in OpenAI's own shape keeps every field it came with.
  const bool own_shape =
      passes(call) && refusal.http_status == status && !error.message.empty() && has_error_object(body);
  answer.body = own_shape ? std::string(body) : openai_error_body(refusal);
  return answer;
}

rt::Task<void> relay_refusal(Call& call, net::ClientResponse& response) {
  const int status = response.status();
  const std::string retry_after(response.headers().find("retry-after"));
  const Result<std::string_view> body = co_await response.read_all(kRefusalBodyLimit);
  call.upstream_done_ns = mono_now_ns();
  if (!body) {
    if (auto refusal = note_upstream_failure(call, body.error()))
      co_await answer_refusal(call, std::move(*refusal));
    co_return;
  }
  call.account_input_if_unknown = false;  // a refused call costs nothing
  RefusedAnswer answer = read_refusal(call, status, retry_after, *body);
  if (call.exchange.started()) {
    // The stream was opened to keep it alive; the refusal comes as its only event.
    std::string event = "data: " + openai_error_body(answer.refusal) + "\n\n";
    call.capture(event);
    const Result<> written = co_await call.exchange.write(event);
    if (written) {
      const Result<> finished = co_await call.exchange.finish();
      static_cast<void>(finished);  // the record holds the provider's refusal either way
    }
    co_return;
  }
  co_await answer_json(call, answer.refusal.http_status, answer.body, answer.refusal.retry_after_s);
}

}  // namespace slipway::gateway
