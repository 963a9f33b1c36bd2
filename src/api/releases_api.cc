// SPDX-License-Identifier: Apache-2.0
// Releases: cut, preview, list, notes, evidence, approvals.
#include <fmt/format.h>

#include <array>

#include "api/handlers.h"
#include "api/or_null.h"
#include "api/release_json.h"
#include "base/text.h"
#include "governance/release_notes.h"

namespace slipway::api {

namespace {

using governance::Permission;

std::unexpected<Error> bad(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

Result<std::int64_t> read_number(const Request& request) {
  const auto number = parse_integer<std::int64_t>(request.segment("number"));
  if (!number || *number < 1)
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' is no release number", ellipsize(request.segment("number"), 40)), "number",
                "Releases are numbered 1, 2, 3, …");
  return *number;
}

Result<governance::CutRequest> read_cut(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  governance::CutRequest cut;
  cut.use_case = request.segment("slug");
  SLIPWAY_ASSIGN(const auto message, optional_string(body, "message"));
  SLIPWAY_ASSIGN(const auto entry, optional_string(body, "entry"));
  SLIPWAY_ASSIGN(const auto limits, optional_string(body, "known_limits"));
  SLIPWAY_ASSIGN(const json::object* versions, optional_object(body, "versions"));
  cut.message = message.value_or("");
  cut.entry = entry.value_or("");
  cut.known_limits = limits.value_or("");
  if (versions == nullptr) return cut;
  for (const auto& [name, number] : *versions) {
    if (!number.is_int64())
      return bad("a version is a whole number", fmt::format("versions.{}", ellipsize(name, 120)));
    cut.versions.emplace(std::string(name), number.as_int64());
  }
  return cut;
}

Result<governance::Evidence> read_evidence(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  governance::Evidence evidence;
  SLIPWAY_ASSIGN(evidence.name, require_string(body, "name"));
  SLIPWAY_ASSIGN(evidence.digest, require_string(body, "digest"));
  SLIPWAY_ASSIGN(evidence.subject, require_string(body, "subject"));
  SLIPWAY_ASSIGN(const std::string result, require_string(body, "result"));
  const auto verdict = governance::parse_verdict(result);
  if (!verdict)
    return bad(fmt::format("'{}' is no result", ellipsize(result, 60)), "result",
               "There are pass, fail, inconclusive and error.");
  evidence.result = *verdict;
  SLIPWAY_ASSIGN(const auto summary, optional_string(body, "summary"));
  SLIPWAY_ASSIGN(const auto produced, optional_string(body, "produced_at"));
  SLIPWAY_ASSIGN(const auto environment, optional_string(body, "environment"));
  SLIPWAY_ASSIGN(const auto url, optional_string(body, "url"));
  SLIPWAY_ASSIGN(const json::object* metrics, optional_object(body, "metrics"));
  evidence.summary = summary.value_or("");
  evidence.environment = environment.value_or("");
  evidence.url = url.value_or("");
  if (metrics != nullptr) evidence.metrics = *metrics;
  if (produced) {
    const auto at = parse_time_us(*produced);
    if (!at || *at <= 0) return bad("not a time in RFC 3339", "produced_at");
    evidence.produced_us = *at;
  }
  if (!evidence.environment.empty() && request.services.config.environment(evidence.environment) == nullptr)
    return bad(fmt::format("there is no environment '{}'", ellipsize(evidence.environment, 80)),
               "environment");
  return evidence;
}

json::object problem_object(const catalog::Problem& problem) {
  return {{"asset", problem.asset},
          {"path", problem.path},
          {"message", problem.message},
          {"hint", problem.hint},
          {"line", number_or_null(problem.line)},
          {"column", number_or_null(problem.column)}};
}

Result<std::string> one_release(governance::ReleaseServices& services,
                                const governance::ReleaseManifest& release) {
  SLIPWAY_ASSIGN(ReleaseView view, make_release_view(services, release.use_case));
  SLIPWAY_ASSIGN(const json::object object, release_json(services, release, view));
  return json::serialize(object);
}

// Runs a job that gives the answer's body and answers with it.
rt::Task<void> answer_from(Request& request, int status, std::function<Result<std::string>()> job) {
  const Result<std::string> body = co_await in_pool<std::string>(request, std::move(job));
  if (!body)
    co_await answer_error(request, body.error());
  else
    co_await answer(request, status, *body);
}

rt::Task<void> list_releases(Request& request) {
  const auto limit = request.page_limit();
  if (!limit) {
    co_await answer_error(request, limit.error());
    co_return;
  }
  std::function<Result<std::string>()> job =
      [&releases = request.services.releases, slug = request.segment("slug"),
       cursor = std::string(request.param("cursor")), most = *limit]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const governance::ReleasePage page, releases.releases.list(slug, cursor, most));
    SLIPWAY_ASSIGN(ReleaseView view, make_release_view(releases, slug));
    json::array items;
    for (const governance::ReleaseManifest& release : page.items) {
      SLIPWAY_ASSIGN(json::object item, release_json(releases, release, view));
      items.emplace_back(std::move(item));
    }
    return json::serialize(
        json::object{{"items", std::move(items)}, {"next_cursor", text_or_null(page.next_cursor)}});
  };
  co_await answer_from(request, 200, std::move(job));
}

