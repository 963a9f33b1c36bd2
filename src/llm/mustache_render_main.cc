// SPDX-License-Identifier: Apache-2.0
// Renders {"template", "partials", "view"}, one JSON object a line, to {"text"} or {"error"}: how
// tests/mustache holds our templates against another implementation.
#include <cstdio>
#include <iostream>
#include <string>

#include "llm/mustache.h"

namespace {

using namespace slipway;
using namespace slipway::llm;

Result<std::string> render(std::string_view line) {
  SLIPWAY_ASSIGN(const json::value parsed, parse_json(line));
  const json::object& given = parsed.as_object();
  SLIPWAY_ASSIGN(const Template made, Template::compile(std::string_view(given.at("template").as_string())));
  Template::Partials partials;
  for (const auto& [name, text] : given.at("partials").as_object()) {
    SLIPWAY_ASSIGN(Template partial,
                   Template::compile(std::string_view(text.as_string()), Template::Use::kPartial));
    partials.emplace(name, std::move(partial));
  }
  std::string out;
  SLIPWAY_TRY(made.render(given.at("view").as_object(), partials, {}, out));
  return out;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto text = render(line);
    std::string out = text ? R"({"text":)" : R"({"error":)";
    append_json_string(out, text ? *text : text.error().describe());
    out += "}\n";
    std::fwrite(out.data(), 1, out.size(), stdout);
  }
  return 0;
}
