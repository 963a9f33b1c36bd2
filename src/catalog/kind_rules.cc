// SPDX-License-Identifier: Apache-2.0
#include "catalog/kind_rules.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/text.h"
#include "catalog/prompt_rules.h"

namespace slipway::catalog {

namespace {

constexpr std::int64_t kExactIntegers = 9'007'199'254'740'992;  // 2^53
constexpr std::size_t kFunctionNameLimit = 64;                  // of OpenAI's and Anthropic's APIs
constexpr std::int64_t kPatternBytes = 1 << 20;                 // compiled, each

// The node that `path` leads to, or the last one on the way that there is.
const YamlNode* node_at(const YamlNode* node, std::string_view path) {
  while (node != nullptr && !path.empty()) {
    const YamlNode* next = nullptr;
    if (path.starts_with("[\"")) {
      const std::size_t end = path.find("\"]");
      if (end == std::string_view::npos) return node;
      next = node->find(path.substr(2, end - 2));
      path.remove_prefix(end + 2);
    } else if (path.starts_with('[')) {
      const std::size_t end = path.find(']');
      if (end == std::string_view::npos) return node;
      const auto index = parse_integer<std::size_t>(path.substr(1, end - 1));
      if (index && *index < node->items.size()) next = &node->items[*index];
      path.remove_prefix(end + 1);
    } else {
      if (path.starts_with('.')) path.remove_prefix(1);
      const std::size_t end = std::min(path.find_first_of(".["), path.size());
      next = node->find(path.substr(0, end));
      path.remove_prefix(end);
    }
    if (next == nullptr) return node;
    node = next;
  }
  return node;
}

const json::array* list_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_array();
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || !value->is_string() ? std::string() : std::string(value->get_string());
}

// Reports items of `list` whose member `key` is there twice.
void check_unique(const json::object& content, std::string_view list, std::string_view key,
                  ProblemList& problems) {
  const json::array* items = list_of(content, list);
  if (items == nullptr) return;
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const std::string value = text_of((*items)[i].as_object(), key);
    if (value.empty()) continue;
    const auto [earlier, fresh] = seen.emplace(value, i);
    if (!fresh)
      problems.add(member_path(item_path(list, i), key),
                   fmt::format("'{}' is the {} of {} already", value, key, item_path(list, earlier->second)),
                   "Choose another one.");
  }
}

void check_tool(const AssetName& self, const json::object& content, ProblemList& problems) {
  if (self.name.find('.') != std::string::npos || self.name.size() > kFunctionNameLimit)
    problems.add({}, fmt::format("'{}' can't be a tool's name: models know it by that", self.name),
                 "Use at most 64 letters, digits, hyphens and underscores.");
  const json::value& parameters = content.at("parameters");
  const bool map = parameters.is_object() && text_of(parameters.get_object(), "type") == "object";
  if (!map)
    problems.add("parameters", "must describe a map: models give a function's arguments by name",
                 "Write type: object, and the arguments under properties.");
}

void check_re2(std::string_view text, std::string path, ProblemList& problems) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kPatternBytes);
  const RE2 pattern(re2::StringPiece(text.data(), text.size()), options);
  if (pattern.ok()) return;
  problems.add(std::move(path), fmt::format("is no pattern that can be used: {}", pattern.error()),
               "Patterns are RE2's: no look-around, no back-references.");
}

void check_guardrail(const json::object& content, ProblemList& problems) {
  check_unique(content, "rules", "name", problems);
  const json::array& rules = content.at("rules").as_array();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const json::array* patterns = list_of(rules[i].as_object(), "patterns");
    if (patterns == nullptr) continue;
    for (std::size_t j = 0; j < patterns->size(); ++j) {
      const std::string_view text = (*patterns)[j].as_string();
      check_re2(text, item_path(member_path(item_path("rules", i), "patterns"), j), problems);
    }
  }
}

