// SPDX-License-Identifier: Apache-2.0
// YAML documents as a plain tree that remembers where everything stood, with limits against hostile input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway {

struct YamlLimits {
  std::size_t size_bytes = 1u << 20;
  std::size_t depth = 32;
  std::size_t nodes = 50'000;  // aliases count with all they stand for
};

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };
  struct Member;

  Kind kind = Kind::kNull;
  bool quoted = false;       // a scalar written in quotes or as a block: text even if it looks like a number
  std::uint32_t line = 0;    // from 1; 0 for a node that did not come from a document
  std::uint32_t column = 0;  // from 1, in bytes
  std::string scalar;
  std::vector<YamlNode> items;
  std::vector<Member> members;  // in order of the document, keys unique

  [[nodiscard]] bool is_null() const { return kind == Kind::kNull; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::kScalar; }
  [[nodiscard]] bool is_list() const { return kind == Kind::kList; }
  [[nodiscard]] bool is_map() const { return kind == Kind::kMap; }
  // The member of that name; nullptr if there is none or this is no map.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  // "a list", "a map", "text": for error messages.
  [[nodiscard]] std::string_view kind_name() const;
};

struct YamlNode::Member {
  std::string key;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  YamlNode value;
};

// Reads one document (an empty text is a null node). Duplicate keys, keys that are no scalars, several
// documents and whatever exceeds the limits are refused; the error's `where` is "source:line:column".
Result<YamlNode> parse_yaml(std::string_view text, std::string_view source, const YamlLimits& limits = {});

}  // namespace slipway
