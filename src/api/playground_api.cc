// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"
#include "gateway/refusal.h"

namespace slipway::api {

rt::Task<void> playground_chat(Request& request) {
  auto body = request.body_object();
  const auto snapshot = request.gateway.snapshot();
  const gateway::Environment* environment = nullptr;
  std::string problem;
  if (!body) {
    problem = body.error().describe();
  } else {
    const auto name = require_string(*body, "environment");
    if (!name)
      problem = name.error().describe();
    else if (environment = snapshot->environment(*name); environment == nullptr)
      problem = "There is no environment '" + *name + "'.";
    body->erase("environment");
  }
  if (environment == nullptr) {
    co_await answer(
        request, 400,
        gateway::openai_error_body(gateway::invalid_request("invalid_value", problem, "environment")));
    co_return;
  }
  auto key = std::make_shared<gateway::Key>();
  key->name = request.session.principal.name;
  key->use_case = kPlaygroundUseCase;
  key->environment = environment;
  key->max_concurrent = request.services.config.gateway.max_concurrent_per_key;
  key->use = request.services.playground_use;
  co_await request.gateway.handle_playground(request.exchange, std::move(key), json::serialize(*body));
}

}  // namespace slipway::api
