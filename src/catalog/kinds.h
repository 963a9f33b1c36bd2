// SPDX-License-Identifier: Apache-2.0
// The kinds of assets: what each looks like (a JSON Schema that editors can use), what it refers to, and
// whether a given content is one. Pure functions over data that never changes; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/yaml.h"
#include "catalog/asset_name.h"

namespace slipway::catalog {

// The format that is written today, in every kind's `format`.
inline constexpr std::int64_t kFormat = 1;

// "prompt", "model", "guardrail", "tool", "flow", "agent", "knowledge", "dataset", "evaluation".
const std::vector<std::string>& kind_names();
bool is_kind(std::string_view kind);
// "Prompt", "Knowledge base", …
std::string_view kind_title(std::string_view kind);
// JSON Schema (2020-12) with everything it refers to. Besides standard words it has three annotations:
// `x-reference` (the text names an asset of that kind), `x-template` (the text is a Mustache template) and
// `x-pattern-says` (the pattern in words).
const json::object& kind_schema(std::string_view kind);

// One thing that is wrong.
struct Problem {
  std::string asset;       // "owner/kind/name"; empty where one asset is asked about
  std::string path;        // "messages[2].content"; empty: the whole
  std::string message;     // a sentence
  std::string hint;        // what to do; may be empty
  std::uint32_t line = 0;  // from 1; 0: unknown
  std::uint32_t column = 0;
  bool operator==(const Problem&) const = default;
};

// Where an asset names another one.
struct Reference {
  std::string path;  // "tools[0]"
  AssetName target;
  bool operator==(const Reference&) const = default;
};

// What a template language says of one template. Handed in by `app`, because this room knows none.
struct TemplateReport {
  struct Fault {
    std::string message;
    std::string hint;
    std::uint32_t line = 0;  // within the template, from 1
  };
  std::vector<Fault> faults;
  // Names it takes from the outermost context for certain (not those inside of sections).
  std::vector<std::string> variables;
};
using TemplateInspector = std::function<TemplateReport(std::string_view text)>;

// Everything that is wrong with `content` as an asset of that name's kind: its shape, numbers that would lose
// digits, references that can't be (their targets' existence is AssetStore's business), templates, and what a
// schema can't say. `self` needs a kind only; without an owner, references are read but not judged by it.
// `positions` is the YAML that `content` was made from, if it was.
std::vector<Problem> validate(const AssetName& self, const json::object& content,
                              const YamlNode* positions = nullptr,
                              const TemplateInspector& inspect = nullptr);
std::vector<Problem> validate(std::string_view kind, const json::object& content,
                              const YamlNode* positions = nullptr);

// Every reference in `content`, in the order of the schema; malformed ones are left out.
std::vector<Reference> references_of(const AssetName& self, const json::object& content);

// `text` as it stands in a field that refers to assets of `kind`: "name" (of the same owner) or
// "owner/kind/name". kInvalidArgument for a malformed one, another kind, or an asset that `self` may not use:
// a use case refers to its own and to shared assets, what is shared to what is shared.
Result<AssetName> resolve_reference(const AssetName& self, std::string_view kind, std::string_view text);

// The members in the order of the schema, for people to read; unknown ones come last.
json::value in_reading_order(std::string_view kind, const json::object& content);
// `content` as YAML in that order.
std::string to_yaml(std::string_view kind, const json::object& content);

// What is stored: `format` added if it is absent.
json::object with_format(json::object content);
// A stored content in today's format. kInvalidArgument if it was written by a newer Slipway.
Result<json::object> read_format(std::string_view kind, json::object stored);

}  // namespace slipway::catalog
