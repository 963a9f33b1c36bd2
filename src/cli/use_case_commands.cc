// SPDX-License-Identifier: Apache-2.0
// use-case …, approvals.
#include <ostream>

#include "base/text.h"
#include "cli/command_parts.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kPath = "/api/v1/use-cases";

struct UseCaseOptions {
  std::string slug;
  std::string file;
  std::string name;
  std::string owner;
  std::string purpose;
  std::string users;
  std::string mitigations;
  std::string known_limits;
  std::string entry;
  std::vector<std::string> data_classes;
  std::vector<std::string> answers;
  std::vector<std::string> cost_tags;
  // list and export
  std::string words;
  std::string state;
  std::string tier;
  bool due = false;
  std::int64_t limit = 100;
  std::string format = "md";
  std::string output;
  // review and retire
  std::string discipline;
  std::string decision;
  std::string comment;
  std::vector<std::string> conditions;
  std::string expires;
  std::string reason;
  bool all = false;
};

std::string path_of(const std::string& slug, std::string_view rest = "") {
  return std::string(kPath) + "/" + url_encode(slug) + std::string(rest);
}

Color color_of_state(std::string_view state) {
  if (state.starts_with("approved")) return Color::kGreen;
  if (state == "rejected" || state == "expired" || state == "outdated") return Color::kRed;
  if (state == "in_review" || state == "missing") return Color::kYellow;
  return Color::kDim;
}

// "question=answer" pairs over what `body` has under `field`.
Result<> add_pairs(json::object& body, std::string_view field, const std::vector<std::string>& pairs,
                   const std::string& option) {
  if (pairs.empty()) return {};
  json::object map;
  if (const json::value* present = body.if_contains(field); present != nullptr && present->is_object())
    map = present->as_object();
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos)
      return fail(ErrorCode::kInvalidArgument, "\"" + pair + "\" is not NAME=VALUE", option);
    map[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  body[field] = std::move(map);
  return {};
}

// Fields from the file and, over them, from options.
Result<json::object> fields_of(const UseCaseOptions& options) {
  json::object body;
  if (!options.file.empty()) {
    SLIPWAY_ASSIGN(body, read_yaml_file(options.file));
  }
  const auto set = [&body](std::string_view field, const std::string& value) {
    if (!value.empty()) body[field] = value;
  };
  set("name", options.name);
  set("owner", options.owner);
  set("purpose", options.purpose);
  set("users_affected", options.users);
  set("mitigations", options.mitigations);
  set("known_limits", options.known_limits);
  set("entry", options.entry);
  if (!options.data_classes.empty()) body["data_classes"] = json::value_from(options.data_classes);
  return body;
}

void show_list(const Output& output, std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  output.line("");
  output.line(output.paint(title, Color::kBold));
  for (const std::string& line : lines) output.line("  " + printable(line));
}

void show_text(const Output& output, std::string_view title, const std::string& text) {
  if (text.empty()) return;
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) lines.emplace_back(line);
  show_list(output, title, lines);
}

void show_reviews(const Output& output, const json::object& use_case) {
  const json::value* reviews = use_case.if_contains("reviews");
  if (reviews == nullptr || !reviews->is_array() || reviews->as_array().empty()) return;
  std::vector<std::vector<Cell>> rows;
  for (const json::value& item : reviews->as_array()) {
    if (!item.is_object()) continue;
    const json::object& review = item.as_object();
    const std::string state = text_of(review, "state");
    std::string words = text_of(review, "comment");
    if (const auto conditions = texts_of(review, "conditions"); !conditions.empty())
      words += (words.empty() ? "" : " — ") + join(conditions, "; ");
    rows.push_back({text_of(review, "discipline"), Cell(state, color_of_state(state)),
                    text_of(review, "reviewer", "-"), short_time(text_of(review, "expires_at", "-")), words});
  }
  output.line("");
  output.table({"REVIEW", "STATE", "BY", "UNTIL", "COMMENT"}, rows);
}

