// SPDX-License-Identifier: Apache-2.0
#include "net/event_stream.h"

#include <algorithm>
#include <array>
#include <boost/crc.hpp>
#include <utility>

namespace slipway::net {
namespace {

constexpr std::size_t kPrelude = 12;
constexpr std::size_t kLeast = 16;
constexpr std::size_t kMost = 16u << 20;
constexpr std::size_t kNameLimit = 255;
constexpr std::size_t kValueLimit = 32'767;

std::uint32_t crc32(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

template <class T>
T read(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return static_cast<T>(value);
}

template <class T>
void append(std::string& out, T value) {
  for (std::size_t i = sizeof(T); i > 0; --i)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * (i - 1)) & 0xff));
}

std::unexpected<Error> damaged(std::string why) {
  return fail(ErrorCode::kDataLoss, "the event stream is damaged: " + std::move(why));
}

// Reads one header off the front. The size of a fixed type is in the table, -1 means a u16 length follows.
bool take_header(std::string_view& bytes, EventStreamHeader& header) {
  static constexpr std::array<int, 10> kSizes = {0, 0, 1, 2, 4, 8, -1, -1, 8, 16};
  if (bytes.empty()) return false;
  const std::size_t name_size = static_cast<std::uint8_t>(bytes[0]);
  if (name_size == 0 || bytes.size() < 2 + name_size) return false;
  header = EventStreamHeader{};
  header.name = bytes.substr(1, name_size);
  const auto type = static_cast<std::uint8_t>(bytes[1 + name_size]);
  if (type >= kSizes.size()) return false;
  header.type = static_cast<EventStreamType>(type);
  bytes.remove_prefix(2 + name_size);
  std::size_t size = 0;
  if (kSizes[type] < 0) {
    if (bytes.size() < 2) return false;
    size = read<std::uint16_t>(bytes, 0);
    bytes.remove_prefix(2);
  } else {
    size = static_cast<std::size_t>(kSizes[type]);
  }
  if (bytes.size() < size) return false;
  switch (header.type) {
    case EventStreamType::kTrue: header.number = 1; break;
    case EventStreamType::kFalse: break;
    case EventStreamType::kByte: header.number = read<std::int8_t>(bytes, 0); break;
    case EventStreamType::kShort: header.number = read<std::int16_t>(bytes, 0); break;
    case EventStreamType::kInteger: header.number = read<std::int32_t>(bytes, 0); break;
    case EventStreamType::kLong:
    case EventStreamType::kTimestamp: header.number = read<std::int64_t>(bytes, 0); break;
    case EventStreamType::kBytes:
    case EventStreamType::kString:
    case EventStreamType::kUuid: header.text = bytes.substr(0, size); break;
  }
  bytes.remove_prefix(size);
  return true;
}

}  // namespace

std::string_view EventStreamMessage::find(std::string_view name) const {
  for (const EventStreamHeader& header : headers) {
    if (header.name == name) return header.text;
  }
  return {};
}

Result<> append_event_stream_message(std::string& out, std::span<const Header> headers,
                                     std::string_view payload) {
  std::size_t headers_size = 0;
  for (const Header& header : headers) {
    if (header.name.empty() || header.name.size() > kNameLimit || header.value.size() > kValueLimit)
      return fail(ErrorCode::kInvalidArgument, "an event stream's header is too long",
                  std::string(header.name));
    headers_size += 1 + header.name.size() + 1 + 2 + header.value.size();
  }
  const std::size_t total = kLeast + headers_size + payload.size();
  if (total > kMost)
    return fail(ErrorCode::kInvalidArgument, "an event stream's message is larger than 16 MiB");
  const std::size_t start = out.size();
  out.reserve(start + total);
  append(out, static_cast<std::uint32_t>(total));
  append(out, static_cast<std::uint32_t>(headers_size));
  append(out, crc32(std::string_view(out).substr(start)));
  for (const Header& header : headers) {
    append(out, static_cast<std::uint8_t>(header.name.size()));
    out.append(header.name);
    append(out, static_cast<std::uint8_t>(EventStreamType::kString));
    append(out, static_cast<std::uint16_t>(header.value.size()));
    out.append(header.value);
  }
  out.append(payload);
  append(out, crc32(std::string_view(out).substr(start)));
  return {};
}

