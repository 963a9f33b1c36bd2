// SPDX-License-Identifier: Apache-2.0
// dataset show, cases, diff, export, digest; the changing ones are in dataset_change_commands.cc.
#include "cli/dataset_commands.h"

#include <memory>
#include <ostream>

#include "base/text.h"
#include "cli/command_parts.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kShownBytes = 100;

struct DatasetOptions {
  std::string name;
  std::string version;
  std::string tag, split, words, id;
  std::string from, to;
  std::int64_t limit = 50;
  std::string format;
  std::string output;
  std::string file;
  ReadingOptions reading;
};

std::string path_of(const DatasetName& name, std::string_view rest = "") {
  return "/api/v1/datasets/" + url_encode(name.owner) + "/" + url_encode(name.name) + std::string(rest);
}

std::string number_of(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  return value == nullptr || value->is_null() ? std::string("-") : json::serialize(*value);
}

std::string in_a_line(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  if (value == nullptr || value->is_null()) return "";
  const std::string text = value->is_string() ? std::string(value->as_string()) : json::serialize(*value);
  return ellipsize(printable(text), kShownBytes);
}

std::string counts_line(const json::object& object, std::string_view field) {
  const json::value* counts = object.if_contains(field);
  if (counts == nullptr || !counts->is_object() || counts->as_object().empty()) return "-";
  return ellipsize(printable(words_of(*counts)), 300);
}

