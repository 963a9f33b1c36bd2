// SPDX-License-Identifier: Apache-2.0
#include "governance/use_case_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/crypto.h"
#include "base/text.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kNameBytes = 200;
constexpr std::size_t kOwnerBytes = 200;
constexpr std::size_t kTextBytes = 8'000;
constexpr std::size_t kUsersBytes = 4'000;
constexpr std::size_t kShortBytes = 64;
constexpr std::size_t kLineBytes = 500;
constexpr std::size_t kUrlBytes = 2'000;
constexpr std::size_t kItems = 50;     // of each list
constexpr std::size_t kAnswers = 200;  // more than any questionnaire asks

std::unexpected<Error> bad(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

// A string without control characters other than line ends and tabs.
Result<std::string> read_text(const json::value& value, const std::string& where, std::size_t limit_bytes) {
  if (!value.is_string()) return bad(where + " must be a string", where);
  const std::string_view text = trim(value.get_string());
  if (text.size() > limit_bytes)
    return bad(fmt::format("{} has {} bytes, at most {} are allowed", where, text.size(), limit_bytes),
               where);
  const bool odd = std::ranges::any_of(
      text, [](unsigned char c) { return (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f; });
  if (odd) return bad(where + " holds a control character", where);
  return std::string(text);
}

Result<> read_text_into(std::string& into, const json::value& value, const std::string& where,
                        std::size_t limit_bytes) {
  SLIPWAY_ASSIGN(into, read_text(value, where, limit_bytes));
  return {};
}

Result<const json::array*> read_array(const json::value& value, const std::string& where) {
  if (!value.is_array()) return bad(where + " must be a list", where);
  if (value.get_array().size() > kItems)
    return bad(fmt::format("{} has more than {} entries", where, kItems), where);
  return &value.get_array();
}

// A map of short texts.
Result<std::map<std::string, std::string>> read_map(const json::value& value, const std::string& where,
                                                    std::size_t count, std::size_t value_bytes) {
  if (!value.is_object()) return bad(where + " must be a map", where);
  if (value.get_object().size() > count)
    return bad(fmt::format("{} has more than {} entries", where, count), where);
  std::map<std::string, std::string> map;
  for (const auto& [key, item] : value.get_object()) {
    const std::string at = where + "." + ellipsize(key, kShortBytes);
    if (key.empty() || key.size() > kShortBytes)
      return bad(fmt::format("a name in {} has 1 to {} bytes", where, kShortBytes), at);
    SLIPWAY_ASSIGN(std::string text, read_text(item, at, value_bytes));
    if (text.empty()) return bad(at + " is empty", at);
    map.emplace(key, std::move(text));
  }
  return map;
}

// The members of one entry of a list: those named in `known`, and no others.
Result<const json::object*> read_entry(const json::value& value, const std::string& where,
                                       const std::vector<std::string>& known) {
  if (!value.is_object()) return bad(where + " must be a map", where);
  for (const auto& [key, item] : value.get_object()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    const auto near = nearest(key, known);
    const std::string shown = ellipsize(key, kShortBytes);
    return bad(fmt::format("{} has no field '{}'", where, shown), where + "." + shown,
               near ? fmt::format("Did you mean '{}'?", *near) : std::string());
  }
  return &value.get_object();
}

Result<std::string> member_text(const json::object& entry, std::string_view name, const std::string& where,
                                std::size_t limit_bytes, bool required) {
  const std::string at = fmt::format("{}.{}", where, name);
  const json::value* value = entry.if_contains(name);
  if (value == nullptr || value->is_null()) {
    if (required) return bad(at + " is missing", at);
    return std::string();
  }
  SLIPWAY_ASSIGN(std::string text, read_text(*value, at, limit_bytes));
  if (required && text.empty()) return bad(at + " is empty", at);
  return text;
}

Result<double> member_number(const json::object& entry, std::string_view name, const std::string& where) {
  const std::string at = fmt::format("{}.{}", where, name);
  const json::value* value = entry.if_contains(name);
  if (value == nullptr) return bad(at + " is missing", at);
  if (!value->is_number()) return bad(at + " must be a number", at);
  const auto number = value->to_number<double>();
  if (!std::isfinite(number)) return bad(at + " must be a finite number", at);
  return number;
}

Result<std::string> member_choice(const json::object& entry, std::string_view name, const std::string& where,
                                  const std::vector<std::string>& choices, std::string_view otherwise) {
  SLIPWAY_ASSIGN(std::string text, member_text(entry, name, where, kShortBytes, otherwise.empty()));
  if (text.empty()) return std::string(otherwise);
  if (std::ranges::find(choices, text) != choices.end()) return text;
  std::string listed;
  for (const std::string& choice : choices) listed += (listed.empty() ? "" : ", ") + choice;
  const std::string at = fmt::format("{}.{}", where, name);
  return bad(fmt::format("{} is one of {}", at, listed), at);
}

Result<> read_kpis(const json::value& value, UseCaseContent& content) {
  SLIPWAY_ASSIGN(const json::array* list, read_array(value, "kpis"));
  content.kpis.clear();
  for (const json::value& item : *list) {
    const std::string where = fmt::format("kpis[{}]", content.kpis.size());
    SLIPWAY_ASSIGN(const json::object* entry,
                   read_entry(item, where, {"name", "target", "unit", "direction", "description"}));
    Kpi kpi;
    SLIPWAY_ASSIGN(kpi.name, member_text(*entry, "name", where, kNameBytes, true));
    SLIPWAY_ASSIGN(kpi.target, member_number(*entry, "target", where));
    SLIPWAY_ASSIGN(kpi.unit, member_text(*entry, "unit", where, kShortBytes, false));
    SLIPWAY_ASSIGN(kpi.direction,
                   member_choice(*entry, "direction", where, {"at_least", "at_most"}, "at_least"));
    SLIPWAY_ASSIGN(kpi.description, member_text(*entry, "description", where, kLineBytes, false));
    content.kpis.push_back(std::move(kpi));
  }
  return {};
}

Result<> read_thresholds(const json::value& value, UseCaseContent& content) {
  SLIPWAY_ASSIGN(const json::array* list, read_array(value, "thresholds"));
  content.thresholds.clear();
  for (const json::value& item : *list) {
    const std::string where = fmt::format("thresholds[{}]", content.thresholds.size());
    SLIPWAY_ASSIGN(const json::object* entry,
                   read_entry(item, where, {"metric", "op", "value", "description"}));
    Threshold threshold;
    SLIPWAY_ASSIGN(threshold.metric, member_text(*entry, "metric", where, kNameBytes, true));
    SLIPWAY_ASSIGN(threshold.op, member_choice(*entry, "op", where, {">=", "<=", ">", "<"}, ""));
    SLIPWAY_ASSIGN(threshold.value, member_number(*entry, "value", where));
    SLIPWAY_ASSIGN(threshold.description, member_text(*entry, "description", where, kLineBytes, false));
    content.thresholds.push_back(std::move(threshold));
  }
  return {};
}

Result<> read_links(const json::value& value, UseCaseContent& content) {
  SLIPWAY_ASSIGN(const json::array* list, read_array(value, "links"));
  content.links.clear();
  for (const json::value& item : *list) {
    const std::string where = fmt::format("links[{}]", content.links.size());
    SLIPWAY_ASSIGN(const json::object* entry, read_entry(item, where, {"title", "url"}));
    Link link;
    SLIPWAY_ASSIGN(link.title, member_text(*entry, "title", where, kNameBytes, true));
    SLIPWAY_ASSIGN(link.url, member_text(*entry, "url", where, kUrlBytes, true));
    // The console makes it a link: javascript: and the like must never become one.
    if (!link.url.starts_with("https://") && !link.url.starts_with("http://"))
      return bad(where + ".url must start with https:// or http://", where + ".url");
    content.links.push_back(std::move(link));
  }
  return {};
}

Result<> read_data_classes(const json::value& value, UseCaseContent& content) {
  SLIPWAY_ASSIGN(const json::array* list, read_array(value, "data_classes"));
  content.data_classes.clear();
  for (const json::value& item : *list) {
    const std::string where = fmt::format("data_classes[{}]", content.data_classes.size());
    SLIPWAY_ASSIGN(std::string name, read_text(item, where, kShortBytes));
    if (name.empty()) return bad(where + " is empty", where);
    if (std::ranges::find(content.data_classes, name) != content.data_classes.end())
      return bad(fmt::format("{} names '{}' a second time", where, name), where);
    content.data_classes.push_back(std::move(name));
  }
  return {};
}

Result<> read_entry_asset(const json::value& value, UseCaseContent& content) {
  content.entry.clear();
  if (value.is_null()) return {};
  SLIPWAY_ASSIGN(std::string text, read_text(value, "entry", kNameBytes));
  const bool sound =
      text.empty() ||
      ((text.starts_with("prompt/") || text.starts_with("flow/") || text.starts_with("agent/")) &&
       text.find('/') + 1 < text.size() && text.find_first_of(" \t\n") == std::string::npos);
  if (!sound)
    return bad("entry names no asset that answers calls", "entry",
               "Write kind/name, as in prompt/answer; the kinds are prompt, flow and agent.");
  content.entry = std::move(text);
  return {};
}

using Reader = std::function<Result<>(const json::value&, UseCaseContent&)>;

Reader text_reader(std::string name, std::string UseCaseContent::* field, std::size_t limit_bytes) {
  return [name = std::move(name), field, limit_bytes](const json::value& value, UseCaseContent& content) {
    return read_text_into(content.*field, value, name, limit_bytes);
  };
}

Reader map_reader(std::string name, std::map<std::string, std::string> UseCaseContent::* field,
                  std::size_t count) {
  return
      [name = std::move(name), field, count](const json::value& value, UseCaseContent& content) -> Result<> {
        SLIPWAY_ASSIGN(content.*field, read_map(value, name, count, kNameBytes));
        return {};
      };
}

const std::map<std::string, Reader, std::less<>>& readers() {
  static const std::map<std::string, Reader, std::less<>> kReaders = {
      {"name", text_reader("name", &UseCaseContent::name, kNameBytes)},
      {"owner", text_reader("owner", &UseCaseContent::owner, kOwnerBytes)},
      {"purpose", text_reader("purpose", &UseCaseContent::purpose, kTextBytes)},
      {"users_affected", text_reader("users_affected", &UseCaseContent::users_affected, kUsersBytes)},
      {"mitigations", text_reader("mitigations", &UseCaseContent::mitigations, kTextBytes)},
      {"known_limits", text_reader("known_limits", &UseCaseContent::known_limits, kTextBytes)},
      {"answers", map_reader("answers", &UseCaseContent::answers, kAnswers)},
      {"cost_tags", map_reader("cost_tags", &UseCaseContent::cost_tags, kItems)},
      {"data_classes", read_data_classes},
      {"entry", read_entry_asset},
      {"kpis", read_kpis},
      {"thresholds", read_thresholds},
      {"links", read_links},
  };
  return kReaders;
}

json::object map_json(const std::map<std::string, std::string>& map) {
  json::object out;
  for (const auto& [key, value] : map) out[key] = value;
  return out;
}

}  // namespace

json::object content_json(const UseCaseContent& content) {
  json::array data_classes;
  for (const std::string& name : content.data_classes) data_classes.emplace_back(name);
  json::array kpis;
  for (const Kpi& kpi : content.kpis)
    kpis.emplace_back(json::object{{"name", kpi.name},
                                   {"target", kpi.target},
                                   {"unit", kpi.unit},
                                   {"direction", kpi.direction},
                                   {"description", kpi.description}});
  json::array thresholds;
  for (const Threshold& threshold : content.thresholds)
    thresholds.emplace_back(json::object{{"metric", threshold.metric},
                                         {"op", threshold.op},
                                         {"value", threshold.value},
                                         {"description", threshold.description}});
  json::array links;
  for (const Link& link : content.links)
    links.emplace_back(json::object{{"title", link.title}, {"url", link.url}});
  return {{"name", content.name},
          {"owner", content.owner},
          {"purpose", content.purpose},
          {"users_affected", content.users_affected},
          {"data_classes", std::move(data_classes)},
          {"answers", map_json(content.answers)},
          {"mitigations", content.mitigations},
          {"known_limits", content.known_limits},
          {"entry", content.entry.empty() ? json::value(nullptr) : json::value(content.entry)},
          {"kpis", std::move(kpis)},
          {"thresholds", std::move(thresholds)},
          {"cost_tags", map_json(content.cost_tags)},
          {"links", std::move(links)}};
}

const std::vector<std::string>& use_case_fields() {
  static const std::vector<std::string> kFields = [] {
    std::vector<std::string> names;
    for (const auto& [name, unused] : content_json({})) names.emplace_back(name);
    return names;
  }();
  return kFields;
}

Result<> apply_fields(const json::object& fields, UseCaseContent& content) {
  for (const auto& [key, value] : fields) {
    if (key == "slug" || key == "version" || key == "format") continue;
    const auto reader = readers().find(std::string_view(key));
    if (reader == readers().end()) {
      const auto near = nearest(key, use_case_fields());
      const std::string shown = ellipsize(key, kShortBytes);
      return bad(fmt::format("a use case has no field '{}'", shown), shown,
                 near ? fmt::format("Did you mean '{}'?", *near) : std::string());
    }
    SLIPWAY_TRY(reader->second(value, content));
  }
  if (content.name.empty())
    return bad(fmt::format("a use case's name has 1 to {} bytes", kNameBytes), "name");
  return {};
}

std::string review_basis(const UseCaseContent& content) {
  const json::object all = content_json(content);
  json::array parts;
  for (const char* field : {"purpose", "users_affected", "data_classes", "answers"})
    parts.emplace_back(all.at(field));
  return hex(sha256(json::serialize(parts)));
}

json::object changed_fields(const UseCaseContent& before, const UseCaseContent& after) {
  const json::object old_fields = content_json(before);
  json::object changed;
  for (const auto& [key, value] : content_json(after))
    if (old_fields.at(key) != value) changed[key] = json::object{{"from", old_fields.at(key)}, {"to", value}};
  return changed;
}

}  // namespace slipway::governance
