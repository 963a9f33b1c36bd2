// SPDX-License-Identifier: Apache-2.0
// Cases from real calls: those that filters find, a sample that a seed decides, without repetitions and with
// personal data masked. Blocks on the telemetry store. The same calls and the same request give the same
// cases.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "catalog/case.h"
#include "evaluation/mask.h"
#include "telemetry/query.h"

namespace slipway::evaluation {

struct InvocationCasesRequest {
  telemetry::InvocationFilters filters = {};
  std::uint32_t count = 100;  // at most so many cases
  std::uint64_t seed = 1;
  // "use_case", "environment", "model", "release", "status", "end_user" or "key": each value gets the same
  // number of cases, as far as there are so many. Empty: all calls are alike.
  std::string stratify_by = {};
  bool keep_answers = false;  // the model's answer becomes what is expected: it has to be looked at
  bool exact_duplicates = true;
  double similarity = 0.85;  // from which on texts are taken for the same; above 1: only the same text is
  bool mask = true;
  MaskOptions masks = {};
  std::string split = {};
  std::vector<std::string> tags = {};
};

struct InvocationCasesLimits {
  std::uint32_t cases = 10'000;
  std::uint64_t scanned = 1'000'000;  // calls that are looked at
};

struct InvocationCasesReport {
  std::int64_t matched = 0;       // calls that the filters found
  bool complete = true;           // false: there were more than may be looked at; the newest were
  std::int64_t without_body = 0;  // chosen, but nothing was captured of them, or it has expired
  std::int64_t unreadable = 0;    // chosen, but cut off or without a text
  std::int64_t duplicates = 0;
  std::int64_t near_duplicates = 0;
  std::map<std::string, std::int64_t> masked;  // what was replaced, by name
  std::map<std::string, std::int64_t> strata;  // cases by value of the field
  std::vector<catalog::Case> cases;
};

// kInvalidArgument for a request that can't be. `progress` is told of calls looked at; false stops.
Result<InvocationCasesReport> cases_from_invocations(
    const telemetry::TelemetryQuery& query, const InvocationCasesRequest& request,
    const InvocationCasesLimits& limits, const catalog::CaseLimits& case_limits,
    const std::function<bool(std::int64_t looked_at)>& progress = {});

}  // namespace slipway::evaluation
