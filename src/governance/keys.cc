// SPDX-License-Identifier: Apache-2.0
#include "governance/keys.h"

#include <fmt/format.h>

#include <cstring>

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "governance/use_cases.h"

namespace slipway::governance {

namespace {

constexpr std::string_view kSecretPrefix = "sk-slp-";
constexpr std::size_t kShownCharacters = 12;
constexpr std::size_t kModelsLimit = 200;

std::string write_list(const std::vector<std::string>& items) {
  json::array array;
  for (const std::string& item : items) array.emplace_back(item);
  return json::serialize(array);
}

std::vector<std::string> read_list(const std::string& text) {
  std::vector<std::string> items;
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_array()) return items;
  for (const json::value& item : parsed->as_array())
    if (item.is_string()) items.emplace_back(item.as_string());
  return items;
}

// A row being fetched; SOCI binds to these fields.
struct Row {
  std::string id, name, prefix, hash, previous_hash, use_case, environment, allowed_models, created_by;
  long long previous_until = 0, max_concurrent = 0, created = 0, expires = 0, revoked = 0, last_used = 0;

  [[nodiscard]] ApiKey key() const {
    ApiKey key;
    key.id = id;
    key.name = name;
    key.prefix = prefix;
    key.use_case = use_case;
    key.environment = environment;
    key.allowed_models = read_list(allowed_models);
    key.max_concurrent = static_cast<std::uint32_t>(max_concurrent);
    key.created_by = created_by;
    key.created_us = created;
    key.expires_us = expires;
    key.revoked_us = revoked;
    key.last_used_us = last_used;
    key.previous_until_us = previous_until;
    return key;
  }
};

std::vector<Row> fetch(soci::session& sql, const std::string& where, const std::string& value) {
  std::vector<Row> rows;
  Row row;
  soci::statement statement(sql);
  statement.exchange(soci::into(row.id));
  statement.exchange(soci::into(row.name));
  statement.exchange(soci::into(row.prefix));
  statement.exchange(soci::into(row.hash));
  statement.exchange(soci::into(row.previous_hash));
  statement.exchange(soci::into(row.previous_until));
  statement.exchange(soci::into(row.use_case));
  statement.exchange(soci::into(row.environment));
  statement.exchange(soci::into(row.allowed_models));
  statement.exchange(soci::into(row.max_concurrent));
  statement.exchange(soci::into(row.created));
  statement.exchange(soci::into(row.created_by));
  statement.exchange(soci::into(row.expires));
  statement.exchange(soci::into(row.revoked));
  statement.exchange(soci::into(row.last_used));
  if (!value.empty()) statement.exchange(soci::use(value));
  statement.alloc();
  statement.prepare(
      "SELECT id, name, prefix, hash, previous_hash, previous_until_us, use_case, environment, "
      "allowed_models, "
      "max_concurrent, created_us, created_by, expires_us, revoked_us, last_used_us FROM api_keys " +
      where);
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch()) rows.push_back(row);
  return rows;
}

Result<Row> find(soci::session& sql, const std::string& id) {
  const std::vector<Row> rows = fetch(sql, "WHERE id = :id", id);
  if (rows.empty())
    return fail(ErrorCode::kNotFound, fmt::format("there is no key with the id '{}'", ellipsize(id, 60)),
                "id", "'slipway key list' shows the keys.");
  return rows.front();
}

Sha256 digest_of(const std::string& hash_hex) {
  Sha256 digest{};
  const auto bytes = unhex(hash_hex);
  if (bytes && bytes->size() == digest.size()) std::memcpy(digest.data(), bytes->data(), digest.size());
  return digest;
}

std::string new_secret() { return std::string(kSecretPrefix) + random_token(32); }

