// SPDX-License-Identifier: Apache-2.0
// Who there is and what they may do. How they sign in is in sessions.cc.
#include "governance/principals.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "governance/principal_rows.h"
#include "store/like.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kNameLimit = 100;
constexpr std::size_t kEmailLimit = 254;  // RFC 5321
constexpr std::size_t kGrantsLimit = 100;
constexpr std::string_view kServicePrefix = "service:";

std::unexpected<Error> unknown_principal() {
  return fail(ErrorCode::kNotFound, "there is no such user or service account", "id",
              "GET /api/v1/principals lists them.");
}

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

Result<> check_email(std::string_view email) {
  const std::size_t at = email.find('@');
  const bool sound = at != std::string_view::npos && at > 0 && at + 1 < email.size() &&
                     email.find('@', at + 1) == std::string_view::npos && email.size() <= kEmailLimit &&
                     email.find_first_of(" ,;:<>\"\\()") == std::string_view::npos &&
                     !has_control_characters(email) && is_valid_utf8(email);
  if (sound) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is not an e-mail address", ellipsize(to_valid_utf8(email), 80)), "email",
              "People sign in with it; it looks like anna@example.com.");
}

Result<> check(const NewPrincipal& wanted) {
  if (wanted.kind != "user" && wanted.kind != "service")
    return fail(ErrorCode::kInvalidArgument, "kind must be user or service", "kind");
  if (wanted.name.empty() || wanted.name.size() > kNameLimit || !is_valid_utf8(wanted.name) ||
      has_control_characters(wanted.name))
    return fail(ErrorCode::kInvalidArgument, fmt::format("a name has 1 to {} bytes", kNameLimit), "name");
  if (wanted.kind == "service") {
    if (!wanted.email.empty())
      return fail(ErrorCode::kInvalidArgument, "a service account has no e-mail address", "email");
    return {};
  }
  // Otherwise somebody's name could be somebody else's address.
  if (wanted.name.contains('@'))
    return fail(ErrorCode::kInvalidArgument, "a person's name holds no @", "name",
                "The e-mail address has a field of its own.");
  return check_email(wanted.email);
}

Result<> check_grants(soci::session& sql, const std::vector<RoleGrant>& grants) {
  if (grants.size() > kGrantsLimit)
    return fail(ErrorCode::kInvalidArgument, fmt::format("at most {} roles", kGrantsLimit), "roles",
                "A role without a use case holds for all of them.");
  for (const RoleGrant& grant : grants) {
    if (grant.use_case.empty()) continue;
    long long known = 0;
    sql << "SELECT COUNT(*) FROM use_cases WHERE slug = :slug", soci::use(grant.use_case), soci::into(known);
    if (known == 0)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("there is no use case '{}'", ellipsize(grant.use_case, 80)), "roles",
                  "GET /api/v1/use-cases lists them.");
  }
  return {};
}

std::vector<RoleGrant> without_repetition(const std::vector<RoleGrant>& grants) {
  std::vector<RoleGrant> once;
  for (const RoleGrant& grant : grants)
    if (std::ranges::find(once, grant) == once.end()) once.push_back(grant);
  return once;
}

// "name, id" of the last row as the database compares them.
std::string write_cursor(const std::string& key, const std::string& id) {
  const std::string text = key + '\n' + id;
  return hex(text.data(), text.size());
}

Result<std::pair<std::string, std::string>> read_cursor(const std::string& cursor) {
  const auto text = unhex(cursor);
  const std::size_t at = text ? text->rfind('\n') : std::string::npos;
  if (at == std::string::npos)
    return fail(ErrorCode::kInvalidArgument, "this is no cursor of a list of principals", "cursor",
                "Take next_cursor of the page before as it is.");
  return std::pair{text->substr(0, at), text->substr(at + 1)};
}

Result<std::string> make_invitation(soci::session& sql, const std::string& id, std::int64_t valid_us) {
  std::string token = random_token(32);
  const std::string hash = hash_of_secret(token);
  const long long now = unix_now_us();
  const long long expires = now + valid_us;
  sql << "DELETE FROM sign_in_tokens WHERE principal = :id OR expires_us < :now", soci::use(id),
      soci::use(now);
  sql << "INSERT INTO sign_in_tokens (hash, principal, expires_us) VALUES (:hash, :id, :expires)",
      soci::use(hash), soci::use(id), soci::use(expires);
  return token;
}

std::string make_bearer(soci::session& sql, const std::string& id) {
  std::string token = "slp_" + random_token(32);
  const std::string hash = hash_of_secret(token);
  const long long now = unix_now_us();
  sql << "DELETE FROM service_tokens WHERE principal = :id", soci::use(id);
  sql << "INSERT INTO service_tokens (hash, principal, created_us) VALUES (:hash, :id, :now)",
      soci::use(hash), soci::use(id), soci::use(now);
  return token;
}

