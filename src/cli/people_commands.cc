// SPDX-License-Identifier: Apache-2.0
// user …, service …, role ….
#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>

#include "base/json.h"
#include "base/text.h"
#include "cli/command_parts.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kPath = "/api/v1/principals";

struct PeopleOptions {
  std::string kind;  // "user" or "service"; empty for role commands: both
  std::string who;   // name for new ones; name, e-mail address or id for known ones
  std::string email;
  std::string words;
  std::vector<std::string> roles;
};

// role[:discipline][@use-case][/environment], as the server writes it.
json::object grant_of(std::string_view text) {
  json::object grant;
  const auto take = [&](char mark, std::string_view field) {
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) return;
    grant[field] = std::string(text.substr(at + 1));
    text = text.substr(0, at);
  };
  take('/', "environment");
  take('@', "use_case");
  take(':', "discipline");
  grant["role"] = std::string(text);
  return grant;
}

std::string text_of_grant(const json::object& grant) {
  std::string text = text_of(grant, "role");
  for (const auto& [mark, field] : {std::pair{":", "discipline"}, {"@", "use_case"}, {"/", "environment"}})
    if (const std::string value = text_of(grant, field); !value.empty()) text += mark + value;
  return text;
}

std::vector<std::string> roles_of(const json::object& principal) {
  std::vector<std::string> roles;
  if (const json::value* grants = principal.if_contains("grants"); grants != nullptr && grants->is_array())
    for (const json::value& grant : grants->as_array())
      if (grant.is_object()) roles.push_back(text_of_grant(grant.as_object()));
  return roles;
}

json::array grants_of(const std::vector<std::string>& roles) {
  json::array grants;
  for (const std::string& role : roles) grants.emplace_back(grant_of(role));
  return grants;
}

// Every page of a list.
Result<json::array> load_all(const ApiClient& api, const std::string& kind, const std::string& words) {
  return all_items(api, std::string(kPath), {{"q", words}, {"kind", kind}});
}

// By id, e-mail address or name; a name that several have is refused with their ids.
Result<json::object> find(const ApiClient& api, const std::string& kind, const std::string& who) {
  SLIPWAY_ASSIGN(const json::array all, load_all(api, kind, {}));
  std::vector<const json::object*> named;
  std::vector<std::string> known;
  for (const json::value& item : all) {
    const json::object& principal = item.as_object();
    const std::string email = text_of(principal, "email");
    if (text_of(principal, "id") == who || (!email.empty() && iequals(email, who))) return principal;
    if (text_of(principal, "name") == who) named.push_back(&principal);
    known.push_back(text_of(principal, "name"));
    if (!email.empty()) known.push_back(email);
  }
  if (named.size() == 1) return *named.front();
  if (named.size() > 1) {
    std::vector<std::string> ids;
    for (const json::object* principal : named) ids.push_back(text_of(*principal, "id"));
    return fail(ErrorCode::kConflict, std::to_string(named.size()) + " are called \"" + who + "\"", "",
                "use one of the ids " + join(ids));
  }
  const auto near = nearest(who, known);
  return fail(
      ErrorCode::kNotFound,
      "there is no " + (kind.empty() ? std::string("user or service") : kind) + " \"" + who + "\"", "",
      near ? "did you mean \"" + *near + "\"?" : "slipway user list and slipway service list show all");
}

std::string path_of(const json::object& principal, std::string_view tail = "") {
  return std::string(kPath) + "/" + url_encode(text_of(principal, "id")) + std::string(tail);
}

std::string label_of(const json::object& principal) {
  const std::string email = text_of(principal, "email");
  return printable(text_of(principal, "name") + (email.empty() ? "" : " <" + email + ">"));
}

// The secret goes to standard output and the words around it to standard error: TOKEN=$(slipway service
// create …).
int show_secret(const Output& output, const ApiClient& api, const Result<json::value>& made) {
  if (!made) return output.fail(made.error());
  if (output.json()) {
    output.print_json(*made);
    return kExitDone;
  }
  if (!made->is_object() || !made->as_object().contains("principal"))
    return output.fail({ErrorCode::kInternal, "the server's answer has no principal", api.access().url, ""});
  const json::object& fields = made->as_object();
  const std::string path = text_of(fields, "path");
  const std::string label = label_of(fields.at("principal").as_object());
  if (path.empty()) {
    output.note("Token of " + label + ". It is shown only now:");
    output.line(text_of(fields, "token"));
  } else {
    output.note("Link for " + label + ". It works once and is shown only now; send it to nobody else:");
    output.line(api.access().url + path);
  }
  return kExitDone;
}

