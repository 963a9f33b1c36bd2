// SPDX-License-Identifier: Apache-2.0
#include "evaluation/judges/scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "evaluation/metrics/params.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kNameBytes = 60;
constexpr double kNumbersMost = 1e6;
constexpr double kNamedOneByOne =
    20;  // whole numbers up to so many are listed: not every provider knows bounds

std::unexpected<Error> wrong(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

// "Partly correct" and "partly-correct" are "partly_correct".
std::string plain(std::string_view text) {
  std::string out = to_lower(trim(text));
  for (char& c : out)
    if (c == ' ' || c == '-') c = '_';
  while (!out.empty() && (out.back() == '.' || out.back() == '!')) out.pop_back();
  return out;
}

// 5 rather than 5.0, where it is one.
json::value number_value(double number) {
  if (std::trunc(number) == number) return static_cast<std::int64_t>(number);
  return number;
}

Result<JudgeLabel> read_label(std::string_view name, const json::value& value, const std::string& path,
                              const JudgeScale& own) {
  JudgeLabel label;
  label.name = name;
  if (name.empty() || name.size() > kNameBytes)
    return wrong(fmt::format("a label has 1 to {} characters", kNameBytes), path);
  if (const JudgeLabel* known = own.find(name)) label.means = known->means;
  json::object whole;
  if (value.is_object())
    whole = value.get_object();
  else
    whole["value"] = value;
  Params params(whole, path);
  SLIPWAY_ASSIGN(const auto number, params.number("value", 0, 1));
  SLIPWAY_ASSIGN(const auto means, params.text("means"));
  SLIPWAY_TRY(params.finish());
  if (!number)
    return wrong("needs what it is worth, from 0 to 1", path, "As in {yes: 1, partly: 0.5, no: 0}");
  label.value = *number;
  if (means) label.means = *means;
  return label;
}

Result<JudgeScale> read_labels(const json::value& labels, const std::string& path, const JudgeScale& own) {
  if (!labels.is_object() || labels.get_object().size() < 2 ||
      labels.get_object().size() > JudgeScale::kLabelsMost)
    return wrong(fmt::format("must be a map of 2 to {} labels", JudgeScale::kLabelsMost), path,
                 "As in {yes: 1, partly: 0.5, no: 0}");
  std::vector<JudgeLabel> read;
  for (const json::key_value_pair& member : labels.get_object()) {
    SLIPWAY_ASSIGN(JudgeLabel label,
                   read_label(member.key(), member.value(),
                              fmt::format("{}.{}", path, ellipsize(member.key(), 80)), own));
    for (const JudgeLabel& other : read)
      if (plain(other.name) == plain(label.name))
        return wrong(fmt::format("'{}' and '{}' can't be told apart", other.name, label.name), path);
    read.push_back(std::move(label));
  }
  if (std::ranges::all_of(read, [&](const JudgeLabel& one) { return one.value == read.front().value; }))
    return wrong("all labels are worth the same", path);
  return JudgeScale(std::move(read));
}

}  // namespace

JudgeScale::JudgeScale(std::vector<JudgeLabel> labels) : labels_(std::move(labels)) {
  // Stored maps have no order of their own.
  std::ranges::stable_sort(labels_,
                           [](const JudgeLabel& a, const JudgeLabel& b) { return a.value > b.value; });
}

Result<JudgeScale> JudgeScale::read(const json::value& scale, const std::string& path,
                                    const JudgeScale& own) {
  if (!scale.is_object()) return wrong("must be a map", path, "Write labels:, or min: and max:");
  Params params(scale.get_object(), path);
  const json::value* labels = params.any("labels");
  SLIPWAY_ASSIGN(const auto least, params.number("min", -kNumbersMost, kNumbersMost));
  SLIPWAY_ASSIGN(const auto most, params.number("max", -kNumbersMost, kNumbersMost));
  const bool says_whole = params.any("whole") != nullptr;
  SLIPWAY_ASSIGN(bool whole, params.flag("whole"));
  SLIPWAY_TRY(params.finish());
  if (labels != nullptr) {
    if (least || most || says_whole) return wrong("has labels or numbers, not both", path);
    return read_labels(*labels, path + ".labels", own);
  }
  if (!least || !most) return wrong("needs labels, or min and max", path);
  if (!(*most > *least)) return wrong("must be more than min", path + ".max");
  const bool integers = std::trunc(*least) == *least && std::trunc(*most) == *most;
  if (!says_whole) whole = integers && *most - *least > 1;
  if (whole && !integers) return wrong("a scale of whole numbers begins and ends with one", path + ".min");
  return JudgeScale(*least, *most, whole);
}

