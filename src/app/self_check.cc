// SPDX-License-Identifier: Apache-2.0
#include "app/self_check.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "app/application.h"
#include "base/clock.h"
#include "base/temporary_directory.h"
#include "base/text.h"
#include "net/client.h"
#include "rt/block_on.h"
#include "rt/blocking_pool.h"

namespace slipway::app {

namespace {

constexpr std::uint32_t kIndexTimeoutMs = 10'000;
constexpr std::size_t kAnswerLimit = 1u << 20;

struct Answer {
  int status = 0;
  std::string body;
};

rt::Task<Result<Answer>> post(net::Client* client, net::Origin origin, std::string key, std::string body) {
  const std::string authorization = "Bearer " + key;
  const std::vector<net::Header> headers = {{"authorization", authorization},
                                            {"content-type", "application/json"}};
  net::OutgoingRequest request;
  request.target = "/v1/chat/completions";
  request.headers = headers;
  request.body = body;
  Result<std::unique_ptr<net::ClientResponse>> sent = co_await client->send(origin, request, {}, nullptr);
  if (!sent) co_return fail(sent.error());
  const Result<std::string_view> read = co_await (*sent)->read_all(kAnswerLimit);
  if (!read) co_return fail(read.error());
  co_return Answer{(*sent)->status(), std::string(*read)};
}

Result<> call(const Application& app, bool stream) {
  rt::Loop loop("check");
  rt::BlockingPool resolver("resolve", 1, 8);
  std::unique_ptr<net::Client> client;
  loop.run_and_wait([&] { client = net::Client::create(loop, resolver, {}, {}); });
  const std::string body = fmt::format(
      R"({{"model":"simulated-small","stream":{},"messages":[{{"role":"user","content":"Say that all is well."}}]}})",
      stream);
  auto origin = net::parse_origin(fmt::format("http://127.0.0.1:{}", app.port()));
  const std::function<rt::Task<Result<Answer>>()> make = [&] {
    return post(client.get(), *origin, app.welcome().api_key, body);
  };
  const Result<Answer> answer = rt::block_on<Result<Answer>>(loop, make);
  loop.run_and_wait([&] {
    client->close();
    client.reset();
  });
  loop.stop();
  if (!answer) return fail(answer.error());
  const std::string_view mark = stream ? "data: [DONE]" : "\"choices\"";
  if (answer->status != 200 || answer->body.find(mark) == std::string::npos)
    return fail(ErrorCode::kInternal,
                fmt::format("the {} call was answered with status {}: {}", stream ? "streamed" : "plain",
                            answer->status, ellipsize(answer->body, 300)));
  return {};
}

std::string describe(const telemetry::Invocation& record) {
  return fmt::format("{}  {:8}  {:6}  {:>9.3f} ms  {:>3} in  {:>3} out  {} USD  {}", record.id.to_string(),
                     telemetry::to_string(record.status), record.stream ? "stream" : "plain",
                     static_cast<double>(record.duration_us) / 1000, record.usage.input, record.usage.output,
                     record.cost_nano == telemetry::kUnknownCost ? "unknown" : format_usd(record.cost_nano),
                     record.response_model);
}

Result<> check(bool as_json, const std::string& directory) {
  ConfigInput input;
  input.assignments = {"server.port=0", "data_dir=" + directory};
  LoadedConfig loaded = load_config(input);
  if (!loaded.report.ok()) return fail(ErrorCode::kInternal, loaded.report.describe());
  const std::int64_t begin_ns = mono_now_ns();
  SLIPWAY_ASSIGN(const auto app,
                 Application::start(std::move(loaded.config), Logger::to_stderr(LogLevel::kWarning)));
  const double ready_ms = static_cast<double>(mono_now_ns() - begin_ns) / 1e6;
  SLIPWAY_TRY(call(*app, false));
  SLIPWAY_TRY(call(*app, true));
  std::vector<telemetry::Invocation> records;
  const std::int64_t give_up_ns = mono_now_ns() + static_cast<std::int64_t>(kIndexTimeoutMs) * 1'000'000;
  while (records.size() < 2 && mono_now_ns() < give_up_ns) {
    app->telemetry().wait_indexed(500);
    SLIPWAY_ASSIGN(telemetry::InvocationPage page, app->query().list({}, {}, 10));
    records = std::move(page.items);
  }
  if (records.size() != 2)
    return fail(ErrorCode::kInternal, fmt::format("{} records were found instead of two", records.size()));
  for (const telemetry::Invocation& record : records)
    if (record.status != telemetry::Status::kOk || record.usage.output <= 0)
      return fail(ErrorCode::kInternal, "a record is not as it should be: " + describe(record));
  if (as_json) {
    fmt::print(R"({{"ok":true,"ready_ms":{:.1f},"records":["{}","{}"]}})"
               "\n",
               ready_ms, records[0].id.to_string(), records[1].id.to_string());
  } else {
    fmt::print("Ready after {:.0f} ms. Two calls, two records:\n", ready_ms);
    for (const telemetry::Invocation& record : records) fmt::print("  {}\n", describe(record));
  }
  app->stop();
  return {};
}

}  // namespace

int self_check(bool as_json) {
  std::signal(SIGPIPE, SIG_IGN);
  const TemporaryDirectory directory("check");
  if (directory.path().empty()) {
    fmt::print(
        stderr,
        "slipway check: no temporary directory can be made; set TMPDIR to a folder you may write to\n");
    return 1;
  }
  const Result<> done = check(as_json, directory.path());
  if (!done) {
    fmt::print(stderr, "slipway check: {}\n", done.error().describe());
    return 1;
  }
  if (!as_json) fmt::print("All is well.\n");
  return 0;
}

}  // namespace slipway::app
