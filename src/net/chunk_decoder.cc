// SPDX-License-Identifier: Apache-2.0
#include "net/chunk_decoder.h"

#include <algorithm>
#include <cstring>

namespace slipway::net {
namespace {

int hex_digit(unsigned char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

// Text of an extension or a trailer: no control characters but the tab.
bool is_text(unsigned char byte) { return (byte >= 0x20 && byte != 0x7f) || byte == '\t'; }

}  // namespace

ChunkDecoder::Step ChunkDecoder::decode(std::string_view in, char* to) {
  Step step;
  first_ = to;
  while (step.consumed < in.size() && !done() && !failed()) {
    const char* const at = in.data() + step.consumed;
    if (state_ == State::kData) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(size_, in.size() - step.consumed));
      if (first_ == nullptr)
        first_ = const_cast<char*>(at);  // the caller's own memory, which it may write to
      else if (first_ + step.body != at)
        std::memmove(first_ + step.body, at, size);
      step.body += size;
      step.consumed += size;
      size_ -= size;
      if (size_ == 0) state_ = State::kDataReturn;
      continue;
    }
    ++step.consumed;
    state_ = ++framing_ > kFramingLimit ? State::kFailed : framing_byte(static_cast<unsigned char>(*at));
  }
  return step;
}

ChunkDecoder::State ChunkDecoder::framing_byte(unsigned char byte) {
  switch (state_) {
    case State::kFirstDigit: size_ = 0; [[fallthrough]];
    case State::kDigits: {
      const int digit = hex_digit(byte);
      if (digit >= 0) {
        if (size_ >> 60 != 0) return State::kFailed;  // one more digit and it would not fit
        size_ = size_ * 16 + static_cast<std::uint64_t>(digit);
        return State::kDigits;
      }
      if (state_ == State::kFirstDigit) return State::kFailed;
      if (byte == '\r') return State::kSizeLineFeed;
      // RFC 9112 §7.1.1 lets white space stand before the semicolon.
      return byte == ';' || byte == ' ' || byte == '\t' ? State::kExtension : State::kFailed;
    }
    case State::kExtension:
      if (byte == '\r') return State::kSizeLineFeed;
      return is_text(byte) ? State::kExtension : State::kFailed;
    case State::kSizeLineFeed: return byte == '\n' ? end_of_size() : State::kFailed;
    case State::kDataReturn: return byte == '\r' ? State::kDataLineFeed : State::kFailed;
    case State::kDataLineFeed: framing_ = 0; return byte == '\n' ? State::kFirstDigit : State::kFailed;
    case State::kTrailerLineStart:
      if (byte == '\r') return State::kLastLineFeed;
      return is_text(byte) ? State::kTrailerLine : State::kFailed;
    case State::kTrailerLine:
      if (byte == '\r') return State::kTrailerLineFeed;
      return is_text(byte) ? State::kTrailerLine : State::kFailed;
    case State::kTrailerLineFeed: return byte == '\n' ? State::kTrailerLineStart : State::kFailed;
    case State::kLastLineFeed: return byte == '\n' ? State::kDone : State::kFailed;
    case State::kData:
    case State::kDone:
    case State::kFailed: return state_;
  }
  return State::kFailed;
}

ChunkDecoder::State ChunkDecoder::end_of_size() {
  if (size_ == 0) return State::kTrailerLineStart;
  // Saturates: a sum that wraps round would slip under every limit.
  announced_ = size_ > UINT64_MAX - announced_ ? UINT64_MAX : announced_ + size_;
  return State::kData;
}

}  // namespace slipway::net
