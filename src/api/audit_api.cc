// SPDX-License-Identifier: Apache-2.0
// Who did what: pages, files, and the proof that nothing was changed.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "api/export_stream.h"
#include "api/handlers.h"
#include "base/text.h"
#include "governance/audit_json.h"

namespace slipway::api {

namespace {

using governance::Permission;

constexpr std::size_t kTextLimit = 400;

Result<governance::AuditFilter> read_filter(const Request& request) {
  governance::AuditFilter filter;
  for (const auto& [name, target] : {std::pair{"from", &filter.from_us}, std::pair{"to", &filter.to_us}}) {
    if (const auto text = request.param(name); !text.empty()) {
      const auto at = parse_time_us(text);
      if (!at)
        return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a time in RFC 3339", name), name);
      *target = *at;
    }
  }
  filter.actor = request.param("actor");
  filter.action = request.param("action");
  filter.object = request.param("object");
  filter.use_case = request.param("use_case");
  filter.text = request.param("q");
  if (filter.text.size() > kTextLimit)
    return fail(ErrorCode::kInvalidArgument, fmt::format("a search has at most {} characters", kTextLimit),
                "q");
  SLIPWAY_ASSIGN(filter.scopes, governance::audit_scopes(request.session.principal.grants));
  return filter;
}

struct PageRequest {
  governance::AuditFilter filter;
  std::int64_t before = 0;
  std::uint32_t limit = kPageDefault;
};

Result<PageRequest> read_page_request(const Request& request) {
  PageRequest wanted;
  SLIPWAY_ASSIGN(wanted.filter, read_filter(request));
  SLIPWAY_ASSIGN(wanted.limit, request.page_limit());
  if (const auto text = request.param("cursor"); !text.empty()) {
    const auto before = parse_integer<std::int64_t>(text);
    if (!before || *before < 1)
      return fail(ErrorCode::kInvalidArgument, "this is no cursor of the audit log", "cursor",
                  "Take next_cursor of the page before as it is.");
    wanted.before = *before;
  }
  return wanted;
}

std::string page_json(const governance::AuditPage& page) {
  std::string out = R"({"items":[)";
  for (std::size_t i = 0; i < page.items.size(); ++i) {
    if (i > 0) out += ',';
    append_audit_json(out, page.items[i], false);
  }
  out += page.next_before == 0 ? R"(],"next_cursor":null})"
                               : fmt::format(R"(],"next_cursor":"{}"}})", page.next_before);
  return out;
}

// Anchors that somebody kept elsewhere and holds against the log now.
Result<governance::AnchorFile> read_given_anchors(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  SLIPWAY_ASSIGN(const json::array* given, optional_array(body, "anchors"));
  std::string lines;
  if (given != nullptr)
    for (const json::value& anchor : *given) lines += json::serialize(anchor) + "\n";
  return governance::parse_anchors(lines);
}

Result<json::object> verify_log(Services& services, const governance::AnchorFile& given,
                                const governance::Actor& actor) {
  SLIPWAY_ASSIGN(governance::AnchorFile anchors, governance::read_anchors(services.anchors_file));
  std::ranges::copy(given.anchors, std::back_inserter(anchors.anchors));
  for (const std::string& line : given.unreadable) anchors.unreadable.push_back("given " + line);
  SLIPWAY_ASSIGN(const governance::AuditReport report, services.audit.verify(anchors));
  SLIPWAY_TRY(services.audit.note(actor, {"audit.verify",
                                          "audit",
                                          "audit",
                                          {},
                                          {},
                                          {{"ok", report.ok()},
                                           {"entries", report.entries},
                                           {"problems", report.problems.size()},
                                           {"anchors", report.anchors_checked}}}));
  return governance::audit_report_json(report, services.anchors_file);
}

rt::Task<void> list_audit(Request& request) {
  const auto wanted = read_page_request(request);
  if (!wanted) {
    co_await answer_error(request, wanted.error());
    co_return;
  }
  std::function<Result<governance::AuditPage>()> job = [&audit = request.services.audit, page = *wanted] {
    return audit.list(page.filter, page.before, page.limit);
  };
  const auto page = co_await in_pool<governance::AuditPage>(request, std::move(job));
  if (!page)
    co_await answer_error(request, page.error());
  else
    co_await answer(request, 200, page_json(*page));
}

rt::Task<void> export_audit(Request& request) {
  const auto filter = read_filter(request);
  const std::string format(request.param("format").empty() ? "jsonl" : request.param("format"));
  if (!filter || (format != "jsonl" && format != "csv")) {
    Error refused = problem(ErrorCode::kInvalidArgument, "format must be jsonl or csv", "format");
    if (!filter) refused = filter.error();
    co_await answer_error(request, std::move(refused));
    co_return;
  }
  ExportFile file;
  file.content_type = format == "csv" ? "text/csv; charset=utf-8" : "application/x-ndjson";
  file.name = export_file_name("audit", format);
  std::function<Result<>(const ExportSink&)> produce =
      [&audit = request.services.audit, wanted = *filter, csv = format == "csv", actor = request.actor(),
       query = std::string(request.exchange.query())](const ExportSink& sink) -> Result<> {
    SLIPWAY_TRY(audit.note(actor, {"audit.export", "audit", "audit", {}, {}, {{"query", query}}}));
    if (csv && !sink(governance::kAuditCsvHeader)) return {};
    std::string line;
    return audit.for_each(wanted, [&](const governance::AuditEntry& entry) {
      line.clear();
      if (csv)
        append_audit_csv(line, entry);
      else
        append_audit_json(line, entry, true);
      if (!csv) line += '\n';
      return sink(line);
    });
  };
  co_await stream_export(request, std::move(file), std::move(produce));
}

rt::Task<void> verify_audit(Request& request) {
  const auto given = read_given_anchors(request);
  if (!given) {
    co_await answer_error(request, given.error());
    co_return;
  }
  Services& services = request.services;
  if (services.audit_verifying.exchange(true)) {
    co_await answer_error(request, problem(ErrorCode::kResourceExhausted, "the log is being verified already",
                                           {}, "Try again in a moment."));
    co_return;
  }
  std::function<Result<json::object>()> job = [&services, anchors = *given, actor = request.actor()] {
    auto report = verify_log(services, anchors, actor);
    services.audit_verifying = false;
    return report;
  };
  const auto report = co_await in_pool<json::object>(request, std::move(job));
  if (!report) {
    // A full queue has not run the job.
    if (report.error().code == ErrorCode::kResourceExhausted) services.audit_verifying = false;
    co_await answer_error(request, report.error());
  } else {
    co_await answer(request, 200, json::serialize(*report));
  }
}

constexpr std::array kRoutes = {
    Route{"GET", "/audit", list_audit, Permission::kReadAudit},
    Route{"GET", "/audit/export", export_audit, Permission::kReadAudit},
    Route{"POST", "/audit/verify", verify_audit, Permission::kReadAudit},
};

}  // namespace

std::span<const Route> audit_routes() { return kRoutes; }

}  // namespace slipway::api
