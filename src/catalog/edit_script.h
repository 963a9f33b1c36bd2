// SPDX-License-Identifier: Apache-2.0
// The shortest edit between two sequences (Myers), with a bound on the work. Used by diff only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace slipway::catalog {

// Runs of what stays, goes and comes, in order; goes before comes where both stand at one place.
struct Edit {
  enum class Op : std::uint8_t { kKeep, kDelete, kInsert } op;
  std::size_t before = 0;  // where the run begins in either sequence
  std::size_t after = 0;
  std::size_t count = 0;
};

// Elements are numbers that are equal where the things they stand for are. Beyond `limit` differences the
// middle is given as all deleted and all inserted.
std::vector<Edit> edit_script(const std::vector<std::uint32_t>& before,
                              const std::vector<std::uint32_t>& after, std::size_t limit);

}  // namespace slipway::catalog
