// SPDX-License-Identifier: Apache-2.0
// What the files of PrincipalStore share: a principal as it is stored.
#pragma once

#include <string>
#include <string_view>

#include "governance/principals.h"

namespace slipway::governance {

struct PrincipalRow {
  std::string id, name, email, kind, roles, password_hash, issuer, subject;
  long long created = 0, last_seen = 0, disabled = 0, invited = 0;

  [[nodiscard]] Principal principal() const;
};

// With the table as `p`, in the order of into_row().
inline constexpr std::string_view kPrincipalColumns =
    "p.id, p.name, p.email, p.kind, p.roles, p.password_hash, p.oidc_issuer, p.oidc_subject, p.created_us, "
    "p.last_seen_us, p.disabled_us, p.invited";

// Binds the columns above to the fields of a row.
void into_row(soci::statement& statement, PrincipalRow& row);

// One row by a condition with the single parameter `:value`; false if there is none.
bool find_row(soci::session& sql, std::string_view condition, const std::string& value, PrincipalRow& row);

std::string hash_of_secret(std::string_view secret);
std::string new_principal_id();
std::string write_grants(const std::vector<RoleGrant>& grants);
json::array grants_json(const std::vector<RoleGrant>& grants);

// Writes a new row of the given kind, and its audit entry.
Result<> insert_principal(soci::session& sql, const Actor& actor, const PrincipalRow& row,
                          std::string_view action);

// Replaces the roles and writes what changed to the audit log. kConflict if the last active administrator
// would no longer be one.
Result<> change_grants(soci::session& sql, const Actor& actor, Principal& principal,
                       const std::vector<RoleGrant>& wanted);

}  // namespace slipway::governance
