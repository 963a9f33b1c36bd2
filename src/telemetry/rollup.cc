// SPDX-License-Identifier: Apache-2.0
#include "telemetry/rollup.h"

#include <algorithm>
#include <string>

namespace slipway::telemetry {

namespace {

// sketch_merge(a, b): lets an upsert merge histograms without reading the row first.
void sketch_merge(sqlite3_context* context, int, sqlite3_value** arguments) {
  Sketch merged;
  for (int i = 0; i < 2; ++i) {
    const void* data = ::sqlite3_value_blob(arguments[i]);
    const auto size = static_cast<std::size_t>(::sqlite3_value_bytes(arguments[i]));
    merged.merge_blob({static_cast<const char*>(data), data == nullptr ? 0 : size});
  }
  const std::string blob = merged.blob();
  ::sqlite3_result_blob64(context, blob.data(), blob.size(), SQLITE_TRANSIENT);
}

std::int64_t floor_to(std::int64_t value, std::int64_t step) {
  const std::int64_t rest = value % step;
  return rest < 0 ? value - rest - step : value - rest;
}

}  // namespace

std::size_t RollupKeyHash::operator()(const RollupKey& key) const noexcept {
  std::uint64_t hash = static_cast<std::uint64_t>(key.bucket_us);
  for (const std::uint64_t part :
       {std::uint64_t{key.use_case}, std::uint64_t{key.environment}, std::uint64_t{key.key},
        std::uint64_t{key.provider}, std::uint64_t{key.model}, std::uint64_t{key.release},
        std::uint64_t{key.status}}) {
    hash = (hash ^ part) * 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 29;
  }
  return hash;
}

void RollupValue::add(const InvocationRecord& record) {
  ++requests;
  const Usage& usage = record.usage;
  const std::int64_t classes[7] = {usage.input,     usage.cache_read,  usage.cache_write, usage.output,
                                   usage.reasoning, usage.audio_input, usage.audio_output};
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] += std::max<std::int64_t>(classes[i], 0);
  if (record.cost_nano < 0)
    ++unknown_cost;
  else
    cost_nano += record.cost_nano;
  const std::int64_t duration_us = std::max<std::int64_t>(record.duration_us, 0);
  duration_sum_us += duration_us;
  durations.add(static_cast<std::uint64_t>(duration_us));
  if (record.first_token_us >= 0) first_tokens.add(static_cast<std::uint64_t>(record.first_token_us));
}

void RollupValue::merge(const RollupValue& other) {
  requests += other.requests;
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] += other.tokens[i];
  cost_nano += other.cost_nano;
  unknown_cost += other.unknown_cost;
  duration_sum_us += other.duration_sum_us;
  durations.merge(other.durations);
  first_tokens.merge(other.first_tokens);
}

Result<RollupWriter> RollupWriter::prepare(Connection& connection) {
  const int code =
      ::sqlite3_create_function_v2(connection.handle(), "sketch_merge", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                   nullptr, &sketch_merge, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(sqlite_error(connection.handle(), code));
  RollupWriter writer;
  for (std::size_t width = 0; width < 2; ++width) {
    for (std::size_t grain = 0; grain < 3; ++grain) {
      std::string sql = std::string("INSERT INTO ") + kRollupTables[width][grain] +
                        " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21)"
                        " ON CONFLICT DO UPDATE SET ";
      for (const char* const column :
           {"requests", "input", "cache_read", "cache_write", "output", "reasoning", "audio_input",
            "audio_output", "cost", "unknown_cost", "duration_sum"}) {
        sql += std::string(column) + " = " + column + " + excluded." + column + ", ";
      }
      sql +=
          "durations = sketch_merge(durations, excluded.durations), "
          "first_tokens = sketch_merge(first_tokens, excluded.first_tokens)";
      SLIPWAY_ASSIGN(writer.upserts_[width][grain], connection.prepare(sql));
    }
  }
  return writer;
}

Result<> RollupWriter::upsert(Statement& statement, const RollupKey& key, const RollupValue& value) {
  const std::string durations = value.durations.blob();
  const std::string first_tokens = value.first_tokens.blob();
  statement.bind(1, key.bucket_us).bind(2, key.use_case).bind(3, key.environment).bind(4, key.status);
  statement.bind(5, key.key).bind(6, key.provider).bind(7, key.model).bind(8, key.release);
  statement.bind(9, static_cast<std::int64_t>(value.requests));
  for (std::size_t i = 0; i < value.tokens.size(); ++i)
    statement.bind(10 + static_cast<int>(i), value.tokens[i]);
  statement.bind(17, value.cost_nano).bind(18, static_cast<std::int64_t>(value.unknown_cost));
  statement.bind(19, value.duration_sum_us).bind_blob(20, durations).bind_blob(21, first_tokens);
  return statement.run();
}

Result<> RollupWriter::write(const RollupBatch& batch) {
  // Minutes fold into hours and days, wide rows into slim ones; each table sees a row of the batch once.
  RollupBatch::Map coarser[2][3];
  for (const auto& [key, value] : batch.minutes()) {
    SLIPWAY_TRY(upsert(upserts_[0][0], key, value));
    RollupKey wide = key;
    for (std::size_t grain = 1; grain < 3; ++grain) {
      wide.bucket_us = floor_to(key.bucket_us, kGrainsUs[grain]);
      coarser[0][grain][wide].merge(value);
    }
    RollupKey slim = key;
    slim.key = slim.provider = slim.model = 0;
    for (std::size_t grain = 0; grain < 3; ++grain) {
      slim.bucket_us = floor_to(key.bucket_us, kGrainsUs[grain]);
      coarser[1][grain][slim].merge(value);
    }
  }
  for (std::size_t width = 0; width < 2; ++width) {
    for (std::size_t grain = 0; grain < 3; ++grain) {
      for (const auto& [key, value] : coarser[width][grain])
        SLIPWAY_TRY(upsert(upserts_[width][grain], key, value));
    }
  }
  return {};
}

}  // namespace slipway::telemetry
