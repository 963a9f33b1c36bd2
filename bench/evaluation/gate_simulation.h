// SPDX-License-Identifier: Apache-2.0
// The gate as a whole on runs of which the truth is known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace slipway::evaluation {

struct GateRow {
  std::string what;
  double failed = 0;  // percent of the gates
  double passed = 0;
  // What may not be more than alpha: the wrong verdict.
  bool fail_is_wrong = false;
  bool pass_is_wrong = false;
};

// `comparisons` gates for each row, with alpha 5 %.
std::vector<GateRow> simulate_gates(int comparisons, std::uint64_t seed);

}  // namespace slipway::evaluation
