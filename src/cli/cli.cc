// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <iostream>

#include "base/text.h"
#include "cli/commands.h"

// The process's environment, declared by POSIX nowhere else.
extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace slipway::cli {
namespace {

std::vector<std::string> option_names(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent())
    for (const CLI::Option* option : app->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

// Says which word of the command line was not understood and what was probably meant.
Error explain(const CLI::App& root, const std::vector<std::string>& arguments, const CLI::ParseError& error) {
  const CLI::App* app = &root;
  const auto help = [&app] {
    std::string name;
    for (const CLI::App* at = app; at != nullptr; at = at->get_parent())
      name = at->get_name() + (name.empty() ? "" : " ") + name;
    return "see " + name + " --help";
  };
  bool value_follows = false;
  for (const std::string& word : arguments) {
    if (std::exchange(value_follows, false)) continue;
    if (word.starts_with("--") && word.size() > 2) {
      const std::string name = word.substr(0, word.find('='));
      const CLI::Option* option = nullptr;
      for (const CLI::App* at = app; at != nullptr && option == nullptr; at = at->get_parent())
        option = at->get_option_no_throw(name);
      if (option == nullptr) {
        const auto near = nearest(name, option_names(app));
        return {ErrorCode::kInvalidArgument, "there is no option " + name, "",
                near ? "did you mean " + *near + "?" : help()};
      }
      value_follows = option->get_expected_min() > 0 && word.find('=') == std::string::npos;
      continue;
    }
    if (word.starts_with("-")) continue;
    const auto commands = app->get_subcommands([](const CLI::App*) { return true; });
    if (commands.empty()) break;
    const CLI::App* next = nullptr;
    std::vector<std::string> names;
    for (const CLI::App* command : commands) {
      names.push_back(command->get_name());
      if (command->get_name() == word) next = command;
    }
    if (next == nullptr) {
      const auto near = nearest(word, names);
      return {ErrorCode::kInvalidArgument, "there is no command \"" + printable(word) + "\"", "",
              near ? "did you mean " + (app == &root ? "" : app->get_name() + " ") + *near + "?" : help()};
    }
    app = next;
  }
  std::string message = error.what();
  if (app != &root || !message.starts_with("A subcommand"))
    return {ErrorCode::kInvalidArgument, message, app == &root ? "" : app->get_name(), help()};
  return {ErrorCode::kInvalidArgument, "say what to do", "", help()};
}

}  // namespace

std::string version() { return SLIPWAY_VERSION; }

Result<LoadedConfig> Context::load() const {
  std::vector<std::string> all = assignments;
  if (!data_dir.empty()) all.push_back("data_dir=" + data_dir);
  SLIPWAY_ASSIGN(ConfigInput input, read_config_input(config_file, std::move(all)));
  input.environment = surroundings.environment;
  return load_config(input);
}

Result<ApiClient> Context::api() const {
  SLIPWAY_ASSIGN(const LoadedConfig loaded, load());
  if (!loaded.report.ok() && url.empty()) {
    Error error = loaded.report.problems.front();
    error.hint += (error.hint.empty() ? "" : "; ") + std::string("slipway config check lists all problems");
    return fail(std::move(error));
  }
  ServerAccess access = find_access(url, loaded.config, surroundings.environment);
  if (!ca_file.empty()) access.ca_file = ca_file;
  return ApiClient(std::move(access));
}

int run(std::vector<std::string> arguments, const Hooks& hooks, Surroundings surroundings) {
  Context context{.surroundings = std::move(surroundings),
                  .hooks = hooks,
                  .config_file = {},
                  .assignments = {},
                  .data_dir = {},
                  .url = {},
                  .ca_file = {},
                  .json = false,
                  .action = {}};
  CLI::App app("Slipway runs, records and governs generative AI in production.", "slipway");
  app.fallthrough();
  app.require_subcommand(1);
  app.get_formatter()->column_width(38);
  app.add_option("-c,--config", context.config_file, "Settings file")->type_name("FILE");
  app.add_option("--set", context.assignments, "Override a setting, for instance --set server.port=9090")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_option("--data-dir", context.data_dir, "Where everything is stored")->type_name("FOLDER");
  app.add_option("--url", context.url, "Server to call ($SLIPWAY_URL)")->type_name("URL");
  app.add_option("--ca-file", context.ca_file, "Authorities to trust when calling the server")
      ->type_name("FILE");
  app.add_flag("--json", context.json, "Print JSON");
  const Command root(&app);
  add_server_commands(root, context);
  add_login_commands(root, context);
  add_key_commands(root, context);
  add_project_commands(root, context);
  add_asset_commands(root, context);
  add_use_case_commands(root, context);
  add_policy_commands(root, context);
  add_prompt_commands(root, context);
  add_release_commands(root, context);
  add_deployment_commands(root, context);
  add_log_commands(root, context);
  add_people_commands(root, context);
  add_dataset_commands(root, context);
  add_eval_commands(root, context);
  add_gate_commands(root, context);
  add_audit_commands(root, context);
  add_config_commands(root, context);
  add_doctor_command(root, context);
  add_completion_command(root, context);

  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    context.surroundings.out << app.help();
    return kExitDone;
  } catch (const CLI::CallForAllHelp&) {
    context.surroundings.out << app.help("", CLI::AppFormatMode::All);
    return kExitDone;
  } catch (const CLI::ParseError& error) {
    if (arguments.empty()) {
      context.surroundings.err << app.help();
      return kExitUsage;
    }
    // A broken command line has not set --json reliably.
    for (const std::string& argument : arguments) context.json = context.json || argument == "--json";
    context.output().fail(explain(app, arguments, error));
    return kExitUsage;
  }
  return context.action ? context.action() : kExitUsage;
}

int run_cli(int argc, char** argv, const Hooks& hooks) {
  std::map<std::string, std::string, std::less<>> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (const std::size_t equals = text.find('='); equals != std::string_view::npos)
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  const bool color = ::isatty(STDOUT_FILENO) == 1 && !environment.contains("NO_COLOR") &&
                     (!environment.contains("TERM") || environment.find("TERM")->second != "dumb");
  std::ios::sync_with_stdio(false);
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const int code =
      run(std::move(arguments), hooks,
          {std::cout, std::cerr, std::cin, std::move(environment), color, ::isatty(STDIN_FILENO) == 1});
  std::cout.flush();
  return code;
}

}  // namespace slipway::cli
