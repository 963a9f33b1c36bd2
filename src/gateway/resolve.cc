// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "gateway/call.h"

namespace slipway::gateway {

namespace {

std::string known_names(const Environment& environment, const std::string& wanted) {
  std::vector<std::string> names;
  for (const auto& [name, target] : environment.routes) names.push_back(name);
  for (const Connection* connection : environment.connections)
    for (const std::string& name : connection->models)
      if (name.find('*') == std::string::npos) names.push_back(name);
  if (const auto close = nearest(wanted, names)) return fmt::format(" Did you mean '{}'?", *close);
  return " GET /v1/models lists what there is.";
}

// A use case's own name means its release. Names that somebody configured as models stay models.
std::optional<Refusal> find_use_case(Call& call) {
  const Environment& environment = *call.environment;
  const UseCaseEntry* const found = environment.use_cases.find(call.model);
  if (call.model == call.key->use_case) {
    if (found == nullptr && environment.names(call.model)) return std::nullopt;
    if (found == nullptr)
      return not_found(
          "no_release",
          fmt::format("The use case '{}' has no release in the environment '{}'. Promote one with "
                      "'slipway promote', or name a model. GET /v1/models lists what there is.",
                      call.model, environment.name),
          "model");
    if (call.operation == Operation::kEmbeddings)
      return invalid_request("unsupported_operation",
                             "A use case answers chat completions. Name a model for embeddings.", "model");
    call.use_case = found;
    return std::nullopt;
  }
  if (found == nullptr || environment.names(call.model)) return std::nullopt;
  return forbidden(
      "other_use_case",
      fmt::format(
          "'{}' is another use case. The key '{}' belongs to '{}': call that, or create a key of '{}'.",
          ellipsize(call.model, 100), call.key->name, call.key->use_case, ellipsize(call.model, 100)));
}

}  // namespace

std::optional<Refusal> resolve(Call& call) {
  const Environment& environment = *call.environment;
  if (!call.key->allows(call.model))
    return forbidden(
        "model_not_allowed",
        fmt::format("The key '{}' may not call the model '{}'. It may call: {}. Ask for a key with this "
                    "model among its allowed models.",
                    call.key->name, ellipsize(call.model, 100), fmt::join(call.key->allowed_models, ", ")));
  if (call.pinned()) return std::nullopt;
  if (call.model == call.key->use_case || !environment.use_cases.empty()) {
    if (auto refusal = find_use_case(call)) return refusal;
    if (call.use_case != nullptr) return std::nullopt;
  }
  call.target = environment.resolve(call.model);
  if (call.target.connection == nullptr)
    return not_found(
        "model_not_found",
        fmt::format("No connection of the environment '{}' serves the model '{}'.{}", environment.name,
                    ellipsize(call.model, 100), known_names(environment, call.model)),
        "model");
  if (call.operation == Operation::kEmbeddings && call.target.connection->dialect == Dialect::kAnthropic)
    return invalid_request(
        "unsupported_operation",
        fmt::format("The connection '{}' speaks Anthropic's API, which has no embeddings. Choose a "
                    "model of another connection.",
                    call.target.connection->name),
        "model");
  return std::nullopt;
}

}  // namespace slipway::gateway
