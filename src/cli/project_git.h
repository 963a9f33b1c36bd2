// SPDX-License-Identifier: Apache-2.0
// What Git remembers of a project's files. A version on the server that a file once was is one that the file
// was made from: no conflict, and no lock file needed to know it.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::cli {

// Asks the program git. Everything is empty where there is none, or the folder is in no repository.
class GitHistory {
 public:
  explicit GitHistory(std::string directory) : directory_(std::move(directory)) {}

  // The commits that changed `file` (relative to the folder), newest first.
  [[nodiscard]] std::vector<std::string> commits(const std::string& file) const;
  // What `file` was in a commit. kNotFound where it was not there.
  [[nodiscard]] Result<std::string> content(const std::string& commit, const std::string& file) const;
  // Every file beneath the folder that the last commit has or an older one took away.
  [[nodiscard]] std::set<std::string> known_files() const;
  // Whether older commits were left out when the repository was copied.
  [[nodiscard]] bool shallow() const;

 private:
  [[nodiscard]] Result<std::string> git(std::vector<std::string> arguments) const;
  std::string directory_;
};

}  // namespace slipway::cli