Result<Principal> load(soci::session& sql, const std::string& id) {
  PrincipalRow row;
  if (!find_row(sql, "p.id = :value", id, row)) return unknown_principal();
  return row.principal();
}

// Refuses what would leave nobody to manage people.
Result<> keep_an_administrator(soci::session& sql, const Principal& leaving) {
  if (leaving.kind != "user" || leaving.disabled_us != 0 || leaving.invited ||
      !is_administrator(leaving.grants))
    return {};
  PrincipalRow row;
  soci::statement statement(sql);
  into_row(statement, row);
  statement.exchange(soci::use(leaving.id, "id"));
  statement.alloc();
  statement.prepare("SELECT " + std::string(kPrincipalColumns) +
                    " FROM principals p WHERE p.kind = 'user' AND p.disabled_us = 0 AND p.invited = 0 AND "
                    "p.id <> :id AND p.roles LIKE '%admin%'");
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch())
    if (is_administrator(row.principal().grants)) return {};
  return fail(ErrorCode::kConflict, "this is the last active administrator", "id",
              "Give the role admin to somebody else first.");
}

json::object naming(const Principal& principal) { return {{"id", principal.id}, {"name", principal.name}}; }

}  // namespace

Result<> change_grants(soci::session& sql, const Actor& actor, Principal& principal,
                       const std::vector<RoleGrant>& wanted) {
  if (principal.grants == wanted) return {};
  if (!is_administrator(wanted)) SLIPWAY_TRY(keep_an_administrator(sql, principal));
  const std::string roles = write_grants(wanted);
  sql << "UPDATE principals SET roles = :roles WHERE id = :id", soci::use(roles), soci::use(principal.id);
  json::object detail = naming(principal);
  detail["before"] = grants_json(principal.grants);
  detail["after"] = grants_json(wanted);
  SLIPWAY_TRY(
      append_audit(sql, actor, {"principal.set_roles", "principal", principal.label(), {}, {}, detail}));
  principal.grants = wanted;
  return {};
}

Result<> PrincipalStore::ensure_administrator() {
  return database_.write_quietly([](soci::session& sql) -> Result<> {
    long long count = 0;
    sql << "SELECT COUNT(*) FROM principals WHERE kind = 'user'", soci::into(count);
    if (count > 0) return {};
    PrincipalRow row;
    row.id = new_principal_id();
    row.name = "admin";
    row.email = "admin@localhost";
    row.kind = "user";
    row.roles = "admin";
    row.created = unix_now_us();
    return insert_principal(sql, system_actor(), row, "principal.create");
  });
}

Result<std::string> PrincipalStore::make_sign_in_token(std::int64_t valid_us, const Actor& actor) {
  return database_.write_quietly([&](soci::session& sql) -> Result<std::string> {
    PrincipalRow row;
    std::optional<Principal> chosen;
    {
      soci::statement statement(sql);
      into_row(statement, row);
      statement.alloc();
      statement.prepare("SELECT " + std::string(kPrincipalColumns) +
                        " FROM principals p WHERE p.kind = 'user' AND p.disabled_us = 0 AND p.roles LIKE "
                        "'%admin%' ORDER BY p.invited, p.created_us, p.id");
      statement.define_and_bind();
      statement.execute();
      while (!chosen && statement.fetch())
        if (Principal found = row.principal(); is_administrator(found.grants)) chosen = std::move(found);
    }
    if (!chosen)
      return fail(ErrorCode::kNotFound, "there is no active administrator", {},
                  "Activate one with 'slipway user activate'.");
    std::string token = random_token(32);
    const std::string hash = hash_of_secret(token);
    const long long now = unix_now_us();
    const long long expires = now + valid_us;
    sql << "DELETE FROM sign_in_tokens WHERE expires_us < :now", soci::use(now);
    sql << "INSERT INTO sign_in_tokens (hash, principal, expires_us) VALUES (:hash, :id, :expires)",
        soci::use(hash), soci::use(chosen->id), soci::use(expires);
    SLIPWAY_TRY(append_audit(sql, actor,
                             {"session.create_link", "session", chosen->label(), {}, {}, naming(*chosen)}));
    return token;
  });
}

