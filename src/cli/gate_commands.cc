// SPDX-License-Identifier: Apache-2.0
// gate: may this release go there? Exits 0 for pass, 1 for fail, 3 for inconclusive or error, 2 for wrong
// use.
#include <chrono>
#include <fstream>
#include <ostream>
#include <thread>

#include "base/text.h"
#include "cli/command_parts.h"

namespace slipway::cli {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{300};
constexpr int kLooksInVain = 100;  // a server that restarts takes a while

struct GateOptions {
  std::string use_case;
  std::string environment;
  std::int64_t release = 0;
  std::vector<std::string> evaluations;
  bool fresh_baseline = false;
  bool no_wait = false;
  std::string gate;  // one that was started before
  std::string junit;
  std::string markdown;
  std::string html;
  std::string json_file;
};

std::string path_of(const GateOptions& options, const std::string& id = {}, std::string_view rest = {}) {
  std::string out = "/api/v1/use-cases/" + url_encode(options.use_case) + "/gates";
  if (!id.empty()) out += "/" + url_encode(id);
  return out + std::string(rest);
}

// What the server refuses is wrong use; what it can't do says nothing about the release. Neither is a fail.
int fail_gate(const Output& output, const Error& error) {
  output.fail(error);
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kUnauthenticated: return kExitUsage;
    default: return kExitUnreachable;
  }
}

int exit_code_of_gate(const json::object& gate) {
  const std::string verdict = text_of(gate, "verdict");
  if (verdict == "pass") return kExitDone;
  return verdict == "fail" ? kExitFailed : kExitUnreachable;
}

const json::object* object_of(const json::object& holder, std::string_view field) {
  const json::value* found = holder.if_contains(field);
  return found == nullptr ? nullptr : found->if_object();
}

const json::array& checks_of(const json::object& gate) {
  static const json::array kNone;
  const json::value* checks = gate.if_contains("checks");
  return checks != nullptr && checks->is_array() ? checks->get_array() : kNone;
}

// "answers 120/200, baseline 80/200"
std::string progress_line(const json::object& gate) {
  std::string out;
  for (const json::value& item : checks_of(gate)) {
    const json::object* check = item.if_object();
    if (check == nullptr) continue;
    const std::string name = text_of(*check, "evaluation");
    out += (out.empty() ? "" : "; ") + name.substr(name.rfind('/') + 1);
    for (const std::string_view which : {"run", "baseline"})
      if (const json::object* run = object_of(*check, which))
        out +=
            (which == "run" ? " " : ", baseline ") + text_of(*run, "done") + "/" + text_of(*run, "planned");
  }
  return out;
}

