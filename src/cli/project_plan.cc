// SPDX-License-Identifier: Apache-2.0
#include "cli/project_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "cli/project_git.h"

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

bool says_nothing(const json::value& value) {
  return value.is_null() || (value.is_string() && value.as_string().empty()) ||
         (value.is_array() && value.as_array().empty()) || (value.is_object() && value.as_object().empty());
}

// Whether the server's answer says what the file says. It writes 45 as 45.0 and names fields that are empty.
bool says_the_same(const json::value& wanted, const json::value& stored) {
  if (wanted.is_number() && stored.is_number())
    return wanted == stored || wanted.to_number<double>() == stored.to_number<double>();
  if (wanted.is_array() && stored.is_array())
    return std::ranges::equal(wanted.as_array(), stored.as_array(), says_the_same);
  if (!wanted.is_object() || !stored.is_object()) return wanted == stored;
  const json::object& there = stored.as_object();
  for (const auto& [name, value] : wanted.as_object()) {
    const json::value* now = there.if_contains(name);
    if (now == nullptr ? !says_nothing(value) : !says_the_same(value, *now)) return false;
  }
  return std::ranges::all_of(there, [&](const auto& member) {
    return says_nothing(member.value()) || wanted.as_object().contains(member.key());
  });
}

// Fields of `wanted` that differ from what the server has.
std::vector<PlannedChange> differences(const json::object& wanted, const json::object& stored) {
  std::vector<PlannedChange> changes;
  for (const auto& [name, value] : wanted) {
    const json::value* now = stored.if_contains(name);
    if (now != nullptr && says_the_same(value, *now)) continue;
    if (now == nullptr && value.is_null()) continue;
    const bool added = now == nullptr || now->is_null();
    changes.push_back(
        {std::string(name), added ? "add" : "change", now == nullptr ? json::value() : *now, value, {}});
  }
  return changes;
}

PlannedItem unchanged_item(std::string what, std::string file) {
  PlannedItem item;
  item.what = std::move(what);
  item.file = std::move(file);
  item.action = "unchanged";
  return item;
}

Result<> plan_use_case(const ApiClient& api, const Project& project, Plan& plan) {
  if (!project.use_case) return {};
  PlannedItem item = unchanged_item("use case", project.use_case->file);
  const auto stored = api.get("/api/v1/use-cases/" + url_encode(project.owner));
  if (!stored && stored.error().code != ErrorCode::kNotFound) return fail(stored.error());
  if (!stored || !stored->is_object()) {
    item.action = "create";
  } else {
    item.changes = differences(project.use_case->content, stored->as_object());
    if (!item.changes.empty()) item.action = "update";
  }
  plan.items.push_back(std::move(item));
  return {};
}

Result<> plan_policies(const ApiClient& api, const Project& project, Plan& plan) {
  for (const auto& [environment, file] : project.policies) {
    PlannedItem item = unchanged_item("policy for " + environment, file.file);
    const auto stored =
        api.get("/api/v1/policies/" + url_encode(project.owner) + "/" + url_encode(environment));
    // A policy of a use case that this push registers can't be asked for yet.
    if (!stored && stored.error().code != ErrorCode::kNotFound) return fail(stored.error());
    const json::object* content = nullptr;
    if (stored && stored->is_object())
      if (const json::value* found = stored->as_object().if_contains("content")) content = found->if_object();
    item.changes = differences(file.content, content == nullptr ? json::object() : *content);
    // A policy is replaced as a whole, a use case field by field.
    if (content != nullptr)
      for (const auto& [name, value] : *content)
        if (!file.content.contains(name))
          item.changes.push_back({std::string(name), "remove", value, {}, {}});
    if (!item.changes.empty()) item.action = content == nullptr || content->empty() ? "create" : "update";
    plan.items.push_back(std::move(item));
  }
  return {};
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

// Whether `file` has been the content with that digest in one of its commits.
bool was_once(const GitHistory& git, const AssetHooks& hooks, const std::string& file,
              const std::string& digest) {
  const std::string kind(
      std::ranges::find(kind_folders(), file.substr(0, file.find('/')), &KindFolder::folder)->kind);
  for (const std::string& commit : git.commits(file)) {
    const auto text = git.content(commit, file);
    if (!text) continue;  // the commit that took it away
    const auto asset = parse_asset(kind, file, *text,
                                   [&](const std::string& beside) { return git.content(commit, beside); });
    if (asset && hooks.digest(asset->content) == digest) return true;
  }
  return false;
}

void settle_conflicts(const GitHistory& git, const AssetHooks& hooks, Plan& plan) {
  for (PlannedItem& item : plan.items)
    if (item.asset && item.action == "conflict" && !item.latest_digest.empty() &&
        was_once(git, hooks, item.file, item.latest_digest))
      item.action = "update";
}

// Files that are gone: their assets are deprecated. What the folder never had is only told.
void plan_deletions(const GitHistory& git, const AssetHooks& hooks, const Project& project, const Lock& lock,
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
    PlannedItem item = unchanged_item(there.key, file);
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
  std::vector<StoredAsset> all;
  std::string cursor;
  do {
    SLIPWAY_ASSIGN(
        const json::value page,
        api.get("/api/v1/assets" + query_string({{"owner", owner}, {"limit", "500"}, {"cursor", cursor}})));
    if (!page.is_object()) return fail(ErrorCode::kInternal, "the server's answer is no list of assets");
    for (const json::value& item : array_of(page.as_object(), "items"))
      if (item.is_object()) all.push_back(read_stored(item.as_object()));
    cursor = text_of(page.as_object(), "next_cursor");
  } while (!cursor.empty());
  return all;
}

Result<Plan> make_plan(const ApiClient& api, const AssetHooks& hooks, const Project& project,
                       const Lock& lock, PlanOptions options) {
  Plan plan;
  plan.owner = project.owner;
  SLIPWAY_TRY(plan_use_case(api, project, plan));
  SLIPWAY_TRY(plan_policies(api, project, plan));
  SLIPWAY_TRY(plan_assets(api, project, lock, options.force, plan));
  SLIPWAY_ASSIGN(const std::vector<StoredAsset> stored, stored_assets(api, project.owner));
  const GitHistory git(project.directory);
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
