// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "llm/fields.h"
#include "llm/simulated.h"
#include "llm/simulated_reply.h"

namespace slipway::llm {

namespace {

constexpr int kMaxDepth = 24;

class InstanceMaker {
 public:
  InstanceMaker(const json::value& root, std::uint64_t seed) : root_(root), state_(seed) {}

  json::value make(const json::value& schema, std::string_view name, int depth) {
    if (depth > kMaxDepth || !schema.is_object())
      return depth > kMaxDepth ? json::value() : json::value("simulated");
    const json::object& object = schema.get_object();
    if (const json::value* ref = object.if_contains("$ref"); ref != nullptr && ref->is_string()) {
      const json::value* target = resolve(view_of(ref->get_string()));
      return target == nullptr ? json::value() : make(*target, name, depth + 1);
    }
    if (const json::value* constant = object.if_contains("const")) return *constant;
    if (const json::value* choices = object.if_contains("enum");
        choices != nullptr && choices->is_array() && !choices->get_array().empty())
      return choices->get_array()[pick(choices->get_array().size())];
    if (const json::value* all = object.if_contains("allOf"); all != nullptr && all->is_array())
      return make(merge(object, all->get_array()), name, depth + 1);
    for (const std::string_view key : {"anyOf", "oneOf"})
      if (const json::value* any = object.if_contains(key);
          any != nullptr && any->is_array() && !any->get_array().empty())
        return make(shallowest(any->get_array(), depth), name, depth + 1);
    return make_type(object, type_of(object, depth), name, depth);
  }

 private:
  std::uint64_t next() { return state_ = simulated_mix(state_); }
  std::size_t pick(std::size_t count) { return static_cast<std::size_t>(next() % count); }

  const json::value* resolve(std::string_view ref) const {
    if (ref == "#") return &root_;
    if (!ref.starts_with("#/")) return nullptr;
    boost::system::error_code error;
    return root_.find_pointer(ref.substr(1), error);
  }

  // A schema may refer to itself: deep down the alternative that ends soonest is taken.
  const json::value& shallowest(const json::array& any, int depth) {
    if (depth < kMaxDepth / 3) return any[0];
    for (const json::value& one : any) {
      const json::value* type = one.is_object() ? one.get_object().if_contains("type") : nullptr;
      if (type != nullptr && type->is_string() && type->get_string() == "null") return one;
    }
    return any.back();
  }

  static json::value merge(const json::object& object, const json::array& all) {
    json::object merged = object;
    merged.erase("allOf");
    for (const json::value& one : all) {
      if (!one.is_object()) continue;
      for (const auto& item : one.get_object()) {
        json::value& target = merged[item.key()];
        if (target.is_object() && item.value().is_object()) {
          for (const auto& inner : item.value().get_object())
            target.get_object()[inner.key()] = inner.value();
        } else if (target.is_array() && item.value().is_array()) {
          for (const json::value& element : item.value().get_array()) target.get_array().push_back(element);
        } else {
          target = item.value();
        }
      }
    }
    return merged;
  }

  std::string_view type_of(const json::object& schema, int depth) {
    const json::value* type = schema.if_contains("type");
    if (type != nullptr && type->is_string()) return view_of(type->get_string());
    if (type != nullptr && type->is_array() && !type->get_array().empty()) {
      const json::array& types = type->get_array();
      if (depth > kMaxDepth / 3)
        for (const json::value& one : types)
          if (one.is_string() && one.get_string() == "null") return "null";
      if (types[0].is_string()) return view_of(types[0].get_string());
    }
    if (schema.contains("properties")) return "object";
    if (schema.contains("items")) return "array";
    return "string";
  }

  static double bound(const json::object& schema, std::string_view key, double otherwise) {
    const json::value* value = schema.if_contains(key);
    return value != nullptr && value->is_number() ? value->to_number<double>() : otherwise;
  }

  json::value make_type(const json::object& schema, std::string_view type, std::string_view name, int depth) {
    if (type == "object") return make_object(schema, depth);
    if (type == "array") return make_array(schema, name, depth);
    if (type == "integer" || type == "number") return make_number(schema, type == "integer");
    if (type == "boolean") return next() % 2 == 0;
    if (type == "null") return nullptr;
    return json::value(make_string(schema, name));
  }

  json::value make_object(const json::object& schema, int depth) {
    json::object out;
    const json::value* properties = schema.if_contains("properties");
    if (properties == nullptr || !properties->is_object()) return out;
    const json::value* required = schema.if_contains("required");
    for (const auto& item : properties->get_object()) {
      const bool needed =
          required != nullptr && required->is_array() &&
          std::ranges::find(required->get_array(), json::value(item.key())) != required->get_array().end();
      // Optional properties are given while that leads nowhere deep.
      if (needed || depth < 4)
        out[item.key()] = make(item.value(), {item.key().data(), item.key().size()}, depth + 1);
    }
    return out;
  }