int create(const Context& context, const PeopleOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  json::object body{{"kind", options.kind}, {"name", options.who}, {"grants", grants_of(options.roles)}};
  if (!options.email.empty()) body["email"] = options.email;
  return show_secret(output, *api, api->post(std::string(kPath), body));
}

int list(const Context& context, const PeopleOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto row = [](const json::object& principal) -> std::vector<Cell> {
    const std::string state = text_of(principal, "state");
    return {text_of(principal, "name"),
            text_of(principal, "email", "-"),
            Cell(state, state == "active" ? Color::kGreen : Color::kDim),
            join(roles_of(principal)),
            short_time(text_of(principal, "last_seen_at", "never")),
            text_of(principal, "id")};
  };
  return show_items(output, load_all(*api, options.kind, options.words),
                    {{"NAME", "E-MAIL", "STATE", "ROLES", "LAST SEEN", "ID"},
                     row,
                     options.kind == "service"
                         ? "No service account fits. Make one: slipway service create NAME --role ROLE"
                         : "Nobody fits. Invite somebody: slipway user invite NAME --email ADDRESS"});
}

int renew(const Context& context, const PeopleOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto found = find(*api, options.kind, options.who);
  if (!found) return output.fail(found.error());
  return show_secret(output, *api, api->post(path_of(*found, "/secret"), json::object{}));
}

int set_state(const Context& context, const PeopleOptions& options, std::string_view verb,
              std::string_view said) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto found = find(*api, options.kind, options.who);
  if (!found) return output.fail(found.error());
  const auto changed = api->post(path_of(*found, "/" + std::string(verb)), json::object{});
  if (!changed) return output.fail(changed.error());
  if (output.json())
    output.print_json(*changed);
  else
    output.line(label_of(*found) + std::string(said));
  return kExitDone;
}

int deactivate(const Context& context, const PeopleOptions& options) {
  return set_state(context, options, "deactivate", " is inactive: sessions and tokens have ended");
}

int activate(const Context& context, const PeopleOptions& options) {
  const bool service = options.kind == "service";
  return set_state(
      context, options, "activate",
      service ? " is active again; it needs a new token: slipway service token NAME" : " is active again");
}

// The roles it shall have, from those it has and those given.
using Combine = std::vector<std::string> (*)(std::vector<std::string> has,
                                             const std::vector<std::string>& given);

int change_roles(const Context& context, const PeopleOptions& options, Combine combine) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto found = find(*api, {}, options.who);
  if (!found) return output.fail(found.error());
  const std::vector<std::string> wanted = combine(roles_of(*found), options.roles);
  const auto changed = api->put(path_of(*found, "/roles"), json::object{{"roles", grants_of(wanted)}});
  if (!changed) return output.fail(changed.error());
  if (output.json())
    output.print_json(*changed);
  else
    output.line(label_of(*found) + (wanted.empty() ? " has no role" : " is now " + join(wanted)));
  return kExitDone;
}

int set_roles(const Context& context, const PeopleOptions& options) {
  return change_roles(context, options,
                      [](std::vector<std::string>, const std::vector<std::string>& given) { return given; });
}

int add_roles(const Context& context, const PeopleOptions& options) {
  return change_roles(context, options,
                      [](std::vector<std::string> has, const std::vector<std::string>& given) {
                        for (const std::string& role : given)
                          if (std::ranges::find(has, role) == has.end()) has.push_back(role);
                        return has;
                      });
}

int remove_roles(const Context& context, const PeopleOptions& options) {
  return change_roles(
      context, options, [](std::vector<std::string> has, const std::vector<std::string>& given) {
        std::erase_if(has,
                      [&](const std::string& role) { return std::ranges::find(given, role) != given.end(); });
        return has;
      });
}

