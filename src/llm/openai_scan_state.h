// SPDX-License-Identifier: Apache-2.0
// Shared by the scanner's translation units only: simdjson is heavy to include.
#pragma once

#include <simdjson.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "llm/openai_scan.h"

namespace slipway::llm {

namespace od = simdjson::ondemand;

struct OpenAiScanner::State {
  ScanLimits limits;
  od::parser parser;
  std::string padded;
  std::string unescaped_model;
  std::string unescaped_user;

  static_assert(kPadding >= simdjson::SIMDJSON_PADDING);

  // The body with padding behind it: itself, or a copy. The byte behind the body must be a zero: the parser
  // may look at it when brackets do not balance, and would take a comma or a quote there for more JSON.
  simdjson::padded_string_view pad(std::string_view body, std::size_t padding) {
    if (padding >= kPadding && body.data()[body.size()] == '\0')
      return simdjson::padded_string_view(body.data(), body.size(), body.size() + padding);
    if (padded.size() < body.size() + kPadding) padded.resize((body.size() + kPadding) * 2);
    std::memcpy(padded.data(), body.data(), body.size());
    std::memset(padded.data() + body.size(), 0, kPadding);
    return simdjson::padded_string_view(padded.data(), body.size(), padded.size());
  }

  // A single large body must not pin its memory for the life of the loop.
  void trim() {
    constexpr std::size_t kKeepBytes = 4u << 20;
    if (padded.size() > kKeepBytes) {
      padded.clear();
      padded.shrink_to_fit();
    }
    if (parser.capacity() > kKeepBytes) parser = od::parser();
  }
};

namespace scan {

// Nothing but white space follows what has been read.
inline bool at_end(od::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

// The value's own text without what follows it. Valid for scalars only.
inline std::string_view scalar_token(od::value value) {
  std::string_view token = value.raw_json_token();
  // Behind the last token the parser's lengths wrap around.
  if (token.size() > INT32_MAX) return {};
  while (!token.empty() &&
         (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
    token.remove_suffix(1);
  return token;
}

inline bool is_string(std::string_view token) { return !token.empty() && token.front() == '"'; }

// The integer a JSON number stands for, if it stands for one (12, 12.0, 1.2e1).
std::optional<std::int64_t> integer(std::string_view token);
// As above, but unknown (-1) for negative, absurd and other values.
std::int64_t count(std::string_view token);

// Reads a usage object into counts; false if it holds no good number.
bool read_usage(od::object usage, OpenAiCounts& counts);

// A key without its quotes. Keys hardly ever hold escapes; those that do are unescaped, so that "mod\u0065l"
// can't slip past a check that another reader of the same body would apply to "model".
inline std::optional<std::string_view> key_of(od::field& field) {
  const char* begin = field.key().raw();
  const char* at = begin;
  while (*at != '"' && *at != '\\') ++at;
  if (*at == '"') return std::string_view(begin, static_cast<std::size_t>(at - begin));
  std::string_view unescaped;
  if (field.unescaped_key().get(unescaped) != simdjson::SUCCESS) return std::nullopt;
  return unescaped;
}

// A string value, unescaped into the parser's buffer if need be.
inline std::string_view text(od::value value) {
  std::string_view view;
  if (value.get_string().get(view) != simdjson::SUCCESS) return {};
  return view;
}

}  // namespace scan
}  // namespace slipway::llm
