// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace slipway {

namespace {

std::string_view kind_name(json::kind kind) {
  switch (kind) {
    case json::kind::null: return "null";
    case json::kind::bool_: return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_: return "a number";
    case json::kind::string: return "a string";
    case json::kind::array: return "an array";
    case json::kind::object: return "an object";
  }
  return "unknown";
}

std::string field_path(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::unexpected<Error> wrong_type(std::string_view path, std::string_view key, std::string_view wanted,
                                  const json::value& found) {
  const std::string field = field_path(path, key);
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} must be {}, but is {}", field, wanted, kind_name(found.kind())), field);
}

// nullptr when absent or null: both mean "not given".
const json::value* find(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

// Builds the document as Boost's own parser does, but reads numbers with a point exactly: its own reading is
// off in the last digit now and then (before Boost 1.82), which would change a content's digest.
class ExactHandler {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  json::value release() { return stack_.release(); }

  bool on_document_begin(boost::system::error_code&) {
    stack_.reset();
    return true;
  }
  bool on_document_end(boost::system::error_code&) { return true; }
  bool on_object_begin(boost::system::error_code&) { return true; }
  bool on_object_end(std::size_t size, boost::system::error_code&) {
    stack_.push_object(size);
    return true;
  }
  bool on_array_begin(boost::system::error_code&) { return true; }
  bool on_array_end(std::size_t size, boost::system::error_code&) {
    stack_.push_array(size);
    return true;
  }
  bool on_key_part(json::string_view text, std::size_t, boost::system::error_code&) { return on_part(text); }
  bool on_key(json::string_view text, std::size_t, boost::system::error_code&) {
    stack_.push_key(text);
    return true;
  }
  bool on_string_part(json::string_view text, std::size_t, boost::system::error_code&) {
    return on_part(text);
  }
  bool on_string(json::string_view text, std::size_t, boost::system::error_code&) {
    stack_.push_string(text);
    return true;
  }
  bool on_number_part(json::string_view text, boost::system::error_code&) {
    number_.append(text.data(), text.size());
    return true;
  }
  bool on_int64(std::int64_t number, json::string_view, boost::system::error_code&) {
    number_.clear();
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, boost::system::error_code&) {
    number_.clear();
    stack_.push_uint64(number);
    return true;
  }
  bool on_double(double number, json::string_view text, boost::system::error_code&) {
    number_.append(text.data(), text.size());
    double exact = number;
    // Out of range keeps what Boost makes of it: zero or infinity.
    if (std::from_chars(number_.data(), number_.data() + number_.size(), exact).ec != std::errc{})
      exact = number;
    number_.clear();
    stack_.push_double(exact);
    return true;
  }
  bool on_bool(bool value, boost::system::error_code&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(boost::system::error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, boost::system::error_code&) { return true; }
  bool on_comment(json::string_view, boost::system::error_code&) { return true; }

 private:
  bool on_part(json::string_view text) {
    stack_.push_chars(text);
    return true;
  }
  json::value_stack stack_;
  std::string number_;  // what came of a number before its last piece
};

// Digits in front of the point, and zeros behind it, before ECMAScript turns to exponents.
constexpr int kPlainUpTo = 21;
constexpr int kPlainDownTo = -6;

}  // namespace

Result<json::value> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.size_bytes)
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("the JSON text has {} bytes, more than the limit of {}", text.size(), limits.size_bytes));
  json::parse_options options;
  options.max_depth = limits.depth;
  json::basic_parser<ExactHandler> parser(options);
  boost::system::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size() && !trim(text.substr(read)).empty()) error = json::error::extra_data;
  if (error) {
    const std::string_view before = text.substr(0, std::min(read, text.size()));
    const auto line = 1 + std::ranges::count(before, '\n');
    const auto column =
        before.size() - (before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1) + 1;
    return fail(ErrorCode::kInvalidArgument, fmt::format("not valid JSON: {}", error.message()),
                fmt::format("line {}, column {}", line, column));
  }
  return parser.handler().release();
}

