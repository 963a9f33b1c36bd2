// SPDX-License-Identifier: Apache-2.0
// The chunked transfer coding (RFC 9112 §7.1), decoded in place. Our own, because Boost 1.81's stops the
// process on a last chunk that comes byte by byte, and because joining the pieces in place wants to be one
// pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace slipway::net {

// Strict: line ends are CRLF, sizes are hexadecimal digits and nothing else, extensions and trailers are
// skipped and together limited. What different programs read differently (the stuff of request smuggling) is
// an error.
class ChunkDecoder {
 public:
  // At most this many bytes of one chunk's size line, or of the whole trailer.
  static constexpr std::size_t kFramingLimit = 16u << 10;

  struct Step {
    std::size_t consumed = 0;  // of the input
    std::size_t body = 0;      // bytes of content, moved to `to`
  };

  // Decodes from `in`, writing content to `to` (which may lie in front of, or at, `in.data()`) and joining it
  // there. With `to` null the first content stays where it is and the rest is joined behind it; first() tells
  // where.
  Step decode(std::string_view in, char* to);
  [[nodiscard]] char* first() const { return first_; }

  [[nodiscard]] bool done() const { return state_ == State::kDone; }
  [[nodiscard]] bool failed() const { return state_ == State::kFailed; }
  // Of all chunks announced so far, so that a limit can be applied before the bytes come.
  [[nodiscard]] std::uint64_t announced() const { return announced_; }

 private:
  enum class State : std::uint8_t {
    kFirstDigit,
    kDigits,
    kExtension,
    kSizeLineFeed,
    kData,
    kDataReturn,
    kDataLineFeed,
    kTrailerLineStart,
    kTrailerLine,
    kTrailerLineFeed,
    kLastLineFeed,
    kDone,
    kFailed,
  };
  State framing_byte(unsigned char byte);
  State end_of_size();

  std::uint64_t size_ = 0;  // of the present chunk: so far read, then still to come
  std::uint64_t announced_ = 0;
  std::size_t framing_ = 0;
  char* first_ = nullptr;
  State state_ = State::kFirstDigit;
};

}  // namespace slipway::net
