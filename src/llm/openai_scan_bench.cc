// SPDX-License-Identifier: Apache-2.0
// What the scanner costs on the hot path; bytes as the gateway sees them, without padding behind.
#include <benchmark/benchmark.h>

#include <string>

#include "llm/openai_scan.h"

namespace slipway::llm {
namespace {

std::string request_of(std::size_t text_bytes) {
  std::string text;
  while (text.size() < text_bytes) text += "The quick brown fox \\\"jumps\\\" over the lazy dog.\\n";
  return R"({"model":"support-assistant","temperature":0.2,"stream":true,"user":"u-42","messages":[)"
         R"({"role":"system","content":"You are helpful."},{"role":"user","content":")" +
         text + R"("}],"max_completion_tokens":512})";
}

void BM_ScanRequest(benchmark::State& state) {
  const std::string body = request_of(static_cast<std::size_t>(state.range(0)));
  OpenAiScanner scanner;
  for (auto _ : state) {
    auto scan = scanner.scan_request(body, ScanKind::kChat);
    if (!scan) state.SkipWithError(scan.error().message.c_str());
    benchmark::DoNotOptimize(scan);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(BM_ScanRequest)->Arg(800)->Arg(30'000)->Arg(400'000);

void BM_ScanAndRewriteRequest(benchmark::State& state) {
  const std::string body = request_of(static_cast<std::size_t>(state.range(0)));
  OpenAiScanner scanner;
  std::string out;
  for (auto _ : state) {
    const auto scan = scanner.scan_request(body, ScanKind::kChat);
    rewrite_request(body, *scan, "gpt-4o-mini", true, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(BM_ScanAndRewriteRequest)->Arg(800);

void BM_ScanResponse(benchmark::State& state) {
  std::string text;
  while (text.size() < static_cast<std::size_t>(state.range(0))) text += "The quick brown fox jumps. ";
  const std::string body =
      R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-2024-08-06","choices":[{"index":0,)"
      R"("message":{"role":"assistant","content":")" +
      text +
      R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":50,)"
      R"("total_tokens":150,"prompt_tokens_details":{"cached_tokens":64,"audio_tokens":0},"completion_tokens_details":)"
      R"({"reasoning_tokens":20,"audio_tokens":0}},"system_fingerprint":"fp_1"})";
  OpenAiScanner scanner;
  for (auto _ : state) {
    auto scan = scanner.scan_response(body);
    benchmark::DoNotOptimize(scan);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(BM_ScanResponse)->Arg(600)->Arg(8'000);

void BM_StreamChunk(benchmark::State& state) {
  const std::string chunk =
      R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1732000000,"model":"gpt-4o-2024-08-06",)"
      R"("service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":" Hello"},)"
      R"("logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x1y2z3"})";
  OpenAiScanner scanner;
  StreamScanner stream(scanner);
  for (auto _ : state) {
    auto info = stream.feed(chunk);
    benchmark::DoNotOptimize(info);
  }
}
BENCHMARK(BM_StreamChunk);

}  // namespace
}  // namespace slipway::llm

BENCHMARK_MAIN();
