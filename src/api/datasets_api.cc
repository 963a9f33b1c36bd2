// SPDX-License-Identifier: Apache-2.0
// Datasets as they are: cases by page, one case, differences, files.
#include <fmt/format.h>

#include <array>

#include "api/asset_json.h"
#include "api/dataset_handlers.h"
#include "api/export_stream.h"
#include "api/handlers.h"
#include "api/or_null.h"
#include "base/text.h"
#include "catalog/case_table.h"

namespace slipway::api {

namespace {

using governance::Permission;

constexpr std::size_t kSearchCharacters = 400;

constexpr std::array kRoutes = {
    Route{"GET", "/datasets/{owner}/{name}", get_dataset},
    Route{"GET", "/datasets/{owner}/{name}/cases", list_cases},
    Route{"POST", "/datasets/{owner}/{name}/cases", change_cases, Permission::kEditAssets},
    Route{"GET", "/datasets/{owner}/{name}/cases/{id}", get_case},
    Route{"GET", "/datasets/{owner}/{name}/diff", diff_dataset},
    Route{"GET", "/datasets/{owner}/{name}/export", export_dataset},
    Route{"POST", "/datasets/{owner}/{name}/import", import_dataset, Permission::kEditAssets},
    Route{"POST", "/datasets/{owner}/{name}/split", split_dataset, Permission::kEditAssets},
    Route{"POST", "/datasets/{owner}/{name}/from-invocations", dataset_from_invocations,
          Permission::kEditAssets},
    Route{"POST", "/dataset-uploads/{owner}", create_upload, Permission::kEditAssets},
    Route{"GET", "/dataset-uploads/{owner}/{id}", get_upload, Permission::kEditAssets},
    Route{"PUT", "/dataset-uploads/{owner}/{id}", append_upload, Permission::kEditAssets},
    Route{"DELETE", "/dataset-uploads/{owner}/{id}", remove_upload, Permission::kEditAssets},
    Route{"POST", "/dataset-uploads/{owner}/{id}/import", import_upload, Permission::kEditAssets},
};

Result<catalog::CaseFilter> read_filter(const Request& request) {
  catalog::CaseFilter filter;
  filter.tag = request.param("tag");
  filter.split = request.param("split");
  filter.text = request.param("q");
  if (filter.text.size() > kSearchCharacters)
    return fail(ErrorCode::kInvalidArgument, "a search has at most 400 characters", "q");
  return filter;
}

rt::Task<void> answer_from(Request& request, std::function<Result<std::string>()> job) {
  const auto body = co_await in_pool<std::string>(request, std::move(job));
  if (!body)
    co_await answer_error(request, body.error());
  else
    co_await answer(request, 200, *body);
}

// Counts of a content that has its cases inside; a stored set knows them.
Result<catalog::CaseSummary> summarize(catalog::CaseStore& cases, const json::object& content) {
  if (const json::value* digest = content.if_contains("cases_digest");
      digest != nullptr && digest->is_string())
    return cases.find(digest->get_string());
  SLIPWAY_ASSIGN(catalog::CaseWalk walk, cases.walk(content));
  catalog::CaseCutter cutter;
  while (walk.at() < walk.places().size()) {
    SLIPWAY_ASSIGN(const auto chunk, walk.next());
    cutter.add_chunk(*chunk, false);
  }
  return cutter.summary();
}

json::object counts_object(const catalog::Counts& counts) {
  json::object out;
  for (const auto& [name, count] : counts)
    if (!name.empty()) out.emplace(name, count);
  return out;
}

json::object dataset_json(const catalog::AssetVersion& version, const catalog::CaseSummary& summary) {
  json::object out = version_info_json(version);
  out["owner"] = version.name.owner;
  out["name"] = version.name.name;
  const json::value* description = version.content.if_contains("description");
  out["description"] = description == nullptr ? json::value("") : *description;
  const json::value* columns = version.content.if_contains("columns");
  out["columns"] = columns == nullptr ? json::value(json::object()) : *columns;
  out["count"] = summary.count;
  out["bytes"] = summary.bytes;
  out["cases_digest"] = summary.digest;
  out["inline"] = version.content.contains("cases");
  out["splits"] = counts_object(summary.splits);
  out["tags"] = counts_object(summary.tags);
  return out;
}

Result<json::value> case_value(std::string_view line) {
  SLIPWAY_ASSIGN(json::value value, parse_json(line));
  return value;
}

Result<std::string> page_json(const catalog::AssetVersion& version, const catalog::CasePage& page) {
  json::array items;
  for (const auto& [number, line] : page.items) {
    SLIPWAY_ASSIGN(json::value one, case_value(line));
    items.emplace_back(json::object{{"number", number}, {"case", std::move(one)}});
  }
  return json::serialize(json::object{{"items", std::move(items)},
                                      {"next_cursor", text_or_null(page.next_cursor)},
                                      {"total", page.total},
                                      {"version", version.number},
                                      {"digest", version.digest}});
}

Result<std::string> case_diff_json(const catalog::AssetVersion& from, const catalog::AssetVersion& to,
                                   const catalog::CaseDiff& diff) {
  json::array items;
  for (const catalog::CaseChange& change : diff.items) {
    json::object item{
        {"op", to_string(change.op)}, {"id", change.id}, {"before", nullptr}, {"after", nullptr}};
    for (const auto& [name, line] : {std::pair{"before", &change.before}, std::pair{"after", &change.after}})
      if (!line->empty()) {
        SLIPWAY_ASSIGN(item[name], case_value(*line));
      }
    items.emplace_back(std::move(item));
  }
  return json::serialize(json::object{{"from", from.number},
                                      {"to", to.number},
                                      {"added", diff.added},
                                      {"removed", diff.removed},
                                      {"changed", diff.changed},
                                      {"unchanged", diff.unchanged},
                                      {"items", std::move(items)},
                                      {"next_cursor", text_or_null(diff.next_cursor)}});
}

// Writes the cases of a version into a file, chunk by chunk.
Result<> write_file(catalog::CaseStore& cases, const json::object& content, bool csv,
                    const catalog::CaseFilter& filter, const ExportSink& sink) {
  if (csv && !sink(catalog::kCaseTableHeader)) return {};
  const bool all = filter.tag.empty() && filter.split.empty() && filter.text.empty();
  SLIPWAY_ASSIGN(catalog::CaseWalk walk, cases.walk(content));
  std::string cursor;
  std::string out;
  const auto append = [&](std::string_view line) -> Result<> {
    if (csv) return catalog::append_case_row(out, line);
    out += line;
    out += '\n';
    return {};
  };
  if (all) {
    while (walk.at() < walk.places().size()) {
      SLIPWAY_ASSIGN(const auto chunk, walk.next());
      Result<> written;
      out.clear();
      if (csv)
        catalog::for_each_line(*chunk, [&](std::string_view line) {
          written = append(line);
          return written.has_value();
        });
      SLIPWAY_TRY(written);
      if (!sink(csv ? std::string_view(out) : std::string_view(chunk->text))) return {};
    }
    return {};
  }
  do {
    SLIPWAY_ASSIGN(const catalog::CasePage page, cases.page(content, filter, cursor, kPageLimit));
    out.clear();
    for (const auto& [number, line] : page.items) SLIPWAY_TRY(append(line));
    if (!sink(out)) return {};
    cursor = page.next_cursor;
  } while (!cursor.empty());
  return {};
}

}  // namespace

std::span<const Route> datasets_routes() { return kRoutes; }

catalog::AssetName dataset_in_path(const Request& request) {
  return {request.segment("owner"), "dataset", request.segment("name")};
}

rt::Task<void> get_dataset(Request& request) {
  std::function<Result<std::string>()> job =
      [&datasets = request.services.datasets, name = dataset_in_path(request),
       which = std::string(request.param("version"))]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const catalog::AssetVersion version, datasets.version(name, which));
    SLIPWAY_ASSIGN(const catalog::CaseSummary summary, summarize(datasets.cases(), version.content));
    return json::serialize(dataset_json(version, summary));
  };
  co_await answer_from(request, std::move(job));
}

