// SPDX-License-Identifier: Apache-2.0
// Holds values against compiled schemas.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "catalog/canonical.h"
#include "catalog/schema_check.h"
#include "evaluation/metrics/answer_schema_nodes.h"
#include "evaluation/metrics/structure_metrics.h"
#include "evaluation/metrics/unicode.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kDepthLimit = 256;  // of schemas inside of each other, references followed
constexpr std::size_t kShownBytes = 60;
// Schemas that are tried on one value: what "anyOf" inside of "anyOf" can multiply.
constexpr std::size_t kStepsLimit = 2'000'000;

using Node = AnswerSchema::Node;

bool is_whole(double number) { return std::isfinite(number) && std::trunc(number) == number; }

std::uint8_t types_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return kNullType;
    case json::kind::bool_: return kBooleanType;
    case json::kind::int64:
    case json::kind::uint64: return kIntegerType | kNumberType;
    case json::kind::double_: return is_whole(value.get_double()) ? kIntegerType | kNumberType : kNumberType;
    case json::kind::string: return kStringType;
    case json::kind::array: return kArrayType;
    case json::kind::object: return kObjectType;
  }
  return 0;
}

std::string types_in_words(std::uint8_t types) {
  std::string out;
  const std::pair<SchemaType, std::string_view> kWords[] = {{kStringType, "text"},
                                                            {kNumberType, "a number"},
                                                            {kIntegerType, "a whole number"},
                                                            {kBooleanType, "true or false"},
                                                            {kArrayType, "a list"},
                                                            {kObjectType, "a map"},
                                                            {kNullType, "null"}};
  for (const auto& [type, word] : kWords) {
    if ((types & type) == 0) continue;
    if (!out.empty()) out += " or ";
    out += word;
  }
  return out;
}

std::string shown(const json::value& value) {
  if (value.is_string()) return fmt::format("'{}'", ellipsize(value.get_string(), kShownBytes));
  return ellipsize(catalog::canonical_json(value), kShownBytes);
}

