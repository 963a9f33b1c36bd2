// SPDX-License-Identifier: Apache-2.0
#include "governance/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "store/migrations.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kDigestLength = 64;

}  // namespace

const Actor& system_actor() {
  static const Actor kSystem{"system", "slipway", "system"};
  return kSystem;
}

std::string audit_digest(const AuditEntry& entry) {
  std::string text;
  const auto add = [&text](std::string_view field) { text += fmt::format("{}:{}\n", field.size(), field); };
  add(std::to_string(entry.seq));
  add(std::to_string(entry.at_us));
  add(entry.actor.id);
  add(entry.actor.name);
  add(entry.actor.kind);
  add(entry.event.action);
  add(entry.event.object_type);
  add(entry.event.object);
  add(entry.event.use_case);
  add(entry.event.environment);
  add(entry.detail_text);
  add(entry.previous);
  return hex(sha256(text));
}

Result<> append_audit(soci::session& sql, const Actor& actor, const AuditEvent& event) {
  AuditEntry entry;
  entry.actor = actor;
  entry.event = event;
  entry.detail_text = json::serialize(event.detail);
  entry.previous = std::string(kDigestLength, '0');
  long long last = 0;
  long long last_at = 0;
  // One writer at a time (store::Database): nobody appends between this read and the insert.
  sql << "SELECT seq, at_us, digest FROM audit_entries ORDER BY seq DESC LIMIT 1", soci::into(last),
      soci::into(last_at), soci::into(entry.previous);
  // A clock that was set back must not make the log look as if it had been reordered.
  const long long at = std::max<long long>(unix_now_us(), last_at);
  const long long seq = last + 1;
  entry.seq = seq;
  entry.at_us = at;
  entry.digest = audit_digest(entry);
  sql << "INSERT INTO audit_entries (seq, at_us, actor_id, actor_name, actor_kind, action, object_type, "
         "object, "
         "use_case, environment, detail, previous, digest) VALUES (:seq, :at, :actor_id, :actor_name, "
         ":actor_kind, "
         ":action, :object_type, :object, :use_case, :environment, :detail, :previous, :digest)",
      soci::use(seq), soci::use(at), soci::use(entry.actor.id), soci::use(entry.actor.name),
      soci::use(entry.actor.kind), soci::use(entry.event.action), soci::use(entry.event.object_type),
      soci::use(entry.event.object), soci::use(entry.event.use_case), soci::use(entry.event.environment),
      soci::use(entry.detail_text), soci::use(entry.previous), soci::use(entry.digest);
  return {};
}

Result<> migrate_audit(store::Database& database) {
  static const std::vector<store::Migration> kMigrations = {
      {1,
       "audit entries",
       {
           R"(CREATE TABLE audit_entries (
                seq BIGINT PRIMARY KEY,
                at_us BIGINT NOT NULL,
                actor_id TEXT NOT NULL,
                actor_name TEXT NOT NULL,
                actor_kind TEXT NOT NULL,
                action TEXT NOT NULL,
                object_type TEXT NOT NULL,
                object TEXT NOT NULL,
                use_case TEXT NOT NULL,
                environment TEXT NOT NULL,
                detail TEXT NOT NULL,
                previous TEXT NOT NULL,
                digest TEXT NOT NULL))",
           "CREATE INDEX audit_entries_by_use_case ON audit_entries (use_case, seq)",
           "CREATE INDEX audit_entries_by_object ON audit_entries (object, seq)",
           "CREATE INDEX audit_entries_by_actor ON audit_entries (actor_id, seq)",
           "CREATE INDEX audit_entries_by_time ON audit_entries (at_us)",
       }},
      {2,
       "audit entries by action and by actor's name",
       {
           "CREATE INDEX audit_entries_by_action ON audit_entries (action, seq)",
           "CREATE INDEX audit_entries_by_actor_name ON audit_entries (actor_name, seq)",
       }},
  };
  return store::migrate(database, "governance.audit", kMigrations);
}

}  // namespace slipway::governance