void show_use_case(const Output& output, const json::object& use_case) {
  std::vector<std::vector<Cell>> rows;
  const auto row = [&](std::string_view name, std::string text, Color color = Color::kNone) {
    if (!text.empty()) rows.push_back({Cell(std::string(name), Color::kDim), Cell(std::move(text), color)});
  };
  const std::string state = text_of(use_case, "state");
  row("slug", text_of(use_case, "slug"));
  row("name", text_of(use_case, "name"));
  row("owner", text_of(use_case, "owner"));
  row("state", state, color_of_state(state));
  row("approved until", short_time(text_of(use_case, "approved_until")));
  row("risk tier",
      text_of(use_case, "tier", "not assessed: answer the questions (slipway use-case questions)"));
  row("data", join(texts_of(use_case, "data_classes"), ", "));
  row("entry", text_of(use_case, "entry"));
  row("version", text_of(use_case, "version"));
  row("retired because", text_of(use_case, "retire_reason"));
  output.table({"FIELD", "VALUE"}, rows);
  show_text(output, "Purpose", text_of(use_case, "purpose"));
  show_text(output, "People affected", text_of(use_case, "users_affected"));
  show_list(output, "Why this tier", texts_of(use_case, "risk_reasons"));
  show_reviews(output, use_case);
  show_text(output, "Mitigations", text_of(use_case, "mitigations"));
  show_text(output, "Known limits", text_of(use_case, "known_limits"));
}

// Prints what a change answered, and says what comes next.
int conclude(const Output& output, const Result<json::value>& answer, const std::string& done) {
  if (!answer) return output.fail(answer.error());
  if (output.json()) {
    output.print_json(*answer);
    return kExitDone;
  }
  if (!answer->is_object())
    return output.fail({ErrorCode::kInternal, "the server's answer is no use case", "", ""});
  const json::object& use_case = answer->as_object();
  const std::string slug = text_of(use_case, "slug");
  const std::string state = text_of(use_case, "state");
  output.line(done + " " + slug + ": it is " + state +
              (state == "approved"
                   ? " until " + short_time(text_of(use_case, "approved_until", "it is retired"))
                   : std::string()));
  if (state == "draft")
    output.note("Next: slipway key create NAME --use-case " + slug +
                " --environment dev, and slipway use-case submit " + slug + " when it is complete.");
  if (state == "in_review") show_reviews(output, use_case);
  return kExitDone;
}

