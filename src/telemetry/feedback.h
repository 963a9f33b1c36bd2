// SPDX-License-Identifier: Apache-2.0
// Scores, labels and corrections that people and programs give to invocations. They live in the shared
// database, not in the telemetry store: they come later than their call, and every node must count them.
// Blocks; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "telemetry/query.h"

namespace slipway::telemetry {

struct NewFeedback {
  std::string name = "rating";  // what is judged
  std::optional<double> score;  // 0 to 1, kept to the millionth
  std::string label;            // empty: none
  std::string comment;
  std::string correction;  // the answer that would have been right; empty: none
  std::string by;          // who says so
};

struct Feedback : NewFeedback {
  std::string id;
  std::string invocation_id;
  std::int64_t created_us = 0;
  // Of the invocation.
  std::string use_case;
  std::string environment;
  std::string release;
};

struct FeedbackFilter {
  std::string invocation_id;  // empty fields: any
  std::string use_case;
  std::string release;
  std::optional<std::vector<std::string>> only_use_cases;  // none but these, if given
};

struct FeedbackPage {
  std::vector<Feedback> items;  // newest first
  std::string next_cursor;      // empty at the end
};

// Sums over the scores of one release; means and variances follow.
struct ScoreFigures {
  std::int64_t count = 0;
  double sum = 0;
  double squares = 0;
};

Result<> migrate_feedback(store::Database& database);

class FeedbackStore {
 public:
  explicit FeedbackStore(store::Database& database) : database_(database) {}

  // kInvalidArgument names the field. `about` tells use case, environment and release.
  Result<Feedback> add(const NewFeedback& given, const Invocation& about);
  // `limit` at most 500. kInvalidArgument for a malformed cursor.
  Result<FeedbackPage> list(const FeedbackFilter& filter, std::string_view cursor, std::uint32_t limit);
  // Of all scores given to calls of a release in an environment.
  Result<ScoreFigures> scores(std::string_view release, std::string_view environment);

 private:
  store::Database& database_;
};

}  // namespace slipway::telemetry
