// SPDX-License-Identifier: Apache-2.0
// release …: cut, list, show, notes, evidence, approve, reject.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <ostream>
#include <sstream>

#include "base/crypto.h"
#include "base/text.h"
#include "cli/command_parts.h"

namespace slipway::cli {
namespace {

struct ReleaseOptions {
  std::string use_case;
  std::int64_t number = 0;
  std::string message;
  std::string entry;
  std::string known_limits;
  std::vector<std::string> versions;
  bool preview = false;
  std::int64_t limit = 20;
  std::string format = "md";
  std::string output;
  std::string environment;
  std::string comment;
  // evidence
  std::string file;
  std::string name;
  std::string digest;
  std::string subject;
  std::string result;
  std::vector<std::string> metrics;
  std::string url;
  std::string produced_at;
};

std::string path_of(const ReleaseOptions& options, std::string_view rest = "") {
  return "/api/v1/use-cases/" + url_encode(options.use_case) + "/releases" + std::string(rest);
}

std::string path_of_one(const ReleaseOptions& options, std::string_view rest = "") {
  return path_of(options, "/" + std::to_string(options.number) + std::string(rest));
}

const json::array& list_of(const json::object& object, std::string_view field) {
  static const json::array kNone;
  const json::value* found = object.if_contains(field);
  return found != nullptr && found->is_array() ? found->as_array() : kNone;
}

// "dev active, prod candidate"
std::string places_of(const json::object& release) {
  const json::value* found = release.if_contains("environments");
  std::string out;
  if (found != nullptr && found->is_object())
    for (const auto& [environment, part] : found->as_object())
      out += (out.empty() ? "" : ", ") + std::string(environment) + " " +
             (part.is_string() ? std::string(part.as_string()) : std::string());
  return out.empty() ? "-" : out;
}

void show_assets(const Output& output, const json::object& holder) {
  std::vector<std::vector<Cell>> rows;
  for (const json::value& item : list_of(holder, "assets")) {
    if (!item.is_object()) continue;
    const json::object& asset = item.as_object();
    const std::string version = text_of(asset, "version");
    const std::string latest = text_of(asset, "latest_version");
    rows.push_back({text_of(asset, "owner") + "/" + text_of(asset, "kind") + "/" + text_of(asset, "name"),
                    Cell::number(version),
                    version == latest ? Cell("latest", Color::kDim) : Cell("latest is " + latest),
                    Cell(text_of(asset, "digest").substr(0, 19), Color::kDim)});
  }
  output.table({"ASSET", "VERSION", "", "DIGEST"}, rows);
}

Result<json::object> body_of(const ReleaseOptions& options) {
  json::object body{{"message", options.message}, {"known_limits", options.known_limits}};
  if (!options.entry.empty()) body["entry"] = options.entry;
  json::object versions;
  for (const std::string& pair : options.versions) {
    const std::size_t equals = pair.find('=');
    const auto number =
        equals == std::string::npos ? std::nullopt : parse_integer<std::int64_t>(pair.substr(equals + 1));
    if (!number || equals == 0)
      return fail(ErrorCode::kInvalidArgument, "\"" + pair + "\" is not ASSET=VERSION", "--version-of",
                  "as in prompt/answer=3");
    versions[pair.substr(0, equals)] = *number;
  }
  if (!versions.empty()) body["versions"] = std::move(versions);
  return body;
}

int preview(const Output& output, const ApiClient& api, const ReleaseOptions& options,
            const json::object& body) {
  const auto answer = api.post(path_of(options, "/preview"), body);
  if (!answer) return output.fail(answer.error());
  const json::object& found = answer->as_object();
  const json::array& problems = list_of(found, "problems");
  if (output.json()) {
    output.print_json(*answer);
    return problems.empty() ? kExitDone : kExitFailed;
  }
  for (const json::value& item : problems) {
    const json::object& problem = item.as_object();
    const std::string where =
        text_of(problem, "asset") + (text_of(problem, "path").empty() ? "" : " ") + text_of(problem, "path");
    output.line(output.paint(where + ": ", Color::kRed) + printable(text_of(problem, "message")) +
                (text_of(problem, "hint").empty() ? "" : ". " + printable(text_of(problem, "hint"))));
  }
  if (!problems.empty()) return kExitFailed;
  for (const std::string_view line : split(text_of(found, "notes_md"), '\n')) output.line(printable(line));
  if (found.at("unchanged") == json::value(true)) output.note("The latest release is the same.");
  return kExitDone;
}

int cut(const Context& context, const ReleaseOptions& options) {
  const Output output = context.output();
  const auto body = body_of(options);
  if (!body) return output.fail(body.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  if (options.preview) return preview(output, *api, options, *body);
  // 200 and 201 look alike to this client; what was there before tells whether it is new.
  const auto before = api->get(path_of(options, "?limit=1"));
  if (!before) return output.fail(before.error());
  const auto answer = api->post(path_of(options), *body);
  if (!answer) return output.fail(answer.error());
  if (output.json()) {
    output.print_json(*answer);
    return kExitDone;
  }
  const json::object& release = answer->as_object();
  const json::array& earlier = list_of(before->as_object(), "items");
  const bool same = !earlier.empty() && earlier.front().as_object().at("number") == release.at("number");
  const std::string id = text_of(release, "id");
  if (same)
    output.line("Nothing has changed since " + id);
  else
    output.line("Cut " + id + " " + text_of(release, "digest"));
  show_assets(output, release);
  output.note("Next: slipway release notes " + options.use_case + " " + text_of(release, "number") +
              ", slipway promote " + options.use_case + " --env dev --release " + text_of(release, "number"));
  return kExitDone;
}

int list(const Context& context, const ReleaseOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto row = [](const json::object& release) -> std::vector<Cell> {
    return {text_of(release, "id"),
            short_time(text_of(release, "created_at")),
            text_of(release, "author"),
            places_of(release),
            Cell(text_of(release, "digest").substr(0, 19), Color::kDim),
            text_of(release, "message")};
  };
  return show_list(output, api->get(path_of(options, "?limit=" + std::to_string(options.limit))),
                   {{"RELEASE", "CUT", "BY", "WHERE", "DIGEST", "MESSAGE"},
                    row,
                    "No releases yet. Cut one: slipway release cut " + options.use_case});
}

void show_decisions(const Output& output, const json::object& release) {
  std::vector<std::vector<Cell>> rows;
  for (const json::value& item : list_of(release, "evidence")) {
    const json::object& evidence = item.as_object();
    const std::string result = text_of(evidence, "result");
    const bool stale = evidence.at("stale") == json::value(true);
    rows.push_back(
        {text_of(evidence, "name"),
         Cell(result + (stale ? " (stale)" : ""), result == "pass" && !stale ? Color::kGreen : Color::kRed),
         short_time(text_of(evidence, "produced_at")), text_of(evidence, "summary")});
  }
  output.line("");
  if (rows.empty())
    output.line("No evidence is attached.");
  else
    output.table({"EVIDENCE", "RESULT", "PRODUCED", "SUMMARY"}, rows);
  rows.clear();
  for (const json::value& item : list_of(release, "approvals")) {
    const json::object& approval = item.as_object();
    const std::string decision = text_of(approval, "decision");
    rows.push_back({text_of(approval, "environment"),
                    Cell(decision, decision == "approve" ? Color::kGreen : Color::kRed),
                    text_of(approval, "by"), short_time(text_of(approval, "at")),
                    text_of(approval, "comment")});
  }
  if (rows.empty()) return;
  output.line("");
  output.table({"APPROVAL FOR", "DECISION", "BY", "AT", "COMMENT"}, rows);
}

void show_may(const Output& output, const json::object& release) {
  const json::value* may = release.if_contains("may");
  if (may == nullptr || !may->is_object()) return;
  std::vector<std::vector<Cell>> rows;
  for (const auto& [environment, value] : may->as_object()) {
    const json::object& answer = value.as_object();
    const bool allowed = answer.at("allowed") == json::value(true);
    std::string why;
    for (const json::value& item : list_of(answer, "checks"))
      if (item.as_object().at("ok") != json::value(true))
        why += (why.empty() ? "" : " ") + text_of(item.as_object(), "detail");
    rows.push_back(
        {std::string(environment), allowed ? Cell("yes", Color::kGreen) : Cell("no", Color::kRed), why});
  }
  output.line("");
  output.table({"MAY GO TO", "", "BECAUSE"}, rows);
}

int show(const Context& context, const ReleaseOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto answer = api->get(path_of_one(options));
  if (!answer) return output.fail(answer.error());
  if (output.json()) {
    output.print_json(*answer);
    return kExitDone;
  }
  const json::object& release = answer->as_object();
  std::vector<std::vector<Cell>> rows;
  for (const char* field : {"id", "digest", "entry", "message", "author", "created_at", "known_limits"})
    if (const std::string text = text_of(release, field); !text.empty())
      rows.push_back({Cell(field, Color::kDim),
                      std::string_view(field) == "created_at" ? short_time(text) : printable(text)});
  rows.push_back({Cell("where", Color::kDim), places_of(release)});
  output.table({"FIELD", "VALUE"}, rows);
  output.line("");
  show_assets(output, release);
  show_decisions(output, release);
  show_may(output, release);
  return kExitDone;
}

int notes(const Context& context, const ReleaseOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const std::string format = output.json() ? "json" : options.format;
  return save_stream(output, *api, path_of_one(options, "/notes?format=" + format), "*/*", options.output);
}

int decide(const Context& context, const ReleaseOptions& options, std::string_view decision) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const json::object body{
      {"environment", options.environment}, {"decision", decision}, {"comment", options.comment}};
  const auto answer = api->post(path_of_one(options, "/approvals"), body);
  if (!answer) return output.fail(answer.error());
  if (output.json())
    output.print_json(*answer);
  else
    output.line((decision == "approve" ? "Approved " : "Rejected ") + text_of(answer->as_object(), "id") +
                " for " + options.environment);
  return kExitDone;
}

int approve(const Context& context, const ReleaseOptions& options) {
  return decide(context, options, "approve");
}
int reject(const Context& context, const ReleaseOptions& options) {
  return decide(context, options, "reject");
}

// "unsafe=0.5" → {"unsafe": 0.5}
Result<json::object> metrics_of(const ReleaseOptions& options) {
  json::object metrics;
  for (const std::string& pair : options.metrics) {
    const std::size_t equals = pair.find('=');
    const std::string_view text =
        equals == std::string::npos ? std::string_view() : std::string_view(pair).substr(equals + 1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || equals == 0 || error != std::errc{} || end != text.data() + text.size() ||
        !std::isfinite(value))
      return fail(ErrorCode::kInvalidArgument, "\"" + pair + "\" is not NAME=NUMBER", "--metric",
                  "as in unsafe=0");
    metrics[pair.substr(0, equals)] = value;
  }
  return metrics;
}

constexpr std::string_view kEvidenceFields[] = {"name",    "subject",     "result", "summary",
                                                "metrics", "produced_at", "url"};

// The fields of a run's report that evidence has, and the digest of its bytes.
Result<json::object> read_report(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  if (!in || !(bytes << in.rdbuf()))
    return fail(ErrorCode::kInvalidArgument, "can't be read", path, "check the name and who may read it");
  auto report = parse_json(bytes.view());
  if (!report) return fail(ErrorCode::kInvalidArgument, report.error().describe(), path);
  if (!report->is_object())
    return fail(ErrorCode::kInvalidArgument, "must be a JSON object", path,
                "with name, subject, result and metrics");
  json::object body{{"digest", "sha256:" + hex(sha256(bytes.view()))}};
  for (const std::string_view field : kEvidenceFields)
    if (const json::value* found = report->as_object().if_contains(field)) body[field] = *found;
  return body;
}

// From the report, and over it from options.
Result<json::object> evidence_of(const ReleaseOptions& options) {
  json::object body;
  if (!options.file.empty()) {
    SLIPWAY_ASSIGN(body, read_report(options.file));
  }
  const std::pair<const char*, const std::string*> given[] = {
      {"name", &options.name},       {"digest", &options.digest}, {"subject", &options.subject},
      {"result", &options.result},   {"url", &options.url},       {"produced_at", &options.produced_at},
      {"summary", &options.comment},
  };
  for (const auto& [field, text] : given)
    if (!text->empty()) body[field] = *text;
  SLIPWAY_ASSIGN(const json::object metrics, metrics_of(options));
  if (!metrics.empty()) body["metrics"] = metrics;
  for (const std::string_view field : {"name", "digest", "subject", "result"})
    if (!body.contains(field))
      return fail(ErrorCode::kInvalidArgument, "the evidence has no " + std::string(field),
                  options.file.empty() ? "release evidence" : options.file,
                  "say it with --" + std::string(field) + ", or in a report: --file FILE");
  return body;
}

int attach_evidence(const Context& context, const ReleaseOptions& options) {
  const Output output = context.output();
  const auto body = evidence_of(options);
  if (!body) return output.fail(body.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto answer = api->post(path_of_one(options, "/evidence"), *body);
  if (!answer) return output.fail(answer.error());
  if (output.json())
    output.print_json(*answer);
  else
    output.line("Attached " + text_of(*body, "name") + " (" + text_of(*body, "result") + ") to " +
                options.use_case + "@" + std::to_string(options.number));
  return kExitDone;
}

Command add_command(Command releases, const char* name, const char* what, ReleaseOptions& options,
                    bool numbered) {
  Command command = releases->add_subcommand(name, what);
  command->add_option("use-case", options.use_case, "Which use case")->required()->type_name("SLUG");
  if (numbered)
    command->add_option("number", options.number, "Which release: 1, 2, 3, …")->required()->type_name("N");
  return command;
}

}  // namespace

void add_release_commands(Command app, Context& context) {
  Command releases = app.add_subcommand("release", "Releases: cut, show, approve");
  releases->require_subcommand(1)->fallthrough();
  auto options = std::make_shared<ReleaseOptions>();

  Command command = add_command(releases, "cut", "Pin an entry and all it refers to", *options, false);
  command->add_option("-m,--message", options->message, "What is new, in a sentence")->type_name("TEXT");
  command->add_option("--entry", options->entry, "Asset that calls begin with, as prompt/answer")
      ->type_name("ASSET");
  command->add_option("--known-limits", options->known_limits, "What it can't do yet")->type_name("TEXT");
  command
      ->add_option("--version-of", options->versions,
                   "A version that is not the latest, as prompt/answer=3; repeat for more")
      ->type_name("ASSET=N")
      ->one_each();
  command->add_flag("--preview", options->preview, "Show what it would contain, make nothing");
  on_call(command, context, options, cut);

  command = add_command(releases, "list", "List releases, newest first", *options, false);
  command->add_option("--limit", options->limit, "At most so many")
      ->check(between(std::int64_t{1}, std::int64_t{500}))
      ->type_name("N");
  on_call(command, context, options, list);
  on_call(add_command(releases, "show", "Show a release and where it may go", *options, true), context,
          options, show);

  command = add_command(releases, "notes", "Print a release's notes", *options, true);
  command->add_option("--format", options->format, "md, html or json")
      ->check(one_of({"md", "html", "json"}))
      ->show_default();
  command->add_option("-o,--output", options->output, "Write to this file")->type_name("FILE");
  on_call(command, context, options, notes);

  command =
      add_command(releases, "evidence", "Attach the result of an evaluation to a release", *options, true);
  command
      ->add_option("-f,--file", options->file,
                   "The run's report, a JSON object that may have any of the fields below; options go first")
      ->type_name("FILE");
  command->add_option("--name", options->name, "Which evaluation, as the policy's gate names it")
      ->type_name("ASSET");
  command->add_option("--digest", options->digest, "Digest of the run's report; with --file the file's")
      ->type_name("SHA256");
  command->add_option("--subject", options->subject, "Digest of the release that was evaluated")
      ->type_name("SHA256");
  command->add_option("--result", options->result, "How it ended")
      ->check(one_of({"pass", "fail", "inconclusive", "error"}));
  command->add_option("--metric", options->metrics, "A figure, as unsafe=0; repeat for more")
      ->type_name("NAME=NUMBER")
      ->one_each();
  command->add_option("--summary", options->comment, "What to know about it")->type_name("TEXT");
  command->add_option("--report", options->url, "Where its report is")->type_name("URL");
  command->add_option("--produced-at", options->produced_at, "When it ran; now, if left out")
      ->type_name("TIME");
  on_call(command, context, options, attach_evidence);

  for (const bool yes : {true, false}) {
    command = add_command(
        releases, yes ? "approve" : "reject",
        yes ? "Approve a release for an environment" : "Reject a release for an environment", *options, true);
    command->add_option("--env,--environment", options->environment, "For which environment")
        ->required()
        ->type_name("NAME");
    Option comment = command->add_option("--comment", options->comment, "Why")->type_name("TEXT");
    if (!yes) comment->required();
    on_call(command, context, options, yes ? approve : reject);
  }
}

}  // namespace slipway::cli
