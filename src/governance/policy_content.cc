// SPDX-License-Identifier: Apache-2.0
// The rules of a policy: their JSON form, their checks and their order of tightness.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "base/text.h"
#include "governance/permissions.h"
#include "governance/policies.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kEntries = 100;
constexpr std::int64_t kApprovalsLimit = 20;
constexpr std::int64_t kAgeLimitHours = 10 * 366 * 24;
constexpr std::size_t kTextBytes = 500;

std::unexpected<Error> bad(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

template <class T>
void sort_unique(std::vector<T>& items) {
  std::ranges::sort(items);
  const auto doubles = std::ranges::unique(items);
  items.erase(doubles.begin(), doubles.end());
}

json::array texts_json(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

Result<bool> read_bool(const json::value& value, const std::string& where) {
  if (!value.is_bool()) return bad(where + " is true or false", where);
  return value.get_bool();
}

// Sorted and without doubles. `check` gets each text and its place, "gates[1]".
Result<std::vector<std::string>> read_texts(
    const json::value& value, const std::string& where,
    const std::function<Result<>(const std::string&, const std::string&)>& check) {
  if (!value.is_array()) return bad(where + " must be a list", where);
  if (value.get_array().size() > kEntries)
    return bad(fmt::format("{} has more than {} entries", where, kEntries), where);
  std::vector<std::string> texts;
  for (const json::value& item : value.get_array()) {
    const std::string at = fmt::format("{}[{}]", where, texts.size());
    if (!item.is_string() || item.get_string().empty() || item.get_string().size() > kTextBytes)
      return bad(fmt::format("{} must be a text of 1 to {} bytes", at, kTextBytes), at);
    texts.emplace_back(item.get_string());
    SLIPWAY_TRY(check(texts.back(), at));
  }
  sort_unique(texts);
  return texts;
}

Result<> one_of(const std::string& word, const std::vector<std::string>& known, const std::string& where,
                std::string_view what) {
  if (std::ranges::find(known, word) != known.end()) return {};
  const auto near = nearest(word, known);
  return bad(
      fmt::format("there is no {} '{}'", what, ellipsize(word, 60)), where,
      near ? fmt::format("Did you mean '{}'?", *near) : fmt::format("There are {}.", fmt::join(known, ", ")));
}

// The members of an entry: those of `known` and no others.
Result<> only_known(const json::object& entry, const std::string& where,
                    const std::vector<std::string>& known) {
  for (const auto& [key, unused] : entry) {
    if (std::ranges::find(known, key) != known.end()) continue;
    const auto near = nearest(key, known);
    const std::string shown = ellipsize(key, 60);
    return bad(
        fmt::format("{} has no field '{}'", where, shown), where + "." + shown,
        near ? fmt::format("Did you mean '{}'?", *near) : fmt::format("It has {}.", fmt::join(known, ", ")));
  }
  return {};
}

Result<> check_gate(const std::string& gate, std::string_view owner, const std::string& where) {
  const std::vector<std::string_view> parts = split(gate, '/');
  const bool sound = parts.size() == 3 && !parts[0].empty() && parts[1] == "evaluation" && !parts[2].empty();
  if (!sound)
    return bad(fmt::format("'{}' names no evaluation", ellipsize(gate, 80)), where,
               "Write owner/evaluation/name, as in shared/evaluation/safety.");
  if (parts[0] != kSharedOwner && parts[0] != owner)
    return bad(fmt::format("'{}' belongs to another use case", ellipsize(gate, 80)), where,
               "A policy names evaluations of its own owner and shared ones.");
  return {};
}

Result<std::map<std::string, std::int64_t>> read_approvals(const json::value& value) {
  if (!value.is_array()) return bad("approvals must be a list", "approvals");
  std::map<std::string, std::int64_t> approvals;
  for (const json::value& item : value.get_array()) {
    const std::string where = fmt::format("approvals[{}]", approvals.size());
    if (!item.is_object()) return bad(where + " must be a map of role and count", where);
    SLIPWAY_TRY(only_known(item.get_object(), where, {"role", "count"}));
    SLIPWAY_ASSIGN(const std::string role, require_string(item.get_object(), "role", where));
    SLIPWAY_TRY(one_of(role, role_names(), where + ".role", "role"));
    SLIPWAY_ASSIGN(const auto count, optional_integer(item.get_object(), "count", where));
    if (!count || *count < 0 || *count > kApprovalsLimit)
      return bad(fmt::format("{}.count lies between 0 and {}", where, kApprovalsLimit), where + ".count");
    if (!approvals.emplace(role, *count).second)
      return bad(fmt::format("approvals names the role '{}' twice", role), "approvals");
  }
  std::erase_if(approvals, [](const auto& one) { return one.second == 0; });  // nobody: as if not named
  return approvals;
}

Result<std::vector<FreezeWindow>> read_freeze(const json::value& value) {
  if (!value.is_array()) return bad("freeze must be a list", "freeze");
  if (value.get_array().size() > kEntries)
    return bad(fmt::format("freeze has more than {} windows", kEntries), "freeze");
  std::vector<FreezeWindow> windows;
  for (const json::value& item : value.get_array()) {
    const std::string where = fmt::format("freeze[{}]", windows.size());
    if (!item.is_object()) return bad(where + " must be a map of from, until and reason", where);
    SLIPWAY_TRY(only_known(item.get_object(), where, {"from", "until", "reason"}));
    FreezeWindow window;
    SLIPWAY_ASSIGN(const std::string from, require_string(item.get_object(), "from", where));
    SLIPWAY_ASSIGN(const std::string until, require_string(item.get_object(), "until", where));
    SLIPWAY_ASSIGN(window.reason, require_string(item.get_object(), "reason", where));
    const auto from_us = parse_time_us(from);
    const auto until_us = parse_time_us(until);
    if (!from_us)
      return bad(where + ".from is no time in RFC 3339", where + ".from", "As in 2026-12-20T00:00:00Z.");
    if (!until_us)
      return bad(where + ".until is no time in RFC 3339", where + ".until", "As in 2027-01-03T00:00:00Z.");
    if (*until_us <= *from_us) return bad(where + " ends before it begins", where + ".until");
    if (trim(window.reason).empty() || window.reason.size() > kTextBytes)
      return bad(fmt::format("{}.reason has 1 to {} bytes", where, kTextBytes), where + ".reason");
    window.from_us = *from_us;
    window.until_us = *until_us;
    windows.push_back(std::move(window));
  }
  sort_unique(windows);
  return windows;
}

Result<EmergencyPath> read_emergency(const json::value& value) {
  if (!value.is_object()) return bad("emergency must be a map of allowed and roles", "emergency");
  SLIPWAY_TRY(only_known(value.get_object(), "emergency", {"allowed", "roles"}));
  EmergencyPath path;
  const auto known_role = [](const std::string& role, const std::string& at) {
    return one_of(role, role_names(), at, "role");
  };
  for (const auto& [key, item] : value.get_object()) {
    if (key == "allowed") {
      SLIPWAY_ASSIGN(path.allowed, read_bool(item, "emergency.allowed"));
    } else {
      SLIPWAY_ASSIGN(path.roles, read_texts(item, "emergency.roles", known_role));
    }
  }
  if (!value.get_object().contains("allowed"))
    return bad("emergency.allowed is missing", "emergency.allowed");
  if (path.allowed && path.roles.empty())
    return bad("an emergency path needs the roles that may take it", "emergency.roles",
               "As in roles: [platform].");
  return path;
}

// One rule from its JSON into `policy`.
Result<> read_rule(std::string_view rule, const json::value& value, std::string_view owner, Policy& policy) {
  const std::string where(rule);
  if (rule == "require_approved_use_case") {
    SLIPWAY_ASSIGN(policy.require_approved_use_case, read_bool(value, where));
  } else if (rule == "gates") {
    // Without an owner the content is a stored one, which was checked.
    const auto own_or_shared = [owner](const std::string& gate, const std::string& at) -> Result<> {
      if (owner.empty()) return {};
      return check_gate(gate, owner, at);
    };
    SLIPWAY_ASSIGN(policy.gates, read_texts(value, where, own_or_shared));
  } else if (rule == "approvals") {
    SLIPWAY_ASSIGN(policy.approvals, read_approvals(value));
  } else if (rule == "author_may_approve") {
    SLIPWAY_ASSIGN(policy.author_may_approve, read_bool(value, where));
  } else if (rule == "evidence_max_age_hours") {
    policy.evidence_max_age_hours.reset();
    if (value.is_null()) return {};
    const json::object wrapped{{where, value}};
    SLIPWAY_ASSIGN(policy.evidence_max_age_hours, optional_integer(wrapped, where));
    if (*policy.evidence_max_age_hours < 1 || *policy.evidence_max_age_hours > kAgeLimitHours)
      return bad(fmt::format("evidence_max_age_hours lies between 1 and {}", kAgeLimitHours), where);
  } else if (rule == "freeze") {
    SLIPWAY_ASSIGN(policy.freeze, read_freeze(value));
  } else if (rule == "strategies") {
    const auto known_strategy = [](const std::string& strategy, const std::string& at) {
      return one_of(strategy, Policy{}.strategies, at, "strategy");
    };
    SLIPWAY_ASSIGN(policy.strategies, read_texts(value, where, known_strategy));
    if (policy.strategies.empty())
      return bad("strategies must allow at least one", where, "One or more of all, blue_green and canary.");
  } else if (rule == "require_previous_environment") {
    SLIPWAY_ASSIGN(policy.require_previous_environment, read_bool(value, where));
  } else if (rule == "emergency") {
    SLIPWAY_ASSIGN(policy.emergency, read_emergency(value));
  }
  return {};
}

std::vector<std::string> rule_names() {
  std::vector<std::string> names;
  for (const auto& [name, unused] : policy_json(Policy{})) names.emplace_back(name);
  return names;
}

std::vector<std::string> united(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  sort_unique(a);
  return a;
}

std::vector<std::string> common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> out;
  std::ranges::set_intersection(a, b, std::back_inserter(out));
  return out;
}

}  // namespace

