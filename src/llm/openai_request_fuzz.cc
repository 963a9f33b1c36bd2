// SPDX-License-Identifier: Apache-2.0
// A client's body, as the hot path scans it and as the dialects decode it. Beyond not crashing: what the
// scanner accepts is JSON to a parser that builds it, and what was rewritten scans again to what was asked
// for.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "llm/dialect.h"
#include "llm/openai_scan.h"

using namespace slipway;
using namespace slipway::llm;

namespace {

void require(bool held) {
  if (!held) std::abort();
}

void decode_and_encode(const Dialect& from, std::string_view body) {
  const auto request = from.decode_request(body);
  if (!request) {
    require(request.error().code == ErrorCode::kInvalidArgument);
    return;
  }
  for (const std::string& name : dialect_names()) {
    const auto encoded = find_dialect(name)->encode_request(*request, {});
    if (encoded) require(parse_json(encoded->body, {.depth = 256, .size_bytes = 1u << 30}).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static OpenAiScanner scanner;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const ScanKind kind : {ScanKind::kChat, ScanKind::kEmbeddings}) {
    const auto scan = scanner.scan_request(body, kind);
    if (!scan) continue;
    require(scan->model_range.end <= size && scan->usage_range.end <= size && !scan->model.empty());
    // Half surrogates are JSON by the grammar, but no Unicode; numbers beyond a double's range are left alone
    // too.
    if (body.find("\\u") == std::string_view::npos && body.find_first_of("eE") == std::string_view::npos)
      require(parse_json(body).has_value());
    std::string out;
    rewrite_request(body, *scan, "other", true, out);
    const auto again = scanner.scan_request(out, kind);
    require(again.has_value() && again->model == "other");
    require(!again->stream || again->include_usage);
  }
  for (const std::string& name : dialect_names()) decode_and_encode(*find_dialect(name), body);
  if (const auto embedding = find_dialect("openai")->decode_embedding_request(body))
    require(find_dialect("openai")->encode_embedding_request(*embedding, {}).has_value());
  return 0;
}
