// SPDX-License-Identifier: Apache-2.0
// Files of cases in pieces: any size, and a cut connection costs one piece.
#include <fmt/format.h>

#include "api/asset_json.h"
#include "api/dataset_handlers.h"
#include "base/text.h"
#include "governance/asset_ports.h"

namespace slipway::api {

namespace {

json::object upload_json(const catalog::Upload& upload) {
  json::object out{{"id", upload.id},       {"owner", upload.owner},    {"file_name", upload.file_name},
                   {"bytes", upload.bytes}, {"state", upload.state},    {"cases", upload.cases},
                   {"result", nullptr},     {"problems", json::array()}};
  for (const json::key_value_pair& member : upload.outcome)
    out.insert_or_assign(member.key(), member.value());
  return out;
}

rt::Task<void> answer_upload(Request& request, int status, std::function<Result<catalog::Upload>()> job) {
  const auto upload = co_await in_pool<catalog::Upload>(request, std::move(job));
  if (!upload)
    co_await answer_error(request, upload.error());
  else
    co_await answer(request, status, json::serialize(upload_json(*upload)));
}

struct UploadImport {
  std::string id;
  governance::Actor actor;
  std::optional<catalog::DatasetChange> change;
  ImportPlan plan;
};

json::object failure(const Error& error) {
  json::array problems;
  problems.emplace_back(
      json::object{{"where", error.where}, {"message", error.message}, {"hint", error.hint}});
  return {{"problems", std::move(problems)}};
}

// Runs on the pool, after the request was answered.
void run_import(Services& services, const UploadImport& wanted) {
  catalog::UploadStore& uploads = services.uploads;
  std::int64_t cases = 0;
  const auto progress = [&](std::int64_t read) {
    cases = read;
    if (services.stopping()) return false;
    const Result<> noted = uploads.note_progress(wanted.id, read);
    if (!noted) services.log.warning("datasets.progress_not_noted", {{"error", noted.error().describe()}});
    return true;
  };
  const auto imported =
      services.datasets.import(governance::author_of(wanted.actor), wanted.change, wanted.plan.mode,
                               uploads.source(wanted.id), wanted.plan.options, progress);
  const bool done = imported && imported->report.problems.empty();
  json::object outcome;
  if (!imported)
    outcome = failure(imported.error());
  else if (done)
    outcome = {{"result", import_json(*imported)}};
  else
    outcome = {{"problems", import_problems_json(imported->report)},
               {"problem_count", imported->report.problem_count}};
  const Result<> ended =
      uploads.end_import(wanted.id, done, imported ? imported->report.read : cases, outcome);
  if (!ended) services.log.error("datasets.import_not_ended", {{"error", ended.error().describe()}});
}

Result<UploadImport> read_upload_import(const Request& request) {
  SLIPWAY_ASSIGN(const json::object body, request.body_object());
  UploadImport wanted;
  wanted.id = request.segment("id");
  wanted.actor = request.actor();
  SLIPWAY_ASSIGN(wanted.plan, read_import_plan(request.services, body));
  SLIPWAY_ASSIGN(const auto name, optional_string(body, "name"));
  if (!name || name->empty()) return wanted;
  SLIPWAY_ASSIGN(wanted.change, read_dataset_change({request.segment("owner"), "dataset", *name}, body));
  SLIPWAY_TRY(catalog::check_name(wanted.change->name));
  return wanted;
}

}  // namespace

rt::Task<void> create_upload(Request& request) {
  const auto body = request.body_object();
  auto name =
      body ? optional_string(*body, "file_name") : Result<std::optional<std::string>>(fail(body.error()));
  if (!name) {
    co_await answer_error(request, name.error());
    co_return;
  }
  std::function<Result<catalog::Upload>()> job =
      [&uploads = request.services.uploads, owner = request.segment("owner"), actor = request.actor(),
       file = name->value_or("")] { return uploads.create(owner, actor.id, file); };
  co_await answer_upload(request, 201, std::move(job));
}

rt::Task<void> get_upload(Request& request) {
  std::function<Result<catalog::Upload>()> job =
      [&uploads = request.services.uploads, owner = request.segment("owner"), id = request.segment("id")] {
        return uploads.find(owner, id);
      };
  co_await answer_upload(request, 200, std::move(job));
}

rt::Task<void> append_upload(Request& request) {
  const auto offset = parse_integer<std::int64_t>(request.param("offset"));
  if (!offset || *offset < 0) {
    co_await answer_error(request, problem(ErrorCode::kInvalidArgument, "say where the piece begins",
                                           "offset", "The first one begins at offset=0."));
    co_return;
  }
  std::function<Result<catalog::Upload>()> job =
      [&uploads = request.services.uploads, owner = request.segment("owner"), id = request.segment("id"),
       at = *offset, piece = request.exchange.body()] { return uploads.append(owner, id, at, piece); };
  co_await answer_upload(request, 200, std::move(job));
}

rt::Task<void> import_upload(Request& request) {
  auto wanted = read_upload_import(request);
  if (!wanted) {
    co_await answer_error(request, wanted.error());
    co_return;
  }
  Services& services = request.services;
  const auto slot = std::make_shared<ImportSlot>(services);
  if (!slot->taken()) {
    co_await answer_error(request, too_many_imports());
    co_return;
  }
  std::function<Result<catalog::Upload>()> begin = [&uploads = services.uploads,
                                                    owner = request.segment("owner"), id = wanted->id] {
    return uploads.begin_import(owner, id);
  };
  const auto upload = co_await in_pool<catalog::Upload>(request, std::move(begin));
  if (!upload) {
    co_await answer_error(request, upload.error());
    co_return;
  }
  if (wanted->plan.options.file_name.empty()) wanted->plan.options.file_name = upload->file_name;
  std::function<void()> job = [&services, slot, plan = std::move(*wanted)] { run_import(services, plan); };
  const Result<> queued = services.pool.submit(std::move(job));
  if (!queued)
    co_await answer_error(request, queued.error());
  else
    co_await answer(request, 202, json::serialize(upload_json(*upload)));
}

rt::Task<void> remove_upload(Request& request) {
  std::function<Result<Nothing>()> job = [&uploads = request.services.uploads,
                                          owner = request.segment("owner"),
                                          id = request.segment("id")]() -> Result<Nothing> {
    SLIPWAY_TRY(uploads.remove(owner, id));
    return Nothing{};
  };
  const auto removed = co_await in_pool<Nothing>(request, std::move(job));
  if (!removed)
    co_await answer_error(request, removed.error());
  else
    co_await answer_nothing(request);
}

}  // namespace slipway::api
