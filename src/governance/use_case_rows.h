// SPDX-License-Identifier: Apache-2.0
// Use cases and their reviews as rows. Internal to the registry: every function works inside the caller's
// transaction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "governance/use_cases.h"

namespace slipway::governance {

// A decision as stored; the newest of each discipline counts.
struct ReviewRow {
  std::string use_case;
  std::int64_t number = 0;  // 1, 2, 3, … within the use case
  std::string discipline;
  std::string decision;
  std::string reviewer_id;
  std::string reviewer;
  std::string comment;
  std::vector<std::string> conditions;
  std::string basis;  // review_basis of what was looked at
  std::int64_t decided_us = 0;
  std::int64_t expires_us = 0;
  bool superseded = false;  // asked for again
};

Result<> migrate_use_cases(store::Database& database);

// By slug, after `cursor`, at most `limit` (0: all); each judged as of `now_us`.
std::vector<UseCase> load_use_cases(soci::session& sql, const Questionnaire& questionnaire,
                                    const UseCaseFilter& filter, std::string_view cursor, std::uint32_t limit,
                                    std::int64_t now_us);
std::uint64_t count_use_cases(soci::session& sql, const UseCaseFilter& filter, std::int64_t now_us);
// kNotFound with what to do.
Result<UseCase> load_use_case(soci::session& sql, const Questionnaire& questionnaire, std::string_view slug,
                              std::int64_t now_us);

void insert_use_case(soci::session& sql, const UseCase& use_case);
// Judges `use_case` anew (tier, reviews, state), writes it and its search columns. Returns it as written.
UseCase settle_use_case(soci::session& sql, const Questionnaire& questionnaire, UseCase use_case,
                        std::int64_t now_us);

void insert_review(soci::session& sql, ReviewRow row);  // gives it the next number
// Rejections are to be decided anew; how many there were.
void supersede_rejections(soci::session& sql, const std::string& slug);

}  // namespace slipway::governance
