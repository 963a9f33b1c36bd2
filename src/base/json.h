// SPDX-License-Identifier: Apache-2.0
// Boost.JSON documents with limits and errors that say where. The hot path uses simdjson instead.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

namespace json = boost::json;

struct JsonLimits {
  std::size_t depth = 64;
  std::size_t size_bytes = 32u << 20;
};

// Parses exactly one JSON value. The error names line and column and what was expected.
Result<json::value> parse_json(std::string_view text, const JsonLimits& limits = {});

// Typed access with errors naming the field ("messages[2].content must be a string, but is a number").
// `path` is what leads to `object`, for the error only.
Result<std::string> require_string(const json::object& object, std::string_view key,
                                   std::string_view path = {});
Result<std::optional<std::string>> optional_string(const json::object& object, std::string_view key,
                                                   std::string_view path = {});
Result<std::optional<std::int64_t>> optional_integer(const json::object& object, std::string_view key,
                                                     std::string_view path = {});
Result<std::optional<double>> optional_number(const json::object& object, std::string_view key,
                                              std::string_view path = {});
Result<std::optional<bool>> optional_bool(const json::object& object, std::string_view key,
                                          std::string_view path = {});
Result<const json::object*> optional_object(const json::object& object, std::string_view key,
                                            std::string_view path = {});
Result<const json::array*> optional_array(const json::object& object, std::string_view key,
                                          std::string_view path = {});

// A number as ECMAScript's Number::toString writes it, the shortest text that reads back as the same double;
// "null" for what JSON can't express.
std::string number_text(double number);

// Appends `text` as a JSON string with quotes; malformed UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace slipway