int create(const Context& context, const UseCaseOptions& options) {
  const Output output = context.output();
  auto body = fields_of(options);
  if (!body) return output.fail(body.error());
  if (!options.slug.empty()) (*body)["slug"] = options.slug;
  if (!body->contains("slug"))
    return output.fail({ErrorCode::kInvalidArgument, "the use case has no slug", "",
                        "name it: slipway use-case create SLUG"});
  if (!body->contains("name")) (*body)["name"] = json::value(body->at("slug"));
  if (const auto added = add_pairs(*body, "answers", options.answers, "--answer"); !added)
    return output.fail(added.error());
  if (const auto added = add_pairs(*body, "cost_tags", options.cost_tags, "--cost-tag"); !added)
    return output.fail(added.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  return conclude(output, api->post(std::string(kPath), *body), "Registered");
}

int edit(const Context& context, const UseCaseOptions& options) {
  const Output output = context.output();
  auto body = fields_of(options);
  if (!body) return output.fail(body.error());
  const std::string slug = options.slug.empty() ? text_of(*body, "slug") : options.slug;
  if (slug.empty())
    return output.fail(
        {ErrorCode::kInvalidArgument, "say which use case", "", "slipway use-case edit SLUG …"});
  body->erase("slug");
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  // The version a person has looked at is unknown here; what has been read a moment ago is the next best.
  const auto present = api->get(path_of(slug));
  if (!present) return output.fail(present.error());
  if (!present->is_object())
    return output.fail({ErrorCode::kInternal, "the server's answer is no use case", "", ""});
  // Single answers and tags are added to those that are there.
  for (const char* field : {"answers", "cost_tags"})
    if (!body->contains(field) && present->as_object().contains(field))
      (*body)[field] = present->as_object().at(field);
  if (const auto added = add_pairs(*body, "answers", options.answers, "--answer"); !added)
    return output.fail(added.error());
  if (const auto added = add_pairs(*body, "cost_tags", options.cost_tags, "--cost-tag"); !added)
    return output.fail(added.error());
  if (!body->contains("version")) (*body)["version"] = present->as_object().at("version");
  return conclude(output, api->put(path_of(slug), *body), "Changed");
}

int list(const Context& context, const UseCaseOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto answer = api->get(std::string(kPath) + query_string({{"q", options.words},
                                                                  {"state", options.state},
                                                                  {"tier", options.tier},
                                                                  {"owner", options.owner},
                                                                  {"review", options.due ? "due" : ""},
                                                                  {"limit", std::to_string(options.limit)}}));
  const auto items = items_of(answer);
  if (!items) return output.fail(items.error());
  if (output.json()) {
    output.print_json(*answer);
    return kExitDone;
  }
  std::vector<std::vector<Cell>> rows;
  for (const json::value& item : *items) {
    if (!item.is_object()) continue;
    const json::object& use_case = item.as_object();
    const std::string state = text_of(use_case, "state");
    rows.push_back({text_of(use_case, "slug"), text_of(use_case, "name"), text_of(use_case, "owner"),
                    Cell(state, color_of_state(state)), text_of(use_case, "tier", "-"),
                    Cell::number(text_of(use_case, "reviews_open")),
                    short_time(text_of(use_case, "approved_until", "-"))});
  }
  output.table({"SLUG", "NAME", "OWNER", "STATE", "TIER", "OPEN", "APPROVED UNTIL"}, rows);
  if (!answer->at("next_cursor").is_null())
    output.note("These are " + std::to_string(rows.size()) + " of " + text_of(answer->as_object(), "total") +
                ": raise --limit or narrow the search");
  return kExitDone;
}

int show(const Context& context, const UseCaseOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto answer = api->get(path_of(options.slug));
  if (!answer) return output.fail(answer.error());
  if (output.json() || !answer->is_object())
    output.print_json(*answer);
  else
    show_use_case(output, answer->as_object());
  return kExitDone;
}

int submit(const Context& context, const UseCaseOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  return conclude(output, api->post(path_of(options.slug, "/submit"), json::object{}), "Submitted");
}

int review(const Context& context, const UseCaseOptions& options) {
  const Output output = context.output();
  const auto expires = moment_of(options.expires);
  if (!expires) return output.fail(expires.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const json::object body{{"discipline", options.discipline},
                          {"decision", options.decision},
                          {"comment", options.comment},
                          {"conditions", json::value_from(options.conditions)},
                          {"expires_at", *expires}};
  return conclude(output, api->post(path_of(options.slug, "/reviews"), body), "Reviewed");
}

int retire(const Context& context, const UseCaseOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  return conclude(output, api->post(path_of(options.slug, "/retire"), {{"reason", options.reason}}),
                  "Retired");
}

int export_all(const Context& context, const UseCaseOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const std::string query = query_string({{"format", options.format},
                                          {"q", options.words},
                                          {"state", options.state},
                                          {"tier", options.tier},
                                          {"owner", options.owner},
                                          {"review", options.due ? "due" : ""}});
  return save_stream(output, *api, std::string(kPath) + "/export" + query, "*/*", options.output);
}

int questions(const Context& context, const UseCaseOptions& /*options*/) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto answer = api->get("/api/v1/questionnaire");
  if (!answer) return output.fail(answer.error());
  if (output.json() || !answer->is_object()) {
    output.print_json(*answer);
    return kExitDone;
  }
  for (const json::value& item : answer->at("questions").as_array()) {
    const json::object& question = item.as_object();
    output.line(output.paint(text_of(question, "id"), Color::kBold) + "  " +
                printable(text_of(question, "text")));
    std::vector<std::vector<Cell>> rows;
    for (const json::value& option : question.at("options").as_array())
      rows.push_back({"  " + text_of(option.as_object(), "value"), text_of(option.as_object(), "label"),
                      Cell(text_of(option.as_object(), "tier"), Color::kDim)});
    output.table({"  ANSWER", "MEANING", "TIER"}, rows);
    output.line("");
  }
  return kExitDone;
}

int approvals(const Context& context, const UseCaseOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto row = [](const json::object& waiting) -> std::vector<Cell> {
    const std::string why_not = text_of(waiting, "why_not");
    return {
        short_time(text_of(waiting, "requested_at")),
        text_of(waiting, "use_case"),
        text_of(waiting, "title"),
        text_of(waiting, "tier", "-"),
        text_of(waiting, "requested_by"),
        Cell(why_not.empty() ? "you may decide" : why_not, why_not.empty() ? Color::kGreen : Color::kDim)};
  };
  return show_list(output,
                   api->get(std::string("/api/v1/approvals?mine=") + (options.all ? "false" : "true")),
                   {{"SINCE", "USE CASE", "WHAT", "TIER", "ASKED BY", ""},
                    row,
                    options.all ? "Nothing waits for a decision"
                                : "Nothing waits for your decision; --all shows what waits for others"});
}

void add_content(Command command, UseCaseOptions& options) {
  command
      ->add_option("-f,--file", options.file, "Fields from a YAML file, as use-case.yaml; options go first")
      ->type_name("FILE");
  command->add_option("--name", options.name, "Full name");
  command->add_option("--owner", options.owner, "Who answers for it; default you");
  command->add_option("--purpose", options.purpose, "What it is for");
  command->add_option("--users", options.users, "Whom it affects");
  command->add_option("--mitigations", options.mitigations, "What is done against its risks");
  command->add_option("--known-limits", options.known_limits, "What it can't do");
  command->add_option("--entry", options.entry, "Asset that calls begin with, as prompt/answer");
  command->add_option("--data-class", options.data_classes, "Class of data it sees; repeat for more")
      ->type_name("NAME")
      ->one_each();
  command->add_option("--answer", options.answers, "Answer of the questionnaire; repeat for more")
      ->type_name("QUESTION=ANSWER")
      ->one_each();
  command->add_option("--cost-tag", options.cost_tags, "Tag for cost reports; repeat for more")
      ->type_name("NAME=VALUE")
      ->one_each();
}

void add_filters(Command command, UseCaseOptions& options) {
  command->add_option("words", options.words, "Words in slug, name, owner or purpose")->type_name("WORDS");
  command->add_option("--state", options.state, "draft, in_review, approved or retired")->type_name("STATE");
  command->add_option("--tier", options.tier, "Only of this risk tier")->type_name("TIER");
  command->add_option("--owner", options.owner, "Only of this owner")->type_name("NAME");
  command->add_flag("--due", options.due, "Only where a review is missing or has expired");
}

void add_decisions(Command use_cases, Context& context, const std::shared_ptr<UseCaseOptions>& options) {
  const auto with_slug = [&](const char* name, const char* description) {
    Command command = use_cases->add_subcommand(name, description);
    command->add_option("slug", options->slug, "The use case")->required()->type_name("SLUG");
    return command;
  };
  on_call(with_slug("submit", "Ask for the reviews its risk tier demands"), context, options, submit);

  Command command = with_slug("review", "Decide one review");
  command->add_option("--discipline", options->discipline, "legal, security, risk or ethics")
      ->required()
      ->type_name("NAME");
  command->add_option("--decision", options->decision, "approve, approve_with_conditions or reject")
      ->required()
      ->type_name("DECISION");
  command->add_option("--comment", options->comment, "Why; needed to reject");
  command->add_option("--condition", options->conditions, "A condition; repeat for more")->one_each();
  command->add_option("--expires", options->expires, "After a time (90d) or at a moment; at most the tier's")
      ->type_name("WHEN");
  on_call(command, context, options, review);

  command = with_slug("retire", "End it for good; its keys stop");
  command->add_option("--reason", options->reason, "Why it ends")->required();
  on_call(command, context, options, retire);
}

}  // namespace

