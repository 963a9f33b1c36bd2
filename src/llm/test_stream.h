// SPDX-License-Identifier: Apache-2.0
// For tests: a stream's bytes taken apart into events, and put together by a dialect's decoder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "llm/dialect.h"

namespace slipway::llm {

struct TestEvent {
  std::string name;
  std::string data;
};

// Whole events only; comments are left out.
inline std::vector<TestEvent> events_of(std::string_view bytes) {
  std::vector<TestEvent> events;
  for (std::size_t end = bytes.find("\n\n"); end != std::string_view::npos; end = bytes.find("\n\n")) {
    TestEvent event;
    for (const std::string_view line : split(bytes.substr(0, end), '\n')) {
      if (line.starts_with("event: ")) event.name = line.substr(7);
      if (line.starts_with("data: ")) event.data += line.substr(6);
    }
    if (!event.data.empty()) events.push_back(std::move(event));
    bytes.remove_prefix(end + 2);
  }
  return events;
}

inline std::vector<ChatEvent> decoded(const Dialect& dialect, std::string_view bytes) {
  std::vector<ChatEvent> out;
  const auto decoder = dialect.stream_decoder();
  for (const TestEvent& event : events_of(bytes)) decoder->feed(event.name, event.data, out);
  decoder->finish(out);
  return out;
}

inline ResponseBuilder collect(const Dialect& dialect, std::string_view bytes) {
  ResponseBuilder builder;
  for (const ChatEvent& event : decoded(dialect, bytes)) builder.add(event);
  return builder;
}

}  // namespace slipway::llm
