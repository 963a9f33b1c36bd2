// SPDX-License-Identifier: Apache-2.0
#include "llm/json_writer.h"

#include <charconv>
#include <cmath>

namespace slipway::llm {

void JsonWriter::integer(std::int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  raw({digits, static_cast<std::size_t>(end - digits)});
}

namespace {

template <class T>
std::string_view shortest(T number, char* digits, std::size_t size) {
  return {digits, static_cast<std::size_t>(std::to_chars(digits, digits + size, number).ptr - digits)};
}

}  // namespace

void JsonWriter::real(double number) {
  if (!std::isfinite(number)) return null();
  char digits[40];
  const std::string_view text = shortest(number, digits, sizeof(digits));
  raw(text);
  if (text.find_first_of(".e") == std::string_view::npos) out_ += ".0";
}

void JsonWriter::real(float number) {
  if (!std::isfinite(number)) return null();
  char digits[40];
  raw(shortest(number, digits, sizeof(digits)));
}

void JsonWriter::value(const json::value& v) {
  switch (v.kind()) {
    case json::kind::null: return null();
    case json::kind::bool_: return boolean(v.get_bool());
    case json::kind::int64: return integer(v.get_int64());
    case json::kind::uint64: return raw(std::to_string(v.get_uint64()));
    case json::kind::double_: return real(v.get_double());
    case json::kind::string: return string({v.get_string().data(), v.get_string().size()});
    case json::kind::array:
      begin_array();
      for (const json::value& element : v.get_array()) value(element);
      return end_array();
    case json::kind::object: return object(v.get_object());
  }
}

void JsonWriter::object(const json::object& o) {
  begin_object();
  members_of(o);
  end_object();
}

void JsonWriter::members_of(const json::object& o) {
  for (const auto& item : o) {
    key({item.key().data(), item.key().size()});
    value(item.value());
  }
}

std::string to_json_text(const json::value& value) {
  std::string text;
  JsonWriter(text).value(value);
  return text;
}

}  // namespace slipway::llm
