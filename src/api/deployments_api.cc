// SPDX-License-Identifier: Apache-2.0
// Deployments: promote, roll back, move a rollout along, history.
#include <fmt/format.h>

#include <array>

#include "api/handlers.h"
#include "api/or_null.h"
#include "api/publish.h"
#include "api/release_json.h"
#include "base/text.h"

namespace slipway::api {

namespace {

using governance::Permission;

constexpr std::size_t kEmergencyReasonLeast = 10;
constexpr std::size_t kReasonBytes = 2'000;

std::unexpected<Error> bad(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

Result<> check_environment(const Request& request, const std::string& name) {
  if (request.services.config.environment(name) != nullptr) return {};
  return bad(fmt::format("there is no environment '{}'", ellipsize(name, 80)), "environment",
             "GET /api/v1/environments lists them.");
}

struct PromotionBody {
  governance::PromotionRequest request;
  bool preview = false;
};

Result<std::string> read_emergency(const json::object& body) {
  SLIPWAY_ASSIGN(const json::object* emergency, optional_object(body, "emergency"));
  if (emergency == nullptr) return std::string();
  SLIPWAY_ASSIGN(const std::string reason, require_string(*emergency, "reason", "emergency"));
  if (trim(reason).size() < kEmergencyReasonLeast || reason.size() > kReasonBytes)
    return bad(
        fmt::format("the reason of an emergency has {} to {} bytes", kEmergencyReasonLeast, kReasonBytes),
        "emergency.reason", "Say what is at stake: everybody will read it.");
  return std::string(trim(reason));
}

Result<PromotionBody> read_promotion(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  PromotionBody promotion;
  promotion.request.use_case = request.segment("slug");
  SLIPWAY_ASSIGN(promotion.request.environment, require_string(body, "environment"));
  SLIPWAY_TRY(check_environment(request, promotion.request.environment));
  governance::DeployOrder& order = promotion.request.order;
  SLIPWAY_ASSIGN(const auto release, optional_integer(body, "release"));
  if (!release || *release < 1) return bad("the number of a release is needed", "release");
  order.release = *release;
  SLIPWAY_ASSIGN(const auto preview, optional_bool(body, "preview"));
  promotion.preview = preview.value_or(false);
  SLIPWAY_ASSIGN(const auto mode, optional_string(body, "mode"));
  const auto parsed = governance::parse_deploy_mode(mode.value_or("all"));
  if (!parsed)
    return bad(fmt::format("there is no mode '{}'", ellipsize(*mode, 60)), "mode",
               "There are all, blue_green and canary.");
  order.mode = *parsed;
  SLIPWAY_ASSIGN(const json::object* canary, optional_object(body, "canary"));
  if (canary != nullptr) {
    if (order.mode != governance::DeployMode::kCanary)
      return bad("a plan of steps belongs to the mode canary", "canary",
                 "Say \"mode\": \"canary\" or leave it out.");
    SLIPWAY_ASSIGN(order.plan, governance::read_canary_plan(*canary, "canary"));
  }
  SLIPWAY_ASSIGN(order.emergency, read_emergency(body));
  return promotion;
}

json::object promotion_json(const governance::PromotionResult& result) {
  json::object object = check_json(result.answer);
  object["deployment"] =
      result.deployment ? json::value(deployment_json(*result.deployment)) : json::value(nullptr);
  object["notes_md"] = result.notes_md;
  return object;
}

rt::Task<void> promote(Request& request) {
  const auto body = read_promotion(request);
  if (!body) {
    co_await answer_error(request, body.error());
    co_return;
  }
  const governance::Scope scope{body->request.use_case, body->request.environment, {}};
  const Result<> allowed = request.require(body->preview ? Permission::kView : Permission::kPromote, scope);
  if (!allowed) {
    co_await answer_error(request, allowed.error());
    co_return;
  }
  std::function<Result<Answer>()> job = [&services = request.services, wanted = *body,
                                         who = request.session.principal]() -> Result<Answer> {
    if (wanted.preview) {
      SLIPWAY_ASSIGN(const auto preview, services.releases.promotions.preview(wanted.request, who));
      return Answer{200, promotion_json(preview)};
    }
    SLIPWAY_ASSIGN(const auto result, services.releases.promotions.promote(wanted.request, who));
    if (result.changed) {
      if (!wanted.request.order.emergency.empty())
        services.log.warning("deployment.emergency", {{"use_case", wanted.request.use_case},
                                                      {"environment", wanted.request.environment},
                                                      {"release", wanted.request.order.release},
                                                      {"by", who.name},
                                                      {"reason", wanted.request.order.emergency}});
      return publish(services, promotion_json(result));
    }
    return Answer{200, promotion_json(result)};
  };
  const auto result = co_await in_pool<Answer>(request, std::move(job));
  if (!result)
    co_await answer_error(request, result.error());
  else
    co_await answer(request, result->status, json::serialize(result->body));
}

// Runs a change of a deployment, publishes it and answers with how it is now.
rt::Task<void> change_deployment(Request& request, std::function<Result<governance::Deployment>()> change) {
  std::function<Result<Answer>()> job = [&services = request.services,
                                         make = std::move(change)]() -> Result<Answer> {
    SLIPWAY_ASSIGN(const governance::Deployment deployment, make());
    return publish(services, deployment_json(deployment));
  };
  const Result<Answer> done = co_await in_pool<Answer>(request, std::move(job));
  if (!done)
    co_await answer_error(request, done.error());
  else
    co_await answer(request, done->status, json::serialize(done->body));
}

struct RollbackBody {
  std::string environment;
  std::string reason;
  std::int64_t to = 0;
};

Result<RollbackBody> read_rollback(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  RollbackBody rollback;
  SLIPWAY_ASSIGN(rollback.environment, require_string(body, "environment"));
  SLIPWAY_TRY(check_environment(request, rollback.environment));
  SLIPWAY_TRY(request.require(Permission::kRollBack, {request.segment("slug"), rollback.environment, {}}));
  SLIPWAY_ASSIGN(rollback.reason, require_string(body, "reason"));
  SLIPWAY_ASSIGN(const auto to, optional_integer(body, "to"));
  if (to && *to < 1) return bad("releases are numbered from 1", "to");
  rollback.to = to.value_or(0);
  return rollback;
}

rt::Task<void> roll_back(Request& request) {
  const auto body = read_rollback(request);
  if (!body) {
    co_await answer_error(request, body.error());
    co_return;
  }
  std::function<Result<governance::Deployment>()> change = [&services = request.services,
                                                            slug = request.segment("slug"), wanted = *body,
                                                            actor = request.actor()] {
    return services.releases.deployments.roll_back(slug, wanted.environment, wanted.to, wanted.reason, actor);
  };
  co_await change_deployment(request, std::move(change));
}

struct ActionBody {
  std::string action;
  std::string reason;
};

Result<ActionBody> read_action(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  ActionBody action;
  SLIPWAY_ASSIGN(action.action, require_string(body, "action"));
  SLIPWAY_ASSIGN(const auto reason, optional_string(body, "reason"));
  action.reason = reason.value_or("");
  const governance::Scope scope{request.segment("slug"), request.segment("environment"), {}};
  // Whoever may roll back may call a rollout off.
  SLIPWAY_TRY(
      request.require(action.action == "abort" ? Permission::kRollBack : Permission::kPromote, scope));
  return action;
}

rt::Task<void> act_on_deployment(Request& request) {
  const auto body = read_action(request);
  if (!body) {
    co_await answer_error(request, body.error());
    co_return;
  }
  std::function<Result<governance::Deployment>()> change =
      [&services = request.services, slug = request.segment("slug"),
       environment = request.segment("environment"), wanted = *body, actor = request.actor()] {
        return services.releases.deployments.act(slug, environment, wanted.action, wanted.reason, actor);
      };
  co_await change_deployment(request, std::move(change));
}

rt::Task<void> list_deployments(Request& request) {
  using Deployments = std::vector<governance::Deployment>;
  std::function<Result<Deployments>()> job = [&services = request.services, slug = request.segment("slug")] {
    return services.releases.deployments.list(slug);
  };
  const auto deployments = co_await in_pool<Deployments>(request, std::move(job));
  if (!deployments) {
    co_await answer_error(request, deployments.error());
    co_return;
  }
  json::array items;
  for (const governance::Deployment& deployment : *deployments)
    items.emplace_back(deployment_json(deployment));
  co_await answer(request, 200, items_json(std::move(items)));
}

rt::Task<void> deployment_history(Request& request) {
  const auto limit = request.page_limit();
  if (!limit) {
    co_await answer_error(request, limit.error());
    co_return;
  }
  std::function<Result<governance::DeploymentEventPage>()> job =
      [&services = request.services, slug = request.segment("slug"),
       environment = request.segment("environment"), cursor = std::string(request.param("cursor")),
       most = *limit] { return services.releases.deployments.history(slug, environment, cursor, most); };
  const auto page = co_await in_pool<governance::DeploymentEventPage>(request, std::move(job));
  if (!page) {
    co_await answer_error(request, page.error());
    co_return;
  }
  json::array items;
  for (const governance::DeploymentEvent& event : page->items) items.emplace_back(event_json(event));
  const json::object body{{"items", std::move(items)}, {"next_cursor", text_or_null(page->next_cursor)}};
  co_await answer(request, 200, json::serialize(body));
}

constexpr std::array kRoutes = {
    Route{"POST", "/use-cases/{slug}/promotions", promote},
    Route{"POST", "/use-cases/{slug}/rollback", roll_back},
    Route{"GET", "/use-cases/{slug}/deployments", list_deployments},
    Route{"POST", "/use-cases/{slug}/deployments/{environment}/actions", act_on_deployment},
    Route{"GET", "/use-cases/{slug}/deployments/{environment}/history", deployment_history},
};

}  // namespace

std::span<const Route> deployments_routes() { return kRoutes; }

}  // namespace slipway::api
