// SPDX-License-Identifier: Apache-2.0
// Anchors: what the newest audit entry was on a day, one JSON line each, in a file that can be kept
// elsewhere. Who changes the database can write a new chain, but not one that fits an anchor somebody else
// holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::governance {

struct AuditAnchor {
  std::string date;  // 2026-11-25, UTC
  std::int64_t seq = 0;
  std::string digest;
};

struct AnchorFile {
  std::vector<AuditAnchor> anchors;
  std::vector<std::string> unreadable;  // "line 3: …"
};

// Takes any bytes: what is no anchor is told in `unreadable`.
AnchorFile parse_anchors(std::string_view text);
// A file that does not exist has no anchors. kIo if it can't be read.
Result<AnchorFile> read_anchors(const std::filesystem::path& file);
// Appends a line and waits until it is on disk.
Result<> append_anchor(const std::filesystem::path& file, const AuditAnchor& anchor);

}  // namespace slipway::governance
