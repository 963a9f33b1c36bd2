// SPDX-License-Identifier: Apache-2.0
// application/vnd.amazon.eventstream: AWS's framing of streamed answers (Bedrock). All integers are
// big-endian: u32 total length, u32 headers' length, u32 CRC-32 of those eight bytes, headers, payload, u32
// CRC-32 of all before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"

namespace slipway::net {

// The format's header types, by their wire number.
enum class EventStreamType : std::uint8_t {
  kTrue = 0,
  kFalse = 1,
  kByte = 2,
  kShort = 3,
  kInteger = 4,
  kLong = 5,
  kBytes = 6,
  kString = 7,
  kTimestamp = 8,  // milliseconds since 1970
  kUuid = 9,
};

struct EventStreamHeader {
  std::string_view name;
  EventStreamType type = EventStreamType::kString;
  std::string_view text;    // kString, kBytes, kUuid
  std::int64_t number = 0;  // the integral types; 1 and 0 for kTrue and kFalse
};

// Views are valid until the decoder's next call.
struct EventStreamMessage {
  std::vector<EventStreamHeader> headers;
  std::string_view payload;

  // The text of the first header of that name (exact spelling, for instance ":event-type"); empty if absent.
  [[nodiscard]] std::string_view find(std::string_view name) const;
};

// Appends one message with string headers. Names are at most 255 bytes, values at most 32,767: longer ones
// are a defect of the caller and refused with kInvalidArgument, like a message beyond the format's 16 MiB.
Result<> append_event_stream_message(std::string& out, std::span<const Header> headers,
                                     std::string_view payload);

// The usual message of an answer: ":message-type" event, ":event-type", ":content-type" application/json.
void append_event_stream_event(std::string& out, std::string_view event_type, std::string_view json);
// The usual message of a failure inside a stream: ":message-type" exception, ":exception-type".
void append_event_stream_exception(std::string& out, std::string_view exception_type, std::string_view json);

// Push pieces in, pull messages out, as with SseParser. A message that lies whole in one piece is not copied.
class EventStreamDecoder {
 public:
  explicit EventStreamDecoder(std::size_t message_limit_bytes = 16u << 20)
      : limit_bytes_(message_limit_bytes) {}

  // Only when next() has said false since the last piece; `piece` must stay until it says so again.
  void feed(std::string_view piece);
  // True with the next message, false when more bytes are needed. kDataLoss for a wrong checksum or length,
  // kResourceExhausted beyond the limit; from then on always.
  Result<bool> next(EventStreamMessage& message);
  // Bytes of an unfinished message: at the end of a stream there should be none.
  [[nodiscard]] bool unfinished() const { return !carry_.empty() && !carry_taken_; }

 private:
  Result<bool> decode(std::string_view frame, EventStreamMessage& message);
  Result<> check_prelude(std::string_view prelude);

  std::string_view piece_;
  std::string carry_;
  std::size_t limit_bytes_;
  bool carry_taken_ = false;
  Error failure_{};
  bool failed_ = false;
};

}  // namespace slipway::net
