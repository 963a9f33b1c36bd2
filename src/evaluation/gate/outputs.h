// SPDX-License-Identifier: Apache-2.0
// A GateReport as people and programs read it. Everything that comes from cases or models is escaped for
// where it is put. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "evaluation/gate/gate_report.h"

namespace slipway::evaluation {

// For a terminal: verdict, a table of thresholds, groups of failures. Plain text without colours; control
// characters are shown as "?".
std::string gate_text(const GateReport& report);
std::string gate_text(std::span<const GateReport> reports);

// JUnit's XML as CI systems read it: one test case a threshold, named by its id, in a test suite named by the
// evaluation. A fail is a <failure>, inconclusive and error are <error>s (of the types "inconclusive" and
// "error"), a skipped one is <skipped>.
std::string gate_junit(const GateReport& report);
std::string gate_junit(std::span<const GateReport> reports);  // one test suite each

// By gate_report.schema.json beside this file; "format" is its version.
json::object gate_json(const GateReport& report);
std::string_view gate_json_schema();

// For a pull request: verdict first, then what decides. At most `limit_bytes`: cases, then groups, then
// slices are left out, and that is said.
inline constexpr std::size_t kCommentLimit = 65'536;  // what GitHub takes, in characters
inline constexpr std::size_t kCommentLeast = 2'000;   // a smaller limit is taken for this
std::string gate_markdown(const GateReport& report, std::size_t limit_bytes = kCommentLimit);
// One verdict over all, then each within its share of the limit.
std::string gate_markdown(std::span<const GateReport> reports, std::size_t limit_bytes = kCommentLimit);

// One page that loads nothing: plots, tables and all cases of the candidate's run. A case's scores are
// embedded for all of them, texts for the report's worst ones only. About 60 bytes a case and metric.
std::string gate_html(const GateReport& report, const GateRun& candidate, const GateRun* baseline);

}  // namespace slipway::evaluation
