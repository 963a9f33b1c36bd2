// SPDX-License-Identifier: Apache-2.0
// A JSON Schema (the words of 2020-12 that our own schemas use) held against a value, with findings that a
// person can act on: where, what, what to do. docs/decisions/0010 says why this is not a library. Immutable
// once made; any thread.
#pragma once

#include <re2/re2.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/yaml.h"
#include "catalog/kinds.h"

namespace slipway::catalog {

// A text with an annotation: `x-reference` or `x-template`.
struct MarkedText {
  std::string path;
  std::string text;
  std::string kind;  // what `x-reference` says; empty for a template
  const YamlNode* node = nullptr;
};

struct SchemaFindings {
  std::vector<Problem> problems;
  std::vector<MarkedText> references;
  std::vector<MarkedText> templates;
};

class SchemaCheck {
 public:
  // kInternal for words, or ways to use them, that check() would not honour.
  static Result<SchemaCheck> prepare(json::object schema);

  [[nodiscard]] const json::object& schema() const { return schema_.get_object(); }
  [[nodiscard]] const json::value& document() const { return schema_; }  // the same
  // `positions` is the YAML that `value` was made from, if it was.
  [[nodiscard]] SchemaFindings check(const json::value& value, const YamlNode* positions) const;

 private:
  explicit SchemaCheck(json::object schema) : schema_(std::move(schema)) {}
  Result<> prepare_part(const json::value& schema);
  Result<> prepare_word(std::string_view word, const json::value& argument);

  json::value schema_;  // an object
  std::map<std::string, std::shared_ptr<const RE2>, std::less<>> patterns_;
};

// "messages[2].content": what leads to a member or an item.
std::string member_path(std::string_view path, std::string_view key);
std::string item_path(std::string_view path, std::size_t index);

// "text", "a list", "a map", …: what people call it.
std::string_view type_in_words(const json::value& value);

}  // namespace slipway::catalog