void check_model(const json::object& content, ProblemList& problems) {
  const json::array* fallbacks = list_of(content, "fallbacks");
  if (fallbacks == nullptr) return;
  for (std::size_t i = 0; i < fallbacks->size(); ++i) {
    const json::object& fallback = (*fallbacks)[i].as_object();
    if (text_of(fallback, "connection") == text_of(content, "connection") &&
        text_of(fallback, "model") == text_of(content, "model"))
      problems.add(item_path("fallbacks", i), "is what has failed already: the same connection and model");
  }
}

void check_flow(const json::object& content, ProblemList& problems) {
  static constexpr std::string_view kRuns[] = {"prompt", "agent", "tool", "flow", "knowledge", "guardrail"};
  check_unique(content, "steps", "id", problems);
  const json::array& steps = content.at("steps").as_array();
  std::vector<std::string> above;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const json::object& step = steps[i].as_object();
    const auto runs = std::ranges::count_if(kRuns, [&](std::string_view run) { return step.contains(run); });
    if (runs != 1)
      problems.add(item_path("steps", i),
                   runs == 0 ? "says nothing to run" : "says more than one thing to run",
                   fmt::format("Give it one of {}.", fmt::join(kRuns, ", ")));
    if (const json::array* after = list_of(step, "after")) {
      for (std::size_t j = 0; j < after->size(); ++j) {
        const std::string id((*after)[j].as_string());
        if (std::ranges::find(above, id) != above.end()) continue;
        const auto close = nearest(id, above);
        problems.add(item_path(member_path(item_path("steps", i), "after"), j),
                     fmt::format("there is no step '{}' above this one", id),
                     close ? fmt::format("Did you mean '{}'?", *close) : std::string());
      }
    }
    above.push_back(text_of(step, "id"));
  }
}

void check_knowledge(const json::object& content, ProblemList& problems) {
  const json::value* chunking = content.if_contains("chunking");
  if (chunking == nullptr) return;
  const json::value* size = chunking->as_object().if_contains("size_tokens");
  const json::value* overlap = chunking->as_object().if_contains("overlap_tokens");
  if (size != nullptr && overlap != nullptr && overlap->to_number<double>() >= size->to_number<double>())
    problems.add("chunking.overlap_tokens", "must be less than size_tokens: chunks would never end");
}

// Judges that go by a rubric, and the one that compares.
constexpr std::string_view kByRubric[] = {"rubric", "closed_question"};
constexpr std::string_view kPairwise = "pairwise";

// What its schema can't say of a metric that models judge.
void check_judge(const json::object& metric, const std::string& path, ProblemList& problems) {
  static const json::object kNone;
  const json::value* given = metric.if_contains("params");
  const json::object& params = given == nullptr ? kNone : given->as_object();
  const std::string at = member_path(path, "params");
  const std::string name = text_of(metric, "metric");
  const std::string judge = name == "judge" ? text_of(params, "judge") : name;
  const bool own = metric.contains("judge") || params.contains("prompt");
  if (metric.contains("judge") && params.contains("prompt"))
    problems.add(member_path(path, "judge"), "names the prompt that judges, which params.prompt does, too",
                 "Keep one of them.");
  if (name != "judge" && params.contains("judge"))
    problems.add(member_path(at, "judge"), fmt::format("the metric is the judge '{}' already", name),
                 "Leave it out.");
  if (judge.empty() && !own)
    problems.add(at, "says neither which judge it is nor by which prompt it judges",
                 "Name a built-in judge in judge, or a prompt in prompt.");
  if (params.contains("model") && params.contains("models"))
    problems.add(member_path(at, "models"), "there is a model already", "Keep one of model and models.");
  if (!own && !params.contains("model") && !params.contains("models"))
    problems.add(at, "no model judges", "Name a model: params: {model: careful}.");
  if (!own && std::ranges::find(kByRubric, judge) != std::end(kByRubric) && !params.contains("rubric"))
    problems.add(at, fmt::format("the judge '{}' goes by a rubric", judge), "Write it under params.rubric.");
  for (const std::string_view word : {"against", "order"})
    if (judge != kPairwise && params.contains(word))
      problems.add(member_path(at, word), fmt::format("only the judge '{}' compares two answers", kPairwise));
  if (judge == kPairwise && params.contains("scale"))
    problems.add(member_path(at, "scale"), "what a comparison may say is fixed", "Leave it out.");
}

