// SPDX-License-Identifier: Apache-2.0
// init, validate, plan, push: a folder of YAML files in a Git repository and the catalogue of a server.
#include "cli/project_commands.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/text.h"
#include "cli/command_parts.h"
#include "cli/dataset_commands.h"
#include "cli/project_registry.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

// ---- init

constexpr std::string_view kModelFile =
    R"(# What answers: a connection of the server's settings and the provider's name of the model.
description: The model of this use case
connection: simulated
model: simulated-small
parameters:
  temperature: 0.2
  max_tokens: 500
)";

constexpr std::string_view kPromptFile =
    R"(# A call with "model": "@OWNER@" gets these messages; {{question}} comes from its variables.
description: Answers one question
model: main
variables:
  question:
    type: string
    description: What the person wants to know
    max_length: 4000
messages:
  - role: system
    content: You answer in two sentences, and say so when you do not know.
  - role: user
    content: "{{question}}"
)";

constexpr std::string_view kUseCaseFile =
    R"(# What the registry says of this use case. slipway push keeps it in step.
name: @OWNER@
purpose: Say in two sentences what it is for and for whom.
users_affected: ""
data_classes: []
)";

std::string filled(std::string_view text, const std::string& owner) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t mark = std::min(text.find("@OWNER@", at), text.size());
    out.append(text.substr(at, mark - at));
    if (mark < text.size()) out += owner;
    at = mark == text.size() ? mark : mark + 7;
  }
  return out;
}

int init(const Context& context, const ProjectOptions& options) {
  const Output output = context.output();
  if (const auto sound = check_owner(options.owner, "--owner"); !sound) return output.fail(sound.error());
  const fs::path directory = options.directory.empty() ? "." : options.directory;
  std::vector<std::pair<std::string, std::string>> files = {
      {"project.yaml", "owner: " + options.owner + "\n"}};
  if (options.owner != "shared") files.emplace_back("use-case.yaml", filled(kUseCaseFile, options.owner));
  files.emplace_back("models/main.yaml", kModelFile);
  files.emplace_back("prompts/answer.yaml", filled(kPromptFile, options.owner));
  std::error_code error;
  for (const auto& [name, text] : files)
    if (fs::exists(directory / name, error))
      return output.fail({ErrorCode::kConflict, "there is a " + name + " already", directory.string(),
                          "nothing was written; choose an empty folder"});
  json::array written;
  for (const auto& [name, text] : files) {
    if (const auto done = write_project_file((directory / name).string(), text); !done)
      return output.fail(done.error());
    written.emplace_back(name);
    if (!output.json()) output.line("  + " + name);
  }
  if (output.json())
    output.print_json(json::object{{"directory", directory.string()}, {"files", std::move(written)}});
  else
    output.line("Look at the files, then: slipway plan, slipway push -m \"First version\".");
  return kExitDone;
}

// ---- validate

std::string counted(std::size_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

// What these settings say a server has.
Result<ServerRules> rules_of_settings(const Context& context) {
  SLIPWAY_ASSIGN(const LoadedConfig loaded, context.load());
  ServerRules rules;
  for (const EnvironmentConfig& environment : loaded.config.environments)
    rules.environments.push_back(environment.name);
  const std::string& file = loaded.config.governance.questionnaire_file;
  if (file.empty()) return rules;
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()))
    return fail(ErrorCode::kIo, "the questionnaire can't be read", file,
                "check governance.questionnaire_file");
  rules.questionnaire = std::move(text).str();
  return rules;
}

int validate(const Context& context, const ProjectOptions& options) {
  const Output output = context.output();
  int code = kExitDone;
  const auto project = load_project(context, options.directory, Checks::kAll, code);
  if (!project) return code;
  if (output.json())
    output.print_json(json::object{{"owner", project->owner},
                                   {"assets", project->assets.size()},
                                   {"use_case", project->use_case.has_value()},
                                   {"policies", project->policies.size()},
                                   {"problems", json::array()}});
  else
    output.line(fmt::format("{}{}{} of {}: no problems.", counted(project->assets.size(), "asset"),
                            project->use_case ? ", the use case" : "",
                            project->policies.empty()
                                ? ""
                                : fmt::format(", {} polic{}", project->policies.size(),
                                              project->policies.size() == 1 ? "y" : "ies"),
                            project->owner));
  return kExitDone;
}

// ---- plan

int exit_code_of(const Plan& plan) {
  if (!plan.problems.empty()) return kExitUsage;
  return plan.count("conflict") > 0 ? kExitFailed : kExitDone;
}

int print_markdown(const Output& output, const Plan& plan, const std::string& file) {
  const std::string text = plan_markdown(plan);
  if (file.empty())
    output.out() << text;
  else if (const auto written = write_project_file(file, text); !written)
    return output.fail(written.error());
  return exit_code_of(plan);
}

