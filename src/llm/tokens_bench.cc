// SPDX-License-Identifier: Apache-2.0
// Counting speed on real-looking text; the goal is 20 MB/s on one core.
#include <benchmark/benchmark.h>

#include <string>

#include "llm/tokens.h"

namespace slipway::llm {
namespace {

constexpr std::string_view kEnglish =
    "Large language models are billed by the token, so a gateway that can't count can't limit. The "
    "committee's "
    "recommendations, published on 14 March 2025, weren't binding; nevertheless they've been adopted by 27 "
    "states, and "
    "the remaining ones said they'd follow once the translation had been certified.\n\n";
constexpr std::string_view kCode =
    "static Result<Config> load_config(const std::filesystem::path& path) {\n  std::ifstream file{path};\n"
    "  if (!file) return fail(ErrorCode::kNotFound, \"no such file\");\n\tfor (int i = 0; i < 1024; ++i) {\n"
    "    buffer[i] ^= 0xFF & (seed >> (i % 8));  // mix\n  }\n}\n";
constexpr std::string_view kMixed =
    "Привет, мир! 你好，世界！今天天气怎么样？ こんにちは世界。 مرحبا بالعالم كيف حالك اليوم؟ สวัสดีชาวโลก "
    "วันนี้อากาศดีมาก 😀👩‍👩‍👧 "
    "नमस्ते दुनिया, आज मौसम कैसा है? Grüße aus Köln, à bientôt!\n";

// A million bytes of words that hardly repeat, so that the tables don't stay in the caches.
std::string varied() {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < 1u << 20) {
    state = state * 1664525 + 1013904223;
    text += *decode(Encoding::kO200kBase, std::vector<std::uint32_t>{(state >> 8) % 199998});
  }
  return text;
}

void count(benchmark::State& state, Encoding encoding, std::string_view unit) {
  std::string text;
  while (text.size() < 1u << 20) text += unit;
  for (auto _ : state) benchmark::DoNotOptimize(count_tokens(encoding, text));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(text.size()));
}

BENCHMARK_CAPTURE(count, cl100k_english, Encoding::kCl100kBase, kEnglish);
BENCHMARK_CAPTURE(count, o200k_english, Encoding::kO200kBase, kEnglish);
BENCHMARK_CAPTURE(count, o200k_code, Encoding::kO200kBase, kCode);
BENCHMARK_CAPTURE(count, o200k_mixed, Encoding::kO200kBase, kMixed);
BENCHMARK_CAPTURE(count, o200k_varied, Encoding::kO200kBase, varied());
BENCHMARK_CAPTURE(count, o200k_one_letter, Encoding::kO200kBase, "a");

}  // namespace
}  // namespace slipway::llm

BENCHMARK_MAIN();