Result<> check(const NewKey& wanted) {
  if (trim(wanted.name).empty() || wanted.name.size() > 100)
    return fail(ErrorCode::kInvalidArgument, "a key's name has 1 to 100 characters", "name");
  if (wanted.allowed_models.size() > kModelsLimit)
    return fail(ErrorCode::kInvalidArgument, fmt::format("a key names at most {} models", kModelsLimit),
                "allowed_models", "Use patterns such as gpt-4o*.");
  for (const std::string& model : wanted.allowed_models)
    if (model.empty() || model.size() > 200)
      return fail(ErrorCode::kInvalidArgument, "a model pattern has 1 to 200 characters", "allowed_models");
  if (wanted.expires_us != 0 && wanted.expires_us <= unix_now_us())
    return fail(ErrorCode::kInvalidArgument, "the expiry lies in the past", "expires_at");
  return {};
}

Result<> audit(soci::session& sql, const Actor& actor, std::string_view verb, const ApiKey& key,
               json::object detail) {
  AuditEvent event;
  event.action = fmt::format("key.{}", verb);
  event.object_type = "key";
  event.object = key.id;
  event.use_case = key.use_case;
  event.environment = key.environment;
  detail["name"] = key.name;
  event.detail = std::move(detail);
  return append_audit(sql, actor, event);
}

// A retired use case gets no keys, one that is not approved none where it has to be.
Result<> check_use_case(soci::session& sql, const PolicyStore& policies, const ApiKey& key) {
  SLIPWAY_ASSIGN(const UseCaseState state, UseCaseStore::state(sql, key.use_case));
  if (state == UseCaseState::kRetired)
    return fail(ErrorCode::kConflict, fmt::format("the use case '{}' is retired", key.use_case), "use_case",
                "Retired use cases get no keys.");
  SLIPWAY_ASSIGN(const bool needed, policies.key_needs_approval(sql, key.use_case, key.environment));
  if (!needed || state == UseCaseState::kApproved) return {};
  const bool draft = state == UseCaseState::kDraft;
  return fail(
      ErrorCode::kConflict,
      fmt::format("a key for '{}' needs an approved use case, and '{}' is {}", key.environment, key.use_case,
                  draft ? "a draft" : "in review"),
      "use_case",
      draft ? fmt::format("Complete it and ask for its reviews: slipway use-case submit {}.", key.use_case)
            : fmt::format("See which reviews are open: slipway use-case show {}.", key.use_case));
}

}  // namespace

std::string_view ApiKey::state(std::int64_t now_us) const {
  if (revoked_us != 0) return "revoked";
  if (expires_us != 0 && expires_us <= now_us) return "expired";
  return "active";
}

Result<KeyWithSecret> KeyStore::create(NewKey wanted, const Actor& actor) {
  SLIPWAY_TRY(check(wanted));
  UuidGenerator ids;
  KeyWithSecret made;
  made.secret = new_secret();
  ApiKey& key = made.key;
  key.id = "key_" + ids.next().to_string();
  key.name = std::string(trim(wanted.name));
  key.prefix = made.secret.substr(0, kShownCharacters);
  key.use_case = std::move(wanted.use_case);
  key.environment = std::move(wanted.environment);
  key.allowed_models = std::move(wanted.allowed_models);
  key.max_concurrent = wanted.max_concurrent;
  key.created_by = actor.name;
  key.created_us = unix_now_us();
  key.expires_us = wanted.expires_us;
  const std::string hash = hex(sha256(made.secret));
  const std::string models = write_list(key.allowed_models);
  const long long created = key.created_us;
  const long long expires = key.expires_us;
  const long long concurrent = key.max_concurrent;
  SLIPWAY_TRY(database_.write([&](soci::session& sql) -> Result<> {
    if (const Result<> fit = check_use_case(sql, policies_, key); !fit) return fail(fit.error());
    sql << "INSERT INTO api_keys (id, name, prefix, hash, previous_hash, previous_until_us, use_case, "
           "environment, "
           "allowed_models, max_concurrent, created_us, created_by, expires_us, revoked_us, last_used_us) "
           "VALUES "
           "(:id, :name, :prefix, :hash, '', 0, :use_case, :environment, :models, :concurrent, :created, "
           ":by, "
           ":expires, 0, 0)",
        soci::use(key.id), soci::use(key.name), soci::use(key.prefix), soci::use(hash),
        soci::use(key.use_case), soci::use(key.environment), soci::use(models), soci::use(concurrent),
        soci::use(created), soci::use(key.created_by), soci::use(expires);
    return audit(
        sql, actor, "create", key,
        {{"prefix", key.prefix},
         {"allowed_models", json::value_from(key.allowed_models)},
         {"max_concurrent", key.max_concurrent},
         {"expires_at", expires == 0 ? json::value(nullptr) : json::value(format_time_us(expires))}});
  }));
  return made;
}

