// SPDX-License-Identifier: Apache-2.0
#include "evaluation/judges/judge_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "evaluation/judges/judge_params.h"
#include "evaluation/judges/judge_variables.h"
#include "evaluation/runs/pins.h"
#include "evaluation/runs/targets.h"

namespace slipway::evaluation {

namespace {

using catalog::AssetName;
using catalog::AssetVersion;

// How a built-in prompt calls its model.
constexpr std::string_view kModel = "judge";
// What a judge's own output schema may call its verdict; see read_verdict().
constexpr std::array<std::string_view, 6> kVerdicts = {"label",  "score",  "verdict",
                                                       "rating", "answer", "value"};

template <class T>
Result<T> at_field(Result<T> result, const std::string& where) {
  if (result) return result;
  Error error = std::move(result).error();
  if (error.where.empty() || !error.where.starts_with("metrics"))
    error.where = error.where.empty() ? where : where + " (" + error.where + ")";
  if (error.code != ErrorCode::kNotFound) return fail(std::move(error));
  error.code = ErrorCode::kInvalidArgument;  // it is the evaluation that is wrong
  return fail(std::move(error));
}

std::string name_of(const json::object& pin) {
  return fmt::format("{}:{}", std::string_view(pin.at("asset").as_string()), pin.at("version").as_int64());
}

const json::value* output_schema(const json::object& content) {
  const json::value* output = content.if_contains("output");
  return output != nullptr && output->is_object() ? output->get_object().if_contains("schema") : nullptr;
}

// What a prompt of one's own answers on.
Result<JudgeScale> scale_of(const JudgeParams& params, const json::object& content, const std::string& path) {
  const json::value* schema = output_schema(content);
  if (schema != nullptr && schema->is_object()) {
    const json::value* properties = schema->get_object().if_contains("properties");
    if (properties != nullptr && properties->is_object() &&
        std::ranges::none_of(kVerdicts,
                             [&](std::string_view name) { return properties->get_object().contains(name); }))
      return fail(ErrorCode::kInvalidArgument, "the prompt's output has neither a label nor a score",
                  path + ".prompt",
                  "Give its schema a member label or score, or leave the output to the judge");
  }
  if (params.scale) return *params.scale;
  if (schema != nullptr) {
    if (auto own = JudgeScale::of_schema(*schema)) return *own;
    if (params.builtin == nullptr)
      return fail(ErrorCode::kInvalidArgument, "what the prompt's verdicts are worth is not known",
                  path + ".scale", "Name them, as in {labels: {yes: 1, no: 0}} or {min: 1, max: 5}");
  }
  if (params.builtin != nullptr) return params.builtin->scale;
  return JudgeScale(std::vector<JudgeLabel>{{"yes", 1, {}}, {"no", 0, {}}});
}

class Planner {
 public:
  Planner(catalog::AssetStore& assets, const AssetName& self) : assets_(assets), self_(self) {}

  Result<> plan(const json::value& metrics, const std::string& path) {
    if (!metrics.is_array()) return {};  // what is wrong is said where metrics are read
    for (std::size_t i = 0; i < metrics.get_array().size(); ++i)
      if (const json::object* entry = metrics.get_array()[i].if_object())
        SLIPWAY_TRY(plan_entry(*entry, fmt::format("{}[{}]", path, i)));
    return {};
  }
  json::object take() { return std::move(judges_); }

 private:
  Result<> plan_entry(const json::object& entry, const std::string& path) {
    for (const std::string_view set : {"all", "any"})
      if (const json::value* members = entry.if_contains(set))
        SLIPWAY_TRY(plan(*members, fmt::format("{}.{}", path, set)));
    const auto judge = judge_entry(entry);
    if (!judge) return {};
    const std::string where = path + ".params";
    SLIPWAY_ASSIGN(const JudgeParams params, JudgeParams::read(judge->metric, judge->params, where));
    json::object planned{{"judge", params.builtin == nullptr ? std::string_view() : params.builtin->name}};
    JudgeScale scale;
    json::array cells;
    if (params.prompt.empty()) {
      scale = params.scale ? *params.scale : params.builtin->scale;
      SLIPWAY_ASSIGN(planned["content"], builtin_prompt(*params.builtin));
      SLIPWAY_ASSIGN(cells, builtin_cells(params, where));
    } else {
      SLIPWAY_ASSIGN(const AssetVersion prompt, find("prompt", params.prompt, where + ".prompt"));
      SLIPWAY_ASSIGN(scale, scale_of(params, prompt.content, where));
      SLIPWAY_ASSIGN(cells, own_cells(params, prompt, where));
    }
    planned["scale"] = scale.to_json();
    if (!params.structured) planned["structured"] = false;
    planned["calls"] = params.calls(cells.size());
    planned["cells"] = std::move(cells);
    SLIPWAY_TRY(try_out(planned, params, where));
    judges_.emplace(path, std::move(planned));
    return {};
  }

  Result<AssetVersion> find(std::string_view kind, const std::string& text, const std::string& where) {
    SLIPWAY_ASSIGN(const AssetWish wish, at_field(read_wish(self_, kind, text), where));
    return at_field(assets_.version(wish.name, wish.which), where);
  }

  static std::string model_field(const JudgeParams& params, const std::string& where, std::size_t index) {
    return params.models.size() == 1 ? where + ".model" : fmt::format("{}.models[{}]", where, index);
  }

  Result<json::array> builtin_cells(const JudgeParams& params, const std::string& where) {
    json::array cells;
    for (std::size_t i = 0; i < params.models.size(); ++i) {
      SLIPWAY_ASSIGN(const AssetVersion model,
                     find("model", params.models[i], model_field(params, where, i)));
      json::object cell{{"judge", fmt::format("{}:{}", model.name.to_string(), model.number)},
                        {"models", json::object{{kModel, pin_of(model)}}}};
      if (!params.parameters.empty()) cell["parameters"] = params.parameters;
      cells.push_back(std::move(cell));
    }
    return cells;
  }

