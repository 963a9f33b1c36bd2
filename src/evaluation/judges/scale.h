// SPDX-License-Identifier: Apache-2.0
// What a judge may answer: one of a few labels, each worth something, or a number. Immutable once made; any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "evaluation/metrics/metric.h"

namespace slipway::evaluation {

struct JudgeLabel {
  std::string name;
  double value = 0;   // 0…1
  std::string means;  // when it is the right one; may be empty
};

class JudgeScale {
 public:
  static constexpr std::size_t kLabelsMost = 20;

  JudgeScale() = default;
  // Best first; two at least.
  explicit JudgeScale(std::vector<JudgeLabel> labels);
  // Numbers from `least` (worst) to `most`.
  JudgeScale(double least, double most, bool whole) : least_(least), most_(most), whole_(whole) {}

  // {"labels": {"yes": 1, "partly": {"value": 0.5, "means": "…"}, "no": 0}} or {"min": 1, "max": 5, "whole":
  // true}. A label that `own` has as well keeps its meaning unless another is given. kInvalidArgument names
  // the field.
  static Result<JudgeScale> read(const json::value& scale, const std::string& path, const JudgeScale& own);
  // The scale of an answer that this schema describes: a number under "score". nullopt if it says nothing.
  static std::optional<JudgeScale> of_schema(const json::value& schema);

  [[nodiscard]] bool labelled() const { return !labels_.empty(); }
  [[nodiscard]] const std::vector<JudgeLabel>& labels() const { return labels_; }
  // 0 and 1 are all there is.
  [[nodiscard]] ScoreKind kind() const;
  // The label that is meant, whatever its case and whether its words are joined by spaces, '-' or '_';
  // nullptr for none.
  [[nodiscard]] const JudgeLabel* find(std::string_view name) const;
  // 0…1; nullopt for a number outside of the scale, or one that is not whole where it must be.
  [[nodiscard]] std::optional<double> value_of(double number) const;

  // What an answer must look like: the reason first, so that the verdict follows from it.
  [[nodiscard]] json::value answer_schema() const;
  // What a prompt knows of it as its variable `scale`.
  [[nodiscard]] json::object view() const;
  // As read() takes it.
  [[nodiscard]] json::object to_json() const;

 private:
  std::vector<JudgeLabel> labels_;  // empty: numbers
  double least_ = 0;
  double most_ = 1;
  bool whole_ = false;
};

}  // namespace slipway::evaluation
