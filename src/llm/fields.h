// SPDX-License-Identifier: Apache-2.0
// Takes an object's known fields out one by one; what is left when a decoder is done are the fields it does
// not know.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"

namespace slipway::llm {

// Errors are kInvalidArgument with the field's path in `where`. A null counts as not given. Each take
// removes.
class Fields {
 public:
  Fields(json::object object, std::string path) : object_(std::move(object)), path_(std::move(path)) {}

  Result<std::optional<std::string>> string(std::string_view key) {
    return taken(key, optional_string(object_, key, path_));
  }
  Result<std::string> required_string(std::string_view key) {
    auto value = require_string(object_, key, path_);
    object_.erase(key);
    return value;
  }
  // Absent is empty.
  Result<std::string> string_or_empty(std::string_view key) {
    SLIPWAY_ASSIGN(auto value, string(key));
    return std::move(value).value_or("");
  }
  Result<std::optional<std::int64_t>> integer(std::string_view key) {
    return taken(key, optional_integer(object_, key, path_));
  }
  Result<std::optional<double>> number(std::string_view key) {
    return taken(key, optional_number(object_, key, path_));
  }
  Result<std::optional<bool>> boolean(std::string_view key) {
    return taken(key, optional_bool(object_, key, path_));
  }
  Result<std::optional<json::object>> object(std::string_view key) {
    SLIPWAY_ASSIGN(const json::object* found, optional_object(object_, key, path_));
    std::optional<json::object> value;
    if (found != nullptr) value = std::move(object_.at(key).as_object());
    object_.erase(key);
    return value;
  }
  Result<std::optional<json::array>> array(std::string_view key) {
    SLIPWAY_ASSIGN(const json::array* found, optional_array(object_, key, path_));
    std::optional<json::array> value;
    if (found != nullptr) value = std::move(object_.at(key).as_array());
    object_.erase(key);
    return value;
  }
  // Of any type; null where absent.
  json::value value(std::string_view key) {
    json::value* found = object_.if_contains(key);
    if (found == nullptr) return nullptr;
    json::value value = std::move(*found);
    object_.erase(key);
    return value;
  }
  [[nodiscard]] const json::value* peek(std::string_view key) const { return object_.if_contains(key); }
  void drop(std::string_view key) { object_.erase(key); }
  [[nodiscard]] bool has(std::string_view key) const {
    const json::value* found = object_.if_contains(key);
    return found != nullptr && !found->is_null();
  }
  [[nodiscard]] std::string path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::unexpected<Error> bad(std::string_view key, std::string_view sentence) const {
    const std::string field = key.empty() ? path_ : path_of(key);
    return fail(ErrorCode::kInvalidArgument, field + " " + std::string(sentence), field);
  }
  json::object rest() { return std::move(object_); }

 private:
  template <class T>
  Result<T> taken(std::string_view key, Result<T> value) {
    if (value) object_.erase(key);
    return value;
  }
  json::object object_;
  std::string path_;
};

// The body as one JSON object, or an error a client can act on.
inline Result<json::object> parse_object(std::string_view body) {
  SLIPWAY_ASSIGN(json::value value, parse_json(body));
  if (!value.is_object()) return fail(ErrorCode::kInvalidArgument, "the body must be a JSON object");
  return std::move(value.as_object());
}

// "messages[2]"
inline std::string indexed(std::string_view path, std::size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

inline std::string_view view_of(const json::string& text) { return {text.data(), text.size()}; }

}  // namespace slipway::llm