Result<std::string> PrincipalStore::make_service_token(std::string_view name) {
  return database_.write_quietly([&](soci::session& sql) -> Result<std::string> {
    PrincipalRow row;
    const std::string email = std::string(kServicePrefix) + std::string(name);
    if (find_row(sql, "p.email = :value", email, row)) {
      SLIPWAY_TRY(
          append_audit(sql, system_actor(),
                       {"principal.renew_secret", "principal", row.name, {}, {}, naming(row.principal())}));
    } else {
      row = {};
      row.id = new_principal_id();
      row.name = name;
      row.email = email;
      row.kind = "service";
      row.roles = "admin";
      row.created = unix_now_us();
      SLIPWAY_TRY(insert_principal(sql, system_actor(), row, "principal.create"));
    }
    return make_bearer(sql, row.id);
  });
}

Result<bool> PrincipalStore::is_service_token(std::string_view token) {
  const Result<Principal> found = find_service(token);
  if (found) return true;
  if (found.error().code == ErrorCode::kUnauthenticated) return false;
  return fail(found.error());
}

Result<PrincipalPage> PrincipalStore::list(const PrincipalQuery& query) {
  std::pair<std::string, std::string> after;
  if (!query.cursor.empty()) {
    SLIPWAY_ASSIGN(after, read_cursor(query.cursor));
  }
  const std::string pattern = store::contains_pattern(query.text);
  const long long limit = static_cast<long long>(query.limit) + 1;
  return database_.read([&](soci::session& sql) -> Result<PrincipalPage> {
    std::string where = "1 = 1";
    soci::statement statement(sql);
    PrincipalRow row;
    std::string key;
    into_row(statement, row);
    statement.exchange(soci::into(key));
    if (!query.text.empty()) {
      where +=
          " AND (lower(p.name) LIKE lower(:name) ESCAPE '\\' OR (p.kind = 'user' AND lower(p.email) LIKE "
          "lower(:email) ESCAPE '\\'))";
      statement.exchange(soci::use(pattern, "name"));
      statement.exchange(soci::use(pattern, "email"));
    }
    if (!query.kind.empty()) {
      where += " AND p.kind = :kind";
      statement.exchange(soci::use(query.kind, "kind"));
    }
    if (!query.cursor.empty()) {
      where += " AND (lower(p.name) > :after OR (lower(p.name) = :same AND p.id > :id))";
      statement.exchange(soci::use(after.first, "after"));
      statement.exchange(soci::use(after.first, "same"));
      statement.exchange(soci::use(after.second, "id"));
    }
    statement.exchange(soci::use(limit, "limit"));
    statement.alloc();
    statement.prepare("SELECT " + std::string(kPrincipalColumns) +
                      ", lower(p.name) FROM principals p WHERE " + where +
                      " ORDER BY lower(p.name), p.id LIMIT :limit");
    statement.define_and_bind();
    statement.execute();
    PrincipalPage page;
    std::string last_key;
    while (statement.fetch()) {
      if (page.items.size() == query.limit) {
        page.next_cursor = write_cursor(last_key, page.items.back().id);
        break;
      }
      page.items.push_back(row.principal());
      last_key = key;
    }
    return page;
  });
}

Result<Principal> PrincipalStore::get(const std::string& id) {
  return database_.read([&](soci::session& sql) { return load(sql, id); });
}

Result<PrincipalWithToken> PrincipalStore::create(const Actor& actor, const NewPrincipal& wanted,
                                                  std::int64_t invitation_us) {
  NewPrincipal clean = wanted;
  clean.name = trim(clean.name);
  clean.email = to_lower(trim(clean.email));
  clean.grants = without_repetition(clean.grants);
  SLIPWAY_TRY(check(clean));
  return database_.write_quietly([&](soci::session& sql) -> Result<PrincipalWithToken> {
    SLIPWAY_TRY(check_grants(sql, clean.grants));
    const bool user = clean.kind == "user";
    PrincipalRow row;
    row.email = user ? clean.email : std::string(kServicePrefix) + clean.name;
    if (PrincipalRow taken; find_row(sql, "lower(p.email) = lower(:value)", row.email, taken))
      return fail(ErrorCode::kConflict,
                  user ? fmt::format("{} is a user already", clean.email)
                       : fmt::format("there is a service account '{}' already", clean.name),
                  user ? "email" : "name",
                  taken.disabled != 0 ? "It is inactive: activate it instead."
                                      : "Change its roles, or make a new link or token for it.");
    row.id = new_principal_id();
    row.name = clean.name;
    row.kind = clean.kind;
    row.roles = write_grants(clean.grants);
    row.created = unix_now_us();
    row.invited = user ? 1 : 0;
    SLIPWAY_TRY(insert_principal(sql, actor, row, user ? "principal.invite" : "principal.create"));
    PrincipalWithToken made;
    made.principal = row.principal();
    if (user) {
      SLIPWAY_ASSIGN(made.token, make_invitation(sql, row.id, invitation_us));
    } else {
      made.token = make_bearer(sql, row.id);
    }
    return made;
  });
}

