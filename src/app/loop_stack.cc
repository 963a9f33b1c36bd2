// SPDX-License-Identifier: Apache-2.0
#include "app/loop_stack.h"

#include <utility>

#include "api/problem.h"
#include "api/router.h"
#include "gateway/refusal.h"
#include "rt/block_on.h"

namespace slipway::app {

namespace {

gateway::GatewayLimits gateway_limits(const Config& config) {
  const GatewayConfig& from = config.gateway;
  gateway::GatewayLimits limits;
  limits.max_concurrent = from.max_concurrent;
  limits.body_bytes = from.body_limit_bytes;
  limits.response_bytes = from.response_limit_bytes;
  limits.event_bytes = from.event_limit_bytes;
  limits.capture_bytes = config.telemetry.body_limit_bytes;
  limits.json_depth = from.json_depth;
  limits.keep_alive_comment_ms = from.keep_alive_comment_ms;
  limits.accept_traceparent = from.accept_traceparent;
  return limits;
}

net::ServerLimits server_limits(const ServerLimitsConfig& from) {
  net::ServerLimits limits;
  limits.header_bytes = from.header_bytes;
  limits.header_count = from.header_count;
  limits.body_bytes = from.body_bytes;
  limits.connections = from.connections;
  limits.header_timeout_ms = from.header_timeout_ms;
  limits.body_timeout_ms = from.body_timeout_ms;
  limits.keep_alive_timeout_ms = from.keep_alive_timeout_ms;
  limits.write_timeout_ms = from.write_timeout_ms;
  return limits;
}

}  // namespace

void LoopStack::build(const Config& config, rt::BlockingPool& resolver, telemetry::Spool& spool,
                      telemetry::Metrics& metrics, std::shared_ptr<const gateway::Snapshot> snapshot,
                      const Logger& log, std::uint32_t number) {
  telemetry::MetricsShard& shard = metrics.make_shard();
  loop_.run_and_wait([&] {
    net::ClientLimits limits;
    limits.connections_per_origin = config.gateway.upstream_connections;
    limits.idle_per_origin = config.gateway.upstream_idle_connections;
    tasks_ = std::make_unique<rt::TaskGroup>(loop_.executor());
    client_ = net::Client::create(loop_, resolver, limits, log);
    spool_ = std::make_unique<telemetry::SpoolWriter>(spool, loop_);
    gateway_ = std::make_unique<gateway::Gateway>(
        gateway::GatewayParts{loop_, *client_, *spool_, shard, *tasks_, log, gateway_limits(config), number},
        snapshot);
  });
}

Result<> LoopStack::listen(const Config& config, std::uint16_t port, api::Services& services,
                           const Logger& log) {
  net::ServerOptions options;
  options.address = config.server.address;
  options.port = port;
  options.limits = server_limits(config.server.limits);
  if (!config.server.tls.certificate_file.empty())
    options.tls = net::ServerTls{config.server.tls.certificate_file, config.server.tls.key_file};
  options.format_refusal = [gateway = gateway_.get()](int status, std::string_view code,
                                                      std::string_view sentence) {
    gateway->record_early_refusal(status, code, sentence);
    gateway::Refusal refusal;
    refusal.type = "invalid_request_error";
    refusal.code = code;
    refusal.message = sentence;
    return gateway::openai_error_body(refusal);
  };
  SLIPWAY_ASSIGN(server_,
                 net::Server::listen(loop_, std::move(options), api::make_handler(*gateway_, services), log));
  return {};
}

void LoopStack::publish(std::shared_ptr<const gateway::Snapshot> snapshot) {
  loop_.run_and_wait([this, &snapshot] { gateway_->publish(std::move(snapshot)); });
}

void LoopStack::stop_serving(std::uint32_t drain_ms) {
  if (server_ != nullptr) server_->stop(drain_ms);
}

void LoopStack::shut_down(std::uint32_t drain_ms) {
  if (tasks_ == nullptr) return;
  stop_serving(drain_ms);
  tasks_->cancel().cancel();
  rt::block_on<void>(loop_, [this] { return tasks_->join(); });
  loop_.run_and_wait([this] {
    client_->close();
    server_.reset();
    gateway_.reset();
    spool_.reset();  // hands its last records over
    client_.reset();
    tasks_.reset();
  });
  loop_.stop();
}

}  // namespace slipway::app
