// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/params.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "catalog/canonical.h"
#include "evaluation/metrics/answer_schema.h"

namespace slipway::evaluation {

namespace {

std::unexpected<Error> must_be(std::string_view what, std::string where) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("must be {}", what), std::move(where));
}

}  // namespace

const json::value* Params::any(std::string_view key) {
  known_.emplace_back(key);
  const json::value* found = object_.if_contains(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

Result<bool> Params::flag(std::string_view key, bool otherwise) {
  const json::value* found = any(key);
  if (found == nullptr) return otherwise;
  if (!found->is_bool()) return must_be("true or false", at(key));
  return found->get_bool();
}

Result<std::optional<double>> Params::number(std::string_view key, double least, double most) {
  const json::value* found = any(key);
  if (found == nullptr) return std::nullopt;
  const double value = found->is_number() ? found->to_number<double>() : std::nan("");
  if (!(value >= least && value <= most))
    return must_be(fmt::format("a number between {} and {}", least, most), at(key));
  return value;
}

Result<std::optional<std::uint64_t>> Params::count(std::string_view key, std::uint64_t most) {
  SLIPWAY_ASSIGN(const auto value, number(key, 0, static_cast<double>(most)));
  if (!value) return std::nullopt;
  if (std::trunc(*value) != *value) return must_be("a whole number", at(key));
  return static_cast<std::uint64_t>(*value);
}

Result<std::optional<std::string>> Params::text(std::string_view key) {
  const json::value* found = any(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_string()) return must_be("text", at(key));
  return std::string(found->get_string());
}

Result<std::string> Params::choice(std::string_view key, std::vector<std::string> words) {
  SLIPWAY_ASSIGN(const auto value, text(key));
  if (!value) return words.front();
  if (std::ranges::find(words, *value) != words.end()) return *value;
  return must_be(fmt::format("one of {}", fmt::join(words, ", ")), at(key));
}

Result<std::vector<std::string>> Params::texts(std::string_view one, std::string_view several) {
  std::vector<std::string> out;
  SLIPWAY_ASSIGN(auto single, text(one));
  if (single) out.push_back(std::move(*single));
  if (const json::value* found = any(several)) {
    if (!found->is_array()) return must_be("a list of texts", at(several));
    for (const json::value& item : found->get_array()) {
      if (!item.is_string()) return must_be("a list of texts", at(several));
      out.emplace_back(item.get_string());
    }
  }
  if (std::ranges::find(out, std::string()) != out.end())
    return fail(ErrorCode::kInvalidArgument, "an empty text is in every answer", at(single ? one : several));
  return out;
}

Result<> Params::finish() const {
  for (const json::key_value_pair& member : object_) {
    if (std::ranges::find(known_, member.key()) != known_.end()) continue;
    const auto close = nearest(member.key(), known_);
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("there is no parameter '{}' here", ellipsize(member.key(), 80)), path_,
                close            ? fmt::format("Did you mean '{}'?", *close)
                : known_.empty() ? std::string("This metric has none")
                                 : fmt::format("What may stand here: {}", fmt::join(known_, ", ")));
  }
  return {};
}

std::string pointer_of(std::string_view name) {
  if (name.empty() || name.front() == '/') return std::string(name);
  std::string out = "/";
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else
      out += c == '.' ? '/' : c;
  }
  return out;
}

Result<ExpectedValue> ExpectedValue::read(Params& params, std::string_view one, std::string_view several,
                                          std::string_view formerly) {
  ExpectedValue out;
  for (const std::string_view key : {formerly, one})
    if (const json::value* fixed = key.empty() ? nullptr : params.any(key)) out.fixed_ = *fixed;
  if (!several.empty()) {
    if (const json::value* fixed = params.any(several)) {
      if (!fixed->is_array() || fixed->get_array().empty()) return must_be("a list", params.at(several));
      out.fixed_ = *fixed;
    }
  }
  SLIPWAY_ASSIGN(const auto member, params.text("expected"));
  if (member && out.fixed_)
    return fail(ErrorCode::kInvalidArgument, "a fixed value is given already", params.at("expected"));
  if (member) out.pointer_ = pointer_of(*member);
  return out;
}

Result<const json::value*> ExpectedValue::of(const json::value* expected) const {
  if (fixed_) return &*fixed_;
  if (expected == nullptr || expected->is_null())
    return fail(ErrorCode::kInvalidArgument, "the case has no expected answer", "expected",
                "Add it to the dataset, or give the metric a fixed value");
  const json::value* found = at_pointer(*expected, pointer_);
  if (found != nullptr && !found->is_null()) return found;
  return fail(ErrorCode::kInvalidArgument, fmt::format("what the case expects has no {}", pointer_),
              "expected", "Name the member as the dataset does in params.expected");
}

Result<std::vector<std::string>> ExpectedValue::texts_of(const json::value* expected) const {
  SLIPWAY_ASSIGN(const json::value* value, of(expected));
  const auto as_text = [](const json::value& one) {
    return one.is_string() ? std::string(one.get_string()) : catalog::canonical_json(one);
  };
  if (value->is_object())
    return fail(ErrorCode::kInvalidArgument, "what the case expects is a map, not a text", "expected",
                "Name one of its members in params.expected");
  std::vector<std::string> out;
  if (!value->is_array()) {
    out.push_back(as_text(*value));
    return out;
  }
  for (const json::value& one : value->get_array()) {
    if (one.is_object() || one.is_array())
      return fail(ErrorCode::kInvalidArgument, "what the case expects is no list of texts", "expected");
    out.push_back(as_text(one));
  }
  if (out.empty()) return fail(ErrorCode::kInvalidArgument, "the case has no expected answer", "expected");
  return out;
}

}  // namespace slipway::evaluation
