// SPDX-License-Identifier: Apache-2.0
// What a judge answered, read from what it wrote. Models are asked for JSON and mostly give it; what they
// wrap it in, and small slips, are forgiven. What remains unclear is no verdict. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "evaluation/judges/scale.h"

namespace slipway::evaluation {

struct JudgeVerdict {
  std::string label;  // of labels; else the number as it was written
  double value = 0;   // 0…1
  std::string reason;
};

// Takes the one JSON object in `text` that has a verdict on this scale: the whole text, or a piece of it (in
// a code fence, behind a line of thought, before further words). Trailing commas, comments, line ends inside
// of texts and numbers in quotes are let through. kInvalidArgument says what is missing, never what was
// written: for no such object, a label or number that the scale doesn't have, and two objects that say
// different things.
Result<JudgeVerdict> read_verdict(std::string_view text, const JudgeScale& scale);

}  // namespace slipway::evaluation
