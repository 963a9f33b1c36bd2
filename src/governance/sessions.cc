// SPDX-License-Identifier: Apache-2.0
// How people and programs sign in, and what keeps them signed in.
#include <fmt/format.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "governance/principal_rows.h"
#include "governance/principals.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kPasswordMin = 12;
constexpr std::size_t kPasswordMax = 256;
constexpr std::int64_t kMinuteUs = 60'000'000;
constexpr std::int64_t kSeenEveryUs = 5 * kMinuteUs;
constexpr std::size_t kSubjectLimit = 255;  // OpenID Connect Core, section 2
constexpr std::size_t kNameLimit = 100;

// Who was not recognised.
const Actor& stranger() {
  static const Actor kStranger{"", "unknown", "anonymous"};
  return kStranger;
}

std::unexpected<Error> no_session() {
  return fail(ErrorCode::kUnauthenticated, "you are not signed in, or the session has ended", {},
              "Sign in again.");
}

std::unexpected<Error> refused(std::string message, std::string hint) {
  return fail(ErrorCode::kPermissionDenied, std::move(message), {}, std::move(hint));
}

// By e-mail address; else by name if only one user has it: names need not be unique.
bool find_user(soci::session& sql, const std::string& login, PrincipalRow& row) {
  if (find_row(sql, "p.kind = 'user' AND lower(p.email) = lower(:value)", login, row)) return true;
  long long count = 0;
  sql << "SELECT COUNT(*) FROM principals WHERE kind = 'user' AND name = :name", soci::use(login),
      soci::into(count);
  return count == 1 && find_row(sql, "p.kind = 'user' AND p.name = :value", login, row);
}

json::object sign_in_detail(const Principal& principal, std::string_view method, std::string_view address) {
  json::object detail{{"id", principal.id}, {"method", std::string(method)}};
  if (!address.empty()) detail["address"] = std::string(address);
  return detail;
}

std::string name_for(const ExternalIdentity& identity) {
  std::string name =
      identity.name.empty() ? identity.email.substr(0, identity.email.find('@')) : identity.name;
  if (name.empty()) name = identity.subject;
  std::erase_if(name, [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '@'; });
  return ellipsize(to_valid_utf8(name), kNameLimit - 3);
}

Result<> link_identity(soci::session& sql, const ExternalIdentity& identity, PrincipalRow& row) {
  if (!row.subject.empty())
    return refused(
        fmt::format("{} belongs to another account of the identity provider", identity.email),
        "An administrator can deactivate the old user here, or the identity provider can give the address "
        "back to its account.");
  row.issuer = identity.issuer;
  row.subject = identity.subject;
  row.invited = 0;
  sql << "UPDATE principals SET oidc_issuer = :issuer, oidc_subject = :subject, invited = 0 WHERE id = :id",
      soci::use(row.issuer), soci::use(row.subject), soci::use(row.id);
  sql << "DELETE FROM sign_in_tokens WHERE principal = :id", soci::use(row.id);
  const Principal principal = row.principal();
  return append_audit(sql, principal.actor(),
                      {"principal.link_identity",
                       "principal",
                       principal.label(),
                       {},
                       {},
                       {{"id", principal.id}, {"issuer", identity.issuer}, {"subject", identity.subject}}});
}

Result<> provision(soci::session& sql, const ExternalIdentity& identity, PrincipalRow& row) {
  const std::vector<RoleGrant>& grants =
      identity.grants && !identity.grants->empty() ? *identity.grants : identity.default_grants;
  if (grants.empty())
    return refused(identity.email.empty()
                       ? "nobody here knows you, and the identity provider tells no verified "
                         "e-mail address"
                       : fmt::format("nobody has invited {}", identity.email),
                   "Ask an administrator to invite that address.");
  row = {};
  row.id = new_principal_id();
  row.name = name_for(identity);
  row.email = identity.email.empty() ? "subject:" + row.id : identity.email;
  row.kind = "user";
  row.roles = write_grants(grants);
  row.created = unix_now_us();
  row.issuer = identity.issuer;
  row.subject = identity.subject;
  return insert_principal(sql, system_actor(), row, "principal.create");
}

}  // namespace

Result<OpenedSession> PrincipalStore::open_session(soci::session& sql, const Principal& principal,
                                                   std::string_view method, std::string_view address) {
  OpenedSession opened;
  opened.cookie = random_token(32);
  const bool by_token = method == "link";
  opened.session = {principal, random_token(24), by_token};
  const std::string hash = hash_of_secret(opened.cookie);
  const long long now = unix_now_us();
  const long long expires = now + session_us_;
  const long long token_flag = by_token ? 1 : 0;
  sql << "DELETE FROM sessions WHERE expires_us < :now", soci::use(now);
  sql << "INSERT INTO sessions (hash, principal, csrf, by_token, expires_us) "
         "VALUES (:hash, :principal, :csrf, :flag, :expires)",
      soci::use(hash), soci::use(principal.id), soci::use(opened.session.csrf_token), soci::use(token_flag),
      soci::use(expires);
  sql << "UPDATE principals SET last_seen_us = :now WHERE id = :id", soci::use(now), soci::use(principal.id);
  opened.session.principal.last_seen_us = now;
  SLIPWAY_TRY(append_audit(
      sql, principal.actor(),
      {"session.sign_in", "session", principal.label(), {}, {}, sign_in_detail(principal, method, address)}));
  return opened;
}

