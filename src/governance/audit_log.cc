// SPDX-License-Identifier: Apache-2.0
#include "governance/audit_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "store/like.h"

namespace slipway::governance {

namespace {

constexpr std::int64_t kPageBudgetNs = 100'000'000;  // a page of a search, however little it finds
constexpr long long kWindow = 20'000;                // entries looked at between two looks at the clock
constexpr long long kSmallestWindow = 500;
constexpr std::size_t kActionsLimit = 300;  // distinct actions
constexpr std::string_view kTooMany = "*";  // no action is called so
constexpr std::size_t kWordsLimit = 8;
constexpr long long kBatch = 2'000;  // of an export, each in a short transaction
constexpr long long kForever = 9'000'000'000'000'000'000;

constexpr std::string_view kColumns =
    "seq, at_us, actor_id, actor_name, actor_kind, action, object_type, object, use_case, environment, "
    "detail, "
    "previous, digest";

// A query put together piece by piece; owns the values its parameters refer to.
class Query {
 public:
  explicit Query(std::string text) : text_(std::move(text)) {}
  Query& add(std::string_view piece) {
    text_ += piece;
    return *this;
  }
  Query& bind(std::string value) {
    texts_.push_back(std::move(value));
    order_.push_back({&texts_.back(), nullptr});
    text_ += fmt::format(":v{}", order_.size());
    return *this;
  }
  Query& bind(long long value) {
    numbers_.push_back(value);
    order_.push_back({nullptr, &numbers_.back()});
    text_ += fmt::format(":v{}", order_.size());
    return *this;
  }
  // `read` is called for each row; false ends the reading.
  template <class Bind>
  void run(soci::session& sql, Bind&& into, const std::function<bool()>& read) {
    soci::statement statement(sql);
    into(statement);
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const std::string name = fmt::format("v{}", i + 1);
      if (order_[i].first != nullptr)
        statement.exchange(soci::use(*order_[i].first, name));
      else
        statement.exchange(soci::use(*order_[i].second, name));
    }
    statement.alloc();
    statement.prepare(text_);
    statement.define_and_bind();
    statement.execute();
    while (statement.fetch())
      if (!read()) return;
  }

