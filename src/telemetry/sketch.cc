// SPDX-License-Identifier: Apache-2.0
#include "telemetry/sketch.h"

#include <algorithm>
#include <cmath>

namespace slipway::telemetry {

void Sketch::add(std::uint64_t value) {
  const auto bucket = static_cast<std::uint32_t>(sketch::bucket_of(value));
  const auto at = std::lower_bound(counts_.begin(), counts_.end(), bucket,
                                   [](const auto& pair, std::uint32_t b) { return pair.first < b; });
  if (at != counts_.end() && at->first == bucket)
    ++at->second;
  else
    counts_.insert(at, {bucket, 1});
}

void Sketch::merge(const Sketch& other) {
  std::vector<std::pair<std::uint32_t, std::uint64_t>> merged;
  merged.reserve(counts_.size() + other.counts_.size());
  auto a = counts_.begin();
  auto b = other.counts_.begin();
  while (a != counts_.end() || b != other.counts_.end()) {
    if (b == other.counts_.end() || (a != counts_.end() && a->first < b->first)) {
      merged.push_back(*a++);
    } else if (a == counts_.end() || b->first < a->first) {
      merged.push_back(*b++);
    } else {
      merged.push_back({a->first, a->second + b->second});
      ++a, ++b;
    }
  }
  counts_ = std::move(merged);
}

bool Sketch::merge_blob(std::string_view blob) {
  Sketch other;
  const bool good = visit_sketch(blob, [&](std::size_t bucket, std::uint64_t count) {
    other.counts_.push_back({static_cast<std::uint32_t>(bucket), count});
  });
  merge(other);
  return good;
}

std::string Sketch::blob() const {
  std::string out;
  ByteWriter writer(out);
  std::uint32_t before = 0;
  for (const auto& [bucket, count] : counts_) {
    writer.varint(bucket - before);
    writer.varint(count);
    before = bucket;
  }
  return out;
}

void SketchSum::add(std::size_t bucket, std::uint64_t count) {
  if (counts_.empty()) counts_.resize(sketch::kBuckets);
  counts_[bucket] += count;
  total_ += count;
}

bool SketchSum::add_blob(std::string_view blob) {
  return visit_sketch(blob, [this](std::size_t bucket, std::uint64_t count) { add(bucket, count); });
}

void SketchSum::merge(const SketchSum& other) {
  for (std::size_t bucket = 0; bucket < other.counts_.size(); ++bucket) {
    if (other.counts_[bucket] != 0) add(bucket, other.counts_[bucket]);
  }
}

std::int64_t SketchSum::quantile(double q) const {
  if (total_ == 0) return -1;
  const auto rank =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total_))));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return static_cast<std::int64_t>(sketch::value_of(bucket));
  }
  return static_cast<std::int64_t>(sketch::value_of(counts_.size() - 1));
}

void SketchSum::clear() {
  if (total_ != 0) std::fill(counts_.begin(), counts_.end(), 0);
  total_ = 0;
}

}  // namespace slipway::telemetry
