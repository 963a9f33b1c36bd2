// SPDX-License-Identifier: Apache-2.0
#include "cli/project_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/temporary_directory.h"
#include "base/text.h"
#include "cli/command_parts.h"
#include "cli/project_git.h"
#include "cli/project_registry.h"

namespace slipway::cli {
namespace {

PlannedChange read_change(const json::object& from) {
  PlannedChange change;
  change.path = text_of(from, "path");
  change.op = text_of(from, "op");
  if (const json::value* before = from.if_contains("before")) change.before = *before;
  if (const json::value* after = from.if_contains("after")) change.after = *after;
  if (const json::value* words = from.if_contains("words"); words != nullptr && words->is_array())
    change.words = words->as_array();
  return change;
}

const json::array& array_of(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_array() ? found->as_array() : kNone;
}

PlannedItem read_item(const json::object& from, const Project& project) {
  PlannedItem item;
  item.what = text_of(from, "kind") + "/" + text_of(from, "name");
  item.asset = true;
  item.action = text_of(from, "action");
  item.latest_digest = text_of(from, "latest_digest");
  item.digest = text_of(from, "digest");
  item.latest_by = text_of(from, "latest_author");
  item.latest_at = text_of(from, "latest_at");
  if (const json::value* version = from.if_contains("version"); version != nullptr && version->is_int64())
    item.version = version->as_int64();
  if (const ProjectAsset* asset = project.find(item.what)) item.file = asset->file;
  for (const json::value& change : array_of(from, "changes"))
    if (change.is_object()) item.changes.push_back(read_change(change.as_object()));
  return item;
}

// A problem of the server's with its place in our files.
Error read_problem(const json::object& from, const Project& project) {
  const std::string asset = text_of(from, "asset");
  const std::string path = text_of(from, "path");
  std::string where = asset + (path.empty() ? "" : " " + path);
  if (const std::size_t slash = asset.find('/'); slash != std::string::npos)
    if (const ProjectAsset* found = project.find(asset.substr(slash + 1))) where = place_of(*found, path);
  std::string message = text_of(from, "message");
  if (!path.empty() && message.find(path) == std::string::npos) message = path + ": " + message;
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(where), text_of(from, "hint")};
}

// What the assets were made from, as the lock knows it; nothing for "whatever is there".
json::array assets_with_parents(const Project& project, const Lock& lock, bool force) {
  json::array assets;
  for (const ProjectAsset& asset : project.assets) {
    json::object one{
        {"owner", project.owner}, {"kind", asset.kind}, {"name", asset.name}, {"content", asset.content}};
    const auto locked = lock.find(asset.key());
    if (!force)
      one["parent"] = locked == lock.end() ? json::value(nullptr) : json::value(locked->second.digest);
    assets.emplace_back(std::move(one));
  }
  return assets;
}

// The use case is registered by the same push, before its assets.
bool is_of_missing_owner(const json::object& problem, const Plan& plan) {
  return text_of(problem, "path") == "owner" && std::ranges::any_of(plan.items, [](const PlannedItem& item) {
           return item.what == "use case" && item.action == "create";
         });
}

Result<> plan_assets(const ApiClient& api, const Project& project, const Lock& lock, bool force, Plan& plan) {
  if (project.assets.empty()) return {};
  const json::object body{{"assets", assets_with_parents(project, lock, force)}};
  SLIPWAY_ASSIGN(const json::value answer, api.post("/api/v1/assets/plan", body));
  if (!answer.is_object()) return fail(ErrorCode::kInternal, "the server's answer is no plan");
  for (const json::value& item : array_of(answer.as_object(), "items"))
    if (item.is_object()) plan.items.push_back(read_item(item.as_object(), project));
  for (const json::value& problem : array_of(answer.as_object(), "problems"))
    if (problem.is_object() && !is_of_missing_owner(problem.as_object(), plan))
      plan.problems.push_back(read_problem(problem.as_object(), project));
  return {};
}

// Files of cases as they were in a commit.
CasesBeside cases_in_commit(const GitHistory& git, const CasesContentFunction& cases_content,
                            const std::string& commit) {
  return {[&git, commit](const std::string& file) -> Result<std::string> {
            SLIPWAY_ASSIGN(std::string text, git.content(commit, file));
            if (text.size() > kProjectFileBytes) return fail(ErrorCode::kResourceExhausted, "is large", file);
            return text;
          },
          [&git, &cases_content, commit](const std::string& file) -> Result<json::object> {
            SLIPWAY_ASSIGN(const std::string text, git.content(commit, file));
            const TemporaryDirectory place("cases");
            const std::string path = (place.path() / "cases.jsonl").string();
            SLIPWAY_TRY(write_project_file(path, text));
            return summarize_cases(cases_content, path, file);
          }};
}

// Whether `file` has been the content with that digest in one of its commits.
bool was_once(const GitHistory& git, const Hooks& hooks, const std::string& file, const std::string& digest) {
  const std::string kind(
      std::ranges::find(kind_folders(), file.substr(0, file.find('/')), &KindFolder::folder)->kind);
  for (const std::string& commit : git.commits(file)) {
    const auto text = git.content(commit, file);
    if (!text) continue;  // the commit that took it away
    const auto asset = parse_asset(kind, file, *text, cases_in_commit(git, hooks.cases_content, commit));
    if (asset && hooks.assets.digest(asset->content) == digest) return true;
  }
  return false;
}

void settle_conflicts(const GitHistory& git, const Hooks& hooks, Plan& plan) {
  for (PlannedItem& item : plan.items)
    if (item.asset && item.action == "conflict" && !item.latest_digest.empty() &&
        was_once(git, hooks, item.file, item.latest_digest))
      item.action = "update";
}

// Files that are gone: their assets are deprecated. What the folder never had is only told.
void plan_deletions(const GitHistory& git, const Hooks& hooks, const Project& project, const Lock& lock,
                    bool force, const std::vector<StoredAsset>& stored, Plan& plan) {
  std::optional<std::set<std::string>> known;
  for (const StoredAsset& there : stored) {
    const ProjectAsset* here = project.find(there.key);
    if (here != nullptr && !there.deprecated.empty())
      plan.notices.push_back(
          {ErrorCode::kInvalidArgument, "is deprecated on the server: " + there.deprecated, here->file,
           fmt::format("delete the file, or slipway asset restore {}/{}", project.owner, there.key)});
    if (here != nullptr || !there.deprecated.empty()) continue;
    const std::string file = file_of(there.key);
    const auto locked = lock.find(there.key);
    if (!known) known = git.known_files();
    if (file.empty() || (locked == lock.end() && !known->contains(file))) {
      plan.only_there.push_back(there.key);
      continue;
    }
    const bool seen = force || (locked != lock.end() && locked->second.digest == there.digest) ||
                      was_once(git, hooks, file, there.digest);
    PlannedItem item;
    item.what = there.key;
    item.file = file;
    item.action = seen ? "deprecate" : "conflict";
    item.asset = true;
    item.version = there.version;
    item.latest_digest = there.digest;
    item.latest_by = there.author;
    item.latest_at = there.time;
    plan.items.push_back(std::move(item));
  }
}

StoredAsset read_stored(const json::object& from) {
  StoredAsset asset;
  asset.key = text_of(from, "kind") + "/" + text_of(from, "name");
  if (const json::value* latest = from.if_contains("latest"); latest != nullptr && latest->is_object()) {
    asset.version = parse_integer<std::int64_t>(text_of(latest->as_object(), "version")).value_or(0);
    asset.digest = text_of(latest->as_object(), "digest");
    asset.author = text_of(latest->as_object(), "author");
    asset.time = text_of(latest->as_object(), "created_at");
  }
  if (const json::value* gone = from.if_contains("deprecated"); gone != nullptr && gone->is_object())
    asset.deprecated =
        fmt::format("{} ({}, {})", text_of(gone->as_object(), "reason"), text_of(gone->as_object(), "by"),
                    short_time(text_of(gone->as_object(), "at")));
  return asset;
}

}  // namespace

