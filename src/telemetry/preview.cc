// SPDX-License-Identifier: Apache-2.0
#include "telemetry/preview.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::telemetry {

namespace {

constexpr std::size_t kCharacters = 200;
constexpr std::size_t kLargestBody = 4u << 20;  // parsing more than that for a line in a list isn't worth it

std::string squeeze(std::string_view text) {
  std::string out;
  std::size_t characters = 0;
  bool space = false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ') {
      space = !out.empty();
      continue;
    }
    const bool starts = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (starts && characters >= kCharacters) return out;
    if (space) {
      if (++characters >= kCharacters) return out;
      out += ' ';
      space = false;
    }
    characters += starts ? 1 : 0;
    out += c;
  }
  return out;
}

// A string, or the texts of an array of parts.
std::string text_of(simdjson::dom::element content) {
  std::string_view text;
  if (content.get(text) == simdjson::SUCCESS) return squeeze(text);
  simdjson::dom::array parts;
  std::string joined;
  if (content.get(parts) != simdjson::SUCCESS) return joined;
  for (const simdjson::dom::element part : parts) {
    if (part.get(text) != simdjson::SUCCESS && part["text"].get(text) != simdjson::SUCCESS) continue;
    if (!joined.empty()) joined += ' ';
    joined += text;
    if (joined.size() > 4 * kCharacters) break;
  }
  return squeeze(joined);
}

}  // namespace

std::string PreviewMaker::input(std::string_view body) {
  simdjson::dom::element document;
  if (body.empty() || body.size() > kLargestBody || body[0] != '{') return {};
  if (parser_.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS) return {};
  simdjson::dom::array messages;
  simdjson::dom::element content;
  if (document["messages"].get(messages) == simdjson::SUCCESS) {
    std::string last;
    for (const simdjson::dom::element message : messages) {
      std::string_view role;
      if (message["role"].get(role) != simdjson::SUCCESS || role != "user") continue;
      if (message["content"].get(content) == simdjson::SUCCESS) last = text_of(content);
    }
    return last;
  }
  for (const char* const field : {"input", "prompt"}) {
    if (document[field].get(content) == simdjson::SUCCESS) return text_of(content);
  }
  return {};
}

std::string PreviewMaker::output(std::string_view body) {
  if (body.empty() || body.size() > kLargestBody) return {};
  simdjson::dom::element document;
  simdjson::dom::element content;
  if (body[0] == '{') {
    if (parser_.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS) return {};
    if (document.at_pointer("/choices/0/message/content").get(content) == simdjson::SUCCESS ||
        document["content"].get(content) == simdjson::SUCCESS) {
      return text_of(content);
    }
    return {};
  }
  // An event stream: the texts of its first deltas.
  std::string joined;
  for (const std::string_view line : split(body, '\n')) {
    if (!line.starts_with("data:") || joined.size() >= 4 * kCharacters) continue;
    const std::string_view data = trim(line.substr(5));
    if (data.empty() || data[0] != '{') continue;
    if (parser_.parse(data.data(), data.size()).get(document) != simdjson::SUCCESS) continue;
    std::string_view text;
    if (document.at_pointer("/choices/0/delta/content").get(text) == simdjson::SUCCESS ||
        document.at_pointer("/delta/text").get(text) == simdjson::SUCCESS) {
      joined += text;
    }
  }
  return squeeze(joined);
}

}  // namespace slipway::telemetry
