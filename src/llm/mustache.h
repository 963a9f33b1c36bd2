// SPDX-License-Identifier: Apache-2.0
// Mustache templates for prompts: the language as specified (variables, sections, inverted sections,
// comments, partials, set delimiters, standalone lines, dotted names, implicit iterators) without lambdas.
//
// Text is not HTML: {{x}}, {{{x}}} and {{&x}} all insert a value as it is. Templates are taken apart once; a
// value is inserted afterwards, as data: whatever braces it holds, it opens no tag and no section.
// Where the specification leaves a choice, this is what npm's `mustache` does
// (docs/decisions/0008-mustache.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::llm {

struct TemplateLimits {
  std::size_t source_bytes = 256u << 10;
  std::size_t tags = 10'000;
  std::size_t depth = 32;  // sections inside sections
};

struct RenderLimits {
  std::size_t output_bytes = 4u << 20;
  std::size_t steps = 200'000;  // tags and pieces of text passed, each round of a section anew
  std::size_t depth = 64;       // sections and partials open at once
};

// A name that a template looks up, with what helps to check it.
struct TemplateName {
  std::string name;                    // as written: "customer.name", "."
  std::string first;                   // what is looked up in the contexts: "customer"; empty for "."
  bool section = false;                // {{#name}} or {{^name}}
  std::vector<std::string> enclosing;  // first names of the {{#sections}} around it, outermost first
  std::uint32_t line = 0;              // from 1
  std::uint32_t column = 0;            // from 1, in bytes
};

// Immutable; any thread may render it.
class Template {
 public:
  using Partials = std::map<std::string, Template, std::less<>>;

  // A partial knows where its lines start, so that they can be indented.
  enum class Use : std::uint8_t { kWhole, kPartial };

  Template() = default;
  // kInvalidArgument: `where` is "line:column". kResourceExhausted for more than the limits.
  static Result<Template> compile(std::string_view source, Use use = Use::kWhole,
                                  const TemplateLimits& limits = {});

  // One that gives `text`, whatever it holds.
  static Template of_text(std::string text);

  // Appends the text to `out`. A name that is not found is nothing, as is a partial that is not there.
  // kResourceExhausted for more than the limits; `out` then holds a part.
  Result<> render(const json::object& view, const Partials& partials, const RenderLimits& limits,
                  std::string& out) const;

  [[nodiscard]] const std::vector<TemplateName>& names() const { return names_; }
  [[nodiscard]] const std::vector<std::string>& partials() const { return partials_; }  // wanted, each once
  // The text of a template without any tag; it needs no rendering.
  [[nodiscard]] const std::string* constant() const;

  // For the two classes that make and render it.
  enum class Kind : std::uint8_t { kText, kLineStart, kVariable, kSection, kInverted, kPartial };
  struct Node {
    Kind kind = Kind::kText;
    std::uint32_t end = 0;          // sections: index behind the last node inside
    std::string text;               // text, name of a partial
    bool alone = false;             // a partial on a line of its own,
    std::string indent;             // which is indented so
    std::vector<std::string> path;  // what is looked up, empty for "."
  };
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }

 private:
  friend class TemplateParser;
  std::vector<Node> nodes_;  // in order of the source; what a section holds follows it
  std::vector<TemplateName> names_;
  std::vector<std::string> partials_;
};

// A number as JavaScript writes it: 3, 0.1, 1e+21.
std::string number_text(double number);

}  // namespace slipway::llm
