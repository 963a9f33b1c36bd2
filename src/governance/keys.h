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

// A digest by which a key can be presented at the moment, for the gateway's snapshot.
struct ActiveDigest {
  Sha256 digest;
  ApiKey key;
  std::int64_t until_us = 0;  // 0: as long as the key; else when this digest ends (a rotated secret)
};

class KeyStore {
 public:
  // `policies` outlives the store: they say where a key needs an approved use case.
  KeyStore(store::Database& database, const PolicyStore& policies)
      : database_(database), policies_(policies) {}

  // kInvalidArgument for a bad field (`where` names it), kNotFound for an unknown use case or environment,
  // kConflict if the use case is retired or not approved where it has to be.
  Result<KeyWithSecret> create(NewKey wanted, const Actor& actor);
  Result<ApiKey> get(std::string_view id);  // kNotFound
  Result<std::vector<ApiKey>> list();       // newest first
  // A new secret; the old one works for `grace_s` more seconds. kNotFound; kConflict if revoked.
  Result<KeyWithSecret> rotate(std::string_view id, std::uint32_t grace_s, const Actor& actor);
  Result<> revoke(std::string_view id, const Actor& actor);  // kNotFound; revoking twice is fine
  // Everything that may be presented now or was about to expire.
  Result<std::vector<ActiveDigest>> load_active();
  // Notes when keys were last used.
  Result<> note_used(const std::vector<std::pair<std::string, std::int64_t>>& used);

 private:
  store::Database& database_;
  const PolicyStore& policies_;
};

}  // namespace slipway::governance
