// SPDX-License-Identifier: Apache-2.0
// What a run tries, as the request or the asset names it. Used by plan.cc.
#pragma once

#include <string>

#include "evaluation/runs/plan.h"

namespace slipway::evaluation {

struct PlannedTarget {
  std::string label;  // for people
  json::object description;
  json::array cells;
};

Result<PlannedTarget> plan_target(const PlanPorts& ports, const PlanLimits& limits,
                                  const PlanRequest& request, const json::object& evaluation);

}  // namespace slipway::evaluation
