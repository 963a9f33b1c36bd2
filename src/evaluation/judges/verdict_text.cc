// SPDX-License-Identifier: Apache-2.0
#include "evaluation/judges/verdict_text.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kTextBytes = 1u << 20;  // of an answer that is looked at
constexpr std::size_t kTries = 200;           // places where an object may begin
constexpr std::size_t kDepth = 32;
constexpr std::array<std::string_view, 4> kOfLabels = {"label", "verdict", "rating", "answer"};
constexpr std::array<std::string_view, 4> kOfNumbers = {"score", "rating", "verdict", "value"};
constexpr std::array<std::string_view, 6> kReasons = {"reason", "reasoning",   "rationale",
                                                      "why",    "explanation", "thought"};

std::unexpected<Error> unclear(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), "verdict");
}

// The object that begins where `text` does, and how many bytes it takes.
std::optional<std::pair<json::object, std::size_t>> object_at(std::string_view text, bool comments) {
  json::parse_options options;
  options.max_depth = kDepth;
  options.allow_trailing_commas = true;
  options.allow_comments = comments;  // one behind the object would belong to it
  options.allow_invalid_utf8 = true;
  json::stream_parser parser({}, options);
  boost::system::error_code error;
  const std::size_t taken = parser.write_some(text.data(), text.size(), error);
  if (error || !parser.done()) return std::nullopt;
  json::value value = parser.release();
  if (!value.is_object()) return std::nullopt;
  return std::pair(std::move(value.get_object()), taken);
}

// Line ends and tabs inside of JSON strings, where JSON wants them escaped.
std::string with_escapes(std::string_view text) {
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && inside && i + 1 < text.size()) {
      out += c;
      out += text[++i];
      continue;
    }
    if (c == '"') inside = !inside;
    if (inside && c == '\n')
      out += "\\n";
    else if (inside && c == '\t')
      out += "\\t";
    else if (!(inside && c == '\r'))
      out += c;
  }
  return out;
}

// What a model thought aloud before it answered is no answer.
std::string_view without_thoughts(std::string_view text) {
  constexpr std::string_view kEnd = "</think>";
  const std::size_t end = text.rfind(kEnd);
  return end == std::string_view::npos ? text : text.substr(end + kEnd.size());
}

std::optional<double> number_in(const json::value& value) {
  if (value.is_number()) return value.to_number<double>();
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = trim(std::string_view(value.get_string()));
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string reason_in(const json::object& object) {
  for (const std::string_view name : kReasons)
    if (const json::value* reason = object.if_contains(name); reason != nullptr && reason->is_string())
      return std::string(trim(to_valid_utf8(std::string_view(reason->get_string()))));
  return {};
}

// nullopt for an object that says nothing on this scale; an Error for one that says what the scale doesn't
// have.
std::optional<Result<JudgeVerdict>> verdict_in(const json::object& object, const JudgeScale& scale) {
  for (const std::string_view name : scale.labelled() ? kOfLabels : kOfNumbers) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr) continue;
    JudgeVerdict out;
    out.reason = reason_in(object);
    if (scale.labelled()) {
      std::string text;
      if (value->is_string()) text = value->get_string();
      if (value->is_bool()) text = value->get_bool() ? "yes" : "no";
      const JudgeLabel* label = scale.find(text);
      if (label == nullptr) return unclear("the judge gave a label that there is not");
      out.label = label->name;
      out.value = label->value;
      return out;
    }
    const auto number = number_in(*value);
    const auto worth = number ? scale.value_of(*number) : std::nullopt;
    if (!worth) return unclear("the judge gave a score that is none of the scale's");
    out.label = number_text(*number);
    out.value = *worth;
    return out;
  }
  return std::nullopt;
}

// Also inside of a wrapper: {"result": {"label": …}}.
std::optional<Result<JudgeVerdict>> verdict_within(const json::object& object, const JudgeScale& scale) {
  auto own = verdict_in(object, scale);
  for (auto member = object.begin(); !own && member != object.end(); ++member)
    if (member->value().is_object()) own = verdict_in(member->value().get_object(), scale);
  return own;
}

Result<JudgeVerdict> find_verdict(std::string_view text, const JudgeScale& scale) {
  std::optional<JudgeVerdict> found;
  std::optional<Error> trouble;
  bool any = false;
  std::size_t at = text.find('{');
  for (std::size_t tries = 0; at != std::string_view::npos && tries < kTries; ++tries) {
    auto object = object_at(text.substr(at), false);
    if (!object) object = object_at(text.substr(at), true);
    if (!object) {
      at = text.find('{', at + 1);
      continue;
    }
    any = true;
    at = text.find('{', at + object->second);
    auto verdict = verdict_within(object->first, scale);
    if (!verdict) continue;
    if (!*verdict) {
      trouble = verdict->error();
      continue;
    }
    if (found && found->label != (*verdict)->label) return unclear("the judge gave two verdicts that differ");
    if (!found || found->reason.empty()) found = std::move(**verdict);
  }
  if (found) return std::move(*found);
  if (trouble) return fail(std::move(*trouble));
  return unclear(any ? "the judge's JSON holds no verdict" : "the judge did not answer with JSON");
}

}  // namespace

Result<JudgeVerdict> read_verdict(std::string_view text, const JudgeScale& scale) {
  const std::string_view answer = without_thoughts(text.substr(0, kTextBytes));
  if (trim(answer).empty()) return unclear("the judge's answer is empty");
  auto found = find_verdict(answer, scale);
  if (found) return found;
  auto mended = find_verdict(with_escapes(answer), scale);
  return mended ? std::move(mended) : std::move(found);
}

}  // namespace slipway::evaluation
