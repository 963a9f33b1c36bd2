// SPDX-License-Identifier: Apache-2.0
// What runs where: one pointer for each use case and environment, and its history. A change of the pointer is
// one transaction with its event and its audit entry: after a crash the pointer is the old or the new one.
// Blocks on the database; thread-safe. Whoever changes something publishes a snapshot afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "governance/audit.h"
#include "governance/canary.h"
#include "store/database.h"

namespace slipway::governance {

enum class DeployMode : std::uint8_t { kAll, kBlueGreen, kCanary };
std::string_view to_string(DeployMode mode);  // "all", "blue_green", "canary"
std::optional<DeployMode> parse_deploy_mode(std::string_view text);

enum class RolloutState : std::uint8_t { kRunning, kPaused, kRolledBack, kFinished };
std::string_view to_string(RolloutState state);

// A change that takes its time.
struct Rollout {
  std::string id;
  std::string use_case;
  std::string environment;
  DeployMode mode = DeployMode::kCanary;
  RolloutState state = RolloutState::kRunning;
  std::int64_t from = 0;  // releases
  std::int64_t to = 0;
  CanaryPlan plan;                   // of a canary
  std::size_t step = 0;              // index into the plan's steps
  std::int64_t step_elapsed_us = 0;  // time spent in it while running
  std::int64_t split_age_us = 0;     // time since the split changed last, while paused too
  std::int64_t started_us = 0;
  std::string started_by;
  Comparison comparison;
  ReleaseFigures seen_active;  // totals at the last look
  ReleaseFigures seen_candidate;
  std::string verdict;
  std::int64_t looked_us = 0;
  std::int64_t ended_us = 0;

  [[nodiscard]] bool open() const {
    return state == RolloutState::kRunning || state == RolloutState::kPaused;
  }
  [[nodiscard]] double percent() const;
};

struct Deployment {
  std::string use_case;
  std::string environment;
  // Release numbers, 0: none.
  std::int64_t active = 0;
  std::int64_t standby = 0;
  std::int64_t candidate = 0;
  std::int64_t previous = 0;  // where a rollback leads
  std::int64_t active_since_us = 0;
  std::string active_by;
  std::uint32_t candidate_basis_points = 0;  // of 10,000 calls
  std::string salt;                          // of the split, so that each canary splits people anew
  std::int64_t version = 0;                  // grows with each change; 0: nothing was ever deployed
  std::optional<Rollout> rollout;            // the latest one
};

// What the gateway's snapshot needs.
struct LiveDeployment {
  std::string use_case;
  std::string environment;
  std::int64_t active = 0;
  std::int64_t candidate = 0;
  std::int64_t standby = 0;
  std::uint32_t candidate_basis_points = 0;
  std::string salt;
};

struct LiveChanges {
  std::vector<LiveDeployment> deployments;
  std::int64_t mark = 0;   // for the next question
  bool everything = true;  // false: only what has changed since the mark that was given
};

struct DeploymentEvent {
  std::int64_t seq = 0;
  std::int64_t at_us = 0;
  std::string by;
  std::string action;  // "promote", "start_canary", "step", "finish", "rollback", …
  std::int64_t release = 0;
  std::int64_t from_release = 0;
  std::string detail;
  bool emergency = false;
};

struct DeploymentEventPage {
  std::vector<DeploymentEvent> items;  // newest first
  std::string next_cursor;
};

struct DeployOrder {
  std::int64_t release = 0;
  DeployMode mode = DeployMode::kAll;
  CanaryPlan plan;
  std::string emergency;  // the reason; empty: the usual way
};

class DeploymentStore {
 public:
  DeploymentStore(store::Database& database, std::vector<std::string> environments)
      : database_(database), environments_(std::move(environments)) {}

  // One for each environment in order, also where nothing runs. kNotFound for an unknown use case.
  Result<std::vector<Deployment>> list(std::string_view use_case);
  // What runs of the use cases from `first` to `last` by slug, for a page of the registry.
  Result<std::vector<LiveDeployment>> running(std::string_view first, std::string_view last);
  Result<Deployment> get(std::string_view use_case, std::string_view environment);
  Result<Deployment> get(soci::session& sql, std::string_view use_case, std::string_view environment) const;
  Result<DeploymentEventPage> history(std::string_view use_case, std::string_view environment,
                                      std::string_view cursor, std::uint32_t limit);
  // Everything that answers calls or is kept warm; of that, what has changed since `mark` if the database
  // still knows it.
  Result<LiveChanges> load_live(std::int64_t mark = 0);
  // Rollouts that run or are paused.
  Result<std::vector<Rollout>> open_rollouts();

  // Within the caller's write transaction, which has made sure that it may be: `seen_version` is the version
  // of the deployment the decision was based on, kConflict if it has changed since.
  Result<Deployment> deploy(soci::session& sql, std::string_view use_case, std::string_view environment,
                            const DeployOrder& order, std::int64_t seen_version, const Actor& actor);

  // Back to what ran before; `to` 0: the one before. A rollout under way is called off instead. kConflict if
  // there is nothing to go back to.
  Result<Deployment> roll_back(std::string_view use_case, std::string_view environment, std::int64_t to,
                               std::string_view reason, const Actor& actor);
  // "switch", "step", "finish", "abort", "pause", "resume". kConflict if the rollout has no such move.
  Result<Deployment> act(std::string_view use_case, std::string_view environment, std::string_view action,
                         std::string_view reason, const Actor& actor);
  // The same within a transaction, for the controller.
  Result<Deployment> act(soci::session& sql, std::string_view use_case, std::string_view environment,
                         std::string_view action, std::string_view reason, const Actor& actor);

  [[nodiscard]] const std::vector<std::string>& environments() const { return environments_; }

 private:
  Result<> check_environment(std::string_view environment) const;
  store::Database& database_;
  std::vector<std::string> environments_;
};

}  // namespace slipway::governance