bool is_judge(std::string_view metric) {
  // Who judges is in the schema already.
  static const std::vector<std::string> kJudges = [] {
    std::vector<std::string> names = {"judge"};
    const json::value& judge =
        kind_schema("evaluation").at("$defs").at("judge_params").at("properties").at("judge").at("enum");
    for (const json::value& one : judge.as_array()) names.emplace_back(one.as_string());
    return names;
  }();
  return std::ranges::find(kJudges, metric) != kJudges.end();
}

// One metric, or a set of them with its members.
void check_metric(const json::object& metric, const std::string& path, ProblemList& problems) {
  static constexpr std::string_view kKinds[] = {"metric", "all", "any"};
  if (std::ranges::count_if(kKinds, [&](std::string_view kind) { return metric.contains(kind); }) > 1)
    problems.add(path, "is more than one of metric, all and any", "Put one inside of the other.");
  if (!metric.contains("metric") && text_of(metric, "name").empty())
    problems.add(member_path(path, "name"), "a set needs a name: it has no metric to be called by");
  for (const std::string_view kind : {"all", "any"}) {
    const json::array* members = list_of(metric, kind);
    for (std::size_t i = 0; members != nullptr && i < members->size(); ++i)
      check_metric((*members)[i].as_object(), item_path(member_path(path, kind), i), problems);
  }
  if (is_judge(text_of(metric, "metric"))) check_judge(metric, path, problems);
  const json::value* params = metric.if_contains("params");
  if (params == nullptr) return;
  const std::string at = member_path(path, "params");
  if (text_of(metric, "metric") == "regex")
    check_re2(text_of(params->as_object(), "pattern"), member_path(at, "pattern"), problems);
  const json::value* min = params->as_object().if_contains("min");
  const json::value* max = params->as_object().if_contains("max");
  if (min != nullptr && max != nullptr && min->is_number() && max->is_number() &&
      min->to_number<double>() > max->to_number<double>())
    problems.add(member_path(at, "min"), "is more than max: nothing could pass");
}

void check_evaluation(const json::object& content, ProblemList& problems) {
  const json::array& metrics = content.at("metrics").as_array();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const json::object& metric = metrics[i].as_object();
    check_metric(metric, item_path("metrics", i), problems);
    std::string name = text_of(metric, "name");
    if (name.empty()) name = text_of(metric, "metric");
    if (name.empty()) continue;
    if (std::ranges::find(names, name) != names.end())
      problems.add(item_path("metrics", i), fmt::format("there is a metric '{}' already", name),
                   "Give one of them a name of its own.");
    names.push_back(std::move(name));
  }
  const json::array* thresholds = list_of(content, "thresholds");
  if (thresholds == nullptr) return;
  static constexpr std::string_view kMeasured[] = {"latency", "first_token", "tokens_per_second", "cost",
                                                   "error_share"};
  for (const std::string_view measured : kMeasured) names.emplace_back(measured);
  for (std::size_t i = 0; i < thresholds->size(); ++i) {
    const json::object& threshold = (*thresholds)[i].as_object();
    const std::string name = text_of(threshold, "metric");
    if (std::ranges::find(names, name) == names.end()) {
      const auto close = nearest(name, names);
      problems.add(member_path(item_path("thresholds", i), "metric"),
                   fmt::format("there is no metric '{}'", ellipsize(name, 80)),
                   close ? fmt::format("Did you mean '{}'?", *close) : "Add it to metrics.");
    }
    const json::value* min = threshold.if_contains("min");
    const json::value* max = threshold.if_contains("max");
    if (min != nullptr && max != nullptr && min->to_number<double>() > max->to_number<double>())
      problems.add(member_path(item_path("thresholds", i), "min"), "is more than max: nothing could pass");
  }
}

}  // namespace

