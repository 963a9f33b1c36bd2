// SPDX-License-Identifier: Apache-2.0
// pull: the server's latest versions as files.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/json_text.h"
#include "base/text.h"
#include "base/yaml_json.h"
#include "cli/project_commands.h"
#include "cli/project_registry.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

struct Pulled {
  std::string key;
  std::vector<std::pair<std::string, std::string>> files;  // name within the folder, text
  std::pair<std::string, std::string> streamed;            // name, address of the text; or nothing
  LockedVersion version;
};

// Where the cases of a dataset go: to the file they are in here, else to one beside the asset's.
Result<std::string> cases_file_of(const Project& project, const ProjectAsset* here, const std::string& file,
                                  bool force) {
  if (here != nullptr && !here->cases_file.empty()) return here->cases_file;
  std::string cases = fs::path(file).replace_extension(".jsonl").string();
  std::error_code error;
  if (!force && fs::exists(fs::path(project.directory) / cases, error))
    return fail(ErrorCode::kConflict, "is in the way of cases to be pulled", cases,
                "move it, or overwrite it with --force");
  return cases;
}

// A dataset whose cases are kept in a file of their own, here or on the server: streamed there.
Result<> write_cases_apart(const PlanInput& input, const ProjectAsset* here, const std::string& file,
                           json::object content, Pulled& pulled) {
  SLIPWAY_ASSIGN(const std::string cases_file, cases_file_of(input.project, here, file, input.options.force));
  if (const json::value* cases = content.if_contains("cases"); cases != nullptr && cases->is_array()) {
    std::string lines;
    for (const json::value& one : cases->as_array()) lines += json_text(one) + "\n";
    pulled.files.emplace_back(cases_file, std::move(lines));
  } else {
    const std::size_t slash = pulled.key.find('/');
    pulled.streamed = {
        cases_file, fmt::format("/api/v1/datasets/{}/{}/export?version={}", url_encode(input.project.owner),
                                url_encode(pulled.key.substr(slash + 1)), pulled.version.version)};
  }
  for (const std::string_view member : {"cases", "count", "cases_digest", "splits"}) content.erase(member);
  content["file"] = fs::path(cases_file).filename().string();
  pulled.files.emplace_back(file, json_to_yaml(json::value(std::move(content))));
  return {};
}

Result<Pulled> fetch(const PlanInput& input, const StoredAsset& stored) {
  const Project& project = input.project;
  Pulled pulled;
  pulled.key = stored.key;
  const ProjectAsset* here = project.find(stored.key);
  const std::string file = here == nullptr ? file_of(stored.key) : here->file;
  if (file.empty())
    return fail(ErrorCode::kInvalidArgument, "this program does not know that kind of asset", stored.key,
                "use the program of the server's version");
  SLIPWAY_ASSIGN(const json::value answer, input.api.get(fmt::format("/api/v1/assets/{}/{}/versions/latest",
                                                                     project.owner, stored.key)));
  const json::object* asset = answer.if_object();
  const json::value* content = asset == nullptr ? nullptr : asset->if_contains("content");
  if (content == nullptr || !content->is_object())
    return fail(ErrorCode::kInternal, "the server's answer is no asset", stored.key);
  pulled.version = {parse_integer<std::int64_t>(text_of(*asset, "version")).value_or(0),
                    text_of(*asset, "digest")};
  if (content->as_object().contains("cases_digest") || (here != nullptr && !here->cases_file.empty()))
    SLIPWAY_TRY(write_cases_apart(input, here, file, content->as_object(), pulled));
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
  PulledRegistry registry;
  std::vector<Pulled> assets;
  Lock lock;
  Complaints edited;
};

Result<Wanted> find_wanted(const PlanInput& input, const Planned& planned) {
  Wanted wanted;
  SLIPWAY_ASSIGN(wanted.registry, pull_registry(input));
  wanted.lock = wanted.registry.lock;
  wanted.edited = wanted.registry.edited;
  SLIPWAY_ASSIGN(const std::vector<StoredAsset> stored, stored_assets(input.api, planned.project.owner));
  for (const StoredAsset& there : stored) {
    const ProjectAsset* here = planned.project.find(there.key);
    if (here == nullptr && !there.deprecated.empty()) continue;
    const auto item = std::ranges::find(planned.plan.items, there.key, &PlannedItem::what);
    const bool known = here != nullptr && item != planned.plan.items.end();
    if (known && item->digest == there.digest) {
      wanted.lock[there.key] = {there.version, there.digest};
    } else if (known && !input.options.force && was_changed_here(planned, *item)) {
      wanted.edited.push_back(
          {ErrorCode::kConflict,
           fmt::format("differs from version {} on the server, by {}", there.version, there.author),
           here->file, "push it, or overwrite it with --force"});
    } else {
      SLIPWAY_ASSIGN(Pulled pulled, fetch(input, there));
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

// Piece by piece, beside `path` first and renamed there.
Result<> stream_to_file(const ApiClient& api, const std::string& from, const fs::path& path) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  const std::string beside = path.string() + ".new";
  std::ofstream out(beside, std::ios::binary | std::ios::trunc);
  const auto streamed = api.stream(from, "application/x-ndjson", [&out](std::string_view piece) {
    out << piece;
    return static_cast<bool>(out);
  });
  out.close();
  if (streamed && out) fs::rename(beside, path, error);
  if (streamed && out && !error) return {};
  std::error_code ignored;  // what went wrong is told
  fs::remove(beside, ignored);
  if (!streamed) return streamed;
  return fail(ErrorCode::kIo, "can't be written", path.string(),
              "check who may write here and the disk's free space");
}

Result<std::vector<std::string>> write_all(const ApiClient& api, const Project& project,
                                           const Wanted& wanted) {
  std::vector<std::string> written;
  const auto write = [&](const std::string& name, const std::string& text) -> Result<> {
    SLIPWAY_TRY(write_project_file((fs::path(project.directory) / name).string(), text));
    written.push_back(name);
    return {};
  };
  for (const auto& [name, text] : wanted.registry.files) SLIPWAY_TRY(write(name, text));
  for (const Pulled& asset : wanted.assets) {
    if (const auto& [name, from] = asset.streamed; !name.empty()) {
      SLIPWAY_TRY(stream_to_file(api, from, fs::path(project.directory) / name));
      written.push_back(name);
    }
    for (const auto& [name, text] : asset.files) SLIPWAY_TRY(write(name, text));
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
  auto project = load_project(context, options.directory, Checks::kFiles, code);
  if (!project) return code;
  auto lock = read_lock(*project);
  if (!lock) return output.fail(lock.error());
  auto plan = make_plan(*api, context.hooks, *project, *lock, {});
  if (!plan) return output.fail(plan.error());
  const Planned planned{std::move(*project), std::move(*lock), std::move(*plan)};
  const GitHistory git(planned.project.directory);
  const PlanInput input{*api, context.hooks, planned.project, planned.lock, git, {.force = options.force}};
  const auto wanted = find_wanted(input, planned);
  if (!wanted) return output.fail(wanted.error());
  if (!wanted->edited.empty()) {
    print_complaints(output, wanted->edited);
    if (!output.json()) output.note("Nothing was written.");
    return kExitFailed;
  }
  const auto written = write_all(*api, planned.project, *wanted);
  if (!written) return output.fail(written.error());
  print_pulled(output, planned.plan, *written);
  return kExitDone;
}

}  // namespace slipway::cli