rt::Task<void> cut_release(Request& request) {
  const auto cut = read_cut(request);
  if (!cut) {
    co_await answer_error(request, cut.error());
    co_return;
  }
  using Cut = std::pair<bool, std::string>;
  std::function<Result<Cut>()> job = [&releases = request.services.releases, wanted = *cut,
                                      actor = request.actor()]() -> Result<Cut> {
    SLIPWAY_ASSIGN(const governance::CutResult made, releases.releases.cut(wanted, actor));
    SLIPWAY_ASSIGN(std::string body, one_release(releases, made.release));
    return Cut{made.made, std::move(body)};
  };
  const auto made = co_await in_pool<Cut>(request, std::move(job));
  if (!made)
    co_await answer_error(request, made.error());
  else
    co_await answer(request, made->first ? 201 : 200, made->second);
}

rt::Task<void> preview_release(Request& request) {
  const auto cut = read_cut(request);
  if (!cut) {
    co_await answer_error(request, cut.error());
    co_return;
  }
  std::function<Result<std::string>()> job = [&releases = request.services.releases,
                                              wanted = *cut]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const governance::CutPreview preview, releases.releases.preview(wanted));
    json::array problems;
    for (const catalog::Problem& problem : preview.problems) problems.emplace_back(problem_object(problem));
    return json::serialize(json::object{
        {"digest", text_or_null(preview.digest)},
        {"unchanged", preview.unchanged},
        {"assets", pinned_json(preview.assets, preview.latest)},
        {"problems", std::move(problems)},
        {"notes_md", preview.notes.empty() ? std::string() : governance::notes_markdown(preview.notes)}});
  };
  co_await answer_from(request, 200, std::move(job));
}

rt::Task<void> get_release(Request& request) {
  const auto number = read_number(request);
  if (!number) {
    co_await answer_error(request, number.error());
    co_return;
  }
  std::function<Result<std::string>()> job = [&releases = request.services.releases,
                                              slug = request.segment("slug"), wanted = *number,
                                              who = request.session.principal]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const governance::ReleaseManifest release, releases.releases.get(slug, wanted));
    SLIPWAY_ASSIGN(ReleaseView view, make_release_view(releases, slug));
    SLIPWAY_ASSIGN(json::object object, release_json(releases, release, view));
    SLIPWAY_ASSIGN(const auto answers, releases.promotions.may(release, who));
    json::object may;
    for (const auto& [environment, checks] : answers) may[environment] = check_json(checks);
    object["may"] = std::move(may);
    return json::serialize(object);
  };
  co_await answer_from(request, 200, std::move(job));
}

