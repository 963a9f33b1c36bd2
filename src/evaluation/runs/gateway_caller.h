// SPDX-License-Identifier: Apache-2.0
// Asks models through the gateways of this process, spread over their loops.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "evaluation/runs/gateway_lanes.h"
#include "evaluation/runs/ports.h"

namespace slipway::evaluation {

// Who answers for one cell: a prompt (of a release or on trial), or a model alone.
struct CellTarget {
  std::shared_ptr<const gateway::ServedRelease> release;  // null: the model alone
  std::optional<std::size_t> variant;
  std::string model;        // "connection/model", without a release
  json::object parameters;  // beside the messages, without a release
  CellTraits traits;
};

// What records call it.
inline constexpr std::string_view kEvaluationSurface = "evaluation";

struct GatewayTarget {
  std::string environment;
  std::string use_case;
  std::string run;  // id: kept as the end user of each call
  std::vector<CellTarget> cells;
  bool stream = false;  // to measure the time to the first token
  std::uint32_t max_concurrent = 0;
  std::shared_ptr<gateway::KeyUse> use;  // counts the run's calls in flight
};

class GatewayCaller final : public Caller {
 public:
  // The gateways, and their loops, outlive every call.
  GatewayCaller(const std::vector<gateway::Gateway*>& gateways, GatewayTarget target);
  void start(std::vector<CallOrder> orders, const Done& done) override;
  void cancel() override;

 private:
  [[nodiscard]] Result<gateway::LocalCall> make_call(const CallOrder& order) const;
  GatewayTarget target_;
  GatewayLanes lanes_;
};

}  // namespace slipway::evaluation
