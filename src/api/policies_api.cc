// SPDX-License-Identifier: Apache-2.0
// Policies: what a promotion into an environment needs.
#include <array>

#include "api/handlers.h"
#include "base/text.h"

namespace slipway::api {

namespace {

using governance::Permission;
using governance::StoredPolicy;

json::object stored_json(const StoredPolicy& policy) {
  const bool set = policy.version != 0;
  return {{"owner", policy.owner},
          {"environment", policy.environment},
          {"version", policy.version},
          {"content", policy.content},
          {"updated_at", set ? json::value(format_time_us(policy.updated_us)) : json::value(nullptr)},
          {"updated_by", set ? json::value(policy.updated_by) : json::value(nullptr)}};
}

rt::Task<void> answer_policy(Request& request, std::function<Result<StoredPolicy>()> job) {
  const auto policy = co_await in_pool<StoredPolicy>(request, std::move(job));
  if (!policy)
    co_await answer_error(request, policy.error());
  else
    co_await answer(request, 200, json::serialize(stored_json(*policy)));
}

rt::Task<void> get_policy(Request& request) {
  std::function<Result<StoredPolicy>()> job = [&services = request.services, owner = request.segment("owner"),
                                               environment = request.segment("environment")] {
    return services.policies.get(owner, environment);
  };
  co_await answer_policy(request, std::move(job));
}

rt::Task<void> set_policy(Request& request) {
  const auto body = request.body_object();
  if (!body) {
    co_await answer_error(request, body.error());
    co_return;
  }
  std::function<Result<StoredPolicy>()> job = [&services = request.services, owner = request.segment("owner"),
                                               environment = request.segment("environment"), content = *body,
                                               actor = request.actor()] {
    return services.policies.set(owner, environment, content, actor);
  };
  co_await answer_policy(request, std::move(job));
}

rt::Task<void> policy_history(Request& request) {
  using Versions = std::vector<StoredPolicy>;
  std::function<Result<Versions>()> job = [&services = request.services, owner = request.segment("owner"),
                                           environment = request.segment("environment")] {
    return services.policies.history(owner, environment);
  };
  const auto versions = co_await in_pool<Versions>(request, std::move(job));
  if (!versions) {
    co_await answer_error(request, versions.error());
    co_return;
  }
  json::array items;
  for (const StoredPolicy& policy : *versions) items.emplace_back(stored_json(policy));
  co_await answer(request, 200, items_json(std::move(items)));
}

rt::Task<void> effective_policy(Request& request) {
  std::function<Result<governance::EffectivePolicy>()> job = [&services = request.services,
                                                              owner = request.segment("owner"),
                                                              environment = request.segment("environment")] {
    return services.policies.effective(owner, environment);
  };
  const auto effective = co_await in_pool<governance::EffectivePolicy>(request, std::move(job));
  if (!effective) {
    co_await answer_error(request, effective.error());
    co_return;
  }
  json::object origins;
  for (const auto& [rule, origin] : effective->origins) origins[rule] = origin;
  const json::object body{{"content", governance::policy_json(effective->policy)},
                          {"origins", std::move(origins)}};
  co_await answer(request, 200, json::serialize(body));
}

constexpr std::array kRoutes = {
    Route{"GET", "/policies/{owner}/{environment}", get_policy},
    Route{"PUT", "/policies/{owner}/{environment}", set_policy, Permission::kEditPolicies},
    Route{"GET", "/policies/{owner}/{environment}/effective", effective_policy},
    Route{"GET", "/policies/{owner}/{environment}/history", policy_history},
};

}  // namespace

std::span<const Route> policies_routes() { return kRoutes; }

}  // namespace slipway::api
