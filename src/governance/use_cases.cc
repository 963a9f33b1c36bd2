// SPDX-License-Identifier: Apache-2.0
#include "governance/use_cases.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"

namespace slipway::governance {

bool is_valid_slug(std::string_view slug) {
  return !slug.empty() && slug.size() <= 63 && slug.front() >= 'a' && slug.front() <= 'z' &&
         std::ranges::all_of(
             slug, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

Result<UseCase> UseCaseStore::create(std::string_view slug, std::string_view name, std::string_view owner) {
  if (!is_valid_slug(slug))
    return fail(
        ErrorCode::kInvalidArgument, fmt::format("'{}' can't be a use case's slug", ellipsize(slug, 80)),
        "slug",
        "Use a lower-case letter followed by up to 62 letters, digits and hyphens, as in support-assistant.");
  const std::string_view shown = trim(name);
  if (shown.empty() || shown.size() > 200)
    return fail(ErrorCode::kInvalidArgument, "a use case's name has 1 to 200 characters", "name");
  if (owner.size() > 200)
    return fail(ErrorCode::kInvalidArgument, "an owner has at most 200 characters", "owner");
  UseCase made{std::string(slug), std::string(shown), std::string(owner), unix_now_us()};
  const long long created = made.created_us;
  SLIPWAY_TRY(database_.write([&](soci::session& sql) -> Result<> {
    int taken = 0;
    sql << "SELECT COUNT(*) FROM use_cases WHERE slug = :slug", soci::use(made.slug), soci::into(taken);
    if (taken != 0)
      return fail(ErrorCode::kConflict, fmt::format("there is a use case '{}' already", made.slug), "slug",
                  "Choose another slug.");
    sql << "INSERT INTO use_cases (slug, name, owner, created_us) VALUES (:slug, :name, :owner, :created)",
        soci::use(made.slug), soci::use(made.name), soci::use(made.owner), soci::use(created);
    return {};
  }));
  return made;
}

Result<> UseCaseStore::ensure(std::string_view slug, std::string_view name, std::string_view owner) {
  const Result<UseCase> made = create(slug, name, owner);
  if (!made && made.error().code != ErrorCode::kConflict) return fail(made.error());
  return {};
}

Result<std::vector<UseCase>> UseCaseStore::list() {
  return database_.read([](soci::session& sql) -> Result<std::vector<UseCase>> {
    std::vector<UseCase> all;
    UseCase row;
    long long created = 0;
    soci::statement statement =
        (sql.prepare << "SELECT slug, name, owner, created_us FROM use_cases ORDER BY slug",
         soci::into(row.slug), soci::into(row.name), soci::into(row.owner), soci::into(created));
    statement.execute();
    while (statement.fetch()) {
      row.created_us = created;
      all.push_back(row);
    }
    return all;
  });
}

}  // namespace slipway::governance
