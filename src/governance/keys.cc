// SPDX-License-Identifier: Apache-2.0
#include "governance/keys.h"

#include <fmt/format.h>

#include <cstring>

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "governance/use_cases.h"
#include "store/like.h"

namespace slipway::governance {

namespace {

constexpr std::string_view kSecretPrefix = "sk-slp-";
constexpr std::size_t kShownCharacters = 12;
constexpr std::size_t kModelsLimit = 200;
// What `changed` becomes with each change: load_live() finds by it what is new.
constexpr std::string_view kNextChange = "(SELECT COALESCE(MAX(changed), 0) + 1 FROM api_keys)";

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

constexpr std::string_view kColumns =
    "id, name, prefix, hash, previous_hash, previous_until_us, use_case, environment, allowed_models, "
    "max_concurrent, created_us, created_by, expires_us, revoked_us, last_used_us";

void into_row(soci::statement& statement, Row& row) {
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
}

Result<Row> find(soci::session& sql, const std::string& id) {
  Row row;
  soci::statement statement(sql);
  into_row(statement, row);
  statement.exchange(soci::use(id));
  statement.alloc();
  statement.prepare(fmt::format("SELECT {} FROM api_keys WHERE id = :id", kColumns));
  statement.define_and_bind();
  if (!statement.execute(true))
    return fail(ErrorCode::kNotFound, fmt::format("there is no key with the id '{}'", ellipsize(id, 60)),
                "id", "'slipway key list' shows the keys.");
  return row;
}

// The conditions of a list and what is bound to them; lives as long as the statement.
struct Wanted {
  std::string where = "1 = 1";
  std::string pattern;
  std::pair<long long, std::string> before;  // the last key of the page before

