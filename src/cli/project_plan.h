// SPDX-License-Identifier: Apache-2.0
// What a push of a project would change on the server: asked of it, and shown to people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/api_client.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/project.h"

namespace slipway::cli {

// A difference within one thing.
struct PlannedChange {
  std::string path;  // "messages[0].content"
  std::string op;    // "add", "remove", "change"
  json::value before;
  json::value after;
  json::array words;  // [{op: equal|insert|delete, text}] of changed texts
};

struct PlannedItem {
  std::string what;  // "prompt/answer", "use case", "policy for prod"
  std::string file;
  std::string action;        // "create", "update", "deprecate", "unchanged", "conflict"
  std::int64_t version = 0;  // the number it would get, or has; 0 where nothing is numbered
  std::string digest;
  std::string latest_digest;  // the server's version, who made it and when; empty where there is none
  std::string latest_by;
  std::string latest_at;
  std::vector<PlannedChange> changes;
  bool asset = false;
  std::int64_t stored_version = 0;  // of a use case or a policy: what the server has; 0: nothing
};

struct Plan {
  std::string owner;
  std::vector<PlannedItem> items;
  Complaints problems;                  // with places in the files
  Complaints notices;                   // worth knowing, but in nobody's way
  std::vector<std::string> only_there;  // assets the server has and the folder never had, "kind/name"
  bool shallow = false;                 // Git's history is cut off: some conflicts may be none

  [[nodiscard]] std::size_t count(std::string_view action) const;
  // Whether a push would change nothing.
  [[nodiscard]] bool empty() const { return count("unchanged") == items.size(); }
};

// All that can be said without a server: contents, references within the project, circles.
void check_project(const Hooks& hooks, const Project& project, Complaints& complaints);
// A problem with its place in the file.
Error complaint_of(const ProjectFile& file, const ContentProblem& problem);

struct PlanOptions {
  bool force = false;  // whatever the server has meanwhile
};

Result<Plan> make_plan(const ApiClient& api, const Hooks& hooks, const Project& project, const Lock& lock,
                       PlanOptions options);

// What the server has of the project's owner, deprecated ones included.
struct StoredAsset {
  std::string key;
  std::int64_t version = 0;
  std::string digest;
  std::string author;
  std::string time;
  std::string deprecated;  // why, by whom and when; empty: it is not
};
Result<std::vector<StoredAsset>> stored_assets(const ApiClient& api, const std::string& owner);

// For terminals.
void print_plan(const Output& output, const Plan& plan);
// For a comment on a pull request: begins with a mark by which the comment is found again.
std::string plan_markdown(const Plan& plan);
json::object plan_json(const Plan& plan);

json::array complaints_json(const Complaints& complaints);
// Each problem on a line of its own, with its place.
void print_complaints(const Output& output, const Complaints& complaints);

}  // namespace slipway::cli
