// SPDX-License-Identifier: Apache-2.0
#include "store/copy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "base/crypto.h"

namespace slipway::store {

namespace {

// What every database keeps for itself.
constexpr std::array<std::string_view, 2> kOwnTables = {"schema_migrations", "store_changes"};

struct Table {
  std::string name;
  std::vector<std::string> columns;  // by name, so that both sides are read in one order
  std::set<std::string> needs;       // tables its foreign keys point to
};

std::vector<std::string> names(soci::session& sql, const std::string& query) {
  std::vector<std::string> all;
  soci::rowset<std::string> rows = (sql.prepare << query);
  for (const std::string& name : rows) all.push_back(name);
  return all;
}

std::vector<Table> tables_of(soci::session& sql) {
  std::vector<Table> tables;
  for (const std::string& name : names(sql,
                                       "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT "
                                       "LIKE 'sqlite_%' ORDER BY name")) {
    if (std::ranges::find(kOwnTables, name) != kOwnTables.end()) continue;
    Table table{
        name, names(sql, fmt::format("SELECT name FROM pragma_table_info('{}') ORDER BY name", name)), {}};
    for (const std::string& other :
         names(sql, fmt::format(R"(SELECT "table" FROM pragma_foreign_key_list('{}'))", name)))
      if (other != name) table.needs.insert(other);
    tables.push_back(std::move(table));
  }
  return tables;
}

// Those that others refer to come first.
Result<std::vector<Table>> in_order(std::vector<Table> tables) {
  std::vector<Table> ordered;
  std::set<std::string> done;
  while (!tables.empty()) {
    const auto ready = std::ranges::find_if(tables, [&](const Table& table) {
      return std::ranges::all_of(table.needs, [&](const std::string& other) { return done.contains(other); });
    });
    if (ready == tables.end())
      return fail(
          ErrorCode::kInternal,
          fmt::format("the tables refer to each other in a circle, {} among them", tables.front().name));
    done.insert(ready->name);
    ordered.push_back(std::move(*ready));
    tables.erase(ready);
  }
  return ordered;
}

// Both databases give every column of ours as text.
std::string text_query(const Table& table) {
  std::vector<std::string> columns;
  for (const std::string& column : table.columns)
    columns.push_back(fmt::format("CAST(\"{}\" AS TEXT)", column));
  return fmt::format("SELECT {} FROM {}", fmt::join(columns, ", "), table.name);
}

using Values = std::vector<std::optional<std::string>>;

void for_each_row(soci::session& sql, const Table& table, const std::function<void(const Values&)>& visit) {
  std::vector<std::string> texts(table.columns.size());
  std::vector<soci::indicator> indicators(table.columns.size(), soci::i_ok);
  soci::statement statement(sql);
  for (std::size_t i = 0; i < texts.size(); ++i) statement.exchange(soci::into(texts[i], indicators[i]));
  statement.alloc();
  statement.prepare(text_query(table));
  statement.define_and_bind();
  statement.execute();
  Values values(texts.size());
  while (statement.fetch()) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (indicators[i] == soci::i_null)
        values[i].reset();
      else
        values[i] = texts[i];
    }
    visit(values);
  }
}

// Sum of the rows' hashes: the same whatever the order in which a database gives them.
class TableDigest {
 public:
  void add(const Values& values) {
    std::string row;
    for (const auto& value : values)
      row += value ? fmt::format("{}:{};", value->size(), *value) : std::string("-;");
    const Sha256 hash = sha256(row);
    unsigned carry = 0;
    for (std::size_t i = hash.size(); i-- > 0;) {
      carry += sum_[i] + hash[i];
      sum_[i] = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
    ++rows_;
  }
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::string text() const { return hex(sum_); }

 private:
  Sha256 sum_{};
  std::int64_t rows_ = 0;
};

bool is_integer_column(soci::session& sql, const Table& table, const std::string& column) {
  std::string type;
  sql << fmt::format("SELECT upper(type) FROM pragma_table_info('{}') WHERE name = '{}'", table.name, column),
      soci::into(type);
  return type.find("INT") != std::string::npos;
}

Result<TableDigest> copy_table(soci::session& from, soci::session& to, const Table& table) {
  std::vector<std::string> columns;
  std::vector<std::string> places;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& column = table.columns[i];
    const bool integer = is_integer_column(from, table, column);
    const bool real = !integer && [&] {
      std::string type;
      from << fmt::format("SELECT upper(type) FROM pragma_table_info('{}') WHERE name = '{}'", table.name,
                          column),
          soci::into(type);
      return type.find("DOUBLE") != std::string::npos || type.find("REAL") != std::string::npos;
    }();
    columns.push_back(fmt::format("\"{}\"", column));
    places.push_back(integer ? fmt::format("CAST(:v{} AS BIGINT)", i)
                     : real  ? fmt::format("CAST(:v{} AS DOUBLE PRECISION)", i)
                             : fmt::format(":v{}", i));
  }
  std::vector<std::string> texts(table.columns.size());
  std::vector<soci::indicator> indicators(table.columns.size(), soci::i_ok);
  soci::statement insert(to);
  for (std::size_t i = 0; i < texts.size(); ++i) insert.exchange(soci::use(texts[i], indicators[i]));
  insert.alloc();
  insert.prepare(fmt::format("INSERT INTO {} ({}) VALUES ({})", table.name, fmt::join(columns, ", "),
                             fmt::join(places, ", ")));
  insert.define_and_bind();
  TableDigest digest;
  for_each_row(from, table, [&](const Values& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      texts[i] = values[i].value_or("");
      indicators[i] = values[i] ? soci::i_ok : soci::i_null;
    }
    insert.execute(true);
    digest.add(values);
  });
  return digest;
}

TableDigest digest_of(soci::session& sql, const Table& table) {
  TableDigest digest;
  for_each_row(sql, table, [&](const Values& values) { digest.add(values); });
  return digest;
}

Result<> require_empty(soci::session& sql, const std::vector<Table>& tables) {
  for (const Table& table : tables) {
    long long rows = 0;
    sql << "SELECT COUNT(*) FROM " + table.name, soci::into(rows);
    if (rows > 0)
      return fail(ErrorCode::kConflict,
                  fmt::format("the new database has {} rows in {} already", rows, table.name), {},
                  "Give an empty database, for instance a new one: CREATE DATABASE slipway.");
  }
  return {};
}

}  // namespace

Result<std::vector<CopiedTable>> copy_database(
    Database& from, Database& to, const std::function<void(const std::string& table)>& progress) {
  return from.read([&](soci::session& source) -> Result<std::vector<CopiedTable>> {
    SLIPWAY_ASSIGN(const std::vector<Table> tables, in_order(tables_of(source)));
    return to.write([&](soci::session& target) -> Result<std::vector<CopiedTable>> {
      SLIPWAY_TRY(require_empty(target, tables));
      std::vector<CopiedTable> copied;
      for (const Table& table : tables) {
        progress(table.name);
        SLIPWAY_ASSIGN(const TableDigest sent, copy_table(source, target, table));
        const TableDigest arrived = digest_of(target, table);
        if (sent.rows() != arrived.rows() || sent.text() != arrived.text())
          return fail(ErrorCode::kDataLoss,
                      fmt::format("{} has {} rows with digest {} here and {} rows with digest {} there",
                                  table.name, sent.rows(), sent.text(), arrived.rows(), arrived.text()),
                      {}, "Nothing was changed in the new database; the old one is as it was.");
        copied.push_back({table.name, sent.rows(), sent.text()});
      }
      return copied;
    });
  });
}

}  // namespace slipway::store
