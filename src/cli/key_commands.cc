// SPDX-License-Identifier: Apache-2.0
// key ….
#include <memory>
#include <ostream>

#include "base/json.h"
#include "base/settings.h"
#include "base/text.h"
#include "cli/command_parts.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kIdPrefix = "key_";

struct KeyOptions {
  std::string which;  // name for create, id or name for revoke and rotate
  std::string words;
  std::string use_case;
  std::string environment;
  std::vector<std::string> models;
  std::string expires;
  std::int64_t max_concurrent = 0;
  std::string grace = "24h";
};

// The secret goes to standard output and the words around it to standard error: KEY=$(slipway key create …)
// works.
void show_secret(const Output& output, const json::value& answer) {
  if (output.json()) {
    output.print_json(answer);
    return;
  }
  if (!answer.is_object()) return;
  const json::value* key = answer.as_object().if_contains("key");
  if (key != nullptr && key->is_object()) {
    const json::object& fields = key->as_object();
    output.note("Key \"" + printable(text_of(fields, "name")) + "\" (" + text_of(fields, "id") + ") for " +
                text_of(fields, "use_case") + " in " + text_of(fields, "environment") +
                ". Its secret is shown only now:");
  }
  output.line(text_of(answer.as_object(), "secret"));
  note_unpublished(output, answer.as_object());
}

int create(const Context& context, const KeyOptions& options) {
  const Output output = context.output();
  const auto expires_at = moment_of(options.expires);
  if (!expires_at) return output.fail(expires_at.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  json::object body{{"name", options.which},
                    {"use_case", options.use_case},
                    {"environment", options.environment},
                    {"expires_at", *expires_at}};
  json::array models;
  for (const std::string& model : options.models) models.emplace_back(model);
  body["allowed_models"] = std::move(models);
  if (options.max_concurrent > 0) body["max_concurrent"] = options.max_concurrent;
  const auto answer = api->post("/api/v1/keys", body);
  if (!answer) return output.fail(answer.error());
  show_secret(output, *answer);
  return kExitDone;
}

int list(const Context& context, const KeyOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto row = [](const json::object& key) -> std::vector<Cell> {
    const std::string state = text_of(key, "state");
    const std::vector<std::string> models = texts_of(key, "allowed_models");
    return {text_of(key, "id"),
            text_of(key, "name"),
            text_of(key, "prefix") + "…",
            text_of(key, "use_case"),
            text_of(key, "environment"),
            Cell(state, state == "active" ? Color::kGreen : Color::kDim),
            models.empty() ? "all" : join(models),
            short_time(text_of(key, "expires_at", "never")),
            short_time(text_of(key, "last_used_at", "never"))};
  };
  return show_items(
      output,
      all_items(*api, "/api/v1/keys",
                {{"q", options.words}, {"use_case", options.use_case}, {"environment", options.environment}}),
      {{"ID", "NAME", "SECRET", "USE CASE", "ENVIRONMENT", "STATE", "MODELS", "EXPIRES", "LAST USED"},
       row,
       "No keys yet. Create one: slipway key create NAME --use-case SLUG --environment dev"});
}

// An id as it is; otherwise the one active key of that name.
Result<std::string> find_key(const ApiClient& api, const std::string& which) {
  SLIPWAY_ASSIGN(const json::array items, all_items(api, "/api/v1/keys", {{"state", "active"}}));
  std::vector<std::string> ids;
  std::vector<std::string> names;
  for (const json::value& item : items) {
    if (!item.is_object()) continue;
    const json::object& key = item.as_object();
    if (text_of(key, "id") == which) return which;
    names.push_back(text_of(key, "name"));
    if (names.back() == which) ids.push_back(text_of(key, "id"));
  }
  if (ids.size() == 1) return ids.front();
  if (ids.size() > 1)
    return fail(ErrorCode::kConflict, std::to_string(ids.size()) + " keys are called \"" + which + "\"", "",
                "use one of the ids " + join(ids));
  if (which.starts_with(kIdPrefix)) return which;  // revoked or expired, or the server says what is wrong
  const auto near = nearest(which, names);
  return fail(ErrorCode::kNotFound, "there is no active key \"" + which + "\"", "",
              near ? "did you mean \"" + *near + "\"?" : "slipway key list shows all keys");
}

int revoke(const Context& context, const KeyOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto id = find_key(*api, options.which);
  if (!id) return output.fail(id.error());
  if (const auto answer = api->remove("/api/v1/keys/" + url_encode(*id)); !answer)
    return output.fail(answer.error());
  if (output.json())
    output.print_json({{"id", *id}, {"state", "revoked"}});
  else
    output.line("Revoked " + *id + "; calls with it are refused within a second");
  return kExitDone;
}

int rotate(const Context& context, const KeyOptions& options) {
  const Output output = context.output();
  const auto grace = parse_duration(options.grace, DurationUnit::kSeconds);
  if (!grace) {
    Error error = grace.error();
    error.where = "--grace";
    return output.fail(error);
  }
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto id = find_key(*api, options.which);
  if (!id) return output.fail(id.error());
  const auto answer = api->post("/api/v1/keys/" + url_encode(*id) + "/rotate", {{"grace_seconds", *grace}});
  if (!answer) return output.fail(answer.error());
  show_secret(output, *answer);
  if (!output.json() && *grace > 0)
    output.note("The secret before works for another " + format_duration(*grace, DurationUnit::kSeconds) +
                ".");
  return kExitDone;
}

}  // namespace

void add_key_commands(Command app, Context& context) {
  Command keys = app.add_subcommand("key", "API keys: create, list, revoke, rotate");
  keys->require_subcommand(1)->fallthrough();
  auto options = std::make_shared<KeyOptions>();

  Command command = keys->add_subcommand("create", "Create a key and print its secret");
  command->add_option("name", options->which, "What to call it")->required()->type_name("NAME");
  command->add_option("--use-case", options->use_case, "Use case it belongs to")
      ->required()
      ->type_name("SLUG");
  command->add_option("--environment", options->environment, "Environment it works in")
      ->required()
      ->type_name("NAME");
  command
      ->add_option("--model", options->models,
                   "Model it may call, * stands for any characters; repeat for more")
      ->type_name("GLOB")
      ->one_each();
  command
      ->add_option("--expires", options->expires, "After a time (90d) or at a moment (RFC 3339); else never")
      ->type_name("WHEN");
  command->add_option("--max-concurrent", options->max_concurrent, "Calls running at once")
      ->type_name("N")
      ->check(between(std::int64_t{1}, std::int64_t{100'000}));
  on_call(command, context, options, create);

  command = keys->add_subcommand("list", "List keys");
  command->add_option("--find", options->words, "In the name, the use case, the environment or the prefix")
      ->type_name("TEXT");
  command->add_option("--use-case", options->use_case, "Only of this use case")->type_name("SLUG");
  command->add_option("--environment", options->environment, "Only of this environment")->type_name("NAME");
  on_call(command, context, options, list);

  command = keys->add_subcommand("revoke", "Refuse a key from now on");
  command->add_option("key", options->which, "Its id or name")->required()->type_name("KEY");
  on_call(command, context, options, revoke);

  command = keys->add_subcommand("rotate", "Give a key a new secret");
  command->add_option("key", options->which, "Its id or name")->required()->type_name("KEY");
  command->add_option("--grace", options->grace, "How long the secret before still works")
      ->type_name("DURATION")
      ->show_default();
  on_call(command, context, options, rotate);
}

}  // namespace slipway::cli
