// SPDX-License-Identifier: Apache-2.0
// What a judge's prompt may know of a case and its answer, by the names of its variables. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "evaluation/judges/judge_params.h"
#include "evaluation/judges/scale.h"
#include "evaluation/metrics/metric.h"
#include "llm/prompt.h"

namespace slipway::evaluation {

//   question      the input's text, its last user message, or its variables
//   conversation  everything that was said before the answer: a list of {role, text}
//   input         as it is in the case
//   answer        the text; where there is none, the tools that were called
//   expected      what the case expects, or the metric's own value; a list of good answers, one a line
//   context       the case's, else the documents that the target retrieved; with their numbers
//   citations     what the answer cites beside its text: a list
//   tool_calls    a list of {name, arguments}
//   metadata      the case's
//   first, second the two answers that are compared
//   rubric, steps, has_steps, examples, has_examples, scale   of the metric
//   (others)      the input's variable of that name; since not every case need have it, with a default
//   mark          letters that no text of the case holds, for the tags around them
//
// Texts become what a variable of type string takes; others are given as they are. kInvalidArgument for
// something the case doesn't have and the prompt can't do without, with what to do.
class JudgeVariables {
 public:
  static Result<JudgeVariables> make(const CaseView& view, const JudgeParams& params, const JudgeScale& scale,
                                     const std::vector<llm::PromptVariable>& wanted);
  // Of a comparison: which of the answers stands first.
  [[nodiscard]] json::object values(bool answer_first = true) const;

 private:
  json::object values_;
  std::string answer_;
  std::string other_;
  bool pairwise_ = false;
};

// What a JSON pointer leads to in a case; nullptr for nothing.
const json::value* member_of_case(const json::object& fields, std::string_view pointer);

// Whether a prompt can be filled: kInvalidArgument for a variable that must be given and is none of the
// above.
Result<> check_judge_variables(const std::vector<llm::PromptVariable>& variables, const JudgeParams& params,
                               const std::string& path);

}  // namespace slipway::evaluation