bool matches(const RE2& pattern, std::string_view text) {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

class Checker {
 public:
  // Whether `value` fits; if not, `problem` says why, unless `quiet`.
  bool fits(const Node& node, const json::value& value) {
    if (depth_ >= kDepthLimit || ++steps_ > kStepsLimit) {
      too_deep = true;
      return true;
    }
    ++depth_;
    const bool ok = fits_simple(node, value) && fits_kind(node, value) && fits_combined(node, value);
    --depth_;
    return ok;
  }

  std::string problem;
  bool too_deep = false;

 private:
  bool no(std::string what) {
    if (quiet_ == 0 && problem.empty())
      problem = fmt::format("{} {}", path_.empty() ? "the value" : path_, what);
    return false;
  }

  bool tried(const Node& node, const json::value& value) {
    ++quiet_;
    const bool ok = fits(node, value);
    --quiet_;
    return ok;
  }

  bool inside(std::string_view key, const Node& node, const json::value& value) {
    if (quiet_ > 0) return fits(node, value);
    const std::size_t before = path_.size();
    path_ += '/';
    for (const char c : key) {
      if (c == '~')
        path_ += "~0";
      else if (c == '/')
        path_ += "~1";
      else
        path_ += c;
    }
    const bool ok = fits(node, value);
    path_.resize(before);
    return ok;
  }

  bool fits_simple(const Node& node, const json::value& value) {
    if (node.never) return no("may not be there");
    if (node.types != kAnyType && (node.types & types_of(value)) == 0)
      return no(fmt::format("must be {}, but is {}", types_in_words(node.types),
                            value.is_null() ? "null" : catalog::type_in_words(value)));
    if (node.constant && !same_json(*node.constant, value))
      return no(fmt::format("must be {}, but is {}", shown(*node.constant), shown(value)));
    if (node.choices &&
        std::ranges::none_of(*node.choices, [&](const json::value& one) { return same_json(one, value); }))
      return no(fmt::format("must be one of {}, but is {}", shown(*node.choices), shown(value)));
    return true;
  }

  bool fits_kind(const Node& node, const json::value& value) {
    if (value.is_number()) return fits_number(node, value.to_number<double>());
    if (const json::string* text = value.if_string()) return fits_text(node, *text);
    if (const json::array* list = value.if_array()) return fits_list(node, *list);
    if (const json::object* map = value.if_object()) return fits_map(node, *map, value);
    return true;
  }

  bool fits_number(const Node& node, double number) {
    if (node.minimum && number < *node.minimum)
      return no(fmt::format("must be at least {}, but is {}", *node.minimum, number));
    if (node.maximum && number > *node.maximum)
      return no(fmt::format("must be at most {}, but is {}", *node.maximum, number));
    if (node.above && number <= *node.above)
      return no(fmt::format("must be more than {}, but is {}", *node.above, number));
    if (node.below && number >= *node.below)
      return no(fmt::format("must be less than {}, but is {}", *node.below, number));
    if (node.multiple && !is_whole(number / *node.multiple))
      return no(fmt::format("must be a multiple of {}, but is {}", *node.multiple, number));
    return true;
  }

  bool fits_text(const Node& node, std::string_view text) {
    if (node.min_length || node.max_length) {
      const std::size_t length = count_code_points(text);
      if (node.min_length && length < *node.min_length)
        return no(fmt::format("must have at least {} characters, but has {}", *node.min_length, length));
      if (node.max_length && length > *node.max_length)
        return no(fmt::format("must have at most {} characters, but has {}", *node.max_length, length));
    }
    if (node.pattern != nullptr && !matches(*node.pattern, text))
      return no(
          fmt::format("must match {}, but is '{}'", node.pattern->pattern(), ellipsize(text, kShownBytes)));
    return true;
  }

  bool fits_list(const Node& node, const json::array& list) {
    if (node.min_items && list.size() < *node.min_items)
      return no(fmt::format("must have at least {} items, but has {}", *node.min_items, list.size()));
    if (node.max_items && list.size() > *node.max_items)
      return no(fmt::format("must have at most {} items, but has {}", *node.max_items, list.size()));
    if (node.unique) {
      std::set<std::string> seen;
      for (const json::value& item : list)
        if (!seen.insert(catalog::canonical_json(item)).second)
          return no(fmt::format("has {} twice", shown(item)));
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Node* of_item = i < node.first_items.size() ? node.first_items[i] : node.items;
      if (of_item != nullptr && !inside(std::to_string(i), *of_item, list[i])) return false;
    }
    if (node.contains == nullptr) return true;
    const auto found = static_cast<std::uint64_t>(
        std::ranges::count_if(list, [&](const json::value& item) { return tried(*node.contains, item); }));
    if (found < node.min_contains.value_or(1))
      return no(fmt::format("has {} items of a kind of which it must have {}", found,
                            node.min_contains.value_or(1)));
    if (node.max_contains && found > *node.max_contains)
      return no(fmt::format("has {} items of a kind of which it may have {}", found, *node.max_contains));
    return true;
  }

  bool fits_map(const Node& node, const json::object& map, const json::value& whole) {
    if (node.min_members && map.size() < *node.min_members)
      return no(fmt::format("must have at least {} members, but has {}", *node.min_members, map.size()));
    if (node.max_members && map.size() > *node.max_members)
      return no(fmt::format("must have at most {} members, but has {}", *node.max_members, map.size()));
    for (const std::string& name : node.required)
      if (!map.contains(name)) return no(fmt::format("lacks '{}'", name));
    for (const auto& [with, names] : node.required_with)
      for (const std::string& name : names)
        if (map.contains(with) && !map.contains(name))
          return no(fmt::format("lacks '{}', which '{}' needs", name, with));
    for (const json::key_value_pair& member : map)
      if (!fits_member(node, member)) return false;
    for (const auto& [with, part] : node.members_with)
      if (map.contains(with) && !fits(*part, whole)) return false;
    return true;
  }

  bool fits_member(const Node& node, const json::key_value_pair& member) {
    const std::string_view key = member.key();
    if (node.names != nullptr && !inside(key, *node.names, json::value(member.key()))) return false;
    bool known = false;
    if (const auto found = node.members.find(key); found != node.members.end()) {
      known = true;
      if (!inside(key, *found->second, member.value())) return false;
    }
    for (const auto& [pattern, part] : node.members_like) {
      if (!matches(*pattern, key)) continue;
      known = true;
      if (!inside(key, *part, member.value())) return false;
    }
    return known || node.others == nullptr || inside(key, *node.others, member.value());
  }

  bool fits_combined(const Node& node, const json::value& value) {
    if (node.reference != nullptr && !fits(*node.reference, value)) return false;
    for (const Node* part : node.all)
      if (!fits(*part, value)) return false;
    if (!node.any.empty() &&
        std::ranges::none_of(node.any, [&](const Node* one) { return tried(*one, value); }))
      return no_shape(node.any, value);
    if (!node.one.empty()) {
      const auto fitting =
          std::ranges::count_if(node.one, [&](const Node* one) { return tried(*one, value); });
      if (fitting == 0) return no_shape(node.one, value);
      if (fitting > 1) return no(fmt::format("has {} of the shapes of which it may have one", fitting));
    }
    if (node.negated != nullptr && tried(*node.negated, value)) return no("has a shape that is not allowed");
    if (node.condition == nullptr) return true;
    const Node* then = tried(*node.condition, value) ? node.then : node.otherwise;
    return then == nullptr || fits(*then, value);
  }

  // With one shape of the value's own type, what is wrong with that one.
  bool no_shape(const std::vector<const Node*>& shapes, const json::value& value) {
    const Node* likely = nullptr;
    for (const Node* shape : shapes) {
      const Node* target = shape->reference != nullptr ? shape->reference : shape;
      if (target->types == kAnyType || (target->types & types_of(value)) == 0) continue;
      if (likely != nullptr) return no("has none of the shapes it may have");
      likely = shape;
    }
    if (likely == nullptr) return no("has none of the shapes it may have");
    return fits(*likely, value);
  }

  std::string path_;
  std::size_t depth_ = 0;
  std::size_t steps_ = 0;
  std::size_t quiet_ = 0;
};

}  // namespace

Result<std::string> AnswerSchema::check(const json::value& value) const {
  Checker checker;
  const bool ok = checker.fits(*graph_->root, value);
  if (checker.too_deep)
    return fail(ErrorCode::kInvalidArgument, "the schema goes in circles, or has too many alternatives",
                "schema", "Let references lead to parts of the value, not back to the value itself");
  return ok ? std::string() : checker.problem;
}

}  // namespace slipway::evaluation
