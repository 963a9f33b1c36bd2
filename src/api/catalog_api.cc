// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api/handlers.h"
#include "base/clock.h"
#include "base/text.h"

namespace slipway::api {

namespace {

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
