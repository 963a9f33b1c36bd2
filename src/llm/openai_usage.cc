// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "llm/openai_scan.h"

namespace slipway::llm {

namespace {

std::int64_t or_zero(std::int64_t value) { return std::max<std::int64_t>(value, 0); }

std::int64_t plausible(std::int64_t value) { return value >= 0 && value <= kMaxPlausibleTokens ? value : -1; }

}  // namespace

Usage usage_from_openai(const OpenAiCounts& raw) {
  OpenAiCounts c = raw;
  for (std::int64_t* field : {&c.prompt, &c.completion, &c.total, &c.cached, &c.cache_write, &c.audio_input,
                              &c.reasoning, &c.audio_output})
    *field = plausible(*field);

  Usage usage;
  // Embeddings and some servers give only the total.
  if (c.prompt < 0 && c.completion < 0 && c.total >= 0) c.prompt = c.total;

  // OpenAI's details are parts of the counts above them. Some compatible servers report them beside instead;
  // the total tells which: it is the sum of what does not overlap.
  const std::int64_t cache = or_zero(c.cached) + or_zero(c.cache_write);
  const std::int64_t sum = or_zero(c.prompt) + or_zero(c.completion);
  const std::int64_t reasoning = or_zero(c.reasoning);
  const bool told = c.prompt >= 0 && c.completion >= 0 && c.total > sum;
  const bool cache_beside =
      told && cache > 0 && (c.total == sum + cache || c.total == sum + cache + reasoning);
  const bool reasoning_beside =
      told && reasoning > 0 && (c.total == sum + reasoning || c.total == sum + cache + reasoning);

  usage.cache_read = c.cached;
  usage.cache_write = c.cache_write;
  usage.audio_input = c.audio_input;
  usage.input = c.prompt;
  if (c.prompt >= 0) {
    const std::int64_t inside = (cache_beside ? 0 : cache) + or_zero(c.audio_input);
    if (inside <= c.prompt) {
      usage.input = c.prompt - inside;
    } else if (!cache_beside && cache <= c.prompt) {
      usage.input = c.prompt - cache;  // cached audio is counted in both details
      usage.audio_input = 0;
    } else if (!cache_beside) {
      // Contradiction: charge what is certain, the prompt, once.
      usage.cache_read = usage.cache_write = usage.audio_input = -1;
    }
  }
  usage.output = c.completion;
  usage.reasoning = c.reasoning;
  usage.audio_output = c.audio_output;
  if (c.completion >= 0) {
    const std::int64_t inside = (reasoning_beside ? 0 : reasoning) + or_zero(c.audio_output);
    if (inside <= c.completion)
      usage.output = c.completion - inside;
    else
      usage.reasoning = usage.audio_output = -1;
  }
  return usage;
}

OpenAiCounts openai_from_usage(const Usage& usage) {
  OpenAiCounts counts;
  counts.cached = usage.cache_read;
  counts.cache_write = usage.cache_write;
  counts.audio_input = usage.audio_input;
  counts.reasoning = usage.reasoning;
  counts.audio_output = usage.audio_output;
  counts.prompt = usage.total_input();
  counts.completion = usage.total_output();
  if (counts.prompt >= 0 || counts.completion >= 0)
    counts.total = or_zero(counts.prompt) + or_zero(counts.completion);
  return counts;
}

}  // namespace slipway::llm