  Result<json::array> own_cells(const JudgeParams& params, const AssetVersion& prompt,
                                const std::string& where) {
    PromptWish wish;
    wish.prompt = {prompt.name, std::to_string(prompt.number)};
    wish.parameters = params.parameters;
    json::array cells;
    if (params.models.empty()) {
      SLIPWAY_ASSIGN(json::object cell, at_field(make_prompt_cell(assets_, wish), where + ".prompt"));
      const json::value* model = prompt.content.if_contains("model");
      const json::value* pin =
          model == nullptr ? nullptr : cell.at("models").as_object().if_contains(model->as_string());
      if (pin == nullptr)
        return fail(ErrorCode::kInvalidArgument, "the prompt names no model", where + ".prompt");
      cell["judge"] = name_of(pin->as_object());
      cells.push_back(std::move(cell));
    }
    for (std::size_t i = 0; i < params.models.size(); ++i) {
      const std::string field = model_field(params, where, i);
      SLIPWAY_ASSIGN(const AssetVersion model, find("model", params.models[i], field));
      wish.model = AssetWish{model.name, std::to_string(model.number)};
      SLIPWAY_ASSIGN(json::object cell, at_field(make_prompt_cell(assets_, wish), field));
      cell["judge"] = fmt::format("{}:{}", model.name.to_string(), model.number);
      cells.push_back(std::move(cell));
    }
    return cells;
  }

  // What can't be asked is said before anything is.
  Result<> try_out(const json::object& planned, const JudgeParams& params, const std::string& where) {
    SLIPWAY_ASSIGN(const JudgePanels panels,
                   at_field(load_judges(assets_, {{"judges", json::object{{"judge", planned}}}}), where));
    for (const auto& [place, panel] : panels)
      for (const JudgeTarget& target : panel.targets)
        SLIPWAY_TRY(check_judge_variables(target.prompt->program->variables(), params, where + ".prompt"));
    return {};
  }

  catalog::AssetStore& assets_;
  const AssetName& self_;
  json::object judges_;
};

Result<JudgeTarget> load_target(catalog::AssetStore& assets, const json::object& planned,
                                const json::object& cell, const JudgeScale& scale) {
  json::object content;
  if (const json::value* builtin = planned.if_contains("content")) {
    content = builtin->as_object();
  } else {
    SLIPWAY_ASSIGN(const json::object* prompt, optional_object(cell, "prompt"));
    if (prompt == nullptr) return fail(ErrorCode::kInternal, "a judge's definition has no prompt", "judges");
    SLIPWAY_ASSIGN(content, load_pinned(assets, *prompt));
  }
  put_over(content, cell);
  content.erase("variants");  // all cases are judged by the same prompt
  SLIPWAY_ASSIGN(const auto structured, optional_bool(planned, "structured"));
  if (structured == false)
    content.erase("output");
  else if (output_schema(content) == nullptr)
    content["output"] =
        json::object{{"name", "verdict"}, {"schema", scale.answer_schema()}, {"strict", true}};
  llm::PromptParts parts;
  SLIPWAY_ASSIGN(parts.models, load_pins(assets, cell, "models"));
  SLIPWAY_ASSIGN(parts.tools, load_pins(assets, cell, "tools"));
  SLIPWAY_ASSIGN(llm::PromptProgram program, llm::PromptProgram::compile(content, parts));
  const llm::ModelTarget* model = program.target(0);
  if (model == nullptr) return fail(ErrorCode::kInvalidArgument, "no model judges", "model");
  JudgeTarget target;
  SLIPWAY_ASSIGN(target.name, require_string(cell, "judge"));
  target.pace = model->connection + "/" + model->model;
  auto served = std::make_shared<gateway::ServedRelease>();
  served->id = "judge " + target.name;
  served->trial = true;
  served->program = std::make_shared<const llm::PromptProgram>(std::move(program));
  target.prompt = std::move(served);
  return target;
}

const json::object* judges_of(const json::object& definition) {
  const json::value* judges = definition.if_contains("judges");
  return judges != nullptr && judges->is_object() ? &judges->get_object() : nullptr;
}

}  // namespace

Result<json::object> plan_judges(catalog::AssetStore& assets, const AssetName& self,
                                 const json::value& metrics) {
  Planner planner(assets, self);
  SLIPWAY_TRY(planner.plan(metrics, "metrics"));
  return planner.take();
}

Result<JudgePanels> load_judges(catalog::AssetStore& assets, const json::object& definition) {
  JudgePanels panels;
  const json::object* judges = judges_of(definition);
  if (judges == nullptr) return panels;
  for (const json::key_value_pair& member : *judges) {
    const json::object& planned = member.value().as_object();
    JudgePanel panel;
    SLIPWAY_ASSIGN(panel.scale, JudgeScale::read(planned.at("scale"), "scale", {}));
    for (const json::value& cell : planned.at("cells").as_array()) {
      SLIPWAY_ASSIGN(JudgeTarget target, load_target(assets, planned, cell.as_object(), panel.scale));
      panel.targets.push_back(std::move(target));
    }
    panels.emplace(member.key(), std::move(panel));
  }
  return panels;
}

std::uint32_t judge_calls(const json::object& definition) {
  std::uint32_t calls = 0;
  if (const json::object* judges = judges_of(definition))
    for (const json::key_value_pair& member : *judges)
      calls += static_cast<std::uint32_t>(member.value().as_object().at("calls").to_number<std::int64_t>());
  return calls;
}

}  // namespace slipway::evaluation