  void bind(soci::statement& statement, const KeyQuery& query) const {
    if (!query.text.empty())
      for (const char* const name : {"name", "slug", "place", "prefix"})
        statement.exchange(soci::use(pattern, name));
    if (!query.use_case.empty()) statement.exchange(soci::use(query.use_case, "use_case"));
    if (!query.environment.empty()) statement.exchange(soci::use(query.environment, "environment"));
  }
};

Wanted wanted_of(const KeyQuery& query) {
  Wanted wanted;
  if (!query.text.empty()) {
    wanted.pattern = store::contains_pattern(query.text);
    wanted.where +=
        " AND (lower(name) LIKE lower(:name) ESCAPE '\\' OR use_case LIKE lower(:slug) ESCAPE '\\' OR "
        "environment LIKE lower(:place) ESCAPE '\\' OR prefix LIKE :prefix ESCAPE '\\')";
  }
  if (!query.use_case.empty()) wanted.where += " AND use_case = :use_case";
  if (!query.environment.empty()) wanted.where += " AND environment = :environment";
  return wanted;
}

// "<created>.<id>" in hexadecimal.
std::string write_cursor(const ApiKey& last) {
  const std::string text = fmt::format("{}.{}", last.created_us, last.id);
  return hex(text.data(), text.size());
}

Result<std::pair<long long, std::string>> read_cursor(const std::string& cursor) {
  const auto text = unhex(cursor);
  const std::size_t dot = text ? text->find('.') : std::string::npos;
  const auto created = dot == std::string::npos
                           ? std::nullopt
                           : parse_integer<std::int64_t>(std::string_view(*text).substr(0, dot));
  if (!created)
    return fail(ErrorCode::kInvalidArgument, "this is no cursor of a list of keys", "cursor",
                "Take next_cursor of the page before as it is.");
  return std::pair<long long, std::string>(*created, text->substr(dot + 1));
}

constexpr std::string_view kActive = "revoked_us = 0 AND (expires_us = 0 OR expires_us > :now)";

// How many match, in both states.
void count(soci::session& sql, const KeyQuery& query, const Wanted& wanted, long long now, KeyPage& page) {
  long long active = 0;
  long long all = 0;
  soci::statement statement(sql);
  statement.exchange(soci::into(active));
  statement.exchange(soci::into(all));
  statement.exchange(soci::use(now, "now"));
  wanted.bind(statement, query);
  statement.alloc();
  statement.prepare(
      fmt::format("SELECT COALESCE(SUM(CASE WHEN {} THEN 1 ELSE 0 END), 0), COUNT(*) FROM api_keys WHERE {}",
                  kActive, wanted.where));
  statement.define_and_bind();
  statement.execute(true);
  page.active = static_cast<std::uint64_t>(active);
  page.inactive = static_cast<std::uint64_t>(all - active);
}

void add_items(soci::session& sql, const KeyQuery& query, const Wanted& wanted, long long now,
               KeyPage& page) {
  std::string where = wanted.where;
  const long long limit = static_cast<long long>(query.limit) + 1;
  Row row;
  soci::statement statement(sql);
  into_row(statement, row);
  wanted.bind(statement, query);
  if (query.active) {
    where += fmt::format(" AND {}({})", *query.active ? "" : "NOT ", kActive);
    statement.exchange(soci::use(now, "now"));
  }
  if (!query.cursor.empty()) {
    where += " AND (created_us < :before OR (created_us = :same AND id < :id))";
    statement.exchange(soci::use(wanted.before.first, "before"));
    statement.exchange(soci::use(wanted.before.first, "same"));
    statement.exchange(soci::use(wanted.before.second, "id"));
  }
  statement.exchange(soci::use(limit, "limit"));
  statement.alloc();
  statement.prepare(fmt::format(
      "SELECT {} FROM api_keys WHERE {} ORDER BY created_us DESC, id DESC LIMIT :limit", kColumns, where));
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch()) {
    if (page.items.size() == query.limit) {
      page.next_cursor = write_cursor(page.items.back());
      break;
    }
    page.items.push_back(row.key());
  }
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
           "allowed_models, max_concurrent, created_us, created_by, expires_us, revoked_us, last_used_us, "
           "changed) VALUES "
           "(:id, :name, :prefix, :hash, '', 0, :use_case, :environment, :models, :concurrent, :created, "
           ":by, :expires, 0, 0, "
        << kNextChange << ")",
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

Result<KeyPage> KeyStore::list(const KeyQuery& query) {
  Wanted wanted = wanted_of(query);
  if (!query.cursor.empty()) {
    SLIPWAY_ASSIGN(wanted.before, read_cursor(query.cursor));
  }
  const long long now = unix_now_us();
  return database_.read([&](soci::session& sql) -> Result<KeyPage> {
    KeyPage page;
    count(sql, query, wanted, now, page);
    add_items(sql, query, wanted, now, page);
    return page;
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
           "previous_until_us = :until, changed = "
        << kNextChange << " WHERE id = :id",
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
    sql << "UPDATE api_keys SET revoked_us = :now, changed = " << kNextChange << " WHERE id = :id",
        soci::use(now), soci::use(key_id);
    return audit(sql, actor, "revoke", row.key(), {});
  });
}

std::int64_t KeyStore::revoke_all(soci::session& sql, const std::string& use_case, std::int64_t now_us) {
  const long long now = now_us;
  long long keys = 0;
  sql << "SELECT COUNT(*) FROM api_keys WHERE use_case = :slug AND revoked_us = 0", soci::use(use_case),
      soci::into(keys);
  sql << "UPDATE api_keys SET revoked_us = :now, changed = " << kNextChange
      << " WHERE use_case = :slug AND revoked_us = 0",
      soci::use(now), soci::use(use_case);
  return keys;
}

Result<LiveKeys> KeyStore::load_live(std::int64_t mark) {
  const std::int64_t now_us = unix_now_us();
  return database_.read([mark, now_us](soci::session& sql) -> Result<LiveKeys> {
    LiveKeys live;
    long long newest = 0;
    sql << "SELECT COALESCE(MAX(changed), 0) FROM api_keys", soci::into(newest);
    live.mark = newest;
    // A database that was put back to an earlier state counts from there again.
    live.everything = mark == 0 || mark > newest;
    const long long after = live.everything ? 0 : mark;
    Row row;
    soci::statement statement(sql);
    into_row(statement, row);
    statement.exchange(soci::use(after));
    statement.alloc();
    statement.prepare(
        fmt::format("SELECT {} FROM api_keys WHERE {}", kColumns,
                    live.everything ? "revoked_us = 0 AND changed > :after" : "changed > :after"));
    statement.define_and_bind();
    statement.execute();
    while (statement.fetch()) {
      LiveKey& one = live.keys.emplace_back(LiveKey{row.key(), {}});
      if (row.revoked != 0) continue;
      one.digests.push_back({digest_of(row.hash), 0});
      if (!row.previous_hash.empty() && row.previous_until > now_us)
        one.digests.push_back({digest_of(row.previous_hash), row.previous_until});
    }
    return live;
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
