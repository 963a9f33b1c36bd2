// SPDX-License-Identifier: Apache-2.0
#include "governance/principals.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/ids.h"
#include "base/text.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kPasswordMin = 12;
constexpr std::size_t kPasswordMax = 256;

std::string hash_of(std::string_view secret) { return hex(sha256(secret)); }

std::string new_id() {
  UuidGenerator ids;
  return ids.next().to_string();
}

// A grant that can't be read (written by a newer version, say) permits nothing.
std::vector<RoleGrant> read_grants(const std::string& text) {
  std::vector<RoleGrant> grants;
  for (const std::string_view part : split(text, ','))
    if (auto grant = parse_grant(part)) grants.push_back(std::move(*grant));
  return grants;
}

struct PrincipalRow {
  std::string id, name, email, kind, roles, password_hash;

  [[nodiscard]] Principal principal() const {
    return {id, name, email, kind, read_grants(roles), !password_hash.empty()};
  }
};

std::unexpected<Error> no_session() {
  return fail(ErrorCode::kUnauthenticated, "you are not signed in, or the session has ended", {},
              "Sign in again.");
}

}  // namespace

Result<> PrincipalStore::ensure_administrator() {
  return database_.write([](soci::session& sql) -> Result<> {
    int count = 0;
    sql << "SELECT COUNT(*) FROM principals WHERE kind = 'user'", soci::into(count);
    if (count > 0) return {};
    const std::string id = new_id();
    const long long now = unix_now_us();
    sql << "INSERT INTO principals (id, name, email, kind, roles, password_hash, created_us, disabled_us) "
           "VALUES (:id, 'admin', 'admin@localhost', 'user', 'admin', '', :now, 0)",
        soci::use(id), soci::use(now);
    return {};
  });
}

Result<std::string> PrincipalStore::make_sign_in_token(std::int64_t valid_us) {
  const std::string token = random_token(32);
  const std::string hash = hash_of(token);
  const long long now = unix_now_us();
  const long long expires = now + valid_us;
  SLIPWAY_TRY(database_.write([&](soci::session& sql) -> Result<> {
    std::string id;
    sql << "SELECT id FROM principals WHERE name = 'admin' AND kind = 'user'", soci::into(id);
    sql << "DELETE FROM sign_in_tokens WHERE expires_us < :now", soci::use(now);
    sql << "INSERT INTO sign_in_tokens (hash, principal, expires_us) VALUES (:hash, :id, :expires)",
        soci::use(hash), soci::use(id), soci::use(expires);
    return {};
  }));
  return token;
}

Result<std::string> PrincipalStore::make_service_token(std::string_view name) {
  const std::string token = "slp_" + random_token(32);
  const std::string hash = hash_of(token);
  const std::string service(name);
  const std::string email = "service:" + service;
  const long long now = unix_now_us();
  SLIPWAY_TRY(database_.write([&](soci::session& sql) -> Result<> {
    std::string id;
    sql << "SELECT id FROM principals WHERE email = :email", soci::use(email), soci::into(id);
    if (!sql.got_data()) {
      id = new_id();
      sql << "INSERT INTO principals (id, name, email, kind, roles, password_hash, created_us, disabled_us) "
             "VALUES (:id, :name, :email, 'service', 'admin', '', :now, 0)",
          soci::use(id), soci::use(service), soci::use(email), soci::use(now);
    }
    sql << "DELETE FROM service_tokens WHERE principal = :id", soci::use(id);
    sql << "INSERT INTO service_tokens (hash, principal, created_us) VALUES (:hash, :id, :now)",
        soci::use(hash), soci::use(id), soci::use(now);
    return {};
  }));
  return token;
}

Result<bool> PrincipalStore::is_service_token(std::string_view token) {
  const Result<Principal> found = find_service(token);
  if (found) return true;
  if (found.error().code == ErrorCode::kUnauthenticated) return false;
  return fail(found.error());
}

Result<Principal> PrincipalStore::find_service(std::string_view token) {
  const std::string hash = hash_of(token);
  return database_.read([&](soci::session& sql) -> Result<Principal> {
    PrincipalRow row;
    sql << "SELECT p.id, p.name, p.email, p.kind, p.roles, p.password_hash FROM service_tokens t "
           "JOIN principals p ON p.id = t.principal WHERE t.hash = :hash AND p.disabled_us = 0",
        soci::use(hash), soci::into(row.id), soci::into(row.name), soci::into(row.email),
        soci::into(row.kind), soci::into(row.roles), soci::into(row.password_hash);
    if (!sql.got_data())
      return fail(ErrorCode::kUnauthenticated, "this service token is not known here", {},
                  "Sign in again with 'slipway login'.");
    Principal principal = row.principal();
    principal.email.clear();
    return principal;
  });
}

Result<OpenedSession> PrincipalStore::open_session(const Principal& principal, bool by_token) {
  OpenedSession opened;
  opened.cookie = random_token(32);
  opened.session = {principal, random_token(24), by_token};
  const std::string hash = hash_of(opened.cookie);
  const long long now = unix_now_us();
  const long long expires = now + session_us_;
  const int token_flag = by_token ? 1 : 0;
  SLIPWAY_TRY(database_.write([&](soci::session& sql) -> Result<> {
    sql << "DELETE FROM sessions WHERE expires_us < :now", soci::use(now);
    sql << "INSERT INTO sessions (hash, principal, csrf, by_token, expires_us) "
           "VALUES (:hash, :principal, :csrf, :flag, :expires)",
        soci::use(hash), soci::use(principal.id), soci::use(opened.session.csrf_token), soci::use(token_flag),
        soci::use(expires);
    return {};
  }));
  return opened;
}

