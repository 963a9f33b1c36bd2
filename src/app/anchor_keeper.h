// SPDX-License-Identifier: Apache-2.0
// Writes an anchor of the audit log once a day. Used by the housekeeping thread only.
#pragma once

#include <cstdint>
#include <string>

#include "base/log.h"
#include "governance/audit_log.h"

namespace slipway::app {

// In the data directory, unless the setting audit.anchors_file says otherwise.
inline constexpr std::string_view kAnchorsFile = "audit-anchors.jsonl";

class AnchorKeeper {
 public:
  AnchorKeeper(governance::AuditLog& audit, std::string file, Logger log)
      : audit_(audit), file_(std::move(file)), log_(std::move(log)) {}

  // Appends the day's anchor if it is not there yet. What goes wrong is logged and tried again ten minutes
  // later.
  void keep(std::int64_t now_us);
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  Result<> anchor(const std::string& date);

  governance::AuditLog& audit_;
  std::string file_;
  Logger log_;
  std::string done_;  // the last day that has its anchor
  std::int64_t next_try_us_ = 0;
};

}  // namespace slipway::app
