// SPDX-License-Identifier: Apache-2.0
// One value's way through a schema. Used by SchemaCheck only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/schema_check.h"

namespace slipway::catalog {

inline constexpr std::string_view kDefinitions = "#/$defs/";

// Where a value may have one of several shapes, those problems are told whose sum of weights is least: of the
// shape that was most likely meant.
struct WeighedProblem {
  Problem problem;
  std::uint32_t weight = 1;
};

struct WalkFindings {
  std::vector<WeighedProblem> problems;
  std::vector<MarkedText> references;
  std::vector<MarkedText> templates;

  [[nodiscard]] std::uint64_t weight() const;
  void add(WalkFindings other);
};

class SchemaWalk {
 public:
  using Patterns = std::map<std::string, std::shared_ptr<const RE2>, std::less<>>;
  SchemaWalk(const json::value& root, const Patterns& patterns) : root_(root), patterns_(patterns) {}

  WalkFindings run(const json::value& value, const YamlNode* positions);

 private:
  // The value that is looked at.
  struct Place {
    const json::value& value;
    const YamlNode* node;
    std::string path;
  };

  void visit(const json::value& schema, const Place& place, WalkFindings& out);
  void visit_word(std::string_view word, const json::value& argument, const json::object& schema,
                  const Place& place, WalkFindings& out);
  // Each answers whether the word was one of its own.
  bool visit_scalar(std::string_view word, const json::value& argument, const json::object& schema,
                    const Place& place, WalkFindings& out);
  bool visit_list(std::string_view word, const json::value& argument, const Place& place, WalkFindings& out);
  bool visit_map(std::string_view word, const json::value& argument, const json::object& schema,
                 const Place& place, WalkFindings& out);
  bool visit_choice(std::string_view word, const json::value& argument, const json::object& schema,
                    const Place& place, WalkFindings& out);

  void check_type(const json::value& type, const Place& place, WalkFindings& out);
  void check_enum(const json::array& values, const Place& place, WalkFindings& out);
  void check_pattern(std::string_view pattern, const json::object& schema, const Place& place,
                     WalkFindings& out);
  void check_names(const json::value& names, const Place& place, WalkFindings& out);
  void check_unknown(const json::value& rest, const json::object& schema, const Place& place,
                     WalkFindings& out);
  void check_any(const json::array& shapes, bool just_one, const Place& place, WalkFindings& out);

  static void report(WalkFindings& out, const Place& place, std::string message, std::string hint = {},
                     std::uint32_t weight = 1);

  const json::value& root_;
  const Patterns& patterns_;
};

}  // namespace slipway::catalog