const FreezeWindow* Policy::frozen(std::int64_t now_us) const {
  const auto found = std::ranges::find_if(freeze, [now_us](const FreezeWindow& window) {
    return window.from_us <= now_us && now_us < window.until_us;
  });
  return found == freeze.end() ? nullptr : &*found;
}

json::object policy_json(const Policy& policy) {
  json::array approvals;
  for (const auto& [role, count] : policy.approvals)
    approvals.emplace_back(json::object{{"role", role}, {"count", count}});
  json::array freeze;
  for (const FreezeWindow& window : policy.freeze)
    freeze.emplace_back(json::object{{"from", format_time_us(window.from_us)},
                                     {"until", format_time_us(window.until_us)},
                                     {"reason", window.reason}});
  return {
      {"require_approved_use_case", policy.require_approved_use_case},
      {"gates", texts_json(policy.gates)},
      {"approvals", std::move(approvals)},
      {"author_may_approve", policy.author_may_approve},
      {"evidence_max_age_hours",
       policy.evidence_max_age_hours ? json::value(*policy.evidence_max_age_hours) : json::value(nullptr)},
      {"freeze", std::move(freeze)},
      {"strategies", texts_json(policy.strategies)},
      {"require_previous_environment", policy.require_previous_environment},
      {"emergency",
       json::object{{"allowed", policy.emergency.allowed}, {"roles", texts_json(policy.emergency.roles)}}}};
}

