// SPDX-License-Identifier: Apache-2.0
// Reading the audit log: pages for people, everything for files, and the proof that nothing was changed.
// Blocks on the database; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "governance/audit.h"
#include "governance/audit_anchors.h"
#include "governance/permissions.h"
#include "store/database.h"

namespace slipway::governance {

// A use case, an environment or both; empty: any.
struct AuditScope {
  std::string use_case;
  std::string environment;
};

struct AuditFilter {
  std::int64_t from_us = 0;  // inclusive; 0: from the beginning
  std::int64_t to_us = 0;    // exclusive; 0: to the end
  std::string actor = {};    // id or name
  std::string action = {};   // exact, or a prefix ending in '*'
  std::string object = {};
  std::string use_case = {};
  std::string text = {};                // words that all occur in action, object, actor, use case or detail
  std::vector<AuditScope> scopes = {};  // what the reader may see: any of these; empty: everything
};

struct AuditPage {
  std::vector<AuditEntry> items;  // newest first
  // Entries below this have not been looked at; 0 at the end. A page may be short, or empty, and yet not be
  // the last: a search stops when it has taken a tenth of a second.
  std::int64_t next_before = 0;
};

struct AuditProblem {
  std::int64_t seq = 0;  // where; 0 for what concerns the file of anchors
  std::string detail;
};

struct AuditReport {
  std::int64_t entries = 0;
  std::string head;  // digest of the newest entry
  std::vector<AuditProblem> problems;
  std::int64_t anchors_checked = 0;
  [[nodiscard]] bool ok() const { return problems.empty(); }
};

// What a holder of `grants` may read of the log, for AuditFilter::scopes. kPermissionDenied if nothing.
Result<std::vector<AuditScope>> audit_scopes(const std::vector<RoleGrant>& grants);

class AuditLog {
 public:
  explicit AuditLog(store::Database& database) : database_(database) {}

  // Entries below `before` (0: the newest).
  Result<AuditPage> list(const AuditFilter& filter, std::int64_t before, std::uint32_t limit);
  // Every entry that fits, oldest first, until the sink returns false. Not one transaction: a slow reader
  // keeps nothing from being cleaned up, and what is appended meanwhile is left out.
  Result<> for_each(const AuditFilter& filter, const std::function<bool(const AuditEntry&)>& sink);
  // Recomputes the whole chain and compares it with the anchors. Finds edits, gaps, changed order, and with
  // anchors also a cut-off end and a chain that was written anew.
  Result<AuditReport> verify(const AnchorFile& anchors);
  // The newest entry's number and digest; 0 for an empty log.
  Result<AuditAnchor> head();
  // The digest of one entry; empty if there is none.
  Result<std::string> digest_of(std::int64_t seq);
  // For what changes nothing itself: somebody verified or exported the log.
  Result<> note(const Actor& actor, const AuditEvent& event);

 private:
  store::Database& database_;
};

}  // namespace slipway::governance
