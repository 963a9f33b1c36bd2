// SPDX-License-Identifier: Apache-2.0
// What went wrong, grouped: failures with the same metric, error code and nearly the same reason are one
// thing to look at. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evaluation/gate/case_table.h"
#include "evaluation/gate/gate_report.h"

namespace slipway::evaluation {

// What reasons of the same kind have in common: quoted texts become "…", numbers and identifiers "#", case
// and white space don't matter. At most kPatternBytes.
inline constexpr std::size_t kPatternBytes = 300;
std::string reason_pattern(std::string_view reason);

struct Failures {
  FailureCounts counts;
  std::vector<FailureGroup> groups;
  std::size_t groups_left_out = 0;
  std::vector<WorstCase> worst;
  std::size_t worst_left_out = 0;
};

// A case fails a metric if at least half of its answers do, and has an error if at least half of them have
// it. New: it doesn't in the baseline; fixed: it does in the baseline only.
Failures group_failures(const CaseTable& candidate, const CaseTable* baseline, const GateLimits& limits);

}  // namespace slipway::evaluation
