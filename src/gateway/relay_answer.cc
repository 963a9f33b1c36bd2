// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "gateway/dispatch.h"
#include "gateway/stream_relay.h"

namespace slipway::gateway {

namespace {

bool is_json(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  return iequals(type, "application/json") || (type.ends_with("+json"));
}

Refusal invalid_answer(const Call& call, std::string what) {
  return {
      502,
      telemetry::Status::kUpstreamError,
      "upstream_error",
      "upstream_invalid_response",
      fmt::format(
          "The provider behind connection '{}' sent {}. Check the connection's base_url and dialect; if they "
          "are right, the provider or a proxy before it is at fault.",
          call.target.connection->name, what),
      {},
      0};
}

// Reads what the record needs from an answer that passes untouched.
std::optional<Refusal> read_passing(Call& call, std::string_view body) {
  auto scanned = call.gateway.scanner().scan_response(body);
  if (!scanned)
    return invalid_answer(call, "a body that is not valid JSON (" + scanned.error().message + ")");
  call.usage = to_record(scanned->usage);
  call.response_model = scanned->model;
  call.finish_reason = scanned->finish_reason;
  return std::nullopt;
}

std::optional<Refusal> translate(Call& call, std::string_view body, std::string& out) {
  auto decoded = call.target.connection->wire->decode_response(body);
  if (!decoded)
    return invalid_answer(call, "an answer that could not be read (" + decoded.error().describe() + ")");
  call.usage = to_record(decoded->usage);
  call.response_model = decoded->model;
  if (!decoded->choices.empty()) call.finish_reason = decoded->choices.front().raw_stop;
  if (decoded->created_s == 0) decoded->created_s = unix_now_us() / 1'000'000;
  out = llm::find_dialect("openai")->encode_response(*decoded);
  return std::nullopt;
}

}  // namespace

rt::Task<void> relay_answer(Call& call, UpstreamRequest& request) {
  Result<std::unique_ptr<net::ClientResponse>> sent =
      co_await send_upstream(call, request, call.exchange.cancel());
  if (!sent) {
    if (auto refusal = note_upstream_failure(call, sent.error()))
      co_await answer_refusal(call, std::move(*refusal));
    co_return;
  }
  net::ClientResponse& response = **sent;
  if (response.status() != 200) {
    co_await relay_refusal(call, response);
    co_return;
  }
  const Result<std::string_view> body =
      co_await response.read_all(call.gateway.parts().limits.response_bytes);
  call.upstream_done_ns = mono_now_ns();
  if (!body) {
    if (auto refusal = note_upstream_failure(call, body.error()))
      co_await answer_refusal(call, std::move(*refusal));
    co_return;
  }
  std::optional<Refusal> refusal;
  std::string translated;
  if (!is_json(response.headers().find("content-type")))
    refusal = invalid_answer(call, fmt::format("content of the type '{}' instead of JSON",
                                               response.headers().find("content-type")));
  else if (passes(call))
    refusal = read_passing(call, *body);
  else
    refusal = translate(call, *body, translated);
  if (refusal) {
    co_await answer_refusal(call, std::move(*refusal));
    co_return;
  }
  call.status = telemetry::Status::kOk;
  co_await answer_json(call, 200, passes(call) ? *body : std::string_view(translated));
}

}  // namespace slipway::gateway
