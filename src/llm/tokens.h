// SPDX-License-Identifier: Apache-2.0
// Token counts: exact for OpenAI's encodings, a stated estimate for everybody else's.
//
// Text is UTF-8; malformed bytes count as U+FFFD, one per maximal malformed part, as JSON decoders replace
// them. Special tokens ("<|endoftext|>") in a text are plain text. Every function here is a pure function of
// its arguments and may be called from any thread; the tables are read-only and part of the binary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::llm {

enum class Encoding : std::uint8_t { kCl100kBase, kO200kBase };
std::string_view to_string(Encoding encoding);  // "cl100k_base", "o200k_base"

struct TokenEstimate {
  std::int64_t count = 0;
  bool exact = false;  // false: an estimate by ratio, see ModelTokens
};

// Tokens in `text`. Linear in its length for ordinary text, n·log n for text without any boundary. A stretch
// without a boundary longer than 256 KiB is counted in parts of that size (at most one token more per part).
std::size_t count_tokens(Encoding encoding, std::string_view text);

// The tokens themselves, as OpenAI numbers them.
std::vector<std::uint32_t> encode(Encoding encoding, std::string_view text);

// The bytes of `tokens`, which need not be whole characters at the ends. kInvalidArgument for a number that
// is not an ordinary token of the encoding.
Result<std::string> decode(Encoding encoding, std::span<const std::uint32_t> tokens);

// Where each token of `text` ends, in bytes; the last is text.size(). For malformed text the ends are those
// of the text with U+FFFD in it, so call it with valid UTF-8.
std::vector<std::size_t> token_ends(Encoding encoding, std::string_view text);

// `text` cut into its tokens for streaming: tokens that end inside a character are joined with the next, so
// that each piece of valid UTF-8 is valid UTF-8. The pieces are views into `text` and together are all of it.
std::vector<std::string_view> split_tokens(Encoding encoding, std::string_view text);

// How a model's tokens are counted: the count of `encoding`, scaled by one percentage for the ASCII bytes of
// a text and another for the rest (other scripts differ most between vocabularies). 100, 100 and exact for
// OpenAI's models. src/llm/tokens/README.md says where each ratio comes from; unknown names are taken at 110
// and 130 % of o200k_base.
struct ModelTokens {
  Encoding encoding = Encoding::kO200kBase;
  std::uint16_t ascii_percent = 100;
  std::uint16_t other_percent = 100;
  bool exact = false;
};
// `model` may carry a provider prefix ("openai/gpt-4o", "eu.anthropic.claude-…"), a date or a fine-tuning
// prefix
// ("ft:gpt-4o-mini:…"); case does not matter.
ModelTokens model_tokens(std::string_view model);
Encoding encoding_for_model(std::string_view model);

TokenEstimate count_for_model(std::string_view model, std::string_view text);

// Counts the prompt of a chat as OpenAI bills it: for each message 3 tokens + its role + its text (+ 1 + the
// name, if it has one), and 3 tokens that start the answer. OpenAI publishes no formula for tools and images:
// with those the total is an estimate (exact = false). Not for use by two threads at once.
class ChatCounter {
 public:
  explicit ChatCounter(std::string_view model) : how_(model_tokens(model)) {}

  void message(std::string_view role, std::string_view name = {});
  void text(std::string_view text);  // a part of the last message
  // A call in an assistant's message, and a tool offered to the model with its JSON Schema as text.
  void tool_call(std::string_view name, std::string_view arguments);
  void tool(std::string_view name, std::string_view description, std::string_view parameters_json);
  void image();  // taken at 765 tokens, the price of a 1024 × 1024 picture in high detail

  [[nodiscard]] TokenEstimate total() const;

 private:
  void add(std::string_view text);

  ModelTokens how_;
  std::int64_t count_ = 0;
  bool exact_ = true;
  bool offered_tools_ = false;
};

}  // namespace slipway::llm