 private:
  std::string text_;
  std::deque<std::string> texts_;  // addresses stay
  std::deque<long long> numbers_;
  std::vector<std::pair<const std::string*, const long long*>> order_;
};

std::vector<AuditEntry> fetch(soci::session& sql, Query& query) {
  std::vector<AuditEntry> entries;
  AuditEntry row;
  long long seq = 0;
  long long at = 0;
  const auto into = [&](soci::statement& statement) {
    statement.exchange(soci::into(seq));
    statement.exchange(soci::into(at));
    for (std::string* const field : {&row.actor.id, &row.actor.name, &row.actor.kind, &row.event.action,
                                     &row.event.object_type, &row.event.object, &row.event.use_case,
                                     &row.event.environment, &row.detail_text, &row.previous, &row.digest})
      statement.exchange(soci::into(*field));
  };
  query.run(sql, into, [&] {
    row.seq = seq;
    row.at_us = at;
    entries.push_back(row);
    return true;
  });
  return entries;
}

std::optional<long long> fetch_number(soci::session& sql, Query& query) {
  long long value = 0;
  soci::indicator known = soci::i_null;
  std::optional<long long> found;
  query.run(
      sql, [&](soci::statement& statement) { statement.exchange(soci::into(value, known)); },
      [&] {
        if (known == soci::i_ok) found = value;
        return false;
      });
  return found;
}

// The index that narrows best. Its values are looked up; every other condition is checked row by row.
struct Driver {
  std::string_view column;  // empty: the entries in their order
  std::vector<std::string> values;
};

bool is_prefix(const std::string& action) { return action.ends_with('*'); }
std::string prefix_of(const std::string& action) { return action.substr(0, action.size() - 1); }

// Each step of this loop is one look into the index, however many entries an action has. It walks over all
// actions: in which order a database keeps texts is its own affair, so that those with a prefix need not
// stand together.
std::vector<std::string> actions_with_prefix(soci::session& sql, const std::string& prefix) {
  std::vector<std::string> actions;
  std::string after;
  for (std::size_t step = 0; step <= kActionsLimit; ++step) {
    Query query("SELECT action FROM audit_entries WHERE action > ");
    query.bind(after).add(" ORDER BY action LIMIT 1");
    std::string found;
    query.run(
        sql, [&](soci::statement& statement) { statement.exchange(soci::into(found)); },
        [] { return false; });
    if (found.empty()) return actions;
    if (found.starts_with(prefix)) actions.push_back(found);
    after = std::move(found);
  }
  return {std::string(kTooMany)};
}

Driver choose_driver(soci::session& sql, const AuditFilter& filter) {
  if (!filter.object.empty()) return {"object", {filter.object}};
  if (!filter.use_case.empty()) return {"use_case", {filter.use_case}};
  if (!filter.actor.empty()) {
    Query by_id("SELECT seq FROM audit_entries WHERE actor_id = ");
    by_id.bind(filter.actor).add(" LIMIT 1");
    return {fetch_number(sql, by_id) ? "actor_id" : "actor_name", {filter.actor}};
  }
  if (filter.action.empty() || filter.action == "*") return {};
  if (!is_prefix(filter.action)) return {"action", {filter.action}};
  std::vector<std::string> actions = actions_with_prefix(sql, prefix_of(filter.action));
  // A nonsensical number of actions: the entries in their order do as well.
  if (actions == std::vector<std::string>{std::string(kTooMany)}) return {};
  return {"action", std::move(actions)};
}

// Conditions beside the driver's. The concatenations keep a planner from choosing one of these indexes, whose
// entries may be a hundred times as many.
void add_conditions(Query& query, const AuditFilter& filter, std::string_view driver) {
  const auto equal = [&](std::string_view column, const std::string& value) {
    if (value.empty() || driver == column) return;
    query.add(fmt::format(" AND {} || '' = ", column)).bind(value);
  };
  equal("object", filter.object);
  equal("use_case", filter.use_case);
  if (!filter.actor.empty() && !driver.starts_with("actor"))
    query.add(" AND (actor_id || '' = ")
        .bind(filter.actor)
        .add(" OR actor_name || '' = ")
        .bind(filter.actor)
        .add(")");
  if (!is_prefix(filter.action)) {
    equal("action", filter.action);
  } else if (driver != "action" && filter.action != "*") {
    const std::string prefix = prefix_of(filter.action);
    query.add(fmt::format(" AND substr(action, 1, {}) = ", prefix.size())).bind(prefix);
  }
  std::size_t words = 0;
  for (const std::string_view word : split(filter.text, ' ')) {
    if (word.empty() || words == kWordsLimit) continue;
    ++words;
    query
        .add(
            " AND lower(action || ' ' || object || ' ' || actor_name || ' ' || use_case || ' ' || detail) "
            "LIKE "
            "lower(")
        .bind(store::contains_pattern(word))
        .add(") ESCAPE '\\'");
  }
  if (filter.scopes.empty()) return;
  query.add(" AND (1 = 0");
  for (const AuditScope& scope : filter.scopes) {
    query.add(" OR (1 = 1");
    if (!scope.use_case.empty()) query.add(" AND use_case || '' = ").bind(scope.use_case);
    if (!scope.environment.empty())
      query.add(" AND (environment = '' OR environment = ").bind(scope.environment).add(")");
    query.add(")");
  }
  query.add(")");
}

void add_driver(Query& query, const Driver& driver) {
  if (driver.column.empty()) return;
  query.add(fmt::format(" AND {} IN (", driver.column));
  for (std::size_t i = 0; i < driver.values.size(); ++i) query.add(i == 0 ? "" : ", ").bind(driver.values[i]);
  query.add(")");
}

// The times of entries never go back (append_audit sees to it), so that a range of times is one of numbers.
long long first_seq_at(soci::session& sql, std::int64_t at_us) {
  Query query("SELECT seq FROM audit_entries WHERE at_us >= ");
  query.bind(static_cast<long long>(at_us)).add(" ORDER BY at_us, seq LIMIT 1");
  return fetch_number(sql, query).value_or(kForever);
}

// The number down to which about `wanted` entries of the driver lie below `high`; `low` if fewer are left.
long long window_start(soci::session& sql, const Driver& driver, long long low, long long high,
                       long long wanted) {
  if (driver.column.empty()) {
    Query newest("SELECT MAX(seq) FROM audit_entries WHERE seq < ");
    newest.bind(high);
    return std::max(low, fetch_number(sql, newest).value_or(low) - wanted);
  }
  const long long share = std::max(
      kSmallestWindow, wanted / static_cast<long long>(std::max<std::size_t>(1, driver.values.size())));
  long long start = low;
  for (const std::string& value : driver.values) {
    Query query("SELECT seq FROM audit_entries WHERE ");
    query.add(driver.column)
        .add(" = ")
        .bind(value)
        .add(" AND seq < ")
        .bind(high)
        .add(" AND seq >= ")
        .bind(low);
    query.add(" ORDER BY seq DESC LIMIT 1 OFFSET ").bind(share);
    start = std::max(start, fetch_number(sql, query).value_or(low));
  }
  return start;
}

}  // namespace

