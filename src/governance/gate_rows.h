// SPDX-License-Identifier: Apache-2.0
// Rows of gates and their reports. Within the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "governance/gates.h"

namespace slipway::governance {

struct GateOutput {
  std::string evaluation;  // empty: all of the gate
  std::string format;
  std::string body;
};

void insert_gate(soci::session& sql, const Gate& gate);
Result<std::optional<Gate>> load_gate(soci::session& sql, const std::string& id);
// Newest first.
Result<std::vector<Gate>> load_gates(soci::session& sql, const GateFilter& filter, std::uint32_t limit);
Result<std::vector<Gate>> load_open_gates(soci::session& sql);
// Stores verdicts and reports. False if somebody else has decided it already.
Result<bool> finish_gate(soci::session& sql, const Gate& gate, const std::vector<GateOutput>& outputs);
Result<std::optional<std::string>> load_report(soci::session& sql, const std::string& gate,
                                               const std::string& evaluation, const std::string& format);

}  // namespace slipway::governance
