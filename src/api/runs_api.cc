// SPDX-License-Identifier: Apache-2.0
// Runs of evaluations: start, list, look at, cancel, resume. Their results: runs_results_api.cc; their
// judges: run_calibration_api.cc.
#include <fmt/format.h>

#include <array>

#include "api/handlers.h"
#include "api/or_null.h"
#include "api/run_handlers.h"
#include "api/run_json.h"
#include "base/text.h"
#include "governance/asset_ports.h"

namespace slipway::api {

namespace {

using evaluation::PlanRequest;
using evaluation::Run;
using governance::Permission;

std::unexpected<Error> bad(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

// "owner/evaluation/name", "owner/name", or "name" with a use case beside it; ":version" may follow.
Result<> read_evaluation(const json::object& body, PlanRequest& out) {
  SLIPWAY_ASSIGN(std::string text, require_string(body, "evaluation"));
  SLIPWAY_ASSIGN(const auto use_case, optional_string(body, "use_case"));
  if (const std::size_t colon = text.find(':'); colon != std::string::npos) {
    out.which = text.substr(colon + 1);
    text.resize(colon);
  }
  const std::vector<std::string_view> parts = split(text, '/');
  std::string full = text;
  if (parts.size() == 1) {
    if (!use_case || use_case->empty())
      return bad("a bare name needs a use case beside it", "evaluation",
                 "Send use_case, or write use-case/evaluation/name.");
    full = *use_case + "/evaluation/" + text;
  } else if (parts.size() == 2) {
    full = std::string(parts[0]) + "/evaluation/" + std::string(parts[1]);
  }
  auto name = catalog::AssetName::parse(full);
  if (!name || name->kind != "evaluation")
    return bad(fmt::format("'{}' is no evaluation's name", ellipsize(text, 120)), "evaluation",
               "As in support-assistant/evaluation/golden.");
  out.evaluation = std::move(*name);
  return {};
}

Result<PlanRequest> read_plan(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  PlanRequest out;
  SLIPWAY_TRY(read_evaluation(body, out));
  SLIPWAY_ASSIGN(const auto environment, optional_string(body, "environment"));
  const auto& known = request.services.config.environments;
  out.environment = environment.value_or(known.empty() ? std::string() : known.front().name);
  if (request.services.config.environment(out.environment) == nullptr)
    return bad(fmt::format("there is no environment '{}'", ellipsize(out.environment, 80)), "environment");
  SLIPWAY_ASSIGN(const json::object* target, optional_object(body, "target"));
  if (target != nullptr) out.target = *target;
  SLIPWAY_ASSIGN(const json::object* budget, optional_object(body, "budget"));
  if (budget != nullptr) out.budget = *budget;
  SLIPWAY_ASSIGN(const auto version, optional_string(body, "dataset_version"));
  out.dataset_version = version.value_or("");
  SLIPWAY_ASSIGN(out.split, optional_string(body, "split"));
  SLIPWAY_ASSIGN(out.repeats, optional_integer(body, "repeats"));
  SLIPWAY_ASSIGN(out.concurrency, optional_integer(body, "concurrency"));
  SLIPWAY_ASSIGN(out.attempts, optional_integer(body, "attempts"));
  SLIPWAY_ASSIGN(out.error_share, optional_number(body, "error_share"));
  SLIPWAY_ASSIGN(out.stream, optional_bool(body, "stream"));
  SLIPWAY_ASSIGN(out.seed, optional_integer(body, "seed"));
  // A shared evaluation belongs to nobody: it takes a grant for all use cases.
  SLIPWAY_TRY(request.require(Permission::kRunEvaluations, {out.evaluation.owner, out.environment, {}}));
  return out;
}

std::string one_json(const Services& services, const Run& run) {
  const auto progress =
      services.runs.engine == nullptr || run.ended() ? std::nullopt : services.runs.engine->progress(run.id);
  return json::serialize(run_json(run, progress, true));
}

// Does something to a run that the caller may act on.
rt::Task<void> act(Request& request,
                   std::function<Result<Run>(evaluation::RunServices&, const catalog::Author&)> what) {
  const auto may = co_await find_run(request, Permission::kRunEvaluations);
  if (!may) {
    co_await answer_error(request, may.error());
    co_return;
  }
  std::function<Result<Run>()> job = [&services = request.services, what = std::move(what),
                                      author = governance::author_of(request.actor())] {
    return what(services.runs, author);
  };
  const auto run = co_await in_pool<Run>(request, std::move(job));
  if (!run)
    co_await answer_error(request, run.error());
  else
    co_await answer(request, 200, one_json(request.services, *run));
}

rt::Task<void> start_run(Request& request) {
  auto plan = read_plan(request);
  if (!plan) {
    co_await answer_error(request, plan.error());
    co_return;
  }
  std::function<Result<Run>()> job = [&services = request.services, wanted = std::move(*plan),
                                      author = governance::author_of(request.actor())] {
    return evaluation::start_run(services.runs, wanted, author);
  };
  const auto run = co_await in_pool<Run>(request, std::move(job));
  if (!run)
    co_await answer_error(request, run.error());
  else
    co_await answer(request, 201, one_json(request.services, *run));
}

Result<evaluation::RunFilter> read_filter(const Request& request) {
  evaluation::RunFilter filter;
  filter.use_case = request.param("use_case");
  filter.evaluation = request.param("evaluation");
  filter.environment = request.param("environment");
  filter.cursor = request.param("cursor");
  filter.visible_use_cases = request.visible_use_cases();
  if (const std::string_view state = request.param("state"); !state.empty()) {
    filter.state = evaluation::parse_run_state(state);
    if (!filter.state)
      return bad(fmt::format("'{}' is no state", ellipsize(state, 40)), "state",
                 "A run is queued, running, finished, cancelled or failed.");
  }
  SLIPWAY_ASSIGN(filter.limit, request.page_limit());
  return filter;
}

rt::Task<void> list_runs(Request& request) {
  auto filter = read_filter(request);
  if (!filter) {
    co_await answer_error(request, filter.error());
    co_return;
  }
  std::function<Result<evaluation::RunPage>()> job = [&store = request.services.runs.store,
                                                      wanted = *filter] { return store.list(wanted); };
  const auto page = co_await in_pool<evaluation::RunPage>(request, std::move(job));
  if (!page) {
    co_await answer_error(request, page.error());
    co_return;
  }
  json::array items;
  for (const Run& run : page->items) {
    const auto progress = request.services.runs.engine == nullptr || run.ended()
                              ? std::nullopt
                              : request.services.runs.engine->progress(run.id);
    items.push_back(run_json(run, progress, false));
  }
  const json::object body{{"items", std::move(items)}, {"next_cursor", text_or_null(page->next_cursor)}};
  co_await answer(request, 200, json::serialize(body));
}

rt::Task<void> get_run(Request& request) {
  const auto run = co_await find_run(request, Permission::kView);
  if (!run)
    co_await answer_error(request, run.error());
  else
    co_await answer(request, 200, one_json(request.services, *run));
}

rt::Task<void> cancel_run(Request& request) {
  std::function<Result<Run>(evaluation::RunServices&, const catalog::Author&)> what =
      [id = request.segment("id")](evaluation::RunServices& runs,
                                   const catalog::Author& author) -> Result<Run> {
    SLIPWAY_ASSIGN(Run run, runs.store.cancel(id, author));
    if (runs.engine != nullptr) runs.engine->cancel(id);
    return run;
  };
  co_await act(request, std::move(what));
}

rt::Task<void> resume_run(Request& request) {
  std::function<Result<Run>(evaluation::RunServices&, const catalog::Author&)> what =
      [id = request.segment("id")](evaluation::RunServices& runs,
                                   const catalog::Author& author) -> Result<Run> {
    SLIPWAY_ASSIGN(Run run, runs.store.resume(id, author));
    if (runs.engine != nullptr) runs.engine->look();
    return run;
  };
  co_await act(request, std::move(what));
}

constexpr std::array kRoutes = {
    Route{"GET", "/runs", list_runs},
    Route{"POST", "/runs", start_run, Permission::kRunEvaluations},
    Route{"GET", "/runs/{id}", get_run},
    Route{"POST", "/runs/{id}/cancel", cancel_run, Permission::kRunEvaluations},
    Route{"POST", "/runs/{id}/resume", resume_run, Permission::kRunEvaluations},
    Route{"GET", "/runs/{id}/results", list_run_results},
    Route{"GET", "/runs/{id}/export", export_run},
    Route{"GET", "/runs/{id}/stream", stream_run},
    Route{"GET", "/runs/{id}/calibration", get_run_calibration},
};

}  // namespace

rt::Task<Result<Run>> find_run(Request& request, Permission permission) {
  std::function<Result<Run>()> job = [&store = request.services.runs.store, id = request.segment("id")] {
    return store.get(id);
  };
  auto run = co_await in_pool<Run>(request, std::move(job));
  if (!run) co_return run;
  const bool shared = run->use_case == catalog::kSharedOwner && permission == Permission::kView;
  const governance::Scope scope{shared ? std::string_view() : std::string_view(run->use_case),
                                permission == Permission::kView ? std::string_view() : run->environment,
                                {}};
  const Result<> may = request.require(permission, scope);
  if (!may) co_return fail(may.error());
  co_return run;
}

std::span<const Route> runs_routes() { return kRoutes; }

}  // namespace slipway::api
