// SPDX-License-Identifier: Apache-2.0
// What a project says of its use case and of policies: checked, compared with the server's, fetched from it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/project_git.h"
#include "cli/project_plan.h"

namespace slipway::cli {

// What a plan calls them, and slipway.lock.
inline constexpr std::string_view kUseCaseItem = "use case";
std::string policy_item(std::string_view environment);  // "policy for prod"

// What one server has of its own: its environments and its questionnaire (YAML or JSON; empty: the built-in).
struct ServerRules {
  std::vector<std::string> environments;
  std::string questionnaire;
};

// Fields, rules, types, limits: the same on every server.
void check_registry(const RegistryHooks& hooks, const Project& project, Complaints& complaints);
// Environments and answers.
void check_server_rules(const RegistryHooks& hooks, const Project& project, const ServerRules& rules,
                        Complaints& complaints);

// What planning is about; everything outlives it.
struct PlanInput {
  const ApiClient& api;
  const Hooks& hooks;
  const Project& project;
  const Lock& lock;
  const GitHistory& git;
  PlanOptions options;
};
// Adds the use case and the policies to `plan`, with what the server would refuse.
Result<> plan_registry(const PlanInput& input, Plan& plan);
// Stores the use case; the policies. `lock` learns what is stored.
Result<> push_use_case(const ApiClient& api, const Hooks& hooks, const Project& project,
                       const PlannedItem& item, Lock& lock);
Result<> push_policies(const ApiClient& api, const Hooks& hooks, const Project& project, const Plan& plan,
                       Lock& lock);

struct PulledRegistry {
  std::vector<std::pair<std::string, std::string>> files;  // name within the folder, text
  Lock lock;
  Complaints edited;  // files whose changes here a pull would overwrite
};
Result<PulledRegistry> pull_registry(const PlanInput& input);

}  // namespace slipway::cli