int show(const Context& context, const DatasetOptions& options) {
  const Output output = context.output();
  const auto name = parse_dataset_name(options.name);
  if (!name) return output.fail(name.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto found = api->get(path_of(*name, query_string({{"version", options.version}})));
  if (!found) return output.fail(found.error());
  if (output.json()) {
    output.print_json(*found);
    return kExitDone;
  }
  const json::object& dataset = found->as_object();
  const auto row = [&](std::string_view label, const std::string& value) {
    output.line(std::string(label) + std::string(12 - label.size(), ' ') + printable(value));
  };
  output.line(output.paint(name->owner + "/dataset/" + name->name, Color::kBold));
  if (const std::string text = text_of(dataset, "description"); !text.empty()) output.line(printable(text));
  row("version", number_of(dataset, "version"));
  row("cases", number_of(dataset, "count"));
  row("bytes", number_of(dataset, "bytes"));
  row("splits", counts_line(dataset, "splits"));
  row("tags", counts_line(dataset, "tags"));
  row("cases are", text_of(dataset, "cases_digest"));
  row("digest", text_of(dataset, "digest"));
  row("changed", short_time(text_of(dataset, "created_at")) + " by " + text_of(dataset, "author") + ": " +
                     text_of(dataset, "message"));
  return kExitDone;
}

int one_case(const Output& output, const ApiClient& api, const DatasetName& name,
             const DatasetOptions& options) {
  const auto found = api.get(
      path_of(name, "/cases/" + url_encode(options.id) + query_string({{"version", options.version}})));
  if (!found) return output.fail(found.error());
  output.print_json(*found);
  return kExitDone;
}

int cases(const Context& context, const DatasetOptions& options) {
  const Output output = context.output();
  const auto name = parse_dataset_name(options.name);
  if (!name) return output.fail(name.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  if (!options.id.empty()) return one_case(output, *api, *name, options);
  const auto row = [](const json::object& item) -> std::vector<Cell> {
    const json::object& one = item.at("case").as_object();
    return {Cell::number(number_of(item, "number")), text_of(one, "id"),      text_of(one, "split", "-"),
            join(texts_of(one, "tags"), ","),        in_a_line(one, "input"), in_a_line(one, "expected")};
  };
  return show_items(output,
                    all_items(*api, path_of(*name, "/cases"),
                              {{"version", options.version},
                               {"tag", options.tag},
                               {"split", options.split},
                               {"q", options.words}},
                              static_cast<std::size_t>(options.limit)),
                    {{"NUMBER", "ID", "SPLIT", "TAGS", "INPUT", "EXPECTED"}, row, "No case is like that"});
}

int diff(const Context& context, const DatasetOptions& options) {
  const Output output = context.output();
  const auto name = parse_dataset_name(options.name);
  if (!name) return output.fail(name.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto found = api->get(path_of(
      *name,
      "/diff" + query_string({{"from", options.from},
                              {"to", options.to},
                              {"limit", std::to_string(std::min<std::int64_t>(options.limit, 500))}})));
  if (!found) return output.fail(found.error());
  if (output.json()) {
    output.print_json(*found);
    return kExitDone;
  }
  const json::object& result = found->as_object();
  output.line("Version " + number_of(result, "from") + " → " + number_of(result, "to") + ": " +
              number_of(result, "added") + " added, " + number_of(result, "changed") + " changed, " +
              number_of(result, "removed") + " removed, " + number_of(result, "unchanged") + " unchanged");
  for (const json::value& item : result.at("items").as_array()) {
    const json::object& change = item.as_object();
    const std::string op = text_of(change, "op");
    const Color color = op == "added" ? Color::kGreen : op == "removed" ? Color::kRed : Color::kYellow;
    const char* const sign = op == "added" ? "+ " : op == "removed" ? "- " : "~ ";
    output.line(output.paint(sign + printable(text_of(change, "id")), color));
    for (const auto& [field, mark] : {std::pair{"before", "    - "}, std::pair{"after", "    + "}})
      if (const json::value* side = change.if_contains(field); side != nullptr && side->is_object())
        output.line(mark + in_a_line(change, field));
  }
  if (!text_of(result, "next_cursor").empty()) output.note("There are more; --limit shows them");
  return kExitDone;
}

int export_cases(const Context& context, const DatasetOptions& options) {
  const Output output = context.output();
  const auto name = parse_dataset_name(options.name);
  if (!name) return output.fail(name.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  std::string format = options.format;
  if (format.empty()) format = options.output.ends_with(".csv") ? "csv" : "jsonl";
  return save_stream(output, *api,
                     path_of(*name, "/export" + query_string({{"format", format},
                                                              {"version", options.version},
                                                              {"tag", options.tag},
                                                              {"split", options.split},
                                                              {"q", options.words}})),
                     format == "csv" ? "text/csv" : "application/x-ndjson", options.output);
}

// Without a server: what the file's cases would be called.
int digest(const Context& context, const DatasetOptions& options) {
  const Output output = context.output();
  if (!context.hooks.cases_content)
    return output.fail({ErrorCode::kInternal, "this build can't read files of cases", {}, {}});
  auto columns = columns_of(options.reading);
  if (!columns) return output.fail(columns.error());
  const auto content =
      context.hooks.cases_content({options.file, options.reading.format, std::move(*columns)});
  if (!content) return output.fail(content.error());
  if (output.json())
    output.print_json(*content);
  else
    output.line(text_of(*content, "cases_digest") + "  " + number_of(*content, "count") + " cases");
  return kExitDone;
}

void add_filter(Command command, DatasetOptions& options) {
  command->add_option("--version", options.version, "Number or label; default the latest")
      ->type_name("VERSION");
  command->add_option("--tag", options.tag, "Only cases with this tag")->type_name("TAG");
  command->add_option("--split", options.split, "Only cases of this split")->type_name("SPLIT");
  command->add_option("--search", options.words, "Only cases with this text in them")->type_name("TEXT");
}

}  // namespace

void add_dataset_commands(Command app, Context& context) {
  Command datasets = app.add_subcommand(
      "dataset", "Datasets: import, show, cases, add, remove, split, diff, export, from-invocations, digest");
  datasets->require_subcommand(1)->fallthrough();
  auto options = std::make_shared<DatasetOptions>();
  const auto with_name = [&](const char* name, const char* description) {
    Command command = datasets->add_subcommand(name, description);
    command->add_option("dataset", options->name, "The dataset")->required()->type_name("OWNER/NAME");
    return command;
  };
  add_dataset_changes(datasets, context);

  Command command = with_name("show", "Print what a dataset holds");
  command->add_option("--version", options->version, "Number or label; default the latest")
      ->type_name("VERSION");
  on_call(command, context, options, show);

  command = with_name("cases", "List cases, or print one");
  add_filter(command, *options);
  command->add_option("--id", options->id, "Print this case")->type_name("ID");
  command->add_option("--limit", options->limit, "At most so many")
      ->type_name("N")
      ->check(between(std::int64_t{1}, std::int64_t{100'000}))
      ->show_default();
  on_call(command, context, options, cases);

  command = with_name("diff", "Compare two versions case by case");
  command->add_option("--from", options->from, "Version; default the one before")->type_name("VERSION");
  command->add_option("--to", options->to, "Version; default the latest")->type_name("VERSION");
  command->add_option("--limit", options->limit, "Show at most so many changes")
      ->type_name("N")
      ->check(between(std::int64_t{1}, std::int64_t{500}))
      ->show_default();
  on_call(command, context, options, diff);

  command = with_name("export", "Write the cases as JSONL or CSV");
  add_filter(command, *options);
  command->add_option("--format", options->format, "jsonl or csv; default by the file's ending")
      ->check(one_of({"jsonl", "csv"}));
  command->add_option("-o,--output", options->output, "File; else standard output")->type_name("FILE");
  on_call(command, context, options, export_cases);

  command =
      datasets->add_subcommand("digest", "Print the digest a file's cases would have, without a server");
  command->add_option("file", options->file, "File of cases")->required()->type_name("FILE");
  add_reading_options(command, options->reading);
  on_call(command, context, options, digest);
}

}  // namespace slipway::cli
