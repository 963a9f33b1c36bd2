// SPDX-License-Identifier: Apache-2.0
// config: check, reference, show.
#include <memory>

#include "base/json.h"
#include "cli/commands.h"

namespace slipway::cli {
namespace {

struct ConfigOptions {
  std::string file;
  bool changed = false;
};

json::array to_json(const std::vector<Error>& problems) {
  json::array out;
  for (const Error& problem : problems)
    out.push_back({{"where", problem.where}, {"message", problem.message}, {"hint", problem.hint}});
  return out;
}

// Problems are the result here, so they go to standard output.
int check(Context& context, const ConfigOptions& options) {
  const Output output = context.output();
  if (!options.file.empty()) context.config_file = options.file;
  auto input = read_config_input(context.config_file, context.assignments);
  if (!input) return output.fail(input.error());
  input->environment = context.surroundings.environment;
  const LoadedConfig loaded = load_config(*input);
  const SettingsReport& report = loaded.report;
  if (output.json()) {
    json::array warnings;
    for (const std::string& warning : report.warnings) warnings.emplace_back(warning);
    output.print_json({{"file", input->file_name},
                       {"ok", report.ok()},
                       {"problems", to_json(report.problems)},
                       {"warnings", warnings}});
    return report.ok() ? kExitDone : kExitFailed;
  }
  for (const Error& problem : report.problems) output.line(printable(problem.describe()));
  for (const std::string& warning : report.warnings) output.note("note: " + printable(warning));
  const std::string name = input->file_name.empty() ? "the settings (no file was found)" : input->file_name;
  if (report.ok()) {
    output.line(output.paint("ok: ", Color::kGreen) + name);
    return kExitDone;
  }
  const std::size_t count = report.problems.size();
  output.line(
      output.paint(std::to_string(count) + (count == 1 ? " problem in " : " problems in "), Color::kRed) +
      name);
  return kExitFailed;
}

int show(const Context& context, const ConfigOptions& options) {
  const Output output = context.output();
  const auto loaded = context.load();
  if (!loaded) return output.fail(loaded.error());
  for (const Error& problem : loaded->report.problems) output.fail(problem);
  json::array items;
  std::vector<std::vector<Cell>> rows;
  for (const EffectiveSetting& setting : loaded->report.values) {
    const bool is_default = setting.source == "default";
    if (options.changed && is_default) continue;
    items.push_back({{"name", setting.name}, {"value", setting.value}, {"source", setting.source}});
    rows.push_back(
        {setting.name, setting.value, Cell(setting.source, is_default ? Color::kDim : Color::kNone)});
  }
  if (output.json())
    output.print_json({{"items", items}});
  else
    output.table({"SETTING", "VALUE", "FROM"}, rows);
  return loaded->report.ok() ? kExitDone : kExitUsage;
}

std::string code(const std::string& text) { return text.empty() ? "" : "`" + text + "`"; }

int reference(const Context& context) {
  const Output output = context.output();
  if (!output.json()) {
    output.out() << config_reference();
    return kExitDone;
  }
  Config config;
  json::array items;
  for (const SettingInfo& info : declare_config(config).reference())
    items.push_back({{"name", info.name},
                     {"type", to_string(info.type)},
                     {"default", info.default_text},
                     {"bounds", info.bounds},
                     {"description", info.description}});
  output.print_json({{"items", items}});
  return kExitDone;
}

}  // namespace

std::string config_reference() {
  std::string out = R"(# Configuration

<!-- Printed by `slipway config reference`; a test compares. -->

Settings come, in rising priority, from their defaults, a YAML file, environment variables and the command line.
The file is the one named with `--config` or `$SLIPWAY_CONFIG`, else the first that exists of `./slipway.yaml`,
`$XDG_CONFIG_HOME/slipway/slipway.yaml` and `/etc/slipway/slipway.yaml`. `server.port` is

- in the file: `server:` and below it, indented, `port: 9090`;
- in the environment: `SLIPWAY_SERVER_PORT=9090`;
- on the command line: `--set server.port=9090`.

An unknown name or a value out of bounds is refused with its place. `slipway config check` tries a file,
`slipway config show` prints what is in force and where each value came from.

Durations are written with a unit (`250ms`, `5s`, `10m`, `2h`, `30d`), sizes likewise (`64KiB`, `32MiB`, `2GiB`), lists as
`[a, b]` in the file and `a,b` elsewhere. In a secret, `${NAME}` is replaced from the environment.

`OPENAI_API_KEY` (with `OPENAI_BASE_URL`), `ANTHROPIC_API_KEY` (with `ANTHROPIC_BASE_URL`) and `OLLAMA_HOST` in the
environment each make a connection, unless the file has one of the same name. The connection `simulated` is always there.

A file with one provider of your own, its prices in US dollars per million tokens:

```yaml
server:
  port: 8080
connections:
  vllm:
    base_url: http://gpu-1.internal:8000/v1
    allow_private: true
    api_key: ${VLLM_KEY}
    provider: vllm
models:
  assistant: {connection: vllm, model: Qwen/Qwen3-32B}
prices:
  - {provider: vllm, models: ["*"], input: 0.10, output: 0.30}
```
)";
  Config config;
  std::string group;
  for (const SettingInfo& info : declare_config(config).reference()) {
    const std::string here = info.name.substr(0, info.name.find('.'));
    if (here != group) {
      group = here;
      out += "\n## " + here + "\n\n";
      if (info.type == SettingType::kNamed) {
        out += info.description + (info.default_text.empty() ? "" : " Default: " + info.default_text + ".") +
               "\n\n";
      }
      out += "| setting | type | default | bounds | |\n|---|---|---|---|---|\n";
    }
    if (info.type == SettingType::kNamed) continue;
    out += "| `" + info.name + "` | " + std::string(to_string(info.type)) + " | " + code(info.default_text) +
           " | " + info.bounds + " | " + info.description + " |\n";
  }
  return out;
}

void add_config_commands(Command app, Context& context) {
  Command config = app.add_subcommand("config", "Settings: check, reference, show");
  config->require_subcommand(1);
  auto options = std::make_shared<ConfigOptions>();
  Command command = config->add_subcommand("check", "Say everything that is wrong with the settings");
  command->add_option("file", options->file, "Settings file; else the one that serve would take")
      ->type_name("FILE");
  command->callback(
      [&context, options] { context.action = [&context, options] { return check(context, *options); }; });
  config->add_subcommand("reference", "Print every setting with its bounds and default")
      ->callback([&context] { context.action = [&context] { return reference(context); }; });
  command = config->add_subcommand("show", "Print the values in force and where each came from");
  command->add_flag("--changed", options->changed, "Leave out defaults");
  command->callback(
      [&context, options] { context.action = [&context, options] { return show(context, *options); }; });
}

}  // namespace slipway::cli
