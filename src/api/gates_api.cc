// SPDX-License-Identifier: Apache-2.0
// Gates: start, list, look at, and read the reports of those that are decided.
#include <fmt/format.h>

#include <array>

#include "api/handlers.h"
#include "api/or_null.h"
#include "base/money.h"
#include "base/text.h"
#include "governance/gates.h"

namespace slipway::api {

namespace {

using governance::Gate;
using governance::GateCheck;
using governance::Permission;

Result<governance::GateRequest> read_gate(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  governance::GateRequest out;
  out.use_case = request.segment("slug");
  SLIPWAY_ASSIGN(out.environment, require_string(body, "environment"));
  if (request.services.config.environment(out.environment) == nullptr)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("there is no environment '{}'", ellipsize(out.environment, 80)), "environment");
  SLIPWAY_ASSIGN(const auto release, optional_integer(body, "release"));
  if (release && *release < 1)
    return fail(ErrorCode::kInvalidArgument, "releases are numbered 1, 2, 3, …", "release");
  out.release = release.value_or(0);
  SLIPWAY_ASSIGN(const json::array* evaluations, optional_array(body, "evaluations"));
  if (evaluations != nullptr)
    for (const json::value& one : *evaluations) {
      if (!one.is_string())
        return fail(ErrorCode::kInvalidArgument, "must be a list of names", "evaluations");
      out.evaluations.emplace_back(one.get_string());
    }
  SLIPWAY_ASSIGN(const auto fresh, optional_bool(body, "fresh_baseline"));
  out.fresh_baseline = fresh.value_or(false);
  SLIPWAY_TRY(request.require(Permission::kRunEvaluations, {out.use_case, out.environment, {}}));
  return out;
}

// How far a run of a gate is; null where it is gone.
json::value progress_json(evaluation::RunServices& runs, const std::string& id) {
  if (id.empty()) return nullptr;
  const auto run = runs.store.get(id);
  if (!run) return nullptr;
  const auto now = runs.engine == nullptr || run->ended() ? std::nullopt : runs.engine->progress(id);
  const evaluation::RunTally& tally = now ? now->tally : run->tally;
  return json::object{{"id", id},
                      {"target", run->target},
                      {"state", to_string(run->state)},
                      {"planned", run->planned},
                      {"done", tally.done},
                      {"errors", tally.errors},
                      {"cost_usd", format_usd(tally.cost_nano)}};
}

json::object check_json(evaluation::RunServices& runs, const GateCheck& check) {
  return {{"evaluation", check.evaluation},
          {"verdict", check.verdict ? json::value(to_string(*check.verdict)) : json::value(nullptr)},
          {"reason", check.reason},
          {"digest", text_or_null(check.digest)},
          {"run", progress_json(runs, check.run)},
          {"baseline", progress_json(runs, check.baseline)},
          {"baseline_reused", check.baseline_reused}};
}

json::object gate_json(evaluation::RunServices& runs, const Gate& gate) {
  json::array checks;
  for (const GateCheck& check : gate.checks) checks.emplace_back(check_json(runs, check));
  json::object out{{"id", gate.id},
                   {"use_case", gate.use_case},
                   {"environment", gate.environment},
                   {"release", gate.release},
                   {"release_digest", gate.release_digest},
                   {"baseline", number_or_null(gate.baseline)},
                   {"verdict", nullptr},
                   {"reason", gate.reason},
                   {"checks", std::move(checks)},
                   {"created_at", format_time_us(gate.created_us)},
                   {"ended_at", time_or_null(gate.ended_us)},
                   {"author", gate.author.name}};
  if (gate.verdict) out["verdict"] = to_string(*gate.verdict);
  return out;
}

// Runs a job that gives the answer's body and answers with it.
rt::Task<void> answer_from(Request& request, int status, std::function<Result<std::string>()> job) {
  const Result<std::string> body = co_await in_pool<std::string>(request, std::move(job));
  if (!body)
    co_await answer_error(request, body.error());
  else
    co_await answer(request, status, *body);
}

rt::Task<void> start_gate(Request& request) {
  const auto wanted = read_gate(request);
  if (!wanted) {
    co_await answer_error(request, wanted.error());
    co_return;
  }
  std::function<Result<std::string>()> job = [&services = request.services, wish = *wanted,
                                              actor = request.actor()]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const Gate gate, services.gates.start(wish, actor));
    return json::serialize(gate_json(services.runs, gate));
  };
  co_await answer_from(request, 201, std::move(job));
}

