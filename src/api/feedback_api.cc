// SPDX-License-Identifier: Apache-2.0
// Feedback on invocations: from people who are signed in, and from applications with the key that made the
// call.
#include <fmt/format.h>

#include <array>

#include "api/handlers.h"
#include "api/or_null.h"
#include "base/clock.h"
#include "base/text.h"
#include "gateway/authenticate.h"

namespace slipway::api {

namespace {

using governance::Permission;
using telemetry::Feedback;
using telemetry::Invocation;

constexpr JsonLimits kBodyLimits{.depth = 8, .size_bytes = 512u << 10};

struct Given {
  Uuid invocation;
  telemetry::NewFeedback feedback;
};

Error no_invocation() {
  return {
      ErrorCode::kNotFound, "there is no invocation with this id", "invocation_id",
      "It stands in the answer's header x-slipway-invocation-id, and can be found about a second after the "
      "answer."};
}

Result<Given> read_given(std::string_view body) {
  SLIPWAY_ASSIGN(const json::value parsed, parse_json(body, kBodyLimits));
  if (!parsed.is_object()) return fail(ErrorCode::kInvalidArgument, "the body must be a JSON object", "body");
  const json::object& object = parsed.as_object();
  Given given;
  SLIPWAY_ASSIGN(const std::string id, require_string(object, "invocation_id"));
  const auto invocation = Uuid::parse(id);
  if (!invocation) return fail(no_invocation());
  given.invocation = *invocation;
  SLIPWAY_ASSIGN(const auto name, optional_string(object, "name"));
  if (name) given.feedback.name = *name;
  SLIPWAY_ASSIGN(given.feedback.score, optional_number(object, "score"));
  for (const auto& [field, target] :
       {std::pair{"label", &given.feedback.label}, std::pair{"comment", &given.feedback.comment},
        std::pair{"correction", &given.feedback.correction}}) {
    SLIPWAY_ASSIGN(auto text, optional_string(object, field));
    *target = std::move(text).value_or("");
  }
  return given;
}

json::object feedback_json(const Feedback& feedback) {
  return {{"id", feedback.id},
          {"invocation_id", feedback.invocation_id},
          {"name", feedback.name},
          {"score", feedback.score ? json::value(*feedback.score) : json::value(nullptr)},
          {"label", text_or_null(feedback.label)},
          {"comment", feedback.comment},
          {"correction", text_or_null(feedback.correction)},
          {"by", feedback.by},
          {"created_at", format_time_us(feedback.created_us)},
          {"use_case", feedback.use_case},
          {"environment", feedback.environment},
          {"release", feedback.release}};
}

// Looks the call up, asks `may` whether this caller may judge it, and keeps the feedback.
Result<Feedback> keep(Services& services, const Given& given,
                      const std::function<Result<>(const Invocation&)>& may) {
  auto found = services.query.get(given.invocation);
  if (!found) return fail(found.error().code == ErrorCode::kNotFound ? no_invocation() : found.error());
  SLIPWAY_TRY(may(*found));
  return services.feedback.add(given.feedback, *found);
}

rt::Task<void> give_feedback(Request& request) {
  auto given = read_given(request.exchange.body());
  if (!given) {
    co_await answer_error(request, given.error());
    co_return;
  }
  given->feedback.by = request.session.principal.name;
  std::function<Result<Feedback>()> job = [&services = request.services, what = *given,
                                           grants = request.session.principal.grants] {
    return keep(services, what, [&](const Invocation& call) {
      return governance::require(grants, Permission::kGiveFeedback, {call.use_case, call.environment, {}});
    });
  };
  const auto made = co_await in_pool<Feedback>(request, std::move(job));
  if (!made)
    co_await answer_error(request, made.error());
  else
    co_await answer(request, 201, json::serialize(feedback_json(*made)));
}

rt::Task<void> list_feedback(Request& request) {
  telemetry::FeedbackFilter filter;
  filter.invocation_id = request.param("invocation_id");
  filter.use_case = request.param("use_case");
  filter.release = request.param("release");
  filter.only_use_cases = request.visible_use_cases();
  const auto limit = request.page_limit();
  if (!limit) {
    co_await answer_error(request, limit.error());
    co_return;
  }
  std::function<Result<telemetry::FeedbackPage>()> job =
      [&feedback = request.services.feedback, filter, cursor = std::string(request.param("cursor")),
       most = *limit] { return feedback.list(filter, cursor, most); };
  const auto page = co_await in_pool<telemetry::FeedbackPage>(request, std::move(job));
  if (!page) {
    co_await answer_error(request, page.error());
    co_return;
  }
  json::array items;
  for (const Feedback& feedback : page->items) items.emplace_back(feedback_json(feedback));
  const json::object body{{"items", std::move(items)}, {"next_cursor", text_or_null(page->next_cursor)}};
  co_await answer(request, 200, json::serialize(body));
}

gateway::Refusal refusal_of(const Error& error) {
  std::string sentence = error.message;
  if (!error.hint.empty()) sentence += ". " + error.hint;
  gateway::Refusal refusal =
      gateway::invalid_request(std::string(to_string(error.code)), sentence, error.where);
  if (error.code == ErrorCode::kNotFound) refusal.http_status = 404;
  if (error.code == ErrorCode::kUnavailable) refusal = gateway::unavailable("unavailable", sentence);
  if (error.code == ErrorCode::kInternal || error.code == ErrorCode::kIo ||
      error.code == ErrorCode::kDataLoss)
    refusal = gateway::internal_error(sentence);
  return refusal;
}

constexpr std::array kRoutes = {
    Route{"POST", "/feedback", give_feedback, Permission::kGiveFeedback},
    Route{"GET", "/feedback", list_feedback},
};

}  // namespace

std::span<const Route> feedback_routes() { return kRoutes; }

rt::Task<void> serve_key_feedback(net::Exchange& exchange, gateway::Gateway& gateway, Services& services) {
  const auto snapshot = gateway.snapshot();
  const std::string request_id = gateway.parts().loop.ids().next().to_string();
  const gateway::Caller caller = gateway::find_caller(*snapshot, exchange.headers(), unix_now_us());
  std::optional<gateway::Refusal> refusal = caller.refusal;
  std::string body;
  if (!refusal) {
    auto given = read_given(exchange.body());
    Result<Feedback> made = given ? Result<Feedback>() : fail(given.error());
    if (given) {
      given->feedback.by = "key:" + caller.key->name;
      std::function<Result<Feedback>()> job = [&services, what = *given, key = caller.key,
                                               environment = caller.key->environment] {
        // Of another use case's calls a key is told nothing, not even that they exist.
        return keep(services, what, [&](const Invocation& call) -> Result<> {
          if (call.use_case != key->use_case || call.environment != environment) return fail(no_invocation());
          return {};
        });
      };
      made = co_await services.pool.run<Feedback>(std::move(job));
    }
    if (made)
      body = json::serialize(feedback_json(*made));
    else
      refusal = refusal_of(made.error());
  }
  if (refusal) body = gateway::openai_error_body(*refusal);
  const std::array<net::Header, 2> headers = {net::Header{"content-type", "application/json"},
                                              net::Header{"x-request-id", request_id}};
  const Result<> sent = co_await exchange.send(refusal ? refusal->http_status : 201, headers, body);
  static_cast<void>(sent);  // the client has left; nothing is owed to it
}

}  // namespace slipway::api
