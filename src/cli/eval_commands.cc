// SPDX-License-Identifier: Apache-2.0
// eval run, list, show, results, cancel, resume, export, calibrate.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "base/text.h"
#include "cli/command_parts.h"
#include "cli/dataset_commands.h"
#include "cli/event_lines.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kShownBytes = 80;

struct EvalOptions {
  std::string name;
  std::string use_case;
  std::string environment;
  std::string release;
  std::string prompt;
  std::string model;
  std::string responses;
  std::string dataset_version;
  std::string split;
  std::int64_t repeats = 0;
  std::int64_t concurrency = 0;
  double budget_usd = 0;
  std::int64_t budget_calls = 0;
  bool watch = false;
  // list, results
  std::string id;
  std::string state;
  std::string metric;
  std::string passed;
  std::string status;
  std::string tag;
  std::string words;
  std::int64_t limit = 50;
  std::string output;
  // calibrate
  std::string labels;
  std::int64_t cell = 0;
};

std::string run_path(const EvalOptions& options, std::string_view rest = "") {
  return "/api/v1/runs/" + url_encode(options.id) + std::string(rest);
}

std::string number_of(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  return value == nullptr || value->is_null() ? std::string("-") : json::serialize(*value);
}

std::string rounded(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  if (value == nullptr || !value->is_number()) return "-";
  return fmt::format("{:.3f}", value->to_number<double>());
}

Cell state_cell(const json::object& run) {
  const std::string state = text_of(run, "state");
  const std::string outcome = text_of(run, "outcome");
  if (outcome == "complete") return {"complete", Color::kGreen};
  if (outcome == "partial") return {state == "cancelled" ? "cancelled" : "partial", Color::kYellow};
  if (outcome == "error") return {state == "failed" ? "failed" : "error", Color::kRed};
  return {state, Color::kNone};
}

// One line on a terminal that is written over.
std::string progress_line(const json::object& run) {
  const std::int64_t planned = run.at("planned").to_number<std::int64_t>();
  const std::int64_t done = run.at("done").to_number<std::int64_t>();
  std::string line =
      fmt::format("{} {} of {} ({:.0f} %)", text_of(run, "state"), done, planned,
                  planned == 0 ? 100.0 : 100.0 * static_cast<double>(done) / static_cast<double>(planned));
  if (const std::string errors = number_of(run, "errors"); errors != "0") line += ", " + errors + " errors";
  line += ", " + text_of(run, "cost_usd") + " USD";
  const json::value* progress = run.if_contains("progress");
  if (progress != nullptr && progress->is_object()) {
    const json::object& now = progress->as_object();
    line += fmt::format(", {} calls in flight", number_of(now, "in_flight"));
    if (const std::string judging = number_of(now, "judging"); judging != "0" && judging != "-")
      line += fmt::format(", {} answers with the judges", judging);
    if (number_of(now, "paused_ms") != "0") line += ", waits for the provider";
  }
  return line;
}

