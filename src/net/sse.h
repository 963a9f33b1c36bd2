// SPDX-License-Identifier: Apache-2.0
// Server-sent events (WHATWG HTML §9.2), read and written. Bytes may be split anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::net {

// One block of a stream, up to its blank line. Views are valid until the parser's next call.
struct SseEvent {
  std::string_view event;  // empty if not given (then it is a "message")
  std::string_view data;   // lines joined by '\n'
  std::string_view id;
  std::string_view comment;  // the last comment line, without the colon: heartbeats
  std::string_view raw;      // the whole block as it came, with its blank line: to pass on unchanged
  std::optional<std::uint32_t> retry_ms;
  bool has_data = false;  // browsers dispatch only blocks with data
  bool has_id = false;
};

// Push pieces in, pull events out:
//   parser.feed(piece);
//   while (parser.next(event) is true) …
// A block that lies whole in one piece is not copied; `piece` must stay until next() has said false.
// Not thread-safe. One for each stream.
class SseParser {
 public:
  explicit SseParser(std::size_t event_limit_bytes = 1u << 20) : limit_bytes_(event_limit_bytes) {}

  // Only when next() has said false since the last piece.
  void feed(std::string_view piece);
  // True with the next complete block, false when more bytes are needed. kResourceExhausted for a block
  // beyond the limit, from then on always.
  Result<bool> next(SseEvent& event);
  // At the end of the stream: true if a block without its blank line was left, and `event` holds it. The
  // standard drops it; providers that forget the last blank line are common.
  bool take_rest(SseEvent& event);

 private:
  std::size_t find_end();
  void parse(std::string_view block, SseEvent& event);

  std::string_view piece_;
  std::string carry_;   // the beginning of a block from earlier pieces
  std::string joined_;  // data of several lines
  std::size_t limit_bytes_;
  std::size_t next_cr_ = 0;   // in piece_: no carriage return before it
  bool carry_taken_ = false;  // carry_ holds a block that has been handed out
  bool line_empty_ = true;    // of the present block: no byte in this line yet
  bool after_cr_ = false;     // a '\n' now belongs to the '\r' before it
  bool failed_ = false;
  std::uint8_t bom_seen_ = 0;  // bytes of a byte order mark at the very start
};

// "event: …\ndata: …\n\n"; no event line if `event` is empty, a data line for each line of `data`.
void append_sse_event(std::string& out, std::string_view event, std::string_view data);

}  // namespace slipway::net
