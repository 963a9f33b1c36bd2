// SPDX-License-Identifier: Apache-2.0
// What one judge said of one answer, as results keep it. Plain values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace slipway::evaluation {

struct JudgeNote {
  std::string model;  // who judged: "support/model/careful:3"
  std::string label;  // the verdict; of several votes the one that won; empty where scores are numbers
  double value = 0;   // 0…1
  std::vector<std::pair<std::string, std::uint32_t>> votes;  // label or number, how often; best first
  std::string invocation;                                    // the call whose reason is shown
  bool operator==(const JudgeNote&) const = default;
};

}  // namespace slipway::evaluation
