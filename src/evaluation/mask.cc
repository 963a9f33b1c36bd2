// SPDX-License-Identifier: Apache-2.0
#include "evaluation/mask.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kPatterns = 50;
constexpr std::size_t kPatternBytes = 1'000;
constexpr std::int64_t kPatternMemory = 8 << 20;

std::string digits_of(std::string_view text) {
  std::string digits;
  for (const char c : text)
    if (c >= '0' && c <= '9') digits += c;
  return digits;
}

bool always(std::string_view text) { return !text.empty(); }

bool is_card(std::string_view text) { return passes_luhn(text); }

bool is_phone(std::string_view text) {
  const std::size_t digits = digits_of(text).size();
  return digits >= 7 && digits <= 15;
}

bool is_address(std::string_view text) {
  const std::string zeroed(text);
  std::array<unsigned char, 16> bytes{};
  const int family = text.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  return text.size() > 3 && ::inet_pton(family, zeroed.c_str(), bytes.data()) == 1;
}

}  // namespace

bool passes_luhn(std::string_view number) {
  const std::string digits = digits_of(number);
  if (digits.size() < 12 || digits.size() > 19) return false;
  if (digits.find_first_not_of(digits[0]) == std::string::npos) return false;  // 0000…: no card
  int sum = 0;
  bool twice = false;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, twice = !twice) {
    int value = *digit - '0';
    if (twice) value = value * 2 > 9 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return sum % 10 == 0;
}

bool passes_iban(std::string_view number) {
  std::string plain;
  for (const char c : number)
    if (c != ' ') plain += c;
  if (plain.size() < 15 || plain.size() > 34) return false;
  std::ranges::rotate(plain, plain.begin() + 4);
  unsigned rest = 0;
  for (const char c : plain) {
    if (c >= '0' && c <= '9')
      rest = (rest * 10 + static_cast<unsigned>(c - '0')) % 97;
    else if (c >= 'A' && c <= 'Z')
      rest = (rest * 100 + static_cast<unsigned>(c - 'A') + 10) % 97;
    else
      return false;
  }
  return rest == 1;
}

struct Masker::Detector {
  std::string name;
  std::string replacement;
  re2::RE2 pattern;
  bool (*accept)(std::string_view);
};

Masker::Masker() = default;
Masker::~Masker() = default;

void Masker::add(std::string name, const std::string& pattern, bool (*accept)(std::string_view)) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemory);
  std::string shown = name;
  std::ranges::transform(shown, shown.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  detectors_.push_back(std::unique_ptr<Detector>(
      new Detector{std::move(name), "[" + shown + "]", re2::RE2("(" + pattern + ")", options), accept}));
}

Result<std::unique_ptr<Masker>> Masker::make(const MaskOptions& options) {
  std::unique_ptr<Masker> masker(new Masker);
  if (options.patterns.size() > kPatterns)
    return fail(ErrorCode::kInvalidArgument, fmt::format("there are more than {} patterns", kPatterns),
                "mask.patterns");
  for (const auto& [name, pattern] : options.patterns) {
    const std::string where = fmt::format("mask.patterns.{}", name);
    if (name.empty() || name.size() > 40 || pattern.size() > kPatternBytes)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("a pattern has a name and at most {} bytes", kPatternBytes), where);
    masker->add(name, pattern, always);
    const re2::RE2& compiled = masker->detectors_.back()->pattern;
    if (!compiled.ok())
      return fail(ErrorCode::kInvalidArgument, "is no pattern: " + compiled.error(), where,
                  "Patterns are RE2's: no look-around, no back references.");
    if (re2::RE2::FullMatch("", compiled))
      return fail(ErrorCode::kInvalidArgument, "finds the empty text", where,
                  "Ask for at least one character, with + instead of *.");
  }
  // What has more structure goes first: an account number also looks like a phone number.
  if (options.email)
    masker->add("email", R"([A-Za-z0-9._%+\-]+@(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,24})", always);
  if (options.iban)
    masker->add("iban", R"(\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b)", passes_iban);
  if (options.card) masker->add("card", R"(\b(?:\d[ \-]?){11,18}\d\b)", is_card);
  if (options.ip) {
    masker->add("ip", R"(\b(?:\d{1,3}\.){3}\d{1,3}\b)", is_address);
    masker->add("ip", R"((?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})", is_address);
  }
  if (options.phone) {
    masker->add("phone", R"((?:\+|\b00)[1-9][\d ()./\-]{5,18}\d)", is_phone);
    masker->add("phone", R"((?:\(\d{2,5}\)|\b\d{3})[ .\-]\d{3}[ .\-]\d{4}\b)", is_phone);
    masker->add("phone", R"((?:\(0\d{1,4}\)|\b0\d{1,4})[ /\-]\d{3,4}(?:[ \-]?\d{2,4}){1,2}\b)", is_phone);
  }
  for (const std::string& key : options.keys) masker->keys_.push_back(to_lower(key));
  return masker;
}

bool Masker::is_key(std::string_view name) const {
  return std::ranges::find(keys_, to_lower(name)) != keys_.end();
}

std::string Masker::mask_text(std::string_view text) {
  std::string out(text);
  for (const auto& detector : detectors_) {
    std::string masked;
    re2::StringPiece rest(out);
    re2::StringPiece found;
    const char* copied = out.data();
    std::int64_t count = 0;
    while (re2::RE2::FindAndConsume(&rest, detector->pattern, &found)) {
      if (found.empty()) break;
      if (!detector->accept({found.data(), found.size()})) continue;
      masked.append(copied, found.data());
      masked += detector->replacement;
      copied = found.data() + found.size();
      ++count;
    }
    if (count == 0) continue;
    masked.append(copied, static_cast<const char*>(out.data()) + out.size());
    counts_[detector->name] += count;
    out = std::move(masked);
  }
  return out;
}

void Masker::mask(json::value& value) {
  if (value.is_string()) {
    const std::string masked = mask_text(value.get_string());
    if (masked != std::string_view(value.get_string())) value = masked;
  } else if (value.is_array()) {
    for (json::value& item : value.get_array()) mask(item);
  } else if (value.is_object()) {
    for (json::key_value_pair& member : value.get_object()) {
      if (is_key(member.key()) && !member.value().is_null()) {
        member.value() = "[MASKED]";
        ++counts_["key"];
      } else {
        mask(member.value());
      }
    }
  }
}

}  // namespace slipway::evaluation
