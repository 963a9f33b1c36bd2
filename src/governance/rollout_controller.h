// SPDX-License-Identifier: Apache-2.0
// Moves canaries along: looks at their figures, steps up when the time has come and rolls back when a guard
// is broken. Any number of servers on one database may run one; each look is taken by one of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "governance/canary.h"
#include "governance/deployments.h"
#include "store/database.h"

namespace slipway::governance {

struct RolloutPorts {
  // What this server has counted of a release ("slug@3") in an environment since it was started; scores left
  // out.
  std::function<ReleaseFigures(const std::string& release, const std::string& environment)> tally;
  // All scores ever given to calls of that release there, on any server; nothing but scores. May be empty.
  std::function<Result<ReleaseFigures>(const std::string& release, const std::string& environment)> scores;
};

struct RolloutMove {
  std::string use_case;
  std::string environment;
  std::string action;  // "step", "finish", "abort"
  std::string why;
};

class RolloutController {
 public:
  // `instance` names this run of the program among all that ever shared the database.
  RolloutController(store::Database& database, DeploymentStore& deployments, RolloutPorts ports,
                    std::string instance)
      : database_(database),
        deployments_(deployments),
        ports_(std::move(ports)),
        instance_(std::move(instance)) {}

  // One look at everything under way, about once a second. What it changed is to be published; the first
  // failure is the result, after the others have had their turn. One thread at a time.
  Result<std::vector<RolloutMove>> look(std::int64_t now_us);

 private:
  struct Counted {
    ReleaseFigures active;
    ReleaseFigures candidate;
    ReleaseFigures active_scores;
    ReleaseFigures candidate_scores;
    bool operator==(const Counted&) const = default;
  };
  struct Memory {
    Counted base;  // what had been counted when the rollout was first seen
    Counted last;
  };
  // What a look says is to be done, and at which step it said so.
  struct Found {
    std::optional<RolloutMove> move;
    std::size_t step = 0;
  };
  [[nodiscard]] Result<Counted> count(const Rollout& rollout) const;
  Result<std::optional<RolloutMove>> look_at(const Rollout& known, std::int64_t now_us);
  static Result<Rollout> observe_rollout(soci::session& sql, Rollout rollout, const Counted& counted,
                                         std::int64_t now_us, Judgement& judgement);
  Result<Found> look_within(soci::session& sql, const Rollout& known, const Counted& counted,
                            std::int64_t now_us) const;
  Result<bool> carry_out(soci::session& sql, const std::string& id, const Found& found);
  void store_figures(soci::session& sql, const Rollout& rollout, const Counted& counted,
                     const Counted& base) const;
  static Result<ReleaseFigures> total(soci::session& sql, const Rollout& rollout, std::string_view arm,
                                      const ReleaseFigures& scores);

  store::Database& database_;
  DeploymentStore& deployments_;
  RolloutPorts ports_;
  const std::string instance_;
  std::map<std::string, Memory> memories_;  // by rollout
};

// How long after a change of the split calls don't count yet: the candidate's first answers are the quick
// ones, among them the quick failures, and only those that had time to end on both sides compare.
std::int64_t settling_time_us(const ReleaseFigures& active);

}  // namespace slipway::governance