Result<std::vector<AuditScope>> audit_scopes(const std::vector<RoleGrant>& grants) {
  std::vector<AuditScope> scopes;
  for (const RoleGrant& grant : grants) {
    if (!may({grant}, Permission::kReadAudit)) continue;
    if (grant.use_case.empty() && grant.environment.empty()) return std::vector<AuditScope>{};
    scopes.push_back({grant.use_case, grant.environment});
  }
  if (scopes.empty()) SLIPWAY_TRY(require(grants, Permission::kReadAudit));
  return scopes;
}

Result<AuditPage> AuditLog::list(const AuditFilter& filter, std::int64_t before, std::uint32_t limit) {
  return database_.read([&](soci::session& sql) -> Result<AuditPage> {
    AuditPage page;
    const long long low = filter.from_us == 0 ? 1 : first_seq_at(sql, filter.from_us);
    long long high = before == 0 ? kForever : before;
    if (filter.to_us != 0) high = std::min(high, first_seq_at(sql, filter.to_us));
    const Driver driver = choose_driver(sql, filter);
    if (!driver.column.empty() && driver.values.empty()) return page;
    const std::int64_t began_ns = mono_now_ns();
    while (high > low) {
      const long long start = window_start(sql, driver, low, high, kWindow);
      const std::size_t missing = limit - page.items.size();
      Query query("SELECT ");
      query.add(kColumns).add(" FROM audit_entries WHERE seq < ").bind(high).add(" AND seq >= ").bind(start);
      add_driver(query, driver);
      add_conditions(query, filter, driver.column);
      query.add(" ORDER BY seq DESC LIMIT ").bind(static_cast<long long>(missing) + 1);
      std::vector<AuditEntry> found = fetch(sql, query);
      if (found.size() > missing) {
        found.resize(missing);
        std::ranges::move(found, std::back_inserter(page.items));
        page.next_before = page.items.back().seq;
        return page;
      }
      std::ranges::move(found, std::back_inserter(page.items));
      high = start;
      if (high > low && mono_now_ns() - began_ns > kPageBudgetNs) {
        page.next_before = high;
        return page;
      }
    }
    return page;
  });
}

Result<> AuditLog::for_each(const AuditFilter& filter, const std::function<bool(const AuditEntry&)>& sink) {
  SLIPWAY_ASSIGN(const AuditAnchor newest, head());
  long long after = -kForever;
  bool begun = false;
  while (true) {
    SLIPWAY_ASSIGN(const std::vector<AuditEntry> found,
                   database_.read([&](soci::session& sql) -> Result<std::vector<AuditEntry>> {
                     if (!std::exchange(begun, true) && filter.from_us != 0)
                       after = first_seq_at(sql, filter.from_us) - 1;
                     Query query("SELECT ");
                     query.add(kColumns).add(" FROM audit_entries WHERE seq > ").bind(after);
                     query.add(" AND seq <= ").bind(static_cast<long long>(newest.seq));
                     if (filter.to_us != 0)
                       query.add(" AND at_us + 0 < ").bind(static_cast<long long>(filter.to_us));
                     add_conditions(query, filter, {});
                     query.add(" ORDER BY seq LIMIT ").bind(kBatch);
                     return fetch(sql, query);
                   }));
    for (const AuditEntry& entry : found)
      if (!sink(entry)) return {};
    if (std::ssize(found) < kBatch) return {};
    after = found.back().seq;
  }
}

Result<AuditAnchor> AuditLog::head() {
  return database_.read([](soci::session& sql) -> Result<AuditAnchor> {
    AuditAnchor newest;
    long long seq = 0;
    sql << "SELECT seq, digest FROM audit_entries ORDER BY seq DESC LIMIT 1", soci::into(seq),
        soci::into(newest.digest);
    newest.seq = seq;
    return newest;
  });
}

Result<std::string> AuditLog::digest_of(std::int64_t seq) {
  const long long wanted = seq;
  return database_.read([&](soci::session& sql) -> Result<std::string> {
    std::string digest;
    sql << "SELECT digest FROM audit_entries WHERE seq = :seq", soci::use(wanted), soci::into(digest);
    return digest;
  });
}

Result<> AuditLog::note(const Actor& actor, const AuditEvent& event) {
  return database_.write_quietly([&](soci::session& sql) { return append_audit(sql, actor, event); });
}

}  // namespace slipway::governance