Result<OpenedSession> PrincipalStore::sign_in_with_password(std::string_view login,
                                                            std::string_view password) {
  const std::string name(login);
  SLIPWAY_ASSIGN(const PrincipalRow row, database_.read([&](soci::session& sql) -> Result<PrincipalRow> {
    PrincipalRow found;
    sql << "SELECT id, name, email, kind, roles, password_hash FROM principals "
           "WHERE (email = :email OR name = :name) AND kind = 'user' AND disabled_us = 0",
        soci::use(name), soci::use(name), soci::into(found.id), soci::into(found.name),
        soci::into(found.email), soci::into(found.kind), soci::into(found.roles),
        soci::into(found.password_hash);
    return found;
  }));
  // An unknown user costs the same time as a wrong password, so that names can't be probed.
  static const std::string kNobody = hash_password("nobody's password").value_or("");
  const bool right = verify_password(row.password_hash.empty() ? kNobody : row.password_hash, password);
  if (!right || row.password_hash.empty())
    return fail(ErrorCode::kUnauthenticated, "the name or the password is wrong", {},
                "Try again, or run 'slipway sign-in-link' on the server.");
  return open_session(row.principal(), false);
}

Result<OpenedSession> PrincipalStore::sign_in_with_token(std::string_view token) {
  const std::string hash = hash_of(token);
  const long long now = unix_now_us();
  SLIPWAY_ASSIGN(const PrincipalRow row, database_.write([&](soci::session& sql) -> Result<PrincipalRow> {
    PrincipalRow found;
    sql << "SELECT p.id, p.name, p.email, p.kind, p.roles, p.password_hash FROM sign_in_tokens t "
           "JOIN principals p ON p.id = t.principal "
           "WHERE t.hash = :hash AND t.expires_us >= :now AND p.disabled_us = 0",
        soci::use(hash), soci::use(now), soci::into(found.id), soci::into(found.name),
        soci::into(found.email), soci::into(found.kind), soci::into(found.roles),
        soci::into(found.password_hash);
    if (!sql.got_data())
      return fail(ErrorCode::kUnauthenticated, "this sign-in link was used already or has expired", {},
                  "Run 'slipway sign-in-link' on the server for another one.");
    sql << "DELETE FROM sign_in_tokens WHERE hash = :hash", soci::use(hash);
    return found;
  }));
  return open_session(row.principal(), true);
}

Result<Session> PrincipalStore::find_session(std::string_view cookie) {
  const std::string hash = hash_of(cookie);
  const long long now = unix_now_us();
  return database_.read([&](soci::session& sql) -> Result<Session> {
    PrincipalRow row;
    std::string csrf;
    int by_token = 0;
    sql << "SELECT p.id, p.name, p.email, p.kind, p.roles, p.password_hash, s.csrf, s.by_token FROM sessions "
           "s "
           "JOIN principals p ON p.id = s.principal "
           "WHERE s.hash = :hash AND s.expires_us >= :now AND p.disabled_us = 0",
        soci::use(hash), soci::use(now), soci::into(row.id), soci::into(row.name), soci::into(row.email),
        soci::into(row.kind), soci::into(row.roles), soci::into(row.password_hash), soci::into(csrf),
        soci::into(by_token);
    if (!sql.got_data()) return no_session();
    return Session{row.principal(), csrf, by_token != 0};
  });
}

Result<> PrincipalStore::sign_out(std::string_view cookie) {
  const std::string hash = hash_of(cookie);
  return database_.write([&](soci::session& sql) -> Result<> {
    sql << "DELETE FROM sessions WHERE hash = :hash", soci::use(hash);
    return {};
  });
}

Result<> PrincipalStore::set_password(const Session& session, std::string_view cookie,
                                      const std::optional<std::string>& current,
                                      std::string_view replacement) {
  if (replacement.size() < kPasswordMin || replacement.size() > kPasswordMax)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a password has {} to {} characters", kPasswordMin, kPasswordMax), "new_password",
                "A few unrelated words make a good one.");
  std::string stored;
  SLIPWAY_TRY(database_.read([&](soci::session& sql) -> Result<> {
    sql << "SELECT password_hash FROM principals WHERE id = :id", soci::use(session.principal.id),
        soci::into(stored);
    return {};
  }));
  if (!stored.empty() && !session.opened_by_token && (!current || !verify_password(stored, *current)))
    return fail(ErrorCode::kPermissionDenied, "the present password is wrong", "current_password");
  SLIPWAY_ASSIGN(const std::string hash, hash_password(replacement));
  const std::string cookie_hash = hash_of(cookie);
  return database_.write([&](soci::session& sql) -> Result<> {
    sql << "UPDATE principals SET password_hash = :hash WHERE id = :id", soci::use(hash),
        soci::use(session.principal.id);
    sql << "DELETE FROM sessions WHERE principal = :id AND hash <> :hash", soci::use(session.principal.id),
        soci::use(cookie_hash);
    sql << "UPDATE sessions SET by_token = 0 WHERE hash = :hash", soci::use(cookie_hash);
    return {};
  });
}

}  // namespace slipway::governance
