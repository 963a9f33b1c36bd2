// SPDX-License-Identifier: Apache-2.0
// audit list, audit export, audit verify.
#include <fstream>
#include <memory>
#include <ostream>
#include <sstream>

#include "base/json.h"
#include "base/text.h"
#include "cli/command_parts.h"

namespace slipway::cli {
namespace {

constexpr std::uint32_t kVerifyTimeoutMs = 600'000;  // millions of entries

struct AuditOptions {
  std::string from, to, actor, action, object, use_case, words;
  std::int64_t limit = 50;
  std::string format = "jsonl";
  std::string file;
  std::string anchors;
  bool offline = false;

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> query() const {
    return {{"from", from},         {"to", to},  {"actor", actor}, {"action", action}, {"object", object},
            {"use_case", use_case}, {"q", words}};
  }
};

// "role data → viewer": what the detail holds, as a person would say it.
std::string detail_of(const json::object& entry) {
  const json::value* detail = entry.if_contains("detail");
  return detail == nullptr ? std::string() : ellipsize(printable(words_of(*detail)), 120);
}

std::vector<Cell> row_of(const json::object& entry) {
  std::string actor;
  if (const json::value* who = entry.if_contains("actor"); who != nullptr && who->is_object())
    actor = text_of(who->as_object(), "name");
  std::string number;
  if (const json::value* seq = entry.if_contains("seq"); seq != nullptr) number = json::serialize(*seq);
  return {Cell::number(number),     short_time(text_of(entry, "at")), actor,
          text_of(entry, "action"), text_of(entry, "object"),         detail_of(entry)};
}

int list(const Context& context, const AuditOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  return show_items(
      output, all_items(*api, "/api/v1/audit", options.query(), static_cast<std::size_t>(options.limit)),
      {{"NUMBER", "TIME", "WHO", "ACTION", "OBJECT", "DETAIL"}, row_of, "No entry fits."});
}

int export_entries(const Context& context, const AuditOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  std::ofstream file;
  if (!options.file.empty()) {
    file.open(options.file, std::ios::binary | std::ios::trunc);
    if (!file)
      return output.fail(
          {ErrorCode::kIo, "the file can't be written", options.file, "check the path and its rights"});
  }
  std::ostream& out = options.file.empty() ? output.out() : file;
  auto query = options.query();
  query.emplace_back("format", options.format);
  const auto done =
      api->stream("/api/v1/audit/export" + query_string(query), "*/*", [&](std::string_view piece) {
        out << piece;
        return static_cast<bool>(out);
      });
  if (!done) return output.fail(done.error());
  out.flush();
  if (!out)
    return output.fail(
        {ErrorCode::kIo, "the export could not be written", options.file, "is the disk full?"});
  return kExitDone;
}

Result<std::string> read_anchor_lines(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf() || in.peek() == std::ifstream::traits_type::eof()))
    return fail(ErrorCode::kNotFound, "the file of anchors can't be read", path);
  return text.str();
}

// Lines as they are; what is no JSON the server shall complain about, too, so it goes as a string.
json::array anchors_of(const std::string& text) {
  json::array anchors;
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) continue;
    const auto parsed = parse_json(line);
    anchors.push_back(parsed ? *parsed : json::value(std::string(to_valid_utf8(line))));
  }
  return anchors;
}

Result<json::value> run_verification(const Context& context, const AuditOptions& options,
                                     const std::string& anchors) {
  if (options.offline) {
    SLIPWAY_ASSIGN(const LoadedConfig loaded, context.load());
    if (!context.hooks.verify_audit)
      return fail(ErrorCode::kInternal, "this program can't read a data directory");
    SLIPWAY_ASSIGN(json::object report, context.hooks.verify_audit(loaded.config, anchors));
    return json::value(std::move(report));
  }
  SLIPWAY_ASSIGN(const ApiClient api, context.api());
  return api.post("/api/v1/audit/verify", json::object{{"anchors", anchors_of(anchors)}}, kVerifyTimeoutMs);
}

int verify(const Context& context, const AuditOptions& options) {
  const Output output = context.output();
  const auto anchors = read_anchor_lines(options.anchors);
  if (!anchors) return output.fail(anchors.error());
  const auto report = run_verification(context, options, *anchors);
  if (!report) return output.fail(report.error());
  const json::object* fields = report->if_object();
  const json::value* ok = fields == nullptr ? nullptr : fields->if_contains("ok");
  if (ok == nullptr || !ok->is_bool())
    return output.fail({ErrorCode::kInternal, "the answer is no verification", "", ""});
  if (output.json()) {
    output.print_json(*report);
    return ok->as_bool() ? kExitDone : kExitFailed;
  }
  const std::string entries = json::serialize(fields->at("entries"));
  if (ok->as_bool()) {
    const json::object& kept = fields->at("anchors").as_object();
    output.line(output.paint("The audit log is whole: ", Color::kGreen) + entries + " entries, " +
                json::serialize(kept.at("checked")) + " anchors, newest digest " +
                ellipsize(text_of(*fields, "head"), 64));
    return kExitDone;
  }
  output.line(output.paint("The audit log was changed.", Color::kRed) + " Of " + entries + " entries:");
  for (const json::value& problem : fields->at("problems").as_array())
    if (problem.is_object()) output.line("  " + text_of(problem.as_object(), "detail"));
  return kExitFailed;
}

void add_filters(Command command, AuditOptions& options) {
  command->add_option("--from", options.from, "Begin, inclusive (RFC 3339)")->type_name("TIME");
  command->add_option("--to", options.to, "End, exclusive (RFC 3339)")->type_name("TIME");
  command->add_option("--actor", options.actor, "Who: a name or an id")->type_name("WHO");
  command->add_option("--action", options.action, "What: release.promote, or a beginning such as 'release.*'")
      ->type_name("ACTION");
  command->add_option("--object", options.object, "On what: support-assistant@3, anna@example.com")
      ->type_name("OBJECT");
  command->add_option("--use-case", options.use_case, "Only of this use case")->type_name("SLUG");
  command->add_option("--words", options.words, "Words that all occur in it")->type_name("WORDS");
}

}  // namespace

void add_audit_commands(Command app, Context& context) {
  Command audit = app.add_subcommand("audit", "Who did what: list, export, verify");
  audit->require_subcommand(1)->fallthrough();
  auto options = std::make_shared<AuditOptions>();

  Command command = audit->add_subcommand("list", "Show entries, newest first");
  add_filters(command, *options);
  command->add_option("--limit", options->limit, "At most so many")
      ->type_name("N")
      ->check(between(std::int64_t{1}, std::int64_t{100'000}))
      ->show_default();
  on_call(command, context, options, list);

  command = audit->add_subcommand("export", "Write entries as JSON lines or CSV, oldest first");
  add_filters(command, *options);
  command->add_option("--format", options->format, "jsonl or csv")
      ->check(one_of({"jsonl", "csv"}))
      ->show_default();
  command->add_option("-o,--output", options->file, "File; else standard output")->type_name("FILE");
  on_call(command, context, options, export_entries);

  command = audit->add_subcommand(
      "verify", "Recompute the chain and compare it with the anchors; exit code 1 if anything was changed");
  command
      ->add_option("--anchors", options->anchors,
                   "Also hold it against a copy of audit-anchors.jsonl kept elsewhere")
      ->type_name("FILE");
  command->add_flag("--offline", options->offline,
                    "Read the data directory itself instead of asking the server");
  on_call(command, context, options, verify);
}

}  // namespace slipway::cli
