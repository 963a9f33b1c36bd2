// SPDX-License-Identifier: Apache-2.0
// login, logout.
#include <termios.h>
#include <unistd.h>

#include <filesystem>
#include <istream>
#include <memory>
#include <ostream>

#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"

namespace slipway::cli {
namespace {

struct LoginOptions {
  std::string url;
  std::string user;
  bool token = false;
};

// Asks without echo on a terminal; otherwise reads one line, so that secrets come by a pipe and never stand
// on the command line, where every process of the machine can read them.
std::string ask_secret(const Context& context, const std::string& prompt) {
  termios before{};
  const bool hide = context.surroundings.interactive && ::tcgetattr(STDIN_FILENO, &before) == 0;
  if (context.surroundings.interactive) context.surroundings.err << prompt << std::flush;
  if (hide) {
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  std::string line;
  std::getline(context.surroundings.in, line);
  if (hide) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
    context.surroundings.err << '\n';
  }
  return std::string(trim(line));
}

// A bearer token answers for itself; anything else is exchanged for a session.
Result<ServerAccess> sign_in(ServerAccess access, const LoginOptions& options, const std::string& secret) {
  if (options.user.empty()) {
    access.bearer = secret;
    const ApiClient api(access);
    const auto session = api.get("/api/v1/session");
    if (session) return access;
    if (session.error().code != ErrorCode::kUnauthenticated) return fail(session.error());
    access.bearer.clear();
  }
  json::object body;
  if (options.user.empty()) {
    body["token"] = secret;
  } else {
    body[options.user.find('@') == std::string::npos ? "username" : "email"] = options.user;
    body["password"] = secret;
  }
  const std::string url = access.url + "/api/v1/session";
  SLIPWAY_ASSIGN(const HttpAnswer answer, fetch("POST", url, {{"content-type", "application/json"}},
                                                json::serialize(body), access.ca_file));
  if (answer.status != 200) {
    Error error = error_of(answer, access.url);
    if (answer.status == 401)
      error.hint = "check user name and password, or use the sign-in the server printed at its start";
    return fail(std::move(error));
  }
  SLIPWAY_ASSIGN(const json::value session, parse_json(answer.body));
  access.cookie = answer.set_cookie.substr(0, answer.set_cookie.find(';'));
  if (session.is_object()) access.csrf = text_of(session.as_object(), "csrf_token");
  if (access.cookie.empty()) return fail(ErrorCode::kInternal, "the server opened no session", access.url);
  return access;
}

int login(const Context& context, LoginOptions options) {
  const Output output = context.output();
  const auto loaded = context.load();
  if (!loaded) return output.fail(loaded.error());
  const ServerAccess found = find_access(options.url.empty() ? context.url : options.url, loaded->config,
                                         context.surroundings.environment);
  ServerAccess access;
  access.url = found.url;
  access.ca_file = context.ca_file;
  if (!options.token && options.user.empty() && context.surroundings.interactive) {
    context.surroundings.err << "User name or e-mail (empty to use a token): " << std::flush;
    std::getline(context.surroundings.in, options.user);
    options.user = trim(options.user);
  }
  const std::string secret = ask_secret(context, options.user.empty() ? "Token: " : "Password: ");
  if (secret.empty())
    return output.fail({ErrorCode::kInvalidArgument, "no password or token was given", "",
                        "type it when asked, or pipe it: slipway login --token < FILE"});
  const auto signed_in = sign_in(access, options, secret);
  if (!signed_in) return output.fail(signed_in.error());
  const std::string path = session_file(context.surroundings.environment);
  if (const auto saved = save_session(path, *signed_in); !saved) return output.fail(saved.error());
  if (context.json)
    output.print_json({{"url", signed_in->url}, {"session_file", path}});
  else
    output.line("Signed in to " + signed_in->url);
  return kExitDone;
}

int logout(const Context& context) {
  const Output output = context.output();
  const std::string path = session_file(context.surroundings.environment);
  const auto session = read_session(path);
  if (!session) return output.fail(session.error());
  // Also ends it on the server, which may be gone by now: the local copy goes in any case.
  if (!session->cookie.empty())
    if (const auto ended = ApiClient(*session).remove("/api/v1/session"); !ended)
      output.note("slipway: the server still knows the session: " + printable(ended.error().message));
  std::error_code error;
  std::filesystem::remove(path, error);
  if (context.json)
    output.print_json({{"url", session->url}});
  else
    output.line("Signed out of " + session->url);
  return kExitDone;
}

int sign_in_link(const Context& context) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto made = api->post("/api/v1/session/link", boost::json::object{});
  if (!made) return output.fail(made.error());
  const std::string path = made->is_object() ? text_of(made->as_object(), "path") : std::string();
  if (!path.starts_with('/'))
    return output.fail({ErrorCode::kInternal, "the server's answer has no link", api->access().url,
                        "is this the address of a Slipway server?"});
  const std::string url = api->access().url + path;
  if (context.json)
    output.print_json({{"url", url}, {"token", text_of(made->as_object(), "token")}});
  else
    output.line(url);
  return kExitDone;
}

}  // namespace

void add_login_commands(Command app, Context& context) {
  Command command = app.add_subcommand("login", "Sign in to a server and keep the session");
  auto options = std::make_shared<LoginOptions>();
  command->add_option("server", options->url, "The server's address")->type_name("URL");
  command->add_option("--user", options->user,
                      "User name or e-mail; the password is asked for or read from standard input");
  command->add_flag("--token", options->token, "Use a token, asked for or read from standard input");
  command->callback(
      [&context, options] { context.action = [&context, options] { return login(context, *options); }; });
  app.add_subcommand("sign-in-link", "Print a one-time link that signs in to the console as administrator")
      ->callback([&context] { context.action = [&context] { return sign_in_link(context); }; });
  app.add_subcommand("logout", "End the session and forget it")->callback([&context] {
    context.action = [&context] { return logout(context); };
  });
}

}  // namespace slipway::cli
