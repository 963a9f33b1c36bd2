// SPDX-License-Identifier: Apache-2.0
// POST /prompts/render: what a prompt becomes, what it weighs and what its input costs.
#include <array>

#include "api/handlers.h"
#include "api/prompt_work.h"
#include "base/clock.h"
#include "llm/request_tokens.h"
#include "telemetry/cost.h"

namespace slipway::api {

namespace {

using governance::Permission;

json::array variables_json(const std::vector<llm::PromptVariable>& variables) {
  json::array out;
  for (const llm::PromptVariable& variable : variables) {
    json::object one{{"name", variable.name},
                     {"type", std::string(llm::to_string(variable.type))},
                     {"required", variable.required},
                     {"description", variable.description}};
    if (variable.fallback) one["default"] = *variable.fallback;
    out.emplace_back(std::move(one));
  }
  return out;
}

// What the input alone costs at the connection's provider; null where that is not known.
json::value input_cost(const gateway::Snapshot& snapshot, const llm::ModelTarget& target,
                       std::int64_t tokens) {
  for (const auto& connection : snapshot.connections) {
    if (connection->name != target.connection || snapshot.prices == nullptr) continue;
    telemetry::Usage usage;
    usage.input = tokens;
    usage.output = 0;
    const NanoUsd cost =
        telemetry::cost(snapshot.prices->find(connection->provider, target.model, unix_now_us()), usage);
    if (cost != telemetry::kUnknownCost) return json::value(format_usd(cost));
  }
  return nullptr;
}

Result<json::object> rendered_json(const RenderedOrder& done, const gateway::Snapshot& snapshot) {
  SLIPWAY_ASSIGN(json::value request, parse_json(done.request));
  json::object out{{"variables", variables_json(done.variables)}};
  const std::string model = done.target ? done.target->model : "";
  const llm::TokenEstimate tokens = llm::count_chat_request(model, request.as_object());
  out["input_tokens"] = done.target ? json::value(tokens.count) : json::value(nullptr);
  out["tokens_exact"] = done.target && tokens.exact;
  out["model"] = done.target ? json::value(done.target->connection + "/" + model) : json::value(nullptr);
  out["cost_usd"] = done.target ? input_cost(snapshot, *done.target, tokens.count) : json::value(nullptr);
  out["request"] = std::move(request);
  return out;
}

rt::Task<void> render_prompt(Request& request) {
  const auto body = request.body_object();
  auto order = body ? read_prompt_order(*body) : Result<PromptOrder>(fail(body.error()));
  if (order) {
    const Result<> seen = may_see_prompt(request, *order);
    if (!seen) order = fail(seen.error());
  }
  if (!order) {
    co_await answer_error(request, order.error());
    co_return;
  }
  std::function<Result<json::object>()> job = [&assets = request.services.assets, wanted = *order,
                                               snapshot =
                                                   request.gateway.snapshot()]() -> Result<json::object> {
    SLIPWAY_ASSIGN(const RenderedOrder done, render_order(assets, wanted));
    return rendered_json(done, *snapshot);
  };
  const auto rendered = co_await in_pool<json::object>(request, std::move(job));
  if (!rendered)
    co_await answer_error(request, rendered.error());
  else
    co_await answer(request, 200, json::serialize(*rendered));
}

constexpr std::array kRoutes = {
    Route{"POST", "/prompts/render", render_prompt},
};

}  // namespace

std::span<const Route> prompts_routes() { return kRoutes; }

}  // namespace slipway::api