Result<std::vector<ApiKey>> KeyStore::list() {
  return database_.read([](soci::session& sql) -> Result<std::vector<ApiKey>> {
    std::vector<ApiKey> keys;
    for (const Row& row : fetch(sql, "ORDER BY created_us DESC, id DESC", {})) keys.push_back(row.key());
    return keys;
  });
}

Result<ApiKey> KeyStore::get(std::string_view id) {
  return database_.read([&](soci::session& sql) -> Result<ApiKey> {
    SLIPWAY_ASSIGN(const Row row, find(sql, std::string(id)));
    return row.key();
  });
}

Result<KeyWithSecret> KeyStore::rotate(std::string_view id, std::uint32_t grace_s, const Actor& actor) {
  KeyWithSecret rotated;
  rotated.secret = new_secret();
  const std::string key_id(id);
  const std::string hash = hex(sha256(rotated.secret));
  const std::string prefix = rotated.secret.substr(0, kShownCharacters);
  const long long until = grace_s == 0 ? 0 : unix_now_us() + static_cast<long long>(grace_s) * 1'000'000;
  SLIPWAY_TRY(database_.write([&](soci::session& sql) -> Result<> {
    SLIPWAY_ASSIGN(const Row row, find(sql, key_id));
    if (row.revoked != 0)
      return fail(ErrorCode::kConflict, "a revoked key can't be rotated", "id", "Create a new key instead.");
    const std::string previous = grace_s == 0 ? std::string() : row.hash;
    sql << "UPDATE api_keys SET hash = :hash, prefix = :prefix, previous_hash = :previous, "
           "previous_until_us = :until WHERE id = :id",
        soci::use(hash), soci::use(prefix), soci::use(previous), soci::use(until), soci::use(key_id);
    SLIPWAY_ASSIGN(const Row now, find(sql, key_id));
    rotated.key = now.key();
    return audit(sql, actor, "rotate", rotated.key, {{"prefix", prefix}, {"grace_seconds", grace_s}});
  }));
  return rotated;
}

Result<> KeyStore::revoke(std::string_view id, const Actor& actor) {
  const std::string key_id(id);
  const long long now = unix_now_us();
  return database_.write([&](soci::session& sql) -> Result<> {
    SLIPWAY_ASSIGN(const Row row, find(sql, key_id));
    if (row.revoked != 0) return {};
    sql << "UPDATE api_keys SET revoked_us = :now WHERE id = :id", soci::use(now), soci::use(key_id);
    return audit(sql, actor, "revoke", row.key(), {});
  });
}

Result<std::vector<ActiveDigest>> KeyStore::load_active() {
  const std::int64_t now_us = unix_now_us();
  return database_.read([&](soci::session& sql) -> Result<std::vector<ActiveDigest>> {
    std::vector<ActiveDigest> digests;
    for (const Row& row : fetch(sql, "WHERE revoked_us = 0", {})) {
      const ApiKey key = row.key();
      digests.push_back({digest_of(row.hash), key, 0});
      if (!row.previous_hash.empty() && row.previous_until > now_us)
        digests.push_back({digest_of(row.previous_hash), key, row.previous_until});
    }
    return digests;
  });
}

Result<> KeyStore::note_used(const std::vector<std::pair<std::string, std::int64_t>>& used) {
  if (used.empty()) return {};
  return database_.write_quietly([&](soci::session& sql) -> Result<> {
    for (const auto& [id, at_us] : used) {
      const long long at = at_us;
      sql << "UPDATE api_keys SET last_used_us = :at WHERE id = :id AND last_used_us < :older", soci::use(at),
          soci::use(id), soci::use(at);
    }
    return {};
  });
}

}  // namespace slipway::governance