Result<governance::GateFilter> read_filter(const Request& request) {
  governance::GateFilter filter;
  filter.use_case = request.segment("slug");
  filter.environment = request.param("environment");
  filter.cursor = request.param("cursor");
  if (const std::string_view release = request.param("release"); !release.empty()) {
    const auto number = parse_integer<std::int64_t>(release);
    if (!number || *number < 1)
      return fail(ErrorCode::kInvalidArgument, "releases are numbered 1, 2, 3, …", "release");
    filter.release = *number;
  }
  SLIPWAY_ASSIGN(filter.limit, request.page_limit());
  return filter;
}

rt::Task<void> list_gates(Request& request) {
  const auto filter = read_filter(request);
  if (!filter) {
    co_await answer_error(request, filter.error());
    co_return;
  }
  std::function<Result<std::string>()> job = [&services = request.services,
                                              wanted = *filter]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const governance::GatePage page, services.gates.list(wanted));
    json::array items;
    for (const Gate& gate : page.items) items.emplace_back(gate_json(services.runs, gate));
    return json::serialize(
        json::object{{"items", std::move(items)}, {"next_cursor", text_or_null(page.next_cursor)}});
  };
  co_await answer_from(request, 200, std::move(job));
}

rt::Task<void> get_gate(Request& request) {
  std::function<Result<std::string>()> job = [&services = request.services, slug = request.segment("slug"),
                                              id = request.segment("id")]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const Gate gate, services.gates.get(slug, id));
    return json::serialize(gate_json(services.runs, gate));
  };
  co_await answer_from(request, 200, std::move(job));
}

std::string_view type_of(std::string_view format) {
  if (format == "json") return "application/json";
  if (format == "junit") return "application/xml; charset=utf-8";
  if (format == "markdown") return "text/markdown; charset=utf-8";
  return format == "html" ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
}

std::string_view ending_of(std::string_view format) {
  if (format == "junit") return "xml";
  if (format == "markdown") return "md";
  return format == "text" ? "txt" : format;
}

rt::Task<void> get_gate_report(Request& request) {
  const std::string format(request.param("format").empty() ? std::string_view("text")
                                                           : request.param("format"));
  std::function<Result<std::string>()> job = [&gates = request.services.gates, slug = request.segment("slug"),
                                              id = request.segment("id"), format,
                                              evaluation = std::string(request.param("evaluation"))] {
    return gates.report(slug, id, format, evaluation);
  };
  const auto body = co_await in_pool<std::string>(request, std::move(job));
  if (!body) {
    co_await answer_error(request, body.error());
    co_return;
  }
  // A report holds what models have said: it is a file, never a page of this server.
  const std::string file =
      fmt::format("attachment; filename=\"gate-{}.{}\"", request.segment("slug"), ending_of(format));
  co_await answer_with(request, 200, *body, type_of(format), "content-disposition", file);
}

constexpr std::array kRoutes = {
    Route{"GET", "/use-cases/{slug}/gates", list_gates},
    Route{"POST", "/use-cases/{slug}/gates", start_gate, Permission::kRunEvaluations},
    Route{"GET", "/use-cases/{slug}/gates/{id}", get_gate},
    Route{"GET", "/use-cases/{slug}/gates/{id}/report", get_gate_report},
};

}  // namespace

std::span<const Route> gates_routes() { return kRoutes; }

}  // namespace slipway::api
