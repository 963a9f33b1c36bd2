// SPDX-License-Identifier: Apache-2.0
// What AssetStore shows: pages, histories, differences, uses.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/text.h"
#include "catalog/asset_rows.h"
#include "catalog/asset_store.h"
#include "catalog/asset_words.h"

namespace slipway::catalog {

namespace {

constexpr std::uint32_t kPageLimit = 500;
constexpr std::size_t kSearchWords = 20;
constexpr std::int64_t kManyAssets = 2'000;
constexpr std::size_t kUsesShown = 5'000;
// Behind every text that begins with a word: U+10FFFF, which no word holds.
constexpr std::string_view kBehindAll = "\xf4\x8f\xbf\xbf";

Error bad_cursor() {
  return {ErrorCode::kInvalidArgument, "this cursor was not given out here", "cursor",
          "Use next_cursor of the page before, with the same filters."};
}

// What `filter` asks of an asset, without the cursor. Where `many` have the words, SQLite had better go
// through the assets in the page's order than fetch and sort all that are found: a plus keeps it from the
// index of ids.
Result<> add_conditions(SqlText& sql, const AssetFilter& filter, store::Backend backend, bool many = false) {
  if (!filter.owner.empty()) sql.add(" AND a.owner = ").value(filter.owner);
  if (!filter.kind.empty()) sql.add(" AND a.kind = ").value(filter.kind);
  if (filter.deprecated)
    sql.add(*filter.deprecated ? " AND a.deprecated_us > 0" : " AND a.deprecated_us = 0");
  if (!filter.label.empty())
    sql.add(" AND a.id IN (SELECT asset FROM catalog_labels WHERE label = ").value(filter.label).add(")");
  if (filter.visible_owners) {
    sql.add(" AND a.owner IN (''");  // nobody, so that the list is never empty
    for (const std::string& owner : *filter.visible_owners) sql.add(", ").value(owner);
    sql.add(")");
  }
  const std::set<std::string> words = search_words(filter.words);
  if (words.size() > kSearchWords)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} words are too many to search by", words.size()),
                "q", fmt::format("Give at most {}.", kSearchWords));
  // A text without any word finds nothing, as it would in any other search.
  if (words.empty() && !trim(filter.words).empty()) sql.add(" AND a.id < 0");
  for (const std::string& word : words) {
    sql.add(many ? " AND +a.id" : " AND a.id").add(" IN (SELECT asset FROM catalog_words WHERE ");
    // SQLite's LIKE can't use the index, PostgreSQL compares by bytes only where its collation is "C". Words
    // hold no character that LIKE reads as a pattern.
    if (backend == store::Backend::kPostgresql)
      sql.add("word LIKE ").value(word + "%").add(")");
    else
      sql.add("word >= ").value(word).add(" AND word < ").value(word + std::string(kBehindAll)).add(")");
  }
  return {};
}

Result<std::int64_t> count_assets(soci::session& session, const AssetFilter& filter, store::Backend backend) {
  SqlText sql("SELECT COUNT(*) FROM catalog_assets a WHERE 1 = 1");
  SLIPWAY_TRY(add_conditions(sql, filter, backend));
  long long total = 0;
  soci::statement statement(session);
  statement.exchange(soci::into(total));
  sql.prepare(statement);
  statement.execute(true);
  return total;
}

struct ListedAsset {
  std::int64_t id = 0;
  AssetInfo info;
};

