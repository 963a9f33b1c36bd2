// SPDX-License-Identifier: Apache-2.0
// asset …, history, diff: the catalogue of a server.
#include <fmt/format.h>

#include <memory>
#include <ostream>

#include "base/json.h"
#include "base/text.h"
#include "base/yaml_json.h"
#include "cli/command_parts.h"
#include "cli/project_commands.h"

namespace slipway::cli {
namespace {

struct AssetOptions {
  std::string asset;  // owner/kind/name, perhaps with :version
  std::string owner;
  std::string kind;
  std::string words;
  std::string label;
  std::string version;
  std::string reason;
  std::string replaced_by;
  std::string from;
  std::string to;
  std::int64_t limit = 100;
  bool deprecated = false;
};

struct Which {
  std::string path;     // "/api/v1/assets/owner/kind/name"
  std::string version;  // empty: none was given
};

// "support-assistant/prompt/answer:3", in a project's folder "prompt/answer" or "prompts/answer.yaml", too.
Result<Which> which(const std::string& text) {
  const std::size_t colon = text.find(':');
  SLIPWAY_ASSIGN(const std::string name, full_asset_name(text.substr(0, colon)));
  Which found;
  found.path = "/api/v1/assets";
  for (const std::string_view part : split(name, '/')) found.path += "/" + url_encode(part);
  if (colon != std::string::npos) found.version = text.substr(colon + 1);
  return found;
}

Result<json::value> ask(const Context& context, const std::string& path) {
  SLIPWAY_ASSIGN(const ApiClient api, context.api());
  return api.get(path);
}

const json::object* object_in(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found == nullptr ? nullptr : found->if_object();
}

std::vector<const json::object*> items_in(const json::value& answer) {
  std::vector<const json::object*> items;
  const json::object* object = answer.if_object();
  const json::value* list = object == nullptr ? nullptr : object->if_contains("items");
  if (list != nullptr && list->is_array())
    for (const json::value& item : list->as_array())
      if (item.is_object()) items.push_back(&item.as_object());
  return items;
}

int list(const Context& context, const AssetOptions& options) {
  const Output output = context.output();
  const auto answer =
      ask(context, "/api/v1/assets" + query_string({{"owner", options.owner},
                                                    {"kind", options.kind},
                                                    {"q", options.words},
                                                    {"label", options.label},
                                                    {"deprecated", options.deprecated ? "true" : ""},
                                                    {"limit", std::to_string(options.limit)}}));
  if (!answer) return output.fail(answer.error());
  if (output.json()) {
    output.print_json(*answer);
    return kExitDone;
  }
  std::vector<std::vector<Cell>> rows;
  for (const json::object* asset : items_in(*answer)) {
    const json::object* latest = object_in(*asset, "latest");
    const json::object none;
    const json::object& version = latest == nullptr ? none : *latest;
    const json::object* labels = object_in(*asset, "labels");
    rows.push_back(
        {text_of(*asset, "owner") + "/" + text_of(*asset, "kind") + "/" + text_of(*asset, "name"),
         Cell::number(text_of(version, "version")), short_time(text_of(version, "created_at")),
         text_of(version, "author"), labels == nullptr ? "" : words_of(json::value(*labels)),
         object_in(*asset, "deprecated") != nullptr ? Cell("deprecated", Color::kYellow) : Cell("in use"),
         text_of(*asset, "description")});
  }
  if (rows.empty())
    output.note("No assets. Begin a project with slipway init, and push it.");
  else
    output.table({"ASSET", "VERSION", "CHANGED", "BY", "LABELS", "STATE", "DESCRIPTION"}, rows);
  if (const std::string total = text_of(answer->as_object(), "total"); total != std::to_string(rows.size()))
    output.note(fmt::format("{} of {}; --search, --owner and --kind narrow it down.", rows.size(), total));
  return kExitDone;
}

int show(const Context& context, const AssetOptions& options) {
  const Output output = context.output();
  const auto asset = which(options.asset);
  if (!asset) return output.fail(asset.error());
  const auto answer = ask(
      context, asset->path + "/versions/" + url_encode(asset->version.empty() ? "latest" : asset->version));
  if (!answer) return output.fail(answer.error());
  if (output.json() || !answer->is_object()) {
    output.print_json(*answer);
    return kExitDone;
  }
  const json::object& fields = answer->as_object();
  output.note(fmt::format("Version {} of {}, by {} at {}: {}", text_of(fields, "version"), options.asset,
                          text_of(fields, "author"), short_time(text_of(fields, "created_at")),
                          printable(text_of(fields, "message"))));
  std::string yaml = text_of(fields, "yaml");
  if (yaml.empty())
    if (const json::value* content = fields.if_contains("content")) yaml = json_to_yaml(*content);
  output.out() << yaml << (yaml.ends_with('\n') ? "" : "\n");
  return kExitDone;
}

int history(const Context& context, const AssetOptions& options) {
  const Output output = context.output();
  const auto asset = which(options.asset);
  if (!asset) return output.fail(asset.error());
  const auto answer =
      ask(context, asset->path + "/versions" + query_string({{"limit", std::to_string(options.limit)}}));
  if (!answer) return output.fail(answer.error());
  if (output.json()) {
    output.print_json(*answer);
    return kExitDone;
  }
  std::vector<std::vector<Cell>> rows;
  for (const json::object* version : items_in(*answer)) {
    const json::value* labels = version->if_contains("labels");
    rows.push_back({Cell::number(text_of(*version, "version")), short_time(text_of(*version, "created_at")),
                    text_of(*version, "author"), text_of(*version, "digest").substr(0, 19),
                    labels == nullptr ? "" : words_of(*labels), text_of(*version, "message")});
  }
  output.table({"VERSION", "TIME", "BY", "DIGEST", "LABELS", "MESSAGE"}, rows);
  return kExitDone;
}

int diff(const Context& context, const AssetOptions& options) {
  const Output output = context.output();
  const bool of_files = options.asset.empty() || names_a_file(options.asset);
  if (of_files && options.from.empty() && options.to.empty()) return diff_project(context, options.asset);
  const auto asset = which(options.asset);
  if (!asset) return output.fail(asset.error());
  const std::string to = !asset->version.empty() ? asset->version
                         : options.to.empty()    ? "latest"
                                                 : options.to;
  const auto answer =
      ask(context, asset->path + "/diff" + query_string({{"from", options.from}, {"to", to}}));
  if (!answer) return output.fail(answer.error());
  if (output.json() || !answer->is_object()) {
    output.print_json(*answer);
    return kExitDone;
  }
  const std::string text = text_of(answer->as_object(), "text");
  for (const std::string_view line : split(trim(text), '\n')) {
    const Color color = line.starts_with("+")    ? Color::kGreen
                        : line.starts_with("-")  ? Color::kRed
                        : line.starts_with("@@") ? Color::kDim
                                                 : Color::kNone;
    output.line(output.paint(printable(line), color));
  }
  return kExitDone;
}

int where_used(const Context& context, const AssetOptions& options) {
  const Output output = context.output();
  const auto asset = which(options.asset);
  if (!asset) return output.fail(asset.error());
  const auto answer = ask(context, asset->path + "/where-used");
  if (!answer) return output.fail(answer.error());
  if (output.json()) {
    output.print_json(*answer);
    return kExitDone;
  }
  std::vector<std::vector<Cell>> rows;
  for (const json::object* use : items_in(*answer))
    rows.push_back({text_of(*use, "type"), text_of(*use, "id"), text_of(*use, "path")});
  if (rows.empty())
    output.note("Nothing refers to it.");
  else
    output.table({"TYPE", "WHERE", "AS"}, rows);
  return kExitDone;
}

int post(const Context& context, const AssetOptions& options, const std::string& action,
         const json::value& body, const std::string& done) {
  const Output output = context.output();
  const auto asset = which(options.asset);
  if (!asset) return output.fail(asset.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto answer = api->post(asset->path + "/" + action, body);
  if (!answer) return output.fail(answer.error());
  if (output.json())
    output.print_json(*answer);
  else
    output.line(done);
  return kExitDone;
}

int label(const Context& context, const AssetOptions& options) {
  const Output output = context.output();
  json::value version(nullptr);
  if (!options.version.empty()) {
    const auto number = parse_integer<std::int64_t>(options.version);
    if (!number)
      return output.fail({ErrorCode::kInvalidArgument, "\"" + options.version + "\" is not a version",
                          "--version", "give a number, or leave it out to take the label away"});
    version = *number;
  }
  return post(context, options, "labels", json::object{{"label", options.label}, {"version", version}},
              options.version.empty() ? fmt::format("Label {} is taken away.", options.label)
                                      : fmt::format("Version {} is now {}.", options.version, options.label));
}

int deprecate(const Context& context, const AssetOptions& options) {
  json::object body{{"reason", options.reason}};
  if (!options.replaced_by.empty()) body["replaced_by"] = options.replaced_by;
  return post(context, options, "deprecate", body,
              fmt::format("{} is deprecated: no new release may use it; what runs goes on.", options.asset));
}

int restore(const Context& context, const AssetOptions& options) {
  return post(context, options, "restore", json::object{},
              fmt::format("{} may be used again.", options.asset));
}

}  // namespace

void add_asset_commands(Command app, Context& context) {
  Command group = app.add_subcommand("asset", "Look at the catalogue, label and deprecate assets");
  group->require_subcommand(1);
  const auto add = [&](Command parent, const char* name, const char* help,
                       int (*run)(const Context&, const AssetOptions&), bool one) {
    Command command = parent->add_subcommand(name, help);
    auto options = std::make_shared<AssetOptions>();
    if (one)
      command->add_option("asset", options->asset, "owner/kind/name, or a file of a project")
          ->required()
          ->type_name("ASSET");
    on_call(command, context, options, run);
    return std::pair(command, options);
  };
  const auto [list_command, listing] = add(group, "list", "List assets", list, false);
  list_command->add_option("--owner", listing->owner, "A use case, or shared")->type_name("SLUG");
  list_command->add_option("--kind", listing->kind, "prompt, model, tool, …")->type_name("KIND");
  list_command->add_option("--search", listing->words, "Words in name, description or content")
      ->type_name("WORDS");
  list_command->add_option("--label", listing->label, "Only those with this label")->type_name("LABEL");
  list_command->add_flag("--deprecated", listing->deprecated, "Only deprecated ones");
  list_command->add_option("--limit", listing->limit, "At most so many")
      ->check(between(std::int64_t{1}, std::int64_t{500}));
  add(group, "show", "Print an asset as YAML; ASSET:3 or ASSET:label for another than the latest version",
      show, true);
  add(group, "where-used", "List what refers to it", where_used, true);
  const auto [label_command, labels] =
      add(group, "label", "Give a version a label, or take the label away", label, true);
  label_command->add_option("--label", labels->label, "The label")->required()->type_name("LABEL");
  label_command->add_option("--version", labels->version, "The version; without it the label is taken away")
      ->type_name("NUMBER");
  const auto [deprecate_command, gone] =
      add(group, "deprecate", "Let no new release use it", deprecate, true);
  deprecate_command->add_option("--reason", gone->reason, "Why")->required()->type_name("TEXT");
  deprecate_command->add_option("--replaced-by", gone->replaced_by, "What to use instead")
      ->type_name("ASSET");
  add(group, "restore", "Take a deprecation back", restore, true);

  const auto [history_command, past] = add(app, "history", "List an asset's versions", history, true);
  history_command->add_option("--limit", past->limit, "At most so many")
      ->check(between(std::int64_t{1}, std::int64_t{500}));
  const auto [diff_command, compared] =
      add(app, "diff", "Show what changed: in a project's files, or between two versions of an asset", diff,
          false);
  diff_command
      ->add_option("asset", compared->asset,
                   "owner/kind/name, or a file of a project (default: all files of the project here)")
      ->type_name("ASSET");
  diff_command->add_option("--from", compared->from, "Number or label (default: the version before)")
      ->type_name("VERSION");
  diff_command->add_option("--to", compared->to, "Number or label")->type_name("VERSION");
}

}  // namespace slipway::cli
