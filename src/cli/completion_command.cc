// SPDX-License-Identifier: Apache-2.0
// completion: scripts made from the command tree itself, so that they can't fall behind it.
#include <CLI/App.hpp>
#include <algorithm>
#include <memory>
#include <ostream>

#include "base/text.h"
#include "cli/commands.h"

namespace slipway::cli {
namespace {

struct Words {
  std::string path;  // "key create", empty for the program itself
  std::vector<std::pair<std::string, std::string>> commands;
  std::vector<std::pair<std::string, std::string>> options;
};

std::string clean(const std::string& description) {
  std::string out;
  for (const char c : description) {
    if (c == '\'' || c == '"' || c == '`' || c == '\\' || c == '[' || c == ']' || c == ':' || c == '$')
      continue;
    out.push_back(c == '\n' ? ' ' : c);
  }
  return out;
}

void collect(const CLI::App& app, const std::string& path, std::vector<Words>& out) {
  Words words{path, {}, {}};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    words.commands.emplace_back(command->get_name(), clean(command->get_description()));
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent())
    for (const CLI::Option* option : at->get_options())
      for (const std::string& name : option->get_lnames()) {
        const bool known = std::any_of(words.options.begin(), words.options.end(),
                                       [&](const auto& one) { return one.first == "--" + name; });
        if (!known) words.options.emplace_back("--" + name, clean(option->get_description()));
      }
  out.push_back(std::move(words));
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    collect(*command, path.empty() ? command->get_name() : path + " " + command->get_name(), out);
}

std::string names_of(const std::vector<std::pair<std::string, std::string>>& words) {
  std::string out;
  for (const auto& [name, description] : words) out += (out.empty() ? "" : " ") + name;
  return out;
}

std::string bash_script(const std::vector<Words>& tree) {
  std::string out = R"(# bash completion of slipway; load it with: source <(slipway completion bash)
_slipway() {
  local word path="" commands="" options="" i
  COMPREPLY=()
  for ((i = 0; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    [ "$i" = 0 ] && word=""
    case "$path $word" in
)";
  for (const Words& words : tree) {
    if (words.path.empty()) continue;
    out += "      \"" + std::string(words.path.find(' ') == std::string::npos ? " " : "") + words.path +
           "\") path=\"" + words.path + "\" ;;\n";
  }
  out += R"(    esac
  done
  case "$path" in
)";
  for (const Words& words : tree)
    out += "    \"" + words.path + "\") commands=\"" + names_of(words.commands) + "\" options=\"" +
           names_of(words.options) + "\" ;;\n";
  out += R"(  esac
  word=${COMP_WORDS[COMP_CWORD]}
  case "$word" in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
    *)
      if [ -n "$commands" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
      else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
      fi
      ;;
  esac
}
complete -o filenames -F _slipway slipway
)";
  return out;
}

std::string zsh_script(const std::vector<Words>& tree) {
  std::string out = R"(#compdef slipway
# zsh completion of slipway; load it with: source <(slipway completion zsh)
_slipway() {
  local path_="" word
  local -a commands options
  for word in "${(@)words[2,CURRENT-1]}"; do
    case "$path_ $word" in
)";
  for (const Words& words : tree) {
    if (words.path.empty()) continue;
    out += "      \"" + std::string(words.path.find(' ') == std::string::npos ? " " : "") + words.path +
           "\") path_=\"" + words.path + "\" ;;\n";
  }
  out += "    esac\n  done\n  case \"$path_\" in\n";
  for (const Words& words : tree) {
    out += "    \"" + words.path + "\")\n      commands=(";
    for (const auto& [name, description] : words.commands) out += " '" + name + ":" + description + "'";
    out += " )\n      options=(";
    for (const auto& [name, description] : words.options) out += " '" + name + ":" + description + "'";
    out += " )\n      ;;\n";
  }
  out += R"(  esac
  if [[ ${words[CURRENT]} == -* ]]; then
    _describe option options
  elif (( ${#commands} )); then
    _describe command commands
  else
    _files
  fi
}
compdef _slipway slipway
)";
  return out;
}

std::string fish_script(const std::vector<Words>& tree) {
  std::string out = R"(# fish completion of slipway; load it with: slipway completion fish | source
function __slipway_path
  set -l path
  for word in (commandline -opc)[2..]
    switch "$path $word"
)";
  for (const Words& words : tree) {
    if (words.path.empty()) continue;
    out += "      case '" + std::string(words.path.find(' ') == std::string::npos ? " " : "") + words.path +
           "'\n        set path '" + words.path + "'\n";
  }
  out += "    end\n  end\n  test \"$path\" = \"$argv\"\nend\n";
  for (const Words& words : tree) {
    const std::string condition = "complete -c slipway -n \"__slipway_path '" + words.path + "'\"";
    for (const auto& [name, description] : words.commands)
      out += condition + " -f -a " + name + " -d '" + description + "'\n";
    for (const auto& [name, description] : words.options)
      out += condition + " -l " + name.substr(2) + " -d '" + description + "'\n";
  }
  return out;
}

}  // namespace

Result<std::string> completion_script(const CLI::App& app, const std::string& shell) {
  std::vector<Words> tree;
  collect(app, "", tree);
  if (shell == "bash") return bash_script(tree);
  if (shell == "zsh") return zsh_script(tree);
  if (shell == "fish") return fish_script(tree);
  return fail(ErrorCode::kInvalidArgument, "there is no completion for \"" + shell + "\"", "",
              "use bash, zsh or fish");
}

void add_completion_command(Command app, Context& context) {
  Command command = app.add_subcommand("completion", "Print a script that completes commands in a shell");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->type_name("SHELL");
  command->callback([&context, app, shell] {
    context.action = [&context, app, shell] {
      const Output output = context.output();
      const auto script = completion_script(app.app(), *shell);
      if (!script) return output.fail(script.error());
      if (output.json())
        output.print_json({{"shell", *shell}, {"script", *script}});
      else
        output.out() << *script;
      return kExitDone;
    };
  });
}

}  // namespace slipway::cli
