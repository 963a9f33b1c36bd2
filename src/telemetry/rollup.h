// SPDX-License-Identifier: Apache-2.0
// Roll-ups on the indexer's side: a batch is added up in memory, then merged into the tables.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "base/result.h"
#include "telemetry/record.h"
#include "telemetry/schema.h"
#include "telemetry/sketch.h"

namespace slipway::telemetry {

struct RollupKey {
  std::int64_t bucket_us = 0;  // start of the minute, hour or day
  std::uint32_t use_case = 0, environment = 0, key = 0, provider = 0, model = 0, release = 0;
  std::uint8_t status = 0;
  bool operator==(const RollupKey&) const = default;
};
struct RollupKeyHash {
  std::size_t operator()(const RollupKey& key) const noexcept;
};

struct RollupValue {
  std::uint64_t requests = 0;
  std::array<std::int64_t, 7> tokens{};  // in the order of Usage; unknown counts as none
  std::int64_t cost_nano = 0;
  std::uint64_t unknown_cost = 0;
  std::int64_t duration_sum_us = 0;
  Sketch durations;
  Sketch first_tokens;

  void add(const InvocationRecord& record);
  void merge(const RollupValue& other);
};

class RollupBatch {
 public:
  // Only minutes with all dimensions; the rest is derived when written.
  void add(const RollupKey& minute, const InvocationRecord& record) { minutes_[minute].add(record); }
  void clear() { minutes_.clear(); }
  [[nodiscard]] bool empty() const { return minutes_.empty(); }

  using Map = std::unordered_map<RollupKey, RollupValue, RollupKeyHash>;
  [[nodiscard]] const Map& minutes() const { return minutes_; }

 private:
  Map minutes_;
};

// Prepared upserts into the six tables.
class RollupWriter {
 public:
  static Result<RollupWriter> prepare(Connection& connection);
  // Inside the caller's transaction.
  Result<> write(const RollupBatch& batch);

 private:
  Result<> upsert(Statement& statement, const RollupKey& key, const RollupValue& value);
  std::array<std::array<Statement, 3>, 2> upserts_;
};

}  // namespace slipway::telemetry
