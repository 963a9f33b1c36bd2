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

namespace {

// The items from one place on, as many as are looked at, the first one in the highest bits; zeros behind the
// end.
struct Suffix {
  Ngram key;
  bool of_first = false;
};

void add_suffixes(std::vector<Suffix>& out, std::span<const std::uint32_t> items, std::size_t most,
                  std::size_t bits, bool of_first) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    Suffix suffix{{}, of_first};
    for (std::size_t j = i; j < i + most; ++j) {
      suffix.key.high = (suffix.key.high << bits) | (suffix.key.low >> (64 - bits));
      suffix.key.low = (suffix.key.low << bits) | (j < items.size() ? items[j] + std::uint64_t{1} : 0);
    }
    out.push_back(suffix);
  }
}

// Of a key with `bits` times `most` bits, the first n items.
Ngram prefix(const Ngram& key, std::size_t n, std::size_t most, std::size_t bits) {
  const std::size_t cut = (most - n) * bits;
  if (cut == 0) return key;
  if (cut < 64) return {key.high, key.low & ~((std::uint64_t{1} << cut) - 1)};
  if (cut == 64) return {key.high, 0};
  return {key.high & ~((std::uint64_t{1} << (cut - 64)) - 1), 0};
}

// Whether the n-th item is there: it is no zero.
bool reaches(const Ngram& key, std::size_t n, std::size_t most, std::size_t bits) {
  const Ngram whole = prefix(key, n, most, bits);
  return n == 1 || whole != prefix(key, n - 1, most, bits);
}

}  // namespace

std::vector<NgramOverlap> overlaps(std::span<const std::uint32_t> first,
                                   std::span<const std::uint32_t> second, std::size_t most,
                                   std::size_t bits) {
  std::vector<Suffix> suffixes;
  suffixes.reserve(first.size() + second.size());
  add_suffixes(suffixes, first, most, bits, true);
  add_suffixes(suffixes, second, most, bits, false);
  std::ranges::sort(suffixes, {}, &Suffix::key);
  std::vector<NgramOverlap> out(most);
  for (std::size_t n = 1; n <= most; ++n) {
    NgramOverlap& overlap = out[n - 1];
    overlap.first = first.size() >= n ? first.size() - n + 1 : 0;
    overlap.second = second.size() >= n ? second.size() - n + 1 : 0;
    // Equal n-grams stand together.
    for (std::size_t begin = 0; begin < suffixes.size();) {
      const Ngram group = prefix(suffixes[begin].key, n, most, bits);
      std::size_t counts[2] = {};
      std::size_t end = begin;
      for (; end < suffixes.size() && prefix(suffixes[end].key, n, most, bits) == group; ++end)
        ++counts[suffixes[end].of_first ? 0 : 1];
      if (reaches(suffixes[begin].key, n, most, bits)) overlap.common += std::min(counts[0], counts[1]);
      begin = end;
    }
  }
  return out;
}

std::size_t count_all(const NgramCounts& counts) {
  std::size_t sum = 0;
  for (const auto& [ngram, count] : counts) sum += count;
  return sum;
}

}  // namespace slipway::evaluation