rt::Task<void> list_cases(Request& request) {
  const auto filter = read_filter(request);
  const auto limit = request.page_limit();
  if (!filter || !limit) {
    co_await answer_error(request, first_error(filter, limit));
    co_return;
  }
  std::function<Result<std::string>()> job =
      [&datasets = request.services.datasets, name = dataset_in_path(request),
       which = std::string(request.param("version")), wanted = *filter,
       cursor = std::string(request.param("cursor")), count = *limit]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const catalog::AssetVersion version, datasets.version(name, which));
    SLIPWAY_ASSIGN(const catalog::CasePage page,
                   datasets.cases().page(version.content, wanted, cursor, count));
    return page_json(version, page);
  };
  co_await answer_from(request, std::move(job));
}

rt::Task<void> get_case(Request& request) {
  std::function<Result<std::string>()> job =
      [&datasets = request.services.datasets, name = dataset_in_path(request), id = request.segment("id"),
       which = std::string(request.param("version"))]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const catalog::AssetVersion version, datasets.version(name, which));
    return datasets.cases().get(version.content, id);
  };
  co_await answer_from(request, std::move(job));
}

rt::Task<void> diff_dataset(Request& request) {
  const auto limit = request.page_limit();
  if (!limit) {
    co_await answer_error(request, limit.error());
    co_return;
  }
  std::function<Result<std::string>()> job =
      [&datasets = request.services.datasets, name = dataset_in_path(request),
       from = std::string(request.param("from")), to = std::string(request.param("to")),
       cursor = std::string(request.param("cursor")), count = *limit]() -> Result<std::string> {
    SLIPWAY_ASSIGN(const catalog::AssetVersion after, datasets.version(name, to));
    catalog::AssetVersion before;  // nothing, the dataset's beginning
    before.content = json::object{{"cases", json::array()}};
    const std::string older = from.empty() ? fmt::format("{}", after.number - 1) : from;
    if (!from.empty() || after.number > 1) {
      SLIPWAY_ASSIGN(before, datasets.version(name, older));
    }
    SLIPWAY_ASSIGN(const catalog::CaseDiff diff,
                   datasets.cases().diff(before.content, after.content, cursor, count));
    return case_diff_json(before, after, diff);
  };
  co_await answer_from(request, std::move(job));
}

