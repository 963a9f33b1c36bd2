// SPDX-License-Identifier: Apache-2.0
#include "governance/principal_rows.h"

#include "base/crypto.h"
#include "base/ids.h"
#include "base/text.h"
#include "store/migrations.h"

namespace slipway::governance {

namespace {

// A grant that can't be read (written by a newer version, say) permits nothing.
std::vector<RoleGrant> read_grants(const std::string& text) {
  std::vector<RoleGrant> grants;
  for (const std::string_view part : split(text, ','))
    if (auto grant = parse_grant(part)) grants.push_back(std::move(*grant));
  return grants;
}

}  // namespace

std::string_view Principal::state() const {
  if (disabled_us != 0) return "inactive";
  return invited ? "invited" : "active";
}

Principal PrincipalRow::principal() const {
  Principal made;
  made.id = id;
  made.name = name;
  // The column is unique, so services and people without an address have something else in it.
  if (email.contains('@') && !email.contains(':')) made.email = email;
  made.kind = kind;
  made.grants = read_grants(roles);
  made.password_set = !password_hash.empty();
  made.identity_linked = !subject.empty();
  made.invited = invited != 0;
  made.created_us = created;
  made.last_seen_us = last_seen;
  made.disabled_us = disabled;
  return made;
}

void into_row(soci::statement& statement, PrincipalRow& row) {
  for (std::string* const text :
       {&row.id, &row.name, &row.email, &row.kind, &row.roles, &row.password_hash, &row.issuer, &row.subject})
    statement.exchange(soci::into(*text));
  for (long long* const number : {&row.created, &row.last_seen, &row.disabled, &row.invited})
    statement.exchange(soci::into(*number));
}

bool find_row(soci::session& sql, std::string_view condition, const std::string& value, PrincipalRow& row) {
  soci::statement statement(sql);
  into_row(statement, row);
  statement.exchange(soci::use(value, "value"));
  statement.alloc();
  statement.prepare("SELECT " + std::string(kPrincipalColumns) + " FROM principals p WHERE " +
                    std::string(condition));
  statement.define_and_bind();
  return statement.execute(true);
}

std::string hash_of_secret(std::string_view secret) { return hex(sha256(secret)); }

std::string new_principal_id() {
  UuidGenerator ids;
  return ids.next().to_string();
}

std::string write_grants(const std::vector<RoleGrant>& grants) {
  std::string text;
  for (const RoleGrant& grant : grants) text += (text.empty() ? "" : ",") + to_string(grant);
  return text;
}

json::array grants_json(const std::vector<RoleGrant>& grants) {
  json::array list;
  for (const RoleGrant& grant : grants) list.emplace_back(to_string(grant));
  return list;
}

Result<> insert_principal(soci::session& sql, const Actor& actor, const PrincipalRow& row,
                          std::string_view action) {
  sql << "INSERT INTO principals (id, name, email, kind, roles, password_hash, created_us, disabled_us, "
         "last_seen_us, invited, oidc_issuer, oidc_subject) VALUES (:id, :name, :email, :kind, :roles, '', "
         ":created, 0, 0, :invited, :issuer, :subject)",
      soci::use(row.id), soci::use(row.name), soci::use(row.email), soci::use(row.kind), soci::use(row.roles),
      soci::use(row.created), soci::use(row.invited), soci::use(row.issuer), soci::use(row.subject);
  const Principal made = row.principal();
  json::object detail{
      {"id", made.id}, {"name", made.name}, {"kind", made.kind}, {"roles", grants_json(made.grants)}};
  if (!made.email.empty()) detail["email"] = made.email;
  return append_audit(sql, actor, {std::string(action), "principal", made.label(), {}, {}, detail});
}

Result<> migrate_people(store::Database& database) {
  static const std::vector<store::Migration> kMigrations = {
      {1,
       "invitations, identities and last use",
       {
           "ALTER TABLE principals ADD COLUMN last_seen_us BIGINT NOT NULL DEFAULT 0",
           "ALTER TABLE principals ADD COLUMN invited BIGINT NOT NULL DEFAULT 0",
           "ALTER TABLE principals ADD COLUMN oidc_issuer TEXT NOT NULL DEFAULT ''",
           "ALTER TABLE principals ADD COLUMN oidc_subject TEXT NOT NULL DEFAULT ''",
           "CREATE UNIQUE INDEX principals_by_identity ON principals (oidc_issuer, oidc_subject) "
           "WHERE oidc_subject <> ''",
           "CREATE INDEX principals_by_name ON principals (lower(name), id)",
           R"(CREATE TABLE shared_secrets (
                name TEXT PRIMARY KEY,
                value TEXT NOT NULL))",
       }},
  };
  return store::migrate(database, "governance.people", kMigrations);
}

}  // namespace slipway::governance
