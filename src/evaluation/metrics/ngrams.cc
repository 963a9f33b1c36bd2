// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/ngrams.h"

#include <algorithm>

namespace slipway::evaluation {

std::vector<std::uint32_t> TokenNumbers::of(std::span<const std::string_view> tokens) {
  std::vector<std::uint32_t> out;
  out.reserve(tokens.size());
  for (const std::string_view token : tokens)
    out.push_back(numbers_.emplace(token, static_cast<std::uint32_t>(numbers_.size())).first->second);
  return out;
}

NgramCounts count_ngrams(std::span<const std::uint32_t> items, std::size_t n, std::size_t bits) {
  if (n == 0 || items.size() < n) return {};
  std::vector<Ngram> all(items.size() - n + 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      all[i].high = (all[i].high << bits) | (all[i].low >> (64 - bits));
      all[i].low = (all[i].low << bits) | items[i + j];
    }
  }
  std::ranges::sort(all);
  NgramCounts out;
  out.reserve(all.size());
  for (const Ngram& ngram : all) {
    if (out.empty() || out.back().first != ngram) out.emplace_back(ngram, 0);
    ++out.back().second;
  }
  return out;
}

NgramCounts merged_most(const NgramCounts& a, const NgramCounts& b) {
  NgramCounts out;
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() || right != b.end()) {
    if (right == b.end() || (left != a.end() && left->first < right->first)) {
      out.push_back(*left++);
    } else if (left == a.end() || right->first < left->first) {
      out.push_back(*right++);
    } else {
      out.emplace_back(left->first, std::max(left->second, right->second));
      ++left;
      ++right;
    }
  }
  return out;
}

std::size_t count_common(const NgramCounts& a, const NgramCounts& b) {
  std::size_t sum = 0;
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() && right != b.end()) {
    if (left->first < right->first) {
      ++left;
    } else if (right->first < left->first) {
      ++right;
    } else {
      sum += std::min(left++->second, right++->second);
    }
  }
  return sum;
}

std::size_t count_all(const NgramCounts& counts) {
  std::size_t sum = 0;
  for (const auto& [ngram, count] : counts) sum += count;
  return sum;
}

}  // namespace slipway::evaluation
