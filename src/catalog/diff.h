// SPDX-License-Identifier: Apache-2.0
// What changed between two contents: member by member, word by word, and as lines. Pure functions; any
// thread. Work is bounded: where two texts or lists have next to nothing in common, the old is shown as
// replaced by the new.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace slipway::catalog {

enum class PieceOp : std::uint8_t { kEqual, kInsert, kDelete };
enum class ChangeOp : std::uint8_t { kAdd, kRemove, kChange };
std::string_view to_string(PieceOp op);   // "equal", "insert", "delete"
std::string_view to_string(ChangeOp op);  // "add", "remove", "change"

struct Piece {
  PieceOp op = PieceOp::kEqual;
  std::string text;
  bool operator==(const Piece&) const = default;
};

// One difference. Paths of what was removed or changed are those of `before`'s lists where the lists differ
// in length, else they are the same in both.
struct ContentChange {
  std::string path;  // "messages[1].content"
  ChangeOp op = ChangeOp::kChange;
  json::value before;        // null for kAdd
  json::value after;         // null for kRemove
  std::vector<Piece> words;  // only where both are texts
};

std::vector<ContentChange> diff_content(const json::value& before, const json::value& after);

// Pieces that, leaving out the inserted, make `before` and, leaving out the deleted, make `after`.
std::vector<Piece> diff_words(std::string_view before, std::string_view after);

// A unified diff with three lines of context; empty if the texts are the same.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name);

}  // namespace slipway::catalog
