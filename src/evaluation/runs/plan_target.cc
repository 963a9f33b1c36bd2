// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/plan_target.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "evaluation/runs/http_target.h"

namespace slipway::evaluation {

namespace {

Error bad(std::string message, std::string where, std::string hint = {}) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint)};
}

// Numbers, "3", "slug@3", "active" and "candidate".
Result<std::int64_t> release_number(const PlanPorts& ports, const PlanRequest& request,
                                    const json::value& wanted) {
  if (wanted.is_int64()) return wanted.get_int64();
  if (!wanted.is_string())
    return fail(bad("must be a release's number, 'active' or 'candidate'", "target.release"));
  std::string_view text = wanted.get_string();
  if (text == "active" || text == "candidate")
    return ports.releases.deployed(request.for_whom(), request.environment, std::string(text));
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    if (text.substr(0, at) != request.for_whom())
      return fail(
          bad(fmt::format("{} is a release of another use case", ellipsize(text, 80)), "target.release"));
    text = text.substr(at + 1);
  }
  const auto number = parse_integer<std::int64_t>(text);
  if (!number)
    return fail(bad(fmt::format("'{}' is no release", ellipsize(text, 80)), "target.release",
                    "Write a number as 'slipway release list' shows it, 'active' or 'candidate'."));
  return *number;
}

Result<PlannedTarget> plan_release(const PlanPorts& ports, const PlanRequest& request,
                                   const json::value& wanted) {
  if (request.for_whom() == catalog::kSharedOwner)
    return fail(bad("a shared evaluation belongs to no use case that has releases", "target",
                    "Name a prompt or a model as the target."));
  SLIPWAY_ASSIGN(const std::int64_t number, release_number(ports, request, wanted));
  SLIPWAY_ASSIGN(const std::string digest, ports.releases.digest(request.for_whom(), number));
  SLIPWAY_TRY(ports.releases.prompt(request.for_whom(), number));
  PlannedTarget out;
  out.label = fmt::format("{}@{}", request.for_whom(), number);
  out.description = {{"kind", "release"}, {"release", number}, {"digest", digest}};
  out.cells.push_back(json::object{{"label", out.label}, {"release", number}});
  return out;
}

Result<PlannedTarget> plan_prompt(const PlanPorts& ports, const PlanRequest& request, std::string_view text) {
  PromptWish wish;
  SLIPWAY_ASSIGN(wish.prompt, read_wish(request.evaluation, "prompt", text));
  SLIPWAY_ASSIGN(json::object cell, make_prompt_cell(ports.assets, wish));
  PlannedTarget out;
  out.label = std::string(cell.at("label").as_string());
  out.description = {{"kind", "prompt"}};
  out.cells.push_back(std::move(cell));
  return out;
}

Result<PlannedTarget> plan_model(const PlanPorts& ports, const PlanRequest& request, std::string_view text) {
  SLIPWAY_ASSIGN(const AssetWish wish, read_wish(request.evaluation, "model", text));
  SLIPWAY_ASSIGN(json::object cell, make_model_cell(ports.assets, wish));
  PlannedTarget out;
  out.label = std::string(cell.at("label").as_string());
  out.description = {{"kind", "model"}};
  out.cells.push_back(std::move(cell));
  return out;
}

Result<std::vector<std::string>> texts(const json::object& object, std::string_view name) {
  std::vector<std::string> out;
  SLIPWAY_ASSIGN(const json::array* list, optional_array(object, name, "target.matrix"));
  if (list == nullptr) return out;
  for (const json::value& one : *list) {
    if (!one.is_string()) return fail(bad("must be a list of names", fmt::format("target.matrix.{}", name)));
    out.emplace_back(one.get_string());
  }
  return out;
}

