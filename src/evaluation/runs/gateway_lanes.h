// SPDX-License-Identifier: Apache-2.0
// Calls through the gateways of this process, spread over their loops. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "evaluation/runs/ports.h"
#include "gateway/gateway.h"
#include "gateway/local_call.h"

namespace slipway::evaluation {

// Where calls are made; a port, so that what waits for them can be tried without a gateway.
class CallLanes {
 public:
  using Done = std::function<void(CallOutcome)>;
  struct Waiting {
    gateway::LocalCall call;
    Done done;  // once, on any thread
  };
  virtual ~CallLanes() = default;
  virtual void start(std::vector<Waiting> calls) = 0;
  // Ends what is under way, and what is started from now on, with kCancelled, soon.
  virtual void cancel() = 0;
};

class GatewayLanes final : public CallLanes {
 public:
  // The gateways, and their loops, outlive every call.
  explicit GatewayLanes(const std::vector<gateway::Gateway*>& gateways);
  ~GatewayLanes() override;
  void start(std::vector<Waiting> calls) override;
  void cancel() override;

 private:
  struct Lane;
  std::vector<std::shared_ptr<Lane>> lanes_;
  std::atomic<std::size_t> next_{0};
};

// What an answer of the gateway means for a run. Pure.
CallOutcome outcome_of(const gateway::LocalAnswer& answer);
// The same for a status that an HTTP service answered with.
CallEnd end_of_status(int status);

}  // namespace slipway::evaluation
