// SPDX-License-Identifier: Apache-2.0
// promote, rollback, deployments, rollout ….
#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <ostream>
#include <ranges>
#include <thread>

#include "base/text.h"
#include "cli/command_parts.h"

namespace slipway::cli {
namespace {

constexpr std::chrono::milliseconds kWatchPause{500};
constexpr int kWatchedEvents = 100;  // looked at each time; a rollout has fewer

struct DeployOptions {
  std::string use_case;
  std::string environment;
  std::int64_t release = 0;
  std::string canary;
  double minutes = 10;
  bool by_hand = false;
  std::vector<std::string> guards;
  bool blue_green = false;
  bool preview = false;
  std::string emergency;
  std::string reason;
  std::int64_t to = 0;
  std::int64_t history = 0;
  double patience_minutes = 1'440;
};

std::string path_of(const DeployOptions& options, std::string_view rest) {
  return "/api/v1/use-cases/" + url_encode(options.use_case) + std::string(rest);
}

std::string path_there(const DeployOptions& options, std::string_view rest) {
  return path_of(options, "/deployments/" + url_encode(options.environment) + std::string(rest));
}

const json::object& object_of(const json::object& object, std::string_view field) {
  static const json::object kNone;
  const json::value* found = object.if_contains(field);
  return found != nullptr && found->is_object() ? found->as_object() : kNone;
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "latency=1.5", "cost=off".
Result<json::object> guards_of(const std::vector<std::string>& pairs) {
  const std::vector<std::string> known = {"error_rate", "latency", "cost", "feedback", "alpha", "min_calls"};
  json::object guards;
  for (const std::string& pair : pairs) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = pair.substr(0, equals);
    if (std::ranges::find(known, name) == known.end()) {
      const auto near = nearest(name, known);
      return fail(ErrorCode::kInvalidArgument, "there is no guard \"" + name + "\"", "--guard",
                  near ? "did you mean " + *near + "?" : "there are " + join(known, ", "));
    }
    const std::string text = equals == pair.size() ? "" : pair.substr(equals + 1);
    const auto number = number_of(text);
    const auto whole = parse_integer<std::int64_t>(text);
    if (text == "off")
      guards[name] = nullptr;
    else if (whole)
      guards[name] = *whole;
    else if (number)
      guards[name] = *number;
    else
      return fail(ErrorCode::kInvalidArgument, "\"" + pair + "\" is not NAME=NUMBER", "--guard",
                  "as in --guard latency=1.5 --guard cost=off");
  }
  return guards;
}

// "5,25,50" as the steps of a plan.
Result<json::object> plan_of(const DeployOptions& options) {
  json::array steps;
  for (const std::string_view part : split(options.canary, ',')) {
    const std::string_view text = trim(part);
    const auto percent = number_of(text);
    if (!percent)
      return fail(ErrorCode::kInvalidArgument, "\"" + std::string(text) + "\" is no percentage", "--canary",
                  "as in --canary 5,25,50");
    steps.emplace_back(json::object{{"percent", *percent}, {"minutes", options.minutes}});
  }
  json::object plan{{"steps", std::move(steps)}, {"automatic", !options.by_hand}};
  SLIPWAY_ASSIGN(plan["guards"], guards_of(options.guards));
  return plan;
}

Result<json::object> promotion_of(const DeployOptions& options) {
  json::object body{{"environment", options.environment}, {"release", options.release}};
  if (options.blue_green) body["mode"] = "blue_green";
  if (!options.canary.empty()) {
    body["mode"] = "canary";
    SLIPWAY_ASSIGN(body["canary"], plan_of(options));
  }
  if (!options.emergency.empty()) body["emergency"] = json::object{{"reason", options.emergency}};
  return body;
}

void show_checks(const Output& output, const json::object& answer) {
  std::vector<std::vector<Cell>> rows;
  for (const json::value& item : answer.at("checks").as_array()) {
    const json::object& check = item.as_object();
    const bool ok = check.at("ok") == json::value(true);
    rows.push_back({ok ? Cell("yes", Color::kGreen) : Cell("no", Color::kRed), text_of(check, "name"),
                    text_of(check, "detail")});
  }
  if (!rows.empty()) output.table({"OK", "RULE", "ANSWER"}, rows);
}

std::string percent_of(const json::object& rollout) {
  return text_of(rollout, "mode") == "canary" ? words_of(rollout.at("percent")) + " %" : "warm";
}

// "release 3, canary 4 at 5 %"
std::string summary_of(const json::object& deployment) {
  const std::string active = text_of(deployment, "active");
  std::string out = active.empty() ? "nothing runs" : "release " + active;
  const json::object& rollout = object_of(deployment, "rollout");
  if (const std::string candidate = text_of(deployment, "candidate"); !candidate.empty())
    out += ", canary " + candidate + " at " + percent_of(rollout);
  if (const std::string standby = text_of(deployment, "standby"); !standby.empty())
    out += ", " + standby + " warm";
  return out;
}

int conclude(const Output& output, const Result<json::value>& answer, const DeployOptions& options) {
  if (!answer) return output.fail(answer.error());
  if (output.json())
    output.print_json(*answer);
  else
    output.line(options.use_case + " in " + options.environment + ": " + summary_of(answer->as_object()));
  if (!output.json()) note_unpublished(output, answer->as_object());
  return kExitDone;
}

int promote(const Context& context, const DeployOptions& options) {
  const Output output = context.output();
  if (options.blue_green && !options.canary.empty())
    return output.fail({ErrorCode::kInvalidArgument, "it is either --canary or --blue-green", "promote", ""});
  if (options.canary.empty() && (options.by_hand || !options.guards.empty()))
    return output.fail({ErrorCode::kInvalidArgument, "--guard and --by-hand belong to a canary", "promote",
                        "say in which steps: --canary 5,25,50"});
  auto body = promotion_of(options);
  if (!body) return output.fail(body.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  // Asked first, so that a refusal comes with every rule and its answer.
  (*body)["preview"] = true;
  auto answer = api->post(path_of(options, "/promotions"), *body);
  if (!answer) return output.fail(answer.error());
  const bool allowed = answer->as_object().at("allowed") == json::value(true);
  if (allowed && !options.preview) {
    (*body)["preview"] = false;
    answer = api->post(path_of(options, "/promotions"), *body);
    if (!answer) return output.fail(answer.error());
  }
  const json::object& result = answer->as_object();
  if (output.json()) {
    output.print_json(*answer);
    return allowed ? kExitDone : kExitFailed;
  }
  show_checks(output, result);
  if (!allowed) {
    output.line(output.paint("No", Color::kRed) + ": release " + std::to_string(options.release) +
                " may not go to " + options.environment + " now");
    return kExitFailed;
  }
  if (options.preview) {
    for (const std::string_view line : split(text_of(result, "notes_md"), '\n')) output.line(printable(line));
    output.line(output.paint("Yes", Color::kGreen) + ": release " + std::to_string(options.release) +
                " may go to " + options.environment);
    return kExitDone;
  }
  output.line(options.use_case + " in " + options.environment + ": " +
              summary_of(object_of(result, "deployment")));
  note_unpublished(output, result);
  if (!options.canary.empty() || options.blue_green)
    output.note(std::string("Next: slipway rollout ") +
                (options.blue_green ? "switch "
                 : options.by_hand  ? "step "
                                    : "watch ") +
                options.use_case + " --env " + options.environment);
  return kExitDone;
}

int roll_back(const Context& context, const DeployOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  json::object body{{"environment", options.environment}, {"reason", options.reason}};
  if (options.to != 0) body["to"] = options.to;
  return conclude(output, api->post(path_of(options, "/rollback"), body), options);
}

// "canary running, step 1 of 2 at 20 %"
std::string state_of(const json::object& rollout) {
  std::string out = text_of(rollout, "mode") + " " + text_of(rollout, "state");
  if (text_of(rollout, "mode") == "canary")
    out += ", step " + std::to_string(rollout.at("step").to_number<int>() + 1) + " of " +
           std::to_string(rollout.at("steps").as_array().size()) + " at " + percent_of(rollout);
  return out;
}

void show_figures(const Output& output, const json::object& deployment) {
  const json::object& rollout = object_of(deployment, "rollout");
  if (rollout.empty()) return;
  output.line("");
  output.line(output.paint(text_of(deployment, "environment"), Color::kBold) + ": " + state_of(rollout));
  if (const std::string verdict = text_of(rollout, "verdict"); !verdict.empty())
    output.line(printable(verdict));
  std::vector<std::vector<Cell>> rows;
  for (const json::value& item : rollout.at("figures").as_array()) {
    const json::object& figure = item.as_object();
    const std::string state = text_of(figure, "state");
    rows.push_back({text_of(figure, "metric"), Cell::number(text_of(figure, "active", "-")),
                    Cell::number(text_of(figure, "candidate", "-")),
                    Cell::number(text_of(figure, "p_value", "-")),
                    Cell(state, state == "worse"  ? Color::kRed
                                : state == "fine" ? Color::kGreen
                                                  : Color::kDim)});
  }
  if (!rows.empty()) output.table({"METRIC", "ACTIVE", "CANDIDATE", "P", "STATE"}, rows);
}

int show_history(const Output& output, const ApiClient& api, const DeployOptions& options) {
  const auto row = [](const json::object& event) -> std::vector<Cell> {
    const bool emergency = event.at("emergency") == json::value(true);
    return {short_time(text_of(event, "at")), text_of(event, "by"),
            Cell(text_of(event, "action") + (emergency ? " (emergency)" : ""),
                 emergency ? Color::kRed : Color::kNone),
            text_of(event, "from_release", "-") + " → " + text_of(event, "release", "-"),
            text_of(event, "detail")};
  };
  return show_list(output, api.get(path_there(options, "/history?limit=" + std::to_string(options.history))),
                   {{"AT", "BY", "ACTION", "RELEASE", "DETAIL"}, row, {}});
}

int deployments(const Context& context, const DeployOptions& options) {
  const Output output = context.output();
  if (options.history > 0 && options.environment.empty())
    return output.fail({ErrorCode::kInvalidArgument, "whose history?", "--history", "name it with --env"});
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  if (options.history > 0) return show_history(output, *api, options);
  const auto answer = api->get(path_of(options, "/deployments"));
  const auto items = items_of(answer);
  if (!items) return output.fail(items.error());
  if (output.json()) {
    output.print_json(*answer);
    return kExitDone;
  }
  std::vector<std::vector<Cell>> rows;
  for (const json::value& item : *items) {
    const json::object& deployment = item.as_object();
    rows.push_back(
        {text_of(deployment, "environment"), summary_of(deployment), text_of(deployment, "previous", "-"),
         short_time(text_of(deployment, "active_since", "-")), text_of(deployment, "active_by", "-")});
  }
  output.table({"ENVIRONMENT", "RUNS", "BEFORE", "SINCE", "BY"}, rows);
  for (const json::value& item : *items) show_figures(output, item.as_object());
  return kExitDone;
}

// Calls of the candidate that were compared so far.
std::int64_t compared_calls(const json::object& rollout) {
  std::int64_t calls = 0;
  for (const json::value& figure : rollout.at("figures").as_array())
    if (const json::value* found = figure.as_object().if_contains("calls_candidate"))
      calls = std::max(calls, found->to_number<std::int64_t>());
  return calls;
}

// The rollout in an environment and what it is part of; both are empty where there has been none.
struct Watched {
  json::object deployment;
  json::object rollout;
  [[nodiscard]] bool ended() const {
    const std::string state = text_of(rollout, "state");
    return state != "running" && state != "paused";
  }
};

Result<Watched> look(const ApiClient& api, const DeployOptions& options) {
  SLIPWAY_ASSIGN(const json::array items, items_of(api.get(path_of(options, "/deployments"))));
  for (const json::value& item : items)
    if (text_of(item.as_object(), "environment") == options.environment)
      return Watched{item.as_object(), object_of(item.as_object(), "rollout")};
  return Watched{};
}

// Prints what happened in the rollout and has not been printed yet, oldest first; `last` is the newest
// printed.
Result<> tell_news(const Output& output, const ApiClient& api, const DeployOptions& options,
                   std::string& last) {
  const std::string path = path_there(options, "/history?limit=" + std::to_string(kWatchedEvents));
  SLIPWAY_ASSIGN(const json::array items, items_of(api.get(path)));
  std::vector<const json::object*> news;
  for (const json::value& item : items) {
    const json::object& event = item.as_object();
    if (text_of(event, "id") == last) break;
    news.push_back(&event);
    if (last.empty() && text_of(event, "action").starts_with("start_")) break;
  }
  for (const json::object* event : std::views::reverse(news)) {
    last = text_of(*event, "id");
    const std::string detail = text_of(*event, "detail");
    if (output.json())
      output.print_json(*event, false);
    else
      output.line(short_time(text_of(*event, "at")) + "  " + printable(text_of(*event, "action")) +
                  (detail.empty() ? "" : ": ") + printable(detail));
  }
  return {};
}

// Tells each change of a rollout until it has ended: 0 if the new release has all calls then, 1 if not.
int watch(const Context& context, const DeployOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                         std::chrono::duration<double, std::ratio<60>>(options.patience_minutes));
  for (std::string last;;) {
    // The history afterwards: it has the end, too, if the rollout has ended.
    const auto now = look(*api, options);
    if (!now) return output.fail(now.error());
    if (now->rollout.empty())
      return output.fail({ErrorCode::kNotFound, "there has been no rollout", options.environment,
                          "slipway promote … --canary 5,25,50 begins one"});
    if (const auto told = tell_news(output, *api, options, last); !told) return output.fail(told.error());
    if (now->ended()) {
      const bool well = text_of(now->rollout, "state") == "finished";
      if (!output.json())
        output.line(output.paint(text_of(now->rollout, "mode") + " " + text_of(now->rollout, "state"),
                                 well ? Color::kGreen : Color::kRed) +
                    ": " + summary_of(now->deployment));
      return well ? kExitDone : kExitFailed;
    }
    if (std::chrono::steady_clock::now() >= until) {
      output.note("It is still under way: " + state_of(now->rollout) + ", " +
                  std::to_string(compared_calls(now->rollout)) + " calls of the new release compared.");
      return kExitUnreachable;
    }
    std::this_thread::sleep_for(kWatchPause);
  }
}

template <int kAction>
int act(const Context& context, const DeployOptions& options) {
  constexpr const char* kActions[] = {"switch", "step", "finish", "abort", "pause", "resume"};
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  return conclude(
      output,
      api->post(path_there(options, "/actions"), {{"action", kActions[kAction]}, {"reason", options.reason}}),
      options);
}

void add_place(Command command, DeployOptions& options, bool needed) {
  command->add_option("use-case", options.use_case, "Which use case")->required()->type_name("SLUG");
  Option environment =
      command->add_option("--env,--environment", options.environment, "Which environment")->type_name("NAME");
  if (needed) environment->required();
}

}  // namespace

void add_deployment_commands(Command app, Context& context) {
  auto options = std::make_shared<DeployOptions>();
  Command command = app.add_subcommand("promote", "Put a release into an environment");
  command->fallthrough();
  add_place(command, *options, true);
  command->add_option("--release", options->release, "Which release: 1, 2, 3, …")->required()->type_name("N");
  command->add_option("--canary", options->canary, "Begin with a part of the calls, as 5,25,50 percent")
      ->type_name("LIST");
  command->add_option("--minutes", options->minutes, "Length of each step of a canary")
      ->check(between(0.0, 43'200.0))
      ->show_default()
      ->type_name("N");
  command->add_flag("--by-hand", options->by_hand,
                    "A canary steps up only when told; guards end it all the same");
  command
      ->add_option("--guard", options->guards,
                   "What ends a canary: error_rate, latency, cost, feedback (as latency=1.5 or cost=off), "
                   "alpha, min_calls; repeat for more")
      ->type_name("NAME=VALUE")
      ->one_each();
  command->add_flag("--blue-green", options->blue_green, "Keep it warm until told to switch");
  command->add_flag("--preview", options->preview, "Say whether it may and what changes; change nothing");
  command
      ->add_option("--emergency", options->emergency,
                   "Break the policy's rules, for this reason; everybody sees it")
      ->type_name("REASON");
  on_call(command, context, options, promote);

  command = app.add_subcommand("rollback", "Point an environment back at what ran before");
  command->fallthrough();
  add_place(command, *options, true);
  command->add_option("--to", options->to, "A release that ran there; default the one before")
      ->check(between(std::int64_t{1}, std::int64_t{1} << 53))
      ->type_name("N");
  command->add_option("--reason", options->reason, "Why")
      ->default_text("rolled back by command line")
      ->type_name("TEXT");
  on_call(command, context, options, roll_back);

  command = app.add_subcommand("deployments", "What runs where, and how a rollout fares");
  command->fallthrough();
  add_place(command, *options, false);
  command->add_option("--history", options->history, "The latest N changes in --env instead")
      ->check(between(std::int64_t{1}, std::int64_t{500}))
      ->type_name("N");
  on_call(command, context, options, deployments);

  Command rollout = app.add_subcommand("rollout", "Move a canary or blue-green rollout along");
  rollout->require_subcommand(1)->fallthrough();
  auto moving = std::make_shared<DeployOptions>();
  const auto add = [&](const char* name, const char* what,
                       int (*action)(const Context&, const DeployOptions&)) {
    Command move = rollout->add_subcommand(name, what);
    add_place(move, *moving, true);
    move->add_option("--reason", moving->reason, "Why")->type_name("TEXT");
    on_call(move, context, moving, action);
  };
  Command watching = rollout->add_subcommand("watch", "Wait until it has ended, and tell each step");
  add_place(watching, *moving, true);
  watching
      ->add_option("--for", moving->patience_minutes, "Minutes to wait; exit code 3 if it goes on after that")
      ->check(between(0.0, 43'200.0))
      ->show_default()
      ->type_name("N");
  on_call(watching, context, moving, watch);
  add("switch", "Blue-green: change sides; again: change back", act<0>);
  add("step", "Canary: go to the next step now", act<1>);
  add("finish", "Give it all calls and end the rollout", act<2>);
  add("abort", "Call it off: what ran before keeps all calls", act<3>);
  add("pause", "Stay at this step; guards still hold", act<4>);
  add("resume", "Go on", act<5>);
}

}  // namespace slipway::cli
