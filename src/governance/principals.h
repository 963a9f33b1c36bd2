// SPDX-License-Identifier: Apache-2.0
// People and programs that may sign in. Blocks on the database; thread-safe.
#pragma once

#include <cstdint>
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
  std::string email;  // empty for services
  std::string kind;   // "user" or "service"
  std::vector<RoleGrant> grants;
  bool password_set = false;

  [[nodiscard]] Actor actor() const { return {id, name, kind}; }
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

class PrincipalStore {
 public:
  // `session_us` is how long a session lasts, in microseconds.
  PrincipalStore(store::Database& database, std::int64_t session_us)
      : database_(database), session_us_(session_us) {}

  // Makes the first administrator ("admin") if there is none.
  Result<> ensure_administrator();
  // A token that opens one session as the administrator, good for `valid_us` microseconds.
  Result<std::string> make_sign_in_token(std::int64_t valid_us);
  // A new bearer token for the command line on this machine; earlier ones of the same service end.
  Result<std::string> make_service_token(std::string_view name);
  // True if `token` is a service token in force.
  Result<bool> is_service_token(std::string_view token);

  // `login` is an e-mail address or a user's name. kUnauthenticated tells nothing about which part was wrong.
  // Takes tens of milliseconds.
  Result<OpenedSession> sign_in_with_password(std::string_view login, std::string_view password);
  Result<OpenedSession> sign_in_with_token(std::string_view token);
  // kUnauthenticated if there is no such session or it has ended.
  Result<Session> find_session(std::string_view cookie);
  Result<Principal> find_service(std::string_view token);
  Result<> sign_out(std::string_view cookie);
  // Ends all other sessions of the principal. kInvalidArgument for a weak password, kPermissionDenied if the
  // present one is needed and wrong.
  Result<> set_password(const Session& session, std::string_view cookie,
                        const std::optional<std::string>& current, std::string_view replacement);

 private:
  Result<OpenedSession> open_session(const Principal& principal, bool by_token);
  store::Database& database_;
  std::int64_t session_us_;
};

}  // namespace slipway::governance
