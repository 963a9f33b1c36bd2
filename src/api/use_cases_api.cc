// SPDX-License-Identifier: Apache-2.0
// The registry of use cases, its questionnaire, and what waits for a decision.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "api/handlers.h"
#include "api/or_null.h"
#include "base/clock.h"
#include "base/text.h"
#include "governance/use_case_export.h"

namespace slipway::api {

namespace {

using governance::Permission;
using governance::UseCase;

constexpr std::size_t kWordsBytes = 400;

std::unexpected<Error> bad(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

Result<governance::UseCaseFilter> read_filter(const Request& request) {
  governance::UseCaseFilter filter;
  filter.words = request.param("q");
  if (filter.words.size() > kWordsBytes) return bad(fmt::format("q has at most {} bytes", kWordsBytes), "q");
  if (const auto state = request.param("state"); !state.empty()) {
    filter.state = governance::parse_use_case_state(state);
    if (!filter.state)
      return bad(fmt::format("there is no state '{}'", ellipsize(state, 60)), "state",
                 "There are draft, in_review, approved and retired.");
  }
  filter.tier = request.param("tier");
  filter.owner = request.param("owner");
  if (const auto review = request.param("review"); !review.empty()) {
    if (review != "due") return bad("review can only be due", "review");
    filter.review_due = true;
  }
  filter.only = request.visible_use_cases();
  return filter;
}

Result<governance::ReviewDecision> read_decision(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  governance::ReviewDecision decision;
  SLIPWAY_ASSIGN(decision.discipline, require_string(body, "discipline"));
  SLIPWAY_ASSIGN(decision.decision, require_string(body, "decision"));
  SLIPWAY_ASSIGN(const auto comment, optional_string(body, "comment"));
  decision.comment = comment.value_or("");
  SLIPWAY_ASSIGN(const json::array* conditions, optional_array(body, "conditions"));
  if (conditions != nullptr) {
    for (const json::value& condition : *conditions) {
      if (!condition.is_string()) return bad("a condition must be a string", "conditions");
      decision.conditions.emplace_back(condition.as_string());
    }
  }
  SLIPWAY_ASSIGN(const auto expires, optional_string(body, "expires_at"));
  if (expires) {
    const auto at = parse_time_us(*expires);
    if (!at || *at <= 0) return bad("not a time in RFC 3339", "expires_at");
    decision.expires_us = *at;
  }
  SLIPWAY_ASSIGN(const auto version, optional_integer(body, "version"));
  decision.version = version.value_or(0);
  return decision;
}

json::object pending_json(const governance::PendingDecision& item) {
  return {{"type", item.type},
          {"use_case", item.use_case},
          {"title", item.title},
          {"discipline", text_or_null(item.discipline)},
          {"release", number_or_null(item.release)},
          {"environment", text_or_null(item.environment)},
          {"requested_at", format_time_us(item.requested_us)},
          {"requested_by", item.requested_by},
          {"may_decide", item.why_not.empty()},
          {"why_not", item.why_not},
          {"tier", text_or_null(item.tier)}};
}

// The use cases, told by `tell`, each with what runs of it in which environment. They are ordered by slug.
Result<json::array> with_what_runs(Services& services, const std::vector<UseCase>& use_cases,
                                   json::object (*tell)(const UseCase&)) {
  json::array items;
  if (use_cases.empty()) return items;
  SLIPWAY_ASSIGN(const auto running,
                 services.releases.deployments.running(use_cases.front().slug, use_cases.back().slug));
  std::map<std::string_view, json::object> environments;
  for (const governance::LiveDeployment& live : running)
    environments[live.use_case][live.environment] = fmt::format("{}@{}", live.use_case, live.active);
  for (const UseCase& use_case : use_cases) {
    json::object item = tell(use_case);
    item["environments"] = std::move(environments[use_case.slug]);
    items.emplace_back(std::move(item));
  }
  return items;
}

// Runs a job that gives a use case, and answers with it.
rt::Task<void> answer_use_case(Request& request, int status, std::function<Result<UseCase>()> job) {
  std::function<Result<json::array>()> told = [&services = request.services,
                                               job = std::move(job)]() -> Result<json::array> {
    SLIPWAY_ASSIGN(UseCase use_case, job());
    return with_what_runs(services, {std::move(use_case)}, governance::use_case_detail);
  };
  const auto done = co_await in_pool<json::array>(request, std::move(told));
  if (!done)
    co_await answer_error(request, done.error());
  else
    co_await answer(request, status, json::serialize(done->front()));
}

rt::Task<void> list_use_cases(Request& request) {
  const auto filter = read_filter(request);
  const auto limit = request.page_limit();
  if (!filter || !limit) {
    co_await answer_error(request, first_error(filter, limit));
    co_return;
  }
  std::function<Result<json::object>()> job = [&services = request.services, wanted = *filter,
                                               cursor = std::string(request.param("cursor")),
                                               count = *limit]() -> Result<json::object> {
    SLIPWAY_ASSIGN(const governance::UseCasePage page, services.use_cases.list(wanted, cursor, count));
    SLIPWAY_ASSIGN(json::array items, with_what_runs(services, page.items, governance::use_case_summary));
    return json::object{
        {"items", std::move(items)}, {"next_cursor", text_or_null(page.next_cursor)}, {"total", page.total}};
  };
  const auto page = co_await in_pool<json::object>(request, std::move(job));
  if (!page)
    co_await answer_error(request, page.error());
  else
    co_await answer(request, 200, json::serialize(*page));
}

Result<std::pair<std::string, governance::UseCaseContent>> read_new(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  SLIPWAY_ASSIGN(std::string slug, require_string(body, "slug"));
  SLIPWAY_TRY(request.require(Permission::kEditUseCases, {slug, {}, {}}));
  SLIPWAY_ASSIGN(const std::string name, require_string(body, "name"));
  governance::UseCaseContent content;
  content.owner = request.session.principal.name;
  SLIPWAY_TRY(governance::apply_fields(body, content));
  return std::pair{std::move(slug), std::move(content)};
}

rt::Task<void> create_use_case(Request& request) {
  const auto wanted = read_new(request);
  if (!wanted) {
    co_await answer_error(request, wanted.error());
    co_return;
  }
  std::function<Result<UseCase>()> job = [&services = request.services, slug = wanted->first,
                                          content = wanted->second, actor = request.actor()] {
    return services.use_cases.create(slug, content, actor);
  };
  co_await answer_use_case(request, 201, std::move(job));
}

rt::Task<void> get_use_case(Request& request) {
  std::function<Result<UseCase>()> job = [&services = request.services, slug = request.segment("slug")] {
    return services.use_cases.get(slug);
  };
  co_await answer_use_case(request, 200, std::move(job));
}

rt::Task<void> update_use_case(Request& request) {
  const auto body = request.body_object();
  const auto version =
      body ? optional_integer(*body, "version") : Result<std::optional<std::int64_t>>(fail(body.error()));
  if (!version || !*version) {
    Error refused = problem(ErrorCode::kInvalidArgument, "version is missing", "version",
                            "Send the version that you changed.");
    if (!version) refused = version.error();
    co_await answer_error(request, std::move(refused));
    co_return;
  }
  std::function<Result<UseCase>()> job = [&services = request.services, slug = request.segment("slug"),
                                          at = **version, fields = *body, actor = request.actor()] {
    return services.use_cases.update(slug, at, fields, actor);
  };
  co_await answer_use_case(request, 200, std::move(job));
}

rt::Task<void> submit_use_case(Request& request) {
  std::function<Result<UseCase>()> job = [&services = request.services, slug = request.segment("slug"),
                                          actor = request.actor()] {
    return services.use_cases.submit(slug, actor);
  };
  co_await answer_use_case(request, 200, std::move(job));
}

rt::Task<void> review_use_case(Request& request) {
  const auto decision = read_decision(request);
  if (!decision) {
    co_await answer_error(request, decision.error());
    co_return;
  }
  std::function<Result<UseCase>()> job = [&services = request.services, slug = request.segment("slug"),
                                          wanted = *decision, who = request.session.principal] {
    return services.reviews.decide(slug, wanted, who);
  };
  co_await answer_use_case(request, 200, std::move(job));
}

rt::Task<void> retire_use_case(Request& request) {
  const auto body = request.body_object();
  const auto reason = body ? require_string(*body, "reason") : Result<std::string>(fail(body.error()));
  if (!reason) {
    co_await answer_error(request, reason.error());
    co_return;
  }
  std::function<Result<UseCase>()> job = [&services = request.services, slug = request.segment("slug"),
                                          why = *reason, actor = request.actor()]() -> Result<UseCase> {
    SLIPWAY_ASSIGN(UseCase retired, services.use_cases.retire(slug, why, actor));
    // Its keys are revoked. It is retired even if this node can't say so to its loops yet: it tries again.
    if (auto published = services.republish(); !published) {
      Error error = published.error();
      error.message = fmt::format("{} is retired, but its keys are still served until this can be read: {}",
                                  retired.slug, error.message);
      error.hint = "Nothing needs to be repeated: it is tried again until it works.";
      return fail(std::move(error));
    }
    return retired;
  };
  co_await answer_use_case(request, 200, std::move(job));
}

struct ExportKind {
  std::string_view name;
  governance::RegistryFormat format;
  std::string_view content_type;
};
constexpr std::array kExportKinds = {
    ExportKind{"csv", governance::RegistryFormat::kCsv, "text/csv; charset=utf-8"},
    ExportKind{"md", governance::RegistryFormat::kMarkdown, "text/markdown; charset=utf-8"},
    ExportKind{"json", governance::RegistryFormat::kJson, "application/json"},
};

rt::Task<void> export_use_cases(Request& request) {
  const std::string_view wanted = request.param("format").empty() ? "csv" : request.param("format");
  const auto kind = std::ranges::find(kExportKinds, wanted, &ExportKind::name);
  const auto filter = read_filter(request);
  if (kind == kExportKinds.end() || !filter) {
    Error refused = problem(ErrorCode::kInvalidArgument, "format is csv, md or json", "format");
    if (!filter) refused = filter.error();
    co_await answer_error(request, std::move(refused));
    co_return;
  }
  std::function<Result<std::string>()> job = [&services = request.services, filter = *filter,
                                              format = kind->format]() -> Result<std::string> {
    std::vector<UseCase> all;
    const auto keep = [&all](const UseCase& use_case) -> Result<> {
      all.push_back(use_case);
      return {};
    };
    SLIPWAY_TRY(services.use_cases.for_each(filter, keep));
    return governance::export_registry(all, services.use_cases.questionnaire(), format, unix_now_us());
  };
  const auto text = co_await in_pool<std::string>(request, std::move(job));
  if (!text) {
    co_await answer_error(request, text.error());
    co_return;
  }
  const std::string file = fmt::format("attachment; filename=\"use-cases-{}.{}\"",
                                       format_time_us(unix_now_us()).substr(0, 10), kind->name);
  co_await answer_with(request, 200, *text, kind->content_type, "content-disposition", file);
}

rt::Task<void> get_questionnaire(Request& request) {
  co_await answer(request, 200, json::serialize(request.services.use_cases.questionnaire().to_json()));
}

rt::Task<void> list_approvals(Request& request) {
  const bool mine = request.param("mine") != "false";
  using Items = std::vector<governance::PendingDecision>;
  std::function<Result<Items>()> job = [&services = request.services, who = request.session.principal,
                                        mine]() -> Result<Items> {
    SLIPWAY_ASSIGN(Items items, services.reviews.pending(who, mine));
    for (const governance::PendingSource& source : services.pending_sources) {
      SLIPWAY_ASSIGN(Items more, source(who, mine));
      std::ranges::move(more, std::back_inserter(items));
    }
    std::ranges::stable_sort(items, {}, &governance::PendingDecision::requested_us);
    return items;
  };
  const auto waiting = co_await in_pool<Items>(request, std::move(job));
  if (!waiting) {
    co_await answer_error(request, waiting.error());
    co_return;
  }
  json::array items;
  for (const governance::PendingDecision& item : *waiting) items.emplace_back(pending_json(item));
  co_await answer(request, 200, items_json(std::move(items)));
}

constexpr std::array kRoutes = {
    Route{"GET", "/use-cases", list_use_cases},
    Route{"POST", "/use-cases", create_use_case, Permission::kEditUseCases},
    Route{"GET", "/use-cases/export", export_use_cases},
    Route{"GET", "/use-cases/{slug}", get_use_case},
    Route{"PUT", "/use-cases/{slug}", update_use_case, Permission::kEditUseCases},
    Route{"POST", "/use-cases/{slug}/submit", submit_use_case, Permission::kEditUseCases},
    Route{"POST", "/use-cases/{slug}/reviews", review_use_case, Permission::kReview},
    Route{"POST", "/use-cases/{slug}/retire", retire_use_case, Permission::kEditUseCases},
    Route{"GET", "/questionnaire", get_questionnaire},
    Route{"GET", "/approvals", list_approvals},
};

}  // namespace

std::span<const Route> use_cases_routes() { return kRoutes; }

}  // namespace slipway::api