int plan(const Context& context, const ProjectOptions& options) {
  const Output output = context.output();
  int code = kExitDone;
  if (options.format == "markdown" && !output.json()) {
    // What is wrong with the files belongs into the comment, too: else it would show an older plan.
    Plan wrong;
    if (auto project = read_project(options.directory, context.hooks.cases_content, wrong.problems)) {
      check_project(context.hooks, *project, wrong.problems);
      wrong.owner = project->owner;
      if (!wrong.problems.empty()) return print_markdown(output, wrong, options.file);
    }
  }
  const auto planned = plan_project(context, options, code);
  if (!planned) return code;
  if (output.json() || options.format == "json")
    output.print_json(plan_json(planned->plan));
  else if (options.format == "markdown")
    return print_markdown(output, planned->plan, options.file);
  else
    print_plan(output, planned->plan);
  return exit_code_of(planned->plan);
}

// ---- push

bool changes(const PlannedItem& item) { return item.action != "unchanged"; }

// Cases that are too many for a dataset's content go ahead of it. The server that has them needs them not.
Result<> upload_apart(const Context& context, const ApiClient& api, const Project& project,
                      const ProjectAsset& asset) {
  const std::string digest = text_of(asset.content, "cases_digest");
  const auto stored = api.get("/api/v1/datasets/" + url_encode(project.owner) + "/" + url_encode(asset.name));
  if (stored && stored->is_object() && text_of(stored->as_object(), "cases_digest") == digest) return {};
  const std::string path = (fs::path(project.directory) / asset.cases_file).string();
  SLIPWAY_ASSIGN(const json::object sent,
                 upload_cases(context, api, project.owner, path, json::object{{"format", "jsonl"}}));
  const json::value* content = sent.if_contains("content");
  if (content != nullptr && content->is_object() && text_of(content->as_object(), "cases_digest") == digest)
    return {};
  return fail(ErrorCode::kConflict, "was changed while it was being pushed", asset.cases_file, "push again");
}

// All assets together. Each says which version the plan has seen, so that whoever came in between is not
// overwritten. `lock` learns what is stored.
Result<> push_assets(const Context& context, const ApiClient& api, const Planned& planned,
                     const std::string& message, Lock& lock) {
  json::array assets;
  for (const PlannedItem& item : planned.plan.items) {
    if (!item.asset || item.action == "deprecate") continue;
    lock[item.what] = {item.version, item.digest};
    if (!changes(item)) continue;
    const ProjectAsset& asset = *planned.project.find(item.what);
    if (asset.cases_apart) SLIPWAY_TRY(upload_apart(context, api, planned.project, asset));
    const json::value parent =
        item.latest_digest.empty() ? json::value(nullptr) : json::value(item.latest_digest);
    assets.emplace_back(json::object{{"owner", planned.project.owner},
                                     {"kind", asset.kind},
                                     {"name", asset.name},
                                     {"content", asset.content},
                                     {"parent", parent}});
  }
  if (assets.empty()) return {};
  SLIPWAY_ASSIGN(const json::array stored,
                 items_of(api.post("/api/v1/assets/push",
                                   json::object{{"message", message}, {"assets", std::move(assets)}})));
  for (const json::value& value : stored) {
    if (!value.is_object()) continue;
    const json::object& item = value.as_object();
    lock[text_of(item, "kind") + "/" + text_of(item, "name")] = {
        parse_integer<std::int64_t>(text_of(item, "version")).value_or(0), text_of(item, "digest")};
  }
  return {};
}

Result<> push_deletions(const ApiClient& api, const Planned& planned, const std::string& message) {
  const std::string reason = "Its file was deleted" + (message.empty() ? "." : ": " + message);
  for (const PlannedItem& item : planned.plan.items)
    if (item.action == "deprecate")
      SLIPWAY_TRY(api.post(fmt::format("/api/v1/assets/{}/{}/deprecate", planned.project.owner, item.what),
                           json::object{{"reason", reason}}));
  return {};
}

// Use case first: assets need an owner. What is done already stays done; a second push goes on from there.
Result<> push_all(const Context& context, const ApiClient& api, const Planned& planned,
                  const std::string& message) {
  const Project& project = planned.project;
  Lock lock;
  for (const PlannedItem& item : planned.plan.items) {
    if (item.what == kUseCaseItem) SLIPWAY_TRY(push_use_case(api, context.hooks, project, item, lock));
    // Until the policies are stored, too.
    const auto locked = planned.lock.find(item.what);
    if (!item.asset && item.what != kUseCaseItem && locked != planned.lock.end())
      lock[item.what] = locked->second;
  }
  SLIPWAY_TRY(push_assets(context, api, planned, message, lock));
  SLIPWAY_TRY(write_lock(project, lock));
  SLIPWAY_TRY(push_deletions(api, planned, message));
  if (project.policies.empty()) return {};
  const auto pushed = push_policies(api, context.hooks, project, planned.plan, lock);
  SLIPWAY_TRY(write_lock(project, lock));
  return pushed;
}

