// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/gateway_lanes.h"

#include <algorithm>
#include <utility>

#include "evaluation/call_text.h"
#include "llm/dialect.h"
#include "llm/openai_shapes.h"
#include "rt/cancel.h"

namespace slipway::evaluation {

namespace {

constexpr int kAnthropicOverloaded = 529;

std::int64_t sum_known(std::initializer_list<std::int64_t> parts) {
  std::int64_t sum = -1;
  for (const std::int64_t part : parts)
    if (part >= 0) sum = std::max<std::int64_t>(sum, 0) + part;
  return sum;
}

// "stop" → "end", …: one vocabulary for all providers. Answers of the gateway are in OpenAI's shape.
void read_finish_reason(std::string_view body, CallOutcome& out) {
  if (!body.starts_with('{')) {
    out.finish_reason = to_string(llm::openai::stop_reason(out.finish_reason));
    return;
  }
  const auto decoded = llm::find_dialect("openai")->decode_response(body);
  if (decoded && !decoded->choices.empty()) out.finish_reason = to_string(decoded->choices.front().stop);
}

// The text, and the message where it holds tool calls or more than one text.
void read_answer(std::string_view body, CallOutcome& out) {
  read_finish_reason(body, out);
  const auto answer = answered(body);
  if (!answer) return;
  if (answer->is_string()) {
    out.text = answer->get_string();
    return;
  }
  out.message = json::serialize(*answer);
  if (answer->is_object())
    if (const json::value* content = answer->get_object().if_contains("content");
        content != nullptr && content->is_string())
      out.text = content->get_string();
}

}  // namespace

CallEnd end_of_status(int status) {
  if (status == 429 || status == kAnthropicOverloaded) return CallEnd::kLimited;
  if (status >= 500 || status == 408) return CallEnd::kFailed;
  return CallEnd::kRefused;
}

CallOutcome outcome_of(const gateway::LocalAnswer& answer) {
  using telemetry::Status;
  CallOutcome out;
  out.invocation = answer.invocation;
  out.finish_reason = answer.finish_reason;
  out.model = answer.response_model;
  out.latency_us = answer.duration_us;
  out.first_token_us = answer.first_token_us;
  out.input_tokens = sum_known({answer.usage.input, answer.usage.cache_read, answer.usage.cache_write});
  out.output_tokens = sum_known({answer.usage.output, answer.usage.reasoning});
  out.cost_nano = answer.cost_nano;
  out.retry_after_ms = static_cast<std::int64_t>(answer.retry_after_s) * 1'000;
  out.error_code = answer.error_code;
  out.error_message = answer.error_message;
  switch (answer.status) {
    case Status::kOk: out.end = answer.complete ? CallEnd::kAnswered : CallEnd::kFailed; break;
    case Status::kLimited: out.end = CallEnd::kLimited; break;
    case Status::kInterrupted: out.end = CallEnd::kCancelled; break;
    case Status::kUpstreamError:
    case Status::kInternalError: out.end = end_of_status(answer.http_status); break;
    case Status::kClientError:
    case Status::kBlocked: out.end = CallEnd::kRefused; break;
  }
  // "Not now, but then": overload, as good as a 429.
  if (out.end == CallEnd::kFailed && answer.http_status == 503 && answer.retry_after_s != 0)
    out.end = CallEnd::kLimited;
  if (out.end == CallEnd::kRefused && answer.http_status >= 500) out.end = CallEnd::kFailed;
  if (answer.status == Status::kUpstreamError && out.end == CallEnd::kRefused) out.end = CallEnd::kFailed;
  out.paid = answer.sent_upstream && (answer.status == Status::kOk || out.output_tokens > 0 ||
                                      (answer.cost_nano > 0 && out.end != CallEnd::kLimited));
  if (out.end == CallEnd::kAnswered) read_answer(answer.body, out);
  return out;
}

// What of one run lives on one loop; used there only, but for the pointer.
struct GatewayLanes::Lane {
  explicit Lane(gateway::Gateway& owner) : gateway(owner) {}
  gateway::Gateway& gateway;
  rt::CancelSource cancel;

  static rt::Task<void> ask(std::shared_ptr<Lane> lane, Waiting waiting) {
    rt::CancelSource own;
    const rt::CancelCallback by_run(lane->cancel, [&own] { own.cancel(); });
    const rt::CancelCallback by_server(lane->gateway.parts().tasks.cancel(), [&own] { own.cancel(); });
    const gateway::LocalAnswer answer =
        co_await gateway::call_locally(lane->gateway, std::move(waiting.call), own);
    waiting.done(outcome_of(answer));
  }
};

GatewayLanes::GatewayLanes(const std::vector<gateway::Gateway*>& gateways) {
  for (gateway::Gateway* one : gateways) lanes_.push_back(std::make_shared<Lane>(*one));
}

GatewayLanes::~GatewayLanes() = default;

void GatewayLanes::start(std::vector<Waiting> calls) {
  std::vector<std::vector<Waiting>> by_lane(lanes_.size());
  for (Waiting& one : calls)
    by_lane[next_.fetch_add(1, std::memory_order_relaxed) % lanes_.size()].push_back(std::move(one));
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (by_lane[i].empty()) continue;
    auto waiting = std::make_shared<std::vector<Waiting>>(std::move(by_lane[i]));
    lanes_[i]->gateway.parts().loop.post([lane = lanes_[i], waiting] {
      for (Waiting& one : *waiting) lane->gateway.parts().tasks.spawn(Lane::ask(lane, std::move(one)));
    });
  }
}

void GatewayLanes::cancel() {
  for (const auto& lane : lanes_) lane->gateway.parts().loop.post([lane] { lane->cancel.cancel(); });
}

}  // namespace slipway::evaluation