Result<Principal> PrincipalStore::set_grants(const Actor& actor, const std::string& id,
                                             const std::vector<RoleGrant>& grants) {
  const std::vector<RoleGrant> wanted = without_repetition(grants);
  return database_.write_quietly([&](soci::session& sql) -> Result<Principal> {
    SLIPWAY_ASSIGN(Principal principal, load(sql, id));
    if (actor.id == id)
      return fail(ErrorCode::kPermissionDenied, "nobody changes their own roles", "id",
                  "Ask another administrator.");
    SLIPWAY_TRY(check_grants(sql, wanted));
    SLIPWAY_TRY(change_grants(sql, actor, principal, wanted));
    return principal;
  });
}

Result<Principal> PrincipalStore::deactivate(const Actor& actor, const std::string& id) {
  return database_.write_quietly([&](soci::session& sql) -> Result<Principal> {
    SLIPWAY_ASSIGN(Principal principal, load(sql, id));
    if (actor.id == id)
      return fail(ErrorCode::kPermissionDenied, "nobody deactivates themselves", "id",
                  "Ask another administrator.");
    if (principal.disabled_us != 0) return principal;
    SLIPWAY_TRY(keep_an_administrator(sql, principal));
    const long long now = unix_now_us();
    sql << "UPDATE principals SET disabled_us = :now WHERE id = :id", soci::use(now), soci::use(id);
    sql << "DELETE FROM sessions WHERE principal = :id", soci::use(id);
    sql << "DELETE FROM service_tokens WHERE principal = :id", soci::use(id);
    sql << "DELETE FROM sign_in_tokens WHERE principal = :id", soci::use(id);
    SLIPWAY_TRY(append_audit(
        sql, actor, {"principal.deactivate", "principal", principal.label(), {}, {}, naming(principal)}));
    principal.disabled_us = now;
    return principal;
  });
}

Result<Principal> PrincipalStore::activate(const Actor& actor, const std::string& id) {
  return database_.write_quietly([&](soci::session& sql) -> Result<Principal> {
    SLIPWAY_ASSIGN(Principal principal, load(sql, id));
    if (principal.disabled_us == 0) return principal;
    sql << "UPDATE principals SET disabled_us = 0 WHERE id = :id", soci::use(id);
    SLIPWAY_TRY(append_audit(
        sql, actor, {"principal.activate", "principal", principal.label(), {}, {}, naming(principal)}));
    principal.disabled_us = 0;
    return principal;
  });
}

Result<PrincipalWithToken> PrincipalStore::renew_secret(const Actor& actor, const std::string& id,
                                                        std::int64_t invitation_us) {
  return database_.write_quietly([&](soci::session& sql) -> Result<PrincipalWithToken> {
    PrincipalWithToken renewed;
    SLIPWAY_ASSIGN(renewed.principal, load(sql, id));
    Principal& principal = renewed.principal;
    if (principal.disabled_us != 0)
      return fail(ErrorCode::kConflict, "this account is inactive", "id", "Activate it first.");
    if (principal.kind == "user") {
      if (actor.id == id)
        return fail(ErrorCode::kPermissionDenied, "nobody makes a link for themselves", "id",
                    "Change the password instead.");
      // An administrator could use the link in the person's name. That the old password ends makes it show.
      principal.password_set = false;
      principal.invited = !principal.identity_linked;
      const long long invited = principal.invited ? 1 : 0;
      sql << "UPDATE principals SET password_hash = '', invited = :invited WHERE id = :id",
          soci::use(invited), soci::use(id);
      sql << "DELETE FROM sessions WHERE principal = :id", soci::use(id);
      SLIPWAY_ASSIGN(renewed.token, make_invitation(sql, id, invitation_us));
    } else {
      renewed.token = make_bearer(sql, id);
    }
    SLIPWAY_TRY(append_audit(
        sql, actor, {"principal.renew_secret", "principal", principal.label(), {}, {}, naming(principal)}));
    return renewed;
  });
}

Result<std::string> PrincipalStore::shared_secret(std::string_view name) {
  const std::string key(name);
  const std::string fresh = random_token(32);
  SLIPWAY_ASSIGN(const std::string value, database_.write_quietly([&](soci::session& sql)
                                                                      -> Result<std::string> {
    sql << "INSERT INTO shared_secrets (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING",
        soci::use(key), soci::use(fresh);
    std::string stored;
    sql << "SELECT value FROM shared_secrets WHERE name = :name", soci::use(key), soci::into(stored);
    return stored;
  }));
  const Sha256 digest = sha256(value);
  return std::string(digest.begin(), digest.end());
}

}  // namespace slipway::governance
