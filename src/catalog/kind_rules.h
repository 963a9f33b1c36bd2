// SPDX-License-Identifier: Apache-2.0
// What a schema can't say about the kinds. Used by validate() only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/kinds.h"
#include "catalog/schema_check.h"

namespace slipway::catalog {

// Collects problems and finds out where in the YAML they are.
class ProblemList {
 public:
  explicit ProblemList(const YamlNode* positions) : positions_(positions) {}
  void add(std::string path, std::string message, std::string hint = {});
  // A fault on a line (from 1) of a text of several lines.
  void add_in_text(std::string path, std::string_view text, std::uint32_t line, std::string message,
                   std::string hint);
  void append(std::vector<Problem> problems);
  [[nodiscard]] bool empty() const { return problems_.empty(); }
  [[nodiscard]] std::vector<Problem> take() { return std::move(problems_); }

 private:
  const YamlNode* positions_;
  std::vector<Problem> problems_;
};

// Of any content: numbers and texts that can't be kept exactly as they are.
void check_values(const json::value& value, const std::string& path, ProblemList& problems);

// Of one kind. `content` has passed its schema.
void check_kind_rules(const AssetName& self, const json::object& content, ProblemList& problems);

// `templates` are the content's, in their order.
void check_templates(const json::object& content, const std::vector<MarkedText>& templates,
                     const TemplateInspector& inspect, ProblemList& problems);

}  // namespace slipway::catalog
