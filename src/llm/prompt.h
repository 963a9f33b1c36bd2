// SPDX-License-Identifier: Apache-2.0
// A prompt asset made ready for calls: what it refers to is resolved, its templates are taken apart, and a
// caller's variables and messages become one chat completion request in OpenAI's shape.
//
// Rendering is safe: variables are inserted into finished texts as data and written as JSON strings, so that
// they can't become another message, another role, a section or a tag; callers may bring user, assistant and
// tool messages, never instructions; and they change no parameter that the prompt does not leave to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "llm/mustache.h"

namespace slipway::llm {

struct PromptVariable {
  enum class Type : std::uint8_t { kString, kNumber, kInteger, kBoolean, kList, kObject };
  static constexpr std::size_t kDefaultMaxLength = 100'000;

  std::string name;
  Type type = Type::kString;
  bool required = false;
  std::optional<json::value> fallback;         // `default`
  std::size_t max_length = kDefaultMaxLength;  // characters of a text, items of a list
  std::optional<double> minimum;               // of numbers
  std::optional<double> maximum;
  std::string description;
  std::vector<json::value> values;  // the only ones allowed; empty: any
};
std::string_view to_string(PromptVariable::Type type);  // "string", "number", …
// kInvalidArgument, with `where`, unless `value` is one that the variable takes.
Result<> check_variable(const PromptVariable& variable, const json::value& value, const std::string& where);

// Where a request goes: a connection's name, to be looked up in the environment of the caller's key, and the
// provider's name of the model.
struct ModelTarget {
  std::string connection;
  std::string model;
  bool operator==(const ModelTarget&) const = default;
};

// The contents of the assets a prompt refers to, by the reference as it is written in the prompt ("main",
// "shared/tool/lookup").
struct PromptParts {
  using Contents = std::map<std::string, json::object, std::less<>>;
  Contents models;
  Contents tools;
};

// What a prompt refers to, as it is written there, its variants included; each once.
struct PromptReferences {
  std::vector<std::string> models;
  std::vector<std::string> tools;
};
PromptReferences references_of_prompt(const json::object& prompt);
// "owner/kind/name" of a reference within an asset of `owner`.
std::string full_asset_name(std::string_view owner, std::string_view kind, std::string_view reference);

// Immutable; any thread may use it.
class PromptProgram {
 public:
  // `prompt` is the asset's content. Errors are kInvalidArgument (or kResourceExhausted for a limit), `where`
  // the field: "messages[1].content". A model that is not among the parts leaves the target empty; a tool
  // that is not is refused.
  static Result<PromptProgram> compile(const json::object& prompt, const PromptParts& parts);

  [[nodiscard]] const std::vector<PromptVariable>& variables() const { return variables_; }

  // The first is the prompt itself, whose name is empty; its weight is what the others leave.
  [[nodiscard]] std::size_t variant_count() const { return variants_.size(); }
  [[nodiscard]] const std::string& variant_name(std::size_t variant) const { return variants_[variant].name; }
  [[nodiscard]] std::optional<std::size_t> find_variant(std::string_view name) const;
  // By weight; `point` is uniform over all 64-bit numbers.
  [[nodiscard]] std::size_t choose_variant(std::uint64_t point) const;
  // Null where the model is not known. The first is meant, the others replace it when it fails.
  [[nodiscard]] const ModelTarget* target(std::size_t variant) const;
  [[nodiscard]] const std::vector<ModelTarget>& targets(std::size_t variant) const {
    return variants_[variant].targets;
  }

  // `call` is the caller's chat completion request: `variables` (else texts from `metadata`), `messages`, and
  // the fields that callers may set. Gives the request for the provider with `model` as its model; an empty
  // one is left out. Errors name the caller's field in `where` ("variables.question").
  Result<std::string> render(std::size_t variant, const json::object& call, std::string_view model) const;

 private:
  friend class PromptCompiler;
  struct Item {
    bool placeholder = false;  // the caller's messages stand here
    std::string role;
    Template content;  // an example's is a constant
  };
  struct Variant {
    std::string name;
    std::uint64_t weight = 0;  // thousandths of a percent
    std::vector<ModelTarget> targets;
    std::vector<Item> items;
    std::vector<std::pair<std::string, std::string>> parameters;  // name, JSON text
  };

  [[nodiscard]] const PromptVariable* find_variable(std::string_view name) const;
  [[nodiscard]] Result<json::object> read_variables(const json::object& call) const;
  [[nodiscard]] Result<json::object> variables_from_metadata(const json::object& metadata) const;
  [[nodiscard]] Result<> check_fields(const json::object& call) const;
  [[nodiscard]] bool caller_may_set(std::string_view field) const;

  std::vector<PromptVariable> variables_;
  std::vector<Variant> variants_;
  std::vector<std::string> caller_parameters_;
  Template::Partials partials_;
  std::string tools_;            // JSON text, empty: none
  std::string response_format_;  // JSON text, empty: none
};

// A number in [0, 2^64) that is the same for the same texts, on every server: who gets which variant or
// candidate.
std::uint64_t split_point(std::string_view salt, std::string_view subject);

}  // namespace slipway::llm
