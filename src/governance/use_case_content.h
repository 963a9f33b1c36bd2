// SPDX-License-Identifier: Apache-2.0
// What people write about a use case, and its JSON form: the same in the API, in use-case.yaml, in the
// database and in exports. Pure functions; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::governance {

// A business figure the use case is to reach.
struct Kpi {
  std::string name;
  double target = 0;
  std::string unit;
  std::string direction = "at_least";  // or "at_most"
  std::string description;
  bool operator==(const Kpi&) const = default;
};

// Quality agreed up front: evidence of an evaluation has to meet it.
struct Threshold {
  std::string metric;
  std::string op;  // ">=", "<=", ">" or "<"
  double value = 0;
  std::string description;
  bool operator==(const Threshold&) const = default;
};

struct Link {
  std::string title;
  std::string url;  // http:// or https://
  bool operator==(const Link&) const = default;
};

struct UseCaseContent {
  std::string name;
  std::string owner;  // a person's or a team's name or e-mail address
  std::string purpose;
  std::string users_affected;
  std::vector<std::string> data_classes;
  std::map<std::string, std::string> answers;  // of the questionnaire: question → option
  std::string mitigations;
  std::string known_limits;
  std::string entry;  // "prompt/answer"; empty: the only prompt or flow, or the one named main
  std::vector<Kpi> kpis;
  std::vector<Threshold> thresholds;
  std::map<std::string, std::string> cost_tags;
  std::vector<Link> links;
  bool operator==(const UseCaseContent&) const = default;
};

// Every field, `entry` as null where it is empty.
json::object content_json(const UseCaseContent& content);

// The names of all fields, in the order of content_json.
const std::vector<std::string>& use_case_fields();

// Writes the fields that `fields` has over `content`; the others stay. `slug`, `version` and `format` are
// skipped. kInvalidArgument names the field: unknown (with the nearest that exists), of the wrong type or
// beyond its limit.
Result<> apply_fields(const json::object& fields, UseCaseContent& content);

// A digest of what reviewers decide on: purpose, users affected, data classes and answers.
std::string review_basis(const UseCaseContent& content);

// The fields that differ, each {"from": …, "to": …}: for the audit log.
json::object changed_fields(const UseCaseContent& before, const UseCaseContent& after);

}  // namespace slipway::governance