Result<> PrincipalStore::note_failure(const Principal& principal, std::string_view method,
                                      std::string_view address) {
  const std::int64_t minute = unix_now_us() / kMinuteUs;
  std::int64_t untold = 0;
  {
    const std::lock_guard lock(failures_mutex_);
    Failures& failures = failures_[principal.id];
    if (failures.minute == minute) {
      ++failures.untold;
      return {};
    }
    untold = std::exchange(failures.untold, 0);
    failures.minute = minute;
  }
  json::object detail = sign_in_detail(principal, method, address);
  if (untold > 0) detail["further_failures_before"] = untold;
  return database_.write_quietly([&](soci::session& sql) {
    return append_audit(sql, stranger(),
                        {"session.sign_in_failed", "session", principal.label(), {}, {}, detail});
  });
}

void PrincipalStore::note_seen(const Principal& principal) {
  const long long now = unix_now_us();
  if (now - principal.last_seen_us < kSeenEveryUs) return;
  const Result<> noted = database_.write_quietly([&](soci::session& sql) -> Result<> {
    sql << "UPDATE principals SET last_seen_us = :now WHERE id = :id AND last_seen_us < :older",
        soci::use(now), soci::use(principal.id), soci::use(now);
    return {};
  });
  static_cast<void>(noted);  // a courtesy: on a full disk people must still be able to look and to free space
}

Result<OpenedSession> PrincipalStore::sign_in_with_password(std::string_view login, std::string_view password,
                                                            std::string_view address) {
  const std::string name(trim(login));
  SLIPWAY_ASSIGN(const PrincipalRow row, database_.read([&](soci::session& sql) -> Result<PrincipalRow> {
    PrincipalRow found;
    if (!find_user(sql, name, found)) return PrincipalRow{};
    return found;
  }));
  // An unknown user costs the same time as a wrong password, so that names can't be probed.
  static const std::string kNobody = hash_password("nobody's password").value_or("");
  const bool right = verify_password(row.password_hash.empty() ? kNobody : row.password_hash, password);
  if (!right || row.password_hash.empty() || row.disabled != 0) {
    // What was typed as the name of nobody may be a password: it is not kept.
    if (!row.id.empty()) SLIPWAY_TRY(note_failure(row.principal(), "password", address));
    return fail(ErrorCode::kUnauthenticated, "the name or the password is wrong", {},
                "Try again, or ask an administrator for a new link.");
  }
  return database_.write_quietly([&](soci::session& sql) -> Result<OpenedSession> {
    // Deactivation or another password may have come while the hash was computed.
    PrincipalRow now;
    if (!find_row(sql, "p.id = :value", row.id, now) || now.disabled != 0 ||
        now.password_hash != row.password_hash)
      return no_session();
    return open_session(sql, now.principal(), "password", address);
  });
}

Result<OpenedSession> PrincipalStore::sign_in_with_token(std::string_view token, std::string_view address) {
  const std::string hash = hash_of_secret(token);
  const long long now = unix_now_us();
  return database_.write_quietly([&](soci::session& sql) -> Result<OpenedSession> {
    std::string id;
    PrincipalRow row;
    sql << "SELECT principal FROM sign_in_tokens WHERE hash = :hash AND expires_us >= :now", soci::use(hash),
        soci::use(now), soci::into(id);
    if (!sql.got_data() || !find_row(sql, "p.id = :value AND p.disabled_us = 0", id, row))
      return fail(ErrorCode::kUnauthenticated, "this sign-in link was used already or has expired", {},
                  "Ask an administrator for another one, or run 'slipway sign-in-link' on the server.");
    sql << "DELETE FROM sign_in_tokens WHERE hash = :hash", soci::use(hash);
    return open_session(sql, row.principal(), "link", address);
  });
}

Result<OpenedSession> PrincipalStore::sign_in_with_identity(const ExternalIdentity& identity,
                                                            std::string_view address) {
  if (identity.subject.empty() || identity.subject.size() > kSubjectLimit || identity.issuer.empty())
    return fail(ErrorCode::kInvalidArgument, "the identity provider names no proper subject", "sub");
  Principal inactive;  // told after the transaction, which a refusal rolls back
  auto opened = database_.write_quietly([&](soci::session& sql) -> Result<OpenedSession> {
    PrincipalRow row;
    std::string id;
    sql << "SELECT id FROM principals WHERE oidc_issuer = :issuer AND oidc_subject = :subject",
        soci::use(identity.issuer), soci::use(identity.subject), soci::into(id);
    if (sql.got_data()) {
      find_row(sql, "p.id = :value", id, row);
    } else if (!identity.email.empty() &&
               find_row(sql, "p.kind = 'user' AND lower(p.email) = lower(:value)", identity.email, row)) {
      if (row.disabled == 0) SLIPWAY_TRY(link_identity(sql, identity, row));
    } else {
      SLIPWAY_TRY(provision(sql, identity, row));
    }
    if (row.disabled != 0) {
      inactive = row.principal();
      return refused("your account here is inactive", "Ask an administrator to activate it.");
    }
    Principal principal = row.principal();
    if (identity.grants) {
      const std::vector<RoleGrant>& wanted =
          identity.grants->empty() ? identity.default_grants : *identity.grants;
      if (wanted.empty())
        return refused("none of the groups the identity provider tells of you gives a role here",
                       "Ask an administrator to map one of them (setting oidc.role_mapping).");
      const Result<> changed = change_grants(sql, system_actor(), principal, wanted);
      // The last administrator stays one: a mistake in the mapping must not lock everybody out.
      if (!changed && changed.error().code != ErrorCode::kConflict) return fail(changed.error());
    }
    return open_session(sql, principal, "oidc", address);
  });
  if (!opened && !inactive.id.empty()) SLIPWAY_TRY(note_failure(inactive, "oidc", address));
  return opened;
}