void add_use_case_commands(Command app, Context& context) {
  Command use_cases = app.add_subcommand(
      "use-case", "Use cases: create, list, show, edit, submit, review, retire, export, questions");
  use_cases->require_subcommand(1)->fallthrough();
  auto options = std::make_shared<UseCaseOptions>();

  Command command = use_cases->add_subcommand("create", "Register a use case");
  command->add_option("slug", options->slug, "Short name: a-z, 0-9 and -; or from the file")
      ->type_name("SLUG");
  add_content(command, *options);
  on_call(command, context, options, create);

  command = use_cases->add_subcommand("list", "List use cases");
  add_filters(command, *options);
  command->add_option("--limit", options->limit, "At most so many")
      ->type_name("N")
      ->check(between(std::int64_t{1}, std::int64_t{500}))
      ->show_default();
  on_call(command, context, options, list);

  command = use_cases->add_subcommand("show", "Print one use case with its reviews");
  command->add_option("slug", options->slug, "The use case")->required()->type_name("SLUG");
  on_call(command, context, options, show);

  command = use_cases->add_subcommand("edit", "Change fields; purpose, data and answers end earlier reviews");
  command->add_option("slug", options->slug, "The use case; or from the file")->type_name("SLUG");
  add_content(command, *options);
  on_call(command, context, options, edit);

  add_decisions(use_cases, context, options);

  command = use_cases->add_subcommand("export", "Write the registry as Markdown, CSV or JSON");
  add_filters(command, *options);
  command->add_option("--format", options->format, "md, csv or json")
      ->check(one_of({"md", "csv", "json"}))
      ->show_default();
  command->add_option("-o,--output", options->output, "File; else standard output")->type_name("FILE");
  on_call(command, context, options, export_all);

  command = use_cases->add_subcommand("questions", "Print the risk questions and their answers");
  on_call(command, context, options, questions);

  command = app.add_subcommand("approvals", "What waits for your decision");
  command->add_flag("--all", options->all, "Also what waits for others, and why you may not decide it");
  on_call(command, context, options, approvals);
}

}  // namespace slipway::cli