Result<json::object> check_policy(const json::object& content, std::string_view owner) {
  Policy read;
  json::object checked;
  for (const auto& [key, value] : content) {
    SLIPWAY_TRY(one_of(std::string(key), rule_names(), std::string(ellipsize(key, 60)), "rule"));
    SLIPWAY_TRY(read_rule(key, value, owner, read));
    checked[key] = policy_json(read).at(key);
  }
  return checked;
}

Policy replace_rules(const Policy& below, const json::object& content) {
  Policy policy = below;
  for (const auto& [key, value] : content) {
    // Checked when it was stored.
    const Result<> read = read_rule(key, value, {}, policy);
    static_cast<void>(read);
  }
  return policy;
}

// Booleans that demand: or. Those that permit: and. Gates, freezes: both. Approvals: for each role the larger
// number. Age: the shorter. Strategies and emergency roles: what both allow.
Policy tightest(const Policy& a, const Policy& b) {
  Policy policy;
  policy.require_approved_use_case = a.require_approved_use_case || b.require_approved_use_case;
  policy.gates = united(a.gates, b.gates);
  policy.approvals = a.approvals;
  for (const auto& [role, count] : b.approvals) {
    auto& present = policy.approvals[role];
    present = std::max(present, count);
  }
  policy.author_may_approve = a.author_may_approve && b.author_may_approve;
  policy.evidence_max_age_hours = a.evidence_max_age_hours;
  if (b.evidence_max_age_hours)
    policy.evidence_max_age_hours =
        std::min(*b.evidence_max_age_hours, a.evidence_max_age_hours.value_or(*b.evidence_max_age_hours));
  policy.freeze = a.freeze;
  policy.freeze.insert(policy.freeze.end(), b.freeze.begin(), b.freeze.end());
  sort_unique(policy.freeze);
  policy.strategies = common(a.strategies, b.strategies);
  policy.require_previous_environment = a.require_previous_environment || b.require_previous_environment;
  policy.emergency.allowed = a.emergency.allowed && b.emergency.allowed;
  policy.emergency.roles = common(a.emergency.roles, b.emergency.roles);
  return policy;
}

}  // namespace slipway::governance