Result<Session> PrincipalStore::find_session(std::string_view cookie) {
  const std::string hash = hash_of_secret(cookie);
  const long long now = unix_now_us();
  SLIPWAY_ASSIGN(Session session, database_.read([&](soci::session& sql) -> Result<Session> {
    PrincipalRow row;
    std::string id;
    std::string csrf;
    long long by_token = 0;
    sql << "SELECT principal, csrf, by_token FROM sessions WHERE hash = :hash AND expires_us >= :now",
        soci::use(hash), soci::use(now), soci::into(id), soci::into(csrf), soci::into(by_token);
    if (!sql.got_data() || !find_row(sql, "p.id = :value AND p.disabled_us = 0", id, row))
      return no_session();
    return Session{row.principal(), csrf, by_token != 0};
  }));
  note_seen(session.principal);
  return session;
}

Result<Principal> PrincipalStore::find_service(std::string_view token) {
  const std::string hash = hash_of_secret(token);
  SLIPWAY_ASSIGN(Principal principal, database_.read([&](soci::session& sql) -> Result<Principal> {
    PrincipalRow row;
    std::string id;
    sql << "SELECT principal FROM service_tokens WHERE hash = :hash", soci::use(hash), soci::into(id);
    if (!sql.got_data() || !find_row(sql, "p.id = :value AND p.disabled_us = 0", id, row))
      return fail(ErrorCode::kUnauthenticated, "this service token is not known here", {},
                  "Sign in again with 'slipway login'.");
    return row.principal();
  }));
  note_seen(principal);
  return principal;
}

Result<> PrincipalStore::sign_out(const Session& session, std::string_view cookie) {
  const std::string hash = hash_of_secret(cookie);
  return database_.write_quietly([&](soci::session& sql) -> Result<> {
    sql << "DELETE FROM sessions WHERE hash = :hash", soci::use(hash);
    return append_audit(
        sql, session.principal.actor(),
        {"session.sign_out", "session", session.principal.label(), {}, {}, {{"id", session.principal.id}}});
  });
}

Result<> PrincipalStore::set_password(const Session& session, std::string_view cookie,
                                      const std::optional<std::string>& current,
                                      std::string_view replacement) {
  if (replacement.size() < kPasswordMin || replacement.size() > kPasswordMax)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a password has {} to {} characters", kPasswordMin, kPasswordMax), "new_password",
                "A few unrelated words make a good one.");
  const Principal& principal = session.principal;
  std::string stored;
  SLIPWAY_TRY(database_.read([&](soci::session& sql) -> Result<> {
    sql << "SELECT password_hash FROM principals WHERE id = :id", soci::use(principal.id), soci::into(stored);
    return {};
  }));
  if (!stored.empty() && !session.opened_by_token && (!current || !verify_password(stored, *current)))
    return fail(ErrorCode::kPermissionDenied, "the present password is wrong", "current_password");
  SLIPWAY_ASSIGN(const std::string hash, hash_password(replacement));
  const std::string cookie_hash = hash_of_secret(cookie);
  return database_.write_quietly([&](soci::session& sql) -> Result<> {
    // Deactivation or a new link may have ended the session while the hash was computed.
    long long alive = 0;
    sql << "SELECT COUNT(*) FROM sessions WHERE hash = :hash", soci::use(cookie_hash), soci::into(alive);
    if (alive == 0) return no_session();
    sql << "UPDATE principals SET password_hash = :hash, invited = 0 WHERE id = :id", soci::use(hash),
        soci::use(principal.id);
    sql << "DELETE FROM sessions WHERE principal = :id AND hash <> :hash", soci::use(principal.id),
        soci::use(cookie_hash);
    sql << "DELETE FROM sign_in_tokens WHERE principal = :id", soci::use(principal.id);
    sql << "UPDATE sessions SET by_token = 0 WHERE hash = :hash", soci::use(cookie_hash);
    return append_audit(
        sql, principal.actor(),
        {"principal.set_password", "principal", principal.label(), {}, {}, {{"id", principal.id}}});
  });
}

}  // namespace slipway::governance
