// SPDX-License-Identifier: Apache-2.0
#include "catalog/edit_script.h"

#include <algorithm>
#include <optional>
#include <span>

namespace slipway::catalog {

namespace {

using Elements = std::span<const std::uint32_t>;

void append(std::vector<Edit>& script, Edit::Op op, std::size_t before, std::size_t after,
            std::size_t count) {
  if (count == 0) return;
  if (!script.empty() && script.back().op == op)
    script.back().count += count;
  else
    script.push_back({op, before, after, count});
}

// For each number of differences d, the furthest x on every diagonal; a walk back through them is the script.
using Fronts = std::vector<std::vector<std::ptrdiff_t>>;

std::optional<Fronts> search(Elements a, Elements b, std::size_t limit) {
  const auto n = static_cast<std::ptrdiff_t>(a.size());
  const auto m = static_cast<std::ptrdiff_t>(b.size());
  const auto most = static_cast<std::ptrdiff_t>(std::min(limit, a.size() + b.size()));
  Fronts fronts;
  for (std::ptrdiff_t d = 0; d <= most; ++d) {
    std::vector<std::ptrdiff_t> front(static_cast<std::size_t>(2 * d + 1));
    for (std::ptrdiff_t k = -d; k <= d; k += 2) {
      std::ptrdiff_t x = 0;
      if (d > 0) {
        const std::vector<std::ptrdiff_t>& last = fronts.back();
        const auto at = [&](std::ptrdiff_t diagonal) {
          return last[static_cast<std::size_t>(diagonal + d - 1)];
        };
        const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
        x = down ? at(k + 1) : at(k - 1) + 1;
      }
      std::ptrdiff_t y = x - k;
      while (x < n && y < m && y >= 0 && a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(y)]) {
        ++x;
        ++y;
      }
      front[static_cast<std::size_t>(k + d)] = x;
      if (x >= n && y >= m) {
        fronts.push_back(std::move(front));
        return fronts;
      }
    }
    fronts.push_back(std::move(front));
  }
  return std::nullopt;
}

// Single steps from the end to the beginning.
std::vector<Edit::Op> walk_back(const Fronts& fronts, std::ptrdiff_t x, std::ptrdiff_t y) {
  std::vector<Edit::Op> steps;
  for (auto d = static_cast<std::ptrdiff_t>(fronts.size()) - 1; d > 0; --d) {
    const std::vector<std::ptrdiff_t>& last = fronts[static_cast<std::size_t>(d - 1)];
    const auto at = [&](std::ptrdiff_t diagonal) { return last[static_cast<std::size_t>(diagonal + d - 1)]; };
    const std::ptrdiff_t k = x - y;
    const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
    const std::ptrdiff_t from_x = down ? at(k + 1) : at(k - 1);
    const std::ptrdiff_t from_y = from_x - (down ? k + 1 : k - 1);
    const std::ptrdiff_t step_x = down ? from_x : from_x + 1;
    for (; x > step_x; --x, --y) steps.push_back(Edit::Op::kKeep);
    steps.push_back(down ? Edit::Op::kInsert : Edit::Op::kDelete);
    x = from_x;
    y = from_y;
  }
  for (; x > 0; --x) steps.push_back(Edit::Op::kKeep);
  return steps;
}

// Between two kept runs all deletions come first.
std::vector<Edit> tidy(const std::vector<Edit>& script) {
  std::vector<Edit> out;
  for (std::size_t i = 0; i < script.size();) {
    if (script[i].op == Edit::Op::kKeep) {
      out.push_back(script[i++]);
      continue;
    }
    const std::size_t before = script[i].before;
    const std::size_t after = script[i].after;
    std::size_t deleted = 0;
    std::size_t inserted = 0;
    for (; i < script.size() && script[i].op != Edit::Op::kKeep; ++i)
      (script[i].op == Edit::Op::kDelete ? deleted : inserted) += script[i].count;
    append(out, Edit::Op::kDelete, before, after, deleted);
    append(out, Edit::Op::kInsert, before + deleted, after, inserted);
  }
  return out;
}

}  // namespace

std::vector<Edit> edit_script(const std::vector<std::uint32_t>& before,
                              const std::vector<std::uint32_t>& after, std::size_t limit) {
  std::size_t head = 0;
  while (head < before.size() && head < after.size() && before[head] == after[head]) ++head;
  std::size_t tail = 0;
  while (tail < before.size() - head && tail < after.size() - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail])
    ++tail;
  const Elements a(before.data() + head, before.size() - head - tail);
  const Elements b(after.data() + head, after.size() - head - tail);
  std::vector<Edit> script;
  append(script, Edit::Op::kKeep, 0, 0, head);
  if (const auto fronts = search(a, b, limit)) {
    std::vector<Edit::Op> steps =
        walk_back(*fronts, static_cast<std::ptrdiff_t>(a.size()), static_cast<std::ptrdiff_t>(b.size()));
    std::ranges::reverse(steps);
    std::size_t x = head;
    std::size_t y = head;
    for (const Edit::Op op : steps) {
      append(script, op, x, y, 1);
      if (op != Edit::Op::kInsert) ++x;
      if (op != Edit::Op::kDelete) ++y;
    }
  } else {
    append(script, Edit::Op::kDelete, head, head, a.size());
    append(script, Edit::Op::kInsert, head + a.size(), head, b.size());
  }
  append(script, Edit::Op::kKeep, before.size() - tail, after.size() - tail, tail);
  return tidy(script);
}

}  // namespace slipway::catalog
