// SPDX-License-Identifier: Apache-2.0
// The directory where everything of one server is stored, held by one process at a time.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace slipway::app {

class DataDirectory {
 public:
  // Makes it if need be and locks it: two servers on one directory would destroy it. kConflict if it is
  // taken.
  static Result<std::unique_ptr<DataDirectory>> open(const std::string& path);
  ~DataDirectory();  // gives it free
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

 private:
  explicit DataDirectory(int lock_file) : lock_file_(lock_file) {}
  int lock_file_;
};

}  // namespace slipway::app
