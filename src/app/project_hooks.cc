// SPDX-License-Identifier: Apache-2.0
#include "app/project_hooks.h"

#include "app/template_inspector.h"
#include "catalog/canonical.h"
#include "catalog/kinds.h"

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

}  // namespace

cli::AssetHooks asset_hooks() { return {validate, references, digest}; }

}  // namespace slipway::app