int push(const Context& context, const ProjectOptions& options) {
  const Output output = context.output();
  int code = kExitDone;
  const auto planned = plan_project(context, options, code);
  if (!planned) return code;
  const auto show = [&] {
    if (output.json())
      output.print_json(plan_json(planned->plan));
    else
      print_plan(output, planned->plan);
  };
  if (const int refused = exit_code_of(planned->plan); refused != kExitDone) {
    show();
    if (!output.json()) output.note("Nothing was pushed.");
    return refused;
  }
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  if (const auto pushed = push_all(context, *api, *planned, options.message); !pushed) {
    // Somebody came between the plan and the push: a no, not a mistake.
    const int wrong = output.fail(pushed.error());
    return pushed.error().code == ErrorCode::kConflict ? kExitFailed : wrong;
  }
  show();
  if (!output.json() && !planned->plan.empty()) output.line("Pushed.");
  return kExitDone;
}

}  // namespace

std::optional<Project> load_project(const Context& context, const std::string& directory, Checks checks,
                                    int& code) {
  const Output output = context.output();
  Complaints complaints;
  auto project = read_project(directory, context.hooks.cases_content, complaints);
  if (!project) {
    code = output.fail(project.error());
    return std::nullopt;
  }
  if (checks != Checks::kFiles) check_project(context.hooks, *project, complaints);
  if (checks == Checks::kAll) {
    if (auto rules = rules_of_settings(context))
      check_server_rules(context.hooks.registry, *project, *rules, complaints);
    else
      complaints.push_back(std::move(rules).error());
  }
  if (complaints.empty()) return std::move(*project);
  print_complaints(output, complaints);
  if (!output.json()) output.note(counted(complaints.size(), "problem") + ".");
  code = kExitUsage;
  return std::nullopt;
}

std::optional<Planned> plan_project(const Context& context, const ProjectOptions& options, int& code) {
  const Output output = context.output();
  auto project = load_project(context, options.directory, Checks::kContents, code);
  if (!project) return std::nullopt;
  const auto make = [&]() -> Result<Planned> {
    SLIPWAY_ASSIGN(const ApiClient api, context.api());
    SLIPWAY_ASSIGN(Lock lock, read_lock(*project));
    SLIPWAY_ASSIGN(Plan made, make_plan(api, context.hooks, *project, lock, {.force = options.force}));
    return Planned{std::move(*project), std::move(lock), std::move(made)};
  };
  auto planned = make();
  if (planned) return std::move(*planned);
  code = output.fail(planned.error());
  return std::nullopt;
}

int diff_project(const Context& context, const std::string& file) {
  const Output output = context.output();
  std::string key;
  ProjectOptions options;
  if (!file.empty()) {
    const auto name = full_asset_name(file);
    if (!name) return output.fail(name.error());
    key = name->substr(name->find('/') + 1);
    options.directory = fs::path(file).parent_path().string();
  }
  int code = kExitDone;
  auto planned = plan_project(context, options, code);
  if (!planned) return code;
  Plan& plan = planned->plan;
  std::erase_if(plan.items, [&](const PlannedItem& item) { return !key.empty() && item.what != key; });
  if (!key.empty()) plan.only_there.clear();
  if (output.json())
    output.print_json(plan_json(plan));
  else
    print_plan(output, plan);
  return plan.problems.empty() ? kExitDone : kExitUsage;
}

void add_project_commands(Command app, Context& context) {
  const auto add = [&](const char* name, const char* help,
                       int (*run)(const Context&, const ProjectOptions&)) {
    Command command = app.add_subcommand(name, help);
    auto options = std::make_shared<ProjectOptions>();
    command->add_option("folder", options->directory, "The project's folder (default: this one or one above)")
        ->type_name("FOLDER");
    on_call(command, context, options, run);
    return std::pair(command, options);
  };
  const auto [init_command, init_options] = add("init", "Begin a project: assets as YAML files", init);
  init_command->add_option("--owner", init_options->owner, "The use case's slug, or shared")
      ->required()
      ->type_name("SLUG");
  add("validate", "Check a project's files, without a server", validate);
  const auto [plan_command, plan_options] = add("plan", "Show what a push would change", plan);
  plan_command->add_option("--format", plan_options->format, "text, markdown or json")
      ->check(one_of({"text", "markdown", "json"}));
  plan_command->add_option("--file", plan_options->file, "Write the Markdown there")->type_name("FILE");
  plan_command->add_flag("--force", plan_options->force, "As push --force would do it");
  const auto [push_command, push_options] = add("push", "Store a project's assets as new versions", push);
  push_command->add_option("-m,--message", push_options->message, "Why, for the history")->type_name("TEXT");
  push_command->add_flag("--force", push_options->force,
                         "Also over versions that somebody else has pushed meanwhile");
  const auto [pull_command, pull_options] =
      add("pull", "Fetch the latest versions into a project's files", pull);
  pull_command->add_option("--owner", pull_options->owner, "Begin a project of this owner in an empty folder")
      ->type_name("SLUG");
  pull_command->add_flag("--force", pull_options->force, "Also over files that were changed here");
}

}  // namespace slipway::cli
