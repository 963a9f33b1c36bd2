// SPDX-License-Identifier: Apache-2.0
#include "app/serve.h"

#include <fmt/format.h>
#include <pthread.h>

#include <csignal>
#include <cstdio>

#include "app/application.h"

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
        url, app.welcome().api_key, app.simulated_only() ? "simulated-small" : "gpt-4o-mini");
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
