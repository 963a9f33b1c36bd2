// SPDX-License-Identifier: Apache-2.0
// What the commands share: global options, and the way to settings, output and server.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/config.h"
#include "cli/api_client.h"
#include "cli/arguments.h"
#include "cli/cli.h"
#include "cli/output.h"

namespace slipway::cli {

struct Context {
  Surroundings surroundings;
  const Hooks& hooks;
  std::string config_file;
  std::vector<std::string> assignments;
  std::string data_dir;
  std::string url;
  std::string ca_file;
  bool json = false;
  // What the chosen command does, set while arguments are parsed and run afterwards. Gives the exit code.
  std::function<int()> action;

  [[nodiscard]] Output output() const { return {surroundings, json}; }
  // Settings as given; `report` tells whether they are sound.
  [[nodiscard]] Result<LoadedConfig> load() const;
  // The server to call. Unsound settings only matter to it where they name server and data directory.
  [[nodiscard]] Result<ApiClient> api() const;
};

// Each adds its commands to `app`; `context` outlives it.
void add_server_commands(Command app, Context& context);  // serve, check, version
void add_login_commands(Command app, Context& context);
void add_key_commands(Command app, Context& context);
void add_use_case_commands(Command app, Context& context);  // use-case, approvals
void add_policy_commands(Command app, Context& context);
void add_prompt_commands(Command app, Context& context);
void add_release_commands(Command app, Context& context);
void add_deployment_commands(Command app, Context& context);  // promote, rollback, deployments, rollout
void add_log_commands(Command app, Context& context);
void add_people_commands(Command app, Context& context);  // user, service, role
void add_dataset_commands(Command app, Context& context);
void add_eval_commands(Command app, Context& context);
void add_gate_commands(Command app, Context& context);
void add_audit_commands(Command app, Context& context);
void add_config_commands(Command app, Context& context);
void add_project_commands(Command app, Context& context);  // init, validate, plan, push, pull
void add_asset_commands(Command app, Context& context);    // asset, diff, history
void add_doctor_command(Command app, Context& context);
void add_completion_command(Command app, Context& context);

// The reference of all settings as Markdown; docs/configuration.md is this text.
std::string config_reference();

// A script for `shell` (bash, zsh or fish) that completes the commands and options of `app`.
Result<std::string> completion_script(const CLI::App& app, const std::string& shell);

}  // namespace slipway::cli
