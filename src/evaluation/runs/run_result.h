// SPDX-License-Identifier: Apache-2.0
// One result as it is kept: a line of JSON whose first member is the item's number, so that a reader finds
// its place without parsing the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::evaluation {

struct RunCase;
struct CallOrder;
struct CallOutcome;
struct AnswerScore;

struct ResultLimits {
  std::size_t answer_bytes = 64u << 10;  // of an answer that is kept
  std::size_t reason_bytes = 2u << 10;   // of a metric's reason, and of an error's sentence
  bool keep_texts = true;                // answers and reasons, as the environment's capture policy says
};

// What is asked of a stored line without reading all of it.
struct ResultHead {
  std::uint64_t item = 0;
  bool error = false;
};

// Appends the line with its end. `scores` is empty where there was no answer.
void append_result(std::string& out, const CallOrder& order, const CallOutcome& outcome,
                   const std::vector<std::string>& metrics, const std::vector<AnswerScore>& scores,
                   std::uint32_t attempts, const ResultLimits& limits);
// kDataLoss for a line that is none.
Result<ResultHead> read_head(std::string_view line);

}  // namespace slipway::evaluation
