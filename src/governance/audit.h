// SPDX-License-Identifier: Apache-2.0
// Who did what to which object: an append-only table whose entries are chained by SHA-256, so that an edit, a
// gap or a changed order shows. Blocks on the database; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "store/database.h"

namespace slipway::governance {

struct Actor {
  std::string id;
  std::string name;
  std::string kind;  // "user", "service", "system"
};

// What Slipway itself does: automatic steps of a rollout, expiry.
const Actor& system_actor();

struct AuditEvent {
  std::string action;       // "use_case.create", "release.promote", …: object type, dot, verb
  std::string object_type;  // "use_case", "asset", "release", "deployment", "key", "principal", "policy", …
  std::string object;       // "support-assistant", "support-assistant/prompt/answer", "support-assistant@3"
  std::string use_case;     // empty if it concerns none
  std::string environment;
  json::object detail;  // what changed; never a secret
};

struct AuditEntry {
  std::int64_t seq = 0;  // 1, 2, 3, … without gaps
  std::int64_t at_us = 0;
  Actor actor;
  AuditEvent event;
  std::string detail_text;  // `event.detail` exactly as hashed
  std::string previous;     // digest of the entry before; 64 zeros for the first
  std::string digest;
};

// The digest of an entry from everything but `digest` itself: SHA-256 over the fields in their order, each
// preceded by its length.
std::string audit_digest(const AuditEntry& entry);

// Appends within the caller's write transaction, so that a change and its entry are kept together or not at
// all.
Result<> append_audit(soci::session& sql, const Actor& actor, const AuditEvent& event);

// Brings the table up to date.
Result<> migrate_audit(store::Database& database);

}  // namespace slipway::governance