void ProblemList::add(std::string path, std::string message, std::string hint) {
  Problem problem;
  const YamlNode* node = node_at(positions_, path);
  if (node != nullptr) {
    problem.line = node->line;
    problem.column = node->column;
  }
  problem.path = std::move(path);
  problem.message = std::move(message);
  problem.hint = std::move(hint);
  problems_.push_back(std::move(problem));
}

void ProblemList::add_in_text(std::string path, std::string_view text, std::uint32_t line,
                              std::string message, std::string hint) {
  add(std::move(path), std::move(message), std::move(hint));
  Problem& problem = problems_.back();
  // A text of several lines is a block, whose first line stands below its indicator.
  if (problem.line == 0 || line == 0 || text.find('\n') == std::string_view::npos) return;
  problem.line += line;
  problem.column = 1;
}

void ProblemList::append(std::vector<Problem> problems) {
  std::ranges::move(problems, std::back_inserter(problems_));
}

void check_values(const json::value& value, const std::string& path, ProblemList& problems) {
  switch (value.kind()) {
    case json::kind::object:
      for (const json::key_value_pair& member : value.get_object()) {
        if (member.key().find('\0') != std::string_view::npos)
          problems.add(path, "a name must not hold a zero character");
        check_values(member.value(), member_path(path, member.key()), problems);
      }
      break;
    case json::kind::array:
      for (std::size_t i = 0; i < value.get_array().size(); ++i)
        check_values(value.get_array()[i], item_path(path, i), problems);
      break;
    case json::kind::string:
      if (value.get_string().find('\0') != json::string::npos)
        problems.add(path, "a text must not hold a zero character");
      break;
    case json::kind::int64:
    case json::kind::uint64:
      // Compared as integers: as a number with a point, 2^53 + 1 would be 2^53.
      if (value.is_uint64() || value.get_int64() > kExactIntegers || value.get_int64() < -kExactIntegers)
        problems.add(path, "this number is too large to be kept exactly", "Put it in quotes.");
      break;
    case json::kind::double_:
      if (!std::isfinite(value.get_double())) problems.add(path, "this number is too large");
      break;
    case json::kind::null:
    case json::kind::bool_: break;
  }
}

void check_kind_rules(const AssetName& self, const json::object& content, ProblemList& problems) {
  if (self.kind == "prompt") check_prompt(content, problems);
  if (self.kind == "model") check_model(content, problems);
  if (self.kind == "tool") check_tool(self, content, problems);
  if (self.kind == "guardrail") check_guardrail(content, problems);
  if (self.kind == "flow") check_flow(content, problems);
  if (self.kind == "knowledge") check_knowledge(content, problems);
  if (self.kind == "dataset") check_unique(content, "cases", "id", problems);
  if (self.kind == "evaluation") check_evaluation(content, problems);
}

void check_templates(const json::object& content, const std::vector<MarkedText>& templates,
                     const TemplateInspector& inspect, ProblemList& problems) {
  std::vector<std::string> declared;
  if (const json::value* variables = content.if_contains("variables"))
    for (const json::key_value_pair& variable : variables->as_object()) declared.emplace_back(variable.key());
  for (const MarkedText& one : templates) {
    const TemplateReport report = inspect(one.text);
    for (const TemplateReport::Fault& fault : report.faults)
      problems.add_in_text(one.path, one.text, fault.line, fault.message, fault.hint);
    for (const std::string& name : report.variables) {
      if (std::ranges::find(declared, name) != declared.end()) continue;
      const auto close = nearest(name, declared);
      problems.add(one.path, fmt::format("the variable '{}' is not declared", ellipsize(name, 80)),
                   close ? fmt::format("Did you mean '{}'?", *close)
                         : fmt::format("Add '{}' to variables.", ellipsize(name, 80)));
    }
  }
}

}  // namespace slipway::catalog
