// SPDX-License-Identifier: Apache-2.0
// A mergeable histogram of durations: 32 buckets an octave, so a quantile is at most 1.6 % off. All integers:
// merging in any order gives the same result.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::telemetry {

namespace sketch {
inline constexpr std::uint64_t kLargest = (1ull << 42) - 1;  // microseconds: seven weeks
inline constexpr std::size_t kBuckets = 36 * 32 + 64;

// Values below 64 have buckets of their own.
constexpr std::size_t bucket_of(std::uint64_t value) {
  if (value > kLargest) value = kLargest;
  if (value < 64) return value;
  const int shift = std::bit_width(value) - 6;
  return static_cast<std::size_t>(shift) * 32 + (value >> shift);
}
// The middle of a bucket.
constexpr std::uint64_t value_of(std::size_t bucket) {
  if (bucket < 64) return bucket;
  const std::size_t shift = bucket / 32 - 1;
  const std::uint64_t low = static_cast<std::uint64_t>(bucket - shift * 32) << shift;
  return low + ((1ull << shift) >> 1);
}
}  // namespace sketch

// Few values, little memory: what the indexer gathers before it writes.
class Sketch {
 public:
  void add(std::uint64_t value);
  void merge(const Sketch& other);
  // Merges a stored blob; false if it is malformed (what was read until then stays merged).
  bool merge_blob(std::string_view blob);
  // Pairs of varints: distance to the bucket before, count.
  [[nodiscard]] std::string blob() const;
  [[nodiscard]] bool empty() const { return counts_.empty(); }
  void clear() { counts_.clear(); }

 private:
  std::vector<std::pair<std::uint32_t, std::uint64_t>> counts_;  // by bucket, ascending
};

// Many blobs added up: what a query uses.
class SketchSum {
 public:
  void add(std::size_t bucket, std::uint64_t count);
  bool add_blob(std::string_view blob);
  void merge(const SketchSum& other);
  [[nodiscard]] std::uint64_t count() const { return total_; }
  // Smallest value such that at least the share `q` of all values is not above it; -1 without values.
  [[nodiscard]] std::int64_t quantile(double q) const;
  void clear();

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t total_ = 0;
};

// Calls visit(bucket, count) for each pair of a blob; false if the blob is malformed.
template <class Visit>
bool visit_sketch(std::string_view blob, Visit visit);

}  // namespace slipway::telemetry

#include "telemetry/sketch_impl.h"
