// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api/handlers.h"
#include "base/clock.h"
#include "base/text.h"

namespace slipway::api {

namespace {

json::object use_case_json(const governance::UseCase& use_case) {
  return {{"slug", use_case.slug},
          {"name", use_case.name},
          {"owner", use_case.owner},
          {"created_at", format_time_us(use_case.created_us)}};
}

json::value price_text(PicoUsd pico_per_token) {
  // pico-dollars a token are micro-dollars per million tokens; format_usd takes nano-dollars.
  return pico_per_token < 0 ? json::value(nullptr) : json::value(format_usd(pico_per_token * 1000));
}

json::value price_json(const gateway::Snapshot& snapshot, const gateway::ModelName& model) {
  if (snapshot.prices == nullptr) return nullptr;
  const std::string billed =
      model.connection->simulated ? "simulated/" + model.upstream_model : model.upstream_model;
  const auto price = snapshot.prices->find(model.connection->provider, billed, unix_now_us());
  if (price == nullptr) return nullptr;
  return json::object{{"input", price_text(price->rates.input)},
                      {"cache_read", price_text(price->rates.cache_read)},
                      {"cache_write", price_text(price->rates.cache_write)},
                      {"output", price_text(price->rates.output)},
                      {"reasoning", price_text(price->rates.reasoning)}};
}

json::array operations_of(const gateway::ModelName& model) {
  if (model.name.find("embed") != std::string::npos) return {"embeddings"};
  return {"chat"};
}

}  // namespace

rt::Task<void> list_use_cases(Request& request) {
  std::function<Result<std::vector<governance::UseCase>>()> job = [&services = request.services] {
    return services.use_cases.list();
  };
  const auto use_cases = co_await in_pool<std::vector<governance::UseCase>>(request, std::move(job));
  if (!use_cases) {
    co_await answer_error(request, use_cases.error());
    co_return;
  }
  json::array items;
  for (const governance::UseCase& use_case : *use_cases) items.emplace_back(use_case_json(use_case));
  co_await answer(request, 200, items_json(std::move(items)));
}

rt::Task<void> create_use_case(Request& request) {
  const auto body = request.body_object();
  const auto slug = body ? require_string(*body, "slug") : Result<std::string>(fail(body.error()));
  const auto name = body ? require_string(*body, "name") : Result<std::string>(fail(body.error()));
  const auto owner =
      body ? optional_string(*body, "owner") : Result<std::optional<std::string>>(fail(body.error()));
  if (!slug || !name || !owner) {
    co_await answer_error(request, !slug ? slug.error() : !name ? name.error() : owner.error());
    co_return;
  }
  std::function<Result<governance::UseCase>()> job = [&services = request.services, wanted_slug = *slug,
                                                      wanted_name = *name,
                                                      by = owner->value_or(request.session.principal.name)] {
    return services.use_cases.create(wanted_slug, wanted_name, by);
  };
  const auto made = co_await in_pool<governance::UseCase>(request, std::move(job));
  if (!made)
    co_await answer_error(request, made.error());
  else
    co_await answer(request, 201, json::serialize(use_case_json(*made)));
}

rt::Task<void> list_environments(Request& request) {
  json::array items;
  for (const EnvironmentConfig& environment : request.services.config.environments)
    items.emplace_back(
        json::object{{"name", environment.name}, {"capture", std::string(to_string(environment.capture))}});
  co_await answer(request, 200, items_json(std::move(items)));
}

rt::Task<void> list_models(Request& request) {
  const auto snapshot = request.gateway.snapshot();
  const std::string wanted(request.param("environment"));
  json::array items;
  for (const auto& environment : snapshot->environments) {
    if (!wanted.empty() && environment->name != wanted) continue;
    const std::vector<gateway::ModelName> models =
        co_await request.gateway.list_models(snapshot, *environment);
    for (const gateway::ModelName& model : models)
      items.emplace_back(json::object{{"name", model.name},
                                      {"model", model.upstream_model},
                                      {"environment", environment->name},
                                      {"connection", model.connection->name},
                                      {"provider", model.connection->provider},
                                      {"simulated", model.connection->simulated},
                                      {"operations", operations_of(model)},
                                      {"price", price_json(*snapshot, model)}});
  }
  co_await answer(request, 200, items_json(std::move(items)));
}

rt::Task<void> list_connections(Request& request) {
  const auto snapshot = request.gateway.snapshot();
  const std::string_view wanted = request.param("environment");
  json::array items;
  for (const auto& environment : snapshot->environments) {
    if (!wanted.empty() && environment->name != wanted) continue;
    for (const gateway::Connection* connection : environment->connections) {
      const bool used = connection->health->successes.load() + connection->health->failures.load() > 0;
      const bool failing = connection->health->last_call_failed.load();
      json::object item{
          {"name", connection->name},
          {"environment", environment->name},
          {"provider", connection->provider},
          {"dialect", std::string(to_string(connection->dialect))},
          {"base_url", connection->simulated
                           ? std::string()
                           : fmt::format("{}://{}{}", connection->origin.tls ? "https" : "http",
                                         connection->origin.host_header, connection->origin.prefix)},
          {"state", failing ? "failing"
                    : used  ? "ok"
                            : "unknown"}};
      if (failing) item["detail"] = "The latest call on this connection failed; its invocation says how.";
      items.emplace_back(std::move(item));
    }
  }
  co_await answer(request, 200, items_json(std::move(items)));
}

}  // namespace slipway::api
