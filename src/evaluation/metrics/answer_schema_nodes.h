// SPDX-License-Identifier: Apache-2.0
// What a schema is compiled to. For answer_schema*.cc only.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/metrics/answer_schema.h"

namespace slipway::evaluation {

struct AnswerSchema::Node {
  bool never = false;         // the schema `false`
  std::uint8_t types = 0xff;  // bits of SchemaType; 0xff for any
  std::optional<json::value> constant;
  std::optional<json::array> choices;
  std::optional<double> minimum, maximum, above, below, multiple;
  std::optional<std::uint64_t> min_length, max_length, min_items, max_items, min_members, max_members;
  std::optional<std::uint64_t> min_contains, max_contains;
  const RE2* pattern = nullptr;
  bool unique = false;
  std::vector<std::string> required;
  std::map<std::string, std::vector<std::string>, std::less<>> required_with;
  // Further schemas; nullptr where there is none.
  const Node* reference = nullptr;
  const Node* items = nullptr;
  const Node* contains = nullptr;
  const Node* names = nullptr;
  const Node* others = nullptr;
  const Node* negated = nullptr;
  const Node* condition = nullptr;
  const Node* then = nullptr;
  const Node* otherwise = nullptr;
  std::vector<const Node*> first_items, all, any, one;
  std::map<std::string, const Node*, std::less<>> members, members_with;
  std::vector<std::pair<const RE2*, const Node*>> members_like;
};

struct AnswerSchema::Graph {
  const Node* root = nullptr;
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<std::unique_ptr<RE2>> patterns;
};

enum SchemaType : std::uint8_t {
  kNullType = 1,
  kBooleanType = 2,
  kIntegerType = 4,
  kNumberType = 8,
  kStringType = 16,
  kArrayType = 32,
  kObjectType = 64,
};
inline constexpr std::uint8_t kAnyType = 0xff;

}  // namespace slipway::evaluation