void append_event_stream_event(std::string& out, std::string_view event_type, std::string_view json) {
  const std::array<Header, 3> headers{Header{":event-type", event_type},
                                      Header{":content-type", "application/json"},
                                      Header{":message-type", "event"}};
  static_cast<void>(append_event_stream_message(out, headers, json));
}

void append_event_stream_exception(std::string& out, std::string_view exception_type, std::string_view json) {
  const std::array<Header, 3> headers{Header{":exception-type", exception_type},
                                      Header{":content-type", "application/json"},
                                      Header{":message-type", "exception"}};
  static_cast<void>(append_event_stream_message(out, headers, json));
}

void EventStreamDecoder::feed(std::string_view piece) { piece_ = piece; }

Result<bool> EventStreamDecoder::next(EventStreamMessage& message) {
  if (failed_) return fail(failure_);
  Result<bool> result = [this, &message]() -> Result<bool> {
    if (carry_taken_) {
      carry_.clear();
      carry_taken_ = false;
    }
    if (carry_.empty()) {
      if (piece_.size() >= kPrelude) {
        SLIPWAY_TRY(check_prelude(piece_));
        const std::size_t total = read<std::uint32_t>(piece_, 0);
        if (piece_.size() >= total) {
          const std::string_view frame = piece_.substr(0, total);
          piece_.remove_prefix(total);
          return decode(frame, message);
        }
      }
      carry_.assign(piece_);
      piece_ = {};
      return false;
    }
    // First the prelude, so that the length is known before anything is kept.
    if (carry_.size() < kPrelude) {
      const std::size_t part = std::min(kPrelude - carry_.size(), piece_.size());
      carry_.append(piece_.substr(0, part));
      piece_.remove_prefix(part);
      if (carry_.size() < kPrelude) return false;
    }
    SLIPWAY_TRY(check_prelude(carry_));
    const std::size_t total = read<std::uint32_t>(carry_, 0);
    const std::size_t part = std::min(total - carry_.size(), piece_.size());
    carry_.append(piece_.substr(0, part));
    piece_.remove_prefix(part);
    if (carry_.size() < total) return false;
    carry_taken_ = true;
    return decode(carry_, message);
  }();
  if (!result) {
    failed_ = true;
    failure_ = result.error();
  }
  return result;
}

Result<> EventStreamDecoder::check_prelude(std::string_view prelude) {
  if (crc32(prelude.substr(0, 8)) != read<std::uint32_t>(prelude, 8))
    return damaged("the prelude's checksum is wrong");
  const std::size_t total = read<std::uint32_t>(prelude, 0);
  const std::size_t headers = read<std::uint32_t>(prelude, 4);
  if (total < kLeast || headers > total - kLeast) return damaged("the lengths don't fit together");
  if (total > limit_bytes_) {
    return fail(ErrorCode::kResourceExhausted, "a message of the event stream has " + std::to_string(total) +
                                                   " bytes; the limit is " + std::to_string(limit_bytes_));
  }
  return {};
}

Result<bool> EventStreamDecoder::decode(std::string_view frame, EventStreamMessage& message) {
  const std::size_t body = frame.size() - 4;
  if (crc32(frame.substr(0, body)) != read<std::uint32_t>(frame, body))
    return damaged("a message's checksum is wrong");
  const std::size_t headers_size = read<std::uint32_t>(frame, 4);
  std::string_view headers = frame.substr(kPrelude, headers_size);
  message.headers.clear();
  while (!headers.empty()) {
    EventStreamHeader header;
    if (!take_header(headers, header)) return damaged("a header is malformed");
    message.headers.push_back(header);
  }
  message.payload = frame.substr(kPrelude + headers_size, body - kPrelude - headers_size);
  return true;
}

}  // namespace slipway::net