int list_roles(const Context& context, const PeopleOptions&) {
  const Output output = context.output();
  static const std::vector<std::pair<const char*, const char*>> kRoles = {
      {"admin", "everything, people included"},
      {"platform",
       "everything but people and decisions: keys, assets, releases, promotion, policies, audit log"},
      {"developer", "assets, use cases, releases, promotion, keys, the playground"},
      {"data", "assets and datasets, the playground, feedback"},
      {"reviewer", "decides reviews of use cases (reviewer:legal: only those), reads the audit log"},
      {"approver", "approves, promotes and rolls back releases, reads the audit log"},
      {"annotator", "gives feedback"},
      {"viewer", "looks"},
  };
  if (output.json()) {
    json::array items;
    for (const auto& [role, may] : kRoles) items.emplace_back(json::object{{"role", role}, {"may", may}});
    output.print_json({{"items", std::move(items)}});
    return kExitDone;
  }
  std::vector<std::vector<Cell>> rows;
  for (const auto& [role, may] : kRoles) rows.push_back({role, may});
  output.table({"ROLE", "MAY"}, rows);
  output.note("With @USE-CASE or /ENVIRONMENT behind it a role holds there only: developer@support/dev");
  return kExitDone;
}

void add_who(Command command, PeopleOptions& options) {
  command->add_option("who", options.who, "Name, e-mail address or id")->required()->type_name("WHO");
}

void add_role_option(Command command, PeopleOptions& options) {
  command->add_option("--role", options.roles, "role[:discipline][@use-case][/environment]; repeat for more")
      ->type_name("ROLE")
      ->one_each();
}

// What users and services have in common.
void add_shared(Command group, Context& context, const std::shared_ptr<PeopleOptions>& options) {
  Command command = group->add_subcommand("list", "List them with their roles");
  command->add_option("words", options->words, "Part of a name or an e-mail address")->type_name("WORD");
  on_call(command, context, options, list);
  command = group->add_subcommand("deactivate", "End sessions and tokens and let in no more");
  add_who(command, *options);
  on_call(command, context, options, deactivate);
  command = group->add_subcommand("activate", "Let in again");
  add_who(command, *options);
  on_call(command, context, options, activate);
}

void add_role_commands(Command app, Context& context) {
  Command group = app.add_subcommand("role", "Roles of users and services: list, set, add, remove");
  group->require_subcommand(1)->fallthrough();
  auto options = std::make_shared<PeopleOptions>();
  on_call(group->add_subcommand("list", "What each role may"), context, options, list_roles);
  const auto add = [&](const char* name, const char* help,
                       int (*action)(const Context&, const PeopleOptions&), bool required) {
    Command command = group->add_subcommand(name, help);
    add_who(command, *options);
    Option roles = command->add_option("roles", options->roles, "role[:discipline][@use-case][/environment]")
                       ->type_name("ROLE");
    if (required) roles->required();
    on_call(command, context, options, action);
  };
  add("set", "Replace the roles; none takes all away", set_roles, false);
  add("add", "Give more roles", add_roles, true);
  add("remove", "Take roles away", remove_roles, true);
}

}  // namespace

void add_people_commands(Command app, Context& context) {
  Command users = app.add_subcommand("user", "People: invite, list, link, deactivate, activate");
  users->require_subcommand(1)->fallthrough();
  auto user = std::make_shared<PeopleOptions>();
  user->kind = "user";
  Command command = users->add_subcommand("invite", "Make a user and print the link that lets them in once");
  command->add_option("name", user->who, "What to call them")->required()->type_name("NAME");
  command->add_option("--email", user->email, "Their e-mail address")->required()->type_name("ADDRESS");
  add_role_option(command, *user);
  on_call(command, context, user, create);
  command = users->add_subcommand("link", "A new one-time link; password, sessions and the old link end");
  add_who(command, *user);
  on_call(command, context, user, renew);
  add_shared(users, context, user);

  Command services =
      app.add_subcommand("service", "Service accounts: create, list, token, deactivate, activate");
  services->require_subcommand(1)->fallthrough();
  auto service = std::make_shared<PeopleOptions>();
  service->kind = "service";
  command = services->add_subcommand("create", "Make a service account and print its token");
  command->add_option("name", service->who, "What to call it")->required()->type_name("NAME");
  add_role_option(command, *service);
  on_call(command, context, service, create);
  command = services->add_subcommand("token", "A new token; the old one ends");
  add_who(command, *service);
  on_call(command, context, service, renew);
  add_shared(services, context, service);

  add_role_commands(app, context);
}

}  // namespace slipway::cli
