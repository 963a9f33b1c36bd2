// SPDX-License-Identifier: Apache-2.0
// Durations and sizes as people write them.
#include <array>

#include "base/settings.h"
#include "base/text.h"

namespace slipway {
namespace {

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> kDurationUnits{
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

std::uint64_t milliseconds_in(DurationUnit unit) {
  return kDurationUnits[static_cast<std::size_t>(unit)].factor;
}

// Digits in front, the rest behind; nullopt without digits or out of range.
std::optional<std::pair<std::uint64_t, std::string_view>> leading_number(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const auto value = parse_integer<std::uint64_t>(text.substr(0, digits));
  if (!value) return std::nullopt;
  return std::pair{*value, trim(text.substr(digits))};
}

std::string quoted(std::string_view text) { return "\"" + ellipsize(to_valid_utf8(text), 80) + "\""; }

}  // namespace

Result<std::uint64_t> parse_duration(std::string_view text, DurationUnit unit) {
  const auto number = leading_number(trim(text));
  const std::string_view field_suffix = kDurationUnits[static_cast<std::size_t>(unit)].suffix;
  const std::string hint = "write a number and a unit: ms, s, m, h or d, for instance 5" +
                           std::string(field_suffix == "ms" ? "s" : field_suffix);
  if (!number) return fail(ErrorCode::kInvalidArgument, quoted(text) + " is not a duration", {}, hint);
  const auto [value, suffix] = *number;
  if (value == 0 && suffix.empty()) return std::uint64_t{0};
  for (const Unit& candidate : kDurationUnits) {
    if (suffix != candidate.suffix) continue;
    std::uint64_t total_ms = 0;
    if (__builtin_mul_overflow(value, candidate.factor, &total_ms))
      return fail(ErrorCode::kInvalidArgument, quoted(text) + " is out of range");
    if (total_ms % milliseconds_in(unit) != 0)
      return fail(ErrorCode::kInvalidArgument,
                  quoted(text) + " is not a whole number of units of " + std::string(field_suffix), {}, hint);
    return total_ms / milliseconds_in(unit);
  }
  return fail(ErrorCode::kInvalidArgument,
              quoted(text) + (suffix.empty() ? " lacks a unit" : " has an unknown unit"), {}, hint);
}

std::string format_duration(std::uint64_t value, DurationUnit unit) {
  if (value == 0) return "0";
  std::size_t index = static_cast<std::size_t>(unit);
  // A day has 24 hours, but "36h" reads better than "1.5d": only whole units are taken.
  while (index + 1 < kDurationUnits.size()) {
    const std::uint64_t step = kDurationUnits[index + 1].factor / kDurationUnits[index].factor;
    if (value % step != 0) break;
    value /= step;
    ++index;
  }
  return std::to_string(value) + std::string(kDurationUnits[index].suffix);
}

Result<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::array<Unit, 15> units{{{"", 1},
                                        {"b", 1},
                                        {"k", 1ull << 10},
                                        {"kib", 1ull << 10},
                                        {"m", 1ull << 20},
                                        {"mib", 1ull << 20},
                                        {"g", 1ull << 30},
                                        {"gib", 1ull << 30},
                                        {"t", 1ull << 40},
                                        {"tib", 1ull << 40},
                                        {"kb", 1'000},
                                        {"mb", 1'000'000},
                                        {"gb", 1'000'000'000},
                                        {"tb", 1'000'000'000'000},
                                        {"bytes", 1}}};
  const auto number = leading_number(trim(text));
  if (number) {
    for (const Unit& unit : units) {
      if (!iequals(number->second, unit.suffix)) continue;
      std::uint64_t bytes = 0;
      if (__builtin_mul_overflow(number->first, unit.factor, &bytes))
        return fail(ErrorCode::kInvalidArgument, quoted(text) + " is out of range");
      return bytes;
    }
  }
  return fail(
      ErrorCode::kInvalidArgument, quoted(text) + " is not a size", {},
      "write a number of bytes or use a unit: KiB, MiB, GiB, TiB (or KB, MB, GB, TB), for instance 32MiB");
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> suffixes{"", "KiB", "MiB", "GiB", "TiB"};
  std::size_t index = 0;
  while (bytes != 0 && bytes % 1024 == 0 && index + 1 < suffixes.size()) {
    bytes /= 1024;
    ++index;
  }
  return std::to_string(bytes) + std::string(suffixes[index]);
}

}  // namespace slipway
