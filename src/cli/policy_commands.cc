// SPDX-License-Identifier: Apache-2.0
// policy …: what a promotion into an environment needs, as code.
#include <filesystem>

#include "base/json_text.h"
#include "base/text.h"
#include "base/yaml_json.h"
#include "cli/command_parts.h"

namespace slipway::cli {
namespace {

struct PolicyOptions {
  std::string file;
  std::string owner;
  std::string environment;
};

std::string path_of(const PolicyOptions& options, std::string_view rest = "") {
  return "/api/v1/policies/" + url_encode(options.owner.empty() ? "shared" : options.owner) + "/" +
         url_encode(options.environment) + std::string(rest);
}

// A rule on one line, as it could stand in a file.
std::string rule_text(const json::value& value) {
  if (value.is_array() && value.as_array().empty()) return "none";
  if (value.is_null()) return "no limit";
  if (value.is_string()) return printable(std::string(value.as_string()));
  return printable(json_text(value));
}

int show(const Context& context, const PolicyOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto answer = api->get(path_of(options));
  if (!answer) return output.fail(answer.error());
  if (output.json() || !answer->is_object()) {
    output.print_json(*answer);
    return kExitDone;
  }
  const json::object& policy = answer->as_object();
  if (text_of(policy, "version") == "0") {
    output.note("Nothing has been set; slipway policy effective shows what holds");
    return kExitDone;
  }
  // What `slipway policy set` takes.
  json::object file{{"owner", policy.at("owner")}, {"environment", policy.at("environment")}};
  if (const json::value& content = policy.at("content"); content.is_object())
    for (const auto& [rule, value] : content.as_object()) file[rule] = value;
  output.out() << json_to_yaml(file);
  output.note("Version " + text_of(policy, "version") + " by " + text_of(policy, "updated_by") + " at " +
              short_time(text_of(policy, "updated_at")));
  return kExitDone;
}

int set(const Context& context, const PolicyOptions& given) {
  const Output output = context.output();
  auto content = read_yaml_file(given.file);
  if (!content) return output.fail(content.error());
  PolicyOptions options = given;
  if (options.owner.empty()) options.owner = text_of(*content, "owner");
  if (options.environment.empty()) options.environment = text_of(*content, "environment");
  // policies/prod.yaml is about prod.
  if (options.environment.empty()) options.environment = std::filesystem::path(given.file).stem().string();
  for (const char* field : {"owner", "environment", "format"}) content->erase(field);
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto before = api->get(path_of(options));
  if (!before) return output.fail(before.error());
  const auto answer = api->put(path_of(options), *content);
  if (!answer) return output.fail(answer.error());
  if (output.json() || !answer->is_object()) {
    output.print_json(*answer);
    return kExitDone;
  }
  const json::object& policy = answer->as_object();
  const bool same =
      before->is_object() && text_of(before->as_object(), "version") == text_of(policy, "version");
  output.line((same ? "Nothing changed: the policy of " : "Set the policy of ") + text_of(policy, "owner") +
              " for " + text_of(policy, "environment") + (same ? " is at version " : ", version ") +
              text_of(policy, "version"));
  return kExitDone;
}

int effective(const Context& context, const PolicyOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto answer = api->get(path_of(options, "/effective"));
  if (!answer) return output.fail(answer.error());
  if (output.json() || !answer->is_object()) {
    output.print_json(*answer);
    return kExitDone;
  }
  std::vector<std::vector<Cell>> rows;
  const json::object& origins = answer->at("origins").as_object();
  for (const auto& [rule, value] : answer->at("content").as_object())
    rows.push_back({std::string(rule), rule_text(value), Cell(text_of(origins, rule), Color::kDim)});
  output.table({"RULE", "VALUE", "FROM"}, rows);
  return kExitDone;
}

int history(const Context& context, const PolicyOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto row = [](const json::object& policy) -> std::vector<Cell> {
    return {Cell::number(text_of(policy, "version")), short_time(text_of(policy, "updated_at")),
            text_of(policy, "updated_by"), printable(json_text(policy.at("content")))};
  };
  return show_list(output, api->get(path_of(options, "/history")),
                   {{"VERSION", "AT", "BY", "RULES"}, row, "Nothing has been set"});
}

}  // namespace

void add_policy_commands(Command app, Context& context) {
  Command policies = app.add_subcommand("policy", "What a promotion needs: show, set, effective, history");
  policies->require_subcommand(1)->fallthrough();
  auto options = std::make_shared<PolicyOptions>();
  const auto about = [&](Command command, bool environment_needed) {
    command->add_option("--owner", options->owner, "A use case; else shared")->type_name("SLUG");
    command->add_option("--environment", options->environment, "The environment")
        ->required(environment_needed)
        ->type_name("NAME");
    return command;
  };
  on_call(about(policies->add_subcommand("show", "Print what an owner has set, as a file for set"), true),
          context, options, show);
  Command command =
      policies->add_subcommand("set", "Set it from a YAML file; the same again changes nothing");
  command
      ->add_option("file", options->file,
                   "YAML: owner, environment and rules; policies/prod.yaml is about prod")
      ->required()
      ->type_name("FILE");
  on_call(about(command, false), context, options, set);
  on_call(
      about(policies->add_subcommand("effective", "Print what holds, and where each rule comes from"), true),
      context, options, effective);
  on_call(about(policies->add_subcommand("history", "List its versions"), true), context, options, history);
}

}  // namespace slipway::cli