Result<std::vector<ListedAsset>> load_page(soci::session& session, const AssetFilter& filter,
                                           const std::optional<AssetName>& behind, std::uint32_t limit,
                                           store::Backend backend, bool many) {
  SqlText sql(
      "SELECT a.id, a.owner, a.kind, a.name, a.description, a.latest, a.deprecated_us, a.deprecated_by, "
      "a.deprecated_reason, a.replaced_by, v.digest, v.parent, v.message, v.author, v.created_us "
      "FROM catalog_assets a JOIN catalog_versions v ON v.asset = a.id AND v.number = a.latest WHERE 1 = 1");
  SLIPWAY_TRY(add_conditions(sql, filter, backend, many));
  if (behind)
    sql.add(" AND (a.owner, a.kind, a.name) > (")
        .value(behind->owner)
        .add(", ")
        .value(behind->kind)
        .add(", ")
        .value(behind->name)
        .add(")");
  sql.add(fmt::format(" ORDER BY a.owner, a.kind, a.name LIMIT {}", limit));
  long long id = 0;
  long long latest = 0;
  long long deprecated_us = 0;
  long long created_us = 0;
  AssetInfo row;
  Deprecation deprecation;
  soci::statement statement(session);
  statement.exchange(soci::into(id));
  statement.exchange(soci::into(row.name.owner));
  statement.exchange(soci::into(row.name.kind));
  statement.exchange(soci::into(row.name.name));
  statement.exchange(soci::into(row.description));
  statement.exchange(soci::into(latest));
  statement.exchange(soci::into(deprecated_us));
  statement.exchange(soci::into(deprecation.by));
  statement.exchange(soci::into(deprecation.reason));
  statement.exchange(soci::into(deprecation.replaced_by));
  statement.exchange(soci::into(row.latest.digest));
  statement.exchange(soci::into(row.latest.parent));
  statement.exchange(soci::into(row.latest.message));
  statement.exchange(soci::into(row.latest.author));
  statement.exchange(soci::into(created_us));
  sql.prepare(statement);
  statement.execute();
  std::vector<ListedAsset> out;
  while (statement.fetch()) {
    ListedAsset one{id, row};
    one.info.latest.name = row.name;
    one.info.latest.number = latest;
    one.info.latest.created_us = created_us;
    if (deprecated_us != 0) {
      one.info.deprecated = deprecation;
      one.info.deprecated->at_us = deprecated_us;
    }
    out.push_back(std::move(one));
  }
  return out;
}

// The labels of a whole page at once.
void add_labels(soci::session& session, std::vector<ListedAsset>& page) {
  if (page.empty()) return;
  std::map<std::int64_t, AssetInfo*> by_id;
  std::vector<std::int64_t> ids;
  for (ListedAsset& one : page) {
    by_id.emplace(one.id, &one.info);
    ids.push_back(one.id);
  }
  long long id = 0;
  std::string label;
  long long number = 0;
  const std::string text = fmt::format("SELECT asset, label, number FROM catalog_labels WHERE asset IN ({})",
                                       fmt::join(ids, ", "));
  soci::statement statement =
      (session.prepare << text, soci::into(id), soci::into(label), soci::into(number));
  statement.execute();
  while (statement.fetch()) by_id.at(id)->labels.emplace(label, number);
  for (ListedAsset& one : page) one.info.latest.labels = labels_at(one.info.labels, one.info.latest.number);
}

Result<std::vector<AssetUse>> stored_uses(soci::session& session, const AssetName& name) {
  std::vector<AssetUse> uses;
  AssetName user;
  AssetUse use;
  long long latest = 0;
  soci::statement statement =
      (session.prepare << "SELECT a.owner, a.kind, a.name, a.latest, r.path FROM catalog_references r "
                          "JOIN catalog_assets a ON a.id = r.asset WHERE r.target_owner = :owner AND "
                          "r.target_kind = :kind "
                          "AND r.target_name = :name ORDER BY a.owner, a.kind, a.name, r.path",
       soci::use(name.owner), soci::use(name.kind), soci::use(name.name), soci::into(user.owner),
       soci::into(user.kind), soci::into(user.name), soci::into(latest), soci::into(use.path));
  statement.execute();
  use.type = "asset";
  while (uses.size() < kUsesShown && statement.fetch()) {
    use.id = user.to_string();
    use.version = latest;
    uses.push_back(use);
  }
  return uses;
}

}  // namespace