Result<json::object> wait_for(const Context& context, const ApiClient& api, const GateOptions& options,
                              const std::string& id) {
  const bool shown = context.surroundings.color && !context.json;
  std::ostream& err = context.surroundings.err;
  bool said = false;
  const auto clear = [&] {
    if (said) err << "\r\x1b[K" << std::flush;
  };
  for (int in_vain = 0;;) {
    const auto gate = api.get(path_of(options, id));
    if (!gate && (gate.error().code != ErrorCode::kUnavailable || ++in_vain > kLooksInVain)) {
      clear();
      return fail(gate.error());
    }
    if (gate) {
      in_vain = 0;
      if (!text_of(gate->as_object(), "verdict").empty()) {
        clear();
        return gate->as_object();
      }
      if (shown) {
        err << "\r\x1b[K" << printable(progress_line(gate->as_object())) << std::flush;
        said = true;
      }
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

Result<std::string> report_of(const ApiClient& api, const GateOptions& options, const std::string& id,
                              const std::string& format, const std::string& evaluation = {}) {
  std::string body;
  SLIPWAY_TRY(api.stream(
      path_of(options, id, "/report" + query_string({{"format", format}, {"evaluation", evaluation}})), "*/*",
      [&](std::string_view piece) {
        body += piece;
        return true;
      }));
  return body;
}

Result<> write_file(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  if (!out || !(out << text) || !out.flush())
    return fail(ErrorCode::kInvalidArgument, "the file can't be written", path,
                "Does its folder exist, and is there room?");
  return {};
}

// report.html for the only evaluation; report-answers.html, report-shared-safety.html for several.
std::string html_file(const std::string& path, const std::string& use_case, const std::string& evaluation,
                      std::size_t count) {
  if (count < 2) return path;
  const std::size_t slash = path.rfind('/');
  std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) dot = path.size();
  const std::vector<std::string_view> parts = split(evaluation, '/');
  std::string name(parts.back());
  if (parts.size() == 3 && parts.front() != use_case) name = std::string(parts.front()) + "-" + name;
  return path.substr(0, dot) + "-" + name + path.substr(dot);
}

Result<> save_reports(const ApiClient& api, const GateOptions& options, const json::object& gate) {
  const std::string id = text_of(gate, "id");
  const std::pair<const char*, const std::string&> files[] = {
      {"junit", options.junit}, {"markdown", options.markdown}, {"json", options.json_file}};
  for (const auto& [format, file] : files) {
    if (file.empty()) continue;
    SLIPWAY_ASSIGN(const std::string body, report_of(api, options, id, format));
    SLIPWAY_TRY(write_file(file, body));
  }
  if (options.html.empty()) return {};
  const json::array& checks = checks_of(gate);
  for (const json::value& item : checks) {
    const std::string evaluation = text_of(item.as_object(), "evaluation");
    const auto body = report_of(api, options, id, "html", evaluation);
    // An evaluation that could not be judged has none.
    if (!body && body.error().code == ErrorCode::kNotFound) continue;
    if (!body) return fail(body.error());
    SLIPWAY_TRY(write_file(html_file(options.html, options.use_case, evaluation, checks.size()), *body));
  }
  return {};
}

int show_started(const Output& output, const json::object& gate) {
  if (output.json()) {
    output.print_json(gate);
    return kExitDone;
  }
  output.line("Started " + text_of(gate, "id"));
  output.note("Its verdict: slipway gate " + text_of(gate, "use_case") + " --gate " + text_of(gate, "id"));
  return kExitDone;
}

int run_gate(const Context& context, const GateOptions& options) {
  const Output output = context.output();
  if (options.environment.empty() == options.gate.empty()) {
    output.fail({ErrorCode::kInvalidArgument, "give --env to run a gate, or --gate to see one", "", ""});
    return kExitUsage;
  }
  const auto api = context.api();
  if (!api) return fail_gate(output, api.error());
  std::string id = options.gate;
  if (id.empty()) {
    json::object body{{"environment", options.environment}, {"fresh_baseline", options.fresh_baseline}};
    if (options.release != 0) body["release"] = options.release;
    json::array names;
    for (const std::string& name : options.evaluations) names.emplace_back(name);
    if (!names.empty()) body["evaluations"] = std::move(names);
    const auto started = api->post(path_of(options), body);
    if (!started) return fail_gate(output, started.error());
    if (options.no_wait) return show_started(output, started->as_object());
    id = text_of(started->as_object(), "id");
  }
  const auto gate = wait_for(context, *api, options, id);
  if (!gate) return fail_gate(output, gate.error());
  const auto report = report_of(*api, options, id, output.json() ? "json" : "text");
  if (!report) return fail_gate(output, report.error());
  if (const Result<> saved = save_reports(*api, options, *gate); !saved)
    return fail_gate(output, saved.error());
  if (output.json()) {
    const auto parsed = parse_json(*report);
    if (!parsed) return fail_gate(output, parsed.error());
    output.print_json(*parsed);
  } else {
    std::string_view text = *report;
    while (text.ends_with('\n')) text.remove_suffix(1);
    for (const std::string_view line : split(text, '\n')) output.line(printable(line));
  }
  return exit_code_of_gate(*gate);
}

}  // namespace

void add_gate_commands(Command app, Context& context) {
  auto options = std::make_shared<GateOptions>();
  Command gate = app.add_subcommand(
      "gate", "May a release go there? Exits 0 pass, 1 fail, 3 inconclusive or error, 2 wrong use");
  gate->add_option("use-case", options->use_case, "The use case")->required()->type_name("USE-CASE");
  gate->add_option("--env", options->environment, "Environment whose policy says what is required")
      ->type_name("ENVIRONMENT");
  gate->add_option("--release", options->release, "Number of the release; default the latest")
      ->type_name("N")
      ->check(positive());
  gate->add_option("--evaluation", options->evaluations,
                   "Run this one in place of those required; repeatable")
      ->type_name("EVALUATION");
  gate->add_flag("--fresh-baseline", options->fresh_baseline,
                 "Evaluate what is active again, however recent its last run is");
  gate->add_option("--junit", options->junit, "Write JUnit XML there")->type_name("FILE");
  gate->add_option("--markdown", options->markdown, "Write a comment for a pull request there")
      ->type_name("FILE");
  gate->add_option("--html", options->html, "Write a page with plots and all cases there")->type_name("FILE");
  gate->add_option("--json-file", options->json_file, "Write the report as JSON there")->type_name("FILE");
  gate->add_flag("--no-wait", options->no_wait, "Start it only");
  gate->add_option("--gate", options->gate, "Wait for, and show, one that was started before")
      ->type_name("GATE");
  on_call(gate, context, options, run_gate);
}

}  // namespace slipway::cli
