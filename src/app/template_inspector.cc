// SPDX-License-Identifier: Apache-2.0
#include "app/template_inspector.h"

#include <algorithm>

#include "base/text.h"
#include "llm/mustache.h"

namespace slipway::app {

catalog::TemplateReport inspect_template(std::string_view text) {
  catalog::TemplateReport report;
  const auto compiled = llm::Template::compile(text);
  if (!compiled) {
    const Error& error = compiled.error();
    const std::string_view line = std::string_view(error.where).substr(0, error.where.find(':'));
    report.faults.push_back({error.message, error.hint, parse_integer<std::uint32_t>(line).value_or(1)});
    return report;
  }
  // What stands inside of a section may come from the section's own value.
  for (const llm::TemplateName& name : compiled->names())
    if (name.enclosing.empty() && !name.first.empty() &&
        std::ranges::find(report.variables, name.first) == report.variables.end())
      report.variables.push_back(name.first);
  return report;
}

}  // namespace slipway::app
