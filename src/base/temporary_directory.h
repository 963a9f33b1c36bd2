// SPDX-License-Identifier: Apache-2.0
// A new folder that only this user may read, and that goes with all that is in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace slipway {

class TemporaryDirectory {
 public:
  // `name` says in the folder's name whose it is. Where none can be made, the path is empty.
  explicit TemporaryDirectory(std::string_view name, const std::filesystem::path& parent = {}) {
    std::error_code unknown;
    const std::filesystem::path place =
        parent.empty() ? std::filesystem::temp_directory_path(unknown) : parent;
    std::string pattern = (place / ("slipway-" + std::string(name) + "-XXXXXX")).string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace slipway
