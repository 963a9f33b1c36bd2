// SPDX-License-Identifier: Apache-2.0
#include "llm/tokens/merge.h"

#include <algorithm>
#include <array>
#include <functional>

namespace slipway::llm::tokens {

namespace {

// Up to here scanning for the lowest rank beats keeping a heap.
constexpr std::size_t kShort = 96;

}  // namespace

void Merger::ends(std::string_view piece, std::vector<std::uint32_t>& ends) {
  if (ranks_.rank(piece) != kNoRank) {
    ends.push_back(static_cast<std::uint32_t>(piece.size()));
  } else {
    merge(piece, &ends);
  }
}

std::size_t Merger::merge(std::string_view piece, std::vector<std::uint32_t>* ends) {
  return piece.size() <= kShort ? merge_short(piece, ends) : merge_long(piece, ends);
}

std::size_t Merger::merge_short(std::string_view piece, std::vector<std::uint32_t>* ends) {
  std::array<std::uint8_t, kShort + 2> starts;  // of the parts, then the end of the piece
  std::array<std::uint32_t, kShort + 1> joins;  // rank of part i with part i + 1
  std::size_t parts = piece.size();
  const auto join = [&](std::size_t i) {
    if (i + 2 > parts) return kNoRank;
    return ranks_.rank(piece.substr(starts[i], static_cast<std::size_t>(starts[i + 2] - starts[i])));
  };
  for (std::size_t i = 0; i <= parts; ++i) starts[i] = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i + 1 < parts; ++i) joins[i] = join(i);

  while (parts > 1) {
    std::uint32_t lowest = kNoRank;
    std::size_t where = 0;
    for (std::size_t i = 0; i + 1 < parts; ++i) {
      if (joins[i] < lowest) {
        lowest = joins[i];
        where = i;
      }
    }
    if (lowest == kNoRank) break;
    for (std::size_t i = where + 1; i < parts; ++i) starts[i] = starts[i + 1];
    for (std::size_t i = where + 1; i + 2 < parts; ++i) joins[i] = joins[i + 1];
    --parts;
    joins[where] = join(where);
    if (where > 0) joins[where - 1] = join(where - 1);
  }
  if (ends != nullptr)
    ends->insert(ends->end(), starts.begin() + 1, starts.begin() + 1 + static_cast<long>(parts));
  return parts;
}

std::size_t Merger::merge_long(std::string_view piece, std::vector<std::uint32_t>* ends) {
  const auto size = static_cast<std::uint32_t>(piece.size());
  previous_.resize(size + 1);
  next_.resize(size + 1);
  join_.assign(size + 1, kNoRank);
  queue_.clear();
  for (std::uint32_t i = 0; i <= size; ++i) {
    previous_[i] = i - 1;  // of the first: never read
    next_[i] = i + 1;
  }
  for (std::uint32_t i = 0; i + 1 < size; ++i) {
    join_[i] = ranks_.rank(piece.substr(i, 2));
    if (join_[i] != kNoRank) queue_.push_back(std::uint64_t{join_[i]} << 32 | i);
  }
  std::ranges::make_heap(queue_, std::greater<>{});

  const auto rejoin = [&](std::uint32_t i) {
    const std::uint32_t right = next_[i];
    join_[i] = right < size ? ranks_.rank(piece.substr(i, next_[right] - i)) : kNoRank;
    if (join_[i] == kNoRank) return;
    queue_.push_back(std::uint64_t{join_[i]} << 32 | i);
    std::ranges::push_heap(queue_, std::greater<>{});
  };
  std::size_t parts = size;
  while (!queue_.empty()) {
    const std::uint64_t top = queue_.front();
    std::ranges::pop_heap(queue_, std::greater<>{});
    queue_.pop_back();
    const auto at = static_cast<std::uint32_t>(top);
    // Parts only grow, so an equal rank means the same two parts; anything else was overtaken by a later
    // join.
    if (join_[at] != top >> 32) continue;
    const std::uint32_t gone = next_[at];
    join_[gone] = kNoRank;
    next_[at] = next_[gone];
    previous_[next_[at]] = at;
    --parts;
    rejoin(at);
    if (at > 0) rejoin(previous_[at]);
  }
  if (ends != nullptr) {
    for (std::uint32_t at = 0; at < size; at = next_[at]) ends->push_back(next_[at]);
  }
  return parts;
}

}  // namespace slipway::llm::tokens
