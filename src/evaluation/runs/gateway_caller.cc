// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/gateway_caller.h"

#include <fmt/format.h>

#include <utility>

#include "evaluation/runs/case_input.h"

namespace slipway::evaluation {

GatewayCaller::GatewayCaller(const std::vector<gateway::Gateway*>& gateways, GatewayTarget target)
    : target_(std::move(target)), lanes_(gateways) {}

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
  call.key_name = kEvaluationSurface;
  call.surface = kEvaluationSurface;
  call.end_user = "run:" + target_.run;
  call.max_concurrent = target_.max_concurrent;
  call.use = target_.use;
  return call;
}

void GatewayCaller::start(std::vector<CallOrder> orders, const Done& done) {
  const auto shared = std::make_shared<const Done>(done);
  std::vector<CallLanes::Waiting> waiting;
  waiting.reserve(orders.size());
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
    waiting.push_back({std::move(*call), [order = std::move(order), shared](CallOutcome outcome) {
                         (*shared)(order, std::move(outcome));
                       }});
  }
  lanes_.start(std::move(waiting));
}

void GatewayCaller::cancel() { lanes_.cancel(); }

}  // namespace slipway::evaluation
