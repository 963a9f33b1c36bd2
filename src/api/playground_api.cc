// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "api/handlers.h"
#include "api/prompt_work.h"
#include "gateway/refusal.h"

namespace slipway::api {

namespace {

struct Wanted {
  json::object body;  // OpenAI's request
  std::string environment;
  std::optional<PromptOrder> prompt;
};

Result<Wanted> read_wanted(const Request& request) {
  Wanted wanted;
  SLIPWAY_ASSIGN(wanted.body, request.body_object());
  SLIPWAY_ASSIGN(wanted.environment, require_string(wanted.body, "environment"));
  SLIPWAY_ASSIGN(const json::object* prompt, optional_object(wanted.body, "prompt"));
  if (prompt != nullptr) {
    SLIPWAY_ASSIGN(wanted.prompt, read_prompt_order(*prompt));
    SLIPWAY_TRY(may_see_prompt(request, *wanted.prompt));
    // The conversation goes on in the request's own messages.
    if (const json::value* messages = wanted.body.if_contains("messages"))
      wanted.prompt->call["messages"] = *messages;
  }
  for (const std::string_view field : {"environment", "prompt"}) wanted.body.erase(field);
  return wanted;
}

// The prompt's request with what the page sets over it: another model, another temperature.
Result<json::object> with_prompt(catalog::AssetStore& assets, const Wanted& wanted) {
  SLIPWAY_ASSIGN(const RenderedOrder done, render_order(assets, *wanted.prompt));
  SLIPWAY_ASSIGN(json::value parsed, parse_json(done.request));
  json::object& request = parsed.as_object();
  if (done.target) request["model"] = done.target->connection + "/" + done.target->model;
  for (const auto& member : wanted.body) {
    if (member.key() == "messages" || member.value().is_null()) continue;
    request[member.key()] = member.value();
  }
  if (!request.contains("model"))
    return fail(ErrorCode::kInvalidArgument, "the prompt's model is not stored, and no other is named",
                "model", "Push the model, or choose one to try.");
  return request;
}

}  // namespace

rt::Task<void> playground_chat(Request& request) {
  auto wanted = read_wanted(request);
  const auto snapshot = request.gateway.snapshot();
  const gateway::Environment* environment = wanted ? snapshot->environment(wanted->environment) : nullptr;
  if (wanted && environment == nullptr)
    wanted = fail(ErrorCode::kInvalidArgument, "There is no environment '" + wanted->environment + "'.",
                  "environment");
  if (wanted && wanted->prompt) {
    std::function<Result<json::object>()> job = [&assets = request.services.assets, order = *wanted] {
      return with_prompt(assets, order);
    };
    auto rendered = co_await in_pool<json::object>(request, std::move(job));
    if (rendered)
      wanted->body = std::move(*rendered);
    else
      wanted = fail(rendered.error());
  }
  if (!wanted) {
    const Error& error = wanted.error();
    std::string sentence = error.message;
    if (!error.hint.empty()) sentence += (sentence.ends_with('.') ? " " : ". ") + error.hint;
    gateway::Refusal refusal = gateway::invalid_request("invalid_value", sentence, error.where);
    if (error.code == ErrorCode::kPermissionDenied)
      refusal = gateway::forbidden("permission_denied", sentence);
    if (error.code == ErrorCode::kNotFound) refusal = gateway::not_found("not_found", sentence);
    co_await answer(request, refusal.http_status, gateway::openai_error_body(refusal));
    co_return;
  }
  auto key = std::make_shared<gateway::Key>();
  key->name = request.session.principal.name;
  key->use_case = kPlaygroundUseCase;
  key->environment = environment->name;
  key->max_concurrent = request.services.config.gateway.max_concurrent_per_key;
  key->use = request.services.playground_use;
  co_await request.gateway.handle_playground(request.exchange, std::move(key), json::serialize(wanted->body));
}

}  // namespace slipway::api
