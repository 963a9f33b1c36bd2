// SPDX-License-Identifier: Apache-2.0
// GET /v1/models and /v1/models/{id}: what this key may call.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "gateway/call.h"

namespace slipway::gateway {

namespace {

constexpr std::string_view kUseCaseOwner = "slipway";  // `owned_by` of what releases answer
constexpr std::int64_t kCacheNs = 60'000'000'000;
constexpr std::size_t kListLimitBytes = 4u << 20;
constexpr net::ClientClocks kListClocks{3'000, 5'000, 5'000, 10'000};

bool is_glob(const std::string& pattern) { return pattern.find('*') != std::string::npos; }

std::vector<std::string> read_names(std::string_view body) {
  std::vector<std::string> names;
  const auto parsed = parse_json(body);
  if (!parsed || !parsed->is_object()) return names;
  const json::value* data = parsed->as_object().if_contains("data");
  if (data == nullptr || !data->is_array()) return names;
  for (const json::value& model : data->as_array()) {
    if (!model.is_object()) continue;
    const json::value* id = model.as_object().if_contains("id");
    if (id != nullptr && id->is_string()) names.emplace_back(id->as_string());
  }
  return names;
}

std::string model_json(std::string_view name, std::string_view provider) {
  std::string out = R"({"id":)";
  append_json_string(out, name);
  out += R"(,"object":"model","created":0,"owned_by":)";
  append_json_string(out, provider);
  out += '}';
  return out;
}

}  // namespace

rt::Task<std::vector<std::string>> Gateway::upstream_models(
    [[maybe_unused]] std::shared_ptr<const Snapshot> keep, const Connection& connection) {
  ModelCache& cache = model_cache_[connection.name];
  if (cache.fetched_ns != 0 && mono_now_ns() - cache.fetched_ns < kCacheNs) co_return cache.names;
  std::vector<net::Header> headers;
  for (const auto& [name, value] : connection.headers) headers.push_back({name, value});
  net::OutgoingRequest request;
  request.method = "GET";
  request.target = connection.models_target;
  request.headers = headers;
  std::vector<std::string> names;
  Result<std::unique_ptr<net::ClientResponse>> sent =
      co_await parts_.client.send(connection.origin, request, kListClocks, nullptr);
  if (sent && (*sent)->status() == 200) {
    const Result<std::string_view> body = co_await (*sent)->read_all(kListLimitBytes);
    if (body) names = read_names(*body);
  }
  if (names.empty())
    parts_.log.warning("models.not_listed", {{"connection", connection.name},
                                             {"reason", sent ? fmt::format("status {}", (*sent)->status())
                                                             : sent.error().describe()}});
  ModelCache& fresh = model_cache_[connection.name];  // the map may have moved meanwhile
  fresh.fetched_ns = mono_now_ns();
  fresh.names = names;
  co_return names;
}

rt::Task<std::vector<ModelName>> Gateway::list_models(std::shared_ptr<const Snapshot> keep,
                                                      const Environment& environment) {
  std::vector<ModelName> models;
  std::set<std::string, std::less<>> seen;
  for (const auto& [name, target] : environment.routes)
    if (seen.insert(name).second)
      models.push_back({name, std::string(target.upstream_model), target.connection});
  for (const Connection* connection : environment.connections) {
    const bool open = connection->models.empty() || std::ranges::any_of(connection->models, is_glob);
    std::vector<std::string> names;
    if (open) names = co_await upstream_models(keep, *connection);
    for (const std::string& name : connection->models)
      if (!is_glob(name)) names.push_back(name);
    for (std::string& name : names) {
      const Target target = environment.resolve(name);
      // A name that leads elsewhere is still reachable behind its connection's name.
      if (target.connection != connection) continue;
      if (seen.insert(name).second) models.push_back({name, name, connection});
    }
  }
  std::ranges::sort(models, {}, &ModelName::name);
  co_return models;
}

rt::Task<void> Gateway::serve_models(net::Exchange& exchange) {
  Call call(*this, exchange, Operation::kListModels, {});
  if (auto refusal = authenticate(call)) {
    co_await answer_refusal(call, std::move(*refusal));
    co_return;
  }
  call.status = telemetry::Status::kOk;
  const Environment& environment = *call.environment;
  constexpr std::string_view kOne = "/v1/models/";
  if (exchange.path().starts_with(kOne)) {
    const std::string name = url_decode(exchange.path().substr(kOne.size())).value_or("");
    call.model = name;
    if (auto refusal = resolve(call)) {
      co_await answer_refusal(call, std::move(*refusal));
      co_return;
    }
    const std::string body =
        model_json(name, call.use_case != nullptr ? kUseCaseOwner : call.target.connection->provider);
    co_await answer_json(call, 200, body);
    co_return;
  }
  const std::vector<ModelName> models = co_await list_models(call.snapshot, environment);
  std::string body = R"({"object":"list","data":[)";
  bool first = true;
  const std::string& own = call.key->use_case;
  const bool deployed = environment.use_cases.contains(own);
  if (deployed && call.key->allows(own)) {
    first = false;
    body += model_json(own, kUseCaseOwner);
  }
  for (const ModelName& model : models) {
    if (!call.key->allows(model.name) || (deployed && model.name == own)) continue;
    if (!std::exchange(first, false)) body += ',';
    body += model_json(model.name, model.connection->provider);
  }
  body += "]}";
  co_await answer_json(call, 200, body);
}

}  // namespace slipway::gateway
