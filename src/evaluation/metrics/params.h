// SPDX-License-Identifier: Apache-2.0
// Reads the parameters of a metric, each by its type, and refuses those that nobody asked for. For factories
// of scorers. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::evaluation {

class Params {
 public:
  Params(const json::object& object, std::string path) : object_(object), path_(std::move(path)) {}

  Result<bool> flag(std::string_view key, bool otherwise = false);
  Result<std::optional<double>> number(std::string_view key, double least, double most);
  Result<std::optional<std::uint64_t>> count(std::string_view key, std::uint64_t most);
  Result<std::optional<std::string>> text(std::string_view key);
  // One of `words`; the first one if it is left out.
  Result<std::string> choice(std::string_view key, std::vector<std::string> words);
  // A text or a list of texts under `one` or `several`; empty if neither is there. Empty texts are refused.
  Result<std::vector<std::string>> texts(std::string_view one, std::string_view several);
  const json::value* any(std::string_view key);

  // kInvalidArgument for parameters that were not read.
  [[nodiscard]] Result<> finish() const;
  [[nodiscard]] std::string at(std::string_view key) const { return path_ + "." + std::string(key); }

 private:
  const json::object& object_;
  std::string path_;
  std::vector<std::string> known_;
};

// What a case expects, out of its member `expected` and the parameters `value`, `values` and `expected`.
class ExpectedValue {
 public:
  // `one` and `several` are the parameters that give a fixed value, `formerly` what `one` was called in
  // stored evaluations; each may be empty.
  static Result<ExpectedValue> read(Params& params, std::string_view one = "value",
                                    std::string_view several = "values", std::string_view formerly = {});

  [[nodiscard]] bool is_fixed() const { return fixed_.has_value(); }
  // kInvalidArgument if the case has none, with what to do.
  [[nodiscard]] Result<const json::value*> of(const json::value* expected) const;
  // As texts: one, or several good ones. Numbers and booleans as JSON writes them.
  [[nodiscard]] Result<std::vector<std::string>> texts_of(const json::value* expected) const;

 private:
  std::optional<json::value> fixed_;
  std::string pointer_;  // empty: all of it
};

// The member that "page" or "/a/0" leads to.
std::string pointer_of(std::string_view name);

}  // namespace slipway::evaluation
