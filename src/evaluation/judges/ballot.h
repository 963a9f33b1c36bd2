// SPDX-License-Identifier: Apache-2.0
// From a judge's votes to its verdict, and from several judges to a score. Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "evaluation/judges/judge_note.h"
#include "evaluation/judges/scale.h"
#include "evaluation/judges/verdict_text.h"
#include "evaluation/metrics/text_metrics.h"

namespace slipway::evaluation {

struct JudgeVote {
  JudgeVerdict verdict;
  std::string invocation;
};

struct JudgeDecision {
  JudgeNote note;
  std::string reason;  // of the vote that is shown
};

// Of labels the one that most votes have; where several have as many, the one that is worth least. Of numbers
// the mean. `votes` is not empty.
JudgeDecision decide(std::string model, std::span<const JudgeVote> votes, bool labelled);
// The mean of the judges, with what each of them said.
Score score_of(std::vector<JudgeDecision> decisions);

// Answer first, answer second: what both say of the answer ("better", "tie", "worse"). A verdict that changes
// with the order is a tie.
JudgeVerdict compare(const JudgeVerdict& answer_first, const JudgeVerdict& answer_second);
// The verdict on the answer, of one order.
JudgeVerdict of_answer(const JudgeVerdict& verdict, bool answer_first);

}  // namespace slipway::evaluation