Result<AssetPage> AssetStore::list(const AssetFilter& filter) {
  std::optional<AssetName> behind;
  if (!filter.cursor.empty()) {
    auto name = AssetName::parse(filter.cursor);
    if (!name) return fail(bad_cursor());
    behind = std::move(*name);
  }
  const std::uint32_t limit = std::clamp<std::uint32_t>(filter.limit, 1, kPageLimit);
  return database_.read([&](soci::session& sql) -> Result<AssetPage> {
    AssetPage page;
    SLIPWAY_ASSIGN(page.total, count_assets(sql, filter, database_.backend()));
    SLIPWAY_ASSIGN(std::vector<ListedAsset> rows,
                   load_page(sql, filter, behind, limit + 1, database_.backend(), page.total > kManyAssets));
    const bool more = rows.size() > limit;
    if (more) rows.pop_back();
    add_labels(sql, rows);
    if (more) page.next_cursor = rows.back().info.name.to_string();
    for (ListedAsset& row : rows) page.items.push_back(std::move(row.info));
    return page;
  });
}

Result<VersionPage> AssetStore::history(const AssetName& name, std::string_view cursor, std::uint32_t limit) {
  SLIPWAY_TRY(check_name(name));
  const auto before = cursor.empty() ? std::optional<std::int64_t>(std::numeric_limits<std::int64_t>::max())
                                     : parse_integer<std::int64_t>(cursor);
  if (!before) return fail(bad_cursor());
  const long long below = *before;
  const std::uint32_t count = std::clamp<std::uint32_t>(limit, 1, kPageLimit);
  return database_.read([&](soci::session& sql) -> Result<VersionPage> {
    SLIPWAY_ASSIGN(const AssetRow row, require_asset(sql, name));
    const auto labels = load_labels(sql, row.id);
    VersionPage page;
    AssetVersion version;
    version.name = name;
    const long long id = row.id;
    long long number = 0;
    long long created = 0;
    soci::statement statement =
        (sql.prepare << "SELECT number, digest, parent, message, author, created_us FROM catalog_versions "
                        "WHERE asset = :asset AND number < :below ORDER BY number DESC LIMIT " +
                            std::to_string(count + 1),
         soci::use(id), soci::use(below), soci::into(number), soci::into(version.digest),
         soci::into(version.parent), soci::into(version.message), soci::into(version.author),
         soci::into(created));
    statement.execute();
    while (statement.fetch()) {
      if (page.items.size() == count) {
        page.next_cursor = std::to_string(page.items.back().number);
        break;
      }
      version.number = number;
      version.created_us = created;
      version.labels = labels_at(labels, number);
      page.items.push_back(version);
    }
    return page;
  });
}

Result<AssetDiff> AssetStore::diff(const AssetName& name, std::string_view from, std::string_view to) {
  SLIPWAY_TRY(check_name(name));
  AssetVersion before;
  AssetVersion after;
  SLIPWAY_TRY(database_.read([&](soci::session& sql) -> Result<> {
    SLIPWAY_ASSIGN(after, version(sql, name, to));
    if (!from.empty()) {
      SLIPWAY_ASSIGN(before, version(sql, name, from));
    } else if (after.number > 1) {
      SLIPWAY_ASSIGN(before, version(sql, name, std::to_string(after.number - 1)));
    }
    return {};
  }));
  AssetDiff diff;
  diff.from = before.number;
  diff.to = after.number;
  diff.changes =
      diff_content(in_reading_order(name.kind, before.content), in_reading_order(name.kind, after.content));
  diff.text =
      unified_diff(before.number == 0 ? std::string() : to_yaml(name.kind, before.content),
                   to_yaml(name.kind, after.content), fmt::format("{}:{}", name.to_string(), before.number),
                   fmt::format("{}:{}", name.to_string(), after.number));
  return diff;
}

Result<std::vector<AssetUse>> AssetStore::where_used(const AssetName& name) {
  SLIPWAY_TRY(check_name(name));
  return database_.read([&](soci::session& sql) -> Result<std::vector<AssetUse>> {
    SLIPWAY_TRY(require_asset(sql, name));
    SLIPWAY_ASSIGN(std::vector<AssetUse> uses, stored_uses(sql, name));
    if (!ports_.other_uses) return uses;
    SLIPWAY_ASSIGN(std::vector<AssetUse> others, ports_.other_uses(sql, name));
    std::ranges::move(others, std::back_inserter(uses));
    return uses;
  });
}

}  // namespace slipway::catalog
