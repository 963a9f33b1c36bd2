// SPDX-License-Identifier: Apache-2.0
// Joins releases and deployments of governance with what the gateway serves. Any thread.
#pragma once

#include <string>
#include <vector>

#include "app/release_loader.h"
#include "base/config.h"
#include "gateway/release.h"
#include "governance/release_services.h"

namespace slipway::app {

// `services` outlives the ports.
ReleasePorts release_ports(governance::ReleaseServices& services);

// Why the gateway can't answer calls with a release in an environment; empty if it can.
std::string why_not_servable(const governance::ReleaseManifest& release,
                             const std::vector<catalog::AssetVersion>& assets, const std::string& environment,
                             const std::vector<ConnectionConfig>& connections);

// Counts of the gateway in the units of governance.
governance::ReleaseFigures release_figures(const gateway::TallyFigures& counted);

}  // namespace slipway::app
