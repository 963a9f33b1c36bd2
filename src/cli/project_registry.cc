// SPDX-License-Identifier: Apache-2.0
#include "cli/project_registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "base/yaml_json.h"
#include "cli/command_parts.h"

namespace slipway::cli {
namespace {

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

// A policy is replaced as a whole, a use case field by field.
std::vector<PlannedChange> policy_differences(const json::object& wanted, const json::object& stored) {
  std::vector<PlannedChange> changes = differences(wanted, stored);
  for (const auto& [name, value] : stored)
    if (!wanted.contains(name)) changes.push_back({std::string(name), "remove", value, {}, {}});
  return changes;
}

// Without what says nothing, so that people read what was written.
json::value pruned(const json::value& value) {
  if (value.is_array()) {
    json::array out;
    for (const json::value& item : value.as_array()) out.push_back(pruned(item));
    return out;
  }
  if (!value.is_object()) return value;
  json::object out;
  for (const auto& [name, member] : value.as_object())
    if (!says_nothing(member)) out[name] = pruned(member);
  return out;
}

std::int64_t number_of(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  return value != nullptr && value->is_int64() ? value->as_int64() : 0;
}

json::object normalized(const RegistryHooks::Normalize& normalize, const Project& project,
                        const ProjectFile& file) {
  std::vector<ContentProblem> told;  // when the project was read
  return normalize(project.owner, file.content, told);
}

std::string use_case_path(const Project& project) { return "/api/v1/use-cases/" + url_encode(project.owner); }

std::string policy_path(const std::string& owner, const std::string& environment) {
  return "/api/v1/policies/" + url_encode(owner) + "/" + url_encode(environment);
}

// Nothing where the server has none.
Result<std::optional<json::object>> fetch(const ApiClient& api, const std::string& path) {
  auto answer = api.get(path);
  if (!answer && answer.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!answer) return fail(answer.error());
  if (!answer->is_object()) return fail(ErrorCode::kInternal, "the server's answer is no object", path);
  return std::move(answer->as_object());
}

json::object content_of(const std::optional<json::object>& policy) {
  if (!policy) return {};
  const json::value* content = policy->if_contains("content");
  return content != nullptr && content->is_object() ? content->as_object() : json::object();
}

Result<std::vector<std::string>> environments_of(const ApiClient& api) {
  SLIPWAY_ASSIGN(const json::array items, items_of(api.get("/api/v1/environments")));
  std::vector<std::string> names;
  for (const json::value& item : items)
    if (item.is_object()) names.push_back(text_of(item.as_object(), "name"));
  return names;
}

void check_environments(const Project& project, const std::vector<std::string>& environments,
                        Complaints& complaints) {
  for (const auto& [environment, file] : project.policies) {
    if (std::ranges::find(environments, environment) != environments.end()) continue;
    const auto near = nearest(environment, environments);
    complaints.push_back({ErrorCode::kInvalidArgument,
                          fmt::format("there is no environment '{}'", ellipsize(environment, 80)), file.file,
                          near ? fmt::format("did you mean policies/{}.yaml?", *near)
                               : fmt::format("there are {}", fmt::join(environments, ", "))});
  }
}

Result<> check_answers(const RegistryHooks& hooks, const ProjectFile& file, const std::string& questionnaire,
                       Complaints& complaints) {
  SLIPWAY_ASSIGN(const std::vector<ContentProblem> problems, hooks.answers(file.content, questionnaire));
  for (const ContentProblem& problem : problems) complaints.push_back(complaint_of(file, problem));
  return {};
}

// Whether one of the file's commits says what the server has: then it was made from that.
bool was_once(const PlanInput& input, const std::string& file,
              const std::function<bool(const std::string& text)>& matches) {
  return std::ranges::any_of(input.git.commits(file), [&](const std::string& commit) {
    const auto text = input.git.content(commit, file);
    return text && matches(*text);
  });
}

void settle(PlannedItem& item, bool conflict) {
  if (item.changes.empty()) return;
  item.action = conflict ? "conflict" : item.stored_version == 0 ? "create" : "update";
}

Result<> plan_use_case(const PlanInput& input, Plan& plan) {
  if (!input.project.use_case) return {};
  const ProjectFile& file = *input.project.use_case;
  const RegistryHooks& hooks = input.hooks.registry;
  const json::object wanted = normalized(hooks.use_case, input.project, file);
  PlannedItem item;
  item.what = kUseCaseItem;
  item.file = file.file;
  item.action = "unchanged";
  item.digest = input.hooks.assets.digest(wanted);
  SLIPWAY_ASSIGN(const auto stored, fetch(input.api, use_case_path(input.project)));
  if (!stored) {
    item.action = "create";
  } else {
    item.stored_version = number_of(*stored, "version");
    item.latest_at = text_of(*stored, "updated_at");
    item.changes = differences(wanted, *stored);
    const auto locked = input.lock.find(item.what);
    const auto same = [&](const std::string& text) {
      const auto old = parse_project_file(file.file, text);
      return old && differences(normalized(hooks.use_case, input.project, *old), *stored).empty();
    };
    settle(item, !item.changes.empty() && !input.options.force && locked != input.lock.end() &&
                     locked->second.version != item.stored_version && !was_once(input, file.file, same));
    if (!item.changes.empty() && text_of(*stored, "state") == "retired")
      plan.problems.push_back({ErrorCode::kInvalidArgument, "the use case is retired and can't be changed",
                               file.file, "register a new one for a new purpose"});
  }
  const bool answered =
      std::ranges::find(item.changes, "answers", &PlannedChange::path) != item.changes.end();
  if (file.content.contains("answers") && (!stored || answered)) {
    SLIPWAY_ASSIGN(const json::value asked, input.api.get("/api/v1/questionnaire"));
    SLIPWAY_TRY(check_answers(hooks, file, json::serialize(asked), plan.problems));
  }
  plan.items.push_back(std::move(item));
  return {};
}

Result<> plan_policy(const PlanInput& input, const std::string& environment, const ProjectFile& file,
                     Plan& plan) {
  const RegistryHooks& hooks = input.hooks.registry;
  const json::object wanted = normalized(hooks.policy, input.project, file);
  PlannedItem item;
  item.what = policy_item(environment);
  item.file = file.file;
  item.action = "unchanged";
  item.digest = input.hooks.assets.digest(wanted);
  // A policy of a use case that this push registers can't be asked for yet.
  SLIPWAY_ASSIGN(const auto stored, fetch(input.api, policy_path(input.project.owner, environment)));
  const json::object content = content_of(stored);
  item.stored_version = stored ? number_of(*stored, "version") : 0;
  if (stored) {
    item.latest_by = text_of(*stored, "updated_by");
    item.latest_at = text_of(*stored, "updated_at");
  }
  item.changes = policy_differences(wanted, content);
  const auto same = [&](const std::string& text) {
    const auto old = parse_policy_file(input.project.owner, file.file, text);
    return old && normalized(hooks.policy, input.project, *old) == content;
  };
  const auto locked = input.lock.find(item.what);
  const bool known = locked != input.lock.end() && locked->second.version == item.stored_version;
  settle(item, !item.changes.empty() && !input.options.force && item.stored_version != 0 && !known &&
                   !was_once(input, file.file, same));
  if (!item.changes.empty() && input.project.owner != "shared") {
    SLIPWAY_ASSIGN(const auto shared, fetch(input.api, policy_path("shared", environment) + "/effective"));
    for (const ContentProblem& problem : hooks.loosening(content_of(shared), wanted, environment))
      plan.problems.push_back(complaint_of(file, problem));
  }
  plan.items.push_back(std::move(item));
  return {};
}

// A file that was changed since it was pulled or pushed is somebody's work.
bool changed_here(const PlanInput& input, const std::string& what, const json::object& wanted) {
  const auto locked = input.lock.find(what);
  return locked == input.lock.end() || locked->second.digest != input.hooks.assets.digest(wanted);
}

Error edited(const ProjectFile& file, std::int64_t version) {
  return {ErrorCode::kConflict, fmt::format("differs from version {} on the server", version), file.file,
          "push it, or overwrite it with --force"};
}

Result<> pull_use_case(const PlanInput& input, PulledRegistry& pulled) {
  if (input.project.owner == "shared") return {};
  SLIPWAY_ASSIGN(const auto stored, fetch(input.api, use_case_path(input.project)));
  if (!stored) return {};
  const std::int64_t version = number_of(*stored, "version");
  const std::string what(kUseCaseItem);
  json::object content;
  for (const std::string& field : input.hooks.registry.use_case_fields)
    if (const json::value* value = stored->if_contains(field); value != nullptr && !says_nothing(*value))
      content[field] = pruned(*value);
  if (input.project.use_case) {
    const ProjectFile& file = *input.project.use_case;
    const json::object here = normalized(input.hooks.registry.use_case, input.project, file);
    const bool same = differences(here, *stored).empty();
    const auto locked = input.lock.find(what);
    if (same && (locked == input.lock.end() || locked->second.version == version)) {
      pulled.lock[what] = {version, input.hooks.assets.digest(here)};
      return {};
    }
    if (!same && !input.options.force && changed_here(input, what, here)) {
      pulled.edited.push_back(edited(file, version));
      return {};
    }
  }
  ProjectFile written;
  written.content = content;
  pulled.lock[what] = {
      version, input.hooks.assets.digest(normalized(input.hooks.registry.use_case, input.project, written))};
  pulled.files.emplace_back("use-case.yaml", json_to_yaml(json::value(std::move(content))));
  return {};
}

Result<> pull_policy(const PlanInput& input, const std::string& environment, PulledRegistry& pulled) {
  SLIPWAY_ASSIGN(const auto stored, fetch(input.api, policy_path(input.project.owner, environment)));
  const std::int64_t version = stored ? number_of(*stored, "version") : 0;
  if (version == 0) return {};
  const json::object content = content_of(stored);
  const std::string what = policy_item(environment);
  std::string name = fmt::format("policies/{}.yaml", environment);
  if (const auto here = input.project.policies.find(environment); here != input.project.policies.end()) {
    const json::object wanted = normalized(input.hooks.registry.policy, input.project, here->second);
    const bool same = policy_differences(wanted, content).empty();
    if (!same && !input.options.force && changed_here(input, what, wanted)) {
      pulled.edited.push_back(edited(here->second, version));
      return {};
    }
    name = same ? "" : here->second.file;
  }
  pulled.lock[what] = {version, input.hooks.assets.digest(content)};
  if (!name.empty()) pulled.files.emplace_back(std::move(name), json_to_yaml(json::value(content)));
  return {};
}

}  // namespace

std::string policy_item(std::string_view environment) { return fmt::format("policy for {}", environment); }

void check_registry(const RegistryHooks& hooks, const Project& project, Complaints& complaints) {
  const auto check = [&](const RegistryHooks::Normalize& normalize, const ProjectFile& file) {
    std::vector<ContentProblem> problems;
    static_cast<void>(normalize(project.owner, file.content, problems));
    for (const ContentProblem& problem : problems) complaints.push_back(complaint_of(file, problem));
  };
  if (project.use_case) {
    check(hooks.use_case, *project.use_case);
    const json::value* slug = project.use_case->content.if_contains("slug");
    if (slug != nullptr && *slug != json::value(project.owner))
      complaints.push_back({ErrorCode::kInvalidArgument, "the slug of this project is " + project.owner,
                            place_of(*project.use_case, "slug"), "write that, or leave the line out"});
  }
  for (const auto& [environment, file] : project.policies) check(hooks.policy, file);
}

void check_server_rules(const RegistryHooks& hooks, const Project& project, const ServerRules& rules,
                        Complaints& complaints) {
  check_environments(project, rules.environments, complaints);
  if (!project.use_case) return;
  if (auto sound = check_answers(hooks, *project.use_case, rules.questionnaire, complaints); !sound)
    complaints.push_back(std::move(sound).error());
}

Result<> plan_registry(const PlanInput& input, Plan& plan) {
  SLIPWAY_TRY(plan_use_case(input, plan));
  if (input.project.policies.empty()) return {};
  SLIPWAY_ASSIGN(const std::vector<std::string> environments, environments_of(input.api));
  check_environments(input.project, environments, plan.problems);
  for (const auto& [environment, file] : input.project.policies)
    if (std::ranges::find(environments, environment) != environments.end())
      SLIPWAY_TRY(plan_policy(input, environment, file, plan));
  return {};
}

Result<> push_use_case(const ApiClient& api, const Hooks& hooks, const Project& project,
                       const PlannedItem& item, Lock& lock) {
  const auto keep = [&](std::int64_t version) {
    lock[item.what] = {version,
                       hooks.assets.digest(normalized(hooks.registry.use_case, project, *project.use_case))};
  };
  if (item.action == "unchanged") {
    keep(item.stored_version);
    return {};
  }
  json::object body = project.use_case->content;
  const bool create = item.action == "create";
  if (create) {
    body["slug"] = project.owner;
    if (!body.contains("name")) body["name"] = project.owner;
    body.erase("version");
  } else {
    // What the plan has seen: whoever came in between is not overwritten.
    body["version"] = item.stored_version;
  }
  SLIPWAY_ASSIGN(const json::value stored,
                 create ? api.post("/api/v1/use-cases", body) : api.put(use_case_path(project), body));
  if (stored.is_object()) keep(number_of(stored.as_object(), "version"));
  return {};
}

Result<> push_policies(const ApiClient& api, const Hooks& hooks, const Project& project, const Plan& plan,
                       Lock& lock) {
  for (const PlannedItem& item : plan.items) {
    const auto file = std::ranges::find_if(
        project.policies, [&](const auto& one) { return policy_item(one.first) == item.what; });
    if (file == project.policies.end()) continue;
    std::int64_t version = item.stored_version;
    if (item.action != "unchanged") {
      SLIPWAY_ASSIGN(const json::value stored,
                     api.put(policy_path(project.owner, file->first), file->second.content));
      if (stored.is_object()) version = number_of(stored.as_object(), "version");
    }
    if (version != 0)
      lock[item.what] = {version,
                         hooks.assets.digest(normalized(hooks.registry.policy, project, file->second))};
  }
  return {};
}

Result<PulledRegistry> pull_registry(const PlanInput& input) {
  PulledRegistry pulled;
  SLIPWAY_TRY(pull_use_case(input, pulled));
  SLIPWAY_ASSIGN(const std::vector<std::string> environments, environments_of(input.api));
  for (const std::string& environment : environments) SLIPWAY_TRY(pull_policy(input, environment, pulled));
  return pulled;
}

}  // namespace slipway::cli
