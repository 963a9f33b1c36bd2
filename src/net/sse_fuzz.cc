// SPDX-License-Identifier: Apache-2.0
// However the bytes are split, the same events come out.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/sse.h"

namespace {

std::string read(std::string_view input, std::size_t step) {
  slipway::net::SseParser parser(4'096);
  slipway::net::SseEvent event;
  std::string log;
  const auto keep = [&log, &event] {
    log.append(event.event).append("|").append(event.data).append("|").append(event.id).append("|");
    log.append(event.comment).append("|").append(std::to_string(event.retry_ms.value_or(0))).append("\n");
  };
  // Copies of exact size, so that a read past a piece is seen.
  while (!input.empty()) {
    const std::string piece(input.substr(0, step));
    input.remove_prefix(piece.size());
    parser.feed(piece);
    for (;;) {
      const auto more = parser.next(event);
      if (!more) return "too large";
      if (!*more) break;
      keep();
    }
  }
  if (parser.take_rest(event)) keep();
  return log;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 4'000) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = read(input, size);
  if (read(input, std::size_t{1} + data[0] % 16) != whole) std::abort();
  return 0;
}
