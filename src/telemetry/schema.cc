// SPDX-License-Identifier: Apache-2.0
#include "telemetry/schema.h"

#include <string>

namespace slipway::telemetry {

namespace {

// Texts of which there are few live in `names` and appear elsewhere as numbers; 0 is the empty text.
constexpr const char* kTables = R"sql(
CREATE TABLE names (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE key_names (key INTEGER PRIMARY KEY, name INTEGER NOT NULL);
CREATE TABLE progress (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  segment INTEGER NOT NULL, byte INTEGER NOT NULL,
  next_sequence INTEGER NOT NULL, next_block INTEGER NOT NULL);
INSERT INTO progress VALUES (1, 0, 0, 1, 1);

CREATE TABLE invocations (
  sequence INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  started INTEGER NOT NULL, duration INTEGER NOT NULL, first_token INTEGER NOT NULL, upstream INTEGER NOT NULL,
  connect INTEGER NOT NULL, queue INTEGER NOT NULL,
  status INTEGER NOT NULL, http_status INTEGER NOT NULL, upstream_status INTEGER NOT NULL,
  attempts INTEGER NOT NULL, flags INTEGER NOT NULL,
  operation INTEGER NOT NULL, surface INTEGER NOT NULL, use_case INTEGER NOT NULL, environment INTEGER NOT NULL,
  key INTEGER NOT NULL, key_name INTEGER NOT NULL, release INTEGER NOT NULL, provider INTEGER NOT NULL,
  connection INTEGER NOT NULL, model INTEGER NOT NULL, response_model INTEGER NOT NULL,
  finish_reason INTEGER NOT NULL, error_code INTEGER NOT NULL,
  requested_model TEXT NOT NULL, error_message TEXT NOT NULL, request_id TEXT NOT NULL, trace_id TEXT NOT NULL,
  span_id TEXT NOT NULL, parent_span_id TEXT NOT NULL, end_user TEXT NOT NULL, peer TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, output INTEGER NOT NULL,
  reasoning INTEGER NOT NULL, audio_input INTEGER NOT NULL, audio_output INTEGER NOT NULL,
  cost INTEGER NOT NULL,
  block INTEGER, body_offset INTEGER, body_length INTEGER,
  input_preview TEXT NOT NULL, output_preview TEXT NOT NULL);
CREATE UNIQUE INDEX invocations_by_id ON invocations (id);
CREATE INDEX invocations_by_start ON invocations (started);
CREATE INDEX invocations_by_use_case ON invocations (use_case, started);
CREATE INDEX invocations_by_environment ON invocations (environment, started);
CREATE INDEX invocations_by_key ON invocations (key, started);
CREATE INDEX invocations_by_model ON invocations (model, started);
CREATE INDEX invocations_by_failure ON invocations (status, started) WHERE status <> 0;
CREATE INDEX invocations_by_end_user ON invocations (end_user, started) WHERE end_user <> '';
CREATE INDEX invocations_by_request_id ON invocations (request_id) WHERE request_id <> '';

-- Trace ids are random: an index on them would rewrite a page of its own for nearly every record. Runs of a few thousand
-- rows have a bloom filter of their trace ids instead.
CREATE TABLE trace_groups (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, bloom BLOB NOT NULL);

CREATE TABLE blocks (
  block INTEGER PRIMARY KEY, environment INTEGER NOT NULL, day INTEGER NOT NULL,
  records INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, stored_bytes INTEGER NOT NULL);
CREATE INDEX blocks_by_day ON blocks (environment, day, raw_bytes);
CREATE TABLE block_words (block INTEGER PRIMARY KEY, bloom BLOB NOT NULL);
CREATE TABLE block_data (block INTEGER PRIMARY KEY, data BLOB NOT NULL);
)sql";

constexpr const char* kRollup = R"sql((
  bucket INTEGER NOT NULL, use_case INTEGER NOT NULL, environment INTEGER NOT NULL, status INTEGER NOT NULL,
  key INTEGER NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, release INTEGER NOT NULL,
  requests INTEGER NOT NULL, input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
  output INTEGER NOT NULL, reasoning INTEGER NOT NULL, audio_input INTEGER NOT NULL, audio_output INTEGER NOT NULL,
  cost INTEGER NOT NULL, unknown_cost INTEGER NOT NULL, duration_sum INTEGER NOT NULL,
  durations BLOB NOT NULL, first_tokens BLOB NOT NULL,
  PRIMARY KEY (bucket, use_case, environment, status, key, provider, model, release)) WITHOUT ROWID;
)sql";

// Version 1 did not count by release. What it added up had none.
std::string add_releases() {
  std::string sql;
  for (const auto& width : kRollupTables) {
    for (const char* const table : width) {
      const std::string name(table);
      sql += "ALTER TABLE " + name + " RENAME TO old_" + name + "; CREATE TABLE " + name + " " + kRollup;
      sql += "INSERT INTO " + name +
             " SELECT bucket, use_case, environment, status, key, provider, model, 0, requests, input, "
             "cache_read, cache_write, output, reasoning, audio_input, audio_output, cost, unknown_cost, "
             "duration_sum, durations, first_tokens FROM old_" +
             name + "; DROP TABLE old_" + name + ";";
    }
  }
  return sql;
}

}  // namespace

Result<> prepare_schema(Connection& connection) {
  SLIPWAY_ASSIGN(const std::int64_t version, connection.integer("PRAGMA user_version"));
  if (version > kSchemaVersion) {
    return fail(ErrorCode::kConflict,
                "the telemetry database has version " + std::to_string(version) + ", this program knows " +
                    std::to_string(kSchemaVersion),
                "telemetry store", "start the newer Slipway that wrote it, or move the file away");
  }
  if (version == kSchemaVersion) return {};
  std::string sql;
  if (version == 0) {
    sql = kTables;
    for (const auto& width : kRollupTables) {
      for (const char* const table : width) sql += std::string("CREATE TABLE ") + table + " " + kRollup;
    }
  } else {
    sql = add_releases();
  }
  sql += "PRAGMA user_version = " + std::to_string(kSchemaVersion) + ";";
  SLIPWAY_ASSIGN(Transaction transaction, Transaction::begin(connection, true));
  SLIPWAY_TRY(connection.execute(sql.c_str()));
  return transaction.commit();
}

}  // namespace slipway::telemetry
