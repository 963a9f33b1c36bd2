// SPDX-License-Identifier: Apache-2.0
#include "telemetry/record_codec.h"

#include "base/bytes.h"

namespace slipway::telemetry {

namespace {

// The order of the texts is the format: append only.
template <class Record, class Visit>
void visit_texts(Record& record, Visit visit) {
  visit(record.operation);
  visit(record.surface);
  visit(record.use_case);
  visit(record.environment);
  visit(record.key_id);
  visit(record.key_name);
  visit(record.release);
  visit(record.provider);
  visit(record.connection);
  visit(record.requested_model);
  visit(record.response_model);
  visit(record.finish_reason);
  visit(record.error_code);
  visit(record.error_message);
  visit(record.request_id);
  visit(record.trace_id);
  visit(record.span_id);
  visit(record.parent_span_id);
  visit(record.end_user);
  visit(record.peer);
  visit(record.user_agent);
}

template <class Record, class Visit>
void visit_numbers(Record& record, Visit visit) {
  visit(record.started_us);
  visit(record.duration_us);
  visit(record.first_token_us);
  visit(record.upstream_us);
  visit(record.connect_us);
  visit(record.queue_us);
  visit(record.usage.input);
  visit(record.usage.cache_read);
  visit(record.usage.cache_write);
  visit(record.usage.output);
  visit(record.usage.reasoning);
  visit(record.usage.audio_input);
  visit(record.usage.audio_output);
  visit(record.cost_nano);
}

enum Flags : std::uint8_t { kStream = 1, kEstimated = 2, kRollupOnly = 4 };

}  // namespace

void encode_record(std::string& out, const InvocationRecord& record, bool bodies) {
  ByteWriter writer(out);
  writer.raw({reinterpret_cast<const char*>(record.id.bytes.data()), record.id.bytes.size()});
  writer.fixed(static_cast<std::uint8_t>(record.status));
  writer.fixed(static_cast<std::uint8_t>((record.stream ? kStream : 0) |
                                         (record.usage.estimated ? kEstimated : 0) |
                                         (record.rollup_only ? kRollupOnly : 0)));
  writer.fixed(record.http_status);
  writer.fixed(record.upstream_status);
  writer.fixed(record.attempts);
  visit_numbers(record, [&](std::int64_t value) { writer.signed_varint(value); });
  visit_texts(record, [&](std::string_view text) { writer.bytes(text); });
  writer.bytes(bodies ? record.request_body : std::string_view{});
  writer.bytes(bodies ? record.response_body : std::string_view{});
}

bool decode_record(std::uint8_t version, std::string_view payload, InvocationRecord& record) {
  if (version != kRecordVersion) return false;
  ByteReader reader(payload);
  const std::string_view id = reader.raw(record.id.bytes.size());
  if (!reader.ok()) return false;
  std::memcpy(record.id.bytes.data(), id.data(), id.size());
  const auto status = reader.fixed<std::uint8_t>();
  const auto flags = reader.fixed<std::uint8_t>();
  record.http_status = reader.fixed<std::uint16_t>();
  record.upstream_status = reader.fixed<std::uint16_t>();
  record.attempts = reader.fixed<std::uint8_t>();
  visit_numbers(record, [&](std::int64_t& value) { value = reader.signed_varint(); });
  visit_texts(record, [&](std::string_view& text) { text = reader.bytes(); });
  record.request_body = reader.bytes();
  record.response_body = reader.bytes();
  if (!reader.ok() || status >= kStatusCount) return false;
  record.status = static_cast<Status>(status);
  record.stream = (flags & kStream) != 0;
  record.usage.estimated = (flags & kEstimated) != 0;
  record.rollup_only = (flags & kRollupOnly) != 0;
  return true;
}

}  // namespace slipway::telemetry
