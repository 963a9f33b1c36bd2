// SPDX-License-Identifier: Apache-2.0
#include "gateway/snapshot.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::gateway {

namespace {

bool is_openai_name(std::string_view model) {
  const auto begins = [model](std::string_view prefix) { return model.starts_with(prefix); };
  // o1, o3-mini, o4-mini…
  if (model.size() > 1 && model[0] == 'o' && model[1] >= '1' && model[1] <= '9') return true;
  return std::ranges::any_of(std::initializer_list<std::string_view>{"gpt-", "chatgpt-", "text-embedding-"},
                             begins);
}

// Where several connections list no models, names that everybody knows lead to whose they are: with the keys
// of OpenAI and Anthropic in the environment, a Claude model is Anthropic's. What neither of their public
// endpoints can have goes to another.
int fit_without_list(const Connection& connection, std::string_view model) {
  constexpr int kOwn = 5, kAny = 4, kUnlikely = 3;
  if (connection.simulated) return kAny;
  if (connection.dialect == Dialect::kAnthropic) return model.starts_with("claude") ? kOwn : kUnlikely;
  if (connection.provider == "openai" && is_openai_name(model)) return kOwn;
  return connection.origin.host == "api.openai.com" ? kUnlikely : kAny;
}

// How well a connection fits a model: 8 named exactly, 6 by a glob, less if it lists none; the simulated
// provider comes after real ones, so that it never shadows them, except for names that are plainly its own.
int fit(const Connection& connection, std::string_view model) {
  const bool made_up = connection.simulated && model.starts_with("simulated-");
  const int real = connection.simulated && !made_up ? 0 : 10;
  if (connection.models.empty()) return real + (made_up ? 5 : fit_without_list(connection, model));
  int best = 0;
  for (const std::string& pattern : connection.models) {
    if (pattern == model) return real + 8;
    if (glob_match(pattern, model)) best = real + 6;
  }
  return best;
}

}  // namespace

Result<std::unique_ptr<Connection>> make_connection(const ConnectionConfig& config,
                                                    std::string_view base_url) {
  auto connection = std::make_unique<Connection>();
  connection->name = config.name;
  connection->dialect = config.dialect;
  connection->simulated = config.dialect == Dialect::kSimulated;
  connection->provider = config.provider.empty() ? std::string(to_string(config.dialect)) : config.provider;
  connection->wire = llm::find_dialect(to_string(config.dialect));
  const std::string field = "connections." + config.name;
  if (connection->wire == nullptr)
    return fail(ErrorCode::kInvalidArgument, "no such dialect", field + ".dialect");
  std::string url = base_url.empty() ? config.base_url : std::string(base_url);
  if (url.empty()) url = connection->wire->default_base_url();
  auto origin = net::parse_origin(url);
  if (!origin) {
    Error error = std::move(origin).error();
    error.where = field + ".base_url";
    return fail(std::move(error));
  }
  connection->origin = std::move(*origin);
  connection->origin.ca_file = config.ca_file;
  connection->origin.verify = config.verify;
  connection->origin.private_allowed = config.allow_private || connection->simulated;
  if (connection->origin.tls)
    connection->origin.key += "|" + config.ca_file + (config.verify ? "|verify" : "|no-verify");
  // A connection that may not go inside must not reuse one that may.
  if (!connection->origin.private_allowed) connection->origin.key += "|public";
  connection->secret = config.api_key;
  llm::Credentials credentials;
  credentials.secret = connection->secret;
  connection->wire->add_headers(credentials, connection->headers);
  const std::string& prefix = connection->origin.prefix;
  connection->chat_target = prefix + std::string(connection->wire->chat_path());
  if (!connection->wire->embeddings_path().empty())
    connection->embeddings_target = prefix + std::string(connection->wire->embeddings_path());
  connection->models_target = prefix + "/models";
  connection->clocks = {config.timeouts.connect_ms, config.timeouts.first_byte_ms, config.timeouts.idle_ms,
                        config.timeouts.total_ms};
  connection->models = config.models;
  connection->health = std::make_shared<ConnectionHealth>();
  return connection;
}

Target Environment::resolve(std::string_view model) const {
  if (const auto route = routes.find(model); route != routes.end()) return route->second;
  if (const std::size_t slash = model.find('/'); slash != std::string_view::npos) {
    for (const Connection* connection : connections)
      if (connection->name == model.substr(0, slash)) return {connection, model.substr(slash + 1)};
  }
  Target best;
  int best_fit = 0;
  for (const Connection* connection : connections) {
    if (const int value = fit(*connection, model); value > best_fit) {
      best = {connection, model};
      best_fit = value;
    }
  }
  return best;
}

bool Environment::names(std::string_view model) const {
  return routes.contains(model) || std::ranges::any_of(connections, [&](const Connection* connection) {
           return !connection->models.empty() && fit(*connection, model) != 0;
         });
}

bool Key::allows(std::string_view model) const {
  return allowed_models.empty() || std::ranges::any_of(allowed_models, [&](const std::string& pattern) {
           return glob_match(pattern, model);
         });
}

const Environment* Snapshot::environment(std::string_view name) const {
  for (const auto& environment : environments)
    if (environment->name == name) return environment.get();
  return nullptr;
}

}  // namespace slipway::gateway
