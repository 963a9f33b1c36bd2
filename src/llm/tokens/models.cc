// SPDX-License-Identifier: Apache-2.0
// Which model is counted how. README.md says where the ratios come from.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "llm/tokens.h"

namespace slipway::llm {

namespace {

__extension__ using Wide = __int128;

struct Family {
  std::string_view prefix;
  ModelTokens how;
};

constexpr ModelTokens exactly(Encoding encoding) { return {encoding, 100, 100, true}; }
constexpr ModelTokens about(std::uint16_t ascii, std::uint16_t other) {
  return {Encoding::kO200kBase, ascii, other, false};
}

constexpr Encoding kCl100k = Encoding::kCl100kBase;
constexpr Encoding kO200k = Encoding::kO200kBase;
constexpr ModelTokens kUnknown = about(110, 130);

// The longest prefix wins.
constexpr std::array kFamilies{
    Family{"gpt-5", exactly(kO200k)},
    Family{"gpt-4o", exactly(kO200k)},
    Family{"gpt-4.1", exactly(kO200k)},
    Family{"gpt-4.5", exactly(kO200k)},
    Family{"gpt-oss", exactly(kO200k)},
    Family{"gpt-image", exactly(kO200k)},
    Family{"chatgpt-4o", exactly(kO200k)},
    Family{"codex-", exactly(kO200k)},
    Family{"o1", exactly(kO200k)},
    Family{"o3", exactly(kO200k)},
    Family{"o4", exactly(kO200k)},
    Family{"gpt-4", exactly(kCl100k)},
    Family{"gpt-3.5", exactly(kCl100k)},
    Family{"gpt-35", exactly(kCl100k)},  // Azure's spelling
    Family{"davinci-002", exactly(kCl100k)},
    Family{"babbage-002", exactly(kCl100k)},
    Family{"text-embedding-ada-002", exactly(kCl100k)},
    Family{"text-embedding-3", exactly(kCl100k)},
    Family{"claude", about(120, 160)},
    Family{"gemini", about(110, 100)},
    Family{"gemma", about(110, 100)},
    Family{"llama", about(100, 125)},
    Family{"meta-llama", about(100, 125)},
    Family{"llama2", about(125, 165)},
    Family{"llama-2", about(125, 165)},
    Family{"meta-llama-2", about(125, 165)},
    Family{"mistral", about(110, 120)},
    Family{"ministral", about(110, 120)},
    Family{"mixtral", about(125, 165)},
    Family{"magistral", about(110, 120)},
    Family{"codestral", about(125, 165)},
    Family{"pixtral", about(110, 120)},
    Family{"devstral", about(110, 120)},
    Family{"deepseek", about(105, 115)},
    Family{"qwen", about(100, 120)},
    Family{"qwq", about(100, 120)},
    Family{"command", about(105, 110)},
    Family{"nova", about(115, 130)},
    Family{"titan", about(115, 130)},
    Family{"grok", about(105, 115)},
    Family{"phi", about(105, 130)},
};

// Bedrock's regions ("eu.", "us.", "apac.", "global.") and vendors lead its model names.
constexpr std::array<std::string_view, 15> kLeads{"ft:",     "us.",        "eu.",     "apac.",   "global.",
                                                  "us-gov.", "anthropic.", "amazon.", "meta.",   "mistral.",
                                                  "cohere.", "openai.",    "qwen.",   "google.", "models/"};

}  // namespace

ModelTokens model_tokens(std::string_view model) {
  const std::string lower = to_lower(model);
  std::string_view name = lower;
  if (name.starts_with("simulated")) return exactly(kO200k);  // the built-in provider counts with o200k_base
  if (const auto slash = name.rfind('/'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
  for (bool cut = true; cut;) {
    cut = false;
    for (const std::string_view lead : kLeads) {
      if (!name.starts_with(lead)) continue;
      name.remove_prefix(lead.size());
      cut = true;
    }
  }
  const Family* best = nullptr;
  for (const Family& family : kFamilies) {
    if (name.starts_with(family.prefix) && (best == nullptr || family.prefix.size() > best->prefix.size())) {
      best = &family;
    }
  }
  return best != nullptr ? best->how : kUnknown;
}

Encoding encoding_for_model(std::string_view model) { return model_tokens(model).encoding; }

namespace {

std::int64_t counted(const ModelTokens& how, std::string_view text) {
  const auto count = static_cast<std::int64_t>(count_tokens(how.encoding, text));
  if (how.exact || text.empty()) return count;
  const auto size = static_cast<std::int64_t>(text.size());
  const auto ascii = static_cast<std::int64_t>(
      std::ranges::count_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  const std::int64_t weight = ascii * how.ascii_percent + (size - ascii) * how.other_percent;
  // Doubles would do as well for an estimate, but then the same text could count differently elsewhere.
  const auto scaled = static_cast<Wide>(count) * weight / (100 * size);
  return static_cast<std::int64_t>(scaled);
}

constexpr std::int64_t kPerMessage = 3;
constexpr std::int64_t kPerName = 1;
constexpr std::int64_t kStartOfAnswer = 3;
// Observed sizes of what OpenAI wraps around tools; the total is an estimate where they are used.
constexpr std::int64_t kPerTool = 8;
constexpr std::int64_t kToolsFrame = 12;
constexpr std::int64_t kPerCall = 6;
constexpr std::int64_t kPerImage = 765;

}  // namespace

TokenEstimate count_for_model(std::string_view model, std::string_view text) {
  const ModelTokens how = model_tokens(model);
  return {counted(how, text), how.exact};
}

void ChatCounter::add(std::string_view text) { count_ += counted(how_, text); }

void ChatCounter::message(std::string_view role, std::string_view name) {
  count_ += kPerMessage;
  add(role);
  if (name.empty()) return;
  count_ += kPerName;
  add(name);
}

void ChatCounter::text(std::string_view text) { add(text); }

void ChatCounter::tool_call(std::string_view name, std::string_view arguments) {
  exact_ = false;
  count_ += kPerCall;
  add(name);
  add(arguments);
}

void ChatCounter::tool(std::string_view name, std::string_view description,
                       std::string_view parameters_json) {
  if (!offered_tools_) count_ += kToolsFrame;
  offered_tools_ = true;
  exact_ = false;
  count_ += kPerTool;
  add(name);
  add(description);
  add(parameters_json);
}

void ChatCounter::image() {
  exact_ = false;
  count_ += kPerImage;
}

TokenEstimate ChatCounter::total() const { return {count_ + kStartOfAnswer, how_.exact && exact_}; }

}  // namespace slipway::llm
