// SPDX-License-Identifier: Apache-2.0
// Decisions on use cases by discipline, with separation of duties. Blocks on the database; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "governance/principals.h"
#include "governance/use_cases.h"
#include "store/database.h"

namespace slipway::governance {

struct ReviewDecision {
  std::string discipline;
  std::string decision;  // "approve", "approve_with_conditions", "reject"
  std::string comment;
  std::vector<std::string> conditions;
  std::int64_t expires_us = 0;  // 0: as long as the tier allows
  std::int64_t version = 0;     // of the use case that was looked at; 0: whatever is there
};

// Something that waits for somebody to decide. Reviews of use cases come from ReviewStore::pending; whoever
// has other decisions to offer adds a PendingSource to the API's services.
struct PendingDecision {
  std::string type;  // "use_case_review" or "release_approval"
  std::string use_case;
  std::string title;
  std::string discipline;    // of a review
  std::int64_t release = 0;  // of an approval
  std::string environment;   // of an approval
  std::int64_t requested_us = 0;
  std::string requested_by;
  std::string why_not;  // why the caller may not decide; empty if they may
  std::string tier;
};

// Decisions that wait; with `mine` only those that `who` may decide.
using PendingSource = std::function<Result<std::vector<PendingDecision>>(const Principal& who, bool mine)>;

// Why `who` may not decide this review, as a sentence; empty if they may. Nobody reviews what they own, have
// created or changed last, whatever their roles.
std::string why_not_review(const UseCase& use_case, const Principal& who, std::string_view discipline);

class ReviewStore {
 public:
  ReviewStore(store::Database& database, UseCaseStore& use_cases)
      : database_(database), use_cases_(use_cases) {}

  // kPermissionDenied without the role or against the separation of duties, kConflict if the use case is not
  // in review (or approved) or asks for no such review, kInvalidArgument names the field.
  Result<UseCase> decide(std::string_view slug, const ReviewDecision& decision, const Principal& who);
  // Reviews that are missing, outdated, expired or about to expire, oldest request first, at most 500.
  Result<std::vector<PendingDecision>> pending(const Principal& who, bool mine);

 private:
  store::Database& database_;
  UseCaseStore& use_cases_;
};

}  // namespace slipway::governance