  json::value make_array(const json::object& schema, std::string_view name, int depth) {
    json::array out;
    if (const json::value* prefix = schema.if_contains("prefixItems");
        prefix != nullptr && prefix->is_array())
      for (const json::value& item : prefix->get_array()) out.push_back(make(item, name, depth + 1));
    const json::value* items = schema.if_contains("items");
    const auto most = static_cast<std::size_t>(bound(schema, "maxItems", 64));
    const auto least = static_cast<std::size_t>(bound(schema, "minItems", 0));
    const std::size_t wanted =
        std::min(std::max<std::size_t>(least, depth < kMaxDepth / 3 ? 1 + pick(2) : 0), most);
    static const json::value anything = json::object{{"type", "string"}};
    const bool closed = items != nullptr && items->is_bool() && !items->get_bool();
    const json::value& item_schema = items != nullptr && items->is_object() ? *items : anything;
    for (int attempts = 0; !closed && out.size() < wanted && attempts < 200; ++attempts) {
      json::value element = make(item_schema, name, depth + 1);
      const json::value* unique = schema.if_contains("uniqueItems");
      if (unique != nullptr && unique->is_bool() && unique->get_bool() &&
          std::ranges::find(out, element) != out.end())
        continue;
      out.push_back(std::move(element));
    }
    return out;
  }

  json::value make_number(const json::object& schema, bool integral) {
    const double step = bound(schema, "multipleOf", integral ? 1 : 0);
    double low = bound(schema, "minimum", -1e300);
    double high = bound(schema, "maximum", 1e300);
    const double above = bound(schema, "exclusiveMinimum", -1e300);
    const double below = bound(schema, "exclusiveMaximum", 1e300);
    if (above > -1e300) low = std::max(low, integral ? std::floor(above) + 1 : std::nextafter(above, 1e300));
    if (below < 1e300) high = std::min(high, integral ? std::ceil(below) - 1 : std::nextafter(below, -1e300));
    if (low <= -1e300) low = high < 1e300 ? high - 100 : 0;
    if (high >= 1e300) high = low + 100;
    const double at = static_cast<double>(next() % 1'000) / 999.0;
    double value = low + at * (high - low);
    if (step > 0) {
      value = std::floor(value / step) * step;
      if (value < low) value += step;
    }
    if (integral) return static_cast<std::int64_t>(value);
    // Two decimals read better than sixteen, where the bounds leave room for it.
    const double rounded = std::round(value * 100) / 100;
    return step <= 0 && rounded >= low && rounded <= high ? rounded : value;
  }

  std::string make_string(const json::object& schema, std::string_view name) {
    const json::value* format = schema.if_contains("format");
    const std::string_view kind =
        format != nullptr && format->is_string() ? view_of(format->get_string()) : "";
    if (kind == "date-time") return "2026-01-15T09:30:00Z";
    if (kind == "date") return "2026-01-15";
    if (kind == "time") return "09:30:00Z";
    if (kind == "duration") return "PT1H";
    if (kind == "email") return "someone@example.com";
    if (kind == "hostname") return "example.com";
    if (kind == "ipv4") return "192.0.2.1";
    if (kind == "ipv6") return "2001:db8::1";
    if (kind == "uri" || kind == "url") return "https://example.com/simulated";
    if (kind == "uuid") {
      static constexpr char kHex[] = "0123456789abcdef";
      std::string uuid = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
      for (char& c : uuid)
        if (c == 'x') c = kHex[next() % 16];
      return uuid;
    }
    static constexpr std::string_view kWords[] = {"amber", "birch", "cedar", "delta",
                                                  "ember", "fjord", "grove", "haven"};
    std::string text = "simulated";
    if (!name.empty()) text.append(" ").append(name);
    text.append(" ").append(kWords[pick(std::size(kWords))]);
    const auto least = static_cast<std::size_t>(std::clamp(bound(schema, "minLength", 0), 0.0, 100'000.0));
    const auto most =
        static_cast<std::size_t>(std::clamp(bound(schema, "maxLength", 100'000), 0.0, 100'000.0));
    while (text.size() < least) text.append(" ").append(kWords[pick(std::size(kWords))]);
    if (text.size() > most) text.resize(most);
    return text;
  }

  const json::value& root_;
  std::uint64_t state_;
};

}  // namespace

json::value simulated_instance(const json::value& schema, std::uint64_t seed) {
  return InstanceMaker(schema, simulated_mix(seed + 1)).make(schema, {}, 0);
}

}  // namespace slipway::llm
