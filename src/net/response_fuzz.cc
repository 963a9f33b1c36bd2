// SPDX-License-Identifier: Apache-2.0
// The client's response parser: what an upstream may send, in arbitrary pieces.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "net/response_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::net;
  if (size < 2) return 0;
  const std::size_t step = std::size_t{1} + data[0];
  std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  MessageBuffer buffer;
  ResponseParser parser(buffer, 1'024, (data[1] & 1) != 0);
  bool header_done = false;
  std::size_t wire = 0;
  std::size_t received = 0;
  std::size_t handed_out = 0;
  while (!input.empty() && !parser.done()) {
    if (!header_done) parser.make_room();
    if (buffer.room() == 0) buffer.grow(buffer.capacity() * 2);
    const std::size_t taken = std::min({step, buffer.room(), input.size()});
    std::memcpy(buffer.data() + buffer.end, input.data(), taken);
    buffer.end += taken;
    received += taken;
    input.remove_prefix(taken);
    if (!header_done) {
      const auto parsed = parser.parse_header();
      if (!parsed) return 0;
      if (!*parsed) continue;
      header_done = true;
      wire = parser.header_end();
    }
    if (parser.done()) break;
    const auto piece = parser.take_body(buffer, wire);
    if (!piece) return 0;
    if (!piece->empty() &&
        (piece->data() < buffer.data() || piece->data() + piece->size() > buffer.data() + buffer.end))
      std::abort();
    handed_out += piece->size();
    if (handed_out > received || wire > buffer.end) std::abort();
  }
  if (header_done && !parser.done()) static_cast<void>(parser.finish_at_eof());
  return 0;
}