rt::Task<void> export_dataset(Request& request) {
  const std::string_view format = request.param("format");
  const auto filter = read_filter(request);
  if (!filter || (!format.empty() && format != "jsonl" && format != "csv")) {
    const Error error =
        !filter ? filter.error()
                : problem(ErrorCode::kInvalidArgument, "format must be jsonl or csv", "format", {});
    co_await answer_error(request, error);
    co_return;
  }
  // The version is found before the answer begins, so that a wrong one is answered as such.
  std::function<Result<catalog::AssetVersion>()> find =
      [&datasets = request.services.datasets, name = dataset_in_path(request),
       which = std::string(request.param("version"))] { return datasets.version(name, which); };
  const auto version = co_await in_pool<catalog::AssetVersion>(request, std::move(find));
  if (!version) {
    co_await answer_error(request, version.error());
    co_return;
  }
  const bool csv = format == "csv";
  ExportFile file;
  file.content_type = csv ? "text/csv; charset=utf-8" : "application/x-ndjson";
  file.name = fmt::format("{}-{}.{}", version->name.name, version->number, csv ? "csv" : "jsonl");
  std::function<Result<>(const ExportSink&)> produce =
      [&cases = request.services.datasets.cases(), content = version->content, csv,
       wanted = *filter](const ExportSink& sink) { return write_file(cases, content, csv, wanted, sink); };
  co_await stream_export(request, std::move(file), std::move(produce));
}

}  // namespace slipway::api
