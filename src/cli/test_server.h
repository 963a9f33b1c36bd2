// SPDX-License-Identifier: Apache-2.0
// A real HTTP server on a free port that answers as the test says and remembers what it was asked.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/server.h"
#include "rt/loop.h"

namespace slipway::cli {

struct SeenRequest {
  std::string method;
  std::string target;
  std::string authorization;
  std::string cookie;
  std::string csrf;
  std::string body;
};

struct PlannedAnswer {
  int status = 200;
  std::string type = "application/json";
  std::string body = {};
  std::string set_cookie = {};
  std::vector<std::string> pieces = {};  // streamed instead of `body`
};

class TestServer {
 public:
  using Plan = std::function<PlannedAnswer(const SeenRequest&)>;
  explicit TestServer(Plan plan) : plan_(std::move(plan)) {
    net::ServerOptions options;
    options.port = 0;
    auto listening = net::Server::listen(
        loop_, options, [this](net::Exchange& exchange) { return handle(exchange); }, Logger());
    if (listening) server_ = std::move(*listening);
  }
  ~TestServer() {
    if (server_) server_->stop(1'000);
    loop_.run_and_wait([this] { server_.reset(); });
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] std::vector<SeenRequest> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  rt::Task<void> handle(net::Exchange& exchange) {
    SeenRequest request{std::string(exchange.method()),
                        std::string(exchange.target()),
                        std::string(exchange.headers().find("authorization")),
                        std::string(exchange.headers().find("cookie")),
                        std::string(exchange.headers().find("x-csrf-token")),
                        std::string(exchange.body())};
    const PlannedAnswer answer = plan_(request);
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(std::move(request));
    }
    std::vector<net::Header> headers{{"content-type", answer.type}};
    if (!answer.set_cookie.empty()) headers.push_back({"set-cookie", answer.set_cookie});
    if (answer.pieces.empty()) {
      const auto sent = co_await exchange.send(answer.status, headers, answer.body);
      (void)sent;
      co_return;
    }
    const auto started = co_await exchange.start(answer.status, headers);
    (void)started;
    for (const std::string& piece : answer.pieces) {
      const auto written = co_await exchange.write(piece);
      (void)written;
    }
    const auto finished = co_await exchange.finish();
    (void)finished;
  }

  Plan plan_;
  std::mutex mutex_;
  std::vector<SeenRequest> seen_;
  rt::Loop loop_{"test"};
  std::unique_ptr<net::Server> server_;
};

}  // namespace slipway::cli
