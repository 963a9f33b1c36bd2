// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/structure_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "catalog/canonical.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kShownBytes = 80;

std::string shown(const json::value& value) { return ellipsize(catalog::canonical_json(value), kShownBytes); }

// The JSON object or array that starts at `begin`: as far as its brackets go.
std::string_view bracketed(std::string_view text, std::size_t begin) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return text.substr(begin, i - begin + 1);
  }
  return {};
}

}  // namespace

std::string_view code_in(std::string_view answer) {
  const std::string_view whole = trim(answer);
  const std::size_t open = whole.find("```");
  if (open == std::string_view::npos) return whole;
  const std::size_t line = whole.find('\n', open);
  if (line == std::string_view::npos) return whole;
  const std::size_t close = whole.find("```", line);
  if (close == std::string_view::npos || whole.find("```", close + 3) != std::string_view::npos) return whole;
  return trim(whole.substr(line + 1, close - line - 1));
}

Result<json::value> json_in(std::string_view answer, bool anywhere) {
  const std::string_view code = code_in(answer);
  auto parsed = parse_json(code);
  if (parsed || !anywhere) return parsed;
  std::size_t begin = 0;
  for (int tries = 0; tries < kJsonStarts; ++tries, ++begin) {
    begin = answer.find_first_of("{[", begin);
    if (begin == std::string_view::npos) break;
    const std::string_view piece = bracketed(answer, begin);
    if (piece.empty()) continue;
    if (auto found = parse_json(piece)) return found;
  }
  return fail(ErrorCode::kInvalidArgument, "there is no JSON in it");
}

Score score_json(std::string_view answer, bool anywhere) {
  const auto parsed = json_in(answer, anywhere);
  return verdict(
      parsed.has_value(), "The answer is JSON.",
      parsed ? std::string() : fmt::format("The answer is no JSON: {}.", parsed.error().describe()));
}

Result<Score> score_json_schema(std::string_view answer, const AnswerSchema& schema, bool anywhere) {
  const auto parsed = json_in(answer, anywhere);
  if (!parsed) return Score{0, fmt::format("The answer is no JSON: {}.", parsed.error().describe())};
  SLIPWAY_ASSIGN(const std::string problem, schema.check(*parsed));
  return verdict(problem.empty(), "The answer fits the schema.",
                 fmt::format("The answer does not fit the schema: {}.", problem));
}

Score score_json_field(std::string_view answer, std::string_view pointer, const json::value* expected,
                       double tolerance, bool anywhere) {
  const auto parsed = json_in(answer, anywhere);
  if (!parsed) return {0, fmt::format("The answer is no JSON: {}.", parsed.error().describe())};
  const json::value* found = at_pointer(*parsed, pointer);
  if (found == nullptr) return {0, fmt::format("The answer has no {}.", ellipsize(pointer, kShownBytes))};
  if (expected == nullptr)
    return {1, fmt::format("{} is {}.", ellipsize(pointer, kShownBytes), shown(*found))};
  if (same_json(*found, *expected, tolerance))
    return {1, fmt::format("{} is {}.", ellipsize(pointer, kShownBytes), shown(*found))};
  return {0,
          fmt::format("{} is {}, not {}.", ellipsize(pointer, kShownBytes), shown(*found), shown(*expected))};
}

bool same_json(const json::value& a, const json::value& b, double tolerance) {
  if (a.is_number() && b.is_number())
    return std::abs(a.to_number<double>() - b.to_number<double>()) <= tolerance;
  const auto same = [&](const json::value& x, const json::value& y) { return same_json(x, y, tolerance); };
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.get_array(), b.get_array(), same);
  if (a.is_object() && b.is_object()) {
    if (a.get_object().size() != b.get_object().size()) return false;
    return std::ranges::all_of(a.get_object(), [&](const json::key_value_pair& member) {
      const json::value* other = b.get_object().if_contains(member.key());
      return other != nullptr && same(member.value(), *other);
    });
  }
  return a == b;
}

}  // namespace slipway::evaluation
