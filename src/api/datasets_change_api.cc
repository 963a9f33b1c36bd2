// SPDX-License-Identifier: Apache-2.0
// New versions of datasets: cases added, changed, removed, split and imported.
#include <fmt/format.h>

#include "api/asset_json.h"
#include "api/dataset_handlers.h"
#include "api/problem.h"
#include "base/text.h"
#include "governance/asset_ports.h"

namespace slipway::api {

namespace {

constexpr std::size_t kEditsAtOnce = 10'000;

Result<json::object> read_large_body(const Request& request) {
  JsonLimits limits;
  limits.size_bytes = request.services.config.catalog.push_bytes;
  SLIPWAY_ASSIGN(json::value body, parse_json(request.exchange.body(), limits));
  if (!body.is_object()) return fail(ErrorCode::kInvalidArgument, "the body must be a JSON object", "body");
  return std::move(body.as_object());
}

Result<std::vector<catalog::Case>> read_cases_of(json::object& body, std::string_view name, bool need_id,
                                                 const catalog::CaseLimits& limits) {
  std::vector<catalog::Case> cases;
  json::value* list = body.if_contains(name);
  if (list == nullptr || list->is_null()) return cases;
  if (!list->is_array())
    return fail(ErrorCode::kInvalidArgument, "must be a list of cases", std::string(name));
  for (std::size_t i = 0; i < list->get_array().size(); ++i) {
    json::value& item = list->get_array()[i];
    const std::string where = fmt::format("{}[{}]", name, i);
    if (!item.is_object()) return fail(ErrorCode::kInvalidArgument, "must be a case", where);
    auto one = catalog::make_case(std::move(item.get_object()), limits);
    if (!one) {
      Error error = one.error();
      error.where = where + (error.where.empty() ? "" : "." + error.where);
      return fail(std::move(error));
    }
    if (need_id && !one->named)
      return fail(ErrorCode::kInvalidArgument, "the id is missing", where + ".id",
                  "It says which case is replaced.");
    cases.push_back(std::move(*one));
  }
  return cases;
}

struct Edit {
  catalog::DatasetChange change;
  catalog::CaseEdits edits;
};

Result<Edit> read_edit(const Request& request) {
  SLIPWAY_ASSIGN(json::object body, read_large_body(request));
  const catalog::CaseLimits& limits = request.services.datasets.cases().limits();
  Edit edit;
  SLIPWAY_ASSIGN(edit.change, read_dataset_change(dataset_in_path(request), body));
  SLIPWAY_ASSIGN(edit.edits.add, read_cases_of(body, "add", false, limits));
  SLIPWAY_ASSIGN(edit.edits.replace, read_cases_of(body, "replace", true, limits));
  SLIPWAY_ASSIGN(edit.edits.remove, read_texts(body, "remove"));
  const std::size_t total = edit.edits.add.size() + edit.edits.replace.size() + edit.edits.remove.size();
  if (total > kEditsAtOnce)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} changes at once are too many", total), "add",
                fmt::format("Send at most {}, or import a file.", kEditsAtOnce));
  return edit;
}

rt::Task<void> answer_stored(Request& request, std::function<Result<catalog::StoredDataset>()> job) {
  const auto stored = co_await in_pool<catalog::StoredDataset>(request, std::move(job));
  if (!stored)
    co_await answer_error(request, stored.error());
  else
    co_await answer(request, 200, json::serialize(stored_json(*stored)));
}

Result<catalog::SplitPlan> read_split(const json::object& body) {
  catalog::SplitPlan plan;
  SLIPWAY_ASSIGN(const json::object* shares, optional_object(body, "shares"));
  if (shares == nullptr)
    return fail(ErrorCode::kInvalidArgument, "the shares are missing", "shares",
                R"(As in {"train": 0.8, "test": 0.2}.)");
  for (const json::key_value_pair& share : *shares) {
    if (!share.value().is_number())
      return fail(ErrorCode::kInvalidArgument, "must be a number",
                  fmt::format("shares.{}", std::string_view(share.key())));
    plan.shares.emplace_back(share.key(), share.value().to_number<double>());
  }
  SLIPWAY_ASSIGN(const auto seed, optional_integer(body, "seed"));
  if (seed && *seed < 0) return fail(ErrorCode::kInvalidArgument, "must not be negative", "seed");
  plan.seed = static_cast<std::uint64_t>(seed.value_or(1));
  SLIPWAY_ASSIGN(const auto unassigned, optional_bool(body, "only_unassigned"));
  plan.only_unassigned = unassigned.value_or(false);
  SLIPWAY_TRY(catalog::check_shares(plan));
  return plan;
}

