// SPDX-License-Identifier: Apache-2.0
#include "app/verify_audit.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "app/anchor_keeper.h"
#include "app/application.h"
#include "governance/audit_json.h"
#include "governance/audit_log.h"
#include "store/database.h"

namespace slipway::app {

Result<json::object> verify_audit(const Config& config, const std::string& anchors) {
  const std::filesystem::path directory = config.data_dir;
  const std::filesystem::path file = directory / kStoreFile;
  std::error_code error;
  if (config.store.url.empty() && !std::filesystem::exists(file, error))
    return fail(ErrorCode::kNotFound, "there is no database", file.string(),
                "Name the data directory with --data-dir.");
  SLIPWAY_ASSIGN(const auto database,
                 store::Database::open({.file = file, .url = config.store.url, .sessions = 1}));
  std::string anchors_file = config.audit.anchors_file;
  if (anchors_file.empty()) anchors_file = (directory / kAnchorsFile).string();
  SLIPWAY_ASSIGN(governance::AnchorFile all, governance::read_anchors(anchors_file));
  governance::AnchorFile given = governance::parse_anchors(anchors);
  std::ranges::move(given.anchors, std::back_inserter(all.anchors));
  for (const std::string& line : given.unreadable) all.unreadable.push_back("given " + line);
  SLIPWAY_ASSIGN(const governance::AuditReport report, governance::AuditLog(*database).verify(all));
  return governance::audit_report_json(report, anchors_file);
}

}  // namespace slipway::app
