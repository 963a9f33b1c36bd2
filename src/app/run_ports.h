// SPDX-License-Identifier: Apache-2.0
// Joins runs of evaluations with releases, deployments and the audit log of governance. Any thread.
#pragma once

#include <string>

#include "base/config.h"
#include "evaluation/runs/engine.h"
#include "evaluation/runs/run_store.h"
#include "governance/release_services.h"

namespace slipway::app {

// `services` outlives the ports.
evaluation::ReleasePorts run_release_ports(governance::ReleaseServices& services);
// Writes audit entries.
evaluation::RunRecorder run_recorder();
evaluation::EngineLimits run_limits(const Config& config);
evaluation::PlanLimits run_plan_limits(const Config& config);
// The same for each start of a server on its data directory, and another for any other.
std::string run_node(const Config& config);

}  // namespace slipway::app
