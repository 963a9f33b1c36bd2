// SPDX-License-Identifier: Apache-2.0
// Everything that lives on one loop, made and destroyed on that loop's thread.
#pragma once

#include <memory>
#include <string>

#include "api/services.h"
#include "gateway/gateway.h"
#include "net/client.h"
#include "net/server.h"
#include "rt/blocking_pool.h"
#include "rt/loop.h"
#include "rt/task_group.h"
#include "telemetry/metrics.h"
#include "telemetry/spool.h"

namespace slipway::app {

class LoopStack {
 public:
  explicit LoopStack(std::string name) : loop_(std::move(name)) {}
  ~LoopStack() { shut_down(0); }
  LoopStack(const LoopStack&) = delete;
  LoopStack& operator=(const LoopStack&) = delete;

  // Makes client, spool writer and gateway. Call from outside the loop.
  void build(const Config& config, rt::BlockingPool& resolver, telemetry::Spool& spool,
             telemetry::Metrics& metrics, std::shared_ptr<const gateway::Snapshot> snapshot,
             const Logger& log, std::uint32_t number);
  // Starts listening; port 0 picks one.
  Result<> listen(const Config& config, std::uint16_t port, api::Services& services, const Logger& log);
  void publish(std::shared_ptr<const gateway::Snapshot> snapshot);
  // Lets running calls finish for at most `drain_ms`.
  void stop_serving(std::uint32_t drain_ms);
  void shut_down(std::uint32_t drain_ms);

  [[nodiscard]] rt::Loop& loop() { return loop_; }
  [[nodiscard]] gateway::Gateway& gateway() { return *gateway_; }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] net::ServerCounters server_counters() const {
    return server_ == nullptr ? net::ServerCounters{} : server_->counters();
  }
  [[nodiscard]] net::ClientCounters client_counters() const { return client_->counters(); }

 private:
  rt::Loop loop_;
  std::unique_ptr<rt::TaskGroup> tasks_;
  std::unique_ptr<net::Client> client_;
  std::unique_ptr<telemetry::SpoolWriter> spool_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<net::Server> server_;
};

}  // namespace slipway::app
