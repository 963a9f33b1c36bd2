// SPDX-License-Identifier: Apache-2.0
// People and programs that may sign in: who they are, their roles, their sessions and tokens. Blocks on the
// database; thread-safe. Every change and every sign-in leaves an entry in the audit log.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "governance/audit.h"
#include "governance/permissions.h"
#include "store/database.h"

namespace slipway::governance {

struct Principal {
  std::string id;
  std::string name;
  std::string email;  // empty for services, and for people whose identity provider vouches for none
  std::string kind;   // "user" or "service"
  std::vector<RoleGrant> grants;
  bool password_set = false;
  bool identity_linked = false;  // signs in with the identity provider
  bool invited = false;          // has not yet taken the invitation: there is no way to come back without it
  std::int64_t created_us = 0;
  std::int64_t last_seen_us = 0;  // to five minutes; 0: never
  std::int64_t disabled_us = 0;   // 0: active

  [[nodiscard]] Actor actor() const { return {id, name, kind}; }
  [[nodiscard]] std::string_view state() const;  // "invited", "active", "inactive"
  // How the audit log calls it: the e-mail address, else the name.
  [[nodiscard]] const std::string& label() const { return email.empty() ? name : email; }
};

struct Session {
  Principal principal;
  std::string csrf_token;
  bool opened_by_token = false;  // a one-time sign-in: the password may be set without the old one
};

struct OpenedSession {
  Session session;
  std::string cookie;  // the secret; only its hash is stored
};

struct NewPrincipal {
  std::string kind;
  std::string name;
  std::string email;  // users only, and always
  std::vector<RoleGrant> grants;
};

// With the secret that is shown once: an invitation's token, or a service's bearer token.
struct PrincipalWithToken {
  Principal principal;
  std::string token;
};

struct PrincipalQuery {
  std::string text;    // part of a name or an e-mail address
  std::string kind;    // empty: both
  std::string cursor;  // `next_cursor` of the page before
  std::uint32_t limit = 100;
};

struct PrincipalPage {
  std::vector<Principal> items;  // by name
  std::string next_cursor;       // empty at the end
};

// Whom an identity provider vouches for.
struct ExternalIdentity {
  std::string issuer;
  std::string subject;
  std::string email;  // only if the provider has verified it
  std::string name;
  // Set if the provider decides about roles; they replace those of before.
  std::optional<std::vector<RoleGrant>> grants;
  std::vector<RoleGrant> default_grants;  // of somebody who comes for the first time, without an invitation
};

class PrincipalStore {
 public:
  // `session_us` is how long a session lasts, in microseconds.
  PrincipalStore(store::Database& database, std::int64_t session_us)
      : database_(database), session_us_(session_us) {}

  // Makes the first administrator ("admin") if there is nobody.
  Result<> ensure_administrator();
  // A token that opens one session as the first active administrator, good for `valid_us` microseconds.
  Result<std::string> make_sign_in_token(std::int64_t valid_us, const Actor& actor = system_actor());
  // A new bearer token for the command line on this machine; earlier ones of the same service end.
  Result<std::string> make_service_token(std::string_view name);
  // True if `token` is a service token in force.
  Result<bool> is_service_token(std::string_view token);

  // ---- managing: kNotFound for an unknown id; nobody changes their own roles or deactivates themselves, and
  // the last active administrator stays one (kPermissionDenied, kConflict). The callers check that `actor`
  // may.
  Result<PrincipalPage> list(const PrincipalQuery& query);
  Result<Principal> get(const std::string& id);
  // Invites a user (the token opens one session within `invitation_us`) or makes a service account with its
  // token. kConflict if the e-mail address or the service's name is taken.
  Result<PrincipalWithToken> create(const Actor& actor, const NewPrincipal& wanted,
                                    std::int64_t invitation_us);
  Result<Principal> set_grants(const Actor& actor, const std::string& id,
                               const std::vector<RoleGrant>& grants);
  // Ends sessions, tokens and invitations in the same transaction.
  Result<Principal> deactivate(const Actor& actor, const std::string& id);
  Result<Principal> activate(const Actor& actor, const std::string& id);
  // A new invitation or token; what there was before ends, a user's password and sessions included.
  Result<PrincipalWithToken> renew_secret(const Actor& actor, const std::string& id,
                                          std::int64_t invitation_us);

  // ---- signing in; `address` is the client's, for the audit log.
  // `login` is an e-mail address or a user's name. kUnauthenticated tells nothing about which part was wrong.
  // Takes tens of milliseconds.
  Result<OpenedSession> sign_in_with_password(std::string_view login, std::string_view password,
                                              std::string_view address = {});
  Result<OpenedSession> sign_in_with_token(std::string_view token, std::string_view address = {});
  // Finds who this is by issuer and subject, else links the user with the verified e-mail address, else makes
  // a user if that would have a role. kPermissionDenied says what to do.
  Result<OpenedSession> sign_in_with_identity(const ExternalIdentity& identity,
                                              std::string_view address = {});
  // kUnauthenticated if there is no such session or it has ended.
  Result<Session> find_session(std::string_view cookie);
  Result<Principal> find_service(std::string_view token);
  Result<> sign_out(const Session& session, std::string_view cookie);
  // Ends all other sessions of the principal. kInvalidArgument for a weak password, kPermissionDenied if the
  // present one is needed and wrong.
  Result<> set_password(const Session& session, std::string_view cookie,
                        const std::optional<std::string>& current, std::string_view replacement);
  // A random secret of this installation, the same on every node that shares its database: 32 bytes.
  Result<std::string> shared_secret(std::string_view name);

 private:
  Result<OpenedSession> open_session(soci::session& sql, const Principal& principal, std::string_view method,
                                     std::string_view address);
  Result<> note_failure(const Principal& principal, std::string_view method, std::string_view address);
  void note_seen(const Principal& principal);

  // Failed sign-ins of one principal within a minute: the first is written, the others are counted and told
  // with the next, so that guessing can't fill the audit log.
  struct Failures {
    std::int64_t minute = 0;
    std::int64_t untold = 0;
  };

  store::Database& database_;
  std::int64_t session_us_;
  std::mutex failures_mutex_;
  std::map<std::string, Failures, std::less<>> failures_;
};

// Columns that people need beside the first ones; called by migrate_governance.
Result<> migrate_people(store::Database& database);

}  // namespace slipway::governance
