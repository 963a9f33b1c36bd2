// SPDX-License-Identifier: Apache-2.0
#include "net/sse.h"

#include <cstring>

#include "base/text.h"

namespace slipway::net {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::size_t find_byte(std::string_view text, char byte, std::size_t from) {
  if (from >= text.size()) return text.size();
  const void* at = std::memchr(text.data() + from, byte, text.size() - from);
  return at == nullptr ? text.size() : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

}  // namespace

void SseParser::feed(std::string_view piece) {
  if (carry_taken_) {
    carry_.clear();
    carry_taken_ = false;
  }
  while (bom_seen_ < kByteOrderMark.size() && !piece.empty()) {
    if (piece.front() != kByteOrderMark[bom_seen_]) {
      // It was no mark after all: what looked like one belongs to the stream.
      if (bom_seen_ > 0) {
        carry_.append(kByteOrderMark.substr(0, bom_seen_));
        line_empty_ = false;
      }
      bom_seen_ = static_cast<std::uint8_t>(kByteOrderMark.size());
      break;
    }
    piece.remove_prefix(1);
    ++bom_seen_;
  }
  piece_ = piece;
  next_cr_ = find_byte(piece_, '\r', 0);
}

// One past the blank line that ends the present block, or npos.
std::size_t SseParser::find_end() {
  std::size_t at = 0;
  while (at < piece_.size()) {
    if (after_cr_) {
      after_cr_ = false;
      if (piece_[at] == '\n') {
        // The second half of a line end that has been counted, in an earlier piece perhaps.
        ++at;
        continue;
      }
    }
    if (next_cr_ < at) next_cr_ = find_byte(piece_, '\r', at);
    const std::size_t line_end = std::min(next_cr_, find_byte(piece_.substr(0, next_cr_), '\n', at));
    if (line_end > at) line_empty_ = false;
    if (line_end == piece_.size()) return std::string_view::npos;
    after_cr_ = piece_[line_end] == '\r';
    at = line_end + 1;
    if (line_empty_) {
      if (after_cr_ && at < piece_.size() && piece_[at] == '\n') {
        after_cr_ = false;
        ++at;
      }
      return at;
    }
    line_empty_ = true;
  }
  return std::string_view::npos;
}

Result<bool> SseParser::next(SseEvent& event) {
  for (;;) {
    if (failed_) {
      return fail(ErrorCode::kResourceExhausted, "an event of the stream is larger than the limit of " +
                                                     std::to_string(limit_bytes_) + " bytes");
    }
    if (carry_taken_) {
      carry_.clear();
      carry_taken_ = false;
    }
    const std::size_t end = find_end();
    const std::size_t size = end == std::string_view::npos ? piece_.size() : end;
    if (carry_.size() + size > limit_bytes_) {
      failed_ = true;
      continue;
    }
    std::string_view block = piece_.substr(0, size);
    piece_.remove_prefix(size);
    next_cr_ = next_cr_ >= size ? next_cr_ - size : find_byte(piece_, '\r', 0);
    if (end == std::string_view::npos) {
      carry_.append(block);
      return false;
    }
    if (!carry_.empty()) {
      carry_.append(block);
      carry_taken_ = true;
      block = carry_;
    }
    parse(block, event);
    if (event.has_data || event.has_id || !event.event.empty() || event.comment.data() != nullptr ||
        event.retry_ms)
      return true;
    // Blank lines only: nothing to tell.
  }
}

bool SseParser::take_rest(SseEvent& event) {
  if (failed_ || carry_taken_ || carry_.empty()) return false;
  carry_taken_ = true;
  line_empty_ = true;
  parse(carry_, event);
  return event.has_data;
}

void SseParser::parse(std::string_view block, SseEvent& event) {
  event = SseEvent{};
  event.raw = block;
  bool joined = false;
  const bool has_cr = block.find('\r') != std::string_view::npos;
  while (!block.empty()) {
    std::size_t end = find_byte(block, '\n', 0);
    if (has_cr) end = std::min(end, find_byte(block, '\r', 0));
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(std::min(end + 1, block.size()));
    if (line.empty()) continue;
    if (line.front() == ':') {
      event.comment = line.substr(1);
      continue;
    }
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    std::string_view value =
        colon == std::string_view::npos ? line.substr(line.size()) : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "data") {
      if (!event.has_data) {
        event.data = value;
      } else {
        if (!joined) joined_.assign(event.data);
        joined = true;
        joined_.push_back('\n');
        joined_.append(value);
      }
      event.has_data = true;
    } else if (name == "event") {
      event.event = value;
    } else if (name == "id") {
      if (value.contains('\0')) continue;
      event.id = value;
      event.has_id = true;
    } else if (name == "retry") {
      if (value.find_first_not_of("0123456789") == std::string_view::npos)
        event.retry_ms = parse_integer<std::uint32_t>(value);
    }
  }
  if (joined) event.data = joined_;
}

void append_sse_event(std::string& out, std::string_view event, std::string_view data) {
  if (!event.empty()) out.append("event: ").append(event).append("\n");
  for (;;) {
    const std::size_t end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    const bool pair = data[end] == '\r' && end + 1 < data.size() && data[end + 1] == '\n';
    data.remove_prefix(end + (pair ? 2 : 1));
  }
  out.append("\n");
}

}  // namespace slipway::net
