// SPDX-License-Identifier: Apache-2.0
// dataset import, add, remove, split, from-invocations.
#include <algorithm>
#include <fstream>
#include <memory>
#include <ostream>
#include <sstream>

#include "base/text.h"
#include "cli/command_parts.h"
#include "cli/dataset_commands.h"

namespace slipway::cli {
namespace {

constexpr std::uint32_t kLongTimeoutMs = 600'000;  // millions of cases, or of calls
constexpr std::size_t kAddedBytes = 24u << 20;
constexpr std::size_t kShownBytes = 100;

struct ChangeOptions {
  std::string name;
  std::string file;
  ReadingOptions reading;
  bool append = false;
  std::string split;
  std::vector<std::string> tags;
  std::string message, description, parent;
  // add and remove
  std::string id, input, expected;
  std::vector<std::string> ids;
  bool replace = false;
  // split
  std::vector<std::string> shares;
  std::int64_t seed = 1;
  bool only_unassigned = false;
  // from-invocations
  std::string from, to, environment, use_case, model, key, status, end_user, release, words;
  std::int64_t count = 100;
  std::string stratify_by;
  bool keep_answers = false;
  bool no_mask = false;
  bool save = false;
  double similarity = 0.85;
  std::vector<std::string> patterns;
};

std::string path_of(const DatasetName& name, std::string_view rest) {
  return "/api/v1/datasets/" + url_encode(name.owner) + "/" + url_encode(name.name) + std::string(rest);
}

void add_change(json::object& body, const ChangeOptions& options) {
  if (!options.message.empty()) body["message"] = options.message;
  if (!options.description.empty()) body["description"] = options.description;
  if (options.parent == "none")
    body["parent"] = nullptr;
  else if (!options.parent.empty())
    body["parent"] = options.parent;
}

std::string number_of(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  return value == nullptr ? std::string("0") : json::serialize(*value);
}

// "1 case", "3 cases"
std::string counted(const json::object& object, std::string_view field, std::string_view noun) {
  const std::string number = number_of(object, field);
  return number + " " + std::string(noun) + (number == "1" ? "" : "s");
}

void say_version(const Output& output, const DatasetName& name, const json::object& result) {
  const json::value* item = result.if_contains("dataset");
  if (item == nullptr || !item->is_object()) return;
  const std::string full = name.owner + "/dataset/" + name.name;
  if (text_of(item->as_object(), "action") == "unchanged")
    output.line(full + " is the same as before: version " + number_of(item->as_object(), "version"));
  else
    output.line(full + " is now version " + number_of(item->as_object(), "version") +
                (result.contains("count") ? " with " + counted(result, "count", "case") : ""));
}

int say_result(const Output& output, const DatasetName& name, const Result<json::value>& answer) {
  if (!answer) return output.fail(answer.error());
  if (output.json())
    output.print_json(*answer);
  else if (answer->is_object())
    say_version(output, name, answer->as_object());
  return kExitDone;
}

int import_file(const Context& context, const ChangeOptions& options) {
  const Output output = context.output();
  const auto name = parse_dataset_name(options.name);
  if (!name) return output.fail(name.error());
  const auto columns = columns_of(options.reading);
  if (!columns) return output.fail(columns.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  json::object wanted{{"name", name->name}, {"mode", options.append ? "append" : "replace"}};
  if (!options.reading.format.empty()) wanted["format"] = options.reading.format;
  if (!columns->empty()) wanted["columns"] = json::value_from(*columns);
  if (!options.split.empty()) wanted["split"] = options.split;
  if (!options.tags.empty()) wanted["tags"] = json::value_from(options.tags);
  add_change(wanted, options);
  const auto result = upload_cases(context, *api, name->owner, options.file, std::move(wanted));
  if (!result) return output.fail(result.error());
  if (output.json()) {
    output.print_json(*result);
    return kExitDone;
  }
  say_version(output, *name, *result);
  if (number_of(*result, "repeated") != "0")
    output.note(number_of(*result, "repeated") + " cases without an id were there twice and are kept once");
  return kExitDone;
}

// A value typed on the command line: JSON where it is an object or a list, else a text.
json::value typed_value(const std::string& text) {
  if (text.starts_with('{') || text.starts_with('['))
    if (auto value = parse_json(text)) return std::move(*value);
  return json::value(text);
}

// Cases from the lines of a file ("-": standard input) or from options.
Result<json::array> cases_of(const Context& context, const ChangeOptions& options) {
  json::array cases;
  if (options.file.empty()) {
    if (options.input.empty())
      return fail(ErrorCode::kInvalidArgument, "say what to add", "--input",
                  "or give a file of cases with --file");
    json::object one{{"input", typed_value(options.input)}};
    if (!options.id.empty()) one["id"] = options.id;
    if (!options.expected.empty()) one["expected"] = typed_value(options.expected);
    if (!options.split.empty()) one["split"] = options.split;
    if (!options.tags.empty()) one["tags"] = json::value_from(options.tags);
    cases.push_back(std::move(one));
    return cases;
  }
  std::ifstream file;
  if (options.file != "-") {
    file.open(options.file);
    if (!file) return fail(ErrorCode::kNotFound, "the file can't be read", options.file);
  }
  std::istream& in = options.file == "-" ? context.surroundings.in : file;
  std::string line;
  std::size_t bytes = 0;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (trim(line).empty()) continue;
    bytes += line.size();
    if (bytes > kAddedBytes)
      return fail(ErrorCode::kInvalidArgument, "these are too many to add at once", options.file,
                  "use slipway dataset import --append");
    auto value = parse_json(line);
    if (!value || !value->is_object())
      return fail(ErrorCode::kInvalidArgument, value ? "is no JSON object" : value.error().message,
                  options.file + ":" + std::to_string(number), "each line is one case");
    cases.push_back(std::move(*value));
  }
  return cases;
}

int add(const Context& context, const ChangeOptions& options) {
  const Output output = context.output();
  const auto name = parse_dataset_name(options.name);
  if (!name) return output.fail(name.error());
  auto cases = cases_of(context, options);
  if (!cases) return output.fail(cases.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  json::object body{{options.replace ? "replace" : "add", std::move(*cases)}};
  add_change(body, options);
  return say_result(output, *name, api->post(path_of(*name, "/cases"), body, kLongTimeoutMs));
}

int remove(const Context& context, const ChangeOptions& options) {
  const Output output = context.output();
  const auto name = parse_dataset_name(options.name);
  if (!name) return output.fail(name.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  json::object body{{"remove", json::value_from(options.ids)}};
  add_change(body, options);
  return say_result(output, *name, api->post(path_of(*name, "/cases"), body, kLongTimeoutMs));
}

Result<double> share_of(const std::string& text) {
  const auto parsed = parse_json(text);
  if (parsed && parsed->is_number()) return parsed->to_number<double>();
  return fail(ErrorCode::kInvalidArgument, "\"" + printable(text) + "\" is no share", "",
              "write train=0.8 test=0.2");
}

int split_cases(const Context& context, const ChangeOptions& options) {
  const Output output = context.output();
  const auto name = parse_dataset_name(options.name);
  if (!name) return output.fail(name.error());
  json::object shares;
  for (const std::string& pair : options.shares) {
    const std::size_t equals = pair.find('=');
    const auto share = share_of(equals == std::string::npos ? pair : pair.substr(equals + 1));
    if (!share) return output.fail(share.error());
    shares[pair.substr(0, std::min(equals, pair.size()))] = *share;
  }
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  json::object body{
      {"shares", std::move(shares)}, {"seed", options.seed}, {"only_unassigned", options.only_unassigned}};
  add_change(body, options);
  return say_result(output, *name, api->post(path_of(*name, "/split"), body, kLongTimeoutMs));
}

Result<json::object> sample_body(const ChangeOptions& options) {
  json::object filters;
  for (const auto& [field, text] :
       {std::pair{"from", &options.from}, std::pair{"to", &options.to},
        std::pair{"environment", &options.environment}, std::pair{"use_case", &options.use_case},
        std::pair{"model", &options.model}, std::pair{"key", &options.key},
        std::pair{"status", &options.status}, std::pair{"end_user", &options.end_user},
        std::pair{"release", &options.release}, std::pair{"q", &options.words}})
    if (!text->empty()) filters[field] = *text;
  json::object body{
      {"filters", std::move(filters)},        {"count", options.count},           {"seed", options.seed},
      {"keep_answers", options.keep_answers}, {"similarity", options.similarity}, {"preview", !options.save}};
  if (!options.stratify_by.empty()) body["stratify_by"] = options.stratify_by;
  if (!options.split.empty()) body["split"] = options.split;
  if (!options.tags.empty()) body["tags"] = json::value_from(options.tags);
  body["mask"] = !options.no_mask;
  if (!options.patterns.empty()) {
    json::object patterns;
    for (const std::string& pair : options.patterns) {
      const std::size_t equals = pair.find('=');
      if (equals == 0 || equals == std::string::npos)
        return fail(ErrorCode::kInvalidArgument, "\"" + printable(pair) + "\" is not NAME=PATTERN", "--mask");
      patterns[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    body["mask"] = json::object{{"patterns", std::move(patterns)}};
  }
  add_change(body, options);
  return body;
}

void show_sample(const Output& output, const DatasetName& name, const json::object& report, bool saved) {
  const auto part = [&](std::string_view field, std::string_view words) {
    const std::string number = number_of(report, field);
    return number == "0" ? std::string() : ", " + number + " " + std::string(words);
  };
  output.note(counted(report, "matched", "call") + " matched" + part("without_body", "without a body") +
              part("unreadable", "unreadable") + part("duplicates", "the same") +
              part("near_duplicates", "nearly the same"));
  if (const json::value* masked = report.if_contains("masked");
      masked != nullptr && masked->is_object() && !masked->as_object().empty())
    output.note("masked: " + words_of(*masked));
  const json::value* complete = report.if_contains("complete");
  if (complete != nullptr && complete->is_bool() && !complete->as_bool())
    output.note("only the newest calls were looked at (setting datasets.invocations_scanned)");
  if (saved) {
    say_version(output, name, report);
    return;
  }
  std::vector<std::vector<Cell>> rows;
  for (const json::value& item : report.at("items").as_array()) {
    const json::object& one = item.as_object();
    const json::value* input = one.if_contains("input");
    const std::string text = input == nullptr     ? std::string()
                             : input->is_string() ? std::string(input->as_string())
                                                  : json::serialize(*input);
    rows.push_back({text_of(one, "id"), ellipsize(printable(text), kShownBytes)});
  }
  if (!rows.empty()) output.table({"ID", "INPUT"}, rows);
  output.note(counted(report, "selected", "case") + " would be added; --save adds them");
}

int from_invocations(const Context& context, const ChangeOptions& options) {
  const Output output = context.output();
  const auto name = parse_dataset_name(options.name);
  if (!name) return output.fail(name.error());
  const auto body = sample_body(options);
  if (!body) return output.fail(body.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto report = api->post(path_of(*name, "/from-invocations"), *body, kLongTimeoutMs);
  if (!report) return output.fail(report.error());
  if (output.json())
    output.print_json(*report);
  else
    show_sample(output, *name, report->as_object(), options.save);
  return kExitDone;
}

void add_change_options(Command command, ChangeOptions& options) {
  command->add_option("-m,--message", options.message, "Why; kept with the version");
  command
      ->add_option("--parent", options.parent,
                   "Digest of the version this was made for; none: there must be none yet")
      ->type_name("DIGEST");
}

void add_labels(Command command, ChangeOptions& options) {
  command->add_option("--split", options.split, "Split of cases that have none")->type_name("NAME");
  command->add_option("--tag", options.tags, "Tag for all of them; repeat for more")
      ->type_name("TAG")
      ->one_each();
}

void add_sampling(Command command, ChangeOptions& options) {
  const auto text = [&](const char* name, std::string& target, const char* description) {
    command->add_option(name, target, description)->type_name("TEXT");
  };
  text("--from", options.from, "Calls since (RFC 3339)");
  text("--to", options.to, "Calls until (RFC 3339)");
  text("--environment", options.environment, "Only of this environment");
  text("--use-case", options.use_case, "Only of this use case; default the dataset's owner");
  text("--model", options.model, "Only of this model");
  text("--key", options.key, "Only of this key");
  text("--status", options.status, "Only with this status, as ok or error");
  text("--end-user", options.end_user, "Only of this end user");
  text("--release", options.release, "Only of this release");
  text("--search", options.words, "Only with these words in request or answer");
  command->add_option("--count", options.count, "At most so many cases")->type_name("N")->show_default();
  command->add_option("--seed", options.seed, "Decides which; the same seed, the same cases")
      ->type_name("N")
      ->show_default();
  command
      ->add_option("--stratify-by", options.stratify_by,
                   "The same number for each use_case, environment, model, release, status, end_user or key")
      ->type_name("FIELD");
  command
      ->add_option("--similarity", options.similarity, "Leave out what is so similar; 2: only the same text")
      ->type_name("SHARE")
      ->show_default();
  command->add_flag("--keep-answers", options.keep_answers, "The answers become what is expected");
  command->add_flag("--no-mask", options.no_mask, "Leave personal data in");
  command->add_option("--mask", options.patterns, "A pattern to mask besides; repeat for more")
      ->type_name("NAME=PATTERN")
      ->one_each();
  command->add_flag("--save", options.save, "Add the cases; without it they are shown only");
}

}  // namespace

void add_dataset_changes(Command datasets, Context& context) {
  auto options = std::make_shared<ChangeOptions>();
  const auto with_name = [&](const char* name, const char* description) {
    Command command = datasets->add_subcommand(name, description);
    command->add_option("dataset", options->name, "The dataset")->required()->type_name("OWNER/NAME");
    return command;
  };

  Command command = with_name("import", "Make a version of a file of cases, of any size");
  command->add_option("file", options->file, "File, or - for standard input")->required()->type_name("FILE");
  add_reading_options(command, options->reading);
  command->add_flag("--append", options->append, "Add to the cases that are there");
  add_labels(command, *options);
  command->add_option("--description", options->description, "What the dataset is for");
  add_change_options(command, *options);
  on_call(command, context, options, import_file);

  command = with_name("add", "Add a case, or those of a small file");
  command->add_option("--input", options->input, "A text, or messages or variables as JSON");
  command->add_option("--expected", options->expected, "What a good answer says");
  command->add_option("--id", options->id, "Its id; default made from its content")->type_name("ID");
  command->add_option("-f,--file", options->file, "JSONL, one case a line; - for standard input")
      ->type_name("FILE");
  command->add_flag("--replace", options->replace, "Replace the cases with these ids");
  add_labels(command, *options);
  add_change_options(command, *options);
  on_call(command, context, options, add);

  command = with_name("remove", "Remove cases");
  command->add_option("ids", options->ids, "Ids of the cases")->required()->type_name("ID...");
  add_change_options(command, *options);
  on_call(command, context, options, remove);

  command = with_name("split", "Assign cases to splits by a seed; clusters stay together");
  command->add_option("shares", options->shares, "As train=0.8 test=0.2")
      ->required()
      ->type_name("NAME=SHARE...");
  command->add_option("--seed", options->seed, "The same seed, the same split")
      ->type_name("N")
      ->show_default();
  command->add_flag("--only-unassigned", options->only_unassigned, "Leave cases that have a split");
  add_change_options(command, *options);
  on_call(command, context, options, split_cases);

  command = with_name("from-invocations", "Make cases of real calls: a masked sample without repetitions");
  add_sampling(command, *options);
  add_labels(command, *options);
  add_change_options(command, *options);
  on_call(command, context, options, from_invocations);
}

}  // namespace slipway::cli
