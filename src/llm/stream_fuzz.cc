// SPDX-License-Identifier: Apache-2.0
// A provider's bytes: whole answers, errors and streams, one event a line ("name|data" or data alone).
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "llm/dialect.h"
#include "llm/openai_scan.h"

using namespace slipway;
using namespace slipway::llm;

namespace {

void require(bool held) {
  if (!held) std::abort();
}

void follow(const Dialect& dialect, std::string_view lines) {
  std::vector<ChatEvent> events;
  const auto decoder = dialect.stream_decoder();
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    std::string_view name;
    if (const std::size_t bar = line.find('|');
        bar != std::string_view::npos && bar < 24 && line.front() != '{') {
      name = line.substr(0, bar);
      line.remove_prefix(bar + 1);
    }
    decoder->feed(name, line, events);
  }
  decoder->finish(events);
  // The end is told exactly once, and nothing comes after it.
  require(!events.empty());
  for (std::size_t i = 0; i < events.size(); ++i) {
    const bool last = events[i].kind == ChatEvent::Kind::kError || events[i].kind == ChatEvent::Kind::kEnd;
    require(last == (i + 1 == events.size()));
  }
  for (const std::string& name : dialect_names()) {
    const auto encoder = find_dialect(name)->stream_encoder({});
    std::string out;
    for (const ChatEvent& event : events) encoder->encode(event, out);
  }
  ResponseBuilder builder;
  for (const ChatEvent& event : events) builder.add(event);
  for (const std::string& name : dialect_names())
    require(parse_json(find_dialect(name)->encode_response(builder.response()), {.depth = 256}).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static OpenAiScanner scanner;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto check_usage = [](const Usage& usage) {
    for (const std::int64_t count : {usage.input, usage.cache_read, usage.cache_write, usage.output,
                                     usage.reasoning, usage.audio_input, usage.audio_output})
      require(count >= -1);
  };
  if (const auto scan = scanner.scan_response(body)) check_usage(scan->usage);
  StreamScanner stream(scanner, 100);
  for (std::string_view rest = body; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    stream.feed(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  require(stream.output_text().size() <= 100);
  check_usage(stream.usage());
  for (const std::string& name : dialect_names()) {
    const Dialect& dialect = *find_dialect(name);
    follow(dialect, body);
    const ProviderError error = dialect.decode_error(500, "1", body);
    require(!error.message.empty());
    if (const auto response = dialect.decode_response(body)) {
      check_usage(response->usage);
      for (const std::string& other : dialect_names())
        require(parse_json(find_dialect(other)->encode_response(*response), {.depth = 256}).has_value());
    }
  }
  (void)find_dialect("openai")->decode_embedding_response(body);
  return 0;
}
