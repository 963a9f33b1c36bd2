// SPDX-License-Identifier: Apache-2.0
// The judges that come with Slipway: a prompt (prompts/*.yaml, in the format of prompt assets), a scale, and
// what they need to know. Immutable; any thread.
#pragma once

#include <span>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "evaluation/judges/scale.h"

namespace slipway::evaluation {

struct BuiltinJudge {
  std::string_view name;  // also of the metric
  std::string_view text;  // of the prompt, YAML
  JudgeScale scale;
  bool needs_rubric = false;
  bool pairwise = false;  // compares two answers
};

std::span<const BuiltinJudge> builtin_judges();
const BuiltinJudge* find_builtin_judge(std::string_view name);
// The prompt as an asset's content; its model, "judge", stands for whichever is named. What all prompts have
// in common is among its partials.
Result<json::object> builtin_prompt(const BuiltinJudge& judge);

}  // namespace slipway::evaluation
