// SPDX-License-Identifier: Apache-2.0
// Looks at the rollouts under way once a second and publishes what was moved. A thread of its own.
#pragma once

#include <functional>
#include <string>

#include "app/repeater.h"
#include "base/log.h"
#include "base/result.h"
#include "governance/rollout_controller.h"

namespace slipway::app {

class RolloutKeeper {
 public:
  // `publish` makes and publishes a snapshot; it is called on the keeper's thread. Everything given outlives
  // the keeper.
  RolloutKeeper(store::Database& database, governance::DeploymentStore& deployments,
                governance::RolloutPorts ports, std::function<Result<>()> publish, Logger log);

 private:
  void look();
  void note_trouble(const Result<>& result);

  governance::RolloutController controller_;
  std::function<Result<>()> publish_;
  Logger log_;
  bool unpublished_ = false;  // something was moved, and publishing it failed
  std::string trouble_;
  Repeater repeater_;  // the last member: it ends first
};

}  // namespace slipway::app
