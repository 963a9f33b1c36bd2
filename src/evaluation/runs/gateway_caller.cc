// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/gateway_caller.h"

#include <fmt/format.h>

#include <utility>

#include "evaluation/call_text.h"
#include "evaluation/runs/case_input.h"
#include "llm/dialect.h"
#include "llm/openai_shapes.h"
#include "rt/cancel.h"

namespace slipway::evaluation {

namespace {

constexpr std::string_view kSurface = "evaluation";
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

// What of one caller lives on one loop; used there only, but for the pointer.
struct GatewayCaller::Lane {
  explicit Lane(gateway::Gateway& owner) : gateway(owner) {}
  gateway::Gateway& gateway;
  rt::CancelSource cancel;

  struct Waiting {
    CallOrder order;
    gateway::LocalCall call;
  };
  static rt::Task<void> ask(std::shared_ptr<Lane> lane, Waiting waiting, std::shared_ptr<const Done> done) {
    rt::CancelSource own;
    const rt::CancelCallback by_run(lane->cancel, [&own] { own.cancel(); });
    const rt::CancelCallback by_server(lane->gateway.parts().tasks.cancel(), [&own] { own.cancel(); });
    const gateway::LocalAnswer answer =
        co_await gateway::call_locally(lane->gateway, std::move(waiting.call), own);
    (*done)(waiting.order, outcome_of(answer));
  }
};

GatewayCaller::GatewayCaller(const std::vector<gateway::Gateway*>& gateways, GatewayTarget target)
    : target_(std::move(target)) {
  for (gateway::Gateway* one : gateways) lanes_.push_back(std::make_shared<Lane>(*one));
}

GatewayCaller::~GatewayCaller() = default;

Result<gateway::LocalCall> GatewayCaller::make_call(const CallOrder& order) const {
  const CellTarget& cell = target_.cells.at(order.cell);
  const json::value* input = order.one->field("input");
  if (input == nullptr) return fail(ErrorCode::kInvalidArgument, "the case has no input", "input");
  gateway::LocalCall call;
  json::object body;
  if (cell.release != nullptr) {
    SLIPWAY_ASSIGN(body, call_of_input(*input, cell.release->program->variables()));
    body["model"] = target_.use_case;
    call.release = cell.release;
    call.variant = cell.variant;
    call.subject = fmt::format("{}/{}", order.one->id, order.repeat);
  } else {
    SLIPWAY_ASSIGN(json::array messages, messages_of_input(*input));
    body = cell.parameters;
    body["model"] = cell.model;
    body["messages"] = std::move(messages);
  }
  if (target_.stream) body["stream"] = true;
  call.body = json::serialize(body);
  call.environment = target_.environment;
  call.use_case = target_.use_case;
  call.key_name = kSurface;
  call.surface = kSurface;
  call.end_user = "run:" + target_.run;
  call.max_concurrent = target_.max_concurrent;
  call.use = target_.use;
  return call;
}

void GatewayCaller::start(std::vector<CallOrder> orders, const Done& done) {
  std::vector<std::vector<Lane::Waiting>> by_lane(lanes_.size());
  for (CallOrder& order : orders) {
    auto call = make_call(order);
    if (!call) {
      CallOutcome refused;
      refused.end = CallEnd::kRefused;
      refused.error_code = "invalid_case";
      refused.error_message = call.error().describe();
      done(order, std::move(refused));
      continue;
    }
    by_lane[next_++ % lanes_.size()].push_back({std::move(order), std::move(*call)});
  }
  const auto shared = std::make_shared<const Done>(done);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (by_lane[i].empty()) continue;
    auto waiting = std::make_shared<std::vector<Lane::Waiting>>(std::move(by_lane[i]));
    lanes_[i]->gateway.parts().loop.post([lane = lanes_[i], waiting, shared] {
      for (Lane::Waiting& one : *waiting)
        lane->gateway.parts().tasks.spawn(Lane::ask(lane, std::move(one), shared));
    });
  }
}

void GatewayCaller::cancel() {
  for (const auto& lane : lanes_) lane->gateway.parts().loop.post([lane] { lane->cancel.cancel(); });
}

}  // namespace slipway::evaluation
