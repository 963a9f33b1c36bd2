// SPDX-License-Identifier: Apache-2.0
// serve, check, migrate, version.
#include <boost/json.hpp>
#include <memory>

#include "cli/commands.h"

namespace slipway::cli {
namespace {

struct ServeOptions {
  std::string address;
  std::string port;
};

int serve(Context& context, const ServeOptions& options) {
  if (!options.address.empty()) context.assignments.push_back("server.address=" + options.address);
  if (!options.port.empty()) context.assignments.push_back("server.port=" + options.port);
  const Output output = context.output();
  auto loaded = context.load();
  if (!loaded) {
    output.fail(loaded.error());
    return kExitUsage;
  }
  for (const Error& problem : loaded->report.problems) output.fail(problem);
  if (!loaded->report.ok()) return kExitUsage;
  for (const std::string& warning : loaded->report.warnings) output.note("slipway: " + printable(warning));
  return context.hooks.serve(std::move(*loaded));
}

int migrate(Context& context, const std::string& url) {
  const Output output = context.output();
  const auto loaded = context.load();
  if (!loaded) {
    output.fail(loaded.error());
    return kExitUsage;
  }
  const std::string& target = url.empty() ? loaded->config.store.url : url;
  if (!target.starts_with("postgresql://") && !target.starts_with("postgres://")) {
    output.fail({ErrorCode::kInvalidArgument, "there is no PostgreSQL database to copy to", "--to",
                 "give --to postgresql://user:password@host/slipway, or set store.url"});
    return kExitUsage;
  }
  return context.hooks.migrate(*loaded, target, context.json);
}

int print_version(const Context& context) {
  const Output output = context.output();
  if (context.json)
    output.print_json({{"version", version()}, {"compiler", __VERSION__}});
  else
    output.line("slipway " + version());
  return kExitDone;
}

}  // namespace

void add_server_commands(Command app, Context& context) {
  Command command = app.add_subcommand("serve", "Start the server");
  auto options = std::make_shared<ServeOptions>();
  command->add_option("--address", options->address, "Address to listen on (server.address)");
  command->add_option("--port", options->port, "TCP port (server.port)");
  command->callback(
      [&context, options] { context.action = [&context, options] { return serve(context, *options); }; });

  app.add_subcommand("check", "Try everything once on a temporary directory and a free port")
      ->callback([&context] { context.action = [&context] { return context.hooks.check(context.json); }; });
  Command moving = app.add_subcommand(
      "migrate", "Copy the embedded store of a stopped server into an empty PostgreSQL database");
  auto url = std::make_shared<std::string>();
  moving->add_option("--to", *url, "Database to copy to (store.url)")->type_name("URL");
  moving->callback([&context, url] { context.action = [&context, url] { return migrate(context, *url); }; });
  app.add_subcommand("version", "Print the version")->callback([&context] {
    context.action = [&context] { return print_version(context); };
  });
}

}  // namespace slipway::cli
