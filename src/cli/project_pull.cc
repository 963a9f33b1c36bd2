// SPDX-License-Identifier: Apache-2.0
// pull: the server's latest versions as files.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/json_text.h"
#include "base/text.h"
#include "base/yaml_json.h"
#include "cli/project_commands.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

struct Pulled {
  std::string key;
  std::vector<std::pair<std::string, std::string>> files;  // name within the folder, text
  LockedVersion version;
};

constexpr std::size_t kCasesBytes = 4u << 20;  // what a file of a project may have

// Cases that the server keeps beside the dataset's content.
Result<std::string> stored_cases(const ApiClient& api, const Project& project, const ProjectAsset& here) {
  std::string lines;
  SLIPWAY_TRY(
      api.stream("/api/v1/datasets/" + url_encode(project.owner) + "/" + url_encode(here.name) + "/export",
                 "application/x-ndjson", [&lines](std::string_view piece) {
                   lines += piece;
                   return lines.size() <= kCasesBytes;
                 }));
  if (lines.size() > kCasesBytes)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} has more cases than a project's file may hold", here.key()), here.cases_file,
                "take 'file' out of " + here.file + " and use slipway dataset import and export");
  return lines;
}

// A dataset whose cases are kept in a file of their own here goes there again.
Result<> write_cases_apart(const ApiClient& api, const Project& project, const ProjectAsset& here,
                           json::object content, Pulled& pulled) {
  std::string lines;
  if (const json::value* cases = content.if_contains("cases"); cases != nullptr && cases->is_array()) {
    for (const json::value& one : cases->as_array()) lines += json_text(one) + "\n";
  } else {
    SLIPWAY_ASSIGN(lines, stored_cases(api, project, here));
  }
  for (const std::string_view member : {"cases", "count", "cases_digest", "splits"}) content.erase(member);
  content["file"] = fs::path(here.cases_file).filename().string();
  pulled.files.emplace_back(here.file, json_to_yaml(json::value(std::move(content))));
  pulled.files.emplace_back(here.cases_file, std::move(lines));
  return {};
}

Result<Pulled> fetch(const ApiClient& api, const Project& project, const StoredAsset& stored) {
  Pulled pulled;
  pulled.key = stored.key;
  const ProjectAsset* here = project.find(stored.key);
  const std::string file = here == nullptr ? file_of(stored.key) : here->file;
  if (file.empty())
    return fail(ErrorCode::kInvalidArgument, "this program does not know that kind of asset", stored.key,
                "use the program of the server's version");
  SLIPWAY_ASSIGN(const json::value answer,
                 api.get(fmt::format("/api/v1/assets/{}/{}/versions/latest", project.owner, stored.key)));
  const json::object* asset = answer.if_object();
  const json::value* content = asset == nullptr ? nullptr : asset->if_contains("content");
  if (content == nullptr || !content->is_object())
    return fail(ErrorCode::kInternal, "the server's answer is no asset", stored.key);
  pulled.version = {parse_integer<std::int64_t>(text_of(*asset, "version")).value_or(0),
                    text_of(*asset, "digest")};
  if (here != nullptr && !here->cases_file.empty())
    SLIPWAY_TRY(write_cases_apart(api, project, *here, content->as_object(), pulled));
  else
    pulled.files.emplace_back(file, text_of(*asset, "yaml"));
  return pulled;
}

// What was changed here since it was pulled is somebody's work.
bool was_changed_here(const Planned& planned, const PlannedItem& item) {
  const auto locked = planned.lock.find(item.what);
  return locked == planned.lock.end() || item.digest != locked->second.digest;
}

struct Wanted {
  std::vector<Pulled> assets;
  Lock lock;
  Complaints edited;
};

Result<Wanted> find_wanted(const ApiClient& api, const Planned& planned, bool force) {
  Wanted wanted;
  SLIPWAY_ASSIGN(const std::vector<StoredAsset> stored, stored_assets(api, planned.project.owner));
  for (const StoredAsset& there : stored) {
    const ProjectAsset* here = planned.project.find(there.key);
    if (here == nullptr && !there.deprecated.empty()) continue;
    const auto item = std::ranges::find(planned.plan.items, there.key, &PlannedItem::what);
    const bool known = here != nullptr && item != planned.plan.items.end();
    if (known && item->digest == there.digest) {
      wanted.lock[there.key] = {there.version, there.digest};
    } else if (known && !force && was_changed_here(planned, *item)) {
      wanted.edited.push_back(
          {ErrorCode::kConflict,
           fmt::format("differs from version {} on the server, by {}", there.version, there.author),
           here->file, "push it, or overwrite it with --force"});
    } else {
      SLIPWAY_ASSIGN(Pulled pulled, fetch(api, planned.project, there));
      wanted.lock[there.key] = pulled.version;
      wanted.assets.push_back(std::move(pulled));
    }
  }
  return wanted;
}

// An empty folder becomes a project once the owner is known to exist.
Result<> begin_project(const ApiClient& api, const ProjectOptions& options) {
  SLIPWAY_TRY(check_owner(options.owner, "--owner"));
  const fs::path file = fs::path(options.directory.empty() ? "." : options.directory) / "project.yaml";
  std::error_code error;
  if (fs::exists(file, error))
    return fail(ErrorCode::kConflict, "there is a project.yaml already", file.string(), "leave out --owner");
  if (options.owner != "shared") SLIPWAY_TRY(api.get("/api/v1/use-cases/" + url_encode(options.owner)));
  return write_project_file(file.string(), "owner: " + options.owner + "\n");
}

Result<std::vector<std::string>> write_all(const Project& project, const Wanted& wanted) {
  std::vector<std::string> written;
  for (const Pulled& asset : wanted.assets)
    for (const auto& [name, text] : asset.files) {
      SLIPWAY_TRY(write_project_file((fs::path(project.directory) / name).string(), text));
      written.push_back(name);
    }
  SLIPWAY_TRY(write_lock(project, wanted.lock));
  return written;
}

void print_pulled(const Output& output, const Plan& plan, const std::vector<std::string>& written) {
  if (output.json()) {
    output.print_json(
        json::object{{"files", json::value_from(written)}, {"notices", complaints_json(plan.notices)}});
    return;
  }
  for (const std::string& name : written) output.line("  ~ " + name);
  for (const Error& notice : plan.notices) output.note(printable(notice.describe()));
  output.line(written.empty()
                  ? "Everything is here already."
                  : fmt::format("{} file{} written.", written.size(), written.size() == 1 ? "" : "s"));
}

}  // namespace

int pull(const Context& context, const ProjectOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  if (!options.owner.empty())
    if (const auto begun = begin_project(*api, options); !begun) return output.fail(begun.error());
  int code = kExitDone;
  auto project = load_project(context, options.directory, false, code);
  if (!project) return code;
  auto lock = read_lock(*project);
  if (!lock) return output.fail(lock.error());
  auto plan = make_plan(*api, context.hooks.assets, *project, *lock, {});
  if (!plan) return output.fail(plan.error());
  const Planned planned{std::move(*project), std::move(*lock), std::move(*plan)};
  const auto wanted = find_wanted(*api, planned, options.force);
  if (!wanted) return output.fail(wanted.error());
  if (!wanted->edited.empty()) {
    print_complaints(output, wanted->edited);
    if (!output.json()) output.note("Nothing was written.");
    return kExitFailed;
  }
  const auto written = write_all(planned.project, *wanted);
  if (!written) return output.fail(written.error());
  print_pulled(output, planned.plan, *written);
  return kExitDone;
}

}  // namespace slipway::cli