rt::Task<void> get_release_notes(Request& request) {
  const auto number = read_number(request);
  if (!number) {
    co_await answer_error(request, number.error());
    co_return;
  }
  const std::string format(request.param("format").empty() ? std::string_view("json")
                                                           : request.param("format"));
  if (format != "json" && format != "md" && format != "html") {
    co_await answer_error(request,
                          problem(ErrorCode::kInvalidArgument, "the format is json, md or html", "format"));
    co_return;
  }
  std::function<Result<std::string>()> job = [&releases = request.services.releases,
                                              slug = request.segment("slug"), wanted = *number,
                                              format]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const governance::ReleaseManifest release, releases.releases.get(slug, wanted));
    SLIPWAY_ASSIGN(json::object notes, releases.releases.notes(slug, wanted));
    SLIPWAY_ASSIGN(const ReleaseView view, make_release_view(releases, slug));
    SLIPWAY_ASSIGN(const auto about, releases.evidence.about(release));
    SLIPWAY_ASSIGN(const auto decided, releases.approvals.of(release));
    json::array evidence;
    json::array approvals;
    for (const auto& one : about) evidence.emplace_back(evidence_json(one, view.evidence_max_age_hours));
    for (const auto& one : decided) approvals.emplace_back(approval_json(one));
    notes = governance::with_decisions(std::move(notes), std::move(evidence), std::move(approvals));
    if (format == "md") return governance::notes_markdown(notes);
    if (format == "html") return governance::notes_html(notes);
    return json::serialize(notes);
  };
  const auto notes = co_await in_pool<std::string>(request, std::move(job));
  if (!notes) {
    co_await answer_error(request, notes.error());
    co_return;
  }
  const std::string_view type = format == "md"     ? "text/markdown; charset=utf-8"
                                : format == "html" ? "text/html; charset=utf-8"
                                                   : "application/json";
  const std::string file =
      fmt::format("attachment; filename=\"{}-{}.{}\"", request.segment("slug"), *number, format);
  co_await answer_with(request, 200, *notes, type, "content-disposition", file);
}

rt::Task<void> attach_evidence(Request& request) {
  const auto number = read_number(request);
  const auto evidence = read_evidence(request);
  if (!number || !evidence) {
    co_await answer_error(request, first_error(number, evidence));
    co_return;
  }
  std::function<Result<std::string>()> job =
      [&releases = request.services.releases, slug = request.segment("slug"), wanted = *number,
       given = *evidence, actor = request.actor()]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const governance::ReleaseManifest release, releases.releases.get(slug, wanted));
    SLIPWAY_TRY(releases.evidence.attach(release, given, actor));
    return one_release(releases, release);
  };
  co_await answer_from(request, 201, std::move(job));
}

struct Decision {
  std::string environment;
  std::string decision;
  std::string comment;
};

Result<Decision> read_decision(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  Decision decision;
  SLIPWAY_ASSIGN(decision.environment, require_string(body, "environment"));
  SLIPWAY_ASSIGN(decision.decision, require_string(body, "decision"));
  SLIPWAY_ASSIGN(const auto comment, optional_string(body, "comment"));
  decision.comment = comment.value_or("");
  return decision;
}

rt::Task<void> approve_release(Request& request) {
  const auto number = read_number(request);
  const auto decision = read_decision(request);
  if (!number || !decision) {
    co_await answer_error(request, first_error(number, decision));
    co_return;
  }
  // Which roles decide says the environment's policy; the store holds the caller against it.
  std::function<Result<std::string>()> job =
      [&releases = request.services.releases, slug = request.segment("slug"), wanted = *number,
       given = *decision, who = request.session.principal]() -> Result<std::string> {
    SLIPWAY_TRY(
        releases.approvals.decide(slug, wanted, given.environment, given.decision, given.comment, who));
    SLIPWAY_ASSIGN(const governance::ReleaseManifest release, releases.releases.get(slug, wanted));
    return one_release(releases, release);
  };
  co_await answer_from(request, 200, std::move(job));
}

constexpr std::array kRoutes = {
    Route{"GET", "/use-cases/{slug}/releases", list_releases},
    Route{"POST", "/use-cases/{slug}/releases", cut_release, Permission::kCutReleases},
    Route{"POST", "/use-cases/{slug}/releases/preview", preview_release},
    Route{"GET", "/use-cases/{slug}/releases/{number}", get_release},
    Route{"GET", "/use-cases/{slug}/releases/{number}/notes", get_release_notes},
    Route{"POST", "/use-cases/{slug}/releases/{number}/evidence", attach_evidence, Permission::kCutReleases},
    Route{"POST", "/use-cases/{slug}/releases/{number}/approvals", approve_release},
};

}  // namespace

std::span<const Route> releases_routes() { return kRoutes; }

}  // namespace slipway::api
