// SPDX-License-Identifier: Apache-2.0
// JSON Schemas that people write for answers and for tools' arguments, held against what a model wrote.
// Compiled once; finds the first thing that is wrong. The words of draft 2020-12 that describe values
// (docs/decisions/0012-metrics-of-answers.md); patterns are RE2's. Immutable once made; any thread.
//
// catalog/schema_check.h is for our own schemas: it finds everything that is wrong, with places in YAML and
// hints for people, and knows fewer words.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace slipway::evaluation {

class AnswerSchema {
 public:
  // kInvalidArgument that names the word, and where it stands as a JSON pointer: for words that are not known
  // (nothing is silently not checked; words with "x-" are let through), that can't be used as they are, and
  // references that lead nowhere.
  static Result<AnswerSchema> compile(const json::value& schema);

  // What is wrong, as a sentence that begins with where ("/items/0/price must be a number, but is a text");
  // empty if nothing is. kInvalidArgument for a schema that goes in circles on this value.
  [[nodiscard]] Result<std::string> check(const json::value& value) const;

  // For the implementation.
  struct Node;
  struct Graph;

 private:
  explicit AnswerSchema(std::shared_ptr<const Graph> graph) : graph_(std::move(graph)) {}
  std::shared_ptr<const Graph> graph_;
};

// The value that a JSON pointer (RFC 6901) leads to; nullptr if there is none.
const json::value* at_pointer(const json::value& document, std::string_view pointer);

}  // namespace slipway::evaluation
