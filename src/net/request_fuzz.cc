// SPDX-License-Identifier: Apache-2.0
// The server's request parser as its connection uses it: bytes in arbitrary pieces, several requests in a
// row.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "net/request_parser.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void inside(std::string_view part, slipway::net::MessageBuffer& buffer) {
  check(part.empty() ||
        (part.data() >= buffer.data() && part.data() + part.size() <= buffer.data() + buffer.end));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::net;
  if (size < 1) return 0;
  const std::size_t step = std::size_t{1} + data[0];
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const ServerLimits limits{.header_bytes = 1'024, .header_count = 10, .body_bytes = 2'048};
  MessageBuffer buffer;
  std::optional<RequestParser> parser;
  parser.emplace(buffer, limits);
  while (!input.empty()) {
    parser->make_room();
    check(buffer.room() > 0);
    const std::size_t taken = std::min({step, buffer.room(), input.size()});
    std::memcpy(buffer.data() + buffer.end, input.data(), taken);
    buffer.end += taken;
    input.remove_prefix(taken);
    for (;;) {
      const RequestParser::Progress progress = parser->advance(true);
      if (progress == RequestParser::Progress::kRefused) {
        check(parser->refusal().status >= 400 && !parser->refusal().sentence.empty());
        return 0;
      }
      if (progress == RequestParser::Progress::kNeedMore) break;
      inside(parser->method(), buffer);
      inside(parser->target(), buffer);
      inside(parser->body(), buffer);
      check(!parser->method().empty() && !parser->target().empty());
      check(parser->body().size() <= limits.body_bytes);
      check(buffer.headers.all().size() <= limits.header_count);
      for (const Header& field : buffer.headers.all()) {
        inside(field.name, buffer);
        inside(field.value, buffer);
        check(field.value.find_first_of("\r\n") == std::string_view::npos);
      }
      check(parser->end() <= buffer.end);
      buffer.begin = parser->end();
      buffer.compact();
      parser.emplace(buffer, limits);
      if (buffer.empty()) break;
    }
  }
  return 0;
}
