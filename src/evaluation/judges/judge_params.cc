// SPDX-License-Identifier: Apache-2.0
#include "evaluation/judges/judge_params.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace slipway::evaluation {

namespace {

constexpr std::string_view kJudge = "judge";
constexpr std::size_t kStepsMost = 30;
constexpr std::size_t kExamplesMost = 30;
constexpr std::size_t kRubricBytes = 100'000;
constexpr std::uint64_t kAttemptsMost = 10;

std::unexpected<Error> wrong(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

std::vector<std::string> builtin_names() {
  std::vector<std::string> names;
  for (const BuiltinJudge& one : builtin_judges()) names.emplace_back(one.name);
  return names;
}

Result<> read_judge(std::string_view metric, Params& params, JudgeParams& out) {
  SLIPWAY_ASSIGN(const auto named, params.text("judge"));
  SLIPWAY_ASSIGN(const auto prompt, params.text("prompt"));
  out.prompt = prompt.value_or("");
  if (prompt && prompt->empty()) return wrong("must be the name of a prompt", params.at("prompt"));
  if (named && metric != kJudge)
    return wrong(fmt::format("the metric is a judge already: '{}'", metric), params.at("judge"),
                 "Leave it out");
  const std::string name = metric != kJudge ? std::string(metric) : named.value_or("");
  if (name.empty() && out.prompt.empty())
    return wrong("says neither which judge it is nor by which prompt it judges", params.at("judge"),
                 fmt::format("Name a built-in one, as {}, or a prompt of your own in prompt:",
                             builtin_judges().front().name));
  if (name.empty()) return {};
  out.builtin = find_builtin_judge(name);
  if (out.builtin != nullptr) return {};
  const auto close = nearest(name, builtin_names());
  return wrong(fmt::format("there is no judge '{}'", ellipsize(name, 80)), params.at("judge"),
               close ? fmt::format("Did you mean '{}'?", *close) : std::string());
}

Result<> read_models(Params& params, JudgeParams& out) {
  const json::value* several = params.any("models");
  SLIPWAY_ASSIGN(const auto one, params.text("model"));
  if (one && several != nullptr)
    return wrong("there is a model already", params.at("models"), "Keep one of them");
  if (one) out.models.push_back(*one);
  if (several != nullptr) {
    if (!several->is_array() || several->get_array().empty() ||
        several->get_array().size() > JudgeParams::kModelsMost)
      return wrong(fmt::format("must be a list of 1 to {} models", JudgeParams::kModelsMost),
                   params.at("models"));
    for (const json::value& model : several->get_array()) {
      if (!model.is_string()) return wrong("must be a list of models' names", params.at("models"));
      if (std::ranges::find(out.models, std::string_view(model.get_string())) != out.models.end())
        return wrong("names a model twice: votes ask one several times", params.at("models"));
      out.models.emplace_back(model.get_string());
    }
  }
  if (!out.models.empty() || !out.prompt.empty()) return {};
  return wrong("no model judges", params.at("model"), "Name a model asset, as in {model: careful}");
}

Result<json::array> read_list(Params& params, std::string_view key, std::size_t most, std::string_view of) {
  const json::value* found = params.any(key);
  if (found == nullptr) return json::array{};
  if (!found->is_array() || found->get_array().empty() || found->get_array().size() > most)
    return wrong(fmt::format("must be a list of 1 to {} {}", most, of), params.at(key));
  return found->get_array();
}

Result<> read_guidance(Params& params, JudgeParams& out) {
  SLIPWAY_ASSIGN(const auto rubric, params.text("rubric"));
  out.rubric = rubric.value_or("");
  if (out.rubric.size() > kRubricBytes)
    return wrong(fmt::format("has more than {} bytes", kRubricBytes), params.at("rubric"));
  if (out.builtin != nullptr && out.builtin->needs_rubric && out.prompt.empty() && trim(out.rubric).empty())
    return wrong(fmt::format("the judge '{}' goes by a rubric", out.builtin->name), params.at("rubric"),
                 "Write what a good answer does, in a sentence or more");
  SLIPWAY_ASSIGN(out.steps, read_list(params, "steps", kStepsMost, "texts"));
  for (const json::value& step : out.steps)
    if (!step.is_string() || step.get_string().empty())
      return wrong("must be a list of texts", params.at("steps"));
  SLIPWAY_ASSIGN(const json::array examples, read_list(params, "examples", kExamplesMost, "examples"));
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const std::string at = fmt::format("{}[{}]", params.at("examples"), i);
    if (!examples[i].is_object())
      return wrong("must be a map", at, "As in {answer: …, label: yes, reason: …}");
    Params one(examples[i].get_object(), at);
    json::object made;
    for (const std::string_view name : {"question", "answer", "expected", "reason"}) {
      SLIPWAY_ASSIGN(const auto text, one.text(name));
      made[name] = text.value_or("");
    }
    const json::value* label = one.any("label");
    const json::value* score = one.any("score");
    SLIPWAY_TRY(one.finish());
    if (made["answer"].as_string().empty()) return wrong("needs an answer", at + ".answer");
    if ((label == nullptr) == (score == nullptr)) return wrong("needs a label or a score", at);
    made["verdict"] = label != nullptr ? *label : *score;
    out.examples.push_back(std::move(made));
  }
  return {};
}

// The examples' verdicts must be the scale's.
Result<> check_examples(const JudgeParams& read, const JudgeScale& scale, const Params& params) {
  for (std::size_t i = 0; i < read.examples.size(); ++i) {
    const json::value& verdict = read.examples[i].get_object().at("verdict");
    const bool there = scale.labelled() ? verdict.is_string() && scale.find(verdict.get_string()) != nullptr
                                        : verdict.is_number() && scale.value_of(verdict.to_number<double>());
    if (!there)
      return wrong(scale.labelled() ? "its label is none of the scale's" : "its score is none of the scale's",
                   fmt::format("{}[{}]", params.at("examples"), i));
  }
  return {};
}

Result<> read_comparison(Params& params, JudgeParams& out) {
  const json::value* order = params.any("order");
  SLIPWAY_ASSIGN(const std::string word, params.choice("order", {"both", "answer_first", "answer_second"}));
  SLIPWAY_ASSIGN(const auto against, params.text("against"));
  if (!out.pairwise() && (order != nullptr || against))
    return wrong("only the judge 'pairwise' compares two answers", params.at(against ? "against" : "order"));
  out.against = against.value_or("");
  if (word == "answer_first") out.order = JudgeOrder::kAnswerFirst;
  if (word == "answer_second") out.order = JudgeOrder::kAnswerSecond;
  return {};
}

Result<> read_calibration(Params& params, JudgeParams& out) {
  const json::value* found = params.any("calibrate");
  if (found == nullptr) return {};
  if (!found->is_object()) return wrong("must be a map", params.at("calibrate"), "As in {field: human}");
  Params inner(found->get_object(), params.at("calibrate"));
  SLIPWAY_ASSIGN(const auto field, inner.text("field"));
  SLIPWAY_TRY(inner.finish());
  if (!field || field->empty())
    return wrong("names no field that holds people's labels", params.at("calibrate") + ".field");
  out.labels_field = *field;
  return {};
}

}  // namespace

