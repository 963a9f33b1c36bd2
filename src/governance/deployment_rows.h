// SPDX-License-Identifier: Apache-2.0
// Rows of deployments, rollouts and events. Within the caller's transaction.
#pragma once

#include <soci/soci.h>

#include <string>
#include <vector>

#include "governance/deployments.h"

namespace slipway::governance {

// Without the rollout; an empty one (version 0) if nothing was ever deployed.
Deployment read_deployment(soci::session& sql, const std::string& use_case, const std::string& environment);
// Writes it as the next version. kConflict if somebody else did so meanwhile.
Result<> write_deployment(soci::session& sql, Deployment& deployment);

Result<std::optional<Rollout>> read_rollout(soci::session& sql, const std::string& id);
Result<std::vector<Rollout>> read_open_rollouts(soci::session& sql);
void insert_rollout(soci::session& sql, const Rollout& rollout);
void update_rollout(soci::session& sql, const Rollout& rollout);

// Numbers the event and writes it.
void append_event(soci::session& sql, const std::string& use_case, const std::string& environment,
                  DeploymentEvent event);
// Newest first, with a number below `below`.
std::vector<DeploymentEvent> read_events(soci::session& sql, const std::string& use_case,
                                         const std::string& environment, long long below, long long limit);
// What ran before `release` came there for the last time; 0 if nothing did or it never came.
std::int64_t predecessor(soci::session& sql, const std::string& use_case, const std::string& environment,
                         std::int64_t release);
// Whether `release` was ever active there.
bool has_run(soci::session& sql, const std::string& use_case, const std::string& environment,
             std::int64_t release);

}  // namespace slipway::governance