std::optional<JudgeScale> JudgeScale::of_schema(const json::value& schema) {
  const json::object* object = schema.if_object();
  const json::value* properties = object == nullptr ? nullptr : object->if_contains("properties");
  if (properties == nullptr || !properties->is_object()) return std::nullopt;
  const json::value* score = properties->get_object().if_contains("score");
  if (score == nullptr || !score->is_object()) return std::nullopt;
  const json::object& words = score->get_object();
  const json::value* type = words.if_contains("type");
  bool whole = type != nullptr && type->is_string() && type->get_string() == "integer";
  if (const json::value* listed = words.if_contains("enum"); listed != nullptr && listed->is_array()) {
    std::vector<double> numbers;
    for (const json::value& one : listed->get_array()) {
      if (!one.is_number()) return std::nullopt;
      numbers.push_back(one.to_number<double>());
    }
    if (numbers.size() < 2) return std::nullopt;
    const auto [least, most] = std::ranges::minmax(numbers);
    if (!(most > least)) return std::nullopt;
    whole = std::ranges::all_of(numbers, [](double number) { return std::trunc(number) == number; });
    return JudgeScale(least, most, whole);
  }
  const json::value* least = words.if_contains("minimum");
  const json::value* most = words.if_contains("maximum");
  if (least == nullptr || most == nullptr || !least->is_number() || !most->is_number() ||
      !(most->to_number<double>() > least->to_number<double>()))
    return std::nullopt;
  return JudgeScale(least->to_number<double>(), most->to_number<double>(), whole);
}

ScoreKind JudgeScale::kind() const {
  const bool verdict =
      labelled() ? std::ranges::all_of(labels_,
                                       [](const JudgeLabel& one) { return one.value == 0 || one.value == 1; })
                 : whole_ && most_ - least_ == 1;
  return verdict ? ScoreKind::kVerdict : ScoreKind::kShare;
}

const JudgeLabel* JudgeScale::find(std::string_view name) const {
  const std::string wanted = plain(name);
  const auto found =
      std::ranges::find_if(labels_, [&](const JudgeLabel& one) { return plain(one.name) == wanted; });
  return found == labels_.end() ? nullptr : &*found;
}

std::optional<double> JudgeScale::value_of(double number) const {
  if (!(number >= least_ && number <= most_)) return std::nullopt;  // NaN is outside of everything
  if (whole_ && std::trunc(number) != number) return std::nullopt;
  return (number - least_) / (most_ - least_);
}

json::value JudgeScale::answer_schema() const {
  json::object verdict;
  std::string_view name = "score";
  if (labelled()) {
    name = "label";
    json::array names;
    for (const JudgeLabel& label : labels_) names.emplace_back(label.name);
    verdict = {{"type", "string"}, {"enum", std::move(names)}};
  } else if (whole_ && most_ - least_ <= kNamedOneByOne) {
    json::array numbers;
    for (double at = least_; at <= most_; ++at) numbers.emplace_back(static_cast<std::int64_t>(at));
    verdict = {{"type", "integer"}, {"enum", std::move(numbers)}};
  } else {
    verdict = {{"type", whole_ ? "integer" : "number"},
               {"minimum", number_value(least_)},
               {"maximum", number_value(most_)}};
  }
  return json::object{
      {"type", "object"},
      {"properties", json::object{{"reason", json::object{{"type", "string"}}}, {name, std::move(verdict)}}},
      {"required", json::array{"reason", name}},
      {"additionalProperties", false}};
}

json::object JudgeScale::view() const {
  if (!labelled())
    return {{"numbers",
             json::object{{"min", number_value(least_)}, {"max", number_value(most_)}, {"whole", whole_}}}};
  json::array list;
  for (const JudgeLabel& label : labels_)
    list.push_back(json::object{{"label", label.name}, {"means", label.means}});
  return {{"labelled", true}, {"labels", std::move(list)}};
}

json::object JudgeScale::to_json() const {
  if (!labelled()) return {{"min", number_value(least_)}, {"max", number_value(most_)}, {"whole", whole_}};
  json::object labels;
  for (const JudgeLabel& label : labels_) {
    if (label.means.empty())
      labels[label.name] = number_value(label.value);
    else
      labels[label.name] = json::object{{"value", number_value(label.value)}, {"means", label.means}};
  }
  return {{"labels", std::move(labels)}};
}

}  // namespace slipway::evaluation
