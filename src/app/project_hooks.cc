// SPDX-License-Identifier: Apache-2.0
#include "app/project_hooks.h"

#include "app/template_inspector.h"
#include "catalog/canonical.h"
#include "catalog/kinds.h"
#include "governance/policies.h"
#include "governance/questionnaire.h"
#include "governance/use_case_content.h"
#include "governance/use_cases.h"

namespace slipway::app {
namespace {

std::vector<cli::ContentProblem> validate(const std::string& owner, const std::string& kind,
                                          const std::string& name, const json::object& content,
                                          const YamlNode& positions) {
  std::vector<cli::ContentProblem> problems;
  for (const catalog::Problem& problem :
       catalog::validate({owner, kind, name}, catalog::with_format(content), &positions, inspect_template))
    problems.push_back({problem.path, problem.message, problem.hint, problem.line, problem.column});
  return problems;
}

std::vector<std::pair<std::string, std::string>> references(const std::string& owner, const std::string& kind,
                                                            const std::string& name,
                                                            const json::object& content) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const catalog::Reference& reference : catalog::references_of({owner, kind, name}, content))
    out.emplace_back(reference.path, reference.target.to_string());
  return out;
}

std::string digest(const json::object& content) {
  return catalog::digest_of(catalog::canonical_json(json::value(catalog::with_format(content))));
}

cli::ContentProblem problem_of(const Error& error) { return {error.where, error.message, error.hint, 0, 0}; }

// Field by field, so that every one that is wrong is told.
json::object use_case(const std::string& slug, const json::object& content,
                      std::vector<cli::ContentProblem>& problems) {
  if (!governance::is_valid_slug(slug) || governance::is_reserved_slug(slug))
    problems.push_back({"", "there can be no use case '" + slug + "'",
                        "name a use case in project.yaml, or take this file away", 0, 0});
  governance::UseCaseContent read;
  std::vector<std::string> sound;
  for (const auto& [field, value] : content) {
    if (field == "slug" || field == "version" || field == "format") continue;
    if (field != "name") read.name = "-";  // whatever it is: it has a line of its own
    if (const auto applied = governance::apply_fields({{field, value}}, read); !applied)
      problems.push_back(problem_of(applied.error()));
    else
      sound.emplace_back(field);
  }
  if (const json::value* name = content.if_contains("name"); name != nullptr)
    static_cast<void>(governance::apply_fields({{"name", *name}}, read));  // told above
  json::object all = governance::content_json(read);
  json::object out;
  for (const std::string& field : sound) out[field] = all.at(field);
  return out;
}

// Rule by rule.
json::object policy(const std::string& owner, const json::object& content,
                    std::vector<cli::ContentProblem>& problems) {
  json::object out;
  for (const auto& [rule, value] : content) {
    const auto checked = governance::check_policy({{rule, value}}, owner);
    if (!checked)
      problems.push_back(problem_of(checked.error()));
    else
      out[rule] = checked->at(rule);
  }
  return out;
}

Result<std::vector<cli::ContentProblem>> answers(const json::object& use_case,
                                                 const std::string& questionnaire) {
  std::vector<cli::ContentProblem> problems;
  const json::value* given = use_case.if_contains("answers");
  if (given == nullptr || !given->is_object()) return problems;
  governance::Questionnaire asked = governance::Questionnaire::builtin();
  if (!questionnaire.empty()) {
    SLIPWAY_ASSIGN(asked, governance::Questionnaire::parse(questionnaire, "questionnaire"));
  }
  for (const auto& [question, answer] : given->as_object()) {
    if (!answer.is_string()) continue;
    if (const auto sound = asked.check({{question, std::string(answer.as_string())}}); !sound)
      problems.push_back(problem_of(sound.error()));
  }
  return problems;
}

std::vector<cli::ContentProblem> loosening(const json::object& shared, const json::object& policy,
                                           const std::string& environment) {
  const governance::Policy below = governance::replace_rules({}, shared);
  std::vector<cli::ContentProblem> problems;
  for (const auto& [rule, value] : policy)
    if (const auto tighter = governance::refuse_loosening(below, {{rule, value}}, environment); !tighter)
      problems.push_back(problem_of(tighter.error()));
  return problems;
}

}  // namespace

cli::RegistryHooks registry_hooks() {
  return {governance::use_case_fields(), use_case, policy, answers, loosening};
}

cli::AssetHooks asset_hooks() { return {validate, references, digest}; }

}  // namespace slipway::app
