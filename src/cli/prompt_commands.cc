// SPDX-License-Identifier: Apache-2.0
// prompt …: what a prompt becomes.
#include <filesystem>
#include <ostream>

#include "base/json_text.h"
#include "base/text.h"
#include "base/yaml.h"
#include "base/yaml_json.h"
#include "cli/command_parts.h"

namespace slipway::cli {
namespace {

struct PromptOptions {
  std::string prompt;  // an asset's name or a file
  std::string owner;
  std::string variant;
  std::string variables_file;
  std::vector<std::string> variables;
  std::string message;
};

bool is_file(const std::string& text) {
  return text.ends_with(".yaml") || text.ends_with(".yml") || text.ends_with(".json");
}

// The owner that the file's project names: project.yaml lies beside the folder of prompts.
std::string owner_of(const std::string& file) {
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::absolute(file, ignored).parent_path();
  for (const auto& place : {folder.parent_path(), folder}) {
    const std::string project = (place / "project.yaml").string();
    if (!std::filesystem::exists(project, ignored)) continue;
    const auto read = read_yaml_file(project);
    if (read) return text_of(*read, "owner");
  }
  return {};
}

// NAME=TEXT, or NAME:=JSON for what is no text.
Result<> add_variable(json::object& variables, const std::string& given) {
  const std::size_t equals = given.find('=');
  if (equals == std::string::npos || equals == 0 || given.starts_with(":="))
    return fail(ErrorCode::kInvalidArgument, "\"" + given + "\" is not NAME=TEXT or NAME:=JSON", "--var");
  if (given[equals - 1] != ':') {
    variables[given.substr(0, equals)] = given.substr(equals + 1);
    return {};
  }
  const std::string name = given.substr(0, equals - 1);
  auto value = parse_json(given.substr(equals + 1));
  if (!value)
    return fail(ErrorCode::kInvalidArgument,
                "the value of \"" + name + "\" is no JSON: " + value.error().message, "--var",
                "For a text write " + name + "=TEXT.");
  variables[name] = std::move(*value);
  return {};
}

Result<json::object> order_of(const PromptOptions& options) {
  json::object order;
  if (is_file(options.prompt)) {
    SLIPWAY_ASSIGN(order["content"], read_yaml_file(options.prompt));
    const std::string owner = options.owner.empty() ? owner_of(options.prompt) : options.owner;
    if (!owner.empty()) order["owner"] = owner;
  } else {
    order["asset"] = options.prompt;
  }
  json::object variables;
  if (!options.variables_file.empty()) {
    SLIPWAY_ASSIGN(variables, read_yaml_file(options.variables_file));
  }
  for (const std::string& given : options.variables) SLIPWAY_TRY(add_variable(variables, given));
  order["variables"] = std::move(variables);
  if (!options.variant.empty()) order["variant"] = options.variant;
  if (!options.message.empty())
    order["messages"] = json::array{json::object{{"role", "user"}, {"content", options.message}}};
  return order;
}

std::string content_text(const json::object& message) {
  const json::value* content = message.if_contains("content");
  if (content == nullptr || content->is_null()) return "";
  return content->is_string() ? std::string(content->as_string()) : json_text(*content);
}

void show_request(const Output& output, const json::object& request) {
  const json::value* messages = request.if_contains("messages");
  if (messages != nullptr && messages->is_array()) {
    for (const json::value& item : messages->as_array()) {
      if (!item.is_object()) continue;
      output.line(output.paint(text_of(item.as_object(), "role"), Color::kBold));
      const std::string text = content_text(item.as_object());
      for (const std::string_view line : split(text, '\n')) output.line("  " + printable(line));
    }
  }
  json::object rest = request;
  rest.erase("messages");
  output.line("");
  output.out() << json_to_yaml(rest);
}

void show_weight(const Output& output, const json::object& answer) {
  std::string weight = "Model " + text_of(answer, "model", "not stored");
  if (const std::string tokens = text_of(answer, "input_tokens"); !tokens.empty()) {
    const json::value* exact = answer.if_contains("tokens_exact");
    const bool counted = exact != nullptr && exact->is_bool() && exact->as_bool();
    weight += std::string(", ") + (counted ? "" : "about ") + tokens + " input tokens";
  }
  if (const std::string cost = text_of(answer, "cost_usd"); !cost.empty())
    weight += ", $" + cost + " for the input";
  output.note(weight);
}

int render(const Context& context, const PromptOptions& options) {
  const Output output = context.output();
  const auto order = order_of(options);
  if (!order) return output.fail(order.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto answer = api->post("/api/v1/prompts/render", *order);
  if (!answer) return output.fail(answer.error());
  if (output.json() || !answer->is_object()) {
    output.print_json(*answer);
    return kExitDone;
  }
  const json::value* request = answer->as_object().if_contains("request");
  if (request != nullptr && request->is_object()) show_request(output, request->as_object());
  show_weight(output, answer->as_object());
  return kExitDone;
}

}  // namespace

void add_prompt_commands(Command app, Context& context) {
  Command prompts = app.add_subcommand("prompt", "Prompts: render");
  prompts->require_subcommand(1)->fallthrough();
  auto options = std::make_shared<PromptOptions>();
  Command command =
      prompts->add_subcommand("render", "Print the request a prompt becomes, without calling a model");
  command
      ->add_option("prompt", options->prompt,
                   "A file, or OWNER/prompt/NAME with :VERSION or :LABEL behind it")
      ->required()
      ->type_name("PROMPT");
  command->add_option("--var", options->variables, "A variable: NAME=TEXT or NAME:=JSON; may be repeated")
      ->type_name("NAME=TEXT");
  command->add_option("--variables", options->variables_file, "A YAML or JSON file of variables")
      ->type_name("FILE");
  command->add_option("--message", options->message, "The caller's own message")->type_name("TEXT");
  command->add_option("--variant", options->variant, "A variant; else the prompt itself")->type_name("NAME");
  command->add_option("--owner", options->owner, "Whose references a file has; else what project.yaml says")
      ->type_name("SLUG");
  on_call(command, context, options, render);
}

}  // namespace slipway::cli
