// SPDX-License-Identifier: Apache-2.0
// Damaged, short and hostile frames. Checksums would stop the fuzzer at the door, so half of its work is to
// have the input put into a well-formed frame first.
#include <array>
#include <boost/crc.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/event_stream.h"

namespace {

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xff));
}

std::uint32_t crc(std::string_view bytes) {
  boost::crc_32_type sum;
  sum.process_bytes(bytes.data(), bytes.size());
  return sum.checksum();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::net;
  if (size < 3) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 3, size - 3);
  std::string bytes(input);
  if ((data[0] & 1) != 0) {
    bytes.clear();
    append_u32(bytes, static_cast<std::uint32_t>(input.size() + 16));
    append_u32(bytes, data[1] % static_cast<std::uint32_t>(input.size() + 1));
    append_u32(bytes, crc(bytes));
    bytes.append(input);
    append_u32(bytes, crc(bytes));
  }
  const std::size_t step = std::size_t{1} + data[2];
  EventStreamDecoder decoder(1u << 16);
  EventStreamMessage message;
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::string piece(rest.substr(0, step));
    rest.remove_prefix(piece.size());
    decoder.feed(piece);
    for (;;) {
      const auto more = decoder.next(message);
      if (!more) return 0;
      if (!*more) break;
      std::size_t total = message.payload.size();
      for (const EventStreamHeader& header : message.headers)
        total += header.name.size() + header.text.size();
      if (total > bytes.size()) std::abort();
    }
  }
  return 0;
}
