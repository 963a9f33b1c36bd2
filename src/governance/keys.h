// SPDX-License-Identifier: Apache-2.0
// API keys. A key belongs to a use case and an environment. Its secret is 256 random bits, shown once and
// stored as SHA-256. Blocks on the database; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/crypto.h"
#include "base/result.h"
#include "governance/audit.h"
#include "governance/policies.h"
#include "store/database.h"

namespace slipway::governance {

struct ApiKey {
  std::string id;
  std::string name;
  std::string prefix;  // the secret's first characters, to recognise it by
  std::string use_case;
  std::string environment;
  std::vector<std::string> allowed_models;  // globs, empty: all
  std::uint32_t max_concurrent = 0;         // 0: the server's default
  std::string created_by;
  // Unix microseconds, 0: never.
  std::int64_t created_us = 0;
  std::int64_t expires_us = 0;
  std::int64_t revoked_us = 0;
  std::int64_t last_used_us = 0;
  std::int64_t previous_until_us = 0;  // until when the secret before the last rotation works

  [[nodiscard]] std::string_view state(std::int64_t now_us) const;  // "active", "expired", "revoked"
};

struct NewKey {
  std::string name;
  std::string use_case;
  std::string environment;
  std::vector<std::string> allowed_models = {};
  std::uint32_t max_concurrent = 0;
  std::int64_t expires_us = 0;
};

struct KeyWithSecret {
  ApiKey key;
  std::string secret;
};

// A key as the gateway's snapshot needs it, and the digests by which it can be presented: none once it is
// revoked.
struct LiveKey {
  struct Digest {
    Sha256 digest;
    std::int64_t until_us = 0;  // 0: as long as the key; else when this digest ends (a rotated secret)
  };
  ApiKey key;
  std::vector<Digest> digests;
};

struct LiveKeys {
  std::vector<LiveKey> keys;
  std::int64_t mark = 0;   // for the next question
  bool everything = true;  // false: only what has changed since the mark that was given
};

struct KeyQuery {
  std::string text = {};  // in the name, the use case, the environment or the secret's prefix; any case
  std::string use_case = {};
  std::string environment = {};
  std::optional<bool> active = {};  // neither revoked nor expired
  std::string cursor = {};          // of the page before
  std::uint32_t limit = 100;
};

struct KeyPage {
  std::vector<ApiKey> items;  // newest first
  std::string next_cursor;    // empty: the last page
  std::uint64_t active = 0;   // of all that match but for `active`
  std::uint64_t inactive = 0;
};

class KeyStore {
 public:
  // `policies` outlives the store: they say where a key needs an approved use case.
  KeyStore(store::Database& database, const PolicyStore& policies)
      : database_(database), policies_(policies) {}

  // kInvalidArgument for a bad field (`where` names it), kNotFound for an unknown use case or environment,
  // kConflict if the use case is retired or not approved where it has to be.
  Result<KeyWithSecret> create(NewKey wanted, const Actor& actor);
  Result<ApiKey> get(std::string_view id);      // kNotFound
  Result<KeyPage> list(const KeyQuery& query);  // kInvalidArgument for a cursor that is none
  // A new secret; the old one works for `grace_s` more seconds. kNotFound; kConflict if revoked.
  Result<KeyWithSecret> rotate(std::string_view id, std::uint32_t grace_s, const Actor& actor);
  Result<> revoke(std::string_view id, const Actor& actor);  // kNotFound; revoking twice is fine
  // Revokes all keys of a use case within the caller's transaction, and gives how many. The caller's audit
  // entry says so.
  static std::int64_t revoke_all(soci::session& sql, const std::string& use_case, std::int64_t now_us);
  // What may be presented now, or only the keys that have changed since `mark`; 0: all.
  Result<LiveKeys> load_live(std::int64_t mark);
  // Notes when keys were last used.
  Result<> note_used(const std::vector<std::pair<std::string, std::int64_t>>& used);

 private:
  store::Database& database_;
  const PolicyStore& policies_;
};

}  // namespace slipway::governance