std::size_t Plan::count(std::string_view action) const {
  return static_cast<std::size_t>(std::ranges::count(items, action, &PlannedItem::action));
}

Result<std::vector<StoredAsset>> stored_assets(const ApiClient& api, const std::string& owner) {
  SLIPWAY_ASSIGN(const json::array items, all_items(api, "/api/v1/assets", {{"owner", owner}}));
  std::vector<StoredAsset> all;
  for (const json::value& item : items)
    if (item.is_object()) all.push_back(read_stored(item.as_object()));
  return all;
}

Result<Plan> make_plan(const ApiClient& api, const Hooks& hooks, const Project& project, const Lock& lock,
                       PlanOptions options) {
  Plan plan;
  plan.owner = project.owner;
  const GitHistory git(project.directory);
  SLIPWAY_TRY(plan_registry({api, hooks, project, lock, git, options}, plan));
  SLIPWAY_TRY(plan_assets(api, project, lock, options.force, plan));
  SLIPWAY_ASSIGN(const std::vector<StoredAsset> stored, stored_assets(api, project.owner));
  settle_conflicts(git, hooks, plan);
  plan_deletions(git, hooks, project, lock, options.force, stored, plan);
  plan.shallow = plan.count("conflict") > 0 && git.shallow();
  return plan;
}

json::array complaints_json(const Complaints& complaints) {
  json::array out;
  for (const Error& one : complaints)
    out.emplace_back(json::object{{"where", one.where}, {"message", one.message}, {"hint", one.hint}});
  return out;
}

json::object plan_json(const Plan& plan) {
  json::array items;
  for (const PlannedItem& item : plan.items) {
    json::array changes;
    for (const PlannedChange& change : item.changes)
      changes.emplace_back(json::object{{"path", change.path},
                                        {"op", change.op},
                                        {"before", change.before},
                                        {"after", change.after},
                                        {"words", change.words}});
    items.emplace_back(json::object{{"what", item.what},
                                    {"file", item.file},
                                    {"action", item.action},
                                    {"version", item.version},
                                    {"digest", item.digest},
                                    {"latest_by", item.latest_by},
                                    {"latest_at", item.latest_at},
                                    {"changes", std::move(changes)}});
  }
  json::array there;
  for (const std::string& key : plan.only_there) there.emplace_back(key);
  return {{"owner", plan.owner},
          {"items", std::move(items)},
          {"problems", complaints_json(plan.problems)},
          {"notices", complaints_json(plan.notices)},
          {"only_on_server", std::move(there)}};
}

void print_complaints(const Output& output, const Complaints& complaints) {
  if (output.json()) {
    output.print_json(json::object{{"problems", complaints_json(complaints)}});
    return;
  }
  for (const Error& one : complaints) output.note(printable(one.describe()));
}

}  // namespace slipway::cli