// Prompts × models × parameters.
Result<PlannedTarget> plan_matrix(const PlanPorts& ports, const PlanLimits& limits,
                                  const PlanRequest& request, const json::object& matrix) {
  SLIPWAY_ASSIGN(const auto prompts, texts(matrix, "prompts"));
  SLIPWAY_ASSIGN(const auto models, texts(matrix, "models"));
  SLIPWAY_ASSIGN(const json::array* given, optional_array(matrix, "parameters", "target.matrix"));
  if (prompts.empty()) return fail(bad("a matrix needs a prompt at least", "target.matrix.prompts"));
  const json::array parameters = given != nullptr && !given->empty() ? *given : json::array{json::object{}};
  const std::size_t count = prompts.size() * std::max<std::size_t>(models.size(), 1) * parameters.size();
  if (count > limits.cells)
    return fail(bad(fmt::format("the matrix has {} variants; a run compares at most {}", count, limits.cells),
                    "target.matrix"));
  PlannedTarget out;
  for (const std::string& prompt : prompts) {
    PromptWish wish;
    SLIPWAY_ASSIGN(wish.prompt, read_wish(request.evaluation, "prompt", prompt));
    for (std::size_t m = 0; m < std::max<std::size_t>(models.size(), 1); ++m) {
      if (!models.empty()) {
        SLIPWAY_ASSIGN(wish.model, read_wish(request.evaluation, "model", models[m]));
      }
      for (const json::value& one : parameters) {
        if (!one.is_object()) return fail(bad("must be a list of objects", "target.matrix.parameters"));
        wish.parameters = one.get_object();
        SLIPWAY_ASSIGN(json::object cell, make_prompt_cell(ports.assets, wish));
        out.cells.push_back(std::move(cell));
      }
    }
  }
  out.label = fmt::format("{} variants", count);
  out.description = {{"kind", "matrix"}, {"matrix", matrix}};
  return out;
}

Result<PlannedTarget> plan_http(const json::object& http) {
  SLIPWAY_TRY(HttpTarget::read(http));  // what is wrong is said now
  PlannedTarget out;
  out.label = "HTTP " + ellipsize(std::string(http.at("url").as_string()), 200);
  out.description = {{"kind", "http"}, {"http", http}};
  out.cells.push_back(json::object{{"label", out.label}});
  return out;
}

Result<PlannedTarget> plan_responses(const PlanPorts& ports, const PlanRequest& request,
                                     const json::object& wanted) {
  PlannedTarget own;
  own.label = "responses of the cases";
  own.description = {{"kind", "responses"}, {"from", "cases"}};
  own.cells.push_back(json::object{{"label", own.label}});
  SLIPWAY_ASSIGN(const auto from, optional_string(wanted, "from", "target.responses"));
  if (from && *from == "cases") return own;
  SLIPWAY_ASSIGN(const std::string upload, require_string(wanted, "upload", "target.responses"));
  SLIPWAY_ASSIGN(const std::string digest, ports.responses_digest(request.for_whom(), upload));
  PlannedTarget out;
  out.label = "given responses";
  out.description = {{"kind", "responses"}, {"upload", upload}, {"digest", digest}};
  out.cells.push_back(json::object{{"label", out.label}});
  return out;
}

Result<std::string_view> text_of(const json::value& value, const std::string& where) {
  if (!value.is_string()) return fail(bad("must be a name", where));
  return std::string_view(value.get_string());
}

}  // namespace

Result<PlannedTarget> plan_target(const PlanPorts& ports, const PlanLimits& limits,
                                  const PlanRequest& request, const json::object& evaluation) {
  SLIPWAY_ASSIGN(const json::object* own, optional_object(evaluation, "target"));
  json::object target;
  if (request.target)
    target = *request.target;
  else if (own != nullptr)
    target = *own;
  else
    target = {{"release", "active"}};
  if (target.size() != 1)
    return fail(bad("must name exactly one thing to try", "target",
                    R"(As in {"release": "candidate"} or {"prompt": "answer"}.)"));
  const std::string kind(target.begin()->key());
  const json::value& value = target.begin()->value();
  const std::string where = "target." + kind;
  if (kind == "release") return plan_release(ports, request, value);
  if (kind == "prompt" || kind == "model") {
    SLIPWAY_ASSIGN(const std::string_view text, text_of(value, where));
    return kind == "prompt" ? plan_prompt(ports, request, text) : plan_model(ports, request, text);
  }
  if (kind == "matrix" || kind == "http" || kind == "responses") {
    if (!value.is_object()) return fail(bad("must be an object", where));
    if (kind == "matrix") return plan_matrix(ports, limits, request, value.get_object());
    return kind == "http" ? plan_http(value.get_object())
                          : plan_responses(ports, request, value.get_object());
  }
  return fail(bad(fmt::format("Slipway can't run a target of the kind '{}'", ellipsize(kind, 40)), "target",
                  "It runs releases, prompts, matrices, models, HTTP applications and given responses."));
}

}  // namespace slipway::evaluation
