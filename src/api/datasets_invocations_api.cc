// SPDX-License-Identifier: Apache-2.0
// Cases from calls: looked at first, then kept.
#include <fmt/format.h>

#include <set>

#include "api/asset_json.h"
#include "api/dataset_handlers.h"
#include "api/handlers.h"
#include "base/text.h"
#include "evaluation/invocation_cases.h"
#include "governance/asset_ports.h"

namespace slipway::api {

namespace {

using evaluation::InvocationCasesRequest;
using governance::Permission;

constexpr std::size_t kPreviewCases = 20;

struct Wanted {
  catalog::DatasetChange change;
  catalog::AssetName name;
  InvocationCasesRequest cases;
  bool preview = true;
};

Result<> read_times(const json::object& filters, telemetry::InvocationFilters& out) {
  for (const auto& [name, target] : {std::pair{"from", &out.from_us}, std::pair{"to", &out.to_us}}) {
    SLIPWAY_ASSIGN(const auto text, optional_string(filters, name, "filters"));
    if (!text) continue;
    const auto at = parse_time_us(*text);
    if (!at)
      return fail(ErrorCode::kInvalidArgument, "is not a time in RFC 3339", fmt::format("filters.{}", name));
    *target = *at;
  }
  return {};
}

// The same filters as GET /invocations has, as members of an object.
Result<telemetry::InvocationFilters> read_call_filters(const json::object& body) {
  telemetry::InvocationFilters out;
  SLIPWAY_ASSIGN(const json::object* filters, optional_object(body, "filters"));
  if (filters == nullptr) return out;
  SLIPWAY_TRY(read_times(*filters, out));
  for (const auto& [name, target] :
       {std::pair{"environment", &out.environment}, std::pair{"use_case", &out.use_case},
        std::pair{"key", &out.key_id}, std::pair{"provider", &out.provider}, std::pair{"model", &out.model},
        std::pair{"connection", &out.connection}, std::pair{"error_code", &out.error_code}}) {
    SLIPWAY_ASSIGN(const auto text, optional_string(*filters, name, "filters"));
    if (text && !text->empty()) target->push_back(*text);
  }
  for (const auto& [name, target] :
       {std::pair{"request_id", &out.request_id}, std::pair{"end_user", &out.end_user},
        std::pair{"trace_id", &out.trace_id}, std::pair{"release", &out.release}}) {
    SLIPWAY_ASSIGN(const auto text, optional_string(*filters, name, "filters"));
    if (text && !text->empty()) *target = *text;
  }
  SLIPWAY_ASSIGN(const auto status, optional_string(*filters, "status", "filters"));
  SLIPWAY_ASSIGN(out.status, read_statuses(status.value_or("")));
  SLIPWAY_ASSIGN(const auto words, optional_string(*filters, "q", "filters"));
  out.text = words.value_or("");
  return out;
}

// A use case's dataset is made of its own calls, unless somebody who sees all of them says otherwise.
Result<> limit_to_owner(const Request& request, const std::string& owner,
                        telemetry::InvocationFilters& filters) {
  if (filters.use_case.empty() && owner != catalog::kSharedOwner) filters.use_case.push_back(owner);
  for (const std::string& use_case : filters.use_case)
    SLIPWAY_TRY(
        request.require(Permission::kView, {.use_case = use_case, .environment = {}, .discipline = {}}));
  if (!filters.use_case.empty()) return {};
  for (const governance::RoleGrant& grant : request.session.principal.grants)
    if (grant.use_case.empty() && governance::may({grant}, Permission::kView)) return {};
  return fail(ErrorCode::kPermissionDenied, "you may not see the calls of all use cases", "filters.use_case",
              "Name a use case.");
}

Result<> read_masks(const json::object& body, InvocationCasesRequest& out) {
  const json::value* given = body.if_contains("mask");
  if (given == nullptr) return {};
  if (given->is_bool()) {
    out.mask = given->get_bool();
    return {};
  }
  if (!given->is_object())
    return fail(ErrorCode::kInvalidArgument, "must be true, false or what is masked", "mask");
  const json::object& mask = given->get_object();
  for (const auto& [name, target] : {std::pair{"email", &out.masks.email},
                                     std::pair{"phone", &out.masks.phone}, std::pair{"card", &out.masks.card},
                                     std::pair{"iban", &out.masks.iban}, std::pair{"ip", &out.masks.ip}}) {
    SLIPWAY_ASSIGN(const auto flag, optional_bool(mask, name, "mask"));
    *target = flag.value_or(true);
  }
  if (mask.contains("keys")) {
    SLIPWAY_ASSIGN(out.masks.keys, read_texts(mask, "keys"));
  }
  SLIPWAY_ASSIGN(const json::object* patterns, optional_object(mask, "patterns", "mask"));
  if (patterns == nullptr) return {};
  for (const json::key_value_pair& pattern : *patterns) {
    if (!pattern.value().is_string())
      return fail(ErrorCode::kInvalidArgument, "must be patterns by name", "mask.patterns");
    out.masks.patterns.emplace_back(pattern.key(), pattern.value().get_string());
  }
  return {};
}

Result<Wanted> read_wanted(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  Wanted out;
  out.name = dataset_in_path(request);
  SLIPWAY_TRY(catalog::check_name(out.name));
  SLIPWAY_ASSIGN(out.change, read_dataset_change(out.name, body));
  SLIPWAY_ASSIGN(out.cases.filters, read_call_filters(body));
  SLIPWAY_TRY(limit_to_owner(request, out.name.owner, out.cases.filters));
  SLIPWAY_ASSIGN(const auto count, optional_integer(body, "count"));
  if (count && (*count < 1 || *count > request.services.config.datasets.invocation_cases))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("lies between 1 and {}", request.services.config.datasets.invocation_cases),
                "count", "The setting datasets.invocation_cases is the most.");
  out.cases.count = static_cast<std::uint32_t>(count.value_or(100));
  SLIPWAY_ASSIGN(const auto seed, optional_integer(body, "seed"));
  if (seed && *seed < 0) return fail(ErrorCode::kInvalidArgument, "must not be negative", "seed");
  out.cases.seed = static_cast<std::uint64_t>(seed.value_or(1));
  SLIPWAY_ASSIGN(const auto stratify, optional_string(body, "stratify_by"));
  out.cases.stratify_by = stratify.value_or("");
  SLIPWAY_ASSIGN(const auto answers, optional_bool(body, "keep_answers"));
  out.cases.keep_answers = answers.value_or(false);
  SLIPWAY_ASSIGN(const auto similarity, optional_number(body, "similarity"));
  out.cases.similarity = similarity.value_or(out.cases.similarity);
  SLIPWAY_ASSIGN(const auto exact, optional_bool(body, "exact_duplicates"));
  out.cases.exact_duplicates = exact.value_or(true);
  SLIPWAY_TRY(read_masks(body, out.cases));
  SLIPWAY_ASSIGN(const auto split, optional_string(body, "split"));
  out.cases.split = split.value_or("");
  SLIPWAY_ASSIGN(out.cases.tags, read_texts(body, "tags"));
  SLIPWAY_ASSIGN(const auto preview, optional_bool(body, "preview"));
  out.preview = preview.value_or(true);
  return out;
}

json::object counts_of(const std::map<std::string, std::int64_t>& counts) {
  json::object out;
  for (const auto& [name, count] : counts) out.emplace(name, count);
  return out;
}

Result<json::object> report_json(const evaluation::InvocationCasesReport& report, bool preview) {
  json::array items;
  for (const catalog::Case& one : report.cases) {
    if (!preview || items.size() == kPreviewCases) break;
    SLIPWAY_ASSIGN(json::value value, parse_json(one.line));
    items.push_back(std::move(value));
  }
  return json::object{{"matched", report.matched},
                      {"complete", report.complete},
                      {"selected", report.cases.size()},
                      {"without_body", report.without_body},
                      {"unreadable", report.unreadable},
                      {"duplicates", report.duplicates},
                      {"near_duplicates", report.near_duplicates},
                      {"masked", counts_of(report.masked)},
                      {"strata", counts_of(report.strata)},
                      {"items", std::move(items)},
                      {"dataset", nullptr}};
}

Result<std::string> make_cases(Services& services, const governance::Actor& actor, Wanted wanted) {
  const DatasetsConfig& settings = services.config.datasets;
  SLIPWAY_ASSIGN(
      evaluation::InvocationCasesReport report,
      evaluation::cases_from_invocations(
          services.query, wanted.cases, {settings.invocation_cases, settings.invocations_scanned},
          services.datasets.cases().limits(), [&services](std::int64_t) { return !services.stopping(); }));
  SLIPWAY_ASSIGN(json::object out, report_json(report, wanted.preview));
  if (wanted.preview) return json::serialize(out);
  if (report.cases.empty())
    return fail(ErrorCode::kInvalidArgument, "no call made a case", "filters",
                "A preview says why: bodies may not be captured in this environment, or have expired.");
  // Calls that are cases already stay as they are: asking again adds what is new.
  const auto latest = services.datasets.version(wanted.name, "latest");
  std::vector<std::string> ids;
  for (const catalog::Case& one : report.cases) ids.push_back(one.id);
  std::vector<std::string> known;
  if (latest) {
    SLIPWAY_ASSIGN(known, services.datasets.cases().known(latest->content, ids));
  }
  const std::set<std::string, std::less<>> there(known.begin(), known.end());
  catalog::CaseEdits edits;
  for (catalog::Case& one : report.cases)
    if (!there.contains(one.id)) edits.add.push_back(std::move(one));
  out["already_there"] = there.size();
  if (edits.add.empty()) return json::serialize(out);
  if (wanted.change.message.empty())
    wanted.change.message =
        fmt::format("Add {} cases from calls (seed {})", edits.add.size(), wanted.cases.seed);
  SLIPWAY_ASSIGN(const catalog::StoredDataset stored,
                 services.datasets.edit(governance::author_of(actor), wanted.change, std::move(edits)));
  out["dataset"] = push_item_json(stored.item);
  return json::serialize(out);
}

}  // namespace

rt::Task<void> dataset_from_invocations(Request& request) {
  auto wanted = read_wanted(request);
  if (!wanted) {
    co_await answer_error(request, wanted.error());
    co_return;
  }
  const ImportSlot slot(request.services);
  if (!slot.taken()) {
    co_await answer_error(request, too_many_imports());
    co_return;
  }
  std::function<Result<std::string>()> job = [&services = request.services, actor = request.actor(),
                                              plan = std::move(*wanted)] {
    return make_cases(services, actor, plan);
  };
  const auto body = co_await in_pool<std::string>(request, std::move(job));
  if (!body)
    co_await answer_error(request, body.error());
  else
    co_await answer(request, 200, *body);
}

}  // namespace slipway::api
