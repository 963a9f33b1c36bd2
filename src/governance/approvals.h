// SPDX-License-Identifier: Apache-2.0
// Decisions of people on a release for an environment, with separation of duties: nobody approves what they
// wrote, and everybody has one vote. Blocks on the database; thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "governance/policies.h"
#include "governance/principals.h"
#include "governance/releases.h"
#include "governance/reviews.h"
#include "store/database.h"

namespace slipway::governance {

struct ReleaseApproval {
  std::string environment;
  std::string decision;  // "approve" or "reject"
  std::string by_id;
  std::string by;
  std::string by_email;
  std::vector<std::string> roles;  // held for that use case and environment when deciding
  std::int64_t at_us = 0;
  std::string comment;
};

// Ids, names and e-mail addresses of whoever wrote what a promotion would bring into an environment: the one
// who cut the release, and the authors of the asset versions that don't run there yet.
std::set<std::string> authors_of(const ReleaseManifest& release, const ReleaseManifest* running);

// Why `who` may not decide on the release for the environment, as a sentence; empty if they may.
std::string why_not_approve(const std::set<std::string>& authors, const Policy& policy, const Principal& who,
                            std::string_view use_case, std::string_view environment);

// How many of the approvals each role of the policy gets. A person fills one place only, whatever their
// roles; approvals of authors count only where the policy lets them.
std::map<std::string, std::int64_t> count_approvals(const std::vector<ReleaseApproval>& approvals,
                                                    const std::set<std::string>& authors,
                                                    const Policy& policy);

// A release and what runs in an environment in its place.
struct ReleasePlace {
  std::string use_case;
  std::string environment;
  std::int64_t number = 0;
  std::int64_t active = 0;         // there; 0 if nothing is
  std::int64_t active_before = 0;  // in the environment before it
};

class ApprovalStore {
 public:
  ApprovalStore(store::Database& database, ReleaseStore& releases, PolicyStore& policies,
                std::vector<std::string> environments)
      : database_(database),
        releases_(releases),
        policies_(policies),
        environments_(std::move(environments)) {}

  // Deciding again replaces one's decision. kPermissionDenied, kNotFound, kInvalidArgument.
  Result<> decide(std::string_view use_case, std::int64_t number, std::string_view environment,
                  std::string_view decision, std::string_view comment, const Principal& who);
  static Result<std::vector<ReleaseApproval>> of(soci::session& sql, const ReleaseManifest& release);
  Result<std::vector<ReleaseApproval>> of(const ReleaseManifest& release);
  // The newest release of each use case, for environments whose policy asks for approvals that are missing:
  // what the caller may decide, or with `mine` false everything they may see. Oldest first, at most 500.
  Result<std::vector<PendingDecision>> pending(const Principal& who, bool mine);

 private:
  // Nothing if nobody needs to decide any more.
  Result<std::optional<PendingDecision>> pending_of(soci::session& sql, const ReleasePlace& place,
                                                    const Policy& policy, const Principal& who);

  store::Database& database_;
  ReleaseStore& releases_;
  PolicyStore& policies_;
  std::vector<std::string> environments_;
};

// Number of the release that is active there; 0 if none is.
std::int64_t active_release(soci::session& sql, std::string_view use_case, std::string_view environment);

}  // namespace slipway::governance