// How far several judges of a metric agree.
std::vector<std::string> agreement_lines(const json::array& cells) {
  std::vector<std::string> lines;
  for (const json::value& item : cells) {
    for (const json::value& one : item.at("metrics").as_array()) {
      const json::value* found = one.as_object().if_contains("agreement");
      if (found == nullptr || !found->is_object()) continue;
      const json::object& agreement = found->as_object();
      std::string line = fmt::format("{}: {} judges on {} answers", text_of(one.as_object(), "metric"),
                                     agreement.at("judges").as_array().size(), number_of(agreement, "cases"));
      if (agreement.at("alpha").is_number()) line += ", Krippendorff's alpha " + rounded(agreement, "alpha");
      if (agreement.at("kappa").is_object())
        line +=
            fmt::format(", Cohen's kappa {} ({} to {})", rounded(agreement.at("kappa").as_object(), "value"),
                        rounded(agreement.at("kappa").as_object(), "low"),
                        rounded(agreement.at("kappa").as_object(), "high"));
      if (const std::string note = text_of(agreement, "note"); !note.empty()) line += "; " + printable(note);
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

void show_run(const Output& output, const json::object& run) {
  const auto row = [&](std::string_view label, const std::string& value) {
    output.line(std::string(label) + std::string(12 - label.size(), ' ') + printable(value));
  };
  output.line(output.paint("Run " + text_of(run, "id"), Color::kBold));
  row("evaluation", text_of(run, "evaluation") + ":" + number_of(run, "evaluation_version"));
  row("target", text_of(run, "target") + " in " + text_of(run, "environment"));
  const Cell state = state_cell(run);
  output.line("state       " + output.paint(state.text, state.color));
  if (const std::string reason = text_of(run, "reason"); !reason.empty()) row("because", reason);
  row("results", fmt::format("{} of {}, {} errors, {} missing", number_of(run, "done"),
                             number_of(run, "planned"), number_of(run, "errors"), number_of(run, "missing")));
  row("cost",
      fmt::format("{} USD, {} calls, {} + {} tokens", text_of(run, "cost_usd"), number_of(run, "calls"),
                  number_of(run, "input_tokens"), number_of(run, "output_tokens")));
  if (number_of(run, "judge_calls") != "0" && run.contains("judge_calls"))
    row("judges", fmt::format("{} USD and {} calls of it", text_of(run, "judge_cost_usd"),
                              number_of(run, "judge_calls")));
  if (const std::string digest = text_of(run, "digest"); !digest.empty()) row("digest", digest);
  std::vector<std::vector<Cell>> rows;
  const json::array& cells = run.at("cells").as_array();
  for (const json::value& item : cells) {
    const json::object& cell = item.as_object();
    for (const json::value& one : cell.at("metrics").as_array()) {
      const json::object& metric = one.as_object();
      std::vector<Cell> line;
      if (cells.size() > 1) line.emplace_back(text_of(cell, "label"));
      line.emplace_back(text_of(metric, "metric"));
      line.push_back(Cell::number(rounded(metric, "mean")));
      line.push_back(Cell::number(number_of(metric, "passed")));
      line.push_back(Cell::number(number_of(metric, "failed")));
      line.push_back(Cell::number(number_of(metric, "errors")));
      rows.push_back(std::move(line));
    }
  }
  if (rows.empty()) return;
  const std::vector<std::string> agreements = agreement_lines(cells);
  std::vector<std::string> head = {"METRIC", "MEAN", "PASSED", "FAILED", "ERRORS"};
  if (cells.size() > 1) head.insert(head.begin(), "VARIANT");
  output.line("");
  output.table(head, rows);
  for (const std::string& line : agreements) output.line(line);
}

// 0: every result is there; 3: nothing can be concluded.
int exit_code_of_run(const json::object& run) {
  const std::string state = text_of(run, "state");
  if (state == "queued" || state == "running") return kExitDone;
  return text_of(run, "outcome") == "complete" ? kExitDone : kExitUnreachable;
}

Result<json::object> watch_run(const Context& context, const ApiClient& api, const EvalOptions& options) {
  const bool shown = context.surroundings.color && !context.json;
  std::ostream& err = context.surroundings.err;
  bool said = false;
  for (;;) {
    bool ended = false;
    EventLines events([&](std::string_view event, std::string_view data) {
      ended = ended || event == "end";
      const auto parsed = parse_json(data);
      if (!shown || !parsed || !parsed->is_object()) return;
      err << "\r\x1b[K" << printable(progress_line(parsed->as_object())) << std::flush;
      said = true;
    });
    const auto followed =
        api.stream(run_path(options, "/stream"), "text/event-stream", [&](std::string_view piece) {
          events.feed(piece);
          return !ended;
        });
    if (said) err << "\r\x1b[K" << std::flush;
    SLIPWAY_ASSIGN(const json::value run, api.get(run_path(options)));
    const std::string state = text_of(run.as_object(), "state");
    if (state != "queued" && state != "running") return run.as_object();
    if (!followed) return fail(followed.error());
  }
}

int finish(const Context& context, const json::object& run) {
  const Output output = context.output();
  if (output.json())
    output.print_json(run);
  else
    show_run(output, run);
  return exit_code_of_run(run);
}

Result<json::object> target_of(const Context& context, const ApiClient& api, const EvalOptions& options,
                               const std::string& owner) {
  json::object target;
  if (!options.release.empty()) target["release"] = options.release;
  if (!options.prompt.empty()) target["prompt"] = options.prompt;
  if (!options.model.empty()) target["model"] = options.model;
  if (!options.responses.empty()) {
    SLIPWAY_ASSIGN(const std::string upload, upload_file(context, api, owner, options.responses));
    target["responses"] = json::object{{"upload", upload}};
  }
  if (target.size() > 1)
    return fail(ErrorCode::kInvalidArgument, "only one of --release, --prompt, --model and --responses", "",
                "A run tries one thing; a matrix in the evaluation compares several.");
  return target;
}

int run(const Context& context, const EvalOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const std::string owner = options.name.find('/') == std::string::npos
                                ? options.use_case
                                : options.name.substr(0, options.name.find('/'));
  if (owner.empty())
    return output.fail({ErrorCode::kInvalidArgument, "a bare name needs --use-case", "",
                        "Or write it as support-assistant/golden."});
  auto target = target_of(context, *api, options, owner);
  if (!target) return output.fail(target.error());
  json::object body{{"evaluation", options.name}};
  if (!options.use_case.empty()) body["use_case"] = options.use_case;
  if (!options.environment.empty()) body["environment"] = options.environment;
  if (!target->empty()) body["target"] = *target;
  if (!options.dataset_version.empty()) body["dataset_version"] = options.dataset_version;
  if (!options.split.empty()) body["split"] = options.split;
  if (options.repeats != 0) body["repeats"] = options.repeats;
  if (options.concurrency != 0) body["concurrency"] = options.concurrency;
  json::object budget;
  if (options.budget_usd > 0) budget["usd"] = options.budget_usd;
  if (options.budget_calls > 0) budget["calls"] = options.budget_calls;
  if (!budget.empty()) body["budget"] = budget;
  const auto started = api->post("/api/v1/runs", body);
  if (!started) return output.fail(started.error());
  if (!options.watch) return finish(context, started->as_object());
  EvalOptions one = options;
  one.id = text_of(started->as_object(), "id");
  const auto ended = watch_run(context, *api, one);
  if (!ended) return output.fail(ended.error());
  return finish(context, *ended);
}

int show(const Context& context, const EvalOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  if (options.watch) {
    const auto ended = watch_run(context, *api, options);
    return ended ? finish(context, *ended) : output.fail(ended.error());
  }
  const auto found = api->get(run_path(options));
  if (!found) return output.fail(found.error());
  return finish(context, found->as_object());
}

int list(const Context& context, const EvalOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto runs = api->get("/api/v1/runs" + query_string({{"use_case", options.use_case},
                                                            {"environment", options.environment},
                                                            {"state", options.state},
                                                            {"limit", std::to_string(options.limit)}}));
  const auto row = [](const json::object& one) -> std::vector<Cell> {
    return {text_of(one, "id"),
            text_of(one, "evaluation"),
            text_of(one, "target"),
            text_of(one, "environment"),
            state_cell(one),
            Cell::number(number_of(one, "done") + "/" + number_of(one, "planned")),
            Cell::number(number_of(one, "errors")),
            Cell::number(text_of(one, "cost_usd")),
            short_time(text_of(one, "created_at"))};
  };
  return show_list(
      output, runs,
      {{"RUN", "EVALUATION", "TARGET", "ENVIRONMENT", "STATE", "RESULTS", "ERRORS", "USD", "STARTED"},
       row,
       "No run yet; 'slipway eval run' starts one"});
}

// "exact ✗ (because), length 12"
std::string scores_line(const json::object& result) {
  std::string out;
  const json::value* scores = result.if_contains("scores");
  if (scores == nullptr || !scores->is_array()) {
    const json::value* error = result.if_contains("error");
    return error != nullptr && error->is_object()
               ? text_of(error->as_object(), "code") + ": " + text_of(error->as_object(), "message")
               : "";
  }
  for (const json::value& item : scores->as_array()) {
    const json::object& score = item.as_object();
    out += (out.empty() ? "" : ", ") + text_of(score, "metric");
    if (const json::value* passed = score.if_contains("passed"); passed != nullptr && passed->is_bool())
      out += passed->as_bool() ? " passed" : " failed";
    else if (score.contains("error"))
      out += " error";
    else
      out += " " + rounded(score, "value");
  }
  return out;
}

int results(const Context& context, const EvalOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto row = [](const json::object& one) -> std::vector<Cell> {
    const bool error = text_of(one, "status") == "error";
    return {text_of(one, "case"), Cell(error ? "error" : "ok", error ? Color::kRed : Color::kNone),
            ellipsize(printable(text_of(one, "answer", "-")), kShownBytes),
            ellipsize(printable(scores_line(one)), 2 * kShownBytes)};
  };
  return show_items(output,
                    all_items(*api, run_path(options, "/results"),
                              {{"metric", options.metric},
                               {"passed", options.passed},
                               {"status", options.status},
                               {"tag", options.tag},
                               {"q", options.words}},
                              static_cast<std::size_t>(options.limit)),
                    {{"CASE", "STATUS", "ANSWER", "SCORES"}, row, "No result is like that"});
}

int act(const Context& context, const EvalOptions& options, std::string_view what) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto done = api->post(run_path(options, what), json::object{});
  if (!done) return output.fail(done.error());
  if (options.watch) return show(context, options);
  if (output.json())
    output.print_json(*done);
  else
    show_run(output, done->as_object());
  return kExitDone;
}

int cancel(const Context& context, const EvalOptions& options) { return act(context, options, "/cancel"); }
int resume(const Context& context, const EvalOptions& options) { return act(context, options, "/resume"); }

int export_run(const Context& context, const EvalOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  return save_stream(output, *api, run_path(options, "/export"), "application/x-ndjson", options.output);
}

// "0.842 (0.71 to 0.93) of 48".
std::string share_text(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  if (value == nullptr || !value->is_object()) return "not known: no such case is labelled";
  const json::object& share = value->as_object();
  return fmt::format("{} ({} to {}) of {}", rounded(share, "share"), rounded(share, "low"),
                     rounded(share, "high"), number_of(share, "cases"));
}

// 0: the judge tells good from bad; 1: it does not; 3: the labels don't tell.
int calibrate(const Context& context, const EvalOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto found =
      api->get(run_path(options, "/calibration" + query_string({{"metric", options.metric},
                                                                {"labels", options.labels},
                                                                {"cell", std::to_string(options.cell)}})));
  if (!found) return output.fail(found.error());
  const json::object& judge = found->as_object();
  const json::value& useful = judge.at("useful");
  const int exit_code = !useful.is_bool() ? kExitUnreachable : useful.as_bool() ? kExitDone : kExitFailed;
  if (output.json()) {
    output.print_json(*found);
    return exit_code;
  }
  const auto row = [&](std::string_view label, const std::string& value) {
    output.line(std::string(label) + std::string(14 - label.size(), ' ') + printable(value));
  };
  output.line(output.paint("Judge " + printable(options.metric), Color::kBold));
  row("labels", fmt::format("{} cases under {}, {} unreadable", number_of(judge, "labelled"),
                            text_of(judge, "labels"), number_of(judge, "unreadable")));
  row("accuracy", share_text(judge, "accuracy"));
  row("sensitivity", share_text(judge, "sensitivity"));
  row("specificity", share_text(judge, "specificity"));
  row("judge's rate", share_text(judge, "measured"));
  row("people's rate", share_text(judge, "people"));
  if (judge.at("corrected").is_object())
    row("corrected", share_text(judge, "corrected") + " without a label");
  output.line("");
  output.line(output.paint(printable(text_of(judge, "note")),
                           useful.is_bool() && !useful.as_bool() ? Color::kRed : Color::kNone));
  return exit_code;
}

void add_run_options(Command command, EvalOptions& options) {
  command->add_option("evaluation", options.name, "Name, OWNER/NAME, either with :VERSION behind it")
      ->required()
      ->type_name("EVALUATION");
  command->add_option("--use-case", options.use_case, "Whose evaluation it is")->type_name("USE-CASE");
  command->add_option("--env", options.environment, "Environment whose connections answer; default the first")
      ->type_name("ENVIRONMENT");
  command->add_option("--release", options.release, "Try a release: a number, active or candidate")
      ->type_name("N");
  command->add_option("--prompt", options.prompt, "Try a prompt alone")->type_name("PROMPT");
  command->add_option("--model", options.model, "Try a model alone")->type_name("MODEL");
  command
      ->add_option("--responses", options.responses, "Judge the responses of a JSONL file; nothing is called")
      ->type_name("FILE");
  command->add_option("--dataset-version", options.dataset_version, "Number or label; default the latest")
      ->type_name("VERSION");
  command->add_option("--split", options.split, "Only cases of this split")->type_name("SPLIT");
  command->add_option("--repeats", options.repeats, "Independent answers to each case")
      ->type_name("N")
      ->check(between(std::int64_t{1}, std::int64_t{1'000}));
  command->add_option("--concurrency", options.concurrency, "Calls in flight at most")
      ->type_name("N")
      ->check(between(std::int64_t{1}, std::int64_t{1'000}));
  command->add_option("--budget-usd", options.budget_usd, "Stop before this much is spent")
      ->type_name("USD")
      ->check(positive());
  command->add_option("--budget-calls", options.budget_calls, "Stop after so many calls")
      ->type_name("N")
      ->check(positive());
  command->add_flag("--watch", options.watch,
                    "Wait for its end and show progress; exits 3 unless it is complete");
}

}  // namespace

void add_eval_commands(Command app, Context& context) {
  Command eval =
      app.add_subcommand("eval", "Evaluations: run, list, show, results, cancel, resume, export, calibrate");
  eval->require_subcommand(1)->fallthrough();
  auto options = std::make_shared<EvalOptions>();
  const auto with_id = [&](const char* name, const char* description) {
    Command command = eval->add_subcommand(name, description);
    command->add_option("run", options->id, "The run")->required()->type_name("RUN");
    return command;
  };
  Command command = eval->add_subcommand("run", "Start a run of an evaluation");
  add_run_options(command, *options);
  on_call(command, context, options, run);

  command = eval->add_subcommand("list", "List runs, newest first");
  command->add_option("--use-case", options->use_case, "Only of this use case")->type_name("USE-CASE");
  command->add_option("--env", options->environment, "Only in this environment")->type_name("ENVIRONMENT");
  command->add_option("--state", options->state, "Only in this state")
      ->check(one_of({"queued", "running", "finished", "cancelled", "failed"}));
  command->add_option("--limit", options->limit, "At most so many")
      ->type_name("N")
      ->check(between(std::int64_t{1}, std::int64_t{500}))
      ->show_default();
  on_call(command, context, options, list);

  command = with_id("show", "Show a run; exits 3 if it ended without all results");
  command->add_flag("--watch", options->watch, "Wait for its end and show progress");
  on_call(command, context, options, show);

  command = with_id("results", "List results of a run");
  command->add_option("--metric", options->metric, "Only what this metric says")->type_name("METRIC");
  command->add_option("--passed", options->passed, "true or false: only what passed, or failed")
      ->check(one_of({"true", "false"}));
  command->add_option("--status", options->status, "Only ok, or only error")->check(one_of({"ok", "error"}));
  command->add_option("--tag", options->tag, "Only cases with this tag")->type_name("TAG");
  command->add_option("--search", options->words, "Only results with this text in them")->type_name("TEXT");
  command->add_option("--limit", options->limit, "At most so many")
      ->type_name("N")
      ->check(between(std::int64_t{1}, std::int64_t{100'000}))
      ->show_default();
  on_call(command, context, options, results);

  on_call(with_id("cancel", "End a run; what it has is kept"), context, options, cancel);

  command = with_id("resume", "Go on with a run that ended early: what is missing, and what were errors");
  command->add_flag("--watch", options->watch, "Wait for its end and show progress");
  on_call(command, context, options, resume);

  command =
      with_id("calibrate", "Hold a judge against people's labels; exits 1 if it is no better than chance");
  command->add_option("--metric", options->metric, "The metric that judges")->required()->type_name("METRIC");
  command
      ->add_option("--labels", options->labels,
                   "Where the labels stand in the cases, as human (metadata.human) or expected.label; "
                   "default what the "
                   "metric says")
      ->type_name("FIELD");
  command->add_option("--cell", options->cell, "Of this variant, from 0")
      ->type_name("N")
      ->check(between(std::int64_t{0}, std::int64_t{1'000}));
  on_call(command, context, options, calibrate);

  command = with_id("export", "Write definition and results: the bytes that the run's digest is of");
  command->add_option("-o,--output", options->output, "File; else standard output")->type_name("FILE");
  on_call(command, context, options, export_run);
}

}  // namespace slipway::cli
