// SPDX-License-Identifier: Apache-2.0
#include "telemetry/indexer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "telemetry/record_codec.h"

namespace slipway::telemetry {

namespace {

constexpr std::int64_t kMostNames = 200'000;  // beyond it new ones are all "(other)"
constexpr std::size_t kCachedNames = 20'000;
constexpr std::uint64_t kTraceGroupRows = 4096;
constexpr std::size_t kLongestName = 512;
constexpr std::size_t kLongestText = 4096;

std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

std::int64_t floor_div(std::int64_t value, std::int64_t step) {
  return value / step - (value % step < 0 ? 1 : 0);
}

Result<> sync_path(const std::filesystem::path& path) {
  const int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int error = handle < 0 || ::fsync(handle) != 0 ? errno : 0;
  if (handle >= 0) ::close(handle);
  if (error == 0) return {};
  return fail(ErrorCode::kIo, std::strerror(error), path.string());
}

}  // namespace

std::string_view effective_model(const InvocationRecord& record) {
  if (!record.response_model.empty()) return record.response_model;
  return record.provider.empty() ? std::string_view{} : record.requested_model;
}

Result<NameTable> NameTable::prepare(Connection& connection) {
  NameTable names;
  SLIPWAY_ASSIGN(names.select_, connection.prepare("SELECT id FROM names WHERE text = ?1"));
  SLIPWAY_ASSIGN(names.insert_, connection.prepare("INSERT INTO names (text) VALUES (?1) RETURNING id"));
  SLIPWAY_ASSIGN(names.count_, connection.prepare("SELECT MAX(id) FROM names"));
  return names;
}

Result<std::int64_t> NameTable::number(std::string_view text) {
  if (text.empty()) return 0;
  text = cut(text, kLongestName);
  if (const auto known = numbers_.find(text); known != numbers_.end()) return known->second;
  if (numbers_.size() >= kCachedNames) numbers_.clear();
  SLIPWAY_ASSIGN(bool row, select_.bind(1, text).step());
  std::int64_t id = row ? select_.integer(0) : 0;
  select_.reset();
  if (!row) {
    SLIPWAY_ASSIGN(const bool counted, count_.step());
    const std::int64_t count = counted ? count_.integer(0) : 0;
    count_.reset();
    if (count >= kMostNames && text != "(other)") return number("(other)");
    SLIPWAY_ASSIGN(row, insert_.bind(1, text).step());
    id = insert_.integer(0);
    insert_.reset();
  }
  numbers_.emplace(text, id);
  return id;
}

Result<std::unique_ptr<Indexer>> Indexer::open(const std::filesystem::path& file, int compression_level) {
  auto indexer = std::make_unique<Indexer>();
  indexer->file_ = file;
  SLIPWAY_ASSIGN(indexer->connection_, Connection::open(file, false));
  Connection& connection = indexer->connection_;
  // NORMAL: the spool is the durable copy of what was indexed last, so that a transaction need not wait for
  // the disk; make_durable() does before a segment goes. secure_delete, because erasing must leave nothing on
  // free pages. auto_vacuum only takes effect on a new file, before WAL.
  SLIPWAY_TRY(connection.execute(
      "PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; "
      "PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA cache_size = -8192; "
      "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY"));
  SLIPWAY_TRY(prepare_schema(connection));
  SLIPWAY_ASSIGN(indexer->names_, NameTable::prepare(connection));
  SLIPWAY_ASSIGN(indexer->bodies_, BodyWriter::prepare(connection, compression_level));
  SLIPWAY_ASSIGN(indexer->rollups_, RollupWriter::prepare(connection));
  std::string values = "?1";
  for (int i = 2; i <= 48; ++i) values += ",?" + std::to_string(i);
  SLIPWAY_ASSIGN(indexer->insert_, connection.prepare("INSERT INTO invocations VALUES (" + values + ")"));
  SLIPWAY_ASSIGN(indexer->save_traces_,
                 connection.prepare("INSERT OR REPLACE INTO trace_groups VALUES (?1, ?2, ?3)"));
  SLIPWAY_ASSIGN(indexer->select_id_, connection.prepare("SELECT 1 FROM invocations WHERE id = ?1"));
  SLIPWAY_ASSIGN(indexer->insert_key_name_,
                 connection.prepare("INSERT OR REPLACE INTO key_names VALUES (?1, ?2)"));
  SLIPWAY_ASSIGN(indexer->update_progress_,
                 connection.prepare("UPDATE progress SET segment = ?1, byte = ?2, next_sequence = ?3, "
                                    "next_block = ?4"));
  SLIPWAY_ASSIGN(Statement select,
                 connection.prepare("SELECT segment, byte, next_sequence, next_block FROM progress"));
  SLIPWAY_ASSIGN(const bool row, select.step());
  if (!row) return fail(ErrorCode::kDataLoss, "the telemetry database has lost its progress", file.string());
  indexer->position_ = {static_cast<std::uint64_t>(select.integer(0)),
                        static_cast<std::uint64_t>(select.integer(1))};
  indexer->saved_next_sequence_ = static_cast<std::uint64_t>(select.integer(2));
  indexer->saved_next_block_ = select.integer(3);
  indexer->restore();
  return indexer;
}

void Indexer::restore() {
  names_.forget();
  key_names_.clear();
  batch_.clear();
  traces_.clear();
  traces_first_ = 0;
  next_sequence_ = saved_next_sequence_;
  bodies_.reset(saved_next_block_);
}

Result<> Indexer::save_progress() {
  update_progress_.bind(1, static_cast<std::int64_t>(position_.segment));
  update_progress_.bind(2, static_cast<std::int64_t>(position_.offset));
  update_progress_.bind(3, static_cast<std::int64_t>(next_sequence_)).bind(4, bodies_.next_block());
  return update_progress_.run();
}

Result<> Indexer::transact(const std::function<Result<>()>& work) {
  const SpoolPosition before = position_;
  const auto attempt = [&]() -> Result<> {
    SLIPWAY_ASSIGN(Transaction transaction, Transaction::begin(connection_, true));
    SLIPWAY_TRY(work());
    SLIPWAY_TRY(bodies_.flush());
    SLIPWAY_TRY(save_progress());
    return transaction.commit();
  };
  Result<> result = attempt();
  if (result) {
    saved_next_sequence_ = next_sequence_;
    saved_next_block_ = bodies_.next_block();
  } else {
    position_ = before;
    restore();
  }
  return result;
}

// What was committed is in the write-ahead log or, once that was checkpointed, in the database, which SQLite
// synchronises before it uses the log again.
Result<> Indexer::make_durable() {
  SLIPWAY_TRY(sync_path(file_.string() + "-wal"));
  return sync_path(file_.parent_path());
}

Result<BatchResult> Indexer::index(const std::vector<SpoolFrame>& frames, SpoolPosition after) {
  BatchResult result;
  const Result<> done = transact([&]() -> Result<> {
    for (const SpoolFrame& frame : frames) {
      InvocationRecord record;
      if (!decode_record(frame.version, frame.payload, record)) {
        ++result.undecodable;
        continue;
      }
      SLIPWAY_TRY(add(record, result));
    }
    SLIPWAY_TRY(save_traces());
    SLIPWAY_TRY(rollups_.write(batch_));
    batch_.clear();
    position_ = after;
    return {};
  });
  if (!done) return fail(done.error());
  return result;
}

// Writes the filter of the group so far; it is replaced until the group is full.
Result<> Indexer::save_traces() {
  if (traces_first_ == 0) return {};
  const std::string bloom = traces_.bloom();
  const std::uint64_t last = next_sequence_ - 1;
  save_traces_.bind(1, static_cast<std::int64_t>(traces_first_)).bind(2, static_cast<std::int64_t>(last));
  SLIPWAY_TRY(save_traces_.bind_blob(3, bloom).run());
  if (last - traces_first_ + 1 >= kTraceGroupRows) {
    traces_.clear();
    traces_first_ = 0;
  }
  return {};
}

Result<> Indexer::note_key_name(std::int64_t key, std::int64_t name) {
  if (key == 0 || name == 0) return {};
  const auto [known, added] = key_names_.try_emplace(key, name);
  if (!added && known->second == name) return {};
  if (key_names_.size() > kCachedNames) key_names_.clear();
  key_names_[key] = name;
  return insert_key_name_.bind(1, key).bind(2, name).run();
}

Result<> Indexer::add(const InvocationRecord& record, BatchResult& result) {
  RollupKey key;
  const auto number = [&](std::string_view text, std::uint32_t& to) -> Result<> {
    SLIPWAY_ASSIGN(const std::int64_t id, names_.number(text));
    to = static_cast<std::uint32_t>(id);
    return {};
  };
  SLIPWAY_TRY(number(record.use_case, key.use_case));
  SLIPWAY_TRY(number(record.environment, key.environment));
  SLIPWAY_TRY(number(record.key_id, key.key));
  SLIPWAY_TRY(number(record.provider, key.provider));
  SLIPWAY_TRY(number(effective_model(record), key.model));
  SLIPWAY_TRY(number(record.release, key.release));
  key.status = static_cast<std::uint8_t>(record.status);
  key.bucket_us = floor_div(record.started_us, kMinuteUs) * kMinuteUs;
  SLIPWAY_ASSIGN(const std::int64_t key_name, names_.number(record.key_name));
  SLIPWAY_TRY(note_key_name(key.key, key_name));
  if (!record.rollup_only) {
    select_id_.bind_blob(1, {reinterpret_cast<const char*>(record.id.bytes.data()), record.id.bytes.size()});
    SLIPWAY_ASSIGN(const bool known, select_id_.step());
    if (known) {
      select_id_.reset();
      ++result.duplicates;
      return {};
    }
    SLIPWAY_TRY(add_row(record, key, key_name));
  }
  batch_.add(key, record);
  ++result.records;
  result.last_end_us = record.started_us + std::max<std::int64_t>(record.duration_us, 0);
  return {};
}

Result<> Indexer::add_row(const InvocationRecord& record, const RollupKey& key, std::int64_t key_name) {
  const std::uint64_t sequence = next_sequence_;
  int at = 0;
  const auto integer = [&](std::int64_t value) { insert_.bind(++at, value); };
  const auto text = [&](std::string_view value) { insert_.bind(++at, cut(value, kLongestText)); };
  const auto name = [&](std::string_view value) -> Result<> {
    SLIPWAY_ASSIGN(const std::int64_t id, names_.number(value));
    insert_.bind(++at, id);
    return {};
  };
  integer(static_cast<std::int64_t>(sequence));
  insert_.bind_blob(++at, {reinterpret_cast<const char*>(record.id.bytes.data()), record.id.bytes.size()});
  for (const std::int64_t value :
       {record.started_us, record.duration_us, record.first_token_us, record.upstream_us, record.connect_us,
        record.queue_us, static_cast<std::int64_t>(record.status), std::int64_t{record.http_status},
        std::int64_t{record.upstream_status}, std::int64_t{record.attempts},
        std::int64_t{(record.stream ? 1 : 0) | (record.usage.estimated ? 2 : 0)}}) {
    integer(value);
  }
  SLIPWAY_TRY(name(record.operation));
  SLIPWAY_TRY(name(record.surface));
  integer(key.use_case);
  integer(key.environment);
  integer(key.key);
  integer(key_name);
  integer(key.release);
  integer(key.provider);
  SLIPWAY_TRY(name(record.connection));
  integer(key.model);
  SLIPWAY_TRY(name(record.response_model));
  SLIPWAY_TRY(name(record.finish_reason));
  SLIPWAY_TRY(name(record.error_code));
  // Mostly the request id is the id; then it is neither stored nor indexed twice.
  char id_text[36];
  record.id.write_to(id_text);
  const std::string_view request_id = record.request_id == std::string_view(id_text, sizeof(id_text))
                                          ? std::string_view{}
                                          : record.request_id;
  for (const std::string_view value :
       {record.requested_model, record.error_message, request_id, record.trace_id, record.span_id,
        record.parent_span_id, record.end_user, record.peer, record.user_agent}) {
    text(value);
  }
  const Usage& usage = record.usage;
  for (const std::int64_t value :
       {usage.input, usage.cache_read, usage.cache_write, usage.output, usage.reasoning, usage.audio_input,
        usage.audio_output, record.cost_nano}) {
    integer(value);
  }
  std::string input_preview;
  std::string output_preview;
  if (record.request_body.empty() && record.response_body.empty()) {
    for (int i = 0; i < 3; ++i) insert_.bind_null(++at);
  } else {
    const std::int64_t day = floor_div(record.started_us, kDayUs);
    const BodyEntry entry{sequence, record.request_body, record.response_body};
    SLIPWAY_ASSIGN(const BodyLocation location, bodies_.add(key.environment, day, entry));
    integer(location.block);
    integer(location.offset);
    integer(location.length);
    input_preview = previews_.input(record.request_body);
    output_preview = previews_.output(record.response_body);
  }
  text(input_preview);
  text(output_preview);
  SLIPWAY_TRY(insert_.run());
  if (traces_first_ == 0) traces_first_ = sequence;
  if (!record.trace_id.empty()) traces_.add(word_hash(cut(record.trace_id, kLongestText)));
  ++next_sequence_;
  return {};
}

Result<bool> Indexer::merge_small_blocks() {
  std::int64_t environment = 0;
  std::int64_t day = 0;
  std::vector<std::int64_t> blocks;
  {
    SLIPWAY_ASSIGN(Statement crowded,
                   connection_.prepare("SELECT environment, day FROM blocks WHERE raw_bytes < ?1 "
                                       "GROUP BY environment, day HAVING COUNT(*) >= ?2 LIMIT 1"));
    crowded.bind(1, static_cast<std::int64_t>(kSmallBlockBytes))
        .bind(2, static_cast<std::int64_t>(kSmallBlocks));
    SLIPWAY_ASSIGN(const bool found, crowded.step());
    if (!found) return false;
    environment = crowded.integer(0);
    day = crowded.integer(1);
  }
  SLIPWAY_ASSIGN(Statement small,
                 connection_.prepare("SELECT block FROM blocks WHERE environment = ?1 AND day = ?2 "
                                     "AND raw_bytes < ?3 ORDER BY block LIMIT 256"));
  small.bind(1, environment).bind(2, day).bind(3, static_cast<std::int64_t>(kSmallBlockBytes));
  while (true) {
    SLIPWAY_ASSIGN(const bool row, small.step());
    if (!row) break;
    blocks.push_back(small.integer(0));
  }
  SLIPWAY_TRY(transact([&] {
    return rewrite_blocks(connection_, bodies_, environment, day, blocks, [](std::uint64_t) { return true; });
  }));
  return true;
}

}  // namespace slipway::telemetry