Result<std::optional<std::string>> optional_string(const json::object& object, std::string_view key,
                                                   std::string_view path) {
  const json::value* value = find(object, key);
  if (value == nullptr) return std::optional<std::string>{};
  if (!value->is_string()) return wrong_type(path, key, "a string", *value);
  return std::optional<std::string>(std::string(value->as_string()));
}

Result<std::string> require_string(const json::object& object, std::string_view key, std::string_view path) {
  SLIPWAY_ASSIGN(auto value, optional_string(object, key, path));
  if (!value) {
    const std::string field = field_path(path, key);
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is required and must be a string", field),
                field);
  }
  return std::move(*value);
}

Result<std::optional<std::int64_t>> optional_integer(const json::object& object, std::string_view key,
                                                     std::string_view path) {
  const json::value* value = find(object, key);
  if (value == nullptr) return std::optional<std::int64_t>{};
  boost::system::error_code error;
  const auto number = value->is_number() ? value->to_number<std::int64_t>(error) : 0;
  if (!value->is_number() || error) return wrong_type(path, key, "an integer", *value);
  return std::optional<std::int64_t>(number);
}

Result<std::optional<double>> optional_number(const json::object& object, std::string_view key,
                                              std::string_view path) {
  const json::value* value = find(object, key);
  if (value == nullptr) return std::optional<double>{};
  if (!value->is_number()) return wrong_type(path, key, "a number", *value);
  return std::optional<double>(value->to_number<double>());
}

Result<std::optional<bool>> optional_bool(const json::object& object, std::string_view key,
                                          std::string_view path) {
  const json::value* value = find(object, key);
  if (value == nullptr) return std::optional<bool>{};
  if (!value->is_bool()) return wrong_type(path, key, "true or false", *value);
  return std::optional<bool>(value->as_bool());
}

Result<const json::object*> optional_object(const json::object& object, std::string_view key,
                                            std::string_view path) {
  const json::value* value = find(object, key);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) return wrong_type(path, key, "an object", *value);
  return &value->as_object();
}

Result<const json::array*> optional_array(const json::object& object, std::string_view key,
                                          std::string_view path) {
  const json::value* value = find(object, key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) return wrong_type(path, key, "an array", *value);
  return &value->as_array();
}

std::string number_text(double number) {
  if (!std::isfinite(number)) return "null";
  if (number == 0) return "0";  // minus zero, too
  char buffer[40];
  const auto [end, error] =
      std::to_chars(std::begin(buffer), std::end(buffer), std::fabs(number), std::chars_format::scientific);
  static_cast<void>(error);  // 40 bytes hold every double
  const std::string_view text(std::begin(buffer), end);
  const std::size_t e = text.find('e');
  std::string digits;
  for (const char c : text.substr(0, e))
    if (c != '.') digits += c;
  int exponent = 0;
  const std::string_view power = text.substr(e + 1);
  std::from_chars(power.data() + (power.front() == '+' ? 1 : 0), power.data() + power.size(), exponent);
  const int point = exponent + 1;  // the value is 0.digits × 10^point
  const int count = static_cast<int>(digits.size());
  std::string out = number < 0 ? "-" : "";
  if (count <= point && point <= kPlainUpTo)
    return out + digits + std::string(static_cast<std::size_t>(point - count), '0');
  if (0 < point && point <= kPlainUpTo)
    return out + digits.substr(0, static_cast<std::size_t>(point)) + "." +
           digits.substr(static_cast<std::size_t>(point));
  if (kPlainDownTo < point && point <= 0)
    return out + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  out += digits[0];
  if (count > 1) out += "." + digits.substr(1);
  return out + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string mended;
  if (!is_valid_utf8(text)) {
    mended = to_valid_utf8(text);
    text = mended;
  }
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += kDigits[c >> 4];
        out += kDigits[c & 15];
    }
  }
  out.append(text.substr(plain));
  out += '"';
}

}  // namespace slipway
