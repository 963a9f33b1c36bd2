// SPDX-License-Identifier: Apache-2.0
// What the commands on a project's folder share.
#pragma once

#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/project.h"
#include "cli/project_plan.h"

namespace slipway::cli {

struct ProjectOptions {
  std::string directory;
  std::string owner;
  std::string message;
  std::string format = "text";
  std::string file;
  bool force = false;
};

struct Planned {
  Project project;
  Lock lock;
  Plan plan;
};

enum class Checks : std::uint8_t {
  kFiles,     // that they can be read
  kContents,  // and what they say, as far as every server would say the same
  kAll,       // and what these settings' server would say
};
// The project, or nothing after its complaints were printed.
std::optional<Project> load_project(const Context& context, const std::string& directory, Checks checks,
                                    int& code);
// The project and what a push of it would change, or nothing after telling why.
std::optional<Planned> plan_project(const Context& context, const ProjectOptions& options, int& code);

int pull(const Context& context, const ProjectOptions& options);
// What changed in the files against the server's latest versions: in one file, or (empty) in all.
int diff_project(const Context& context, const std::string& file);

}  // namespace slipway::cli