// The query of a one-shot import as the body of an upload's.
Result<json::object> query_as_body(const Request& request) {
  json::object body;
  for (const auto& [name, value] : request.query) {
    if (name == "tags") {
      json::array tags;
      for (const std::string_view tag : split(value, ','))
        if (!trim(tag).empty()) tags.emplace_back(trim(tag));
      body["tags"] = std::move(tags);
    } else if (name == "columns") {
      auto columns = parse_json(value);
      if (!columns) return fail(ErrorCode::kInvalidArgument, "must be a JSON object", "columns");
      body["columns"] = std::move(*columns);
    } else {
      body[name] = value;
    }
  }
  return body;
}

rt::Task<void> answer_import_problems(Request& request, const catalog::ImportReport& report) {
  std::vector<FieldError> errors;
  for (const Error& error : report.problems)
    errors.push_back({error.where, error.hint.empty() ? error.message : error.message + ". " + error.hint});
  std::string detail = fmt::format("{} problem{}; nothing was imported.", report.problem_count,
                                   report.problem_count == 1 ? "" : "s");
  if (!errors.empty()) detail += fmt::format(" {}: {}", errors[0].field, errors[0].detail);
  std::string body = problem_json(detail, errors, request.request_id);
  co_await answer_with(request, http_status(ErrorCode::kInvalidArgument), std::move(body),
                       "application/problem+json", {}, {});
}

}  // namespace

ImportSlot::ImportSlot(Services& services)
    : services_(services), taken_(services.imports_running.fetch_add(1) < services.config.datasets.imports) {}

ImportSlot::~ImportSlot() { services_.imports_running.fetch_sub(1); }

Error too_many_imports() {
  return problem(ErrorCode::kResourceExhausted, "other imports are running", {},
                 "Try again when one of them has ended, or raise the setting datasets.imports.");
}

Result<std::optional<std::string>> read_expected_parent(const json::object& body) {
  const json::value* parent = body.if_contains("parent");
  if (parent == nullptr) return std::optional<std::string>();
  if (parent->is_null()) return std::optional<std::string>(std::string());
  if (!parent->is_string())
    return fail(ErrorCode::kInvalidArgument, "must be a version's digest or null", "parent");
  return std::optional<std::string>(std::string(parent->get_string()));
}

Result<catalog::DatasetChange> read_dataset_change(catalog::AssetName name, const json::object& body) {
  catalog::DatasetChange change;
  change.name = std::move(name);
  SLIPWAY_ASSIGN(change.parent, read_expected_parent(body));
  SLIPWAY_ASSIGN(const auto message, optional_string(body, "message"));
  change.message = message.value_or("");
  SLIPWAY_ASSIGN(change.description, optional_string(body, "description"));
  return change;
}

Result<std::vector<std::string>> read_texts(const json::object& body, std::string_view name) {
  std::vector<std::string> texts;
  SLIPWAY_ASSIGN(const json::array* list, optional_array(body, name));
  if (list == nullptr) return texts;
  for (const json::value& item : *list) {
    if (!item.is_string())
      return fail(ErrorCode::kInvalidArgument, "must be a list of texts", std::string(name));
    texts.emplace_back(item.get_string());
  }
  return texts;
}

