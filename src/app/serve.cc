// SPDX-License-Identifier: Apache-2.0
#include "app/serve.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "app/application.h"
#include "base/json.h"
#include "cli/api_client.h"

namespace slipway::app {

namespace {

// Every thread started later inherits the mask, so that only this one takes the signals.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a client that left is an error code, not a signal
  return signals;
}

// A model that the printed call can ask for. A server of one's own is asked what it has; nothing waits for
// this but the greeting.
std::string example_model(const Config& config) {
  constexpr std::uint32_t kPatienceMs = 1'000;
  if (!config.models.empty()) return config.models.front().name;
  for (const ConnectionConfig& connection : config.connections) {
    const std::vector<std::string>& where = connection.environments;
    const bool here =
        where.empty() || std::ranges::find(where, config.environments.front().name) != where.end();
    if (connection.dialect == Dialect::kSimulated || !here) continue;
    for (const std::string& name : connection.models)
      if (name.find('*') == std::string::npos) return name;
    if (connection.dialect == Dialect::kAnthropic) return "claude-haiku-4-5";
    if (connection.base_url.empty()) return "gpt-4o-mini";
    std::vector<std::pair<std::string, std::string>> headers;
    if (!connection.api_key.empty()) headers.emplace_back("authorization", "Bearer " + connection.api_key);
    const auto listed = cli::fetch("GET", connection.base_url + "/models", headers, {}, connection.ca_file,
                                   connection.verify, kPatienceMs);
    if (!listed || listed->status != 200) continue;
    const auto parsed = parse_json(listed->body);
    boost::system::error_code none;
    const json::value* first = parsed ? parsed->find_pointer("/data/0/id", none) : nullptr;
    if (first != nullptr && first->is_string()) return std::string(first->as_string());
  }
  return "simulated-small";
}

void welcome(const Application& app) {
  const std::string url = app.url();
  fmt::print("\nSlipway is ready.\n\n");
  fmt::print("  Console    {}/sign-in#token={}\n", url, app.welcome().sign_in_token);
  fmt::print("             (one-time sign-in, good for {} minutes)\n", app.config().security.sign_in_minutes);
  if (app.welcome().api_key.empty()) {
    fmt::print("  API        {}/v1   (make a key with 'slipway key create' or on the console's Keys page)\n",
               url);
  } else {
    fmt::print("  API        {}/v1\n", url);
    fmt::print("  API key    {}\n", app.welcome().api_key);
    fmt::print("             (shown this once)\n\n");
    fmt::print("  Try it:\n\n");
    fmt::print(
        "    curl {}/v1/chat/completions \\\n"
        "      -H 'Authorization: Bearer {}' \\\n"
        "      -H 'Content-Type: application/json' \\\n"
        "      -d '{{\"model\": \"{}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello!\"}}]}}'\n",
        url, app.welcome().api_key, example_model(app.config()));
  }
  fmt::print("\n  Models     ");
  for (std::size_t i = 0; i < app.config().connections.size(); ++i)
    fmt::print("{}{}", i == 0 ? "" : ", ", app.config().connections[i].name);
  fmt::print("\n");
  if (app.simulated_only())
    fmt::print(
        "             Only the simulated provider is connected: its answers are made up. Set "
        "OPENAI_API_KEY,\n"
        "             ANTHROPIC_API_KEY or OLLAMA_HOST and start again for real ones.\n");
  fmt::print("  Data       {}\n  Stop       Ctrl+C\n\n", app.config().data_dir);
  std::fflush(stdout);
}

}  // namespace

int serve(LoadedConfig loaded) {
  const sigset_t signals = block_stop_signals();
  const Logger log = Logger::to_stderr(loaded.config.log.level);
  auto app = Application::start(std::move(loaded.config), log);
  if (!app) {
    fmt::print(stderr, "slipway: {}\n", app.error().describe());
    return app.error().code == ErrorCode::kInvalidArgument ? 2 : 3;
  }
  if ((*app)->simulated_only())
    log.warning("provider.simulated", {{"hint", "no provider is configured; answers are made up"}});
  welcome(**app);
  int caught = 0;
  sigwait(&signals, &caught);
  (*app)->stop();
  return 0;
}

}  // namespace slipway::app
