// SPDX-License-Identifier: Apache-2.0
// The parameters of a judge, out of an entry of an evaluation's `metrics`. Immutable once made; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "evaluation/judges/builtin_judges.h"
#include "evaluation/judges/scale.h"
#include "evaluation/metrics/params.h"

namespace slipway::evaluation {

// Which of two answers the judge reads first.
enum class JudgeOrder : std::uint8_t { kBoth, kAnswerFirst, kAnswerSecond };

struct JudgeParams {
  static constexpr std::uint64_t kVotesMost = 25;
  static constexpr std::size_t kModelsMost = 10;

  const BuiltinJudge* builtin = nullptr;  // null: a prompt of one's own
  std::string prompt;                     // its name; empty: the built-in one
  std::vector<std::string> models;        // names; empty: the prompt's own
  std::uint32_t votes = 1;
  std::uint32_t attempts = 3;  // calls for one verdict, while what comes back can't be read
  bool structured = true;      // the provider is sent the answer's schema, not only told of it
  json::object parameters;     // over those of prompt and model
  std::string rubric;
  json::array steps;     // texts
  json::array examples;  // objects: question, answer, expected, verdict (text), reason
  std::optional<JudgeScale> scale;
  ExpectedValue expected;
  std::string against;  // pairwise: a member of the case, as "metadata.baseline"; empty: what is expected
  JudgeOrder order = JudgeOrder::kBoth;
  std::string labels_field;  // where people's labels stand: "human"

  // `metric` is the entry's metric: "judge", or a built-in judge's name. kInvalidArgument names the field.
  static Result<JudgeParams> read(std::string_view metric, const json::object& params,
                                  const std::string& path);

  [[nodiscard]] bool pairwise() const { return builtin != nullptr && builtin->pairwise; }
  // Judge calls that one answer takes, with so many models.
  [[nodiscard]] std::uint32_t calls(std::size_t judges) const {
    const std::uint32_t orders = pairwise() && order == JudgeOrder::kBoth ? 2 : 1;
    return votes * orders * static_cast<std::uint32_t>(judges);
  }
};

// "judge", or a built-in judge.
bool is_judge(std::string_view metric);
// An entry of `metrics`, if it is judged by a model: by the name of its metric, or because it names a prompt
// that judges. Its parameters have that prompt as `prompt`.
struct JudgeEntry {
  std::string metric;  // as JudgeParams::read() wants it
  json::object params;
};
std::optional<JudgeEntry> judge_entry(const json::object& entry);

}  // namespace slipway::evaluation