Result<ImportPlan> read_import_plan(const Services& services, const json::object& body) {
  ImportPlan plan;
  plan.options.limits = services.datasets.cases().limits();
  for (const auto& [name, target] :
       {std::pair{"format", &plan.options.format}, std::pair{"file_name", &plan.options.file_name},
        std::pair{"split", &plan.options.split}}) {
    SLIPWAY_ASSIGN(const auto text, optional_string(body, name));
    *target = text.value_or("");
  }
  SLIPWAY_ASSIGN(plan.options.tags, read_texts(body, "tags"));
  SLIPWAY_ASSIGN(const json::object* columns, optional_object(body, "columns"));
  if (columns != nullptr)
    for (const json::key_value_pair& column : *columns) {
      if (!column.value().is_string())
        return fail(ErrorCode::kInvalidArgument, "must be texts by column", "columns");
      plan.options.columns.emplace(column.key(), column.value().get_string());
    }
  SLIPWAY_ASSIGN(const auto mode, optional_string(body, "mode"));
  if (mode && *mode != "replace" && *mode != "append")
    return fail(ErrorCode::kInvalidArgument, "mode is replace or append", "mode");
  if (mode && *mode == "append") plan.mode = catalog::ImportMode::kAppend;
  return plan;
}

json::array import_problems_json(const catalog::ImportReport& report) {
  json::array out;
  for (const Error& error : report.problems)
    out.emplace_back(json::object{{"where", error.where}, {"message", error.message}, {"hint", error.hint}});
  return out;
}

json::object import_json(const catalog::ImportedDataset& imported) {
  json::object out{{"format", imported.report.format},
                   {"read", imported.report.read},
                   {"repeated", imported.report.repeated},
                   {"count", imported.summary.count},
                   {"bytes", imported.summary.bytes},
                   {"content", catalog::cases_content(imported.summary)},
                   {"dataset", nullptr}};
  if (imported.item) out["dataset"] = push_item_json(*imported.item);
  return out;
}

json::object stored_json(const catalog::StoredDataset& stored) {
  return {{"count", stored.summary.count},
          {"content", catalog::cases_content(stored.summary)},
          {"dataset", push_item_json(stored.item)}};
}

rt::Task<void> change_cases(Request& request) {
  auto edit = read_edit(request);
  if (!edit) {
    co_await answer_error(request, edit.error());
    co_return;
  }
  std::function<Result<catalog::StoredDataset>()> job = [&datasets = request.services.datasets,
                                                         author = governance::author_of(request.actor()),
                                                         wanted = std::move(*edit)]() mutable {
    return datasets.edit(author, wanted.change, std::move(wanted.edits));
  };
  co_await answer_stored(request, std::move(job));
}

rt::Task<void> split_dataset(Request& request) {
  const auto body = request.body_object();
  const auto plan = body ? read_split(*body) : Result<catalog::SplitPlan>(fail(body.error()));
  auto change = plan ? read_dataset_change(dataset_in_path(request), *body)
                     : Result<catalog::DatasetChange>(fail(plan.error()));
  if (!change) {
    co_await answer_error(request, change.error());
    co_return;
  }
  std::function<Result<catalog::StoredDataset>()> job =
      [&datasets = request.services.datasets, author = governance::author_of(request.actor()),
       wanted = std::move(*change), shares = *plan] { return datasets.split(author, wanted, shares); };
  co_await answer_stored(request, std::move(job));
}

rt::Task<void> import_dataset(Request& request) {
  const auto body = query_as_body(request);
  const auto plan = body ? read_import_plan(request.services, *body) : Result<ImportPlan>(fail(body.error()));
  auto change = plan ? read_dataset_change(dataset_in_path(request), *body)
                     : Result<catalog::DatasetChange>(fail(plan.error()));
  if (!change) {
    co_await answer_error(request, change.error());
    co_return;
  }
  const ImportSlot slot(request.services);
  if (!slot.taken()) {
    co_await answer_error(request, too_many_imports());
    co_return;
  }
  // The body lives until this handler ends.
  std::function<Result<catalog::ImportedDataset>()> job =
      [&datasets = request.services.datasets, author = governance::author_of(request.actor()),
       wanted = std::move(*change), how = *plan, file = request.exchange.body()] {
        return datasets.import(author, wanted, how.mode, catalog::source_of(file), how.options);
      };
  const auto imported = co_await in_pool<catalog::ImportedDataset>(request, std::move(job));
  if (!imported)
    co_await answer_error(request, imported.error());
  else if (!imported->report.problems.empty())
    co_await answer_import_problems(request, imported->report);
  else
    co_await answer(request, 200, json::serialize(import_json(*imported)));
}

}  // namespace slipway::api