bool is_judge(std::string_view metric) { return metric == kJudge || find_builtin_judge(metric) != nullptr; }

std::optional<JudgeEntry> judge_entry(const json::object& entry) {
  const json::value* metric = entry.if_contains("metric");
  if (metric == nullptr || !metric->is_string()) return std::nullopt;
  JudgeEntry out;
  out.metric = metric->get_string();
  const json::value* prompt = entry.if_contains("judge");
  if (!is_judge(out.metric)) {
    if (prompt == nullptr || programmatic_scorers().contains(out.metric)) return std::nullopt;
    out.metric = kJudge;
  }
  if (const json::value* params = entry.if_contains("params"); params != nullptr && params->is_object())
    out.params = params->get_object();
  if (prompt != nullptr && !out.params.contains("prompt")) out.params["prompt"] = *prompt;
  return out;
}

Result<JudgeParams> JudgeParams::read(std::string_view metric, const json::object& object,
                                      const std::string& path) {
  Params params(object, path);
  JudgeParams out;
  SLIPWAY_TRY(read_judge(metric, params, out));
  SLIPWAY_TRY(read_models(params, out));
  SLIPWAY_ASSIGN(const auto votes, params.count("votes", kVotesMost));
  SLIPWAY_ASSIGN(const auto attempts, params.count("attempts", kAttemptsMost));
  if (votes == 0u) return wrong("must be at least 1", params.at("votes"));
  if (attempts == 0u) return wrong("must be at least 1", params.at("attempts"));
  out.votes = static_cast<std::uint32_t>(votes.value_or(out.votes));
  out.attempts = static_cast<std::uint32_t>(attempts.value_or(out.attempts));
  SLIPWAY_ASSIGN(out.structured, params.flag("structured", true));
  SLIPWAY_TRY(read_guidance(params, out));
  const JudgeScale own = out.builtin != nullptr ? out.builtin->scale : JudgeScale();
  if (const json::value* scale = params.any("scale")) {
    if (out.pairwise())
      return wrong("what a comparison may say is fixed", params.at("scale"), "Leave it out");
    SLIPWAY_ASSIGN(out.scale, JudgeScale::read(*scale, params.at("scale"), own));
  }
  if (out.scale || (out.builtin != nullptr && out.prompt.empty()))
    SLIPWAY_TRY(check_examples(out, out.scale ? *out.scale : own, params));
  SLIPWAY_ASSIGN(out.expected, ExpectedValue::read(params));
  SLIPWAY_TRY(read_comparison(params, out));
  if (const json::value* parameters = params.any("parameters")) {
    if (!parameters->is_object())
      return wrong("must be a map", params.at("parameters"), "As in {temperature: 0}");
    out.parameters = parameters->get_object();
  }
  SLIPWAY_TRY(read_calibration(params, out));
  SLIPWAY_TRY(params.finish());
  return out;
}

}  // namespace slipway::evaluation
